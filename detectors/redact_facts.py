"""Masks what somebody wrote in facts: tags, names, references."""

from typing import Any

from assay.detectors.redact import mask_line
from assay.scanner.api import FREE_TEXT


def mask_facts(facts: dict[str, Any]) -> None:
    """Masks the free text in a resource's facts, as builtins, in place."""
    for name in FREE_TEXT & facts.keys():
        facts[name] = _masked(facts[name], name)


def _masked(value: Any, key: str) -> Any:
    if isinstance(value, str):
        # With its key, as a value may be secret only by what it is called.
        line = mask_line(f"{key} = {value}")
        return line.removeprefix(f"{key} = ") if line.startswith(f"{key} = ") else "[redacted]"
    if isinstance(value, dict):
        return {name: inner if name in ("fact", "origin") else _masked(inner, name) for name, inner in value.items()}
    return [_masked(inner, key) for inner in value] if isinstance(value, list) else value
