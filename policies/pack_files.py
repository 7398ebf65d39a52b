"""Loads safeguards and the catalogues of engines' checks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from assay.policies.read import PolicyError, at, convert, parse, read, read_bytes
from assay.policies.scale import Scale
from assay.scanner.model.rule import Engine, EngineCheck, Safeguard


class CategoryDefault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every check of an engine's category, unless the check says otherwise."""

    scale: Scale
    safeguards: tuple[str, ...]
    fix: str


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    category: str
    surfaces: tuple[str, ...]
    scale: Scale | None = None
    """Where it is absent nobody has considered the check yet, and its category's default holds."""
    safeguards: tuple[str, ...] | None = None
    fix: str | None = None
    empty_pass: bool = False
    """It also passes where there is nothing of what it looks at."""


class _Catalogue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    engine: str
    version: str
    defaults: Mapping[str, CategoryDefault]
    checks: Mapping[str, _Entry]


def load_safeguards(path: Path) -> Mapping[str, Safeguard]:
    """By id, in the file's order. Raises PolicyError."""
    found: dict[str, Safeguard] = {}
    for index, safeguard in enumerate(read(path, tuple[Safeguard, ...])):
        if safeguard.id in found:
            raise at(f"the safeguard {safeguard.id!r} is given twice", read_bytes(path), path, (index, "id"))
        found[safeguard.id] = safeguard
    return found


def load_engine(path: Path, safeguards: Mapping[str, Safeguard]) -> Engine:
    """An engine's catalogue, category defaults filled in. Raises PolicyError."""
    text = read_bytes(path)
    catalogue = convert(parse(text, path), _Catalogue, text, path)
    checks: dict[str, EngineCheck] = {}
    for name, entry in catalogue.checks.items():
        default = catalogue.defaults.get(entry.category)
        if default is None:
            raise at(f"no default for the category {entry.category!r}", text, path, ("checks", name, "category"))
        checks[name] = EngineCheck(
            id=name,
            title=entry.title,
            category=entry.category,
            surfaces=entry.surfaces,
            severity=(entry.scale or default.scale).severity,
            safeguards=entry.safeguards or default.safeguards,
            fix=entry.fix or default.fix,
            empty_pass=entry.empty_pass,
        )
    for default_of, default in catalogue.defaults.items():
        _check_safeguards(default.safeguards, safeguards, text, path, ("defaults", default_of, "safeguards"))
    for name, check in checks.items():
        _check_safeguards(check.safeguards, safeguards, text, path, ("checks", name, "safeguards"))
    general = catalogue.defaults.get("GENERAL_SECURITY")
    if general is None:
        raise PolicyError(f"{path}:1: defaults: GENERAL_SECURITY is needed for checks that the catalogue lacks")
    fallback = EngineCheck(
        id="?",
        title="",
        category="GENERAL_SECURITY",
        surfaces=(),
        severity=general.scale.severity,
        safeguards=general.safeguards,
        fix=general.fix,
    )
    return Engine(name=catalogue.engine, version=catalogue.version, checks=checks, fallback=fallback)


def _check_safeguards(
    names: tuple[str, ...], known: Mapping[str, Any], text: bytes, path: Path, where: tuple[str | int, ...]
) -> None:
    if not names:
        raise at("at least one safeguard is needed", text, path, where)
    for index, name in enumerate(names):
        if name not in known:
            raise at(f"no safeguard is named {name!r}", text, path, (*where, index))
