"""In which form an answer is wanted: the Accept header, of which JSON alone is served."""

from enum import Enum


class Form(Enum):
    """What an answer looks like."""

    WHOLE = "whole"
    METADATA = "metadata"
    TABLE = "table"
    DISCOVERY = "discovery"


def accepted(header: str, offered: dict[str, Form]) -> Form | None:
    """The form that the client likes best; None: none of those that are offered (406).

    `offered` maps what follows `as=` to a form; a form that was not offered is passed over, as are protobuf, YAML
    and CBOR.
    """
    if not header.strip():
        return Form.WHOLE
    ranges = sorted((_range(part) for part in header.split(",")), key=lambda one: -one[0])
    for quality, media, parameters in ranges:
        if quality <= 0 or media not in ("application/json", "application/*", "*/*"):
            continue
        wanted = parameters.get("as")
        if wanted is None:
            return Form.WHOLE
        place = (parameters.get("g"), parameters.get("v"))
        group = {"APIGroupDiscoveryList": ("apidiscovery.k8s.io", "v2")}.get(wanted, ("meta.k8s.io", "v1"))
        if wanted in offered and place == group:
            return offered[wanted]
    return None


def _range(part: str) -> tuple[float, str, dict[str, str]]:
    media, *rest = (piece.strip() for piece in part.split(";"))
    parameters = dict(piece.partition("=")[::2] for piece in rest)
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        quality = 0
    return quality, media, parameters
