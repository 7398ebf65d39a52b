"""Detectors in child processes: whatever one does, nothing else is lost and the scan says so."""

import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from assay.scanner.engine.launch import HostProcess
from assay.scanner.engine.receive import Observed
from assay.scanner.model.detector import DetectorSpec, Tree
from assay.scanner.model.resource import Failure, Resource

TOYS = Path(__file__).parents[1] / "toys" / "toy_detectors.py"


def run(name: str, root: Path, jobs: int = 2, only: tuple[str, ...] = (), **spec: object) -> Observed:
    made = DetectorSpec(id="toy", entry=f"{TOYS}:{name}", targets=("path",), surfaces={})
    return HostProcess(
        msgspec.structs.replace(made, **spec), Tree(root=str(root), files=("main.tf",)), only, (), jobs
    ).run()


def addresses(observed: Observed) -> list[str]:
    return [record.address for record in observed.records if isinstance(record, Resource)]


def failures(observed: Observed) -> list[str]:
    return [f"{record.part}: {record.reason}" for record in observed.records if isinstance(record, Failure)]


@pytest.mark.parametrize(
    ("toy", "said"),
    [
        ("Raises", "crashed: RuntimeError at toy_detectors.py:"),
        ("Killed", "killed by SIGSEGV"),
        ("Sleeps", "took longer than 1 s"),
        ("Hungry", "memory"),
        ("Garbage", "not valid"),
        ("WrongFact", "versioned: expected a boolean"),
        ("OutsidePath", "leaves the target"),
        ("Floods", "sent more than"),
    ],
)
def test_a_part_that_fails_is_named_and_loses_nothing_of_the_others(toy: str, said: str, tmp_path: Path) -> None:
    observed = run(toy, tmp_path, memory_bytes=1 << 30, output_bytes=1 << 20)
    assert observed.outcome.status == "partial"
    assert said in (observed.outcome.reason or "")
    assert [f.startswith("second: ") for f in failures(observed)] == [True]
    assert sorted(a for a in addresses(observed) if not a.startswith(("second", "x"))) == [
        *(f"first.{n}" for n in range(3)),
        *(f"third.{n}" for n in range(3)),
    ]


def test_a_part_that_crashed_is_observed_again_as_it_asked_and_only_that_counts(tmp_path: Path) -> None:
    observed = run("RaisesOnce", tmp_path)
    assert observed.outcome.status == "ok"
    assert sorted(addresses(observed)) == ["first.0", "second.1", "third.0"]


def test_a_part_that_crashes_again_is_named_once(tmp_path: Path) -> None:
    observed = run("RaisesTwice", tmp_path)
    assert [f.startswith("second: crashed") for f in failures(observed)] == [True]
    assert sorted(addresses(observed)) == ["first.0", "second.1", "third.0"]


def test_the_reason_counts_files_and_not_looks(tmp_path: Path) -> None:
    observed = run("CannotLook", tmp_path)
    assert observed.outcome.status == "partial"
    assert observed.outcome.reason == "1 file could not be looked at; second: install the tool"


def test_a_part_cannot_speak_for_its_host(tmp_path: Path) -> None:
    observed = run("ForgesFrames", tmp_path, jobs=1)
    if "landlock" in observed.outcome.isolation:
        assert observed.outcome.status == "ok", observed.outcome.reason
        assert len(addresses(observed)) == 9
    else:
        assert observed.outcome.status != "ok"


