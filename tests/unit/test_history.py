"""Commits read from a repository that a stranger may have made: nothing of it is run, and nothing leaves the folder."""

import os
import stat
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from dulwich.repo import Repo

from assay.scanner.errors import UsageError
from assay.scanner.safe.history import open_history
from tests.e2e.git_trees import GitTree

FILE, LINK, PROGRAM, SUBMODULE = 0o100644, 0o120000, 0o100755, 0o160000
TEXT = "".join(f"line {number} of a file that is long enough to be told again\n" for number in range(20))


@pytest.fixture
def tree(tmp_path: Path) -> GitTree:
    return GitTree(tmp_path / "tree")


def written(tree: GitTree, commit: str, folder: Path) -> dict[str, str]:
    folder.mkdir()
    with open_history(tree.path) as history:
        history.write(commit, folder)
    return {
        str(place.relative_to(folder)): f"-> {os.readlink(place)}" if place.is_symlink() else place.read_text()
        for place in sorted(folder.rglob("*"))
        if place.is_symlink() or place.is_file()
    }


def renames(tree: GitTree, commit: str) -> Mapping[str, str]:
    with open_history(tree.path) as history:
        return history.renamed_since(commit)


def base(tree: GitTree, ref: str) -> str:
    with open_history(tree.path) as history:
        return history.merge_base(ref)


def named(tree: GitTree, ref: str) -> str:
    with open_history(tree.path) as history:
        return history.commit(ref)


def test_a_commit_is_written_as_it_was(tree: GitTree, tmp_path: Path) -> None:
    first = tree.commit({"a.tf": "one", "deep/er/b.tf": "two"})
    tree.commit({"a.tf": "changed"})
    assert written(tree, first, tmp_path / "out") == {"a.tf": "one", "deep/er/b.tf": "two"}


@pytest.mark.parametrize("name", ["main", "HEAD", "refs/heads/main", "heads/main", "v1", "main~0", "main^0"])
def test_a_commit_is_found_by_every_way_of_naming_it(name: str, tree: GitTree) -> None:
    commit = tree.commit({"a": "a"})
    tree.point("refs/tags/v1", commit)
    assert named(tree, name) == commit == named(tree, commit) == named(tree, commit[:10])


def test_a_step_back_is_a_step_back(tree: GitTree) -> None:
    first, _ = tree.commit({"a": "a"}), tree.commit({"a": "b"})
    assert named(tree, "main~1") == first == named(tree, "HEAD^")


NO_COMMITS = ["nope", "", " ", "..", "main~9", "a\nb", "\udcff", "-x", "@{", "main:a", "é", "^", "f" * 40]


@pytest.mark.parametrize("name", NO_COMMITS)
def test_a_name_of_nothing_is_one_line(name: str, tree: GitTree) -> None:
    tree.commit({"a": "a"})
    with pytest.raises(UsageError) as error:
        named(tree, name)
    assert "\n" not in str(error.value)


def test_a_tag_that_has_a_branchs_name_is_refused(tree: GitTree) -> None:
    good = tree.commit({"a": "a"})
    tree.point("refs/remotes/origin/main", good)
    assert named(tree, "origin/main") == good
    evil = tree.commit({"a": "evil"})
    tree.point("refs/tags/origin/main", evil)
    with pytest.raises(UsageError, match=r"names several commits.*refs/remotes/origin/main, refs/tags/origin/main"):
        named(tree, "origin/main")
    with pytest.raises(UsageError, match="names several commits"):
        named(tree, "origin/main~0")
    assert named(tree, "refs/remotes/origin/main") == good
    tree.point("refs/tags/origin/main", good)
    assert named(tree, "origin/main") == good


def test_the_merge_base_is_where_the_branch_began(tree: GitTree) -> None:
    began = tree.commit({"a": "a"})
    tree.branch("work")
    tree.commit({"b": "b"})
    tree.checkout("main")
    tip = tree.commit({"c": "c"})
    tree.checkout("work")
    assert base(tree, "main") == began != tip
    tree.detach()
    assert base(tree, "main") == began


def test_no_common_commit_is_one_line(tree: GitTree) -> None:
    tree.commit({"a": "a"})
    tree.commit_tree({"z": (FILE, b"z")})
    with pytest.raises(UsageError, match="share no commit"):
        base(tree, "odd")


