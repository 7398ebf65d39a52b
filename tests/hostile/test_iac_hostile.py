"""What a hostile repository may try with the IaC detector: run its code, reach the network, leave its folder."""

import os
import site
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from msgspec import json

from assay.detectors.iac.encodable import encodable
from assay.detectors.iac.frameworks import FRAMEWORKS, Seen
from assay.detectors.iac.syntax import read_syntax
from assay.scanner.api import Failure
from tests.integration.iac_trees import KUBERNETES, PIPELINES, PLATFORM, failed, observe, plant, verdicts

OUR_CODE = Path(__file__).parents[2]
CHECK = """\
from pathlib import Path
Path({marker!r}).write_text("ran")
"""


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


def hostile_tree(folder: Path, marker: Path) -> Path:
    """A tree of every framework, with a configuration that would run its own code, and files that name others."""
    outside = plant(folder / "outside", {"secret.yaml": "token: outside\n", "mod/main.tf": 'variable "outside" {}\n'})
    config = "external-checks-dir:\n  - checks\nframework: [all]\ndownload-external-modules: true\n"
    tree = plant(
        folder / "tree",
        {
            **PIPELINES,
            **PLATFORM,
            **KUBERNETES,
            ".checkov.yaml": config,
            ".checkov.yml": config,
            ".checkov.baseline": "{}",
            "checks/__init__.py": CHECK.format(marker=str(marker)),
            "checks/check.py": CHECK.format(marker=str(marker)),
            "sitecustomize.py": CHECK.format(marker=str(marker)),
            "checkov/__init__.py": CHECK.format(marker=str(marker)),
            "assay/__init__.py": CHECK.format(marker=str(marker)),
            "modules.tf": f'module "a" {{\n  source = "{outside}/mod"\n}}\n'
            'module "b" {\n  source = "../outside/mod"\n}\n'
            'module "c" {\n  source = "git::https://example.invalid/x.git"\n}\n',
            "serverless.yml": PLATFORM["serverless.yml"]
            + f"custom:\n  a: ${{file({outside}/secret.yaml):token}}\n  b: ${{file(../outside/secret.yaml):token}}\n"
            + "  c: ${file(~/.aws/credentials.yml):token}\n",
            "kustomize/out/kustomization.yaml": f"resources:\n  - {outside}\n  - ../../../outside\n",
            "kustomize/file/kustomization.yaml": "configMapGenerator:\n  - name: x\n"
            "    files: [../../../outside/secret.yaml]\n",
            "charts/out/Chart.yaml": "apiVersion: v2\nname: out\nversion: 0.1.0\ndependencies:\n"
            "  - {name: mod, version: 0.1.0, repository: 'file://../../../outside/mod'}\n",
        },
    )
    (tree / "loop").symlink_to(tree)
    (tree / "chain-a").symlink_to("chain-b")
    (tree / "chain-b").symlink_to("chain-a")
    (tree / "k8s" / "out.yaml").symlink_to(outside / "secret.yaml")
    (tree / "out").symlink_to(outside)
    (tree / "terraform" / "out.tf").symlink_to(outside / "mod" / "main.tf")
    (tree / "kustomize" / "base" / "out.yaml").symlink_to(outside / "secret.yaml")
    os.mkfifo(tree / "pipe.yaml")
    return tree


def test_nothing_of_the_tree_runs_and_nothing_outside_it_is_read(tmp_path: Path, marker: Path) -> None:
    tree = hostile_tree(tmp_path, marker)
    log = tmp_path / "watch.log"
    records = observe(tree, watch=log)
    events = log.read_text().splitlines()

    assert not marker.exists()
    assert [event for event in events if event.startswith("net ")] == []
    opened = {event.removeprefix("open ") for event in events if event.startswith("open ")}
    assert any(path.startswith(str(tree)) for path in opened), "the watch saw nothing"
    assert [path for path in opened if "outside" in path] == []
    assert sorted(path for path in opened if not path.startswith(allowed(tree))) == []
    programs = {event for event in events if event.startswith("run ")}
    assert all("kubectl" in program or "kustomize" in program or "helm" in program for program in programs)
    assert "outside" not in "".join(repr(one) for one in verdicts(records) if one.result != "unknown")
    assert verdicts(records, "fail")


