"""JSON Schemas of the policy files, for editors: `# yaml-language-server: $schema=…` at the top of a file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from assay.policies import pack_files
from assay.policies.pack_loading import PackText
from assay.policies.scale import Scale
from assay.scanner.config.waivers import WaiverFile
from assay.scanner.kinds import registry
from assay.scanner.model.rule import Rule

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def rule_schema(home: Path) -> dict[str, Any]:
    """Rules: kinds and safeguards by name, and the facts of examples by the fields of the rule's kind."""
    schema = _schema(Rule)
    rule = schema["$defs"]["Rule"]
    rule["properties"]["kind"] = {"enum": sorted(registry.KINDS)}
    rule["properties"]["safeguards"]["items"] = {"enum": _safeguards(home)}
    rule["properties"]["scale"] = msgspec.json.schema(Scale)["$defs"]["Scale"]
    rule["required"].remove("severity")
    rule["oneOf"] = [{"required": ["assert"]}, {"required": ["rego", "reads"]}]
    rule["allOf"] = [{"oneOf": [{"required": ["scale"]}, {"required": ["severity"]}]}] + [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {"properties": {"examples": {"items": {"properties": {"facts": _facts(kind)}}}}},
        }
        for kind in sorted(registry.KINDS)
    ]
    return schema


def pack_schema(home: Path) -> dict[str, Any]:
    """Packs, safeguards by name."""
    schema = _schema(PackText)
    for definition in schema["$defs"].values():
        safeguards = definition.get("properties", {}).get("safeguards")
        if safeguards:
            safeguards["items"] = {"enum": _safeguards(home)}
    return schema


def waivers_schema(_: Path) -> dict[str, Any]:
    """Files of waivers."""
    return _schema(WaiverFile)


SCHEMAS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    "pack": pack_schema,
    "rule": rule_schema,
    "waivers": waivers_schema,
}
"""What a schema is for → how it is made, from the folder of the built-in policy."""


def _schema(of: type[msgspec.Struct]) -> dict[str, Any]:
    return {"$schema": DIALECT, **msgspec.json.schema(of)}


def _safeguards(home: Path) -> list[str]:
    return sorted(pack_files.load_safeguards(home / "safeguards.yaml"))


def _facts(kind: str) -> dict[str, Any]:
    """Only the names of fields: any value may also be `{unknown: reason}`, at any depth."""
    return {"properties": dict.fromkeys(sorted(registry.fields(kind)), True), "additionalProperties": False}
