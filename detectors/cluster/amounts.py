"""How many pods of a number: as a count or a percentage, which budgets and updates are given."""

import re

from msgspec import Struct

from assay.detectors.cluster.stating import placeholder, unresolved
from assay.scanner.api import Unknown

_AMOUNT = re.compile(r"([0-9]{1,9})(%?)")


class Amount(Struct, frozen=True, kw_only=True):
    """A count of pods, or a percentage of them."""

    number: int
    percent: bool = False

    @property
    def text(self) -> str:
        """As Kubernetes writes it: `2`, `50%`."""
        return f"{self.number}%" if self.percent else str(self.number)

    @property
    def none(self) -> bool:
        """It is none of any number of pods."""
        return self.number == 0

    @property
    def all(self) -> bool:
        """It is all of any number of pods."""
        return self.percent and self.number >= 100

    def of(self, pods: int, up: bool = True) -> int:
        """How many of so many pods it is; a percentage is rounded up or down."""
        if not self.percent:
            return self.number
        return -(-self.number * pods // 100) if up else self.number * pods // 100


def amount(value: int | str | None) -> Amount | Unknown | None:
    """What a field that takes a number or a percentage says; None where it isn't set."""
    if value is None:
        return None
    text = str(value)
    found = _AMOUNT.fullmatch(text)
    if found is not None:
        return Amount(number=int(found[1]), percent=bool(found[2]))
    return placeholder(text) if unresolved(text) else Unknown(reason="unreadable: neither a number nor a percentage")