def allowed(tree: Path) -> tuple[str, ...]:
    """Where a scan may open files: the tree, its scratch, Python, and our own code."""
    python = {sys.prefix, sys.base_prefix, *site.getsitepackages(), *sysconfig.get_paths().values()}
    code = {str(OUR_CODE / folder) for folder in ("detectors", "scanner", "tests", ".venv", "assay_scanner.egg-info")}
    system = {
        "/tmp/iac-driver-",
        "/usr/lib",
        "/usr/share",
        "/lib",
        "/proc/self",
        "/proc/meminfo",
        "/dev/",
        "/etc/ld.so",
    }
    zones = {"/etc/localtime", "/etc/mime.types", "/sys/"}
    return tuple(str(path) for path in {str(tree), *python, *code, *system, *zones})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.yaml", "apiVersion: v1\nkind: Pod\nx: " + "[" * 5000 + "\n"),
        ("deep.json", '{"Resources": ' + "[" * 50_000),
        ("bomb.yaml", "apiVersion: v1\nkind: Pod\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
         + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))),
        ("self.yaml", "apiVersion: v1\nkind: Pod\nextra: &r {x: *r}\n"),
        (".github/workflows/self.yml", "on: push\njobs: &r {x: *r}\n"),
        ("wide.yaml", f"apiVersion: v1\nkind: Pod\na: &a {'x' * 100_000}\nb: [{'*a, ' * 3000}]\n"),
        ("half.json", '{"Resources": {"\\ud800": {"Type": "AWS::S3::Bucket"}}}'),
        ("half.yaml", 'apiVersion: v1\nkind: Pod\nmetadata: {name: "\\ud800"}\n'),
        ("many/list.yaml", "\n" * 45 + "x:\n - name: a\n - {\n"),
        ("deep.tf", "x = " + "(" * 3000 + "1" + ")" * 3000 + "\n"),
    ],
)  # fmt: skip
def test_a_file_made_to_exhaust_a_parser_is_named_and_its_neighbours_are_scanned(
    name: str, content: str, tmp_path: Path
) -> None:
    beside = {"pod.yaml": KUBERNETES["k8s/pod.yaml"], "main.tf": 'resource "aws_s3_bucket" "raw" {}\n'}
    records = observe(plant(tmp_path / "tree", {name: content, **beside}))
    assert {one.location.path for one in failed(records) if one.location} == {name}
    assert {"kubernetes", "terraform"} <= {one.framework for one in verdicts(records, "fail")}


def test_a_5_mb_line_of_json_is_scanned(tmp_path: Path) -> None:
    line = '{"data": "' + "x" * 5_000_000 + '"}'
    assert failed(observe(plant(tmp_path / "tree", {"data.json": line}))) == []


def test_names_with_newlines_and_escapes_do_no_harm(tmp_path: Path) -> None:
    name = "a\nb\x1b[31m.tf"
    records = observe(plant(tmp_path / "tree", {name: 'resource "aws_s3_bucket" "raw" {}\n', "\n.yaml": "a: ["}))
    assert any(one.location and one.location.path == name for one in verdicts(records, "fail"))
    assert [one.location.path for one in failed(records) if one.location] == ["\n.yaml"]
    assert all("\n" not in one.reason and "\x1b" not in one.reason for one in failed(records))


def test_text_made_for_backtracking_is_read_in_one_pass() -> None:
    began = time.process_time()
    for name, content in {
        "blank.yaml": b"\n" * 1_000_000 + b"x:\n - name: a\n",
        "task.yaml": b"a: 1" + b"\n" * 1_000_000,
        "marks.yaml": b"x: '" + b"${" * 50_000 + b"'",
        "quotes.json": b'\\"' * 100_000,
        "comments.json": b"/*" * 100_000,
    }.items():
        seen = Seen(path=name, absolute=f"/{name}", content=content)
        for framework in FRAMEWORKS:
            framework.reads(seen)
        read_syntax(name, content)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("content", "is_list"),
    [
        (b"# x\n\n- name: a\n", True),
        (b"---\n- name: a\n", True),
        (b"x:\n - name: a\n", False),
        (b"-\n  name: a\n", True),
    ],
)
def test_a_list_of_tasks_is_still_taken_for_ansible(content: bytes, is_list: bool) -> None:
    seen = Seen(path="x.yaml", absolute="/x.yaml", content=content)
    assert ("ansible" in {one.id for one in FRAMEWORKS if one.reads(seen)}) is is_list


def test_no_address_and_no_reason_gives_a_secret_away(tmp_path: Path) -> None:
    tree = {
        "main.tf": 'module "m" {\n  source = "git::https://user:hunter2zq@h/x.git?token=tok3nzq"\n}\n'
        'resource "aws_s3_bucket" "raw" {\n  #checkov:skip=CKV_AWS_18:ask jo@acme.example, password is hunter2zq '
        f"{'and so on ' * 60}\n}}\n",
        "kustomization.yaml": "resources:\n  - https://user:hunter2zq@h.example/x?token=tok3nzq\n",
    }
    records = observe(plant(tmp_path / "tree", tree))
    assert [text for text in ("hunter2zq", "tok3nzq", "jo@acme") if text in repr(records)] == []
    assert all(len(one.reason or "") <= 200 for one in verdicts(records, "skipped"))
    assert verdicts(records, "skipped")


