"""When a client's certificate ends: API servers answer an expired one as if nobody had asked, without a word on it."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_VERSION_TAG, _UTC_TIME, _GENERALISED_TIME = 0xA0, 0x17, 0x18


def expiry(certificate: Path) -> datetime | None:
    """The end of the first certificate of a PEM file; None where it can't be told."""
    try:
        text = certificate.read_text(encoding="latin-1")
        start = text.index(_BEGIN)
        whole = ssl.PEM_cert_to_DER_cert(text[start : text.index(_END, start) + len(_END)])
        return _not_after(whole)
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _not_after(certificate: bytes) -> datetime:
    """RFC 5280, 4.1: the second time of the fourth field, or of the fifth where the version is named."""
    _, signed = next(_elements(certificate))
    _, fields = next(_elements(signed))
    validity = [content for tag, content in _elements(fields) if tag != _VERSION_TAG][3]
    tag, text = list(_elements(validity))[1]
    if tag not in (_UTC_TIME, _GENERALISED_TIME):
        raise ValueError("no time")
    moment = text.decode("ascii")
    if tag == _UTC_TIME:
        moment = ("19" if int(moment[:2]) >= 50 else "20") + moment
    return datetime.strptime(moment, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element of a DER sequence."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        if at + length > len(data):
            raise ValueError("an element is cut short")
        yield tag, data[at : at + length]
        at += length
