"""Makes the index of checkov's checks from an import of everything.

`python -m assay.detectors.iac.imports.index_writer` writes it. With `--check` it only says whether the index that is
there fits the installed checkov.
"""

import ast
import importlib
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from assay.detectors.iac import offline
from assay.detectors.iac.frameworks import FRAMEWORKS
from assay.detectors.iac.grammar_tables import use_prepared_tables
from assay.detectors.iac.imports.check_index import (
    FILE,
    CheckIndex,
    IndexedCheck,
    checkov_folder,
    installed_version,
    listing,
)


class _Offer(msgspec.Struct, frozen=True):
    registry: Any
    check: Any
    source: str
    """The module that was being imported."""


def main(arguments: list[str]) -> int:
    """Exit status 1 where `--check` finds another index than the one that is there."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m assay.detectors.iac.imports.index_writer [--check]\n")
        return 2
    text = written(make_index())
    if arguments:
        if FILE.read_bytes() == text:
            return 0
        sys.stderr.write(f"{FILE} does not fit the installed checkov; run `make docs`\n")
        return 1
    FILE.write_bytes(text)
    return 0


def written(index: CheckIndex) -> bytes:
    """As JSON, a check a line, so that a move of checkov's pin shows what changed."""
    head = msgspec.json.format(
        msgspec.json.encode({name: getattr(index, name) for name in ("checkov", "folders", "made_in", "brought_by")}),
        indent=1,
    )
    registries = [
        msgspec.json.encode(name) + b": [\n" + b",\n".join(msgspec.json.encode(check) for check in checks) + b"\n]"
        for name, checks in index.registries.items()
    ]
    return head[:-2] + b',\n "registries": {\n' + b",\n".join(registries) + b"\n}\n}\n"


def make_index() -> CheckIndex:
    """Imports all of checkov that a scan may run. For a process of its own."""
    root = checkov_folder()
    if root is None:
        raise SystemExit("checkov is not installed")
    offers = _import_everything()
    sources = _sources(offers)
    folders = list(dict.fromkeys(offer.source.rpartition(".")[0] for offer in offers))
    registries = dict(sorted((name, _indexed(registry, offers)) for name, registry in _registries(offers).items()))
    return CheckIndex(
        checkov=installed_version(),
        folders={folder: listing(root, folder)[1] for folder in folders},
        made_in={module: source for module, source in sorted(sources.items()) if module != source},
        brought_by=dict(sorted(_early(set(sources.values())))),
        registries=registries,
    )


def _import_everything() -> list[_Offer]:
    """What registries are offered on the way. They learn of it by a wrapped `register` of each of their classes."""
    offline.settle_environment()
    use_prepared_tables()
    offers: list[_Offer] = []
    base = importlib.import_module("checkov.common.checks.base_check_registry").BaseCheckRegistry

    def listen(registry_class: Any) -> None:
        register = registry_class.register

        def heard(self: Any, check: Any) -> None:
            offers.append(_Offer(self, check, _imported_now()))
            register(self, check)

        registry_class.register = heard

    def made(self_class: Any) -> None:
        # A class may replace the method; it does so before it has any instance.
        if "register" in vars(self_class):
            listen(self_class)

    base.__init_subclass__ = classmethod(made)
    listen(base)
    for framework in FRAMEWORKS:
        importlib.import_module(framework.runner.partition(":")[0])
    return offers


def _imported_now() -> str:
    frame = sys._getframe(2)
    while frame.f_code.co_name != "<module>" and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals["__name__"])


def _sources(offers: list[_Offer]) -> dict[str, str]:
    """Module of a check's class → module whose import makes the check."""
    sources: dict[str, str] = {}
    for offer in offers:
        module = str(type(offer.check).__module__)
        if sources.setdefault(module, offer.source) != offer.source:
            raise SystemExit(f"{module} has a class of which two modules make a check; the index needs to know which")
    return sources


def _registries(offers: list[_Offer]) -> Mapping[str, Any]:
    """By the module that makes them; other modules hold them by other names."""
    found = {}
    for registry in {id(offer.registry): offer.registry for offer in offers}.values():
        names = [
            f"{name}:{attribute}"
            for name, module in sys.modules.items()
            if name.startswith("checkov.") and name.endswith("registry")
            for attribute, value in vars(module).items()
            if value is registry
        ]
        # A module that only passes the registry on is imported after the one that makes it.
        found[names[0]] = registry
    return found


def _indexed(registry: Any, offers: list[_Offer]) -> tuple[IndexedCheck, ...]:
    held: dict[tuple[str, str], Any] = {}
    for offer in offers:
        if offer.registry is registry:
            key = (str(type(offer.check).__module__), offer.check.id)
            if held.setdefault(key, offer.check) is not offer.check:
                raise SystemExit(f"{key} names two checks of one registry; the index needs more to tell them apart")
    tables = (registry.checks, registry.wildcard_checks)
    return tuple(
        IndexedCheck(*key, tuple(name for name in _types(check) if any(check in table[name] for table in tables)))
        for key, check in sorted(held.items())
    )


def _types(check: Any) -> list[str]:
    named = check.supported_entities
    return list(dict.fromkeys(named if isinstance(named, list | tuple) else sorted(named)))


def _early(modules: set[str]) -> Iterator[tuple[str, str]]:
    """Modules of checks that another module of checks imports."""
    for module in modules:
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{module} can't be found again")
        for node in ast.walk(ast.parse(Path(spec.origin).read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module in modules:
                yield str(node.module), module


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
