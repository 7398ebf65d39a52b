"""Exports in, facts out: reads exports that a test writes as the detector does, and shows facts as plain values."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.detectors.assets.detector import AssetsDetector
from assay.scanner.kinds.registry import check
from assay.scanner.model.detector import Remote, Tree
from assay.scanner.model.fact import Known, is_unknown, reason_of
from assay.scanner.model.resource import Failure, Record, Resource

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NUMBER = "projects/410"
SUBSCRIPTION = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ml/providers"


def google(
    type_: str, path: str, data: dict[str, Any] | None, location: str = "europe-west4", **more: Any
) -> dict[str, Any]:
    name = f"//{type_.partition('/')[0]}/{path}"
    resource = {} if data is None else {"resource": {"data": data, "location": location}}
    return {"name": name, "assetType": type_, "ancestors": [NUMBER, "organizations/9"], **resource, **more}


def policy(type_: str, path: str, role: str, *members: str) -> dict[str, Any]:
    return google(type_, path, None, iamPolicy={"bindings": [{"role": role, "members": list(members)}]})


def azure(type_: str, path: str, properties: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return {"id": f"{GROUP}/{path}", "name": path.rpartition("/")[2], "type": type_, "location": "westeurope",
            "properties": properties, **more}  # fmt: skip


def lines(*elements: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in elements)


def observed(root: Path, named: str | None = None, now: datetime = NOW) -> list[Record]:
    """Everything that the detector emits for a folder."""
    tree = Tree(root="", files=(), remote=Remote(names=(named or str(root),)))
    detector = AssetsDetector(now)
    found: list[Record] = []
    for part in detector.plan(tree).parts:
        detector.observe(tree, part, found.append)
    for one in found:
        if isinstance(one, Resource):
            check(one)
    return found


def failures(root: Path) -> list[str]:
    return [one.reason for one in observed(root) if isinstance(one, Failure)]


def facts(root: Path, *elements: Any) -> dict[str, dict[str, Any]]:
    """Last part of the address → facts, of one file with these elements."""
    (root / "export.ndjson").write_bytes(lines(*elements))
    return shown(observed(root))


def shown(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in records:
        assert isinstance(one, Resource), one
        if one.kind != "cloud.export":
            key = one.address.rpartition("/")[2]
            found.setdefault(key, {}).update({name: plain(fact) for name, fact in one.facts.items()})
    return found


def plain(fact: Any) -> Any:
    return f"? {reason_of(fact)}" if is_unknown(fact) else fact.value if isinstance(fact, Known) else fact
