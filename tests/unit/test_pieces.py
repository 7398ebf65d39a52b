"""Looking again where something crashed: which files are named, and what of the others is kept."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from assay.detectors.iac.pieces import MAX_TRIES, Pieces, look_in_pieces
from assay.scanner.api import Excerpt, Record

FILES = [f"{number:03}" for number in range(100)]


def look(crashes: Callable[[frozenset[str]], object], hint: str | None = None, seconds: float = 60) -> Pieces:
    def attempt(files: frozenset[str]) -> Iterator[Record]:
        crashes(files)
        for file in sorted(files):
            yield Excerpt(path=file, start_line=1, lines=())

    return look_in_pieces(FILES, attempt, lambda _: hint, seconds)


def paths(pieces: Pieces) -> list[str]:
    return sorted(one.path for one in pieces.records if isinstance(one, Excerpt))


def raise_at(*culprits: str) -> Callable[[frozenset[str]], None]:
    def crash(files: frozenset[str]) -> None:
        if files & set(culprits):
            raise ValueError("secret")

    return crash


@pytest.mark.parametrize("hint", [None, "042", "041", "nothing"])
def test_the_culprits_alone_are_left_out(hint: str | None) -> None:
    found = look(raise_at("042", "077"), hint)
    assert sorted(found.culprits) == ["042", "077"]
    assert paths(found) == [file for file in FILES if file not in ("042", "077")]
    assert not found.apart
    assert all("secret" not in fault.reason for fault in found.culprits.values())


def test_a_file_that_ends_the_process_is_named() -> None:
    def crash(files: frozenset[str]) -> None:
        if "042" in files:
            os.kill(os.getpid(), signal.SIGKILL)

    found = look(crash)
    assert list(found.culprits) == ["042"]
    assert "SIGKILL" in found.culprits["042"].reason
    assert len(paths(found)) == 99


def test_files_that_crash_only_together_are_looked_at_apart() -> None:
    def crash(files: frozenset[str]) -> None:
        if {"001", "099"} <= files:
            raise ValueError

    found = look(crash)
    assert found.apart
    assert not found.culprits
    assert paths(found) == FILES


def test_what_is_not_narrowed_down_in_time_is_named_as_a_whole() -> None:
    everything = look(raise_at(*FILES))
    assert sorted(everything.culprits) == FILES
    assert not everything.records
    late = look(raise_at("042"), seconds=0)
    assert sorted(late.culprits) == FILES


def test_the_tries_are_bounded() -> None:
    reader, writer = os.pipe()

    def crash(files: frozenset[str]) -> None:
        os.write(writer, b".")
        raise ValueError

    began = time.monotonic()
    look(crash)
    os.close(writer)
    assert len(os.read(reader, 1000)) <= MAX_TRIES + 2
    assert time.monotonic() - began < 30
    os.close(reader)
