"""What counts as reached, and what a source has already: its own Secrets, namespace and volumes."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from assay.detectors.rbac.access import ACCOUNTS, Subject
from assay.detectors.rbac.consequences import tenant_label
from assay.detectors.rbac.graph import Graph
from assay.detectors.rbac.nearest import Target
from assay.detectors.rbac.surroundings import Surroundings, Workload
from assay.scanner.api import Unknown

TARGETS = ("cluster-admin", "secrets", "nodes", "other-tenant", "data-volumes", "cloud", "cloud-administrator")
"""As in `scanner/kinds/paths.py`, in the order in which paths are stated."""
_BY_KIND = {
    "admin": "cluster-admin", "secrets": "secrets", "pod-secrets": "secrets", "node": "nodes", "tenant": "other-tenant",
    "volume": "data-volumes", "cloud": "cloud", "administrator": "cloud-administrator",
}  # fmt: skip


class Own(Struct, frozen=True):
    """What one source has already, as labels of goals."""

    labels: Mapping[str, frozenset[str]]
    """By target; nothing where a target isn't there."""
    doubt: str | None = None
    """Why it isn't known whose the source's namespace is."""
    skipped: frozenset[str] = frozenset()
    """Targets that mean nothing for it."""

    def of(self, target: str) -> frozenset[str]:
        """The labels that aren't a target for this source."""
        return self.labels.get(target, frozenset())


def targets(graph: Graph) -> Mapping[str, Target]:
    """All goals in the graph. Secrets are labelled by namespace, volumes by namespace and claim."""
    goals: dict[str, list[tuple[int, str]]] = {target: [] for target in TARGETS}
    for number, key in enumerate(graph.keys):
        if (kind := key[0]) in _BY_KIND:
            label = "/".join(key[1:]) if kind in ("secrets", "pod-secrets", "tenant", "volume") else ""
            goals[_BY_KIND[kind]].append((number, label))
    return {target: Target(graph, found) for target, found in goals.items()}


def own_of_workload(around: Surroundings, workload: Workload) -> Own:
    """Its namespace's Secrets, the pods of its tenant, and the volumes that it mounts."""
    if workload.homeless:
        return Own({}, workload.homeless)
    claims = {claim for claim in workload.claims if isinstance(claim, str)}
    return _own_in(around, workload.namespace, claims)


def own_of_account(around: Surroundings, account: Subject, used_by: Sequence[Workload]) -> Own:
    """Likewise; its volumes are those of the workloads that run as it."""
    claims = {claim for one in used_by for claim in one.claims if isinstance(claim, str)}
    return _own_in(around, account.namespace, claims)


def own_of_group_or_user(around: Surroundings, subject: Subject, namespaces: Sequence[str]) -> Own:
    """What is in the namespaces in which a RoleBinding names it.

    Other tenants are told of only where namespaces say whose they are: a team may well work in several.
    """
    if subject.name.startswith(f"{ACCOUNTS}:"):
        return _own_in(around, subject.name.removeprefix(f"{ACCOUNTS}:"), ())
    found = [around.namespace(name) for name in namespaces]
    volumes = {f"{name}/{claim}" for name in namespaces for claim in _claims_in(around, name)}
    labels = {
        "secrets": frozenset(namespaces),
        "other-tenant": frozenset(tenant_label(name, of.tenant) for name, of in zip(namespaces, found, strict=True)),
        "data-volumes": frozenset(volumes),
    }
    unknown = next((one for one in (*(of.tenant for of in found), around.tenants) if isinstance(one, Unknown)), None)
    skipped = frozenset({"other-tenant"}) if around.tenants is False else frozenset[str]()
    return Own(labels, unknown.reason if unknown else None, skipped)


def _own_in(around: Surroundings, namespace: str, claims: Sequence[str] | set[str]) -> Own:
    tenant = around.namespace(namespace).tenant
    labels = {
        "secrets": frozenset({namespace}),
        "other-tenant": frozenset({tenant_label(namespace, tenant)}),
        "data-volumes": frozenset(f"{namespace}/{claim}" for claim in claims),
    }
    return Own(labels, tenant.reason if isinstance(tenant, Unknown) else None)


def _claims_in(around: Surroundings, namespace: str) -> set[str]:
    mounted = {claim for one in around.workloads_in(namespace) for claim in one.claims if isinstance(claim, str)}
    return mounted | set(around.claims_in(namespace)) | {"?"}
