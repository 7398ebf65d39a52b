"""Access reviews in Kubernetes' protobuf, which kubectl sends; answers are JSON, which it takes as well.

See: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

from collections.abc import Iterator, Mapping
from typing import Any

MEDIA = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_KIND, _RAW, _SPEC, _NAME_OF_KIND = 1, 2, 2, 2
_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5
_LONGEST_VARINT = 10

Fields = Mapping[int, tuple[str, Any]]
"""Number → name, and `str`, `list` for a repeated string, or the fields of the message that it holds."""

_ACCESS: Fields = {
    1: (
        "resourceAttributes",
        {
            1: ("namespace", str),
            2: ("verb", str),
            3: ("group", str),
            4: ("version", str),
            5: ("resource", str),
            6: ("subresource", str),
            7: ("name", str),
        },
    ),
    2: ("nonResourceAttributes", {1: ("path", str), 2: ("verb", str)}),
    3: ("user", str),
    4: ("groups", list),
}
_SPECS: Mapping[str, Fields] = {
    "SelfSubjectAccessReview": _ACCESS,
    "SelfSubjectReview": {},
    "SelfSubjectRulesReview": {1: ("namespace", str)},
    "SubjectAccessReview": _ACCESS,
}


class ProtobufError(ValueError):
    """Bytes that are no review."""


def spec(body: bytes) -> dict[str, Any]:
    """The `spec` of a review, named as in JSON; what we don't look at is left out."""
    if not body.startswith(_MAGIC):
        raise ProtobufError("the body doesn't begin with Kubernetes' magic number")
    envelope = dict(_fields(body[len(_MAGIC) :]))
    kind = _text(dict(_fields(_bytes(envelope.get(_KIND, b"")))).get(_NAME_OF_KIND, b""))
    if kind not in _SPECS:
        raise ProtobufError(f"{kind!r} is no review")
    review = dict(_fields(_bytes(envelope.get(_RAW, b""))))
    return _message(_bytes(review.get(_SPEC, b"")), _SPECS[kind])


def _message(data: bytes, fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, value in _fields(data):
        name, form = fields.get(number, ("", None))
        if form is str:
            found[name] = _text(value)
        elif form is list:
            found.setdefault(name, []).append(_text(value))
        elif form is not None:
            found[name] = _message(_bytes(value), form)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and value; of what has neither a length nor is a varint, nothing is told."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif wire == _BYTES:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ProtobufError("the body is cut short")
            yield number, data[at : at + length]
            at += length
        elif wire in (_LONG, _SHORT):
            at += 8 if wire == _LONG else 4
        else:
            raise ProtobufError(f"wire type {wire} isn't known")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise ProtobufError("the body is cut short")


def _bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise ProtobufError("a number stands where a message belongs")
    return value


def _text(value: bytes | int) -> str:
    return _bytes(value).decode()
