"""`--diff` and `--trust-base` on real repositories: what is compared, and what can't be."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.git_trees import GitTree

ASSAY = str(Path(sys.executable).with_name("assay"))
FAULT = "CKV2_DOCKER_2"
HEAD = "FROM python:3.11\nUSER ada\nHEALTHCHECK CMD true\n"
SOUND = HEAD + "RUN make\n"


def faulty(name: str) -> str:
    return f"{HEAD}RUN curl -k https://{name}.example/x\n"


def scan(cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [ASSAY, "scan", "--only", "dockerfile", "--format", "json", *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def changes(cwd: Path, *args: str) -> tuple[dict[str, str | None], Any]:
    done = scan(cwd, *args)
    report = json.loads(done.stdout)
    assert done.returncode == report["exit_code"], done.stderr
    found = {
        f["location"]["path"]: f["change"] for f in report["findings"] if f["rule"] == FAULT and f["outcome"] == "fail"
    }
    return found, report


def test_only_what_the_branch_did_counts_committed_staged_or_not(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({name: faulty(name[:3]) for name in ("old/Dockerfile", "mended/Dockerfile", "moved/Dockerfile")})
    tree.branch("work")
    tree.commit({"committed/Dockerfile": faulty("com")})
    # main moves on: it mends a fault that the branch still has, and gains another.
    tree.checkout("main")
    tree.commit({"mended/Dockerfile": SOUND, "late/Dockerfile": faulty("late")})
    tree.checkout("work")
    tree.rename("moved/Dockerfile", "renamed/Dockerfile")
    tree.write({"staged/Dockerfile": faulty("sta")})
    tree.stage()
    tree.write({"untracked/Dockerfile": faulty("unt"), "old/Dockerfile": "# moved down\n\n" + faulty("old")})
    found, report = changes(tree.path, "--diff", "main")
    assert found == {
        "old/Dockerfile": "existing",
        "mended/Dockerfile": "existing",
        "renamed/Dockerfile": "existing",
        "committed/Dockerfile": "new",
        "staged/Dockerfile": "new",
        "untracked/Dockerfile": "new",
    }
    assert report["gate"] == {"status": "red", "reasons": ["3 new and failing at high severity"]}
    assert (report["summary"]["new"], report["summary"]["existing"], report["compared_with"]) == (3, 3, "main")

    tree.detach()
    (tree.path / "untracked/Dockerfile").unlink()
    for name in ("staged", "committed"):
        tree.write({f"{name}/Dockerfile": SOUND})
    tree.write({"old/Dockerfile": SOUND})
    found, report = changes(tree.path, "--diff", "main")
    assert set(found.values()) == {"existing"} and report["exit_code"] == 0
    assert report["summary"]["fixed"] == 1


def test_a_folder_and_several_targets_are_compared_with_their_own_past(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"a/Dockerfile": faulty("a"), "b/Dockerfile": faulty("b"), "c": "c"})
    tree.branch("work")
    tree.commit({"a/new/Dockerfile": faulty("new"), "added/Dockerfile": faulty("added")})
    found, report = changes(tree.path, "a", "--diff", "main")
    assert found == {"Dockerfile": "existing", "new/Dockerfile": "new"}
    inside, _ = changes(tree.path / "a", ".", "--diff", "main")
    assert inside == found
    found, report = changes(tree.path, "a", "b/Dockerfile", "added", "--trust-base", "main", "--diff", "main")
    assert found == {
        "a/Dockerfile": "existing",
        "a/new/Dockerfile": "new",
        "b/Dockerfile": "existing",
        "added/Dockerfile": "new",
    }
    assert report["exit_code"] == 1


def test_what_is_in_main_is_heeded_and_waivers_say_where_they_are(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit(
        {
            "assay.toml": 'waivers = "waivers.yaml"\n',
            "waivers.yaml": f'waivers:\n  - {{rule: {FAULT}, address: "*", path: "lab/*", reason: lab, owner: me}}\n'
            f"  - {{rule: {FAULT}, address: nothing, reason: lab}}\n",
            "lab/Dockerfile": SOUND,
            "inline/Dockerfile": faulty("a").replace("RUN", f'# assay:ignore {FAULT} reason="known"\nRUN'),
        }
    )
    tree.branch("work")
    tree.commit({"lab/Dockerfile": faulty("lab")})
    _, report = changes(tree.path, "--diff", "main")
    suppressed = {f["location"]["path"]: f["suppressed"] for f in report["findings"] if f["suppressed"]}
    assert suppressed == {
        "lab/Dockerfile": {"by": "waiver", "reason": "lab", "owner": "me", "until": None},
        "inline/Dockerfile": {"by": "inline", "reason": "known", "owner": None, "until": None},
    }
    assert report["exit_code"] == 0
    assert any(line.startswith("waivers.yaml:3: the waiver for") for line in report["warnings"])

    tree.write({"waivers.yaml": "waivers: []\n"})
    tree.commit()
    tree.point(
        "refs/heads/main", tree.commit({"waivers.yaml": "waivers:\n  - {rule: no-such, address: a, reason: r}\n"})
    )
    done = scan(tree.path, "--diff", "main")
    assert done.returncode == 2 and done.stderr.startswith("assay: waivers.yaml:2: ")


def test_submodules_and_links_of_the_base_are_no_obstacle(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"a": "a"})
    entries = {
        "Dockerfile": (0o100644, faulty("old").encode()),
        "sub": (0o160000, b"1" * 40),
        "link": (0o120000, b"/"),
        "loop": (0o120000, b"loop"),
    }
    tree.point("refs/heads/main", tree.commit_tree(entries))
    tree.write({"Dockerfile": faulty("old"), "sub/Dockerfile": faulty("sub")})
    found, _ = changes(tree.path, "--diff", "main")
    assert found == {"Dockerfile": "existing", "sub/Dockerfile": "new"}


def _no_repository(tree: GitTree) -> None:
    (tree.path / ".git").rename(tree.path / "git")


def _unrelated(tree: GitTree) -> None:
    tree.branch("work")
    tree.point("refs/heads/main", tree.commit_tree({"z": (0o100644, b"z")}))


def _shallow(tree: GitTree) -> None:
    parent, head = (tree.commit({"a": text}) for text in "bc")
    (tree.path / ".git/shallow").write_text(head + "\n")
    (tree.path / ".git/objects" / parent[:2] / parent[2:]).unlink()
    tree.point("refs/heads/main", parent)


def _damaged(tree: GitTree) -> None:
    for place in (tree.path / ".git/objects").glob("??/*"):
        place.chmod(0o644)
        place.write_bytes(b"garbage")


def _empty(tree: GitTree) -> None:
    """Before the first commit."""
    (tree.path / ".git/refs/heads/main").unlink()


def _nothing(tree: GitTree) -> None:
    """As it is."""


@pytest.mark.parametrize(
    ("spoil", "args", "said"),
    [
        (_nothing, ["--diff", "origin/main"], "no commit is named 'origin/main'"),
        (_nothing, ["--trust-base", "v9"], "no commit is named 'v9'"),
        (_nothing, ["--diff", "--upload-pack=x"], "expected one argument"),
        (_nothing, ["--diff", "main", "--trust-base", "HEAD"], "name different refs"),
        (_nothing, ["--trust-base", "main", "--policy-root", "/"], "two trusted sides"),
        (_nothing, ["--policy-root", "missing"], "no such folder"),
        (_nothing, ["--diff", "main", "/etc/hostname"], "not in a git repository"),
        (_no_repository, ["--diff", "main"], "not in a git repository"),
        (_unrelated, ["--diff", "main"], "share no commit"),
        (_shallow, ["--diff", "main"], "full history"),
        (_damaged, ["--diff", "main"], "full history"),
        (_empty, ["--diff", "main"], "no commit is named"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_exit_2(spoil: Any, args: list[str], said: str, tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"a": "a"})
    spoil(tree)
    done = scan(tree.path, *args)
    assert done.returncode == 2 and done.stdout == ""
    assert said in done.stderr and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_policy_from_a_folder_and_comparison_with_a_ref_go_together(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"old/Dockerfile": faulty("old")})
    tree.branch("work")
    tree.commit({"new/Dockerfile": faulty("new"), "assay.toml": 'fail-on = "critical"\n'})
    central = tmp_path / "policy"
    central.mkdir()
    args = ("--diff", "main", "--policy-root", str(central))
    found, report = changes(tree.path, *args)
    assert found == {"old/Dockerfile": "existing", "new/Dockerfile": "new"}
    assert report["gate"]["status"] == "red"
    (central / "assay.toml").write_text('fail-on = "critical"\n')
    assert changes(tree.path, *args)[1]["gate"]["status"] == "green"


def test_what_could_not_be_followed_before_is_not_the_changes_doing(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.link("out", "/etc/hostname")
    tree.commit({"Dockerfile": SOUND})
    tree.branch("work")
    tree.link("new", "/etc/hosts")
    _, report = changes(tree.path, "--diff", "main")
    told = {f["resource"]["address"]: f["change"] for f in report["findings"] if f["rule"] == "link-out-of-target"}
    assert told == {"out": "existing", "new": "new"}


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: n}
spec:
  containers:
    - name: c
      image: nginx:1.2
      securityContext: {privileged: true}
    - name: d
      image: nginx:1.2
"""


