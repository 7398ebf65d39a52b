"""What runs, by owner and template: from running pods where there are some, else from what their owner declares."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from assay.detectors.cluster.objects import Meta, Objects, Placed, address, namespace_of
from assay.detectors.cluster.owners.owners import BETWEEN, OWNERS, Chains, Root
from assay.detectors.cluster.owners.parts import ONE_EACH, Part, pod
from assay.detectors.cluster.owners.pod_defaults import PodDefaults
from assay.detectors.cluster.pods.fold import GENERATED_LABELS, PodFold, finished, owner_of
from assay.detectors.cluster.pods.objects import Folded, Pod, PodSpec
from assay.detectors.cluster.pods.volume_objects import Claim, Volume
from assay.detectors.cluster.stating import is_live
from assay.scanner.api import Location, Unknown

_MOST_CLAIMS = 100
"""Of one StatefulSet's template, that are named one by one."""
_MOST_PARTS = 200
"""Of one owner, among which a pod's is looked for."""
_CLUSTER_WIDE = ("ClusterServingRuntime", "ClusterWorkflowTemplate")
_RUN_LABELS = ("job-name", "batch.kubernetes.io/job-name")


class Template(Struct, frozen=True, kw_only=True):
    """The pods of one owner that are made alike."""

    address: str
    namespace: str
    """Empty: of no namespace, but for pods of any."""
    controller: str
    """The owner's kind, as far as is known."""
    role: str
    owner: Placed
    """The owner's object; a pod where the owner was not listed or there is none."""
    labels: Mapping[str, str]
    """Of the pods, without those that differ from one to the next."""
    annotations: Mapping[str, str]
    spec: PodSpec
    place: Location | None
    controller_unread: str | None
    """Why the owner may itself have one that isn't known."""
    replicas: int | Unknown | None
    update_strategy: str | Unknown | None
    long_running: bool | Unknown
    claims: Mapping[str, Sequence[str | Unknown]]
    """By volume, the claims that a StatefulSet makes for its pods."""
    running: int | Unknown
    nodes: tuple[str, ...] | Unknown
    aliases: tuple[str, ...]


def templates(objects: Objects) -> Sequence[Template]:
    """All of them, sorted by address. Old pods of a rollout, made otherwise, have the same address as the new ones."""
    return objects.once(_templates)


def _templates(objects: Objects) -> Sequence[Template]:
    chains = Chains(objects)
    found = list(_of_pods(objects, chains))
    defaults = PodDefaults(objects)
    stated = {(one.address, one.role) for one in found}
    for api_id in OWNERS:
        for placed in objects.of(api_id):
            found.extend(
                one for one in _declared(objects, chains, api_id, placed) if (one.address, one.role) not in stated
            )
    if not is_live(objects):
        # A pod that runs has what is added to it; one that is declared will get it.
        found = [structs.replace(one, spec=defaults.applied(one.spec, one.namespace, one.labels)) for one in found]
    return sorted(found, key=lambda one: (one.address, -1 if isinstance(one.running, Unknown) else one.running))


def _of_pods(objects: Objects, chains: Chains) -> Iterator[Template]:
    owned: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
    roots: dict[tuple[str, str, str], tuple[Root, Placed]] = {}
    bare = PodFold()
    for placed in objects.of("Pod"):
        one: Pod = placed.object
        if one.spec is None:
            continue
        root = chains.root(one.metadata)
        if root is None and is_live(objects):
            bare.take(one)
        elif root is None:
            yield _bare(objects, placed, one)
        elif not finished(one):
            roots.setdefault(root.key, (root, placed))
            owned[root.key].append(_without_run(one) if root.api_id == "batch/CronJob" else one)
    for one in bare.folded():
        yield _bare(objects, Placed(object=one), one)
    for key, (root, placed) in sorted(roots.items(), key=lambda item: item[0]):
        owner = root.placed or placed
        parts = list(OWNERS[root.api_id](owner.object, objects)) if root.placed is not None else []
        for folded in _folded(owned[key], key):
            yield _running(objects, root, owner, folded, _part_of(parts, folded))


