"""`assay hook`, with a server and without: the same answers, nobody else's server, and nothing left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.git_trees import GitTree

BUCKET = 'resource "aws_s3_bucket" "b" {\n  acl = var.acl\n}\n'
BROKEN = 'resource "aws_s3_bucket" {{\n'
CLIENT = Path(__file__).parents[2] / "scanner" / "hook" / "client.py"


class Home:
    """A repository, and folders of its own for what a server and a cache keep."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.tree.mkdir()
        (self.tree / ".git" / "objects").mkdir(parents=True)
        (self.tree / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        (self.tree / "main.tf").write_text(BUCKET)
        (self.tree / "variables.tf").write_text('variable "acl" {\n  default = "public-read"\n}\n')
        (self.tree / "Dockerfile").write_text("FROM alpine:latest\n")
        (folder / "run").mkdir(mode=0o700)
        self.runtime = folder / "run"
        self.environment = {
            **{name: text for name, text in os.environ.items() if name != "CI"},
            "XDG_RUNTIME_DIR": str(self.runtime),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def assay(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "assay.scanner.cli.main", *arguments]
        return self.run(command, **environment)

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.tree,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.assay("server", "status", "--format", "json").stdout)
        return found

    def serve(self) -> dict[str, Any]:
        """Starts a server and waits until it answers."""
        subprocess.Popen(
            [sys.executable, "-I", "-m", "assay.scanner.hook.server"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self.wait_for_server()

    def wait_for_server(self) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status = self.status()
            if status["pid"]:
                return status
            time.sleep(0.3)
        raise TimeoutError("no server answers")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    try:
        yield made
    finally:
        made.assay("server", "stop")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("served"))
    made.serve()
    try:
        yield made
    finally:
        made.assay("server", "stop")


def without_times(text: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(text)
    for name in ("started", "finished"):
        del report[name]
    for outcome in report["detectors"]:
        del outcome["seconds"]
    return report


@pytest.mark.parametrize("files", [("main.tf",), ("Dockerfile", "main.tf"), ("variables.tf",), ()])
def test_a_server_says_what_the_command_itself_says(served: Home, files: tuple[str, ...]) -> None:
    before = served.status()["requests"]
    asked = served.assay("hook", *files, "--format", "json", "--no-cache")
    assert served.status()["requests"] == before + 1
    alone = served.assay("hook", *files, "--format", "json", "--no-cache", "--no-server")
    assert (asked.returncode, asked.stderr) == (alone.returncode, alone.stderr)
    assert without_times(asked.stdout) == without_times(alone.stdout)


def test_findings_are_those_of_the_whole_scan_for_these_files(served: Home) -> None:
    whole = json.loads(served.assay("scan", ".", "--format", "json").stdout)
    judged = json.loads(served.assay("hook", "main.tf", "--format", "json").stdout)
    there = [one["fingerprint"] for one in whole["findings"] if (one["location"] or {}).get("path") == "main.tf"]
    assert [one["fingerprint"] for one in judged["findings"] if one["location"]] == there
    # The value stands in another file of the module.
    assert "CKV_AWS_20" in {name for one in judged["findings"] for name in (one["rule"], *one["corroborated_by"])}


def test_trouble_elsewhere_is_a_warning(served: Home) -> None:
    broken = served.tree / "broken.tf"
    broken.write_text(BROKEN)
    try:
        elsewhere = served.assay("hook", "main.tf")
        itself = served.assay("hook", "broken.tf")
    finally:
        broken.unlink()
    assert elsewhere.returncode == 1
    assert "warning: broken.tf: it is not valid HCL" in elsewhere.stdout
    assert itself.returncode == 3
    assert "broken.tf" in itself.stdout


def test_the_client_is_one_command_that_needs_no_package(served: Home) -> None:
    before = served.status()["requests"]
    done = served.run([sys.executable, "-S", "-E", "-I", str(CLIENT), "main.tf"])
    assert done.returncode == 1
    assert "main.tf:1: " in done.stdout
    assert served.status()["requests"] == before + 1


def test_many_at_once_are_all_answered(served: Home) -> None:
    command = [sys.executable, "-m", "assay.scanner.cli.main", "hook", "Dockerfile"]
    started = [
        subprocess.Popen(command, cwd=served.tree, env=served.environment, stdout=subprocess.PIPE) for _ in range(12)
    ]
    told = {one.communicate(timeout=300)[0] for one in started}
    assert len(told) == 1
    assert {one.returncode for one in started} <= {0, 1}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_caller_that_is_stopped_leaves_no_copy_of_its_files(
    served: Home, tmp_path: Path, how: signal.Signals
) -> None:
    tree, scratch = tmp_path / "tree", tmp_path / "tmp"
    tree.mkdir()
    scratch.mkdir()
    for number in range(800):
        (tree / f"f{number}.tf").write_text(BUCKET.replace('"b"', f'"b{number}"'))
    names = [f"f{number}.tf" for number in range(800)]
    command = [sys.executable, str(CLIENT), "--no-cache", *names]
    caller = subprocess.Popen(
        command, cwd=tree, env={**served.environment, "TMPDIR": str(scratch)}, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not list(scratch.rglob("*.tf")) and time.monotonic() < deadline and caller.poll() is None:
        time.sleep(0.01)
    assert caller.poll() is None, "the work was over before it could be stopped"
    caller.send_signal(how)
    caller.communicate()
    while list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(scratch.iterdir()) == []


def test_a_caller_that_goes_away_takes_its_work_along(served: Home) -> None:
    command = [sys.executable, "-m", "assay.scanner.cli.main", "hook", "main.tf", "--no-cache"]
    caller = subprocess.Popen(command, cwd=served.tree, env=served.environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not served.status()["at_work"] and time.monotonic() < deadline and caller.poll() is None:
        pass
    caller.send_signal(signal.SIGKILL)
    caller.communicate()
    while served.status()["at_work"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.status()["at_work"] == 0


def test_a_request_that_is_no_request_is_turned_away(served: Home) -> None:
    for sent in (b"", b"zzzzzzzz", b"ffffffff", b"00000004a\0b\0", b"00000000"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(served.status()["socket"])
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(10) in (b"", b"s")
    assert served.assay("hook", "Dockerfile").returncode in (0, 1)


def test_status_tells_what_there_is(served: Home) -> None:
    status = served.status()
    assert Path(f"/proc/{status['pid']}").exists()
    assert 0 < status["memory_mib"] <= 200
    assert Path(status["socket"]).parent.stat().st_mode & 0o077 == 0


def test_the_first_hook_starts_a_server_and_does_not_wait_for_it(home: Home) -> None:
    assert home.assay("hook", "Dockerfile").returncode in (0, 1)
    status = home.wait_for_server()
    assert status["requests"] == 0
    assert home.assay("hook", "Dockerfile").returncode in (0, 1)
    assert home.status()["requests"] == 1
    assert home.assay("server", "stop").returncode == 0
    assert _has_ended(status["pid"])
    assert home.assay("server", "status").returncode == 1


def _has_ended(pid: int) -> bool:
    """Whether nothing of it runs; whose child it is may not have asked after it yet."""
    for _ in range(100):
        try:
            if ") Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", ["--no-server", "CI"])
def test_no_process_is_left_behind_where_none_is_wanted(home: Home, how: str) -> None:
    options, environment = (["--no-server"], {}) if how == "--no-server" else ([], {"CI": "true"})
    assert home.assay("hook", "Dockerfile", *options, **environment).returncode in (0, 1)
    assert not any(home.runtime.iterdir())


@pytest.mark.parametrize("trick", ["open to others", "a link", "a file"])
def test_a_place_that_others_may_have_made_is_not_used(home: Home, trick: str) -> None:
    place = home.runtime / "assay"
    if trick == "a link":
        (home.runtime / "other").mkdir(mode=0o700)
        place.symlink_to(home.runtime / "other")
    elif trick == "a file":
        place.write_text("")
    else:
        place.mkdir()
        place.chmod(0o755)
    done = home.assay("hook", "Dockerfile")
    assert done.returncode in (0, 1)
    assert home.assay("server", "status").returncode == 1
    assert list(home.runtime.rglob("*.socket")) == []


def test_an_impostors_answer_is_not_taken(home: Home) -> None:
    """A process of the same user that speaks another language is no server of ours."""
    from assay.scanner.hook.place import Place

    place = Place({"XDG_RUNTIME_DIR": str(home.runtime)})
    assert place.make()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place.socket)
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            connection.sendall(b"x")
            connection.close()

        impostor = threading.Thread(target=answer)
        impostor.start()
        done = home.assay("hook", "Dockerfile", "--format", "json")
        impostor.join()
    assert done.returncode in (0, 1)
    assert json.loads(done.stdout)["findings"]


def test_code_that_changed_ends_the_server(home: Home) -> None:
    home.serve()
    touched = Path(__file__).parents[2] / "scanner" / "hook" / "__init__.py"
    before = touched.stat()
    os.utime(touched, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    try:
        done = home.assay("hook", "Dockerfile", CI="true")
        assert done.returncode in (0, 1)
        deadline = time.monotonic() + 30
        while home.status()["pid"] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert home.status()["pid"] is None
    finally:
        os.utime(touched, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(("given", "said"), [("none.tf", "no such file"), ("/etc/hosts", "outside"), (".", "a folder")])
def test_wrong_use_is_one_line(served: Home, given: str, said: str) -> None:
    done = served.assay("hook", given)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("without", [(), ("--no-server",)])
def test_a_name_that_is_not_utf8_is_one_line_and_nobody_waits(served: Home, without: tuple[str, ...]) -> None:
    path = served.tree / os.fsdecode(b"bad\xff.tf")
    path.write_text("locals {}\n")
    done = served.assay("hook", *without, path.name)
    path.unlink()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "not UTF-8" in done.stderr


def test_a_link_to_nothing_is_not_looked_at_and_says_so(served: Home) -> None:
    link = served.tree / "dangling.tf"
    link.symlink_to("nowhere.tf")
    done = served.assay("hook", "dangling.tf")
    link.unlink()
    assert done.returncode == 3
    assert "the link leads to no file" in done.stdout


def test_what_was_deleted_and_what_is_a_repository_of_its_own_are_passed_over(tmp_path: Path) -> None:
    home = Home(tmp_path)
    shutil.rmtree(home.tree / ".git")
    tree = GitTree(home.tree)
    tree.commit()
    (home.tree / "main.tf").unlink()
    (home.tree / "lib").mkdir()
    (home.tree / "lib" / ".git").write_text("gitdir: elsewhere\n")
    done = home.assay("hook", "--no-server", "main.tf", "lib", "Dockerfile")
    assert done.stderr.splitlines() == [
        "assay: main.tf: deleted; nothing to look at",
        "assay: lib: a repository of its own, which is not looked at from here",
    ]
    assert "Dockerfile" in done.stdout


def test_no_file_is_no_look_at_everything(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.assay("scan", "--quiet").returncode == 1
    done = home.assay("hook", "--no-server")
    assert (done.returncode, done.stdout) == (0, "GREEN: 0 failing, 0 unknown, 0 passing\n")