def of_pods(tree: GitTree) -> dict[str, str | None]:
    done = subprocess.run(
        [ASSAY, "scan", "--only", "kubernetes", "--format", "json", "--diff", "main"],
        cwd=tree.path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return {f["rule"]: f["change"] for f in json.loads(done.stdout)["findings"] if f["outcome"] == "fail"}


def test_another_image_is_not_worse_in_what_was_wrong_before(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"pod.yaml": POD})
    tree.branch("work")
    tree.write({"pod.yaml": POD.replace("nginx:1.2", "nginx:1.3")})
    changed = of_pods(tree)
    assert changed["containers-not-privileged"] == "existing"
    assert set(changed.values()) == {"existing"}
    tree.write({"pod.yaml": POD + "      securityContext: {privileged: true}\n"})
    changed = of_pods(tree)
    assert changed["containers-not-privileged"] == "worsened"
    assert changed["containers-memory-limited"] == "existing"


def test_lines_tell_what_the_change_did_and_how_much_was_there(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"Dockerfile": faulty("old")})
    tree.branch("work")
    tree.write({"new/Dockerfile": faulty("new")})
    done = scan(tree.path, "--diff", "main", "--format", "lines")
    *lines, last = done.stdout.splitlines()
    lines = [line for line in lines if not line.startswith("warning: ")]
    assert lines and all(line.startswith("new/Dockerfile:") for line in lines)
    assert last.endswith(f"{len(lines)} new, 0 worsened, {len(lines)} there before")