def test_a_shallow_clone_says_that_history_is_missing(tree: GitTree) -> None:
    first = tree.commit({"a": "a"})
    tree.branch("work")
    second = tree.commit({"a": "b"})
    (tree.path / ".git/shallow").write_text(second + "\n")
    (tree.path / ".git/objects" / first[:2] / first[2:]).unlink()
    with pytest.raises(UsageError, match=r"no commit is named 'main'.*full history"):
        base(tree, "main")


@pytest.mark.parametrize("has_git", [False, True])
def test_what_is_no_repository_is_one_line(has_git: bool, tmp_path: Path) -> None:
    if has_git:
        (tmp_path / ".git").mkdir()
    with pytest.raises(UsageError, match="not in a git repository"), open_history(tmp_path):
        pass


def test_a_folder_made_to_look_like_a_bare_repository_is_none(tree: GitTree) -> None:
    commit = tree.commit({"infra/a": "a"})
    fake = tree.path / "infra"
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (fake / name).mkdir(parents=True)
    (fake / "HEAD").write_text("ref: refs/heads/main\n")
    (fake / "refs/heads/main").write_text("f" * 40 + "\n")
    with open_history(fake) as history:
        assert (history.top, history.commit("main")) == (tree.path, commit)


def test_a_worktree_with_a_git_file_is_its_own_top(tree: GitTree, tmp_path: Path) -> None:
    commit = tree.commit({"a": "a"})
    side = tmp_path / "side"
    side.mkdir()
    private = tree.path / ".git/worktrees/side"
    private.mkdir(parents=True)
    (private / "HEAD").write_text(commit + "\n")
    (private / "commondir").write_text("../..\n")
    (private / "gitdir").write_text(f"{side}/.git\n")
    (side / ".git").write_text(f"gitdir: {private}\n")
    with open_history(side) as history:
        assert (history.top, history.commit("HEAD"), history.merge_base("main")) == (side, commit, commit)


@pytest.mark.parametrize("how", ["staged", "committed", "edited"])
def test_a_renamed_file_is_told(how: str, tree: GitTree) -> None:
    first = tree.commit({"old.tf": TEXT, "same.tf": "same"})
    tree.rename("old.tf", "new/name.tf")
    if how == "edited":
        tree.write({"new/name.tf": TEXT.replace("line 3 ", "row 3 ")})
    tree.stage()
    if how == "committed":
        tree.commit()
    assert renames(tree, first) == {"new/name.tf": "old.tf"}


def test_a_copy_a_rewrite_and_an_unstaged_move_are_no_renames(tree: GitTree) -> None:
    first = tree.commit({"old.tf": TEXT})
    tree.commit({"copy.tf": TEXT})
    assert renames(tree, first) == {}
    tree.remove("copy.tf")
    tree.commit()
    tree.rename("old.tf", "moved.tf")
    assert renames(tree, first) == {}
    tree.write({"moved.tf": "something else altogether\n" * 20})
    tree.commit()
    assert renames(tree, first) == {}


def test_one_file_becomes_one_file_at_most(tree: GitTree) -> None:
    first = tree.commit({"old.tf": TEXT})
    tree.remove("old.tf")
    tree.commit({"a.tf": TEXT, "b.tf": TEXT})
    assert len(renames(tree, first)) == 1


def test_without_an_index_nothing_is_known_to_be_renamed(tree: GitTree) -> None:
    first = tree.commit({"old.tf": TEXT})
    for damage in (b"", b"garbage", b"DIRC\0\0\0\x09\0\0\0\x01"):
        (tree.path / ".git/index").write_bytes(damage)
        assert renames(tree, first) == {}
    (tree.path / ".git/index").unlink()
    assert renames(tree, first) == {}


@pytest.mark.parametrize(
    "name",
    ["..", "../out", "a/../../out", "/abs", "a//b", ".git", ".GIT", ".git/hooks/x", "sub/.git/config", "./x", "."],
)
def test_names_that_git_refuses_are_left_out(name: str, tree: GitTree, tmp_path: Path) -> None:
    tree.commit({"a": "a"})
    before = sorted(os.listdir(tmp_path))
    commit = tree.commit_tree({"good": (FILE, b"good"), name: (FILE, b"evil")})
    assert written(tree, commit, tmp_path / "out") == {"good": "good"}
    assert sorted(os.listdir(tmp_path)) == [*sorted([*before, "out"])]


