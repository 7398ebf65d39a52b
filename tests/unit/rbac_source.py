"""Roles, bindings and service accounts as Kubernetes objects, for tests of RBAC, and the resources stated from them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.detectors.rbac.compile import Access, compile_access
from assay.detectors.worlds import World, worlds
from assay.scanner.api import Known, Resource, Unknown

GROUP = "rbac.authorization.k8s.io"
API = f"{GROUP}/v1"


def rule(
    verbs: str,
    resources: str = "",
    groups: Sequence[str] = ("",),
    names: Sequence[str] = (),
    urls: Sequence[str] = (),
) -> dict[str, Any]:
    """A rule as the API has it; verbs and resources parted by commas."""
    written: dict[str, Any] = {"verbs": verbs.split(",")}
    if resources:
        written |= {"resources": resources.split(","), "apiGroups": list(groups)}
    if names:
        written["resourceNames"] = list(names)
    if urls:
        written["nonResourceURLs"] = list(urls)
    return written


def role(
    name: str,
    *rules: Mapping[str, Any],
    namespace: str | None = None,
    labels: Mapping[str, str] | None = None,
    selectors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A Role, or a ClusterRole where no namespace is given."""
    written: dict[str, Any] = {
        "apiVersion": API,
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": _meta(name, namespace) | ({"labels": dict(labels)} if labels else {}),
        "rules": list(rules),
    }
    if selectors:
        written["aggregationRule"] = {"clusterRoleSelectors": list(selectors)}
    return written


def binding(name: str, to: str, *subjects: str, namespace: str | None = None, kind: str = "") -> dict[str, Any]:
    """A binding to the ClusterRole `to` (`kind`: or a Role), of subjects such as `Group:devs` and
    `ServiceAccount:ml/train`."""
    return {
        "apiVersion": API,
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": _meta(name, namespace),
        "roleRef": {"apiGroup": GROUP, "kind": kind or "ClusterRole", "name": to},
        "subjects": [_subject(text) for text in subjects],
    }


def account(name: str, namespace: str, token: bool | None = None) -> dict[str, Any]:
    """A ServiceAccount."""
    written: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(name, namespace)}
    return written if token is None else written | {"automountServiceAccountToken": token}


def listing(kind: str, reason: str | None = None) -> Resource:
    """That a kind was listed whole, or why not."""
    complete = Known(value=True) if reason is None else Unknown(reason=reason)
    facts = {"source": Known(value="kube:test"), "kinds": Known(value=[kind]), "complete": complete}
    return Resource(kind="cluster.listing", address=f"listing.{kind}", surface="cluster", facts=facts)


LISTED = tuple(listing(kind) for kind in ("rbac.role", "rbac.binding", "rbac.service-account", "workload.pods"))


def resources(objects: Iterable[Mapping[str, Any]], source: str = "manifests") -> list[Resource]:
    """The facts of the objects."""
    return [_resource(one, source) for one in objects]


def world(objects: Iterable[Mapping[str, Any]], live: bool = False, extra: Sequence[Resource] = LISTED) -> World:
    """The objects as one source; a live one with the listings given."""
    found = resources(objects, "kube:test" if live else "manifests") + (list(extra) if live else [])
    if not found:
        return World(source="manifests", live=False, by_kind={})
    [one] = worlds(found)
    return one


def access(objects: Iterable[Mapping[str, Any]], live: bool = False, extra: Sequence[Resource] = LISTED) -> Access:
    """The rights that the objects give."""
    return compile_access(world(objects, live, extra))


def _meta(name: str, namespace: str | None) -> dict[str, Any]:
    return {"name": name, "namespace": namespace} if namespace else {"name": name}


def _subject(text: str) -> dict[str, Any]:
    kind, _, name = text.partition(":")
    if kind != "ServiceAccount":
        return {"apiGroup": GROUP, "kind": kind, "name": name}
    place, _, name = name.rpartition("/")
    return {"kind": kind, "name": name} | ({"namespace": place} if place else {})


def _resource(one: Mapping[str, Any], source: str) -> Resource:
    meta, kind = one["metadata"], one["kind"]
    namespace = meta.get("namespace")
    place = f"{namespace}." if namespace else ""
    if kind in ("Role", "ClusterRole"):
        ours, facts = "rbac.role", _role_facts(one)
    elif kind == "ServiceAccount":
        ours, facts = "rbac.service-account", {"token_declared": one.get("automountServiceAccountToken")}
    else:
        ours, facts = "rbac.binding", _binding_facts(one)
    facts |= {"source": source, "namespace": namespace}
    return Resource(
        kind=ours,
        address=f"{kind}.{place}{meta['name']}",
        surface="cluster" if source.startswith("kube:") else "kubernetes",
        facts={key: fact if isinstance(fact, Unknown) else Known(value=fact) for key, fact in facts.items()},
    )


def _role_facts(one: Mapping[str, Any]) -> dict[str, Any]:
    selectors = (one.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    return {
        "labels": one["metadata"].get("labels") or {},
        "rules": [
            {
                "verbs": found.get("verbs", []),
                "api_groups": found.get("apiGroups", []),
                "resources": found.get("resources", []),
                "resource_names": found.get("resourceNames", []),
                "urls": found.get("nonResourceURLs", []),
            }
            for found in one.get("rules") or ()
        ],
        "aggregates": [_requirements(selector) for selector in selectors],
        "bootstrapped": False,
    }


def _requirements(selector: Mapping[str, Any]) -> list[dict[str, Any]]:
    equal = [{"key": key, "operator": "In", "values": [text]} for key, text in selector.get("matchLabels", {}).items()]
    return equal + [{"values": [], **one} for one in selector.get("matchExpressions", ())]


def _binding_facts(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role_type": one["roleRef"]["kind"],
        "role": one["roleRef"]["name"],
        "subjects": [
            {"type": found["kind"], "subject": found["name"], "namespace": found.get("namespace")}
            for found in one["subjects"]
        ],
        "bootstrapped": False,
    }
