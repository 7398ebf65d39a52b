"""What a hostile repository may try with the IaC detector: run its code, reach the network, leave its folder."""

import os
import site
import sys
import sysconfig
from pathlib import Path

import pytest

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


def test_an_empty_tree_has_nothing_to_look_at(tmp_path: Path) -> None:
    assert observe(tmp_path) == []
