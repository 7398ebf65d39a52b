"""Puts stand-ins in the place of libraries that no part uses: those of checkov's network features, of its printed
reports, and of the graphs that it no longer builds. Few others are loaded once they are used.

They are more than half of the cost of an import. A stand-in refuses to be used: a use ends the part as a crash, and is
never a result that is silently different.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

_NETWORK = frozenset({"aiohttp", "boto3", "botocore", "docker", "git", "requests", "urllib3", "yarl"})
_REPORTS = frozenset({"junit_xml", "prettytable", "tabulate", "tqdm", "wcwidth"})
_STOOD_IN = frozenset(
    {
        *_NETWORK,
        *_REPORTS,
        # Signatures of custom checks, which no scan loads.
        "ecdsa",
        # The graphs are rustworkx's; this is only asked whether they are its own, which they are not.
        "networkx",
        # Models of what the vendor's platform finds in source code, with pydantic for each; only asked for as well.
        "checkov.common.sast.report_types",
    }
)
_ABSENT = frozenset({"numpy", "numpy_financial"})
"""asteval takes these where they are installed, and checkov then tells it not to use them."""
_LATE = frozenset({"asyncio", "regex"})
"""Modules that are imported whole and looked into late, or not at all: regex only for the grammar of Bicep."""
_FORWARDED = frozenset({"charset_normalizer"})
"""Modules of which functions are imported by name: these load theirs when they are called."""
_KEPT = frozenset({"urllib3.Retry", "urllib3.Timeout"})
"""What is called while checkov is imported, and used to connect."""

_refused: list[str] = []


@contextmanager
def stand_ins() -> Iterator[None]:
    """Imports inside see the stand-ins; afterwards nobody else does. Not for nesting."""
    _refused.clear()
    finder = _Finder(taken=frozenset(sys.modules))  # Somebody here uses the real ones.
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.made:
            if isinstance(sys.modules.get(name), _StandIn | _Late | _Forwarding):
                del sys.modules[name]


def check_unused() -> None:
    """Raises where something tried to use a stand-in and lived on, as checkov catches much of what it meets."""
    if _refused:
        raise RuntimeError(f"{_refused[0]} was needed")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, taken: frozenset[str]) -> None:
        self._stood_in = _STOOD_IN - taken
        self._absent = _ABSENT - taken
        self.made: list[str] = []
        """The modules that it made, by name."""

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top in self._absent:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        if top in self._stood_in or fullname in self._stood_in or fullname in _LATE | _FORWARDED:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        self.made.append(spec.name)
        if spec.name in _LATE:
            return _Late(spec.name)
        return _Forwarding(spec.name) if spec.name in _FORWARDED else _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Late(ModuleType):
    """`importlib.util.LazyLoader` would load it at its second import, which asks for its `__spec__`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # `inspect` asks all modules for such.
        return getattr(_loaded(self.__name__), name)


class _Forwarding(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def forward(*arguments: Any, **options: Any) -> Any:
            return getattr(_loaded(self.__name__), name)(*arguments, **options)

        return forward


def _loaded(name: str) -> ModuleType:
    """The real one, which from then on everybody imports."""
    module = sys.modules.get(name)
    if module is None or isinstance(module, _Late | _Forwarding):
        spec = importlib.machinery.PathFinder.find_spec(name)
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # Names of exceptions stand in `except` clauses, which only take exceptions.
        is_exception = name.endswith(("Error", "Exception")) or self.__name__.endswith("exceptions")
        made = _Refusing(name, (Exception if is_exception else object,), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class _Refusing(type):
    """Of classes that can be named, subclassed and asked for, but neither called nor looked into."""

    def __call__(cls, *_: Any, **__: Any) -> Any:
        name = f"{cls.__module__}.{cls.__name__}"
        return _Kept() if name in _KEPT else _refuse(name)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Refusing(name, (), {"__module__": f"{cls.__module__}.{cls.__name__}"})

    def __bool__(cls) -> NoReturn:
        _refuse(f"{cls.__module__}.{cls.__name__}")

    def __format__(cls, _: str) -> NoReturn:
        _refuse(f"{cls.__module__}.{cls.__name__}")

    __iter__ = __len__ = __enter__ = __bool__


class _Kept:
    """A value that may be handed on but not used."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        _refuse(f"a setting's {name}")


def _refuse(name: str) -> NoReturn:
    _refused.append(name)
    raise RuntimeError(f"{name} is not available inside a scan")
