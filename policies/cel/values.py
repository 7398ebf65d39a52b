"""Facts' values as the engine takes them.

It takes in booleans and numbers twenty times faster than strings. So a string that is only ever compared with constants
is given as a number that stands for it.
"""

import hashlib
from typing import Any

from assay.policies.cel.error import CelError
from assay.scanner.model.fact import is_unknown

MARKER = b"?"
"""Stands for an Unknown inside the engine; no kind has a field of bytes."""
_SCALARS = frozenset({str, bool, int, float, type(None)})
_NO_CONSTANT = -1
_CODE_BYTES = 6
_codes: dict[str, int] = {}
_constants: dict[int, str] = {}


def code(constant: str) -> int:
    """The number that stands for a string which some expression compares with; the same in every process."""
    found = _codes.get(constant)
    if found is None:
        text = constant.encode("utf-8", "surrogatepass")
        found = int.from_bytes(hashlib.blake2b(text, digest_size=_CODE_BYTES).digest())
        if _constants.setdefault(found, constant) != constant:
            raise CelError(f"{constant!r} can't be told from {_constants[found]!r} here; spell one of them otherwise")
        _codes[constant] = found
    return found


def constant_of(number: int) -> str | None:
    """The string for which a number stands; None: it is a number like any other."""
    return _constants.get(number)


def coded(value: Any, unknown: list[Any]) -> Any:
    """A string's number, and one for all strings that no expression compares with; anything else as by `plain`."""
    return _codes.get(value, _NO_CONSTANT) if type(value) is str else plain(value, unknown)


def plain(value: Any, unknown: list[Any]) -> Any:
    """A fact's value with the marker for what is unknown, which is added to `unknown`."""
    if type(value) in _SCALARS:
        return value
    if is_unknown(value):
        unknown.append(value)
        return MARKER
    if isinstance(value, dict):
        return {key: plain(element, unknown) for key, element in value.items()}
    return [plain(element, unknown) for element in value]