@pytest.mark.parametrize("toy", ["Escapes", "StopsHost"])
def test_a_part_that_escapes_or_stops_others_does_not_outlive_the_scan(
    toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = time.monotonic()
    observed = run(toy, tmp_path)
    assert time.monotonic() - before < 60
    assert {a.split(".")[0] for a in addresses(observed)} >= {"first", "third"}
    time.sleep(0.3)
    assert [process for process in Path("/proc").glob("[0-9]*") if _works_in(process, tmp_path)] == []


def test_a_part_may_be_looked_at_in_the_process_of_another() -> None:
    observed = run("Joins", Path("/"))
    assert observed.outcome.status == "ok"
    assert sorted(addresses(observed)) == ["first after second", "second after none", "third after none"]


@pytest.mark.parametrize("toy", ["JoinsAndRaises", "JoinsAndIsKilled", "JoinsAndSleeps"])
def test_where_one_of_a_group_fails_each_is_looked_at_by_itself(toy: str) -> None:
    observed = run(toy, Path("/"))
    assert observed.outcome.status == "partial"
    assert [one.partition(":")[0] for one in failures(observed)] == ["second"]
    # What a part that is killed had said before may be lost with it.
    assert {*addresses(observed), "second after none"} == {
        f"{part} after none" for part in ("first", "second", "third")
    }


def test_a_part_that_joins_one_which_is_left_out_has_a_process_of_its_own() -> None:
    assert addresses(run("Joins", Path("/"), only=("second",))) == ["second after none"]


def test_a_host_that_never_plans_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.scanner.engine.receive.PLAN_SECONDS", 1.0)
    observed = run("SleepsInPlan", tmp_path)
    assert observed.outcome.status == "failed"
    assert "took longer than 1 s" in (observed.outcome.reason or "")


def test_what_a_crashed_part_said_before_is_kept(tmp_path: Path) -> None:
    assert [a for a in addresses(run("Raises", tmp_path)) if a.startswith("second")] == [
        "second.0",
        "second.1",
        "second.2",
    ]


def test_an_error_text_never_leaves_the_worker(tmp_path: Path) -> None:
    for toy in ("Raises", "BreaksPlan"):
        observed = run(toy, tmp_path)
        assert "secret-in-the-message" not in msgspec.json.encode([observed.outcome, *observed.records]).decode()


@pytest.mark.parametrize("toy", ["BreaksPlan", "DiesInPreload", "NoSuchClass"])
def test_a_host_that_breaks_is_a_failed_detector(toy: str, tmp_path: Path) -> None:
    observed = run(toy, tmp_path)
    assert observed.outcome.status == "failed"
    assert observed.outcome.reason
    assert failures(observed)


def test_nothing_to_do_is_skipped_with_its_reason(tmp_path: Path) -> None:
    observed = run("NothingToDo", tmp_path)
    assert (observed.outcome.status, observed.outcome.reason) == ("skipped", "no such files here")
    assert not failures(observed)


def test_the_number_of_jobs_changes_no_record(tmp_path: Path) -> None:
    seen = {jobs: sorted(map(msgspec.json.encode, run("Sound", tmp_path, jobs).records)) for jobs in (1, 2, 8)}
    assert seen[1] == seen[2] == seen[8]


def test_only_the_chosen_parts_run(tmp_path: Path) -> None:
    assert {a.split(".")[0] for a in addresses(run("Sound", tmp_path, only=("first",)))} == {"first"}


def test_a_detector_reaches_neither_network_nor_home_nor_the_users_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("s")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "worthless")
    monkeypatch.setenv("HOME", str(outside))
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(outside / "socket"))
        local.listen()
        (tree / "port").write_text(str(server.getsockname()[1]))
        observed = run("Prisoner", tree)
    said = addresses(observed)
    assert observed.outcome.status == "ok", observed.outcome.reason
    assert "read:True" in said
    assert "env:AWS_SECRET_ACCESS_KEY" not in said
    if "landlock" in observed.outcome.isolation:
        assert not [a for a in said if a in ("could:secret-file", "could:write-target", "could:home", "could:passwd")]
    if {"netns", "tcp"} & set(observed.outcome.isolation.split("+")):
        assert "could:network" not in said
    if "netns" in observed.outcome.isolation:
        assert "could:udp" not in said
    if platform.machine() in ("x86_64", "aarch64"):
        assert not [a for a in said if a in ("could:unix", "could:chmod", "could:hostname")]
    assert not (tree / "written").exists() or "landlock" not in observed.outcome.isolation


def test_nothing_that_a_part_started_outlives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    observed = run("LeavesSleepingChild", tmp_path)
    time.sleep(0.3)
    assert observed.outcome.status == "ok"
    # A detector's processes work in the scratch folder, so whatever still does is one of them.
    assert [process for process in Path("/proc").glob("[0-9]*") if _works_in(process, tmp_path)] == []


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def test_the_scratch_folder_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run("Killed", tmp_path)
    assert [name for name in os.listdir(tmp_path) if name.startswith("assay-")] == []


FORK_BOMB = """
import os, sys, sysconfig, time
from assay.scanner.engine import sandbox
sysconfig.get_paths()  # which nobody may not import
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
sandbox.MAX_PROCESSES = 40
if sandbox.enter(sandbox.Grants(read=("/",), write=())).level.find("netns") < 0:
    sys.exit(77)
made = 0
try:
    for made in range(200):
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
except BlockingIOError:
    sys.exit(0)
sys.exit(f"{made} forks, and no end")
"""


FIRST_OF_A_NAMESPACE = """
import os, sys, threading
from assay.scanner.engine import sandbox
sandbox.prepare()
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
if sandbox.enter(sandbox.Grants(read=("/",), write=())).level.find("netns") < 0:
    sys.exit(77)
pid = sandbox.fork_apart()
if pid == 0:
    thread = threading.Thread(target=lambda: None)  # Python itself must know that it was forked.
    thread.start()
    thread.join()
    child = os.fork()
    if child == 0:
        os._exit(0 if os.getppid() == 1 else 1)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) + (os.getpid() != 1))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.skipif(platform.system() != "Linux", reason="namespaces are Linux's")
def test_a_part_is_the_first_of_its_processes_for_an_ordinary_user_too() -> None:
    folder = Path(__file__).parents[2]
    command = [sys.executable, "-c", FIRST_OF_A_NAMESPACE]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60)
    if done.returncode == 77:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.skipif(platform.system() != "Linux", reason="namespaces are Linux's")
def test_a_fork_bomb_ends_where_its_processes_are_counted_apart() -> None:
    folder = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", FORK_BOMB], cwd=folder, capture_output=True, check=False, timeout=60)
    if done.returncode == 77:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stderr.decode()