@pytest.mark.parametrize("mode", [FILE, LINK])
def test_nothing_is_written_through_a_link(mode: int, tree: GitTree, tmp_path: Path) -> None:
    tree.commit({"a": "a"})
    outside = tmp_path / "outside"
    outside.mkdir()
    entries = {"a": (LINK, os.fsencode(outside)), "a/evil": (mode, b"evil"), "a/b/evil": (mode, b"evil")}
    commit = tree.commit_tree(entries)
    written(tree, commit, tmp_path / "out")
    assert list(outside.iterdir()) == []


def test_a_file_where_a_folder_must_be_is_an_error_and_no_trace(tree: GitTree, tmp_path: Path) -> None:
    tree.commit({"a": "a"})
    commit = tree.commit_tree({"a": (FILE, b"file"), "a/b": (FILE, b"below it")})
    with pytest.raises(OSError, match="exists"):
        written(tree, commit, tmp_path / "out")


def test_links_are_kept_but_not_followed(tree: GitTree, tmp_path: Path) -> None:
    tree.commit({"a": "a"})
    entries = {"sub": (SUBMODULE, b"1" * 40), "link": (LINK, b"/etc/passwd"), "run": (PROGRAM, b"#!/bin/sh\n")}
    commit = tree.commit_tree(entries)
    folder = tmp_path / "out"
    folder.mkdir()
    with open_history(tree.path) as history:
        assert history.write(commit, folder) == ()  # Nothing of the submodule is in the working tree either.
    assert os.readlink(folder / "link") == "/etc/passwd"
    assert sorted(os.listdir(folder)) == ["link", "run"]
    assert not stat.S_IMODE((folder / "run").stat().st_mode) & 0o111


def with_submodule(tree: GitTree) -> tuple[str, Path]:
    """A commit that names one, and the folder where git keeps its objects."""
    tree.commit({"a": "a"})
    inner = GitTree(tree.path / "sub")
    first = inner.commit({"b.tf": "then", "deep/c.tf": "c"})
    inner.commit({"b.tf": "now"})
    kept = tree.path / ".git" / "modules" / "sub"
    kept.parent.mkdir()
    (tree.path / "sub" / ".git").rename(kept)
    (tree.path / "sub" / ".git").write_text("gitdir: ../.git/modules/sub\n")
    return tree.commit_tree({"sub": (SUBMODULE, first.encode()), "d": (FILE, b"d")}), kept


def test_a_submodule_is_written_as_of_the_commit_that_is_named(tree: GitTree, tmp_path: Path) -> None:
    commit, _ = with_submodule(tree)
    assert written(tree, commit, tmp_path / "out") == {"d": "d", "sub/b.tf": "then", "sub/deep/c.tf": "c"}


def test_a_submodule_that_cant_be_read_is_named(tree: GitTree, tmp_path: Path) -> None:
    commit, kept = with_submodule(tree)
    (kept / "objects").rename(kept / "gone")
    (kept / "objects").mkdir()
    (tmp_path / "out").mkdir()
    with open_history(tree.path) as history:
        assert history.write(commit, tmp_path / "out") == ("sub",)


def test_a_folder_that_names_a_repository_elsewhere_is_not_followed_there(tree: GitTree, tmp_path: Path) -> None:
    commit, kept = with_submodule(tree)
    kept.rename(tmp_path / "elsewhere")
    (tree.path / "sub" / ".git").write_text(f"gitdir: {tmp_path / 'elsewhere'}\n")
    (tmp_path / "out").mkdir()
    with open_history(tree.path) as history:
        assert history.write(commit, tmp_path / "out") == ("sub",)
    assert not (tmp_path / "out" / "sub").exists()


def test_a_file_is_in_a_commit_and_a_folder_is_no_file(tree: GitTree) -> None:
    tree.commit({"a/b.tf": "x"})
    with open_history(tree.path) as history:
        assert [history.has("HEAD", path) for path in ("a/b.tf", "a", "c.tf", "")] == [True, False, False, False]


