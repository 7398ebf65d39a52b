"""`assay scan asset:EXPORT` as a user types it."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ASSAY = str(Path(sys.executable).with_name("assay"))
FIXTURE = Path(__file__).parents[2] / "fixtures" / "assets"
SOUND = "//storage.googleapis.com/acme-models-sound"
FAULTY = "//storage.googleapis.com/acme-models-faulty"


def assay(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ASSAY, *args, "--no-cache"], cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    for path in FIXTURE.glob("*json"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def report(exports: Path) -> dict:
    done = assay("scan", f"asset:{exports}", "--format", "json", cwd=exports)
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def outcomes(report: dict, rule: str) -> dict[str, str]:
    return {one["resource"]["address"]: one["outcome"] for one in report["findings"] if one["rule"] == rule}


def test_a_folder_is_one_export(report: dict) -> None:
    public = outcomes(report, "bucket-not-publicly-readable")
    assert (public[SOUND], public[FAULTY]) == ("pass", "fail")
    assert outcomes(report, "export-recent").keys() == {"asset:exports0#gcp", "asset:exports0#azure"}
    [detector] = [one for one in report["detectors"] if one["id"] == "asset"]
    assert (detector["status"], detector["reason"]) == ("ok", None)
    assert "landlock" in detector["isolation"] or detector["isolation"] == "none"


def test_findings_of_an_export_are_of_the_asset_and_of_no_file(report: dict) -> None:
    assert {json.dumps(one["location"]) for one in report["findings"]} == {"null"}
    prints = [one["fingerprint"] for one in report["findings"]]
    assert len(prints) == len(set(prints))


def test_a_dated_name_changes_no_fingerprint(exports: Path, tmp_path: Path) -> None:
    found = []
    for day in ("20", "21"):
        path = tmp_path / f"google-2026-11-{day}.ndjson"
        shutil.copy(FIXTURE / "google.ndjson", path)
        done = assay("scan", f"asset:{path}", "--format", "json", "--skip", "export-recent", cwd=tmp_path)
        found.append(sorted(one["fingerprint"] for one in json.loads(done.stdout)["findings"]))
    assert found[0] == found[1]


def test_packed_and_unpacked_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "packed").mkdir()
    shutil.copy(FIXTURE / "azure.json", tmp_path / "plain" / "a.json")
    (tmp_path / "packed" / "a.json.gz").write_bytes(gzip.compress((FIXTURE / "azure.json").read_bytes()))
    found = []
    for folder in ("plain", "packed"):
        done = assay("scan", f"asset:{folder}", "--format", "json", "--skip", "export-recent", cwd=tmp_path)
        found.append(json.loads(done.stdout)["findings"])
    assert found[0] == found[1]


def test_what_was_observed_is_judged_later(exports: Path, tmp_path: Path) -> None:
    assert (
        assay("observe", f"asset:{exports}", "--output", "seen.jsonl", cwd=tmp_path).returncode == 2
    )  # no such option
    command = [ASSAY, "observe", f"asset:{exports}", "--output", "seen.jsonl"]
    assert subprocess.run(command, cwd=tmp_path, timeout=120, check=False).returncode == 0
    done = subprocess.run(
        [ASSAY, "judge", "seen.jsonl", "--format", "json"], cwd=tmp_path, capture_output=True, timeout=120
    )
    assert done.returncode == 1
    assert outcomes(json.loads(done.stdout), "bucket-not-publicly-readable")[FAULTY] == "fail"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("asset:", "no such file or folder"),
        ("asset:nowhere.ndjson", "no such file or folder"),
        ("asset:/dev/null", "no such file or folder"),
    ],
)
def test_wrong_use_is_told_before_anything_is_looked_at(target: str, said: str, tmp_path: Path) -> None:
    done = assay("scan", target, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no assets"),
        ("hello\n", "isn't JSON"),
        ('{"resources": []}\n', "is no asset"),
        ('[{"id": ', "cut off"),
    ],
)
def test_a_file_that_is_no_export_leaves_the_scan_incomplete(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(text)
    done = assay("scan", "asset:export.json", "--format", "json", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)["findings"]
    assert [one["outcome"] for one in found] == ["unknown"]
    assert said in json.dumps(found)
    assert found[0]["location"]["path"] == "export.json"


def test_a_broken_line_is_told_with_its_line_and_the_rest_judged(tmp_path: Path) -> None:
    good = (FIXTURE / "google.ndjson").read_text().splitlines()
    (tmp_path / "export.ndjson").write_text("\n".join([*good[:3], '{"name": "//x", "assetType"', *good[3:]]) + "\n")
    done = assay("scan", "asset:export.ndjson", "--format", "json", cwd=tmp_path)
    assert done.returncode == 3
    report = json.loads(done.stdout)
    [broken] = [one for one in report["findings"] if one["location"]]
    assert (broken["location"]["path"], broken["location"]["start_line"]) == ("export.ndjson", 4)
    assert outcomes(report, "bucket-versioned")[SOUND] == "pass"


def test_the_folder_one_is_in_is_known_by_its_name(exports: Path) -> None:
    done = assay("scan", "asset:.", "--format", "json", cwd=exports)
    assert outcomes(json.loads(done.stdout), "export-recent").keys() == {"asset:exports0#gcp", "asset:exports0#azure"}


def test_a_file_that_is_named_is_all_that_is_read(tmp_path: Path) -> None:
    shutil.copy(FIXTURE / "google.ndjson", tmp_path)
    shutil.copy(FIXTURE / "google-iam.ndjson", tmp_path)
    done = assay("scan", "asset:google.ndjson", "--format", "json", cwd=tmp_path)
    assert outcomes(json.loads(done.stdout), "bucket-not-publicly-readable")[FAULTY] == "unknown"


def test_beside_a_folder_of_code(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "google_storage_bucket" "b" {\n  name = "b"\n  location = "EU"\n}\n')
    done = assay("scan", ".", f"asset:{FIXTURE / 'google.ndjson'}", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    found = outcomes(json.loads(done.stdout), "bucket-versioned")
    assert {"google_storage_bucket.b", SOUND} <= found.keys()


def test_chosen_by_its_name(tmp_path: Path) -> None:
    done = assay("scan", f"asset:{FIXTURE / 'google.ndjson'}", "--only", "asset", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    done = assay("scan", f"asset:{FIXTURE / 'google.ndjson'}", "--skip", "asset", cwd=tmp_path)
    assert done.returncode == 2
    assert "nothing looks at" in done.stderr


def test_several_exports_are_one(exports: Path, tmp_path: Path) -> None:
    shutil.copy(FIXTURE / "google-iam.ndjson", tmp_path / "policies.txt")
    names = [f"asset:{exports / 'google.ndjson'}", "asset:policies.txt"]
    done = assay("scan", *names, "--format", "json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert [one["files"] for one in report["detectors"]] == [2]
    assert outcomes(report, "bucket-not-publicly-readable")[FAULTY] == "fail"


def test_links_out_of_a_folder_and_pipes_are_told(exports: Path, tmp_path: Path) -> None:
    shutil.copy(FIXTURE / "google.ndjson", tmp_path)
    (tmp_path / "out.json").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.json")
    done = assay("scan", f"asset:{tmp_path}", "--format", "json", cwd=exports)
    assert done.returncode == 3
    told = {one["location"]["path"] for one in json.loads(done.stdout)["findings"] if one["location"]}
    assert told == {"out.json", "pipe.json"}
