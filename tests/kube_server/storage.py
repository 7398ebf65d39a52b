"""The objects of the test server, with pages over a snapshot that lasts until it is compacted away."""

import base64
import binascii
import json
import threading
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from tests.kube_server import slow_rbac
from tests.kube_server.apis import BUILT_IN, Api, declared

Object = Mapping[str, Any]
CREATED = "2026-01-01T00:00:00Z"
FIRST = 1000
"""The resource version before anything is stored."""


class UnknownKindError(ValueError):
    """A seed of a kind that the server does not know."""


class Expired(Exception):
    """The snapshot of a `continue` is gone; `again` is a token that goes on with what is there now."""

    def __init__(self, again: str) -> None:
        super().__init__(again)
        self.again = again


class Malformed(Exception):
    """A `continue` that this server did not make."""


class Row:
    """A stored object, encoded as it stands in a list."""

    __slots__ = ("_metadata", "key", "labels", "namespace", "raw")

    def __init__(self, api: Api, one: Object) -> None:
        metadata = one["metadata"]
        self.namespace: str = metadata.get("namespace") or ""
        self.key = f"{self.namespace}/{metadata['name']}" if api.namespaced else str(metadata["name"])
        self.labels: Mapping[str, str] = metadata.get("labels") or {}
        typed = api.custom
        self.raw: bytes = orjson.dumps({k: v for k, v in one.items() if typed or k not in ("kind", "apiVersion")})
        self._metadata: bytes | None = None

    def decoded(self) -> dict[str, Any]:
        """The object, without kind and API version unless it is a custom resource."""
        return dict(orjson.loads(self.raw))

    def metadata(self) -> bytes:
        """As PartialObjectMetadata."""
        if self._metadata is None:
            partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
            self._metadata = orjson.dumps({**partial, "metadata": self.decoded()["metadata"]})
        return self._metadata


class Page(NamedTuple):
    """Part of a list."""

    rows: tuple[Row, ...]
    version: int
    again: str
    """The token for the next page; empty at the end."""
    remaining: int