def _folded(pods: Sequence[Pod], root: tuple[str, str, str]) -> Sequence[Folded]:
    """One for each template of a root. Most have one, and its pods were folded as they were read."""
    [first, *others] = pods
    if isinstance(first, Folded) and not others:
        return (first,)
    fold = PodFold()
    for one in pods:
        fold.take(one, root)
    return fold.folded()


def _bare(objects: Objects, placed: Placed, one: Pod) -> Template:
    part = next(pod(one, objects))
    meta = one.metadata
    owner = owner_of(meta)
    count, nodes = _runs(objects, one)
    labels = meta.labels or {}
    alias = () if meta.name or not labels else (_alias(meta, None, labels),)
    return Template(
        address=address("Pod", meta),
        namespace=namespace_of(meta),
        controller=owner.kind if owner is not None else "Pod",
        role="",
        owner=placed,
        labels=_lasting(labels),
        annotations=meta.annotations or {},
        spec=one.spec or PodSpec(),
        place=placed.place,
        controller_unread=None,
        replicas=part.replicas,
        update_strategy=None,
        long_running=part.long_running,
        claims={},
        running=count,
        nodes=nodes,
        aliases=alias,
    )


def _running(objects: Objects, root: Root, owner: Placed, folded: Folded, part: Part | None) -> Template:
    reason = root.unread if root.placed is None else None
    unknown = Unknown(reason=reason or objects.unread(root.api_id) or f"not known for pods of a {root.kind}")
    role = part.role if part is not None else ""
    return Template(
        address=_address(root.kind, root.namespace, root.name, role),
        namespace=root.namespace,
        controller=root.kind,
        role=role,
        owner=owner,
        labels=_lasting(folded.metadata.labels or {}),
        annotations=folded.metadata.annotations or {},
        spec=folded.spec or PodSpec(),
        place=owner.place,
        controller_unread=root.unread,
        replicas=part.replicas if part is not None else _implied(root, unknown, ("apps/DaemonSet", "batch/Job")),
        update_strategy=part.strategy if part is not None else _implied(root, unknown, ("batch/Job",)),
        long_running=part.long_running if part is not None else _lasting_kind(root, unknown),
        claims=dict(folded.claims),
        running=folded.count,
        nodes=folded.nodes,
        aliases=_aliases(owner.object.metadata, part) if part is not None else (),
    )


def _declared(objects: Objects, chains: Chains, api_id: str, placed: Placed) -> Iterator[Template]:
    meta: Meta = placed.object.metadata
    root = chains.root(meta)
    if root is not None and root.placed is not None and any(OWNERS[root.api_id](root.placed.object, objects)):
        # Stated by its owner's templates, if they don't run.
        return
    kind, name = api_id.rpartition("/")[2], meta.name
    if root is not None and root.api_id in OWNERS:
        kind, name = root.kind, root.name
    unread = objects.unread("Pod", *BETWEEN.get(api_id, ())) if is_live(objects) else None
    namespace = "" if kind in _CLUSTER_WIDE else namespace_of(meta)
    for part in OWNERS[api_id](placed.object, objects):
        template = part.template.metadata
        spec = part.template.spec or PodSpec()
        claims = {one: _claims(one, meta.name, part) for one in part.claims}
        yield Template(
            address=_address(kind, namespace, name or f"{meta.generate_name or ''}*", part.role),
            namespace=namespace,
            controller=kind,
            role=part.role,
            owner=placed,
            labels=_lasting({**((template.labels if template is not None else None) or {}), **part.labels}),
            annotations=(template.annotations if template is not None else None) or {},
            spec=_with_claims(spec, claims),
            place=placed.place,
            controller_unread=root.unread if root is not None else None,
            replicas=part.replicas,
            update_strategy=part.strategy,
            long_running=part.long_running,
            claims=claims,
            running=0 if unread is None else Unknown(reason=unread),
            nodes=() if unread is None else Unknown(reason=unread),
            aliases=_aliases(meta, part),
        )


