"""Values in a Terraform plan: literals, and references that checkov left where a value is known after apply only."""

import re
from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Bindings
from assay.detectors.cloud.values import Reference, unresolved
from assay.scanner.api import Unknown

_REFERENCE = re.compile(
    r"(?P<address>(?:data\.|module\.)?[A-Za-z]\w*\.[A-Za-z_][\w-]*(?:\[[^\]]*\])?)(?:\.(?P<rest>.+))?"
)
_AFTER_APPLY = "true_after_unknown"


class PlanNames:
    """Resolves the values of one plan."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = ids
        self._bare: dict[str, list[int]] = {}
        for address, id_ in ids.items():
            self._bare.setdefault(re.sub(r"\[[^\]]*\]$", "", address), []).append(id_)

    def resolver(self, address: str) -> Any:
        """The `resolve` of a block at an address."""
        module = re.match(r"(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)*", address)
        prefix = module.group() if module else ""

        def resolve(raw: Any, _bindings: Bindings) -> Any:
            return self._value(raw, prefix)

        return resolve

    def _value(self, raw: Any, prefix: str) -> Any:
        if isinstance(raw, str):
            return self._string(raw, prefix)
        if isinstance(raw, list | tuple):
            return [self._value(element, prefix) for element in raw]
        if isinstance(raw, Mapping):
            return {
                key: self._value(value, prefix)
                for key, value in raw.items()
                if not str(key).startswith("__") and key not in ("start_line", "end_line")
            }
        return raw

    def _string(self, raw: str, prefix: str) -> Any:
        if raw == _AFTER_APPLY:
            return Unknown(reason="unresolved: known after apply only")
        match = _REFERENCE.fullmatch(raw)
        if match is None:
            return raw
        address = prefix + match["address"]
        if address in self._ids:
            targets: tuple[int, ...] = (self._ids[address],)
        else:
            targets = tuple(self._bare.get(re.sub(r"\[[^\]]*\]$", "", address), ()))
        if targets:
            attribute = (match["rest"] or "").split(".")[0]
            return Reference(text=prefix + raw, targets=targets, attribute=attribute, certain=len(targets) == 1)
        return unresolved(raw) if raw.startswith(("data.", "module.", "each.", "count.")) else raw