class Storage:
    """Objects by resource, in the order of their keys. May be changed while requests are being answered."""

    def __init__(self, objects: Iterable[Object], apis: Iterable[Api] = ()) -> None:
        self.apis: list[Api] = [*BUILT_IN, *apis]
        self._lock = threading.RLock()
        self._version = FIRST
        self._rows: dict[str, tuple[Row, ...]] = {}
        self._snapshots: dict[tuple[str, int], tuple[Row, ...]] = {}
        self._rbac: dict[tuple[str, str], dict[str, Any]] = {}
        self._load(objects)

    def put(self, one: Object) -> None:
        """Adds an object, or replaces the one of its name."""
        with self._lock:
            self._load([one])

    def remove(self, one: Object) -> None:
        """Takes the object of this kind and name away."""
        with self._lock:
            api = self.api_of(one)
            key = Row(api, one).key
            self._version += 1
            self._rows[api.name] = tuple(row for row in self._rows.get(api.name, ()) if row.key != key)
            self._rbac.pop((api.name, key), None)
            self._aggregate()

    def compact(self) -> None:
        """Forgets all snapshots, so that every `continue` is too old."""
        with self._lock:
            self._version += 1
            self._snapshots.clear()

    def rbac(self) -> list[Object]:
        """Roles and bindings, decoded."""
        with self._lock:
            return list(self._rbac.values())

    def api_of(self, one: Object) -> Api:
        """The resource that an object belongs to, by its kind and group."""
        kind, version = one.get("kind"), str(one.get("apiVersion"))
        group = version.rpartition("/")[0]
        found = [api for api in self.apis if api.kind == kind and api.group == group]
        if not found:
            raise UnknownKindError(
                f"{version} {kind} is not served; seed its CustomResourceDefinition before it, or give apis=[custom(…)]"
            )
        return found[0]

    def rows(self, api: Api) -> tuple[Row, ...]:
        """All there are now."""
        return self._rows.get(api.name, ())

    def get(self, api: Api, namespace: str, name: str) -> Row | None:
        """One object."""
        rows = self.rows(api)
        key = f"{namespace}/{name}" if api.namespaced else name
        at = bisect_left(rows, key, key=lambda row: row.key)
        return rows[at] if at < len(rows) and rows[at].key == key else None

    def page(
        self, api: Api, wanted: Callable[[Row], bool] | None, limit: int, token: str, cached: bool = False
    ) -> Page:
        """A page of the rows that are `wanted` (None: all). `cached` is `resourceVersion=0`: no page, but everything.

        A token goes on in the snapshot that it was made for, after the row that it names.
        """
        with self._lock:
            version, rows, after = self._version, self.rows(api), ""
            if token:
                version, rows, after = self._resume(api, token)
            start = bisect_left(rows, after + "\0", key=lambda row: row.key) if after else 0
            rest = rows[start:]
            chosen = rest if wanted is None else tuple(row for row in rest if wanted(row))
            if not limit or cached or len(chosen) <= limit:
                return Page(chosen, version, "", 0)
            self._snapshots[api.name, version] = rows
            again = _token(version, chosen[limit - 1].key)
            return Page(chosen[:limit], version, again, len(chosen) - limit)

    def _resume(self, api: Api, token: str) -> tuple[int, tuple[Row, ...], str]:
        version, after = _read_token(token)
        if version == -1:
            return self._version, self.rows(api), after
        rows = self._snapshots.get((api.name, version))
        if rows is None:
            raise Expired(_token(-1, after))
        return version, rows, after

    def _load(self, objects: Iterable[Object]) -> None:
        """Rows are sorted once for all objects."""
        fresh: dict[str, dict[str, Row]] = {}
        for one in objects:
            if one.get("kind") == "CustomResourceDefinition":
                self.apis += [api for api in declared(one) if api not in self.apis]
            api = self.api_of(one)
            self._version += 1
            whole = _completed(api, one, self._version)
            row = Row(api, whole)
            fresh.setdefault(api.name, {})[row.key] = row
            if api.group == slow_rbac.RBAC:
                self._rbac[api.name, row.key] = whole
        for name, rows in fresh.items():
            merged = {row.key: row for row in self._rows.get(name, ())} | rows
            self._rows[name] = tuple(merged[key] for key in sorted(merged))
        if any(name.endswith(slow_rbac.RBAC) for name in fresh):
            self._aggregate()

    def _aggregate(self) -> None:
        """Fills in the rules of aggregated ClusterRoles, as the controller of a real cluster does."""
        everything = [self._rbac[key] for key in sorted(self._rbac)]
        api = next(api for api in self.apis if api.kind == "ClusterRole")
        rows = {row.key: row for row in self.rows(api)}
        for one in everything:
            if one["kind"] == "ClusterRole" and slow_rbac.selectors_of(one):
                rules: list[Object] = []
                for rule in slow_rbac.role_rules(everything, one):
                    if rule not in rules:
                        rules.append(rule)
                one["rules"] = rules
                rows[one["metadata"]["name"]] = Row(api, one)
        self._rows[api.name] = tuple(rows[key] for key in sorted(rows))


def _completed(api: Api, one: Object, version: int) -> dict[str, Any]:
    """With what the server itself writes into metadata; nothing else gets a default."""
    metadata = dict(one.get("metadata") or {})
    if not metadata.get("name"):
        raise ValueError(f"a {api.kind} without a name")
    if api.namespaced:
        metadata.setdefault("namespace", "default")
    else:
        metadata.pop("namespace", None)
    seed = f"{api.name}/{metadata.get('namespace', '')}/{metadata['name']}"
    metadata.setdefault("uid", str(uuid.uuid5(uuid.NAMESPACE_URL, seed)))
    metadata.setdefault("creationTimestamp", CREATED)
    metadata["resourceVersion"] = str(version)
    return {**one, "apiVersion": api.group_version, "metadata": metadata}


def _token(version: int, after: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": f"{after}\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _read_token(token: str) -> tuple[int, str]:
    try:
        content = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        version, start = content["rv"], content["start"]
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise Malformed("invalid continue token: continue key is not valid") from error
    if not isinstance(version, int) or not version or not isinstance(start, str) or not start:
        raise Malformed("invalid continue token: continue key is not valid: incorrect encoded start")
    return version, start.removesuffix("\0")
