"""What a cluster has from its start: four namespaces with their accounts, and the roles that most tests meet.

The rules of admin, edit and view are a part of the real ones, enough to tell the three apart.
"""

from typing import Any

RBAC = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")

Rule = dict[str, list[str]]


def objects() -> list[dict[str, Any]]:
    """Namespaces, their `default` accounts, bootstrap roles and bindings."""
    names = ("default", "kube-node-lease", "kube-public", "kube-system")
    return [
        *(namespace(name) for name in names),
        *(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": n}}
            for n in names
        ),
        *_roles(),
        _bound("cluster-admin", "system:masters"),
        _bound("system:basic-user", "system:authenticated"),
        _bound("system:discovery", "system:authenticated"),
        _bound("system:public-info-viewer", "system:authenticated", "system:unauthenticated"),
    ]


def namespace(name: str) -> dict[str, Any]:
    """A namespace with the label that the server gives it."""
    metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"phase": "Active"}}


def _roles() -> list[dict[str, Any]]:
    discovery = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
    health = ("/healthz", "/livez", "/readyz", "/version", "/version/")
    reviews = (
        _rule("authorization.k8s.io", ("selfsubjectaccessreviews", "selfsubjectrulesreviews"), ("create",)),
        _rule("authentication.k8s.io", ("selfsubjectreviews",), ("create",)),
    )
    return [
        _role("cluster-admin", _rule("*", ("*",), ("*",)), _urls("*", verb="*")),
        _aggregated("admin"),
        _aggregated("edit", into="admin"),
        _aggregated("view", into="edit"),
        _part("admin", _rule(RBAC, ("roles", "rolebindings"), (*_READ, *_WRITE))),
        _part(
            "edit",
            _rule("", ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets"), _READ),
            _rule("", ("serviceaccounts",), ("impersonate",)),
            _rule("", ("configmaps", "pods", "secrets", "serviceaccounts", "services"), _WRITE),
            _rule("", ("pods/exec", "pods/attach", "pods/portforward", "serviceaccounts/token"), ("create",)),
            _rule("apps", ("daemonsets", "deployments", "replicasets", "statefulsets"), _WRITE),
            _rule("batch", ("cronjobs", "jobs"), _WRITE),
            _rule("networking.k8s.io", ("ingresses", "networkpolicies"), _WRITE),
        ),
        _part(
            "view",
            _rule(
                "",
                (
                    "configmaps", "endpoints", "events", "limitranges", "namespaces", "persistentvolumeclaims", "pods",
                    "pods/log", "resourcequotas", "serviceaccounts", "services",
                ),
                _READ,
            ),
            _rule("apps", ("daemonsets", "deployments", "replicasets", "statefulsets"), _READ),
            _rule("autoscaling", ("horizontalpodautoscalers",), _READ),
            _rule("batch", ("cronjobs", "jobs"), _READ),
            _rule("discovery.k8s.io", ("endpointslices",), _READ),
            _rule("networking.k8s.io", ("ingresses", "networkpolicies"), _READ),
            _rule("policy", ("poddisruptionbudgets",), _READ),
        ),
        _role("system:basic-user", *reviews),
        _role("system:discovery", _urls(*discovery, *health)),
        _role("system:public-info-viewer", _urls(*health)),
    ]  # fmt: skip


def _metadata(name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **(labels or {})},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }


def _role(name: str, *rules: Rule, labels: dict[str, str] | None = None) -> dict[str, Any]:
    metadata = _metadata(name, labels)
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": list(rules)}


def _part(into: str, *rules: Rule) -> dict[str, Any]:
    return _role(f"system:aggregate-to-{into}", *rules, labels={f"{RBAC}/aggregate-to-{into}": "true"})


def _aggregated(name: str, into: str = "") -> dict[str, Any]:
    role = _role(name, labels={f"{RBAC}/aggregate-to-{into}": "true"} if into else None)
    selector = {"matchLabels": {f"{RBAC}/aggregate-to-{name}": "true"}}
    return {**role, "aggregationRule": {"clusterRoleSelectors": [selector]}}


def _rule(group: str, resources: tuple[str, ...], verbs: tuple[str, ...]) -> Rule:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


def _urls(*urls: str, verb: str = "get") -> Rule:
    return {"nonResourceURLs": list(urls), "verbs": [verb]}


def _bound(role: str, *groups: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": _metadata(role),
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group} for group in groups],
    }
