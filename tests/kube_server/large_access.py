"""Service accounts, roles and bindings of the large cluster."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.kube_server.large import Sizes

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
_TARGETS = (
    ("", "pods"),
    ("", "pods/log"),
    ("", "pods/exec"),
    ("", "configmaps"),
    ("", "secrets"),
    ("", "services"),
    ("", "serviceaccounts"),
    ("", "persistentvolumeclaims"),
    ("", "events"),
    ("", "nodes"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "deployments/scale"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("coordination.k8s.io", "leases"),
    ("ray.io", "rayclusters"),
    ("serving.kserve.io", "inferenceservices"),
    (RBAC, "roles"),
    (RBAC, "rolebindings"),
)
_READ = ("get", "list", "watch")
_VERBS = (_READ, _READ, _READ, ("get",), ("create", "patch", "update"), (*_READ, "create", "delete"), ("*",))


class Account(NamedTuple):
    """A service account."""

    namespace: str
    name: str

    def object(self) -> Object:
        """As Kubernetes has it."""
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": self._asdict()}


def accounts(count: int, spaces: Sequence[str]) -> list[Account]:
    """Spread over the namespaces; the first of each is `default`."""
    made = []
    for number in range(count):
        turn, at = divmod(number, len(spaces))
        made.append(Account(spaces[at], "default" if turn == 0 else f"robot-{turn:02}"))
    return made


def objects(dice: Random, sizes: "Sizes", spaces: Sequence[str], robots: Sequence[Account]) -> Iterator[Object]:
    """Roles and bindings. One ClusterRole in ten is aggregated; one ClusterRoleBinding in a hundred gives everything.

    Two grants in three let their subject write something, three in four that or touch secrets: harsher than most
    clusters are.
    """
    roles = [(dice.choice(spaces), f"role-{number:04}") for number in range(sizes.roles)]
    shared = [f"shared-{number:03}" for number in range(sizes.cluster_roles)]
    for space, name in roles:
        yield role("Role", name, [_rule(dice) for _ in range(dice.randint(1, 4))], space)
    for number, name in enumerate(shared):
        rules = [_rule(dice) for _ in range(dice.randint(1, 6))]
        labels = {f"{RBAC}/aggregate-to-view": "true"} if number % 50 == 7 else {"part-of": f"suite-{number % 10}"}
        made = role("ClusterRole", name, rules, labels=labels)
        if number % 10 == 9:
            selector = {"matchLabels": {"part-of": f"suite-{number % 9}"}}
            made |= {"rules": [], "aggregationRule": {"clusterRoleSelectors": [selector]}}
        yield made
    for number in range(sizes.role_bindings):
        space, name = dice.choice(roles)
        kind = "Role"
        if dice.random() < 0.4:
            space, kind, name = dice.choice(spaces), "ClusterRole", dice.choice([*shared, "view", "view", "edit"])
        yield binding("RoleBinding", f"binding-{number:04}", kind, name, _subjects(dice, robots), space)
    for number in range(sizes.cluster_role_bindings):
        name = "cluster-admin" if number % 100 == 99 else dice.choice(shared)
        yield binding("ClusterRoleBinding", f"global-{number:04}", "ClusterRole", name, _subjects(dice, robots))


def _rule(dice: Random) -> Object:
    chosen = dice.sample(_TARGETS, dice.randint(1, 3))
    rule: Object = {
        "apiGroups": sorted({group for group, _ in chosen}),
        "resources": sorted({resource for _, resource in chosen}),
        "verbs": list(dice.choice(_VERBS)),
    }
    if dice.random() < 0.1:
        rule["resourceNames"] = [f"object-{dice.randint(0, 99):02}"]
    return rule


def role(
    kind: str, name: str, rules: list[Object], space: str | None = None, labels: dict[str, str] | None = None
) -> Object:
    """As Kubernetes has it."""
    metadata: Object = {"name": name, "labels": labels or {"app": name}}
    if space:
        metadata["namespace"] = space
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, "rules": rules}


def _subjects(dice: Random, robots: Sequence[Account]) -> list[Object]:
    made: list[Object] = []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if dice.random() < 0.8:
            made.append({"kind": "ServiceAccount", **dice.choice(robots)._asdict()})
        else:
            kind, name = dice.choice(
                (("Group", f"group-{dice.randint(0, 49):02}"), ("User", f"u{dice.randint(0, 199)}"))
            )
            made.append({"kind": kind, "apiGroup": RBAC, "name": name})
    return made


def binding(
    kind: str, name: str, role_kind: str, role: str, subjects: list[Object], space: str | None = None
) -> Object:
    """As Kubernetes has it; in a namespace or not."""
    metadata: Object = {"name": name}
    if space:
        metadata["namespace"] = space
    reference = {"apiGroup": RBAC, "kind": role_kind, "name": role}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": reference,
        "subjects": subjects,
    }
