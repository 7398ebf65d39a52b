"""The command as a user types it, in processes of its own."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.policies import book as policy

ASSAY = str(Path(sys.executable).with_name("assay"))
BAD = 'resource "aws_s3_bucket" "training" {\n  bucket = "acme-training"\n  acl    = "public-read"\n}\n'
BAD_DOCKERFILE = "FROM python:latest\nUSER root\nRUN pip install x\n"


def assay(*args: str, cwd: Path, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ASSAY, *args], cwd=cwd, capture_output=True, text=True, timeout=300, **more)


@pytest.fixture(scope="module")
def bad_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bad")
    (root / "main.tf").write_text(BAD)
    (root / "Dockerfile").write_text(BAD_DOCKERFILE)
    return root


@pytest.fixture(scope="module")
def long_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree whose scan takes seconds on any machine, so that it can be stopped in the middle."""
    root = tmp_path_factory.mktemp("long")
    for number in range(2500):
        (root / f"bucket{number}.tf").write_text(BAD.replace("training", f"training{number}"))
    return root


@pytest.fixture(scope="module")
def bad_report(bad_tree: Path) -> dict[str, object]:
    done = assay("scan", ".", "--format", "json", cwd=bad_tree)
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def without_times(report: str) -> str:
    return re.sub(r'"(\w*seconds|started|finished)": [^,\n]+', r'"\1": 0', report)


def test_a_red_gate_exits_1_and_tells_why(bad_report: dict[str, object]) -> None:
    assert bad_report["schema"] == "assay-report/1"
    assert bad_report["gate"]["status"] == "red"
    assert bad_report["exit_code"] == 1


