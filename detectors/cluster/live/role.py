"""The least role with which a cluster can be read, made from the table that the reading goes by."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from assay.detectors.cluster.live.wanted import wanted
from assay.detectors.cluster.table import Api

_GROUP = "rbac.authorization.k8s.io"
_NAMESPACED = "-namespaced"


def documents(
    kinds: Collection[str] | None,
    namespaces: Sequence[str],
    name: str,
    subject: tuple[str, ...] | None,
    left_out: Collection[str] = (),
) -> Sequence[dict[str, Any]]:
    """ClusterRoles to list what kinds of ours rest on (None: all kinds) and nothing else, and their bindings.

    `left_out`: plurals of the core group, which are not to be granted.

    Discovery, `/version` and reviews of one's own access need no rule: Kubernetes grants them to every user who has
    logged in. With `namespaces`, what has a namespace stands in a role of its own, to be bound in each of them.
    `subject`: `("User", name)`, `("Group", name)`, `("ServiceAccount", namespace, name)`; None: no bindings.
    """
    apis = [api for api in wanted(kinds) if api.name not in left_out]
    apart = [api for api in apis if api.namespaced] if namespaces else []
    everywhere = _rules(api for api in apis if api not in apart)
    if namespaces and not any(api.id == "Namespace" for api in apis):
        # Whether the chosen namespaces are there at all is asked, one by one.
        names = {"resources": ["namespaces"], "resourceNames": sorted(namespaces)}
        everywhere.append({"apiGroups": [""], **names, "verbs": ["list"]})
    found = [_role(name, everywhere)] if everywhere else []
    if subject and everywhere:
        found.append(_binding("ClusterRoleBinding", name, None, subject))
    if apart:
        found.append(_role(name + _NAMESPACED, _rules(apart)))
        if subject:
            found += [
                _binding("RoleBinding", name + _NAMESPACED, namespace, subject) for namespace in sorted(namespaces)
            ]
    return found


def _rules(apis: Iterable[Api]) -> list[dict[str, Any]]:
    """One rule for each group of the API."""
    by_group: dict[str, list[str]] = defaultdict(list)
    for api in apis:
        by_group[api.group].append(api.plural)
    return [
        {"apiGroups": [group], "resources": sorted(plurals), "verbs": ["list"]}
        for group, plurals in sorted(by_group.items())
    ]


def _role(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": f"{_GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def _binding(kind: str, name: str, namespace: str | None, subject: tuple[str, ...]) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    if subject[0] == "ServiceAccount":
        who = {"kind": subject[0], "namespace": subject[1], "name": subject[2]}
    else:
        who = {"kind": subject[0], "name": subject[1], "apiGroup": _GROUP}
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [who],
    }
