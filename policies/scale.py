"""The scale by which rules and engines' checks get their severity; `engines/SEVERITY.md` says what its levels mean."""

from typing import Literal

from msgspec import Struct

from assay.scanner.model.finding import Severity

Exposure = Literal["internet", "adjacent", "internal", "none"]
Data = Literal["direct", "indirect", "none"]
Effort = Literal["none", "some", "much"]

EXPOSURE: dict[Exposure, int] = {"internet": 4, "adjacent": 3, "internal": 2, "none": 1}
DATA: dict[Data, int] = {"direct": 4, "indirect": 2, "none": 1}
EFFORT: dict[Effort, int] = {"none": 3, "some": 2, "much": 1}
FROM: tuple[tuple[int, Severity], ...] = ((48, "critical"), (24, "high"), (12, "medium"), (6, "low"), (0, "info"))
"""The least product of the three weights that a severity needs; each is half the one above."""


class Scale(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a failure opens, written in a rule or a catalogue as `[internet, direct, none]`."""

    exposure: Exposure
    """Who can make use of it."""
    data: Data
    """What it opens to them."""
    effort: Effort
    """How many obstacles are left."""

    @property
    def severity(self) -> Severity:
        """Their product, so that raising one of the three never lowers it."""
        product = EXPOSURE[self.exposure] * DATA[self.data] * EFFORT[self.effort]
        return next(severity for least, severity in FROM if product >= least)
