"""Kinds that serve models: of KServe, Seldon and Knative."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, field, json, structs

from assay.detectors.cluster.objects import Meta, Objects, namespace_of
from assay.detectors.cluster.owners.implied import apart, container_of, implied, implied_spec, over, spec_of, template
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.pods.objects import Container, Handler, PodSpec, PodTemplate, VolumeMount
from assay.detectors.cluster.pods.volume_objects import Claim, Named, Volume
from assay.scanner.api import Unknown

_RUNTIME = "the serving runtime sets it, and isn't among the objects, or is too large"
_MOST_RUNTIMES = 1_000
_LARGEST_RUNTIME = 30_000
"""Bytes. Real ones have a few thousand."""
_FETCHER = "the operator's configuration sets it"


class Model(Container, frozen=True, kw_only=True, rename="camel"):
    """A model with what it sets of its container."""

    runtime: str | None = None
    storage_uri: str | None = None
    storage: Named | None = None


_FRAMEWORKS = ("model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "lightgbm",
               "pmml", "paddle")  # fmt: skip


class Component(PodSpec, frozen=True, kw_only=True, rename="camel"):
    """A predictor, transformer or explainer: a pod, or a model that a runtime serves."""

    min_replicas: int | str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    model: Model | None = None
    sklearn: Model | None = None
    xgboost: Model | None = None
    tensorflow: Model | None = None
    pytorch: Model | None = None
    triton: Model | None = None
    onnx: Model | None = None
    huggingface: Model | None = None
    lightgbm: Model | None = None
    pmml: Model | None = None
    paddle: Model | None = None


class InferenceSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What serves a model."""

    predictor: Component | None = None
    transformer: Component | None = None
    explainer: Component | None = None


class InferenceService(Struct, frozen=True, kw_only=True, rename="camel"):
    """KServe's InferenceService."""

    metadata: Meta = field(default_factory=Meta)
    spec: InferenceSpec | None = None


class RuntimeSpec(PodSpec, frozen=True, kw_only=True, rename="camel"):
    """How a runtime's pods are made."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class ServingRuntime(Struct, frozen=True, kw_only=True, rename="camel"):
    """KServe's ServingRuntime or ClusterServingRuntime."""

    metadata: Meta = field(default_factory=Meta)
    spec: RuntimeSpec | None = None


class Graph(Struct, frozen=True, kw_only=True, rename="camel"):
    """A step of Seldon's graph."""

    name: str | None = None
    implementation: str | None = None
    model_uri: str | None = None
    children: tuple["Graph", ...] | None = None


class SeldonTemplate(Struct, frozen=True, kw_only=True, rename="camel"):
    """Pods of a predictor."""

    metadata: Meta | None = None
    spec: PodSpec | None = None
    replicas: int | str | None = None


class SeldonPredictor(Struct, frozen=True, kw_only=True, rename="camel"):
    """A predictor."""

    name: str | None = None
    replicas: int | str | None = None
    labels: dict[str, str] | None = None
    graph: Graph | None = None
    component_specs: tuple[SeldonTemplate, ...] | None = None


class SeldonSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Predictors."""

    replicas: int | str | None = None
    predictors: tuple[SeldonPredictor, ...] | None = None


class SeldonDeployment(Struct, frozen=True, kw_only=True, rename="camel"):
    """Seldon's SeldonDeployment."""

    metadata: Meta = field(default_factory=Meta)
    spec: SeldonSpec | None = None


class KnativeSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a revision is made of."""

    template: PodTemplate | None = None


class KnativeService(Struct, frozen=True, kw_only=True, rename="camel"):
    """Knative's Service."""

    metadata: Meta = field(default_factory=Meta)
    spec: KnativeSpec | None = None


