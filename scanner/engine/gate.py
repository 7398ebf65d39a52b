"""The decision: green or red, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from assay.scanner.config.settings import GateSettings
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import SEVERITIES, ControlStatus, Finding, Gate, Severity
from assay.scanner.model.rule import Pack

EXIT_GREEN, EXIT_RED, EXIT_USAGE, EXIT_INCOMPLETE, EXIT_BUG = range(5)


class Demands(Struct, frozen=True, kw_only=True):
    """What the run asks of the gate; packs may ask for more."""

    fail_on: Severity = "high"
    gate: GateSettings = GateSettings()
    compared_with: str | None = None
    """The ref since which something must be new or worse to count; None: everything counts."""


def decide(
    findings: Sequence[Finding],
    controls: Iterable[ControlStatus],
    detectors: Iterable[DetectorOutcome],
    packs: Sequence[Pack],
    demands: Demands,
) -> Gate:
    """Red where an open failing finding is as severe as what was asked, or a demand on controls or detectors isn't met.

    A pack may ask for a lower severity, for no unknown, for detectors that ran, and for the status of controls.
    """
    counted = [one for one in findings if one.suppressed is None and one.outcome != "pass"]
    if demands.compared_with:
        counted = [one for one in counted if one.change in ("new", "worsened")]
    reasons = [
        *_failing(counted, packs, demands),
        *_undecided(counted, packs),
        *_not_run(detectors, packs, demands),
        *_not_met(controls, counted, packs, demands),
    ]
    if reasons:
        return Gate(status="red", reasons=tuple(reasons))
    if not findings:
        return Gate(status="green", reasons=("nothing was there to be judged",))
    what = "nothing new failing" if demands.compared_with else "nothing failing"
    return Gate(status="green", reasons=(f"{what} at {demands.fail_on} severity or above",))


def exit_code(gate: Gate, complete: bool, allow_incomplete: bool, reached: bool = True) -> int:
    """An incomplete scan wins over red: neither colour can be trusted. A user may let the gate alone decide.

    Unless nothing at all was learnt of some target (`reached` is False): the gate has nothing to decide on then.
    """
    if not complete and not (allow_incomplete and reached):
        return EXIT_INCOMPLETE
    return EXIT_RED if gate.status == "red" else EXIT_GREEN


def _failing(counted: Iterable[Finding], packs: Sequence[Pack], demands: Demands) -> Iterator[str]:
    severe = _at_least(demands.fail_on)
    stricter = {pack.id: _at_least(pack.gate.fail_on) for pack in packs if pack.gate.fail_on}
    found: Counter[Severity] = Counter()
    alike = Counter((one.severity, one.controls) for one in counted if one.outcome == "fail")
    for (severity, controls), number in alike.items():
        asked = [severe, *(stricter[pack] for pack in {c.split(":", 1)[0] for c in controls} & stricter.keys())]
        if any(severity in severities for severities in asked):
            found[severity] += number
    new = "new and failing" if demands.compared_with else "failing"
    yield from (f"{found[severity]} {new} at {severity} severity" for severity in SEVERITIES if found[severity])


def _undecided(counted: Iterable[Finding], packs: Sequence[Pack]) -> Iterator[str]:
    strict = tuple(f"{pack.id}:" for pack in packs if pack.unknown == "fail")
    found: Counter[str] = Counter()
    for one in counted:
        if one.outcome == "unknown" and strict:
            found.update({name.split(":", 1)[0] for name in one.controls if name.startswith(strict)})
    yield from (f"{count} undecided, which the pack {pack} counts as failing" for pack, count in sorted(found.items()))


def _not_run(detectors: Iterable[DetectorOutcome], packs: Sequence[Pack], demands: Demands) -> Iterator[str]:
    wanted = dict.fromkeys(demands.gate.detectors, "the configuration")
    wanted |= {name: f"the pack {pack.id}" for pack in packs for name in pack.gate.detectors}
    ran = {outcome.id: outcome.status for outcome in detectors}
    for name, who in sorted(wanted.items()):
        status = ran.get(name, "not installed, or nothing was named that it looks at")
        if status != "ok":
            yield f"the detector {name}, which {who} requires, did not run whole ({status})"


def _not_met(
    controls: Iterable[ControlStatus], counted: Iterable[Finding], packs: Sequence[Pack], demands: Demands
) -> Iterator[str]:
    wanted = dict(demands.gate.controls)
    wanted |= {f"{pack.id}:{name}": status for pack in packs for name, status in pack.gate.controls.items()}
    if not wanted:
        return
    touched = {(name, one.outcome) for one in counted for name in one.controls}
    for control in controls:
        name = f"{control.pack}:{control.id}"
        status = wanted.pop(name, None)
        if status is None:
            continue
        if demands.compared_with:
            # What was violated before is not the change's doing; what it adds to it is.
            worse = (name, "unknown") in touched or (status == "satisfied" and (name, "fail") in touched)
            if worse:
                yield f"the control {name}, required to be {status}, has new findings against it"
        elif control.status != "satisfied" and (status == "satisfied" or control.status != "violated"):
            yield f"the control {name} is {control.status}, and must be {status}"
        elif status == "satisfied" and control.suppressed:
            yield f"the control {name} is satisfied but for {control.suppressed} accepted risks, and must be {status}"
    yield from (f"the control {name} is required, and no pack of this run has it" for name in sorted(wanted))


def _at_least(severity: Severity) -> Sequence[Severity]:
    return SEVERITIES[: SEVERITIES.index(severity) + 1]
