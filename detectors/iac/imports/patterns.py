"""Takes regular expressions as they were compiled beforehand: two hundred of them, ours among them, are a tenth of a
second of each process.

What comes out is the same pattern object. The table is that of one generation of Python's own compiler; another
compiles as usual. To make it again: `python -m assay.detectors.iac.imports.pattern_writer`.
"""

import array
import gzip
import marshal
import re
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "tables" / "patterns.gz"

Program = tuple[int, bytes, int, dict[str, int], tuple[str | None, ...]]
"""What `_sre.compile` takes besides the pattern: flags, code, number of groups, their names, names by number."""

_compiler: Any = re._compiler  # type: ignore[attr-defined]  # private, and guarded by GENERATION


def generation() -> str:
    """What the code of a pattern depends on besides the pattern."""
    sre = _compiler._sre
    return f"{sys.implementation.cache_tag} {sre.MAGIC} {sre.CODESIZE} {unicodedata.unidata_version} {sys.byteorder}"


def use_prepared_patterns() -> None:
    """Has `re` look here first. It keeps its own cache of what it compiled, and its own warnings and errors."""
    programs = read_programs()
    build = _compiler.compile
    if not programs or hasattr(build, "prepared"):
        return

    def compile_prepared(pattern: Any, flags: int = 0) -> Any:
        program = programs.get((pattern, int(flags))) if isinstance(pattern, str | bytes) else None
        return build(pattern, flags) if program is None else made(pattern, program)

    compile_prepared.prepared = build  # type: ignore[attr-defined]  # so that it is found there
    _compiler.compile = compile_prepared


def read_programs() -> Mapping[tuple[str | bytes, int], Program]:
    """By pattern and flags; empty where the table is of another generation."""
    try:
        tag, programs = marshal.loads(gzip.decompress(FILE.read_bytes()))  # noqa: S302  # our own, without code
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return programs if tag == generation() else {}


def made(pattern: str | bytes, program: Program) -> re.Pattern[Any]:
    """The compiled pattern. Python checks the code before it takes it."""
    flags, code, groups, names, by_number = program
    compiled: re.Pattern[Any] = _compiler._sre.compile(
        pattern, flags, array.array("I", code).tolist(), groups, names, by_number
    )
    return compiled
