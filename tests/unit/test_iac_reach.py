"""Which files a hook's look at some takes in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import structs

from assay.detectors.iac.reach import bearing_on
from assay.scanner.safe.tree import list_tree


def taken(folder: Path, files: Mapping[str, str], named: Sequence[str]) -> set[str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    tree = structs.replace(list_tree(folder.resolve()).tree, only=tuple(named))
    return set(bearing_on(tree).files)


def test_a_module_comes_with_its_callers_and_what_it_calls(tmp_path: Path) -> None:
    files = {
        "a/main.tf": 'module "m" {\n  source = "../m"\n}\n',
        "m/main.tf": "locals {}\n",
        "m/variables.tf": "",
        "apart/main.tf": "locals {}\n",
    }
    assert taken(tmp_path, files, ["m/main.tf"]) == {"a/main.tf", "m/main.tf", "m/variables.tf"}


def test_what_lies_below_a_module_comes_with_it(tmp_path: Path) -> None:
    """checkov looks names up there, such as Packer's variables."""
    files = {"a/main.tf": "", "a/image/variables.pkr.hcl": "", "a/deep/er/x.tf": "", "ab/main.tf": "", "b/x.tf": ""}
    assert taken(tmp_path, files, ["a/main.tf"]) == {"a/main.tf", "a/image/variables.pkr.hcl", "a/deep/er/x.tf"}


def test_the_top_comes_with_everything_below(tmp_path: Path) -> None:
    files = {"main.tf": "", "examples/x/main.tf": "", "readme.md": ""}
    assert taken(tmp_path, files, ["main.tf"]) == {"main.tf", "examples/x/main.tf"}


def test_a_large_repository_is_not_taken_in_for_a_file_at_its_top(tmp_path: Path) -> None:
    files = {"main.tf": "", **{f"live/{number}/main.tf": "" for number in range(301)}}
    assert taken(tmp_path, files, ["main.tf"]) == {"main.tf"}
