"""Makes text that no output can be encoded with, as an escape such as `"\\ud800"` leaves it behind, plain again."""

from typing import Any

from msgspec import convert, json, to_builtins

from assay.scanner.api import Record


def encodable(record: Record) -> Record:
    """The record, with question marks for half characters."""
    try:
        json.encode(record)
    except UnicodeEncodeError:
        made: Record = convert(valid_text(to_builtins(record)), type(record))
        return made
    return record


def valid_text(value: Any) -> Any:
    """JSON's values, with question marks for half characters."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {valid_text(key): valid_text(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [valid_text(one) for one in value]
    return value
