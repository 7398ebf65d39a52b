"""The shapes that a server's objects have at least: more than those of files, where much may be left to defaults."""

import types
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec
from msgspec import Struct

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.table import Api, struct_of

_USUAL = "spec"
"""Of nearly every object; some of our structs don't look into it."""
_MADE_ALIKE = ("containers", "init_containers", "ephemeral_containers", "volumes")
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Named(Meta, frozen=True, kw_only=True, rename="camel"):
    """The metadata of what has no namespace."""

    name: _Text


class Placed(Meta, frozen=True, kw_only=True, rename="camel"):
    """The metadata of what has a namespace."""

    name: _Text
    namespace: _Text


class MetadataOfNamed(Struct):
    """What is asked for as metadata alone."""

    metadata: Named


class MetadataOfPlaced(Struct):
    """The same of what has a namespace."""

    metadata: Placed


def shape_of(api: Api) -> Any:
    """What an object is decoded to: `table.struct_of`, or a subclass that requires what a server always sends."""
    if api.metadata_only:
        return MetadataOfPlaced if api.namespaced else MetadataOfNamed
    shape = struct_of(api.id)
    paths = [path.split(".") for path in api.sent if "|" not in path and (path != _USUAL or hasattr(shape, _USUAL))]
    made = _requiring(shape, paths)
    meta = ("metadata", Placed if api.namespaced else Named)
    return msgspec.defstruct(made.__name__, [meta], bases=(made,), frozen=True, kw_only=True, rename="camel")


def with_lists_encoded(shape: Any) -> Any:
    """The shape of a pod in which each container and volume stays as it was sent.

    They are most of a cluster's bytes, and nearly all of them those of another pod of the same template.
    """
    (spec,) = (one.type for one in msgspec.structs.fields(shape) if one.name == "spec")
    lists: list[tuple[str, Any, Any]] = [
        (one.name, tuple[msgspec.Raw, ...], msgspec.field(name=one.encode_name))
        if one.required
        else (one.name, tuple[msgspec.Raw, ...] | None, msgspec.field(name=one.encode_name, default=None))
        for one in msgspec.structs.fields(spec)
        if one.name in _MADE_ALIKE
    ]
    encoded = _narrowed(spec, lists)
    return _narrowed(shape, [("spec", encoded, msgspec.field())])


def alternatives(api: Api) -> tuple[str, ...]:
    """Fields of which an object has one at least."""
    return tuple(name for path in api.sent if "|" in path for name in path.split("|"))


def _requiring(shape: type[Struct], paths: Iterable[list[str]]) -> type[Struct]:
    within: defaultdict[str, list[list[str]]] = defaultdict(list)
    for first, *rest in paths:
        within[first] += [rest] if rest else []
    fields: list[tuple[str, Any, Any]] = []
    for one in msgspec.structs.fields(shape):
        if one.encode_name in within:
            needed = within.pop(one.encode_name)
            # A list may be null: so Go writes an empty one.
            kind = one.type if _is_list(one.type) else _without_none(one.type)
            fields.append((one.name, _requiring(kind, needed) if needed else kind, msgspec.field(name=one.encode_name)))
    if within:
        raise TypeError(f"{shape.__name__} has no field {sorted(within)}")
    return _narrowed(shape, fields)


def _narrowed(shape: type[Struct], fields: Iterable[tuple[str, Any, Any]]) -> type[Struct]:
    return msgspec.defstruct(
        shape.__name__, fields, bases=(shape,), frozen=True, kw_only=True, gc=shape.__struct_config__.gc
    )


def _is_list(kind: Any) -> bool:
    return any(get_origin(one) is list for one in _members(kind))


def _without_none(kind: Any) -> Any:
    members = [one for one in _members(kind) if one is not types.NoneType]
    return cast(Any, Union[tuple(members)])  # noqa: UP007  # made from a list


def _members(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
