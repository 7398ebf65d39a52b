"""Values that CloudFormation writes differently from Terraform."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.values import written


def acl_name(value: Any) -> Any:
    """`PublicReadWrite` → `public-read-write`."""
    if not isinstance(value, str):
        return value
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in value).lstrip("-")


def type_names(value: Any) -> Any:
    """`[{Type: audit}]` → `[audit]`."""
    if not isinstance(value, list):
        return value
    return [element.get("Type") if isinstance(element, Mapping) else element for element in value]


def parameter_blocks(value: Any) -> Any:
    """`{name: value}` → blocks of a name and a value."""
    if not isinstance(value, Mapping):
        return value
    return [{"name": name, "value": written(inner)} for name, inner in value.items()]


def log_option_blocks(value: Any) -> Any:
    """`{AUDIT_LOGS: {Enabled}}` → blocks of a type and whether it is enabled."""
    if not isinstance(value, Mapping):
        return value
    return [
        {"log_type": name, "enabled": inner.get("Enabled") if isinstance(inner, Mapping) else inner}
        for name, inner in value.items()
    ]
