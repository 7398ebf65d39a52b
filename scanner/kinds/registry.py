"""The typed kinds by name, their JSON Schema, and the check that a resource's facts fit its kind."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, cast

import msgspec

from assay.scanner.model.fact import Known, is_unknown
from assay.scanner.model.resource import Resource

KINDS: Mapping[str, str] = {
    "ai.endpoint": "ai:Endpoint",
    "ai.notebook": "ai:Notebook",
    "ai.software": "ai:Software",
    "ai.tenant": "ai:Tenant",
    "ai.training-job": "ai:TrainingJob",
    "ai.workspace": "ai:Workspace",
    "cluster.control-plane": "cluster:ControlPlane",
    "cluster.disruption-budget": "cluster:DisruptionBudget",
    "cluster.listing": "cluster:Listing",
    "cluster.namespace": "cluster:Namespace",
    "cluster.node": "cluster:Node",
    "cluster.persistent-volume": "cluster:PersistentVolume",
    "cluster.storage-class": "cluster:StorageClass",
    "cluster.volume-claim": "cluster:VolumeClaim",
    "cluster.webhook": "cluster:Webhook",
    "crypto.key": "crypto:Key",
    "database.instance": "database:Database",
    "dataset.table": "dataset:Table",
    "identity.grant": "identity:Grant",
    "identity.principal": "identity:Principal",
    "network.boundary": "network:Boundary",
    "network.gateway": "traffic:Gateway",
    "network.mesh-policy": "traffic:MeshPolicy",
    "network.network": "network:Network",
    "network.policy": "traffic:Policy",
    "network.route": "traffic:Route",
    "network.service": "traffic:Service",
    "rbac.binding": "rbac:Binding",
    "rbac.grant": "rbac:Grant",
    "rbac.role": "rbac:Role",
    "rbac.service-account": "rbac:ServiceAccount",
    "rbac.subject": "rbac:Subject",
    "service.cluster": "service:Cluster",
    "service.image-repository": "service:Repository",
    "service.log-group": "service:LogGroup",
    "service.trail": "service:Trail",
    "storage.bucket": "storage:Bucket",
    "storage.file-system": "storage:FileSystem",
    "storage.volume": "storage:Volume",
    "workload.pods": "workload:Pods",
}


FREE_TEXT = frozenset({"tags", "principals", "assumable_by", "kms_key", "permission_boundary", "name"})
"""Fields that hold what somebody wrote, which may be a secret or a person's address: masked by whoever states them,
and in no message. Rules ask of them only whether there is one, whether it is everyone, or which keys it has."""


class KindError(ValueError):
    """Facts that do not fit their kind; says which field and how."""


@cache
def kind_type(kind: str) -> type[msgspec.Struct]:
    """The struct that describes a kind's fields. Raises KindError for an unknown kind."""
    if kind not in KINDS:
        raise KindError(f"no kind is named {kind!r}; the kinds are {', '.join(sorted(KINDS))}")
    module, name = KINDS[kind].split(":")
    return cast(type[msgspec.Struct], getattr(import_module(f"assay.scanner.kinds.{module}"), name))


@cache
def fields(kind: str) -> Mapping[str, msgspec.inspect.Type]:
    """Field name → the type of its value."""
    info = msgspec.inspect.type_info(kind_type(kind))
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101  # kind_type returns structs only
    return {field.name: field.type for field in info.fields}


def schema(kind: str) -> dict[str, Any]:
    """The kind's JSON Schema (2020-12), as msgspec generates it."""
    return msgspec.json.schema(kind_type(kind))


def check(resource: Resource) -> None:
    """Raises KindError where a fact isn't a field of the kind, or a known value isn't of its type.

    An Unknown fits anywhere, inside lists and structs too.
    """
    types = fields(resource.kind)
    for name, fact in resource.facts.items():
        if name not in types:
            raise KindError(f"{resource.address}: {resource.kind} has no field {name!r}")
        if isinstance(fact, Known):
            _check_value(fact.value, types[name], f"{resource.address}: {name}")


def _check_value(value: Any, info: msgspec.inspect.Type, where: str) -> None:
    if is_unknown(value):
        return
    match info:
        case msgspec.inspect.UnionType(types=types):
            if value is None and any(isinstance(t, msgspec.inspect.NoneType) for t in types):
                return
            for candidate in types:
                if not isinstance(candidate, msgspec.inspect.NoneType):
                    _check_value(value, candidate, where)
                    return
        case msgspec.inspect.ListType(item_type=item):
            if not isinstance(value, list | tuple):
                raise KindError(f"{where}: expected a list, got {type(value).__name__}")
            for index, element in enumerate(value):
                _check_value(element, item, f"{where}[{index}]")
        case msgspec.inspect.DictType(value_type=inner):
            if not isinstance(value, dict):
                raise KindError(f"{where}: expected a mapping, got {type(value).__name__}")
            for key, element in value.items():
                _check_value(element, inner, f"{where}.{key}")
        case msgspec.inspect.StructType(fields=struct_fields):
            if not isinstance(value, dict):
                raise KindError(f"{where}: expected a mapping, got {type(value).__name__}")
            names = {field.name for field in struct_fields}
            if set(value) != names:
                raise KindError(f"{where}: expected exactly the fields {sorted(names)}, got {sorted(value)}")
            for field in struct_fields:
                _check_value(value[field.name], field.type, f"{where}.{field.name}")
        case msgspec.inspect.BoolType():
            if not isinstance(value, bool):
                raise KindError(f"{where}: expected a boolean, got {type(value).__name__}")
        case msgspec.inspect.IntType():
            if not isinstance(value, int) or isinstance(value, bool):
                raise KindError(f"{where}: expected an integer, got {type(value).__name__}")
        case msgspec.inspect.FloatType():
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise KindError(f"{where}: expected a number, got {type(value).__name__}")
        case msgspec.inspect.StrType():
            if not isinstance(value, str):
                raise KindError(f"{where}: expected a string, got {type(value).__name__}")
        case msgspec.inspect.NoneType():
            if value is not None:
                raise KindError(f"{where}: expected null, got {type(value).__name__}")
        case _:
            raise KindError(f"{where}: kinds may not use {type(info).__name__}")
