"""Kubeconfig files."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def add_context(
    path: Path, context: str, url: str, ca: bytes, credentials: Mapping[str, bytes | str], namespace: str | None
) -> Path:
    """Adds cluster, user and context of one name; bytes are written as base64."""
    document: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": context}
    if path.exists():
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    user = {key: _encoded(value) if isinstance(value, bytes) else value for key, value in credentials.items()}
    chosen = {"cluster": context, "user": context, **({"namespace": namespace} if namespace else {})}
    for key, name, value in (
        ("clusters", "cluster", {"server": url, "certificate-authority-data": _encoded(ca)}),
        ("users", "user", user),
        ("contexts", "context", chosen),
    ):
        others = [one for one in document.get(key) or () if one["name"] != context]
        document[key] = [*others, {"name": context, name: value}]
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    path.chmod(0o600)
    return path


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
