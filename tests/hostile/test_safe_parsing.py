"""One case for each limit of the bounded parsers, and for each trick a tree can play."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.scanner.safe import yaml
from assay.scanner.safe.repository import read_repository
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import is_inside, list_tree


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: " + "[" * 100 + "]" * 100, "nested deeper"),
        ("a: &a [1]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" + "".join(
            f"{chr(99 + i)}: &{chr(99 + i)} [{', '.join(['*' + chr(98 + i)] * 9)}]\n" for i in range(9)
        ), "aliases are expanded"),
        ("a: &a [*a]", "contains it"),
        ("a: 1\na: 2", "given twice"),
        ("a: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("a: [1", "expected"),
        ("a: \x00", "not text"),
        ("a: 1\n---\nb: 2", "expected a single document"),
    ],
)  # fmt: skip
def test_yaml_that_attacks_is_refused_with_a_line(text: str, said: str) -> None:
    with pytest.raises(yaml.YamlError, match=said):
        yaml.load(text)


def test_yaml_that_is_too_large_is_refused_unparsed() -> None:
    with pytest.raises(yaml.YamlError, match="larger than"):
        yaml.load(b"a" * ((8 << 20) + 1))


def test_yaml_means_what_version_1_2_says() -> None:
    assert yaml.load("no: on\ndate: 2027-01-31\ntrue: 1") == {"no": "on", "date": "2027-01-31", True: 1}


def test_links_to_files_within_are_read_and_none_is_followed_out(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").write_text("x")
    (tree / "a" / "f").write_text("x")
    (tree / "loop").symlink_to(tree)
    (tree / "self").symlink_to("self")
    (tree / "in").symlink_to("a/f")
    (tree / "out").symlink_to(outside / "secret")
    (tree / "a" / "up").symlink_to("../../outside")
    (tree / "gone").symlink_to("nowhere")
    listing = list_tree(tree)
    assert listing.tree.files == ("a/f", "in")
    assert (listing.tree.links, listing.tree.folder_links) == ({"in": "a/f"}, {"loop": "."})
    assert listing.links_out == ("a/up", "out")


def test_what_is_no_regular_file_is_passed_over_and_named_where_its_name_promises_one(tmp_path: Path) -> None:
    for name in ("pipe", "main.tf", "prod.Dockerfile"):
        os.mkfifo(tmp_path / name)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "pod.yaml"))
        listing = list_tree(tmp_path)
    assert listing.tree.files == ()
    assert [path for path, _ in listing.unreadable] == ["main.tf", "pod.yaml", "prod.Dockerfile"]
    assert [reason.split(" and ")[0] for _, reason in listing.unreadable] == [
        "it is a pipe",
        "it is a socket",
        "it is a pipe",
    ]


def test_a_name_that_is_not_unicode_is_named_and_not_lost(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.tf"))).write_text("")
    listing = list_tree(tmp_path)
    assert listing.tree.files == ()
    assert listing.unreadable == (("bad\\xff.tf", "the name is not UTF-8; rename the file"),)


def test_a_folder_that_cannot_be_listed_is_named() -> None:
    root = Path(tempfile.mkdtemp(prefix="assay-test-"))
    root.chmod(0o755)
    (root / "closed").mkdir(mode=0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # root may list any folder
        listing = list_tree(root)
    finally:
        os.seteuid(user)
        shutil.rmtree(root)
    assert listing.unreadable == (("closed", "the folder cannot be listed: Permission denied"),)


@given(st.text())
def test_a_line_for_people_has_no_control_character(text: str) -> None:
    shown = one_line(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    assert len(shown) <= 400


@given(st.text())
def test_a_path_is_inside_only_if_no_step_leads_up(path: str) -> None:
    if is_inside(path):
        assert os.path.normpath(f"/root/{path}").startswith("/root") and not path.startswith("/")


def repository(tmp_path: Path, config: str = "", head: str = "ref: refs/heads/main\n") -> Path:
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "objects").mkdir()
    (git / "HEAD").write_text(head)
    (git / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    (git / "config").write_text(config)
    return tmp_path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:token@example.com/acme/ai.git", "https://example.com/acme/ai"),
        ("git@example.com:acme/ai.git", "https://example.com/acme/ai"),
        ("ssh://git@example.com:2222/acme/ai", "https://example.com/acme/ai"),
        ("https://example.com/acme/ai?token=x", "https://example.com/acme/ai"),
        ("/srv/local", None),
        ("ext::sh -c id", None),
    ],
)
def test_a_remote_is_shown_without_credentials(url: str, shown: str | None, tmp_path: Path) -> None:
    found = read_repository(repository(tmp_path, f'[core]\n\tfsmonitor = touch x\n[remote "origin"]\n\turl = {url}\n'))
    assert found is not None
    assert (found.uri, found.revision, found.branch) == (shown, "a" * 40, "main")


def test_a_git_folder_that_attacks_gives_nothing_away(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "sha").write_text("b" * 40)
    root = repository(tmp_path / "tree", head="ref: refs/canary/sha\n")
    (root / ".git" / "refs" / "canary").symlink_to(outside)
    assert read_repository(root).revision is None
    (root / ".git" / "HEAD").write_text("ref: refs/heads/a\0b\n")
    assert read_repository(root).revision is None
    (root / ".git" / "HEAD").unlink()
    os.mkfifo(root / ".git" / "HEAD")
    assert read_repository(root).revision is None


def test_a_part_of_a_repository_knows_where_it_lies(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / "infra" / "aws").mkdir(parents=True)
    found = read_repository(root / "infra" / "aws")
    assert found is not None
    assert (found.path, found.revision) == ("infra/aws", "a" * 40)


def test_a_further_working_tree_is_read_only_where_it_and_its_repository_name_each_other(tmp_path: Path) -> None:
    git = repository(tmp_path / "main") / ".git"
    control = git / "worktrees" / "further"
    control.mkdir(parents=True)
    (control / "HEAD").write_text("ref: refs/heads/main\n")
    tree = tmp_path / "further"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {control}\n")
    assert read_repository(tree) is None
    (control / "gitdir").write_text(f"{tree / '.git'}\n")
    found = read_repository(tree)
    assert found is not None
    assert (found.revision, found.branch) == ("a" * 40, "main")


@pytest.mark.parametrize("head", ["ref: refs/../../outside\n", "ref: refs/heads/nope\n", "garbage"])
def test_a_head_that_leads_astray_gives_no_revision(head: str, tmp_path: Path) -> None:
    found = read_repository(repository(tmp_path, head=head))
    assert found is not None
    assert found.revision is None
