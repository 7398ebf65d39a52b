"""The file of findings that were there before."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from assay.scanner.errors import UsageError
from assay.scanner.model.prior import Prior
from assay.scanner.safe.files import read_regular

SCHEMA = "assay-baseline/1"
_MAX_BYTES = 256 << 20


class Baseline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was accepted as being there."""

    schema: str = SCHEMA
    made: str
    """ISO date."""
    revision: str | None
    """The commit that was scanned, from which renamed files are told; None outside a repository."""
    findings: tuple[Prior, ...]


def dump(baseline: Baseline) -> bytes:
    """One finding a line, so that a change to it can be read and merged."""
    order = sorted(baseline.findings, key=lambda one: (one.path, one.rule, one.address, one.text, one.offences))
    head = msgspec.json.encode(structs.replace(baseline, findings=()))
    lines = b",\n".join(msgspec.json.encode(one) for one in order)
    return head[: head.rindex(b"[]")] + b"[\n" + lines + b"\n]}\n"


def load_baseline(path: Path, name: str, rules: Mapping[str, str]) -> Baseline:
    """Rules by their present ids. Raises UsageError for what isn't a baseline."""
    try:
        text = read_regular(path, _MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None
    try:
        found = msgspec.json.decode(text, type=Baseline)
    except msgspec.DecodeError as error:
        raise UsageError(f"{name}: not a baseline: {error}; make one with `assay baseline --output FILE`") from None
    if found.schema != SCHEMA:
        raise UsageError(f"{name}: the schema is {found.schema}, and this version reads {SCHEMA}; make it anew")
    return structs.replace(found, findings=_renamed_rules(found.findings, rules))


def _renamed_rules(findings: Sequence[Prior], rules: Mapping[str, str]) -> tuple[Prior, ...]:
    return tuple(structs.replace(one, rule=rules.get(one.rule, one.rule)) for one in findings)
