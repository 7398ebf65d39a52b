"""Where policy is read from in gate mode: only from the side that the change can't reach."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.scanner.config import trust
from assay.scanner.config.policy_changes import changed_policy
from assay.scanner.config.settings import load_settings
from assay.scanner.config.trust import PolicyPlace
from assay.scanner.errors import UsageError
from tests.e2e.git_trees import GitTree


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PolicyPlace:
    """A place whose trusted side has w.yaml and sub/w.yaml; so has the reviewed side, on which we stand."""
    for side in ("trusted", "reviewed"):
        (tmp_path / side / "sub").mkdir(parents=True)
        for name in ("w.yaml", "sub/w.yaml"):
            (tmp_path / side / name).write_text(side)
    (tmp_path / "outside.yaml").write_text("outside")
    monkeypatch.chdir(tmp_path / "reviewed")
    root = tmp_path / "trusted"
    return PolicyPlace(folder=root, root=root, reviewed=tmp_path / "reviewed", name="main")


@pytest.mark.parametrize(
    ("path", "cwd", "expected"),
    [
        ("w.yaml", ".", "trusted"),
        ("./w.yaml", ".", "trusted"),
        ("sub/../w.yaml", ".", "trusted"),
        ("{top}/w.yaml", ".", "trusted"),
        ("{top}/sub/../w.yaml", ".", "trusted"),
        ("w.yaml", "sub", "trusted"),
        ("../w.yaml", "sub", "trusted"),
        ("../outside.yaml", ".", "outside"),
        ("{top}/../outside.yaml", ".", "outside"),
        ("../reviewed/w.yaml", ".", "trusted"),
        ("w.yaml", "..", "trusted"),
    ],
)
def test_a_path_in_the_working_tree_means_the_trusted_sides(
    path: str, cwd: str, expected: str, sides: PolicyPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = Path.cwd()
    monkeypatch.chdir(cwd)
    assert sides.find(path.format(top=top), "--waivers").read_text() == expected


@pytest.mark.parametrize(
    "given", ["evil.yaml", "{top}/evil.yaml", "{link}/evil.yaml", "sub/../evil.yaml", "deep/x.yaml"]
)
def test_a_link_of_the_working_tree_leads_nowhere(given: str, sides: PolicyPlace, tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper/x.yaml").write_text("evil")
    os.symlink(tmp_path / "outside.yaml", "evil.yaml")
    os.symlink(tmp_path / "deeper", "deep")
    os.symlink(tmp_path / "reviewed", tmp_path / "link")
    with pytest.raises(UsageError, match="not in main"):
        sides.find(given.format(top=Path.cwd(), link=tmp_path / "link"), "--waivers")


def test_a_link_that_replaced_a_trusted_file_is_not_followed(sides: PolicyPlace, tmp_path: Path) -> None:
    os.unlink("w.yaml")
    os.symlink(tmp_path / "outside.yaml", "w.yaml")
    for given in ("w.yaml", f"{Path.cwd()}/w.yaml", f"{tmp_path}/reviewed/w.yaml"):
        assert sides.find(given, "--waivers").read_text() == "trusted"


def test_a_link_of_the_trusted_side_is_refused(sides: PolicyPlace, tmp_path: Path) -> None:
    os.symlink(tmp_path / "outside.yaml", tmp_path / "trusted/link.yaml")
    with pytest.raises(UsageError, match="not in main"):
        sides.find("link.yaml", "--waivers")


@pytest.mark.parametrize(
    ("root", "targets"),
    [("{t}/pol", ["{t}"]), ("{t}", ["{t}"]), ("{t}/pol", ["{t}/infra"]), ("{t}/pol", ["{o}", "{t}/infra"]),
     ("{t}/link", ["{t}"]), ("{t}", ["{t}/infra/f"])],
)  # fmt: skip
def test_an_operators_root_in_what_is_scanned_is_refused(root: str, targets: list[str], tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.write({"pol/assay.toml": "", "infra/f": ""})
    (tmp_path / "other").mkdir()
    tree.link("link", "pol")

    def fill(text: str) -> str:
        return text.format(t=tree.path, o=tmp_path / "other")

    with pytest.raises(UsageError, match="lies in what is scanned"):
        trust.operator_place(fill(root), [fill(one) for one in targets])
    assert trust.operator_place(str(tmp_path / "other"), [str(tree.path)]).gate_mode


def test_a_repository_inside_another_is_refused_from_the_outer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submodule brings a history of its own, and may have taken a folder's place."""
    outer, inner = GitTree(tmp_path / "outer"), GitTree(tmp_path / "outer/infra")
    outer.write({"f": "f"})
    commit = inner.commit({"f": "f"})
    monkeypatch.chdir(outer.path)
    with pytest.raises(UsageError, match="a repository of its own"), trust.open_sides("main", True, ["infra"]):
        pass
    monkeypatch.chdir(inner.path)
    with trust.open_sides("main", True, ["."]) as (sides, _):
        assert sides.trusted.commit == commit


