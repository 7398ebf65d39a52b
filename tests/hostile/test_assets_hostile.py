"""Exports that somebody tampered with, or that were cut off: a failure with its file and line, and never a crash."""

import gzip
import json
import os
import zlib
from pathlib import Path

import pytest

from assay.detectors.assets import gathering, opening
from assay.scanner.model.resource import Failure, Resource
from tests.unit.assets_source import azure, failures, google, lines, observed

BUCKET = google("storage.googleapis.com/Bucket", "b", {"name": "b"})
FIXTURE = Path(__file__).parents[2] / "fixtures" / "assets"
GOOD = json.dumps(BUCKET).encode()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"name": "//storage.googleapis.com/x", "assetType": ', "valid JSON"),
        (GOOD.replace(b'"b"}', b'"b", "n": NaN}'), "valid JSON"),
        (GOOD.replace(b'"b"}', b'"b", "n": 1e999}'), "aren't those of an asset"),
        (GOOD.replace(b'"b"}', b'"b", "n": ' + b"9" * 5000 + b"}"), "aren't those of an asset"),
        (GOOD.replace(b'"b"}', b'"b", "name": "c"}'), "given twice"),
        (GOOD.replace(b'"b"}', b'"b", "n": "\xff"}'), "valid JSON"),
        (GOOD.replace(b'"b"}', b'"b", "n": "\\ud800"}'), "valid JSON"),
        (GOOD.replace(b'"b"}', b'"b", "n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested too deeply"),
        (b'{"assetType": ["x"], "name": 1}', "aren't those of an asset"),
        (b'{"hello": "world"}', "no asset"),
        (b'{"assetType": "storage.googleapis.com/Bucket", "name": "b"}', "no full name"),
        (
            b'{"assetType": "storage.googleapis.com/Bucket", "name": "//s/b", "iamPolicy": {"bindings": {}}}',
            "aren't a list",
        ),
        (b'{"assetType": "storage.googleapis.com/Bucket", "name": "//s/b", "iamPolicy": {"bindings": [1]}}', "no role"),
    ],
)
def test_a_broken_line_is_told_and_the_others_are_read(tmp_path, line, said):
    (tmp_path / "export.ndjson").write_bytes(GOOD.replace(b'"b"', b'"a"') + b"\n" + line + b"\n" + GOOD + b"\n")
    found = observed(tmp_path)
    [failure] = [one for one in found if isinstance(one, Failure)]
    assert said in failure.reason
    assert failure.reason.startswith("export.ndjson:2: ")
    assert (failure.location.path, failure.location.start_line) == ("export.ndjson", 2)
    assert [one.kind for one in found if isinstance(one, Resource)] == ["cloud.export", "storage.bucket"]


ODD = (None, True, 7, "x", [], {}, [[]], [None], {"a": None}, [{"a": []}], "\0", "//x", "projects/p/x")


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_values_of_any_sort_anywhere_crash_nothing(tmp_path, odd):
    """Every place of every element of the fixture in turn, by key."""
    elements = [
        *_lines("google.ndjson"),
        *_lines("google-iam.ndjson"),
        *_rows("azure.json"),
        *_rows("azure-resources.json"),
    ]
    keys = sorted({key for one in elements for key in _keys(one)})
    for key in keys:
        (tmp_path / "export.ndjson").write_bytes(lines(*(_with(one, key, odd) for one in elements)))
        observed(tmp_path)


def _lines(name):
    return [json.loads(one) for one in (FIXTURE / name).read_text().splitlines()]


def _rows(name):
    found = json.loads((FIXTURE / name).read_text())
    return found["data"] if isinstance(found, dict) else found


def _keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _keys(one)


def _with(value, key, odd):
    if isinstance(value, dict):
        return {name: odd if name == key else _with(inner, key, odd) for name, inner in value.items()}
    return [_with(one, key, odd) for one in value] if isinstance(value, list) else value


def test_many_broken_lines_are_counted(tmp_path):
    (tmp_path / "export.ndjson").write_bytes(GOOD + b"\n" + b"{x}\n" * 1000)
    found = failures(tmp_path)
    assert len(found) == gathering.MAX_BROKEN + 1
    assert "980 more" in found[-1]


def test_packed_exports_are_read_and_cut_off_ones_told(tmp_path):
    packed = gzip.compress(lines(*[BUCKET] * 5000))
    path = tmp_path / "export.ndjson.gz"
    path.write_bytes(packed)
    assert not failures(tmp_path)
    path.write_bytes(packed[: len(packed) // 2])
    assert "can't be" in failures(tmp_path)[-1]
    path.write_bytes(packed[:20] + b"\0\1\2" * 20 + packed[80:])
    assert "can't be" in failures(tmp_path)[-1]


def test_a_bomb_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MAX_BYTES", 10 << 20)
    monkeypatch.setattr(opening.Bounded.__init__, "__defaults__", (10 << 20,))
    body = zlib.compressobj(9, zlib.DEFLATED, 31)
    (tmp_path / "b.json.gz").write_bytes(body.compress(b"[" + b" " * (64 << 20)) + body.flush())
    assert any("GiB" in one or "MiB" in one for one in failures(tmp_path))


def test_links_and_pipes_are_not_read(tmp_path):
    (tmp_path / "real.txt").write_bytes(GOOD + b"\n")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.txt")
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("link.json", "pipe.json"):
        with pytest.raises(opening.NotReadError):
            opening.opened(tmp_path / name)


def test_nothing_of_a_broken_element_is_quoted(tmp_path):
    (tmp_path / "export.ndjson").write_bytes(GOOD + b"\n" + b'{"assetType": "AKIAIOSFODNN7EXAMPLE", \n')
    assert "AKIA" not in " ".join(failures(tmp_path))


def test_secrets_in_tags_and_addresses_of_people_are_masked(tmp_path):
    storage = "Microsoft.Storage/storageAccounts"
    tagged = azure(storage, f"{storage}/acme", {}, tags={"token": "ghp_0123456789abcdefABCDEF0123456789abcd"})
    (tmp_path / "export.ndjson").write_bytes(lines(tagged))
    assert "ghp_" not in repr(observed(tmp_path))
