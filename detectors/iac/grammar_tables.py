"""Keeps parse tables: lark's of the HCL and Bicep grammars, which take it 1 and 20 seconds of CPU to build.

lark would cache them as pickles in the temporary folder, which is new for each scan, and where it is shared another
user may have put one first. Ours come with the package; where they do not fit the installed grammar or lark, it builds
them as usual. To make them again, after a move of checkov's pin: `python -m assay.detectors.iac.grammar_tables`.
"""

import gzip
import hashlib
import importlib
import marshal
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("tables")
_GRAMMARS = {"bicep": "pycep.main", "hcl": "hcl2.parser"}
"""The modules that hold, as `LARK_GRAMMAR`, the grammars that are worth it."""
_RECIPE = "assay_recipe"


_deferred: list[Any] = []
"""Parsers that nothing has been parsed with yet."""


def use_prepared_tables() -> None:
    """Lets every `Lark` take its tables from here, if they are here, once it is used. Must come before the import of
    checkov, which makes parsers of grammars that a scan may not meet."""
    lark: Any = importlib.import_module("lark").Lark
    build = lark.__init__

    def defer(self: Any, grammar: Any, **options: Any) -> None:
        if isinstance(grammar, str):
            self.__dict__[_RECIPE] = (grammar, options)
            _deferred.append(self)
        else:
            build(self, grammar, **options)

    def used(self: Any, name: str) -> Any:
        # Called for what is missing, which is everything until the parser is built.
        recipe = self.__dict__.pop(_RECIPE, None)
        if recipe is None:
            raise AttributeError(name)
        tables = read_tables(recipe[0])
        if tables is None:
            build(self, recipe[0], **recipe[1])
        else:
            self._load(tables)
        return getattr(self, name)

    if not hasattr(lark, "__getattr__"):
        lark.__init__ = defer
        lark.__getattr__ = used


def build_deferred() -> None:
    """Builds all parsers that were made until now, with what they match words by."""
    while _deferred:
        lexer = _deferred.pop().parser.lexer
        for one in getattr(lexer, "lexers", {}).values():
            _ = one.scanner


def keep_parser_tables() -> None:
    """Lets `bc_jsonpath_ng` build its tables once; it does so for each expression, a tenth of a second at a time."""
    parser = importlib.import_module("bc_jsonpath_ng.parser")
    yacc = importlib.import_module("ply.yacc")
    build = yacc.yacc
    if hasattr(build, "built"):
        return
    built: dict[tuple[type, str], Any] = {}

    def build_once(*, module: Any, start: str, **options: Any) -> Any:
        # The productions keep no state in `module`, so that of the first expression serves all.
        key = (type(module), start)
        if key not in built:
            built[key] = build(module=module, start=start, **options)
        return built[key]

    build_once.built = built  # type: ignore[attr-defined]  # tells it from the original
    parser.ply.yacc.yacc = build_once


def build_parser_tables() -> None:
    """Those that `keep_parser_tables` would have built when they are first needed."""
    keep_parser_tables()
    importlib.import_module("bc_jsonpath_ng.ext").parse("$.a")


def read_tables(grammar: str) -> dict[str, Any] | None:
    """The tables of a grammar for the lark that is installed; None where there are none."""
    file = next(_FOLDER.glob(f"*-{_fingerprint(grammar)}.gz"), None)
    if file is None:
        return None
    tables: dict[str, Any] = marshal.loads(gzip.decompress(file.read_bytes()))  # noqa: S302  # our own, without code
    return tables


def _fingerprint(grammar: str) -> str:
    version = importlib.import_module("lark").__version__
    return hashlib.sha256(f"{version}\n{grammar}".encode()).hexdigest()[:16]


def _write_tables() -> None:
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    _FOLDER.mkdir(exist_ok=True)
    for name, module in _GRAMMARS.items():
        for old in _FOLDER.glob(f"{name}-*.gz"):
            old.unlink()
        grammar = importlib.import_module(module).LARK_GRAMMAR
        # As `pycep.BicepParser` and `hcl2.parser.Hcl2` build it, but without lark's own cache.
        parser = Lark(grammar, parser="lalr", propagate_positions=True, regex=name == "bicep")
        data, memo = parser.memo_serialize([TerminalDef, Rule])
        packed = gzip.compress(marshal.dumps({"data": data, "memo": memo}, 4), 9, mtime=0)
        (_FOLDER / f"{name}-{_fingerprint(grammar)}.gz").write_bytes(packed)


if __name__ == "__main__":
    _write_tables()