def test_a_tree_with_nothing_in_it_is_green_and_says_that_nothing_was_looked_at(tmp_path: Path) -> None:
    done = assay("scan", str(tmp_path), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scan", "no-such-folder"], "no such file or folder"),
        (["scan", "--pack", "gdrp"], "no pack is named 'gdrp'"),
        (["scan", "--only", "nonsense"], "neither a detector"),
        (["scan", "--output", "sarif"], "FORMAT=PATH"),
        (["scan", "--output", "sarif=missing/x.sarif"], "does not exist"),
        (["scan", "--output", "pdf=x.pdf"], "FORMAT=PATH"),
        (["scan", "--jobs", "0"], "whole number"),
        (["scan", "--fail-on", "awful"], "invalid choice"),
        (["scan", "--nonsense"], "unrecognized arguments"),
        (["scan", "ftp://x"], "nothing in this version looks at"),
        (["scan", "ftp://x", "."], "nothing in this version looks at"),
        (["scan", "--namespaces", "ml"], "name one as kube:CONTEXT"),
        (["scan", "kube:", "--namespaces", "no such"], "not the name of a namespace"),
        (["judge", "no-such-file"], "No such file"),
        (["judge", "."], "Is a directory"),
        (["explain", "nonsense"], "no rule, engine check or control"),
        (["nonsense"], "no command is named"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(args: list[str], said: str, tmp_path: Path) -> None:
    done = assay(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_live_target_has_nothing_to_compare_a_change_with(tmp_path: Path) -> None:
    config = tmp_path / "config"
    clusters = "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]"
    config.write_text(f"{{apiVersion: v1, kind: Config, {clusters}, contexts: [{{name: c, context: {{cluster: c}}}}]}}")
    environ = {**os.environ, "KUBECONFIG": str(config)}
    done = assay("scan", ".", "kube:c", "--diff", "main", cwd=tmp_path, env=environ)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "a live target has none" in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("assay.toml", "packs = 3", "packs"),
        ("assay.toml", "colour = 'red'", "unknown field `colour`"),
        ("assay.toml", "packs = [", "not valid TOML"),
        ("assay.toml", "fail-on = 'awful'", "fail-on"),
        ("pyproject.toml", "[tool.assay]\nskip = 'x'", "skip"),
    ],
)
def test_a_configuration_that_cannot_be_used_names_the_file(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    done = assay("scan", cwd=tmp_path)
    assert done.returncode == 2
    assert name in done.stderr and said in done.stderr


def test_the_configuration_file_counts_and_the_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text("packs = ['hipaa']\n")

    def packs(*args: str) -> set[str]:
        done = assay("scan", "--format", "json", *args, cwd=tmp_path)
        return {control["pack"] for control in json.loads(done.stdout)["controls"]}

    assert packs() == {"hipaa"}
    assert packs("--pack", "gdpr") == {"gdpr"}


def test_judging_a_saved_inventory_gives_the_scans_bytes(bad_tree: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen.jsonl"
    assert assay("observe", ".", "--output", str(seen), cwd=bad_tree).returncode == 0
    for form in ("json", "sarif", "text"):
        scanned = assay("scan", ".", "--format", form, cwd=bad_tree)
        judged = assay("judge", str(seen), "--format", form, cwd=bad_tree)
        assert judged.returncode == scanned.returncode == 1
        times = r"\d{4}-\d\d-\d\dT[\d:.]+Z"
        assert re.sub(times, "", without_times(judged.stdout)) == re.sub(times, "", without_times(scanned.stdout))


def test_the_number_of_jobs_changes_no_byte(bad_tree: Path) -> None:
    one, eight = (assay("scan", "--format", "json", "--jobs", n, cwd=bad_tree).stdout for n in ("1", "8"))
    assert without_times(one) == without_times(eight)


def test_a_configuration_above_the_target_counts_up_to_the_folder_one_stands_in(tmp_path: Path) -> None:
    (tmp_path / "infra" / "deep").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.assay]\npacks = ['hipaa']\n")
    for folder, packs in ((tmp_path, {"hipaa"}), (tmp_path / "infra", {"gdpr", "hipaa"})):
        done = assay("scan", str(tmp_path / "infra" / "deep"), "--format", "json", cwd=folder)
        assert {control["pack"] for control in json.loads(done.stdout)["controls"]} == packs


def test_what_the_run_writes_is_not_scanned_the_next_time(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BAD)
    runs = [assay("scan", "--output", "json=report.json", "--format", "json", cwd=tmp_path).stdout for _ in range(2)]
    assert without_times(runs[0]) == without_times(runs[1])


def test_a_terminal_that_lacks_a_character_gets_its_escape(tmp_path: Path) -> None:
    for command in (["--help"], ["scan", "--help"], ["packs"]):
        done = assay(*command, cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
        assert (done.returncode, done.stderr) == (0, "")


def test_a_saved_inventory_may_come_through_a_pipe(bad_tree: Path) -> None:
    done = subprocess.run(
        f"{ASSAY} observe --only dockerfile | {ASSAY} judge - --format json",
        shell=True, cwd=bad_tree, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert json.loads(done.stdout)["schema"] == "assay-report/1"


def test_a_skip_comment_for_an_equal_check_suppresses_both(tmp_path: Path) -> None:
    text = BAD.replace("{\n", "{\n  #checkov:skip=CKV_AWS_21:versions are kept elsewhere\n", 1)
    (tmp_path / "main.tf").write_text(text)
    done = assay("scan", "--only", "bucket-versioned,CKV_AWS_21", "--format", "json", cwd=tmp_path)
    found = {f["rule"]: f["suppressed"] for f in json.loads(done.stdout)["findings"]}
    assert set(found) == {"bucket-versioned", "CKV_AWS_21"}
    assert {s["reason"] for s in found.values()} == {"versions are kept elsewhere"}
    assert done.returncode == 0


def test_a_skipped_rule_takes_along_the_check_it_would_have_folded_in(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BAD)
    done = assay("scan", "--skip", "bucket-versioned", "--format", "json", cwd=tmp_path)
    assert {"bucket-versioned", "CKV_AWS_21"}.isdisjoint(f["rule"] for f in json.loads(done.stdout)["findings"])


def test_a_terminated_scan_leaves_nothing_behind(long_tree: Path, tmp_path: Path) -> None:
    _stop(long_tree, tmp_path, signal.SIGTERM)


def test_only_and_skip_choose_surfaces_and_rules(bad_tree: Path) -> None:
    scan = lambda *args: json.loads(assay("scan", "--format", "json", *args, cwd=bad_tree).stdout)["findings"]  # noqa: E731
    assert {f["location"]["path"] for f in scan("--only", "dockerfile")} == {"Dockerfile"}
    assert {f["location"]["path"] for f in scan("--skip", "dockerfile,secrets")} == {"main.tf"}
    assert {f["rule"] for f in scan("--only", "CKV_AWS_20")} == {"CKV_AWS_20"}
    assert "CKV_AWS_20" not in {f["rule"] for f in scan("--skip", "CKV_AWS_20")}


def test_a_file_that_does_not_parse_is_named_and_exits_3(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BAD)
    (tmp_path / "broken.tf").write_text('resource "aws_s3_bucket" {{{\n')
    done = assay("scan", "--format", "json", cwd=tmp_path)
    assert done.returncode == 3
    report = json.loads(done.stdout)
    unread = [f for f in report["findings"] if f["rule"] == "look-failed"]
    assert {f["location"]["path"] for f in unread} == {"broken.tf"}
    assert any(f["location"]["path"] == "main.tf" and f["outcome"] == "fail" for f in report["findings"])
    assert assay("scan", "--allow-incomplete", "--quiet", cwd=tmp_path).returncode == 1


def test_reports_go_to_files_whole_and_quiet_is_quiet(bad_tree: Path, tmp_path: Path) -> None:
    done = assay(
        "scan", "--quiet", "--output", f"json={tmp_path}/r.json", "--output", f"sarif={tmp_path}/r.sarif",
        "--output", f"text={tmp_path}/r.txt", cwd=bad_tree,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert json.loads((tmp_path / "r.json").read_text())["schema"] == "assay-report/1"
    assert json.loads((tmp_path / "r.sarif").read_text())["version"] == "2.1.0"
    assert sorted(os.listdir(tmp_path)) == ["r.json", "r.sarif", "r.txt"]


def test_a_full_disk_is_one_line_and_leaves_the_old_report(bad_tree: Path, tmp_path: Path) -> None:
    old = tmp_path / "r.json"
    old.write_text("old")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # noqa: E731
    done = assay(
        "judge",
        str(_inventory(bad_tree, tmp_path)),
        "--quiet",
        "--output",
        f"json={old}",
        cwd=bad_tree,
        preexec_fn=limit,
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert old.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["r.json", "seen.jsonl"]


def test_a_device_is_written_to_and_not_replaced(bad_tree: Path, tmp_path: Path) -> None:
    done = assay("judge", str(_inventory(bad_tree, tmp_path)), "--quiet", "--output", "json=/dev/full", cwd=bad_tree)
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert not Path("/dev/full").is_file()


def _inventory(tree: Path, folder: Path) -> Path:
    seen = folder / "seen.jsonl"
    assert assay("observe", "--output", str(seen), "--only", "dockerfile", cwd=tree).returncode == 0
    return seen


def test_a_closed_pipe_is_no_error(bad_tree: Path) -> None:
    done = subprocess.run(
        f"{ASSAY} rules --format json | head -c 10",
        shell=True,
        cwd=bad_tree,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (len(done.stdout), done.stderr) == (10, "")


def test_an_interruption_leaves_nothing_behind(long_tree: Path, tmp_path: Path) -> None:
    _stop(long_tree, tmp_path, signal.SIGINT)


def _stop(tree: Path, tmp_path: Path, how: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [ASSAY, "scan", "--output", f"json={tmp_path}/r.json"], cwd=tree, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not os.listdir(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(how)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert error == "assay: interrupted; nothing was written\n"
    assert os.listdir(tmp_path) == []


def test_a_tree_on_the_python_path_is_not_imported_instead_of_ours(tmp_path: Path) -> None:
    for package in ("detectors", "scanner", "yaml", "msgspec"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = assay("scan", str(tmp_path), cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "marker").exists()


def test_hostile_names_reach_no_terminal(tmp_path: Path) -> None:
    name = "evil\x1b]0;owned\x07\nname.tf"
    (tmp_path / name).write_text(BAD)
    done = assay("scan", cwd=tmp_path)
    assert "\x1b" not in done.stdout and "\x07" not in done.stdout
    report = json.loads(assay("scan", "--format", "json", cwd=tmp_path).stdout)
    assert {f["location"]["path"] for f in report["findings"]} == {name}


def test_a_bug_of_ours_is_exit_4_with_a_file_to_report(tmp_path: Path) -> None:
    code = (
        "import assay.scanner.cli.packs as p\n"
        "def broken(argv): raise ZeroDivisionError('x')\n"
        "p.run = broken\n"
        "from assay.scanner.cli.main import run\n"
        "raise SystemExit(run(['packs']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=60,
    )
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    [trace] = os.listdir(tmp_path)
    assert str(tmp_path / trace) in done.stderr
    assert "ZeroDivisionError" in (tmp_path / trace).read_text()


def test_rules_and_packs_as_json_keep_their_shape(tmp_path: Path) -> None:
    rules = json.loads(assay("rules", "--format", "json", cwd=tmp_path).stdout)
    assert {"id", "engine", "severity", "safeguards", "controls", "surfaces"} <= set(rules[0])
    assert all(row["safeguards"] for row in rules)
    # Rules for what no detector states yet name no surface.
    kinds = {rule.id: rule.kind for rule in policy.load(()).rules.values()}
    assert {kinds[row["id"]] for row in rules if not row["surfaces"]} <= {"dataset.table"}
    packs = json.loads(assay("packs", "--format", "json", cwd=tmp_path).stdout)
    assert {"id", "title", "controls"} <= set(packs[0])
    assert {"id", "title", "testable", "safeguards", "rules"} <= set(packs[0]["controls"][0])


def test_explain_tells_how_reports_name_a_user_so_that_who_knows_the_name_finds_it(tmp_path: Path) -> None:
    told = assay("explain", "user:jane@example.com", cwd=tmp_path).stdout
    assert told.startswith("User:user-8c87b489: ")
    assert "jane" not in told
    assert assay("explain", "group:ml-team", cwd=tmp_path).stdout.startswith("Group:ml-team: ")


@pytest.mark.parametrize("name", ["CKV_AWS_18", "gdpr:32(1)(a)"])
def test_explain_knows_checks_and_controls(name: str, tmp_path: Path) -> None:
    assert json.loads(assay("explain", name, "--format", "json", cwd=tmp_path).stdout)["id"] == name


def test_doctor_says_what_can_be_scanned(tmp_path: Path) -> None:
    done = assay("doctor", "--format", "json", cwd=tmp_path)
    assert {"what", "status", "found", "mend"} == set(json.loads(done.stdout)[0])
    assert assay("doctor", cwd=tmp_path).stdout.startswith("WHAT")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scan", "--frob"], "unrecognized arguments: --frob"),
        (["scan", "--jobs", "0"], "a whole number from 1 to 256"),
        (["scan", "--fail-on", "nope"], "invalid choice: 'nope'"),
        (["scan", "--diff"], "expected one argument"),
        (["scan", "--output", "json=-"], "write --format json"),
    ],
)
def test_a_wrong_option_is_one_line_with_the_next_step(args: list[str], said: str, tmp_path: Path) -> None:
    done = assay(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize("command", ["--help", "--version", "rules"])
@pytest.mark.parametrize("to", [">/dev/full", ">&-"])
def test_output_that_cannot_be_written_is_one_line_and_no_bug(command: str, to: str, tmp_path: Path) -> None:
    done = subprocess.run(
        f"{ASSAY} {command} {to}", shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_left_out_is_said_by_whom(bad_tree: Path) -> None:
    done = assay("scan", ".", "--skip", "terraform", "--format", "json", cwd=bad_tree)
    report = json.loads(done.stdout)
    [detector] = report["detectors"]
    assert (detector["status"], detector["left_out"], detector["reason"]) == (
        "ok",
        ["terraform"],
        "left out: terraform",
    )
    assert "--skip leaves out terraform" in report["warnings"]
    assert (detector["files"], report["files"]) == (2, 2)
    assert "left out: terraform" in assay("scan", ".", "--skip", "terraform", cwd=bad_tree).stdout


def test_targets_may_stand_on_both_sides_of_options(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(BAD)
    done = assay("scan", "a", "--only", "bucket-versioned", "b", "--format", "json", cwd=tmp_path)
    assert {f["location"]["path"] for f in json.loads(done.stdout)["findings"]} == {"a/main.tf", "b/main.tf"}
    done = assay("scan", "a", "--no-such-option", "b", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
