"""Seldon Core 2's kinds: servers, what they are made from, the models that are loaded into them, and its own parts."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field, json, structs

from assay.detectors.cluster.objects import Meta, Objects, namespace_of
from assay.detectors.cluster.owners.implied import apart, given_by, implied, implied_spec, over, template
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.owners.serving import with_initializers
from assay.detectors.cluster.pods.objects import Container, ContainerPort, PodSpec

_GROUP = "mlops.seldon.io"
_CONFIG = "the ServerConfig sets it, and isn't among the objects, or is too large"
_PARTS = "the SeldonConfig sets it, and isn't among the objects, or is too large"
_MOST = 1_000
"""Objects of a kind that are looked through for one by name."""
_LARGEST = 30_000
"""Bytes of a configuration, which is copied for each that names it. Real ones have a few thousand."""
_CAPABILITIES = "SELDON_SERVER_CAPABILITIES"
_COMPONENTS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "hodometer": ("hodometer", {}),
    "seldon-dataflow-engine": ("dataflow-engine", {}),
    "seldon-envoy": ("envoy", {"http": 9000, "envoy-stats": 9003}),
    "seldon-modelgateway": ("modelgateway", {}),
    "seldon-pipelinegateway": ("pipelinegateway", {"http": 9010, "grpc": 9011, "metrics": 9006}),
    "seldon-scheduler": (
        "scheduler",
        {"xds": 9002, "scheduler": 9004, "scheduler-mtls": 9044, "agent": 9005, "agent-mtls": 9055, "dataflow": 9008},
    ),
}
"""Seldon's own parts, with the container that each has and its ports by name.

See: https://docs.seldon.ai/seldon-core-2/installation/advanced-configurations/seldonconfig
"""


class ServerConfigSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What servers are made from."""

    pod_spec: PodSpec | None = None


class ServerConfig(Struct, frozen=True, kw_only=True, rename="camel"):
    """A ServerConfig."""

    metadata: Meta = field(default_factory=Meta)
    spec: ServerConfigSpec | None = None


