"""Says of files, as the listings of a live cluster do, which objects could not be read."""

from collections.abc import Iterator

from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.table import BY_ID
from assay.scanner.api import Known, Resource, Unknown


def listings(objects: Objects) -> Iterator[Resource]:
    """A `cluster.listing` for each resource of the API of which an object is declared that could not be read.

    Of files there are no others: what isn't declared isn't there.
    """
    for api_id, reason in objects.missed():
        api = BY_ID[api_id]
        yield Resource(
            kind="cluster.listing",
            address=api.name,
            surface="kubernetes",
            facts={
                "source": Known(value=objects.source),
                "kinds": Known(value=sorted(api.states)),
                "namespaces": Known(value=None),
                "complete": Unknown(reason=reason),
                "objects": Known(value=len(objects.of(api_id))),
            },
        )
