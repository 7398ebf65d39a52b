"""Parts that are looked at in one process, one after the other, where the work is too small for a process each.

A process of its own costs a part of a hook a quarter of its time. What goes wrong in one that several share counts for
none of them: each is then looked at again by itself, and it alone answers for what it does.
"""

from collections.abc import Iterable, Sequence

from assay.scanner.model.detector import Part

PART_ENDS = b"="
"""Such a line follows the records of each part of a group; no record begins so."""


def grouped(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    """The parts, those that join another before it; what they would join must be one of them, and join none."""
    hosts = {part.id for part in parts if part.joins is None}
    joining = {name: [part for part in parts if part.joins == name] for name in hosts}
    return [(*joining.get(part.id, ()), part) for part in parts if part.joins not in hosts]


def records_of(received: bytes, group: Sequence[Part]) -> list[bytes] | None:
    """What each part of a group found, one record a line; None where that isn't how it ended."""
    found: list[list[bytes]] = [[]]
    for line in received.split(b"\n"):
        if line == PART_ENDS:
            found.append([])
        else:
            found[-1].append(line)
    if len(found) != len(group) + 1 or found.pop() != [b""]:
        return None
    return [_lines(one) for one in found]


def _lines(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
