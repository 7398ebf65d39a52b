"""Looks at the cloud of a test with the real detector, in this process or by the command line."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from msgspec.structs import replace

from assay.detectors.aws.api import Limits
from assay.detectors.aws.detector import AwsDetector
from assay.scanner.api import Doing, Failure, Narrowed, Record, Remote, Resource, Tree
from assay.scanner.kinds import registry
from tests.aws_server.running import ACCOUNT, Aws

FIXTURE = Path(__file__).parents[2] / "fixtures" / "aws"
REGION = "eu-west-1"
ASSAY = str(Path(sys.executable).with_name("assay"))
QUICK = Limits(attempts=2, connect_seconds=5, read_seconds=20)
"""So that a test that fails does so soon."""


def populate(aws: Aws) -> None:
    """Fills it as the script in `fixtures/aws/` does."""
    if str(FIXTURE) not in sys.path:
        sys.path.append(str(FIXTURE))
    acme = importlib.import_module("acme")
    place = importlib.import_module("acme.place").Place(aws.client, ACCOUNT, REGION)
    acme.populate(place)


def populate_organization(aws: Aws) -> dict[str, str]:
    """Fills the three other accounts of the organisation; their ids by their names."""
    if str(FIXTURE) not in sys.path:
        sys.path.append(str(FIXTURE))
    place = importlib.import_module("acme.place").Place(aws.client, ACCOUNT, REGION)
    made: dict[str, str] = importlib.import_module("acme.organization").populate_organization(place, aws.client_in)
    return made


@contextmanager
def environment(aws: Aws) -> Iterator[None]:
    """As the command's, for this process."""
    with mock.patch.dict(os.environ, aws.environment):
        yield


def look(
    aws: Aws,
    *,
    regions: tuple[str, ...] = (REGION,),
    services: tuple[str, ...] = (),
    kinds: tuple[str, ...] | None = None,
    fields: Mapping[str, tuple[str, ...]] | None = None,
    keep: str | None = None,
    limits: Limits = QUICK,
    scheme: str = "aws",
    organization: Narrowed | None = None,
    emit: Callable[[Record], None] | None = None,
) -> list[Record]:
    """Everything that the detector emits; each resource fits its kind."""
    with environment(aws):
        detector = AwsDetector(limits)
        narrowed = replace(organization or Narrowed(), regions=regions, services=services)
        remote = Remote(scheme=scheme, names=("",), kinds=kinds, fields=fields, narrowed=narrowed, keep=keep)
        tree = Tree(root="", files=(), remote=remote)
        parts = detector.plan(tree).parts
        detector.preload(parts)
        found: list[Record] = []

        def keep(record: Record | Doing) -> None:
            if not isinstance(record, Doing):
                (emit or found.append)(record)

        for part in parts:
            detector.observe(tree, part, keep)
    for record in found:
        if isinstance(record, Resource):
            registry.check(record)
    return found


def resources(records: list[Record]) -> dict[tuple[str, str], dict[str, Any]]:
    """Kind and what the address ends with → facts; Unknown stays what it is."""
    return {
        (one.kind, one.address.rpartition(":")[2]): {
            name: getattr(fact, "value", fact) for name, fact in one.facts.items()
        }
        for one in records
        if isinstance(one, Resource)
    }


def failures(records: list[Record]) -> list[str]:
    """What could not be looked at."""
    return [one.reason for one in records if isinstance(one, Failure)]


def scan(aws: Aws, *arguments: str, cache: Path) -> tuple[subprocess.CompletedProcess[str], Any]:
    """The command, and its report."""
    done = subprocess.run(
        [ASSAY, "scan", "aws:", "--regions", REGION, "--cache", str(cache), "--format", "json", *arguments],
        env={**os.environ, **aws.environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done, json.loads(done.stdout) if done.stdout.startswith("{") else None
