"""What was observed, sorted: the whole input of judging. It can be saved and judged later, offline."""

from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

import msgspec
from msgspec import Struct, field

from assay.scanner.errors import UsageError
from assay.scanner.kinds import registry
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import Repository
from assay.scanner.model.resource import EngineVerdict, Excerpt, Failure, InlineWaiver, Record, Resource

SCHEMA = "assay-inventory/1"


class Header(Struct, frozen=True, kw_only=True, tag_field="record", tag="inventory"):
    """The first line of a saved inventory."""

    schema: str = SCHEMA
    version: str
    """Assay's version."""
    engines: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[str, ...]
    repository: Repository | None = None
    folder: str = ""
    """The scanned folder's own name."""
    files: int = 0
    """How many files lie in the targets."""
    started: str
    """RFC 3339."""
    finished: str


class _End(Struct, frozen=True, kw_only=True, tag_field="record", tag="end"):
    count: int


class Inventory(Struct, frozen=True, kw_only=True):
    """Everything that the detectors stated, in an order that no run can change."""

    header: Header
    detectors: tuple[DetectorOutcome, ...]
    resources: tuple[Resource, ...]
    verdicts: tuple[EngineVerdict, ...]
    failures: tuple[Failure, ...]
    excerpts: tuple[Excerpt, ...]
    waivers: tuple[InlineWaiver, ...] = ()


_Line = Header | DetectorOutcome | Resource | EngineVerdict | Failure | Excerpt | InlineWaiver | _End
_decode = msgspec.json.Decoder(_Line).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def build(header: Header, detectors: Iterable[DetectorOutcome], records: Iterable[Record]) -> Inventory:
    """Sorts, and drops what was stated twice."""
    sorts: dict[type, list[tuple[tuple[str, int, str, bytes], Record]]] = {}
    for record in records:
        sorts.setdefault(type(record), []).append((_key(record), record))
    ordered = {sort: list(_unique(sorted(items, key=lambda item: item[0]))) for sort, items in sorts.items()}
    return Inventory(
        header=header,
        detectors=tuple(sorted(detectors, key=lambda outcome: outcome.id)),
        resources=tuple(ordered.get(Resource, ())),  # type: ignore[arg-type]  # keyed by exact type
        verdicts=tuple(ordered.get(EngineVerdict, ())),  # type: ignore[arg-type]
        failures=tuple(ordered.get(Failure, ())),  # type: ignore[arg-type]
        excerpts=tuple(ordered.get(Excerpt, ())),  # type: ignore[arg-type]
        waivers=tuple(ordered.get(InlineWaiver, ())),  # type: ignore[arg-type]
    )


def is_complete(inventory: Inventory) -> bool:
    """Whether every planned look was made."""
    return not inventory.failures and all(outcome.status in ("ok", "skipped") for outcome in inventory.detectors)


def reached(inventory: Inventory) -> bool:
    """Whether something was learnt of every target."""
    return not any(outcome.unreached for outcome in inventory.detectors)


def dump(inventory: Inventory) -> Iterator[bytes]:
    """Lines of JSON; the last one counts the others, so that a file cut short is noticed."""
    count = 0
    parts = (
        inventory.detectors,
        inventory.resources,
        inventory.verdicts,
        inventory.failures,
        inventory.excerpts,
        inventory.waivers,
    )
    for line in (inventory.header, *(record for part in parts for record in part)):
        count += 1
        yield _encode(line) + b"\n"
    yield _encode(_End(count=count)) + b"\n"


def load(stream: BinaryIO, name: str) -> Inventory:
    """Reads what `dump` wrote. Raises UsageError, with the line, for anything else."""
    header: Header | None = None
    detectors: list[DetectorOutcome] = []
    records: list[Record] = []
    ended = False
    number = 0
    for number, line in enumerate(stream, 1):
        try:
            found = _decode(line)
            if isinstance(found, Resource):
                registry.check(found)
        except (msgspec.DecodeError, registry.KindError) as error:
            raise UsageError(f"{name}:{number}: not a line of an inventory: {error}") from None
        if ended or (header is None) != isinstance(found, Header):
            raise UsageError(f"{name}:{number}: not an inventory; make one with `assay observe --output FILE`")
        match found:
            case Header():
                if found.schema != SCHEMA:
                    raise UsageError(f"{name}:1: the schema is {found.schema}, and this version reads {SCHEMA}")
                header = found
            case DetectorOutcome():
                detectors.append(found)
            case _End(count=count):
                ended = True
                if count != number - 1:
                    raise UsageError(f"{name}:{number}: {number - 1} lines, but {count} were written")
            case _:
                records.append(found)
    if header is None or not ended:
        raise UsageError(f"{name}: the inventory is cut short after line {number}; observe again")
    return build(header, detectors, records)


def _key(record: Record) -> tuple[str, int, str, bytes]:
    encoded = _encode(record)
    match record:
        case Excerpt(path=path, start_line=line) | InlineWaiver(path=path, line=line):
            return path, line, "", encoded
        case Resource(address=name) | EngineVerdict(check=name) | Failure(part=name):
            place = record.location
            return (place.path if place else ""), (place.start_line or 0) if place else 0, name, encoded
    raise TypeError(type(record).__name__)


def _unique(items: Iterable[tuple[tuple[str, int, str, bytes], Record]]) -> Iterator[Record]:
    last: bytes | None = None
    for key, record in items:
        if key[-1] != last:
            yield record
        last = key[-1]