class Images(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is laid over Seldon's own containers of a server."""

    agent: Container | None = None
    rclone: Container | None = None


class ServerSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A server into which models are loaded."""

    server_config: str | None = None
    capabilities: list[str] | None = None
    extra_capabilities: list[str] | None = None
    image_overrides: Images | None = None
    pod_spec: PodSpec | None = None
    replicas: int | str | None = None


class Server(Struct, frozen=True, kw_only=True, rename="camel"):
    """Seldon's Server."""

    metadata: Meta = field(default_factory=Meta)
    spec: ServerSpec | None = None


class ModelSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """From where a model comes, and into which server it goes; none: any that can serve it."""

    storage_uri: str | None = None
    server: str | None = None
    requirements: list[str] | None = None


class Model(Struct, frozen=True, kw_only=True, rename="camel"):
    """Seldon's Model."""

    metadata: Meta = field(default_factory=Meta)
    spec: ModelSpec | None = None


class Component(Struct, frozen=True, kw_only=True, rename="camel"):
    """One of Seldon's own parts, or what is laid over it."""

    name: str | None = None
    disable: bool | None = None
    replicas: int | str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    pod_spec: PodSpec | None = None


class SeldonConfigSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of what an installation is made."""

    components: tuple[Component, ...] | None = None


class SeldonConfig(Struct, frozen=True, kw_only=True, rename="camel"):
    """A SeldonConfig."""

    metadata: Meta = field(default_factory=Meta)
    spec: SeldonConfigSpec | None = None


class RuntimeSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """An installation in a namespace."""

    seldon_config: str | None = None
    overrides: tuple[Component, ...] | None = None


class SeldonRuntime(Struct, frozen=True, kw_only=True, rename="camel"):
    """A SeldonRuntime."""

    metadata: Meta = field(default_factory=Meta)
    spec: RuntimeSpec | None = None


def server(owner: Server, objects: Objects) -> Iterator[Part]:
    """A Server: its configuration's pod with its own laid over, and the models that are loaded into it."""
    spec = owner.spec or ServerSpec()
    config = _named(objects, "ServerConfig", spec.server_config)
    base = config.spec.pod_spec if isinstance(config, ServerConfig) and config.spec is not None else None
    made = _merged(base or PodSpec(), spec.pod_spec or PodSpec())
    images = spec.image_overrides or Images()
    for name, image in (("agent", images.agent), ("rclone", images.rclone)):
        if image is not None:
            made = _merged(made, PodSpec(containers=(structs.replace(image, name=name),)))
    if not made.containers:
        made = structs.replace(made, containers=(Container(name="server"),))
    uris = [one for one in _models(owner, spec, made, objects) if one]
    made = with_initializers(apart(made), uris)
    if unread := objects.unread(f"{_GROUP}/Model"):
        made = structs.replace(
            made, init_containers=(*(made.init_containers or ()), implied(Container(name="model"), unread))
        )
    yield Part(
        template=template(implied_spec(made, _CONFIG) if base is None else made, owner.metadata.labels),
        replicas=count(spec.replicas, 1),
        strategy="RollingUpdate",
        labels={"app.kubernetes.io/name": "seldon-server", **name_labels(owner.metadata.name, "seldon-server-name")},
        named=False,
    )


def runtime(owner: SeldonRuntime, objects: Objects) -> Iterator[Part]:
    """A SeldonRuntime, with a part for each of Seldon's own."""
    spec = owner.spec or RuntimeSpec()
    config = _named(objects, "SeldonConfig", spec.seldon_config)
    declared = config.spec.components if isinstance(config, SeldonConfig) and config.spec is not None else None
    base = {one.name: one for one in declared or () if one.name}
    overrides = {one.name: one for one in spec.overrides or () if one.name}
    names = sorted(base if declared is not None else _COMPONENTS)
    if declared is None and objects.unread(f"{_GROUP}/SeldonConfig"):
        names = sorted(name for name, one in overrides.items() if not one.disable) or [
            ""
        ]  # which other parts there are isn't known
    for name in names:
        lower, upper = base.get(name, Component()), overrides.get(name, Component())
        if upper.disable or lower.disable:
            continue
        container, ports = _COMPONENTS.get(name, (name, {}))
        made = _merged(lower.pod_spec or PodSpec(), upper.pod_spec or PodSpec())
        if declared is None:
            listens = tuple(ContainerPort(name=key, container_port=number) for key, number in ports.items())
            made = _merged(PodSpec(containers=(Container(name=container, ports=listens),)), made)
        replicas = upper.replicas if upper.replicas is not None else lower.replicas
        yield Part(
            template=template(
                apart(made) if declared is not None else implied_spec(apart(made), _PARTS),
                lower.labels,
                lower.annotations,
            ),
            role=name,
            replicas=count(replicas, 1),
            strategy="RollingUpdate",
            labels={"app.kubernetes.io/name": name},
            named=False,
        )


def _models(owner: Server, spec: ServerSpec, made: PodSpec, objects: Objects) -> Iterator[str | None]:
    """From where the models come that may be loaded into a server: those that name it, and those that name none and
    that it can serve, as far as is known."""
    able = _capabilities(spec, made)
    own = namespace_of(owner.metadata)
    for placed in objects.of(f"{_GROUP}/Model")[:_MOST]:
        model: Model = placed.object
        said = model.spec or ModelSpec()
        if namespace_of(model.metadata) != own:
            continue
        fits = able is None or able.issuperset(said.requirements or ())
        if said.server == owner.metadata.name or (said.server is None and fits):
            yield said.storage_uri


def _capabilities(spec: ServerSpec, made: PodSpec) -> frozenset[str] | None:
    """None: not known."""
    if spec.capabilities is not None:
        return frozenset((*spec.capabilities, *(spec.extra_capabilities or ())))
    told = [
        variable.value
        for container in made.containers or ()
        for variable in container.env or ()
        if variable.name == _CAPABILITIES
    ]
    if len(told) != 1 or told[0] is None:
        return None
    return frozenset((*told[0].replace(" ", "").split(","), *(spec.extra_capabilities or ())))


def _named(objects: Objects, kind: str, name: str | None) -> ServerConfig | SeldonConfig | None:
    """Configurations stand in the operator's namespace, so that only names count."""
    found = [one.object for one in objects.of(f"{_GROUP}/{kind}")[:_MOST] if name and one.object.metadata.name == name]
    if len(found) != 1 or len(json.encode(found[0])) > _LARGEST:
        return None
    one: ServerConfig | SeldonConfig = found[0]
    return one


def _merged(lower: PodSpec, upper: PodSpec) -> PodSpec:
    """A pod with another laid over it, container by container."""
    given = given_by(upper)
    for name in ("containers", "init_containers"):
        if given.get(name):
            given[name] = _overlaid(getattr(lower, name) or (), given[name])
    if given.get("volumes"):
        names = {one.name for one in given["volumes"]}
        given["volumes"] = (*(one for one in lower.volumes or () if one.name not in names), *given["volumes"])
    return structs.replace(lower, **given)


def _overlaid(lower: Sequence[Container], upper: Sequence[Container]) -> tuple[Container, ...]:
    by_name = {one.name: one for one in upper}
    names = {one.name for one in lower}
    merged = (over(one, by_name[one.name]) if one.name in by_name else one for one in lower)
    return (*merged, *(one for one in upper if one.name not in names))
