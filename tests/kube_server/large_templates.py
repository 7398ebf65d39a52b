"""Roles and bindings as a platform team hands them out: a dozen roles in every namespace, few that are strong."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from tests.kube_server.large_access import RBAC, Account, binding, role

if TYPE_CHECKING:
    from tests.kube_server.large import Sizes

Object = dict[str, Any]
_READ = ["get", "list", "watch"]
_WRITE = [*_READ, "create", "update", "patch", "delete"]


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str], *names: str) -> Object:
    made: Object = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    return {**made, "resourceNames": list(names)} if names else made


_OF_NAMESPACE: dict[str, list[Object]] = {
    "viewer": [_rule("", ["pods", "services", "configmaps", "events"], _READ), _rule("apps", ["deployments"], _READ)],
    "log-reader": [_rule("", ["pods", "pods/log"], _READ)],
    "leader-election": [_rule("coordination.k8s.io", ["leases"], _WRITE), _rule("", ["events"], ["create", "patch"])],
    "config-reader": [_rule("", ["configmaps"], _READ)],
    "settings": [_rule("", ["configmaps"], ["get", "update"], "settings")],
    "own-secret": [_rule("", ["secrets"], ["get"], "credentials")],
    "deployer": [_rule("apps", ["deployments", "statefulsets"], _WRITE), _rule("", ["services"], _WRITE)],
    "job-runner": [_rule("batch", ["jobs", "cronjobs"], _WRITE), _rule("", ["pods"], _READ)],
    "autoscaler": [_rule("apps", ["deployments/scale"], ["get", "update"]), _rule("", ["pods"], _READ)],
    "monitor": [_rule("", ["pods", "services", "endpoints"], _READ)],
    "claims": [_rule("", ["persistentvolumeclaims"], _READ)],
    "route-editor": [_rule("networking.k8s.io", ["ingresses"], _WRITE)],
}
_OFTEN = ("viewer", "log-reader", "leader-election", "config-reader", "settings", "own-secret", "monitor", "claims")
_STRONG = 10
"""ClusterRoles that write everywhere."""


def objects(dice: Random, sizes: "Sizes", spaces: Sequence[str], robots: Sequence[Account]) -> Iterator[Object]:
    """As many as `large_access` makes. One grant in eight lets its subject start or change workloads."""
    wanted = [(space, name) for space in spaces for name in _OF_NAMESPACE][: sizes.roles]
    for space, name in wanted:
        yield role("Role", name, _OF_NAMESPACE[name], space)
    shared = [f"suite-{number:03}" for number in range(sizes.cluster_roles)]
    for number, name in enumerate(shared):
        group = f"suite-{number % 40}.example.com"
        strong = number < _STRONG
        yield role(
            "ClusterRole",
            name,
            [_rule("" if strong else group, ["pods"] if strong else ["*"], _WRITE if strong else _READ)],
        )
    by_space: dict[str, list[Account]] = {}
    for robot in robots:
        by_space.setdefault(robot.namespace, []).append(robot)
    for number in range(sizes.role_bindings):
        space = spaces[number % len(spaces)]
        name = dice.choice(_OFTEN if dice.random() < 0.8 else tuple(_OF_NAMESPACE))
        subject = {"kind": "ServiceAccount", **dice.choice(by_space.get(space, list(robots)))._asdict()}
        if dice.random() < 0.1:
            subject = {"kind": "Group", "apiGroup": RBAC, "name": f"team-{number % len(spaces):03}-developers"}
        yield binding("RoleBinding", f"binding-{number:04}", "Role", name, [subject], space)
    for number in range(sizes.cluster_role_bindings):
        name = "cluster-admin" if number % 500 == 499 else shared[number % len(shared)]
        subject = {"kind": "ServiceAccount", **dice.choice(robots)._asdict()}
        yield binding("ClusterRoleBinding", f"global-{number:04}", "ClusterRole", name, [subject])
