"""The typed kinds by name, their JSON Schema, and the check that a resource's facts fit its kind."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from assay.scanner.model.fact import Known, is_unknown
from assay.scanner.model.resource import Resource

HOME = Path(__file__).parent
"""Where the kinds lie."""
KINDS: Mapping[str, str] = {
    "ai.endpoint": "ai:Endpoint",
    "ai.notebook": "ai:Notebook",
    "ai.software": "ai:Software",
    "ai.tenant": "ai:Tenant",
    "ai.training-job": "ai:TrainingJob",
    "ai.workspace": "ai:Workspace",
    "cloud.export": "export:Export",
    "cloud.listing": "cloud:Listing",
    "cluster.control-plane": "cluster:ControlPlane",
    "cluster.device-plugin": "cluster:DevicePlugin",
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
    "identity.account": "account:Account",
    "identity.grant": "identity:Grant",
    "identity.password-policy": "account:PasswordPolicy",
    "identity.principal": "identity:Principal",
    "identity.trust": "identity:Trust",
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
    "service.detection": "detection:Detection",
    "service.image-repository": "service:Repository",
    "service.log-group": "service:LogGroup",
    "service.trail": "service:Trail",
    "storage.access-point": "sharing:AccessPoint",
    "storage.backup-vault": "backup:Vault",
    "storage.bucket": "storage:Bucket",
    "storage.defaults": "sharing:Defaults",
    "storage.file-system": "storage:FileSystem",
    "storage.snapshot": "sharing:Snapshot",
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


def names(kind: str) -> tuple[str, ...]:
    """The kind's fields, in its order."""
    return kind_type(kind).__struct_fields__


def schema(kind: str) -> dict[str, Any]:
    """The kind's JSON Schema (2020-12), as msgspec generates it."""
    return msgspec.json.schema(kind_type(kind))


def check(resource: Resource) -> None:
    """Raises KindError where a fact isn't a field of the kind, or a known value isn't of its type.

    An Unknown fits anywhere, inside lists and structs too.
    """
    checks = _checks(resource.kind)
    for name, fact in resource.facts.items():
        if name not in checks:
            raise KindError(f"{resource.address}: {resource.kind} has no field {name!r}")
        if isinstance(fact, Known):
            quick, wrong = checks[name]
            if type(fact.value) not in quick and (found := wrong(fact.value)) is not None:
                raise KindError(f"{resource.address}: {name}{found}")


class Check(NamedTuple):
    """Tells what is wrong with a value. Made once for each type, as a large inventory has millions of values."""

    quick: frozenset[type]
    """A value of just such a type fits, and needs no call."""
    wrong: Callable[[Any], str | None]
    """What is wrong, after the path to it (`[2].name: expected …`); None: it fits."""


@cache
def _checks(kind: str) -> Mapping[str, Check]:
    return {name: _check_of(info) for name, info in fields(kind).items()}


def _check_of(info: msgspec.inspect.Type) -> Check:
    match info:
        case msgspec.inspect.UnionType(types=types):
            checks = [_check_of(one) for one in types if not isinstance(one, msgspec.inspect.NoneType)]
            return _optional(checks[0], nullable=len(checks) < len(types))
        case msgspec.inspect.ListType(item_type=item):
            return _list(_check_of(item))
        case msgspec.inspect.DictType(value_type=inner):
            return _mapping(_check_of(inner))
        case msgspec.inspect.StructType(fields=found):
            return _struct({field.name: _check_of(field.type) for field in found})
        case msgspec.inspect.BoolType():
            return _scalar((bool,), "a boolean")
        case msgspec.inspect.IntType():
            return _scalar((int,), "an integer")
        case msgspec.inspect.FloatType():
            return _scalar((float, int), "a number")
        case msgspec.inspect.StrType():
            return _scalar((str,), "a string")
        case msgspec.inspect.NoneType():
            return _scalar((type(None),), "null")
    raise KindError(f"kinds may not use {type(info).__name__}")


def _scalar(types: tuple[type, ...], expected: str) -> Check:
    def wrong(value: Any) -> str | None:
        # A subclass fits too, but for booleans, which are integers to Python.
        if is_unknown(value) or type(value) in types or (isinstance(value, types) and not isinstance(value, bool)):
            return None
        return f": expected {expected}, got {type(value).__name__}"

    return Check(frozenset(types), wrong)


def _optional(check: Check, nullable: bool) -> Check:
    if not nullable:
        return check
    return Check(check.quick | {type(None)}, lambda value: None if value is None else check.wrong(value))


def _list(inner: Check) -> Check:
    quick, inner_wrong = inner

    def wrong(value: Any) -> str | None:
        if not isinstance(value, list | tuple):
            return None if is_unknown(value) else f": expected a list, got {type(value).__name__}"
        for index, element in enumerate(value):
            if type(element) not in quick and (found := inner_wrong(element)) is not None:
                return f"[{index}]{found}"
        return None

    return Check(frozenset(), wrong)


def _mapping(inner: Check) -> Check:
    quick, inner_wrong = inner

    def wrong(value: Any) -> str | None:
        if is_unknown(value):
            return None
        if not isinstance(value, dict):
            return f": expected a mapping, got {type(value).__name__}"
        for key, element in value.items():
            if type(element) not in quick and (found := inner_wrong(element)) is not None:
                return f".{key}{found}"
        return None

    return Check(frozenset(), wrong)


def _struct(checks: Mapping[str, Check]) -> Check:
    names = checks.keys()
    each = [(name, *check) for name, check in checks.items()]

    def wrong(value: Any) -> str | None:
        if is_unknown(value):
            return None
        if not isinstance(value, dict):
            return f": expected a mapping, got {type(value).__name__}"
        if value.keys() != names:
            return f": expected exactly the fields {sorted(names)}, got {sorted(value)}"
        for name, quick, inner_wrong in each:
            inner = value[name]
            if type(inner) not in quick and (found := inner_wrong(inner)) is not None:
                return f".{name}{found}"
        return None

    return Check(frozenset(), wrong)
