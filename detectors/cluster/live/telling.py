"""What is told of a look at a cluster besides its objects: what was listed, and what failed."""

from collections.abc import Collection, Iterator, Sequence

from assay.detectors.cluster.live.connection import Connection
from assay.detectors.cluster.live.listing import Listed
from assay.detectors.cluster.live.reader import name_in, reason
from assay.scanner.api import Fact, Failure, Known, Resource, Unknown
from assay.scanner.safe.text import one_line

DETECTOR = "cluster"
SURFACE = "cluster"


def listing(
    listed: Listed, connection: Connection, kinds: Collection[str] | None, namespaces: Sequence[str]
) -> Resource:
    """The resource that says what was listed, so that nothing is concluded from what wasn't."""
    complete = Unknown(reason=one_line(reason(listed))) if listed.troubles else Known(value=True)
    facts: dict[str, Fact] = {
        "source": Known(value=f"kube:{connection.name}"),
        "kinds": Known(value=sorted(set(listed.api.states) if kinds is None else set(kinds) & set(listed.api.states))),
        "namespaces": Known(value=sorted(namespaces) if namespaces and listed.api.namespaced else None),
        "served": Known(value=listed.served),
        "complete": complete,
        "objects": Known(value=listed.count),
        "verified": Known(value=connection.verified),
    }
    return Resource(kind="cluster.listing", address=listed.api.name, surface=SURFACE, facts=facts)


def failures(listed: Listed, connection: Connection, part: str) -> Iterator[Failure]:
    """A failure for each namespace of a listing, or one for all."""
    for trouble in listed.troubles:
        what = f"list {name_in(listed.api, trouble.namespace)}"
        said = f"context {connection.name}: {what}: {trouble.reason}; {trouble.next}"
        yield failure(part, said, kinds=listed.api.states, what=name_in(listed.api, trouble.namespace))


def failure(part: str, text: str, kinds: tuple[str, ...] = (), what: str | None = None) -> Failure:
    """A failure of this detector, by which resources of these kinds may be missing; none: of all."""
    return Failure(detector=DETECTOR, part=part, reason=one_line(text), kinds=kinds, what=what)
