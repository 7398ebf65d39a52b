"""Lets checkov's registries import a check when they are first asked for a type that it speaks of.

The packages of checks import all their modules when they are imported themselves, so they are kept from running; the
registries then find what the index says, in the order in which checkov would have it.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any

from assay.detectors.iac.imports.check_index import IndexedCheck, Listed

Lean = Callable[[], AbstractContextManager[None]]


def defer_checks(listed: Listed, lean: Lean) -> None:
    """Has every registry of the index load what it is asked for, if it is imported from now on.

    `lean` is entered for what is imported later. Lasts for the process: a registry that were imported as usual beside
    empty packages would find nothing.
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder(listed, lean))


def load_deferred(listed: Listed, framework: str) -> None:
    """Loads all checks of all registries below `checkov.<framework>`, some of which are only imported by a scan."""
    for name in listed.index.registries:
        module, _, attribute = name.partition(":")
        if module.startswith(f"checkov.{framework}."):
            registry = getattr(importlib.import_module(module), attribute)
            for mapping in (registry.checks, registry.wildcard_checks):
                if isinstance(mapping, _Deferred):
                    mapping.load()


def _defer(registry: Any, held: Sequence[IndexedCheck], listed: Listed, lean: Lean) -> None:
    """Must come before any check is made."""
    indexed = {(check.module, check.id) for check in held}
    made: dict[tuple[str, str], Any] = {}

    def register(check: Any) -> None:
        key = (type(check).__module__, check.id)
        if key not in indexed:
            raise RuntimeError(f"the index of checks lacks {check.id}")
        made.setdefault(key, check)

    def find(check: IndexedCheck) -> Any:
        key = (check.module, check.id)
        if key not in made:
            with lean():
                importlib.import_module(listed.source(check))
        return made[key]

    exact: dict[str, list[IndexedCheck]] = {}
    wild: dict[str, list[IndexedCheck]] = {}
    for one in listed.in_order(held):
        for name in one.types:
            (wild if registry._is_wildcard(name) else exact).setdefault(name, []).append(one)
    registry.register = register
    registry.checks, registry.wildcard_checks = _Deferred(exact, find), _Deferred(wild, find)


class _Deferred(Mapping[str, list[Any]]):
    """As the `defaultdict` in whose place it stands, but that it does not keep a name for being asked for it."""

    def __init__(self, table: Mapping[str, Sequence[IndexedCheck]], find: Callable[[IndexedCheck], Any]) -> None:
        self._table = table
        self._find = find
        self._loaded: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        checks = self._loaded.get(name)
        if checks is None:
            checks = [self._find(check) for check in self._table.get(name, ())]
            if checks:
                self._loaded[name] = checks
        return checks

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def load(self) -> None:
        """Everything."""
        for name in self._table:
            self[name]


class _Finder(importlib.abc.MetaPathFinder):
    """Of the packages of checks and of the modules of registries."""

    def __init__(self, listed: Listed, lean: Lean) -> None:
        self._packages = listed.index.folders
        self._registries = {name.partition(":")[0] for name in listed.index.registries}
        self._listed = listed
        self._lean = lean

    def find_spec(self, fullname: str, path: Any = None, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._packages and fullname not in self._registries:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        if fullname in self._packages:
            hollow = importlib.machinery.ModuleSpec(fullname, _Hollow(), origin=spec.origin)
            hollow.submodule_search_locations = spec.submodule_search_locations
            return hollow
        spec.loader = _Deferring(spec.loader, self._listed, self._lean)
        return spec


class _Hollow(importlib.abc.Loader):
    """Of a package that is there for its modules alone."""

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Deferring(importlib.abc.Loader):
    """Of a module that makes registries."""

    def __init__(self, loader: importlib.abc.Loader, listed: Listed, lean: Lean) -> None:
        self._loader = loader
        self._listed = listed
        self._lean = lean

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        for name, held in self._listed.index.registries.items():
            owner, _, attribute = name.partition(":")
            if owner == module.__name__:
                _defer(getattr(module, attribute), held, self._listed, self._lean)