def inference_service(owner: InferenceService, objects: Objects) -> Iterator[Part]:
    """An InferenceService, with its runtime's containers where the runtime is known."""
    for role in InferenceSpec.__struct_fields__:
        component: Component | None = getattr(owner.spec, role) if owner.spec is not None else None
        if component is None:
            continue
        made = _served(component, owner.metadata, objects)
        yield Part(
            template=made,
            role=role,
            replicas=count(component.min_replicas, 1),
            strategy="RollingUpdate",
            labels={"component": role, **name_labels(owner.metadata.name, "serving.kserve.io/inferenceservice")},
            named=False,
        )


def serving_runtime(owner: ServingRuntime, _objects: Objects) -> Iterator[Part]:
    """A runtime, from which pods are made for each model that names it."""
    if owner.spec is not None:
        many = Unknown(reason="as many as there are models that it serves")
        made = template(spec_of(owner.spec), owner.spec.labels, owner.spec.annotations)
        yield Part(template=made, replicas=many, strategy="RollingUpdate", named=False)


def seldon(owner: SeldonDeployment, _objects: Objects) -> Iterator[Part]:
    """A SeldonDeployment. Steps of its graph without pods of their own get a prepackaged server's."""
    spec = owner.spec or SeldonSpec()
    labels = name_labels(owner.metadata.name, "seldon-deployment-id")
    for predictor in spec.predictors or ():
        templates = predictor.component_specs or ()
        name = predictor.name or "predictor"
        steps = [step for step in _steps(predictor.graph) if step.implementation]
        by_name = {step.name: step for step in steps}
        named = {one.name for made in templates if made.spec is not None for one in made.spec.containers or ()}
        for index, made in enumerate(templates):
            replicas = next((n for n in (made.replicas, predictor.replicas, spec.replicas) if n is not None), None)
            inner = made.spec or PodSpec()
            inner = _with_steps(inner, [by_name[one.name] for one in inner.containers or () if one.name in by_name])
            own = {**(predictor.labels or {}), **((made.metadata.labels if made.metadata is not None else None) or {})}
            role = name if len(templates) == 1 else f"{name}-{index}"
            yield _seldon_part(template(inner, own), role, replicas, labels)
        for step in steps:
            if step.name not in named:
                bare = PodSpec(containers=(Container(name=step.name),))
                inner = implied_spec(apart(_with_steps(bare, [step])), "Seldon's prepackaged server sets it")
                replicas = spec.replicas if predictor.replicas is None else predictor.replicas
                yield _seldon_part(template(inner, predictor.labels), f"{name}-{step.name or ''}", replicas, labels)


def knative(owner: KnativeService, _objects: Objects) -> Iterator[Part]:
    """A Knative Service. Its container is probed by connecting where it declares no probe.

    See: https://knative.dev/docs/serving/services/probing/
    """
    if owner.spec is None or owner.spec.template is None:
        return
    made = owner.spec.template
    if made.spec is not None and made.spec.containers:
        first, *others = made.spec.containers
        first = structs.replace(first, readiness_probe=first.readiness_probe or Handler())
        made = structs.replace(made, spec=structs.replace(made.spec, containers=(first, *others)))
    labels = name_labels(owner.metadata.name, "serving.knative.dev/service")
    many = Unknown(reason="as many as its requests need")
    yield Part(template=made, replicas=many, strategy="RollingUpdate", labels=labels, named=False)


def with_model(spec: PodSpec, uri: str | None) -> PodSpec:
    """KServe mounts a claim read-only, and gets everything else by an init container.

    See: https://kserve.github.io/website/docs/model-serving/storage/overview
    """
    if not uri:
        return spec
    if not uri.startswith("pvc://"):
        return with_initializers(spec, (uri,))
    claim = uri.removeprefix("pvc://").partition("/")[0]
    volume = Volume(name="kserve-pvc-source", persistent_volume_claim=Claim(claim_name=claim, read_only=True))
    mount = VolumeMount(name="kserve-pvc-source", mount_path="/mnt/models", read_only=True)
    first, *others = spec.containers or (Container(),)
    first = structs.replace(first, volume_mounts=(*(first.volume_mounts or ()), mount))
    return structs.replace(spec, containers=(first, *others), volumes=(*(spec.volumes or ()), volume))