def test_a_name_that_is_not_unicode_is_kept(tree: GitTree, tmp_path: Path) -> None:
    tree.commit({"a": "a"})
    commit = tree.commit_tree({"\udcff.tf": (FILE, b"x")})
    folder = tmp_path / "out"
    folder.mkdir()
    with open_history(tree.path) as history:
        history.write(commit, folder)
    assert os.listdir(os.fsencode(folder)) == [b"\xff.tf"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"garbage",
        zlib.compress(b"blob 3\0abcdef"),
        zlib.compress(b"tree 9\0100644 a\0short"),
        zlib.compress(b"nonsense 1\0x"),
        zlib.compress(b"commit 9\0tree xyz\n"),
        None,
    ],
)
@pytest.mark.parametrize("what", ["commit", "tree", "blob"])
def test_a_damaged_object_is_one_line(what: str, damage: bytes | None, tree: GitTree, tmp_path: Path) -> None:
    commit = tree.commit({"a": "text"})
    with Repo(str(tree.path)) as repository:
        root = repository[repository[commit.encode()].tree]
        found = {"commit": commit.encode(), "tree": root.id, "blob": root[b"a"][1]}[what].decode()
    place = tree.path / ".git/objects" / found[:2] / found[2:]
    place.chmod(0o644)
    place.unlink() if damage is None else place.write_bytes(damage)
    (tmp_path / "out").mkdir()
    try:
        with open_history(tree.path) as history:
            history.write(history.commit("main"), tmp_path / "out")
            history.merge_base("main")
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        # dulwich doesn't compare a blob with its hash; whoever can write .git needs no such trick.
        assert what == "blob"


def test_alternates_are_read_and_one_that_is_missing_is_no_crash(tree: GitTree, tmp_path: Path) -> None:
    commit = tree.commit({"a": "text"})
    info = tree.path / ".git/objects/info"
    info.mkdir(exist_ok=True)
    (info / "alternates").write_text(f"{tmp_path}/missing\n{tree.path}/.git/objects\n")
    assert written(tree, commit, tmp_path / "out") == {"a": "text"}


def test_nothing_that_a_repository_names_is_run(tree: GitTree, tmp_path: Path) -> None:
    first = tree.commit({"a.tf": TEXT, ".gitattributes": "* filter=evil diff=evil merge=evil\n"})
    proof = tmp_path / "proof"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {proof}\ncat\n")
    script.chmod(0o755)
    with (tree.path / ".git/config").open("a") as config:
        config.write(
            f"[core]\n\tfsmonitor = {script}\n\thooksPath = {tmp_path}\n\tsshCommand = {script}\n\tpager = {script}\n"
            f'[filter "evil"]\n\tsmudge = {script}\n\tclean = {script}\n\tprocess = {script}\n\trequired = true\n'
            f'[diff "evil"]\n\ttextconv = {script}\n\tcommand = {script}\n[credential]\n\thelper = "!{script}"\n'
        )
    for hook in ("post-checkout", "fsmonitor-watchman", "reference-transaction", "pre-commit"):
        place = tree.path / ".git/hooks" / hook
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(script.read_bytes())
        place.chmod(0o755)
    assert "a.tf" in written(tree, first, tmp_path / "out")
    renames(tree, first)
    base(tree, "main")
    assert not proof.exists()


def test_a_repository_with_longer_hashes_is_read_too(tmp_path: Path) -> None:
    Repo.init(str(tmp_path / "tree"), mkdir=True, default_branch=b"main", object_format="sha256").close()
    with Repo(str(tmp_path / "tree")) as repository:
        (tmp_path / "tree/old.tf").write_text(TEXT)
        repository.get_worktree().stage(["old.tf"])
        first = repository.get_worktree().commit(b"A", committer=b"a <a@b>", author=b"a <a@b>").decode()
        (tmp_path / "tree/old.tf").rename(tmp_path / "tree/new.tf")
        repository.get_worktree().stage(["old.tf", "new.tf"])
    with open_history(tmp_path / "tree") as history:
        assert (len(first), history.commit("main"), history.merge_base("main")) == (64, first, first)
        # dulwich writes no trees of that format, so renames aren't told there, and what moved counts as new.
        assert history.renamed_since(first) == {}


def test_git_agrees(tree: GitTree) -> None:
    """Only where git is there: it takes our helper's repository for a sound one, with the same merge base."""
    tree.commit({"old.tf": TEXT, "deep/b": "b"})
    tree.branch("work")
    tree.rename("old.tf", "new.tf")
    tree.commit()
    try:
        done = subprocess.run(
            ["git", "-C", str(tree.path), "diff", "--name-status", "-M50%", "main...HEAD"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("no git here")
    assert done.stdout == "R100\told.tf\tnew.tf\n"
    assert renames(tree, base(tree, "main")) == {"new.tf": "old.tf"}
