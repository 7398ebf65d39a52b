"""Decodes a page of a list straight into our structs, object by object only where one of them doesn't fit."""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct, field, structs

from assay.detectors.cluster.live.sent import alternatives, shape_of, with_lists_encoded
from assay.detectors.cluster.live.transport import JSON
from assay.detectors.cluster.live.trouble import Unanswered
from assay.detectors.cluster.table import Api, struct_of
from assay.scanner.safe.text import one_line

T = TypeVar("T")

_METADATA_LIST = "PartialObjectMetadataList"
METADATA_ONLY = f"application/json;as={_METADATA_LIST};g=meta.k8s.io;v=v1"
"""Without a second choice: a server that can't leave the values out is to refuse."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_NO_JSON = "a page that is cut short, nested too deeply, or not valid JSON"
_UNDECODABLE = (msgspec.MsgspecError, ValueError, RecursionError)


class Page(Struct, frozen=True, kw_only=True):
    """A piece of a list."""

    objects: list[Any]
    """As `table.struct_of` says, but for what is left encoded in pods: see `whole`."""
    following: str
    """What to go on with; empty: this is the last page."""
    misfits: int = 0
    """Objects of another shape than Kubernetes gives them, which are left out."""
    misfit: str | None = None
    """Where the first of them doesn't fit, without its values."""


def accept(api: Api) -> str:
    """The form in which a list is asked for."""
    return METADATA_ONLY if api.metadata_only else JSON


def prepare(apis: Iterable[Api]) -> None:
    """Makes what decodes these resources, without which nothing is; to be called before there are several threads.

    msgspec learns a struct's shape when it is first used, and a thread that meets it half learned crashes the process.
    """
    for api in apis:
        if api.id not in _DECODERS:
            shape: Any = shape_of(api)
            listed: Any = with_lists_encoded(shape) if api.id == "Pod" else shape
            pages: msgspec.json.Decoder[_List[Any]] = msgspec.json.Decoder(_List[listed])
            _DECODERS[api.id] = (pages, msgspec.json.Decoder(shape))


def decode(api: Api, body: bytes | bytearray, most_parts: int) -> Page:
    """Raises Unanswered for what isn't a list of this kind."""
    # Each takes two bytes at least, so most pages need not be counted through.
    if len(body) > 2 * most_parts and body.count(b"{") + body.count(b"[") > most_parts:
        raise Unanswered(f"a page of more than {most_parts} parts")
    try:
        page = _DECODERS[api.id][0].decode(body)
    except msgspec.ValidationError:
        return _one_by_one(api, body)
    except _UNDECODABLE:
        raise Unanswered(_NO_JSON) from None
    objects = page.items or []
    if (either := alternatives(api)) and not all(_has_one(item, either) for item in objects):
        return _one_by_one(api, body)
    return Page(objects=[_slim(api, item) for item in objects], following=_following(api, page))


def whole(api: Api, item: Any) -> Any:
    """An object of a page with everything decoded. Raises ValidationError where it doesn't fit, and Unanswered."""
    try:
        return _DECODERS[api.id][1].decode(msgspec.json.encode(item))
    except msgspec.ValidationError:
        raise
    except _UNDECODABLE:
        raise Unanswered(_NO_JSON) from None


def misfit(error: Exception) -> str:
    """Where an object doesn't fit, in a line."""
    return one_line(str(error), 160)


def _one_by_one(api: Api, body: bytes | bytearray) -> Page:
    try:
        page = _RAW.decode(body)
    except msgspec.ValidationError:
        raise Unanswered("a page that is not a list") from None
    except _UNDECODABLE:
        raise Unanswered(_NO_JSON) from None
    decode_item = _DECODERS[api.id][1].decode
    either = alternatives(api)
    objects: list[Any] = []
    misfits, first = 0, None
    for item in page.items or ():
        try:
            found = decode_item(item)
            if either and not _has_one(found, either):
                raise ValueError(f"Object has none of the fields {', '.join(either)}")
            objects.append(_slim(api, found))
        except _UNDECODABLE as error:
            misfits += 1
            first = first or misfit(error)
    return Page(objects=objects, following=_following(api, page), misfits=misfits, misfit=first)


def _has_one(item: Any, fields: Iterable[str]) -> bool:
    return any(getattr(item, field) is not None for field in fields)


def _slim(api: Api, item: Any) -> Any:
    """For what is asked for as metadata alone, the struct of the whole object with nothing but its metadata.

    kubectl keeps a copy of the values in an annotation, which is dropped.
    """
    if not api.metadata_only:
        return item
    meta = item.metadata
    if meta.annotations and _LAST_APPLIED in meta.annotations:
        kept = {key: value for key, value in meta.annotations.items() if key != _LAST_APPLIED}
        meta = structs.replace(meta, annotations=kept)
    return struct_of(api.id)(metadata=meta)


def _following(api: Api, page: "_List[Any]") -> str:
    # Whoever defines a custom resource may call its lists something else.
    named = page.kind.endswith("List") if api.optional else page.kind == f"{api.kind}List"
    if page.kind == _METADATA_LIST:
        named = api.metadata_only
    if not named:
        raise Unanswered("an answer that is not a list of what was asked for")
    following = (page.metadata.next if page.metadata else None) or ""
    if page.metadata and page.metadata.remaining and not following:
        raise Unanswered("a list of which more remains, without a way to go on")
    if len(following) > 8192:
        raise Unanswered("a list that goes on with a longer token than any API server gives")
    return following


class _ListMeta(Struct):
    next: str | None = field(name="continue", default=None)
    remaining: int | None = field(name="remainingItemCount", default=None)


class _List(Struct, Generic[T]):
    kind: str
    items: list[T] | None
    metadata: _ListMeta | None = None


_RAW = msgspec.json.Decoder(_List[msgspec.Raw])

_DECODERS: dict[str, tuple[msgspec.json.Decoder[_List[Any]], msgspec.json.Decoder[Any]]] = {}
"""By the resource's id, of a list and of one object."""
