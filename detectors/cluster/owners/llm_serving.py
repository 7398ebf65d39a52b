"""KServe's kinds of newer date: services of language models, and graphs of inference services."""

from collections.abc import Iterator

from msgspec import Struct, field, structs

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import apart, implied_spec, template
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.owners.serving import with_model
from assay.detectors.cluster.pods.objects import Container, PodSpec, Resources
from assay.detectors.cluster.pods.volume_objects import Anything
from assay.scanner.api import Unknown

_REASON = "the operator's own configuration of language models sets it"
_ROUTER = "the operator's configuration of the router sets it"
_MOST_ADAPTERS = 100
"""Of one model, that are looked at."""
_MAIN = "main"
"""How KServe's configurations call the container that serves."""


class Source(Struct, frozen=True, kw_only=True, rename="camel"):
    """A model, or an adapter of one."""

    uri: str | None = None


class Adapters(Struct, frozen=True, kw_only=True, rename="camel"):
    """Adapters that are loaded beside a model."""

    adapters: tuple[Source, ...] | None = None


class Model(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which model is served."""

    uri: str | None = None
    lora: Adapters | None = None


class Workload(Struct, frozen=True, kw_only=True, rename="camel"):
    """Pods that serve: a template, and one for further machines of each group."""

    replicas: int | str | None = None
    scaling: Anything | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    template: PodSpec | None = None
    worker: PodSpec | None = None


class Scheduler(Struct, frozen=True, kw_only=True, rename="camel"):
    """What chooses the pod for a request."""

    replicas: int | str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    template: PodSpec | None = None


class Router(Struct, frozen=True, kw_only=True, rename="camel"):
    """How it is published; an empty object stands for the operator's own way."""

    route: Anything | None = None
    gateway: Anything | None = None
    ingress: Anything | None = None
    scheduler: Scheduler | None = None


class LanguageModelSpec(Workload, frozen=True, kw_only=True, rename="camel"):
    """What serves a language model."""

    model: Model | None = None
    storage_initializer: "Initializer | None" = None
    prefill: Workload | None = None
    router: Router | None = None


class Initializer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether the operator fetches the model."""

    enabled: bool | None = None


class LanguageModelService(Struct, frozen=True, kw_only=True, rename="camel"):
    """KServe's LLMInferenceService."""

    metadata: Meta = field(default_factory=Meta)
    spec: LanguageModelSpec | None = None


class GraphSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A router before several services, as far as its pod goes."""

    resources: Resources | None = None
    min_replicas: int | str | None = None
    service_account_name: str | None = None
    node_selector: dict[str, str] | None = None


class InferenceGraph(Struct, frozen=True, kw_only=True, rename="camel"):
    """KServe's InferenceGraph."""

    metadata: Meta = field(default_factory=Meta)
    spec: GraphSpec | None = None


def language_model(owner: LanguageModelService, _objects: Objects) -> Iterator[Part]:
    """An LLMInferenceService. What its own object doesn't say, configurations say that are merged into it.

    See: https://kserve.github.io/website/docs/model-serving/generative-inference/llmisvc/llmisvc-configuration
    """
    spec = owner.spec or LanguageModelSpec()
    sources = _sources(spec)
    for prefix, workload in (("", spec), ("prefill", spec.prefill)):
        if workload is None:
            continue
        yield _part(owner, workload, prefix, workload.template or PodSpec(), sources)
        if workload.worker is not None:
            yield _part(owner, workload, f"{prefix}-worker" if prefix else "worker", workload.worker, sources)
    scheduler = spec.router.scheduler if spec.router is not None else None
    if scheduler is not None:
        made = implied_spec(apart(scheduler.template or PodSpec(containers=(Container(name=_MAIN),))), _REASON)
        yield Part(
            template=template(made, scheduler.labels, scheduler.annotations),
            role="scheduler",
            replicas=count(scheduler.replicas, 1),
            strategy="RollingUpdate",
            labels=_labels(owner.metadata, "llminferenceservice-router-scheduler"),
            named=False,
        )


def graph(owner: InferenceGraph, _objects: Objects) -> Iterator[Part]:
    """An InferenceGraph: one router, which passes requests on."""
    spec = owner.spec or GraphSpec()
    container = Container(name=owner.metadata.name, resources=spec.resources)
    made = PodSpec(
        containers=(container,), service_account_name=spec.service_account_name, node_selector=spec.node_selector
    )
    yield Part(
        template=template(implied_spec(apart(made), _ROUTER), owner.metadata.labels),
        role="router",
        replicas=count(spec.min_replicas, 1),
        strategy="RollingUpdate",
        labels=name_labels(owner.metadata.name, "serving.kserve.io/inferencegraph"),
        named=False,
    )


def _part(
    owner: LanguageModelService, workload: Workload, role: str, given: PodSpec, sources: tuple[str | None, ...]
) -> Part:
    if not given.containers:
        given = structs.replace(given, containers=(Container(name=_MAIN),))
    for uri in sources:
        given = with_model(given, uri)
    scaled = Unknown(reason="as many as its requests need")
    return Part(
        template=template(implied_spec(apart(given), _REASON), workload.labels, workload.annotations),
        role=role,
        replicas=count(workload.replicas, 1) if workload.scaling is None else scaled,
        strategy="RollingUpdate",
        labels=_labels(owner.metadata, f"llminferenceservice-workload{'-prefill' if 'prefill' in role else ''}"),
        named=False,
    )


def _sources(spec: LanguageModelSpec) -> tuple[str | None, ...]:
    """The addresses that the operator fetches from; one that it is told not to fetch is mounted by the template."""
    model = spec.model or Model()
    fetches = spec.storage_initializer is None or spec.storage_initializer.enabled is not False
    adapters = (model.lora.adapters if model.lora is not None else None) or ()
    found = (model.uri, *(one.uri for one in adapters[:_MOST_ADAPTERS]))
    return tuple(uri for uri in found if fetches or (uri or "").startswith(("pvc://", "oci://")))


def _labels(owner: Meta, component: str) -> dict[str, str]:
    labels = {"app.kubernetes.io/part-of": "llminferenceservice", "app.kubernetes.io/component": component}
    return labels | name_labels(owner.name, "app.kubernetes.io/name")
