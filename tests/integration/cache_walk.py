"""Edits a tree at random and looks at it after each edit, with what is kept of earlier looks and without.

Run as `python -m tests.integration.cache_walk FOLDER SEED STEPS`, as it imports checkov into its own process. Prints,
as JSON, the edits after which the two differ, and how often something kept was gone by.
"""

import json
import os
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from assay.detectors.registry import DETECTORS
from assay.scanner.cache import looks
from assay.scanner.cache.circumstances import circumstances
from assay.scanner.cache.store import Store
from assay.scanner.engine.inventory import dump
from assay.scanner.engine.observe import Selection, observe
from assay.scanner.engine.target import Target
from assay.scanner.hook import forked
from assay.scanner.hook.preload import preload

BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "b-${var.name}"\n  acl    = "%s"\n}\n'
MODULE = 'module "m" {\n  source = "./mod"\n  encrypted = %s\n}\n'
VOLUME = 'variable "encrypted" {}\nresource "aws_ebs_volume" "v" {\n  size = 1\n  encrypted = var.encrypted\n}\n'
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\n"
    "spec:\n  hostNetwork: %s\n  containers: [{name: c, image: 'nginx:latest'}]\n"
)
POLICY = (
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: n}\n"
    "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
)
STACK = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Q:\n    Type: AWS::SQS::Queue\n%s"
WORKFLOW = "on: push\npermissions: %s\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n"
KEY = 'access_key = "AKIA%s"\n'
CONTENTS: dict[str, tuple[str, ...]] = {
    "main.tf": (
        BUCKET % "public-read",
        BUCKET % "private",
        "#checkov:skip=CKV_AWS_20:known\n" + BUCKET % "public-read",
    ),
    "call.tf": (MODULE % "true", MODULE % "false", MODULE % "var.missing", 'module "m" {\n  source = "./mod2"\n}\n'),
    "variables.tf": ('variable "name" {\n  default = "x"\n}\n', 'variable "name" {}\n', "variable {\n"),
    "terraform.tfvars": ('name = "y"\n', 'name = "z"\n'),
    "prod.auto.tfvars.json": ('{"name": "j"}\n',),
    "mod/main.tf": (VOLUME, VOLUME.replace("var.encrypted", "false"), "# nothing\n"),
    "mod2/main.tf": (VOLUME.replace('variable "encrypted" {}\n', "").replace("var.encrypted", "true"),),
    "Dockerfile": ("FROM alpine:latest\nRUN echo\n", "FROM alpine:3.20\nUSER nobody\nHEALTHCHECK CMD true\n"),
    "sub/Dockerfile.dev": ("FROM debian\nEXPOSE 22\n", "FROM debian:12\n"),
    ".github/workflows/ci.yml": (WORKFLOW % "write-all", WORKFLOW % "{contents: read}", "on: [push\n"),
    "k8s/pod.yaml": (POD % "true", POD % "false", POD % "{{ .Values.net }}"),
    "k8s/policy.yaml": (POLICY,),
    "stack.yaml": (STACK % "", STACK % "    Properties: {KmsMasterKeyId: k}\n"),
    "notes.md": ("# notes\n", "# other notes\n"),
    "keys.tf": (KEY % "IOSFODNN7EXAMPLF", KEY % "J7QWERTYUIOPASDF"),
    "app/Chart.yaml": ("apiVersion: v2\nname: app\nversion: 0.1.0\n",),
    "app/templates/pod.yaml": (POD % "true", POD % "false"),
    "app/.helmignore": ("pod.yaml\n", "other\n"),
}


def main(folder: Path, seed: int, steps: int) -> None:
    """Prints what it found."""
    preload()
    dice = random.Random(seed)
    tree = folder / "tree"
    tree.mkdir()
    known = looks.Looks(Store(folder / "cache"), circumstances(os.environ))
    counts = {"whole": 0, "part": 0}
    for name, method in (("whole", looks.Trace.whole), ("part", looks.Trace.part)):
        setattr(looks.Trace, name, _counted(method, name, counts))
    different: list[str] = []
    told = [_edit(tree, dice) for _ in range(8)]
    for _ in range(steps):
        told.append(_edit(tree, dice))
        if _look(tree, known) != _look(tree, None):
            different.append(told[-1])
    print(json.dumps({"different": different, **counts}))


def _counted(method: Callable[..., object], name: str, counts: dict[str, int]) -> Callable[..., object]:
    def counting(*arguments: object) -> object:
        found = method(*arguments)
        counts[name] += found is not None
        return found

    return counting


def _edit(tree: Path, dice: random.Random) -> str:
    """Writes, changes, takes away or moves a file; one of few contents, so that earlier states come back."""
    there = sorted(path for path in CONTENTS if os.path.lexists(tree / path))
    what = dice.choice(["write", "write", "write", "delete", "link", "move"])
    if what == "write" or not there:
        path = dice.choice(sorted(CONTENTS))
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).unlink(missing_ok=True)
        (tree / path).write_text(dice.choice(CONTENTS[path]))
        return f"write {path}"
    path = dice.choice(there)
    if what == "delete":
        (tree / path).unlink()
    elif what == "link":
        (tree / path).unlink()
        (tree / path).symlink_to(tree / dice.choice(sorted(CONTENTS)))
    else:
        (tree / path).rename(tree / f"{Path(path).stem}-moved{Path(path).suffix}")
    return f"{what} {path}"


def _look(tree: Path, known: looks.Looks | None) -> list[bytes]:
    found = observe(
        Target(names=(str(tree),), paths=(str(tree),)),
        DETECTORS,
        Selection(),
        2,
        lambda *_: None,
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        start=forked.fork,
        looks=known,
    )
    outcomes = tuple(structs.replace(outcome, seconds=0) for outcome in found.detectors)
    return list(dump(structs.replace(found, detectors=outcomes)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
