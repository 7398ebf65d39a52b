"""What was found before: in a baseline, or in the version that a change is compared with."""

from msgspec import Struct

from assay.scanner.model.finding import Outcome, Severity


class Prior(Struct, frozen=True, kw_only=True):
    """A finding that wasn't a pass, reduced to what tells it from others when lines move."""

    rule: str
    path: str
    """Empty for what has no file."""
    address: str
    outcome: Outcome
    severity: Severity
    text: str = ""
    """Digest of the lines that it pointed at, spaces aside; tells apart findings that are otherwise alike."""
    offences: tuple[str, ...] = ()
    """Digests of the single things that the rule named as wrong, sorted."""
    measures: tuple[tuple[str, float], ...] = ()
    """Numbers that alone could make it pass, by fact; negative where less is better."""
    alone: bool = True
    """Whether its resource stood in one place, passes included: the instructions of a Dockerfile share an address."""