def test_a_chart_that_would_end_its_renderer_is_named_and_its_neighbour_is_rendered(tmp_path: Path) -> None:
    meta = "apiVersion: v2\nname: {}\nversion: 0.1.0\n"
    charts = {
        "bomb/Chart.yaml": meta.format("bomb"),
        "bomb/templates/x.yaml": "{{ range until 2000000000 }}x{{ end }}\n",
        "list/Chart.yaml": "- apiVersion: v2\n",
        "loop/Chart.yaml": meta.format("loop"),
        "loop/templates/x.yaml": "apiVersion: v1\nkind: Pod\nextra: &r {x: *r}\n",
        "good/Chart.yaml": meta.format("good"),
        "good/templates/pod.yaml": KUBERNETES["k8s/pod.yaml"],
    }
    records = observe(plant(tmp_path / "tree", charts))
    # One is broken before it is rendered, too.
    assert {(one.part, one.location and one.location.path) for one in failed(records)} == {
        ("kubernetes", "loop/templates/x.yaml"),
        *(("helm", f"{name}/Chart.yaml") for name in ("bomb", "list", "loop")),
    }
    assert {one.framework for one in verdicts(records, "fail")} >= {"helm"}


@pytest.mark.system  # kustomizations need kubectl or kustomize
def test_a_kustomization_of_any_name_fetches_nothing_and_a_broken_one_blinds_no_other(tmp_path: Path) -> None:
    remote = "resources:\n  - github.com/example/base?ref=main\n  - pod.yaml\n"
    pod = KUBERNETES["k8s/pod.yaml"]
    tree = {
        "kustomization.yaml": "resources:\n  - b\n  - .hidden\n",
        "b/Kustomization": remote,
        "b/pod.yaml": pod,
        ".hidden/kustomization.yml": remote,
        ".hidden/pod.yaml": pod.replace("name:", "name: other-", 1),
        "number/kustomization.yaml": "resources: 3\n",
        "numbers/kustomization.yaml": "resources: [3]\n",
        "good/kustomization.yaml": "resources: [pod.yaml]\n",
        "good/pod.yaml": pod,
    }
    log = tmp_path / "watch.log"
    records = observe(plant(tmp_path / "tree", tree), watch=log)
    assert [event for event in log.read_text().splitlines() if "git" in event and event.startswith("run ")] == []
    unknown = {one.location.path for one in verdicts(records, "unknown") if one.location}
    assert unknown == {"b/Kustomization", ".hidden/kustomization.yml"}
    assert {one.location.path for one in failed(records) if one.location} == {
        "number/kustomization.yaml",
        "numbers/kustomization.yaml",
    }
    assert "kustomize" in {one.framework for one in verdicts(records, "fail")}


@pytest.mark.system  # kustomizations need kubectl or kustomize
def test_what_a_renderer_says_is_not_quoted_and_the_root_is_no_absolute_path(tmp_path: Path) -> None:
    tree = {"kustomization.yaml": "resources:\n  - hunter2zq.yaml\n"}
    (found,) = failed(observe(plant(tmp_path / "tree", tree)))
    assert found.location is not None
    assert found.location.path == "kustomization.yaml"
    assert "hunter2zq" not in found.reason


@pytest.mark.parametrize(
    "content",
    [
        "count = 100000000",
        "count = 10 * 10000000",
        'for_each = toset(["' + '", "'.join(f"k{index}" for index in range(1200)) + '"])',
    ],
)
def test_a_block_that_multiplies_without_end_is_named_and_still_checked(content: str, tmp_path: Path) -> None:
    tree = {"many.tf": f'resource "aws_s3_bucket" "raw" {{\n  {content}\n}}\n', "good.tf": 'variable "x" {}\n'}
    records = observe(plant(tmp_path / "tree", tree))
    assert [one.location.path for one in failed(records) if one.location] == ["many.tf"]
    assert "terraform" in {one.framework for one in verdicts(records, "fail")}


@pytest.mark.parametrize("depth", [10, 2])
def test_modules_that_call_without_end_are_named(depth: int, tmp_path: Path) -> None:
    tree = {
        f"m{level}/main.tf": "".join(
            f'module "c{call}" {{\n  source = "../m{(level + 1) % depth}"\n}}\n' for call in range(3)
        )
        for level in range(depth)
    }
    if depth > 2:
        tree[f"m{depth - 1}/main.tf"] = 'variable "x" {}\n'
    found = failed(observe(plant(tmp_path / "tree", tree)))
    assert found
    assert all(one.location and one.location.path in tree for one in found)
    assert any("module calls" in one.reason for one in found)


def test_half_a_character_becomes_a_question_mark_in_a_record() -> None:
    one = Failure(detector="iac", part="secrets", reason="a\ud800é")
    assert json.decode(json.encode(encodable(one)), type=Failure).reason == "a?é"


def test_an_empty_tree_has_nothing_to_look_at(tmp_path: Path) -> None:
    assert observe(tmp_path) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exec yes", "renders to more than 64 MB"),
        ("head -c 100000000 /dev/zero >&2; exit 1", "gave up"),
        ("kill -9 $$", "gave up"),
    ],
)
def test_a_helm_that_prints_without_end_is_stopped(script: str, said: str, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "helm").chmod(0o755)
    chart = {"app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n", "app/templates/pod.yaml": "a: b\n"}
    (found,) = failed(observe(plant(tmp_path / "tree", chart), path=f"{folder}:{os.environ['PATH']}"))
    assert found.location is not None
    assert found.location.path == "app/Chart.yaml"
    assert said in found.reason
