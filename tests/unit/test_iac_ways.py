"""The faster ways are only taken where the installed code is the code that they were written for."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from assay.detectors.iac.speed import iam_actions
from assay.detectors.iac.speed.originals import known, source_digest
from assay.detectors.iac.speed.ways import WAYS

MODULES = sorted({way.partition(":")[0] for ways in WAYS.values() for way in ways})


@pytest.mark.parametrize("name", MODULES)
def test_the_installed_code_is_the_code_that_a_way_was_written_for(name: str) -> None:
    """Red after a move of a pin: compare what changed, then take the new digests over."""
    way = importlib.import_module(name)
    pinned = dict(way.ORIGINALS)
    if way is iam_actions:
        pinned |= iam_actions.ANALYSIS
    assert pinned
    told = {module: source_digest(importlib.import_module(module)) for module in pinned}
    assert told == pinned


def test_a_module_of_another_source_is_left_alone(tmp_path: Path) -> None:
    assert known("textwrap", source_digest(importlib.import_module("textwrap"))) is importlib.import_module("textwrap")
    assert known("textwrap", "0123456789abcdef") is None
    absent = ModuleType("absent")
    absent.__file__ = str(tmp_path / "absent.py")
    assert source_digest(absent) == ""


def test_a_module_without_a_file_is_unknown() -> None:
    assert source_digest(ModuleType("built_in")) == ""


def test_every_way_can_be_called() -> None:
    for ways in WAYS.values():
        for way in ways:
            module, name = way.split(":")
            assert callable(getattr(importlib.import_module(module), name))
