"""Judges under a time limit where the policy holds rules that the operator didn't write.

The engine that runs expressions has no cost limit and cannot be interrupted, so such a policy is judged in a forked
child that a timer kills; what it was judging then is read from a page that both processes share.
"""

import mmap
import os
from collections.abc import Mapping
from typing import Any

import msgspec

from assay.policies.book import Book
from assay.policies.cel.given import Given
from assay.policies.compiled import Compiled, Decision
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.judge import Wanted, judge
from assay.scanner.errors import UsageError
from assay.scanner.model.finding import Finding
from assay.scanner.safe.time_limit import settle_fork, start_timer, took_too_long

SECONDS = 1.0
"""How long one such rule may take over one resource."""
_decode = msgspec.json.Decoder(tuple[Finding, ...]).decode


def judge_bounded(inventory: Inventory, book: Book, wanted: Wanted, seconds: float = SECONDS) -> tuple[Finding, ...]:
    """As `judge`. Raises UsageError, naming the rule, where a guest rule takes too long; nothing is judged then."""
    if not book.guests:
        return judge(inventory, book, wanted)
    names = sorted(book.guests)
    reader, writer = os.pipe()
    with mmap.mmap(-1, mmap.PAGESIZE) as page:
        child = os.fork()
        if child == 0:
            os.close(reader)
            os._exit(_judge_in_child(inventory, book, wanted, seconds, names, page, writer))
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            sent = stream.read()
        _, status = os.waitpid(child, 0)
        if status != 0:
            rule = names[int.from_bytes(page[:4], "little")]
            if took_too_long(status):
                raise UsageError(f"the rule {rule} took longer than {seconds:g} s over one resource; simplify it")
            raise UsageError(f"judging ended before it was done, at the rule {rule}; leave it out with --skip {rule}")
    return _decode(sent)


def _judge_in_child(
    inventory: Inventory,
    book: Book,
    wanted: Wanted,
    seconds: float,
    names: list[str],
    page: mmap.mmap,
    writer: int,
) -> int:
    numbers = {name: number for number, name in enumerate(names)}

    def decide(rule: Compiled, facts: Mapping[str, Any], given: Given) -> Decision:
        number = numbers.get(rule.rule.id)
        if number is None:
            return rule.decide(facts, given)
        page[:4] = number.to_bytes(4, "little")
        start_timer(seconds)
        try:
            return rule.decide(facts, given)
        finally:
            start_timer(0)

    settle_fork()
    try:
        found = msgspec.json.encode(judge(inventory, book, wanted, decide))
        with os.fdopen(writer, "wb") as stream:
            stream.write(found)
    except BaseException:  # noqa: BLE001  # a fork must not return into its parent's code
        return 1
    return 0