def _runs(objects: Objects, one: Pod) -> tuple[int, tuple[str, ...]]:
    if isinstance(one, Folded):
        return one.count, one.nodes
    node = one.spec.node_name if one.spec is not None else None
    return (1, (node,)) if node and is_live(objects) and not finished(one) else (0, ())


def _part_of(parts: Sequence[Part], one: Folded) -> Part | None:
    """From which of its owner's templates a pod is made: by the operator's labels, else by its containers."""
    if len(parts) < 2 or len(parts) > _MOST_PARTS:
        return parts[0] if len(parts) == 1 else None
    labels = (one.metadata.labels or {}).items()
    by_labels = [part for part in parts if part.labels and part.labels.items() <= labels]
    candidates = by_labels or list(parts)
    if len(candidates) > 1:
        made = _signature(one.spec)
        candidates = [part for part in candidates if _signature(part.template.spec) <= made]
    return candidates[0] if len(candidates) == 1 else None


def _signature(spec: PodSpec | None) -> set[tuple[str | None, str | None]]:
    return {(one.name, one.image) for one in (spec.containers if spec is not None else None) or ()}


def _claims(volume: str, owner: str | None, part: Part) -> Sequence[str | Unknown]:
    # See: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage
    if owner is None:
        return (Unknown(reason="the StatefulSet gets its name when it is made"),)
    replicas = part.replicas
    if not isinstance(replicas, int):
        more = replicas if isinstance(replicas, Unknown) else Unknown(reason="the number of replicas isn't known")
        return (f"{volume}-{owner}-{part.first}", more)
    last = part.first + min(max(replicas, 1), _MOST_CLAIMS)
    names: list[str | Unknown] = [f"{volume}-{owner}-{number}" for number in range(part.first, last)]
    if replicas > _MOST_CLAIMS:
        names.append(Unknown(reason=f"more than {_MOST_CLAIMS} claims"))
    return tuple(names)


def _with_claims(spec: PodSpec, claims: Mapping[str, Sequence[str | Unknown]]) -> PodSpec:
    """The controller puts its claims in place of volumes of the same name."""
    if not claims:
        return spec
    added = [
        Volume(
            name=name, persistent_volume_claim=Claim(claim_name=next((c for c in names if isinstance(c, str)), None))
        )
        for name, names in claims.items()
    ]
    return structs.replace(spec, volumes=(*(one for one in spec.volumes or () if one.name not in claims), *added))


def _without_run(one: Pod) -> Pod:
    labels = {key: value for key, value in (one.metadata.labels or {}).items() if key not in _RUN_LABELS}
    return structs.replace(one, metadata=structs.replace(one.metadata, labels=labels))


def _lasting(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in sorted(labels.items()) if key not in GENERATED_LABELS}


def _implied(root: Root, unknown: Unknown, kinds: tuple[str, ...]) -> Unknown | None:
    """What the kind alone tells, without its object."""
    return ONE_EACH if root.api_id in kinds else unknown


def _lasting_kind(root: Root, unknown: Unknown) -> bool | Unknown:
    if root.api_id.startswith(("apps/", "batch/")) or root.api_id == "ReplicationController":
        return not root.api_id.startswith("batch/")
    return unknown


def _address(kind: str, namespace: str, name: str, role: str) -> str:
    place = f"{kind}.{namespace}.{name}" if namespace else f"{kind}.{name}"
    return f"{place}/{role}" if role else place


def _aliases(owner: Meta, part: Part) -> tuple[str, ...]:
    """How checkov names the template, which it takes for a pod."""
    template = part.template.metadata
    if not part.named or template is None:
        return ()
    if template.name:
        return (f"Pod.{template.namespace or namespace_of(owner)}.{template.name}",)
    return () if template.labels is None else (_alias(owner, owner.name or "", template.labels),)


def _alias(owner: Meta, parent: str | None, labels: Mapping[str, str]) -> str:
    # `checkov.kubernetes.kubernetes_utils.build_resource_id_from_labels`: labels in the order of the file.
    text = ".".join(f"{key}-{value}" for key, value in labels.items()) or "default"
    return f"Pod.{namespace_of(owner)}.{parent}.{text}" if parent else f"Pod.{namespace_of(owner)}.{text}"