def with_initializers(spec: PodSpec, uris: Iterable[str]) -> PodSpec:
    """A pod into which models are fetched from these addresses before it serves."""
    return _with_steps(spec, [Graph(name=None, implementation="model", model_uri=uri) for uri in uris])


def _seldon_part(made: PodTemplate, role: str, replicas: int | str | None, labels: dict[str, str]) -> Part:
    return Part(
        template=made, role=role, replicas=count(replicas, 1), strategy="RollingUpdate", labels=labels, named=False
    )


def _served(component: Component, owner: Meta, objects: Objects) -> PodTemplate:
    spec = spec_of(component)
    model = next((one for name in _FRAMEWORKS if (one := getattr(component, name)) is not None), None)
    if model is None:
        return template(spec, component.labels, component.annotations)
    runtime = _runtime(model, owner, objects)
    own = container_of(model)
    if runtime is None:
        own = structs.replace(own, name=own.name or "kserve-container")
        others = tuple(one for one in spec.containers or () if one.name != own.name)
        spec = implied_spec(structs.replace(spec, containers=(own, *others)), _RUNTIME)
        return template(with_model(spec, model.storage_uri), component.labels, component.annotations)
    merged = structs.replace(
        over(spec_of(runtime), spec),
        containers=_overlaid(runtime.containers or (), own, spec.containers or ()),
        volumes=(*(runtime.volumes or ()), *(spec.volumes or ())),
    )
    return template(
        with_model(merged, model.storage_uri),
        {**(runtime.labels or {}), **(component.labels or {})},
        {**(runtime.annotations or {}), **(component.annotations or {})},
    )


def _overlaid(lower: tuple[Container, ...], own: Container, upper: tuple[Container, ...]) -> tuple[Container, ...]:
    """The runtime's containers, with the model's settings on the one that serves, and the component's beside."""
    serving = structs.replace(own, name="kserve-container")
    by_name = {one.name: one for one in upper} | {"kserve-container": serving}
    merged = tuple(over(one, by_name[one.name]) if one.name in by_name else one for one in lower)
    names = {one.name for one in lower}
    return (*merged, *(one for one in upper if one.name not in names))


def _runtime(model: Model, owner: Meta, objects: Objects) -> RuntimeSpec | None:
    if not model.runtime:
        return None
    own = namespace_of(owner)
    named = [
        *(one for one in objects.of("serving.kserve.io/ServingRuntime") if namespace_of(one.object.metadata) == own),
        *objects.of("serving.kserve.io/ClusterServingRuntime"),
    ]
    runtimes: list[ServingRuntime] = [one.object for one in named[:_MOST_RUNTIMES]]
    found = next((one.spec for one in runtimes if one.metadata.name == model.runtime), None)
    # It is copied for each model that it serves.
    return found if found is not None and len(json.encode(found)) < _LARGEST_RUNTIME else None


def _with_steps(spec: PodSpec, steps: list[Graph]) -> PodSpec:
    """With the init containers that fetch the models."""
    fetchers = tuple(
        implied(
            Container(
                name="storage-initializer" if step.name is None else f"{step.name}-model-initializer",
                args=(step.model_uri, "/mnt/models"),
            ),
            _FETCHER,
        )
        for step in steps
        if step.model_uri
    )
    return structs.replace(spec, init_containers=(*(spec.init_containers or ()), *fetchers)) if fetchers else spec


def _steps(graph: Graph | None) -> list[Graph]:
    found: list[Graph] = []
    waiting = [graph] if graph is not None else []
    while waiting:
        step = waiting.pop()
        found.append(step)
        waiting.extend(reversed(step.children or ()))
    return found
