"""Worlds of Kubernetes resources, built from a few words, for the tests of attack paths."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.detectors.rbac.compile import compile_access
from assay.detectors.rbac.paths import add_paths
from assay.detectors.worlds import worlds
from assay.scanner.api import Known, Resource, Unknown

FILES = "manifests"
LIVE = "kube:test"
LISTED = (
    "workload.pods", "rbac.role", "rbac.binding", "rbac.service-account", "cluster.namespace", "cluster.volume-claim",
    "cluster.persistent-volume", "cluster.webhook", "cluster.control-plane", "cluster.node",
)  # fmt: skip
PLAIN_CONTAINER = {
    "name": "main", "privileged": False, "capabilities_added": [], "mounts": [], "declared": {"host_process": False},
}  # fmt: skip


def resource(kind: str, address: str, source: str = FILES, **facts: Any) -> Resource:
    """Values that aren't Unknown are known."""
    stated = {name: value if isinstance(value, Unknown) else Known(value=value) for name, value in facts.items()}
    return Resource(kind=kind, address=address, surface="kubernetes", facts={"source": Known(value=source), **stated})


def namespace(name: str, source: str = FILES, **facts: Any) -> Resource:
    """Enforces nothing and is nobody's, unless told otherwise."""
    given = {"enforces": None, "tenant": None, "system": name == "kube-system", **facts}
    return resource("cluster.namespace", f"Namespace.{name}", source, **given)


def rule(verbs: str, resources: str, group: str = "", names: Iterable[str] = ()) -> dict[str, Any]:
    """Words separated by commas."""
    return {
        "verbs": sorted(verbs.split(",")),
        "api_groups": [group],
        "resources": sorted(resources.split(",")),
        "resource_names": sorted(names),
        "urls": [],
    }


def role(name: str, *rules: Any, within: str | None = None, source: str = FILES) -> Resource:
    """A ClusterRole, or a Role `within` a namespace."""
    address = f"ClusterRole.{name}" if within is None else f"Role.{within}.{name}"
    return resource(
        "rbac.role", address, source, namespace=within, labels={}, rules=list(rules), aggregates=[], bootstrapped=False
    )


def binding(
    name: str, of: str, subjects: Sequence[str], within: str | None = None, source: str = FILES, role_type: str = ""
) -> Resource:
    """Subjects as `ml/train` for an account, `User:…` or `Group:…`. The role is a ClusterRole unless told otherwise."""
    address = f"ClusterRoleBinding.{name}" if within is None else f"RoleBinding.{within}.{name}"
    return resource(
        "rbac.binding",
        address,
        source,
        namespace=within,
        role_type=role_type or "ClusterRole",
        role=of,
        subjects=[_subject(one) for one in subjects],
        bootstrapped=False,
    )


def _subject(text: str) -> dict[str, Any]:
    kind, colon, name = text.partition(":")
    if colon:
        return {"type": kind, "subject": name, "namespace": None}
    home, _, name = text.partition("/")
    return {"type": "ServiceAccount", "subject": name, "namespace": home}


def account(text: str, source: str = FILES, **facts: Any) -> Resource:
    """An account `ml/train` without tokens of its own or an identity in a cloud."""
    home, _, name = text.partition("/")
    given = {
        "namespace": home, "token_declared": None, "long_lived_tokens": 0, "cloud": None, "cloud_identity": None,
        **facts,
    }  # fmt: skip
    return resource("rbac.service-account", f"ServiceAccount.{home}.{name}", source, **given)


def pods(text: str, source: str = FILES, controller: str = "Deployment", **facts: Any) -> Resource:
    """A workload `ml/web` with one plain container, whose account is `default` and whose token is mounted."""
    home, _, name = text.partition("/")
    given = {
        "namespace": home, "controller": controller, "service_account": "default", "token_declared": None,
        "token_mounted": True, "host_pid": False, "host_users": True, "runtime_class": None, "nodes": [],
        "containers": [PLAIN_CONTAINER], "volumes": [], "system": None, "uses_secrets": False,
        "placement": {"node_labels": {}, "control_plane": False, "tolerates": []}, **facts,
    }  # fmt: skip
    return resource("workload.pods", f"{controller}.{home}.{name}", source, **given)


def claim(text: str, *holds: str, source: str = FILES) -> Resource:
    """A claim `ml/weights`, with what it holds."""
    home, _, name = text.partition("/")
    return resource(
        "cluster.volume-claim", f"PersistentVolumeClaim.{home}.{name}", source, namespace=home, holds=list(holds)
    )


def mounts(claim: str) -> list[dict[str, Any]]:
    """The volumes of a workload that mounts one claim."""
    volume = {"name": "data", "type": "persistentVolumeClaim", "host_path": None, "claim": claim, "token": False}
    return [volume]


def container(**changed: Any) -> list[dict[str, Any]]:
    """The containers of a workload with one that isn't plain."""
    return [{**PLAIN_CONTAINER, **changed}]


def subject(text: str, source: str = FILES) -> Resource:
    """As derived for `ml/train`, `User:…` or `Group:…`."""
    kind, colon, _ = text.partition(":")
    address = text if colon else f"ServiceAccount:{text}"
    return resource("rbac.subject", address, source, type=kind if colon else "ServiceAccount")


def listings(*unread: str, **namespaces: list[str]) -> list[Resource]:
    """Complete ones of a live cluster, but for the kinds that are named."""
    return [
        resource(
            "cluster.listing",
            kind,
            LIVE,
            kinds=[kind],
            namespaces=namespaces.get(kind.replace(".", "_").replace("-", "_")),
            served=True,
            complete=Unknown(reason=f"list {kind}: 403 Forbidden") if kind in unread else True,
        )
        for kind in LISTED
    ]


def paths(resources: Sequence[Resource], clouds: Sequence[Resource] = ()) -> Mapping[str, list[Any]]:
    """The paths of every source by address. There must be one source of objects only."""
    [world] = worlds(resources)
    added = add_paths(world, compile_access(world), resources, clouds)
    assert [one.address for one in added] == [one.address for one in resources]
    found = {}
    for one in added:
        if one.kind in ("workload.pods", "rbac.subject"):
            fact = one.facts["paths"]
            found[one.address] = fact.value if isinstance(fact, Known) else [fact]
    return found


def sure(found: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Target → path, of those that are sure."""
    return {one["target"]: one for one in found if isinstance(one, dict) and one["sure"] is True}


def possible(found: Iterable[Any]) -> dict[str, str]:
    """Target → what it hangs on, of those that aren't."""
    return {one["target"]: one["sure"].reason for one in found if isinstance(one, dict) and one["sure"] is not True}
