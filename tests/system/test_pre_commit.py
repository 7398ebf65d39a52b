"""The hook under the real `pre-commit`, from a clean clone, as a user sets it up."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRE_COMMIT = str(ROOT / ".tools" / "pre-commit" / "bin" / "pre-commit")
PUBLIC = 'resource "aws_s3_bucket" "b" {\n  acl = "public-read"\n}\n'
SOUND = 'variable "name" {\n  default = "x"\n}\n'
pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    folder = tmp_path_factory.mktemp("home")
    (folder / "run").mkdir(mode=0o700)
    git = {"GIT_CONFIG_GLOBAL": str(folder / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
    (folder / "gitconfig").write_text("[user]\nname = t\nemail = t@example.com\n[init]\ndefaultBranch = main\n")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("GIT_", "XDG_"))}
    return {
        **{name: text for name, text in kept.items() if name != "CI"},
        **git,
        "HOME": str(folder),
        "PRE_COMMIT_HOME": str(folder / "pre-commit"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
    }


@pytest.fixture(scope="module")
def clone(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would give a stranger, with what isn't committed yet."""
    place = tmp_path_factory.mktemp("clone")
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT, environment).stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes((ROOT / name).read_bytes())
            (place / name).chmod((ROOT / name).stat().st_mode & 0o777)
    commit(place, environment)
    return place


@pytest.fixture
def repository(clone: Path, environment: Mapping[str, str], tmp_path: Path) -> Iterator[Path]:
    revision = run(["git", "rev-parse", "HEAD"], clone, environment).stdout.strip()
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {clone}\n    rev: {revision}\n    hooks:\n      - id: assay\n"
    )
    (tmp_path / "variables.tf").write_text(SOUND)
    commit(tmp_path, environment)
    run([PRE_COMMIT, "install"], tmp_path, environment)
    yield tmp_path
    for assay in Path(environment["PRE_COMMIT_HOME"]).glob("*/py_env*/bin/assay"):
        run([str(assay), "server", "stop"], tmp_path, environment)


def run(
    command: list[str], folder: Path, environment: Mapping[str, str], code: int = 0
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def commit(folder: Path, environment: Mapping[str, str]) -> None:
    if not (folder / ".git").exists():
        run(["git", "init", "-q"], folder, environment)
    run(["git", "add", "-A"], folder, environment)
    run(["git", "commit", "-qm", "all"], folder, environment)


def test_a_commit_with_a_fault_is_refused_and_one_without_is_not(
    repository: Path, environment: Mapping[str, str]
) -> None:
    (repository / "main.tf").write_text(PUBLIC)
    run(["git", "add", "-A"], repository, environment)
    refused = run(["git", "commit", "-m", "public"], repository, environment, code=1)
    assert "main.tf:1: critical:" in refused.stdout + refused.stderr
    (repository / "main.tf").write_text(SOUND.replace("name", "other"))
    run(["git", "add", "-A"], repository, environment)
    run(["git", "commit", "-m", "sound"], repository, environment)
    # The first hook started a server, and once that is up it is asked.
    for _ in range(60):
        run([PRE_COMMIT, "run", "--all-files"], repository, environment)
        status = server(repository, environment)
        if "requests" in status and int(status.split("requests")[1].split()[0]) > 0:
            break
    else:
        pytest.fail("no hook asked the server")


def server(folder: Path, environment: Mapping[str, str]) -> str:
    [assay] = Path(environment["PRE_COMMIT_HOME"]).glob("*/py_env*/bin/assay")
    done = subprocess.run(
        [str(assay), "server", "status"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout
