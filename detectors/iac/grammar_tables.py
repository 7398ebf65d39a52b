"""Keeps lark's parse tables of the HCL and Bicep grammars, which take it 1 and 20 seconds of CPU to build.

lark would cache them as pickles in the temporary folder, which is new for each scan, and where it is shared another
user may have put one first. Ours come with the package; where they do not fit the installed grammar or lark, it builds
them as usual. To make them again, after a move of checkov's pin: `python -m assay.detectors.iac.grammar_tables`.
"""

import gzip
import hashlib
import importlib
import marshal
from importlib import metadata
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("tables")
_GRAMMARS = {"bicep": "pycep.main", "hcl": "hcl2.parser"}
"""The modules that hold, as `LARK_GRAMMAR`, the grammars that are worth it."""


def use_prepared_tables() -> None:
    """Lets every `Lark` take its tables from here, if they are here. Must come before the import of checkov."""
    lark: Any = importlib.import_module("lark").Lark
    build = lark.__init__

    def prepared(self: Any, grammar: Any, **options: Any) -> None:
        tables = read_tables(grammar) if isinstance(grammar, str) else None
        if tables is None:
            build(self, grammar, **options)
        else:
            self._load(tables)

    lark.__init__ = prepared


def read_tables(grammar: str) -> dict[str, Any] | None:
    """The tables of a grammar for the lark that is installed; None where there are none."""
    file = next(_FOLDER.glob(f"*-{_fingerprint(grammar)}.gz"), None)
    if file is None:
        return None
    tables: dict[str, Any] = marshal.loads(gzip.decompress(file.read_bytes()))  # noqa: S302  # our own, without code
    return tables


def _fingerprint(grammar: str) -> str:
    return hashlib.sha256(f"{metadata.version('lark')}\n{grammar}".encode()).hexdigest()[:16]


def _write_tables() -> None:
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    _FOLDER.mkdir(exist_ok=True)
    for old in _FOLDER.glob("*.gz"):
        old.unlink()
    for name, module in _GRAMMARS.items():
        grammar = importlib.import_module(module).LARK_GRAMMAR
        # As `pycep.BicepParser` and `hcl2.parser.Hcl2` build it, but without lark's own cache.
        parser = Lark(grammar, parser="lalr", propagate_positions=True, regex=name == "bicep")
        data, memo = parser.memo_serialize([TerminalDef, Rule])
        packed = gzip.compress(marshal.dumps({"data": data, "memo": memo}, 4), 9, mtime=0)
        (_FOLDER / f"{name}-{_fingerprint(grammar)}.gz").write_bytes(packed)


if __name__ == "__main__":
    _write_tables()