def test_targets_of_two_repositories_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        GitTree(tmp_path / name).commit({"f": "f"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="not in the repository"), trust.open_sides("main", True, ["a", "b"]):
        pass


# What counts as policy.


def changes(tmp_path: Path, here: Mapping[str, str], there: Mapping[str, str], folder: str = ".", *named: str) -> Any:
    for side, files in (("here", here), ("there", there)):
        for name, content in files.items():
            place = tmp_path / side / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        (tmp_path / side).mkdir(exist_ok=True)
    return changed_policy(tmp_path / "here", tmp_path / "there", [folder], named)


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ({"assay.toml": "a = 1"}, {"assay.toml": "a = 1"}, ()),
        ({"assay.toml": "jobs = 1"}, {}, ("assay.toml",)),
        ({}, {"assay.toml": "jobs = 1"}, ("assay.toml",)),
        ({"assay.toml": "jobs ="}, {}, ("assay.toml",)),
        ({"pyproject.toml": "[tool.assay]\njobs = 1"}, {"pyproject.toml": "[a]\nb = 'x'"}, ("pyproject.toml",)),
        ({"pyproject.toml": "[tool.ruff]\nx = 1"}, {"pyproject.toml": "[tool.ruff]\nx = 2"}, ()),
        ({"pyproject.toml": "[tool.assay]\nj = 1\n[a]"}, {"pyproject.toml": "[b]\n[tool.assay]\nj = 1"}, ()),
        ({"pyproject.toml": "[tool.assay]\n" + ".".join("a" * 3000) + " = 1"}, {}, ("pyproject.toml",)),
        ({"assay.toml": 'waivers = "w"', "w": "evil"}, {"assay.toml": 'waivers = "w"', "w": "good"}, ("w",)),
        ({"assay.toml": 'waivers = "w"', "w": "x"}, {"assay.toml": 'waivers = "w"'}, ("w",)),
        ({"assay.toml": "", "w": "x"}, {"assay.toml": 'baseline = "w"'}, ("assay.toml", "w")),
        ({"assay.toml": 'rules = ["r"]', "r/a/x.yaml": "e"}, {"assay.toml": 'rules = ["r"]'}, ("r/a/x.yaml",)),
        ({"assay.toml": 'packs = ["p/a.yaml"]', "p/base.yml": "e"}, {"assay.toml": 'packs = ["p/a.yaml"]'},
         ("p/base.yml",)),
        ({"assay.toml": 'waivers = "' + "a" * 5000 + '"'}, {}, ("assay.toml",)),
        ({"assay.toml": 'waivers = "../../etc/passwd"'}, {}, ("assay.toml",)),
        ({"assay.toml": 'rules = [""]\nwaivers = "a\\u0000b"'}, {}, ("assay.toml",)),
        ({"infra/assay.toml": ""}, {}, ()),
    ],
)  # fmt: skip
def test_every_file_that_decides_is_named_where_it_differs(
    here: Mapping[str, str], there: Mapping[str, str], expected: tuple[str, ...], tmp_path: Path
) -> None:
    assert changes(tmp_path, here, there) == expected


def test_a_configuration_nearer_to_what_is_scanned_is_named(tmp_path: Path) -> None:
    assert changes(tmp_path, {"a/b/assay.toml": "", "a/f": "", "assay.toml": ""}, {"a/f": ""}, "a/b") == (
        "a/b/assay.toml",
        "assay.toml",
    )


def test_what_the_command_line_names_is_policy_too(tmp_path: Path) -> None:
    assert changes(tmp_path, {"p/w.yaml": "x", "rules/a.yaml": "x"}, {}, ".", "p/w.yaml", "rules") == (
        "p/w.yaml",
        "rules/a.yaml",
    )


def test_a_key_of_many_parts_stalls_nothing(tmp_path: Path) -> None:
    deep = ".".join("a" * 200_000) + " = 1"
    for text in (deep, f"[{deep[:-4]}]", deep.replace("a", '"a"')):
        began = time.process_time()
        here = {"assay.toml": text, "pyproject.toml": f"[tool.assay]\n{text}"}
        assert changes(tmp_path, here, {}) == ("assay.toml", "pyproject.toml")
        with pytest.raises(UsageError, match=r"assay\.toml"):
            load_settings(tmp_path / "here")
        assert time.process_time() - began < 2


def test_a_link_in_a_configurations_place_is_named_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    os.symlink("/etc/passwd", tmp_path / "here/assay.toml")
    assert changes(tmp_path, {}, {"assay.toml": ""}) == ("assay.toml",)
    os.unlink(tmp_path / "here/assay.toml")
    os.mkfifo(tmp_path / "here/assay.toml")
    assert changes(tmp_path, {}, {}) == ("assay.toml",)
