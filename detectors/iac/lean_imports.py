"""Imports checkov's runners without the libraries that only serve its network features, which no part may use.

They are more than a third of the cost of an import. In their place come stand-ins that refuse to be used: a use would
be a crash of the part, and never a result that is silently different.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

_STOOD_IN = frozenset({"aiohttp", "boto3", "botocore", "docker", "git"})
_ABSENT = frozenset({"numpy", "numpy_financial"})
"""asteval takes these where they are installed, and checkov then tells it not to use them."""


@contextmanager
def lean_imports() -> Iterator[None]:
    """Imports inside see the stand-ins; afterwards nobody else does."""
    if any(name in sys.modules for name in _STOOD_IN | _ABSENT):
        yield  # Somebody here uses the real ones.
        return
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in _STOOD_IN]:
            del sys.modules[name]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top in _ABSENT:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if top in _STOOD_IN else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # Names of exceptions stand in `except` clauses, which only take exceptions.
        base = Exception if name.endswith(("Error", "Exception")) else object
        return _Refusing(name, (base,), {"__module__": self.__name__})


class _Refusing(type):
    def __call__(cls, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(f"{cls.__module__}.{cls.__name__} is not available inside a scan")

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Refusing(name, (), {"__module__": f"{cls.__module__}.{cls.__name__}"})


def keep_parser_tables() -> None:
    """Lets `bc_jsonpath_ng` build its tables once; it does so for each expression, a tenth of a second at a time."""
    parser = importlib.import_module("bc_jsonpath_ng.parser")
    yacc = importlib.import_module("ply.yacc")
    build = yacc.yacc
    built: dict[tuple[type, str], Any] = {}

    def build_once(*, module: Any, start: str, **options: Any) -> Any:
        # The productions keep no state in `module`, so that of the first expression serves all.
        key = (type(module), start)
        if key not in built:
            built[key] = build(module=module, start=start, **options)
        return built[key]

    parser.ply.yacc.yacc = build_once
