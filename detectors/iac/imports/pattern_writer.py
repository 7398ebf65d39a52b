"""Makes the table of compiled regular expressions from an import of everything that a scan may import.

`python -m assay.detectors.iac.imports.pattern_writer` writes it. With `--check` it only says whether the table that is
there fits what is installed. A few that are new may be missing, as they are only compiled more slowly; and there is
nothing to say where another generation of Python made the table.
"""

import array
import gzip
import importlib
import marshal
import pkgutil
import re
import sys
from types import SimpleNamespace
from typing import Any

import assay.detectors.cluster
import assay.detectors.iac
from assay.detectors.cluster.software.process import is_named
from assay.detectors.cluster.software.software import known_servers
from assay.detectors.iac import offline
from assay.detectors.iac.frameworks import BY_ID
from assay.detectors.iac.imports.patterns import FILE, Program, generation

_LEAST_CODE = 20
"""Shorter programs are compiled in less time than it takes to notice."""
_MOST_MISSING = 0.1
_ON_THE_WAY = frozenset({"re", "re._compiler", "re._parser", "functools", "enum", __name__})

_compiler: Any = re._compiler  # type: ignore[attr-defined]  # as in `patterns.py`


def main(arguments: list[str]) -> int:
    """Exit status 1 where `--check` finds another table than the one that is there."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m assay.detectors.iac.imports.pattern_writer [--check]\n")
        return 2
    if not arguments:
        programs = dict(sorted(make_programs().items(), key=repr))
        FILE.write_bytes(gzip.compress(marshal.dumps((generation(), programs), 2), 9, mtime=0))
        return 0
    tag, there = marshal.loads(gzip.decompress(FILE.read_bytes()))  # noqa: S302  # our own, without code
    if tag != generation():
        return 0
    wanted = make_programs()
    wrong = any(there.get(key, program) != program for key, program in wanted.items())
    if not wrong and len(wanted.keys() - there.keys()) <= len(wanted) * _MOST_MISSING:
        return 0
    sys.stderr.write(f"{FILE} does not fit what is installed; run `make docs`\n")
    return 1


def make_programs() -> dict[tuple[str | bytes, int], Program]:
    """Compiles what a scan may compile while it imports. For a process of its own."""
    programs: dict[tuple[str | bytes, int], Program] = {}
    sre = _compiler._sre

    def heard(pattern: str | bytes, flags: int, code: list[int], groups: int, names: Any, by_number: Any) -> Any:
        if isinstance(pattern, str | bytes) and len(code) >= _LEAST_CODE and asked and not _by_python():
            programs[pattern, asked[-1]] = (flags, array.array("I", code).tobytes(), groups, dict(names), by_number)
        return sre.compile(pattern, flags, code, groups, names, by_number)

    def listen(pattern: Any, flags: int = 0) -> Any:
        asked.append(int(flags))
        try:
            return build(pattern, flags)
        finally:
            asked.pop()

    asked: list[int] = []
    build = getattr(_compiler.compile, "prepared", _compiler.compile)
    _compiler.compile = listen
    _compiler._sre = SimpleNamespace(**{name: getattr(sre, name) for name in dir(sre)} | {"compile": heard})
    re.purge()
    _import_everything()
    return programs


def _import_everything() -> None:
    offline.settle_environment()
    for package in (assay.detectors.iac, assay.detectors.cluster):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("_writer"):
                importlib.import_module(module.name)
    for server in known_servers():
        is_named("", server.images)
    loading = importlib.import_module("assay.detectors.iac.imports.loading")
    loading.load_everything(BY_ID)
    with loading.lean_imports():
        for name in ("detect_secrets.plugins", "checkov.secrets.plugins"):
            package = importlib.import_module(name)
            for module in pkgutil.iter_modules(package.__path__, f"{name}."):
                importlib.import_module(module.name)
    # A lexer for each set of terminals that may come next, each compiled when it first does.
    lexer = importlib.import_module("hcl2.parser").Hcl2.lark_parser.parser.lexer
    for one in (lexer.root_lexer, *lexer.lexers.values()):
        _ = one.scanner


def _by_python() -> bool:
    """Whether a module of Python's own wants it, which it may have compiled before."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals["__name__"] in _ON_THE_WAY:
        frame = frame.f_back
    return str(frame.f_globals["__name__"]).partition(".")[0] in sys.stdlib_module_names


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
