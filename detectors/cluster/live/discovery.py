"""What an API server serves, so that a custom resource which isn't there is known to be absent."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from assay.detectors.cluster.live.transport import JSON, Transport
from assay.detectors.cluster.live.trouble import Unanswered, status_line
from assay.detectors.cluster.table import Api
from assay.scanner.safe.text import one_line

T = TypeVar("T")

_AGGREGATED = ",".join(
    [*(f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")),
     JSON]
)  # fmt: skip
"""Everything in two answers, since Kubernetes 1.26; older servers answer in the old way, group by group."""


_MOST_VERSIONS = 500
"""Of the groups that we want, which have a few each."""


class Serving(Struct, frozen=True, kw_only=True):
    """Whether and how the server has a resource."""

    version: str | None = None
    """In which it is to be listed."""
    absent: bool = False
    """It is known not to be there."""
    reason: str | None = None
    """Why it can't be listed."""


class Discovery:
    """What is served, by group."""

    def __init__(self, groups: Mapping[str, Mapping[str, Collection[str]]], unread: Mapping[str, str]) -> None:
        self._groups = groups
        """Group → plural → versions that can be listed."""
        self._unread = unread
        """Group → why it isn't known what it has; `*`: any group that isn't known."""

    def find(self, api: Api) -> Serving:
        """How a resource is served. Where that isn't known, it is to be tried."""
        served = self._groups.get(api.group, {}).get(api.plural)
        if served is None:
            if api.group in self._unread or (api.group not in self._groups and "*" in self._unread):
                return Serving(version=api.versions[0])
            return Serving(absent=True)
        version = next((one for one in api.versions if one in served), None)
        if version is not None:
            return Serving(version=version)
        have = one_line(", ".join(sorted(served)), 80)
        return Serving(reason=f"served as {have}, which can't be read here" if have else "served, but not as a list")

    def troubles(self) -> list[str]:
        """What could not be found out, a line each."""
        named = (
            (group or "core" if group != "*" else "the groups", why) for group, why in sorted(self._unread.items())
        )
        return [f"discovery of {one_line(group, 120)}: {why}" for group, why in named]


def discover(transport: Transport, apis: Iterable[Api]) -> Discovery:
    """Asks what is served of the groups of some resources. Never raises for what it can't find out."""
    wanted = {api.group for api in apis}
    groups: dict[str, dict[str, set[str]]] = {}
    unread: dict[str, str] = {}
    for path, covers in (("/api", {""} & wanted), ("/apis", wanted - {""})):
        if covers:
            try:
                _discover(transport, path, covers, groups, unread)
            except Unanswered as error:
                unread["" if path == "/api" else "*"] = str(error)
    return Discovery(groups, unread)


def _discover(
    transport: Transport,
    path: str,
    wanted: Collection[str],
    groups: dict[str, dict[str, set[str]]],
    unread: dict[str, str],
) -> None:
    body = _body(transport, path, _AGGREGATED)
    if _decoded(body, _Kind).kind == "APIGroupDiscoveryList":
        for group in _decoded(body, _AggregatedList).items:
            if group.metadata.name in wanted:
                _take_aggregated(group, groups, unread)
        return
    if path == "/api":
        versions = [("", version) for version in _decoded(body, _CoreVersions).versions]
    else:
        listed = [group for group in _decoded(body, _GroupList).groups if group.name in wanted]
        versions = [(group.name, one.version) for group in listed for one in group.versions]
    for number, (group_name, version) in enumerate(versions):
        served = groups.setdefault(group_name, {})
        if number >= _MOST_VERSIONS:
            unread[group_name] = f"the server says that there are more than {_MOST_VERSIONS} versions of groups"
            continue
        where = f"/apis/{group_name}/{version}" if group_name else f"/api/{version}"
        try:
            resources = _decoded(_body(transport, where, JSON), _ResourceList).resources
        except Unanswered as error:
            unread[group_name] = str(error)
            continue
        for resource in resources:
            served.setdefault(resource.name, set()).update([version] if "list" in resource.verbs else [])


def _take_aggregated(group: "_AggregatedGroup", groups: dict[str, dict[str, set[str]]], unread: dict[str, str]) -> None:
    served = groups.setdefault(group.metadata.name, {})
    for version in group.versions:
        if version.freshness == "Stale":
            unread[group.metadata.name] = "the server behind it does not answer"
        for resource in version.resources or ():
            can_list = "list" in (resource.verbs or ())
            served.setdefault(resource.resource, set()).update([version.version] if can_list else [])


def _body(transport: Transport, path: str, accept: str) -> bytes | bytearray:
    answer = transport.get(path, accept=accept)
    if answer.status != 200:
        raise Unanswered(status_line(answer.status))
    return answer.body


def _decoded(body: bytes | bytearray, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unanswered("the answer is not what a Kubernetes API server says") from None


class _Kind(Struct):
    kind: Any = None


class _AggregatedResource(Struct):
    resource: str
    verbs: list[str] | None = None


class _AggregatedVersion(Struct):
    version: str
    resources: list[_AggregatedResource] | None = None
    freshness: str = "Current"


class _Name(Struct):
    name: str = ""


class _AggregatedGroup(Struct):
    versions: list[_AggregatedVersion]
    metadata: _Name = field(default_factory=_Name)


class _AggregatedList(Struct):
    items: list[_AggregatedGroup]


class _CoreVersions(Struct):
    versions: list[str]


class _GroupVersion(Struct):
    version: str


class _Group(Struct):
    name: str
    versions: list[_GroupVersion]


class _GroupList(Struct):
    groups: list[_Group]


class _Resource(Struct):
    name: str
    verbs: list[str]


class _ResourceList(Struct):
    resources: list[_Resource]
