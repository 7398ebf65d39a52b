"""Lists as `kubectl get` asks for them: rows and columns, with a few kinds' own columns."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.kube_server.apis import Api
from tests.kube_server.storage import Row

Object = dict[str, Any]
Column = tuple[str, Callable[[Object], Any]]


def _at(*path: str, otherwise: Any = "<none>") -> Callable[[Object], Any]:
    def cell(one: Object) -> Any:
        found: Any = one
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return otherwise if found is None else found

    return cell


def _ready(one: Object) -> str:
    statuses = (one.get("status") or {}).get("containerStatuses") or ()
    return f"{sum(bool(status.get('ready')) for status in statuses)}/{len(one['spec'].get('containers') or ())}"


def _replicas(one: Object) -> str:
    return f"{_at('status', 'readyReplicas', otherwise=0)(one)}/{_at('spec', 'replicas', otherwise=1)(one)}"


_NAME: Column = ("Name", _at("metadata", "name"))
_AGE: Column = ("Age", _at("metadata", "creationTimestamp"))
_COLUMNS: dict[str, tuple[Column, ...]] = {
    "namespaces": (("Status", _at("status", "phase")),),
    "pods": (("Ready", _ready), ("Status", _at("status", "phase"))),
    "deployments.apps": (
        ("Ready", _replicas),
        ("Up-to-date", _at("status", "updatedReplicas", otherwise=0)),
        ("Available", _at("status", "availableReplicas", otherwise=0)),
    ),
    "services": (("Type", _at("spec", "type")), ("Cluster-IP", _at("spec", "clusterIP"))),
    "secrets": (("Type", _at("type")), ("Data", lambda one: len(one.get("data") or ()))),
}


def table(api: Api, rows: Sequence[Row], metadata: dict[str, Any], include: str) -> dict[str, Any]:
    """`include` is the query's includeObject: `None`, `Metadata` or `Object`."""
    columns = [_NAME, *_COLUMNS.get(api.name, ()), _AGE]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [
            {"name": name, "type": "string", "format": "name" * (name == "Name"), "description": "", "priority": 0}
            for name, _ in columns
        ],
        "rows": [_row(api, row, columns, include) for row in rows],
    }  # fmt: skip


def _row(api: Api, row: Row, columns: Sequence[Column], include: str) -> dict[str, Any]:
    one = row.decoded()
    made: dict[str, Any] = {"cells": [str(cell(one)) for _, cell in columns]}
    if include == "Object":
        made["object"] = {"kind": api.kind, "apiVersion": api.group_version, **one}
    elif include != "None":
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        made["object"] = {**partial, "metadata": one["metadata"]}
    return made
