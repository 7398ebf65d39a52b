"""Whether pods are given Secrets of their namespace: as files, in variables or to pull images with."""

from collections.abc import Iterator

from assay.detectors.cluster.pods.objects import ImpliedSpec, PodSpec
from assay.detectors.cluster.pods.templates import Template
from assay.scanner.api import Unknown


def uses_secrets(template: Template) -> bool | Unknown:
    """Whether one is seen to be given; unknown where the pods may have more in them than is seen."""
    spec = template.spec
    if any(_gives_secrets(spec)):
        return True
    if isinstance(template.running, Unknown):
        return template.running
    return Unknown(reason=spec.reason) if isinstance(spec, ImpliedSpec) else False


def _gives_secrets(spec: PodSpec) -> Iterator[bool]:
    yield bool(spec.image_pull_secrets)
    for volume in spec.volumes or ():
        yield volume.secret is not None
        sources = (volume.projected and volume.projected.sources) or ()
        yield any(source.secret is not None for source in sources)
    for container in (*(spec.containers or ()), *(spec.init_containers or ()), *(spec.ephemeral_containers or ())):
        yield any(source.secret_ref is not None for source in container.env_from or ())
        values = (one.value_from for one in container.env or ())
        yield any(value is not None and value.secret_key_ref is not None for value in values)
