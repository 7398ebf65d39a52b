"""The SARIF report against the OASIS schema."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.reports.options import RenderOptions
from assay.reports.sarif import render
from assay.scanner.model.finding import Report
from tests.unit import report_builder as build

SCHEMA = Path(__file__).parent / "data" / "sarif-2.1.0.schema.json"
GUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    # What the OASIS schema asks and this copy of it doesn't; see data/README.md.
    for found in _objects(schema):
        if found.get("format") == "uuid":
            found["pattern"] = GUID
    starts = ("startLine", "charOffset", "byteOffset")
    schema["definitions"]["region"]["anyOf"] = [{"required": [start]} for start in starts]
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "make",
    [
        build.mixed,
        build.report,
        lambda: build.large(300),
        lambda: build.report([build.finding()], repository=None, started=None, finished=None, packs=(), controls=()),
    ],
    ids=["mixed", "empty", "large", "bare"],
)
def test_a_log_is_valid_against_the_oasis_schema(
    make: Callable[[], Report], validator: jsonschema.Draft202012Validator
) -> None:
    document = json.loads(render(make(), RenderOptions()))
    assert [error.message for error in validator.iter_errors(document)] == []


def test_the_schema_refuses_what_is_wrong(validator: jsonschema.Draft202012Validator) -> None:
    document = json.loads(render(build.mixed(), RenderOptions()))
    run = document["runs"][0]
    run["taxonomies"][0]["guid"] = "gdpr"
    run["results"][0]["locations"][0]["physicalLocation"]["region"] = {"endLine": 3}
    run["results"][0]["severity"] = "high"
    assert len(list(validator.iter_errors(document))) == 3


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)
