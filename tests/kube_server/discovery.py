"""Discovery: versions, groups and resources, one document each or all in one (`apidiscovery.k8s.io/v2`)."""

from collections.abc import Sequence
from typing import Any

from tests.kube_server.apis import Api


def version(git_version: str) -> dict[str, str]:
    """/version."""
    major, minor, *_ = git_version.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": git_version,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.24",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def core_versions(address: str) -> dict[str, Any]:
    """/api."""
    served = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": served}


def groups(apis: Sequence[Api]) -> dict[str, Any]:
    """/apis."""
    listed = [_group(name, _versions(apis, name)) for name in _groups(apis) if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def group(apis: Sequence[Api], name: str) -> dict[str, Any] | None:
    """/apis/GROUP; None: not served."""
    versions = _versions(apis, name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if name and versions else None


def resources(apis: Sequence[Api], name: str, served: str) -> dict[str, Any] | None:
    """/api/v1 and /apis/GROUP/VERSION; None: not served."""
    chosen = [api for api in apis if api.group == name and api.version == served]
    if not chosen:
        return None
    listed = [
        {
            "name": api.plural,
            "singularName": api.kind.lower(),
            "namespaced": api.namespaced,
            "kind": api.kind,
            "verbs": list(api.verbs),
            **({"shortNames": list(api.short)} if api.short else {}),
        }
        for api in chosen
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": chosen[0].group_version,
        "resources": listed,
    }


def aggregated(apis: Sequence[Api], core: bool) -> dict[str, Any]:
    """/api (`core`) or /apis in the form that has everything."""
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
            "versions": [
                {
                    "version": served,
                    "resources": [_described(api) for api in apis if api.group == name and api.version == served],
                    "freshness": "Current",
                }
                for served in _versions(apis, name)
            ],
        }
        for name in _groups(apis)
        if core is not bool(name)
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _described(api: Api) -> dict[str, Any]:
    return {
        "resource": api.plural,
        "responseKind": {"group": api.group, "version": api.version, "kind": api.kind},
        "scope": "Namespaced" if api.namespaced else "Cluster",
        "singularResource": api.kind.lower(),
        "verbs": list(api.verbs),
        "shortNames": list(api.short),
    }


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{one}", "version": one} for one in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _groups(apis: Sequence[Api]) -> list[str]:
    return list(dict.fromkeys(api.group for api in apis))


def _versions(apis: Sequence[Api], name: str) -> list[str]:
    """In the order of declaration, which is taken as the order of preference."""
    return list(dict.fromkeys(api.version for api in apis if api.group == name))
