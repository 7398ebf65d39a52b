"""Checks policy files of the user's own: rules, packs and waivers, each as it would be loaded."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from assay.policies import book, pack_loading, rule_files
from assay.policies.pack_loading import LoadedPack, Vocabulary
from assay.policies.read import PolicyError, at, nearest, parse, read_bytes
from assay.scanner.model.rule import Rule

_PLACED = re.compile(r"(?P<path>.+?):(?P<line>\d+): (?P<message>.*)", re.DOTALL)


class Mistake(Struct, frozen=True, kw_only=True):
    """Why a file can't be used."""

    path: str
    line: int
    message: str


WaiverCheck = Callable[[Path, set[str]], object]
"""Loads a file of waivers, given the names of the rules; raises PolicyError."""


def lint(files: Sequence[Path], home: Path, check_waivers: WaiverCheck, detectors: Collection[str]) -> list[Mistake]:
    """The first mistake of each file, in the files' order; packs and waivers may name the rules beside them.

    `detectors` are those that a pack's gate may want.
    """
    built_in = book.load((), home)
    itself = {path.stem for path in files if path.resolve().is_relative_to(home / "rules")}
    rules = [rule for rule in built_in.rules.values() if rule.id not in itself]
    taken = {name for rule in rules for name in (rule.id, *rule.aliases)}
    checks = set(built_in.checks)
    found: dict[Path, Mistake] = {}
    others: dict[Path, str] = {}
    for path in files:
        try:
            kind = _kind(path)
            if kind != "rule":
                others[path] = kind
                continue
            rule = rule_files.load_own(path, built_in.safeguards)
            _check_equivalents(rule, path, checks)
            _claim(rule, path, taken)
            rules.append(rule)
        except PolicyError as error:
            found[path] = _mistake(error, path)
    vocabulary = Vocabulary(
        safeguards=built_in.safeguards.keys(),
        rules={rule.id for rule in rules} | checks,
        parameters={name for rule in rules for name in rule.parameters},
    )
    for path, kind in others.items():
        try:
            if kind == "pack":
                loaded = pack_loading.load(path, vocabulary, home / "packs")
                _check_detectors(loaded, detectors)
                # As a scan would: refuses parameters that do not fit the rules.
                book.Book(built_in.safeguards, rules, built_in.engines, [loaded])
            else:
                check_waivers(path, taken | checks)
        except PolicyError as error:
            found[path] = _mistake(error, path)
    return [found[path] for path in files if path in found]


def _kind(path: Path) -> str:
    """What a file is meant to be, by its keys."""
    if path.suffix == ".yml":
        raise PolicyError(f"{path}:1: policy files end in .yaml; rename it")
    value = parse(read_bytes(path), path)
    keys: Iterable[object] = value if isinstance(value, dict) else ()
    if "waivers" in keys:
        return "waivers"
    return "pack" if "controls" in keys or "extends" in keys else "rule"


def _claim(rule: Rule, path: Path, taken: set[str]) -> None:
    for name in (rule.id, *rule.aliases):
        if name in taken:
            raise PolicyError(f"{path}:1: the id {name!r} is already taken; choose another")
        taken.add(name)


def _check_equivalents(rule: Rule, path: Path, checks: Collection[str]) -> None:
    for index, name in enumerate(rule.equivalents):
        if name not in checks:
            message = f"no engine has a check {name!r}{nearest(name, checks)}"
            raise at(message, read_bytes(path), path, ("equivalents", index))


def _check_detectors(loaded: LoadedPack, detectors: Collection[str]) -> None:
    for index, name in enumerate(loaded.pack.gate.detectors):
        if name not in detectors:
            known = f"this version has {', '.join(sorted(detectors))}"
            raise loaded.at(f"no detector is named {name!r}; {known}", ("gate", "detectors", index))


def _mistake(error: PolicyError, path: Path) -> Mistake:
    placed = _PLACED.fullmatch(str(error))
    if placed is None:
        return Mistake(path=str(path), line=1, message=str(error))
    return Mistake(path=placed["path"], line=int(placed["line"]), message=placed["message"])
