"""An index of checks is used for the checkov of which it is, and for no other."""

from pathlib import Path

import pytest
from msgspec import json, structs

from assay.detectors.iac.imports.check_index import CheckIndex, IndexedCheck, fitting, listing

PACKAGE = "checkov.cloud.checks"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "checkov" / "cloud" / "checks"
    folder.mkdir(parents=True)
    for name in ("__init__.py", "Bucket.py", "Key.py", "Base.py", "notes.txt"):
        (folder / name).write_text(f"# {name}\n")
    return tmp_path / "checkov"


def index(root: Path) -> CheckIndex:
    checks = (IndexedCheck(f"{PACKAGE}.Bucket", "C_1", ("bucket",)), IndexedCheck(f"{PACKAGE}.Base", "C_2", ("key",)))
    return CheckIndex(
        checkov="1.2.3",
        folders={PACKAGE: listing(str(root), PACKAGE)[1]},
        made_in={f"{PACKAGE}.Base": f"{PACKAGE}.Key"},
        brought_by={},
        registries={"checkov.cloud.registry:registry": checks},
    )


def fits(root: Path, one: CheckIndex, version: str = "1.2.3") -> bool:
    return fitting(json.encode(one), str(root), version) is not None


def test_it_fits_the_folder_of_which_it_was_made(root: Path) -> None:
    assert fits(root, index(root))


def test_it_does_not_fit_another_version(root: Path) -> None:
    assert not fits(root, index(root), "1.2.4")


@pytest.mark.parametrize("name", ["New.py", "New_.py"])
def test_it_does_not_fit_where_a_module_was_added(root: Path, name: str) -> None:
    one = index(root)
    (root / "cloud" / "checks" / name).write_text("")
    assert not fits(root, one)


def test_it_does_not_fit_where_a_module_is_gone_or_of_another_size(root: Path) -> None:
    one = index(root)
    bucket = root / "cloud" / "checks" / "Bucket.py"
    bucket.write_text("# another check\n")
    assert not fits(root, one)
    bucket.unlink()
    assert not fits(root, one)


def test_what_is_no_module_does_not_matter(root: Path) -> None:
    one = index(root)
    (root / "cloud" / "checks" / "more.txt").write_text("")
    (root / "cloud" / "checks" / "__pycache__").mkdir()
    assert fits(root, one)


def test_it_does_not_fit_where_a_folder_is_missing(root: Path) -> None:
    one = index(root)
    assert not fits(root, structs.replace(one, folders={**one.folders, "checkov.none": "0"}))


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"checkov": 3}', b"\xff"])
def test_a_file_that_is_no_index_is_none(root: Path, content: bytes) -> None:
    assert fitting(content, str(root), "1.2.3") is None


def test_checks_come_in_the_order_in_which_the_file_system_lists_what_makes_them(root: Path) -> None:
    one = index(root)
    listed = fitting(json.encode(one), str(root), "1.2.3")
    assert listed is not None
    [held] = one.registries.values()
    names, _ = listing(str(root), PACKAGE)
    made = {"Bucket": "C_1", "Key": "C_2"}
    assert [check.id for check in listed.in_order(held)] == [made[name] for name in names if name in made]


def test_a_module_that_another_imports_comes_right_before_it(root: Path) -> None:
    names, _ = listing(str(root), PACKAGE)
    first, last = f"{PACKAGE}.{names[0]}", f"{PACKAGE}.{names[-1]}"
    listed = fitting(json.encode(structs.replace(index(root), brought_by={last: first})), str(root), "1.2.3")
    assert listed is not None
    assert sorted(listed.ranks, key=lambda module: listed.ranks[module])[:2] == [last, first]
