"""A stand-in can be named and asked for; whoever uses one learns of it, and so does the scan."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from assay.detectors.iac.imports.stand_ins import check_unused, stand_ins

STOOD_IN = "junit_xml"


@pytest.fixture(autouse=True)
def unused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nothing in the tests' own process had imported it, as checkov does for other tests."""
    for name in [name for name in sys.modules if name.partition(".")[0] == STOOD_IN]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def library() -> Iterator[Any]:
    with stand_ins():
        yield importlib.import_module(STOOD_IN)


def test_a_stand_in_can_be_named_subclassed_and_asked_for(library: Any) -> None:
    class Ours(library.TestCase):  # type: ignore[misc]  # of unknown type, as it has none
        pass

    assert not isinstance(3, library.TestCase)
    assert library.TestCase is library.TestCase
    assert issubclass(Ours, library.TestCase)
    check_unused()


@pytest.mark.parametrize(
    "use",
    [
        lambda library: library.TestCase(),
        lambda library: library.TestCase.made(),
        lambda library: f"{library.TestCase}",
        lambda library: list(library.names),
        lambda library: 1 if library.flag else 0,
        lambda library: len(library.names),
    ],
)
def test_a_use_raises_and_is_told_of_where_it_was_swallowed(library: Any, use: Any) -> None:
    with pytest.raises(RuntimeError, match="junit_xml"):
        use(library)
    with pytest.raises(RuntimeError, match="junit_xml"):
        check_unused()


def test_names_of_exceptions_can_stand_in_except_clauses(library: Any) -> None:
    with pytest.raises(KeyError):
        try:
            raise KeyError
        except (library.SomeError, library.SomeException):
            pass


def test_afterwards_everybody_imports_the_real_one() -> None:
    with stand_ins():
        importlib.import_module(STOOD_IN)
    assert STOOD_IN not in sys.modules


def test_a_use_is_forgotten_by_the_next_scan() -> None:
    with stand_ins(), pytest.raises(RuntimeError):
        importlib.import_module(STOOD_IN).TestCase()
    with stand_ins():
        check_unused()


def test_what_somebody_really_uses_is_left_alone() -> None:
    with stand_ins():
        assert importlib.import_module("pytest") is pytest
    code = (
        "import requests, sys\n"
        "from assay.detectors.iac.imports.stand_ins import stand_ins\n"
        "with stand_ins():\n"
        "    import requests as again\n"
        "assert again is requests is sys.modules['requests']\n"
        "assert requests.Session()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_late_and_forwarded_modules_are_the_real_ones_once_they_are_used() -> None:
    code = (
        "import sys\n"
        "from assay.detectors.iac.imports.stand_ins import stand_ins\n"
        "with stand_ins():\n"
        "    import regex\n"
        "    import regex\n"
        "    from charset_normalizer import from_bytes\n"
        "    assert not {'regex._regex', 'charset_normalizer.api'} & set(sys.modules)\n"
        "    assert regex.compile('a+').fullmatch('aaa')\n"
        "    assert str(from_bytes('é'.encode()).best()) == 'é'\n"
        "    assert {'regex._regex', 'charset_normalizer.api'} <= set(sys.modules)\n"
        "import charset_normalizer, regex as again\n"
        "assert again.compile is regex.compile and charset_normalizer.from_path\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
