"""A prepared regular expression is the very one that Python would compile."""

import gzip
import marshal
import re
from pathlib import Path
from typing import Any

import pytest

from assay.detectors.iac.imports import patterns
from assay.detectors.iac.imports.patterns import Program, generation, made, read_programs, use_prepared_patterns

PROGRAMS = read_programs()
COMPILE: Any = getattr(patterns._compiler.compile, "prepared", patterns._compiler.compile)


def test_there_are_programs_for_this_python() -> None:
    assert len(PROGRAMS) > 200


@pytest.mark.parametrize("key", list(PROGRAMS), ids=lambda key: str(hash(key)))
def test_a_prepared_pattern_equals_the_compiled_one(key: tuple[str | bytes, int]) -> None:
    pattern, flags = key
    prepared, compiled = made(pattern, PROGRAMS[key]), COMPILE(pattern, flags)
    assert prepared == compiled  # Python compares their code.
    assert (prepared.pattern, prepared.flags, prepared.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert prepared.groupindex == compiled.groupindex


def test_a_pattern_that_is_not_there_is_compiled() -> None:
    use_prepared_patterns()
    assert re.compile("(?P<of>these|tests) alone").fullmatch("tests alone")
    with pytest.raises(re.error):
        re.compile("(")


def test_a_pattern_with_other_flags_is_another() -> None:
    pattern, flags = next(key for key in PROGRAMS if isinstance(key[0], str) and not key[1] & re.IGNORECASE)
    use_prepared_patterns()
    assert re.compile(pattern, flags | re.IGNORECASE).flags & re.IGNORECASE


def test_a_second_call_changes_nothing() -> None:
    use_prepared_patterns()
    first = patterns._compiler.compile
    use_prepared_patterns()
    assert patterns._compiler.compile is first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not zipped",
        gzip.compress(b""),
        gzip.compress(marshal.dumps(("another generation", {("a", 0): (0, b"", 0, {}, ())}), 2)),
        gzip.compress(marshal.dumps(generation(), 2)),
    ],
)
def test_a_table_that_does_not_fit_is_not_used(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "patterns.gz"
    file.write_bytes(content)
    monkeypatch.setattr(patterns, "FILE", file)
    assert read_programs() == {}


def test_code_that_is_none_is_refused() -> None:
    program: Program = (32, b"\xff\xff\xff\x7f" * 8, 0, {}, ())
    with pytest.raises(RuntimeError):
        made("a", program)
