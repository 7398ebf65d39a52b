"""The decision: what is asked of it, by whom, and what a comparison leaves to be asked."""

from typing import Any, Literal

import pytest
from msgspec import structs

from assay.policies import book as policy
from assay.scanner.config.settings import GateSettings
from assay.scanner.engine.gate import Demands, decide, exit_code
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import SEVERITIES, Finding, Gate, Suppression
from assay.scanner.model.rule import Pack
from tests.unit import report_builder as build

HIPAA = next(pack for pack in policy.load(("hipaa",)).packs)
AUDIT, ENCRYPTION = "hipaa:164.312(b)", "hipaa:164.312(a)(2)(iv)"
OK = DetectorOutcome(id="iac", status="ok")


def decided(*findings: Finding, controls: Any = (), detectors: Any = (OK,), pack: Pack = HIPAA, **demands: Any) -> Gate:
    return decide(findings, controls, detectors, (pack,), Demands(**demands))


def pack_that_asks(**gate: Any) -> Pack:
    return structs.replace(HIPAA, gate=structs.replace(HIPAA.gate, **gate))


def status(name: str, now: str) -> Any:
    pack, identifier = name.split(":", 1)
    return build.control(pack, identifier, now)


def found(severity: Any = "low", **changes: Any) -> Finding:
    return build.finding(severity=severity, controls=changes.pop("controls", (ENCRYPTION,)), **changes)


@pytest.mark.parametrize("asked", SEVERITIES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_is_as_severe_as_asked_is_red(asked: Any, severity: Any) -> None:
    red = SEVERITIES.index(severity) <= SEVERITIES.index(asked)
    assert (decided(found(severity), fail_on=asked).status == "red") is red


def test_what_is_accepted_passes_or_is_undecided_is_not_red() -> None:
    accepted = found("critical", suppressed=Suppression(by="waiver", reason="r"))
    gate = decided(accepted, found("critical", outcome="pass"), found("critical", outcome="unknown"), fail_on="info")
    assert gate.status == "green"


def test_each_severity_is_counted_in_one_reason() -> None:
    gate = decided(found("high"), found("high"), found("critical"), found("low"))
    assert gate.reasons == ("1 failing at critical severity", "2 failing at high severity")


# A pack's demands.


def test_a_pack_may_ask_for_a_lower_severity_on_its_own_controls_only() -> None:
    strict = pack_that_asks(fail_on="low")
    assert decided(found("low"), pack=strict).status == "red"
    assert decided(found("info"), pack=strict).status == "green"
    assert decided(found("low", controls=("gdpr:32(1)(a)",)), pack=strict).status == "green"


def test_a_pack_cannot_ask_for_less() -> None:
    assert decided(found("high"), pack=pack_that_asks(fail_on="critical"), fail_on="high").status == "red"


@pytest.mark.parametrize("state", ["partial", "failed", "skipped"])
@pytest.mark.parametrize("who", ["pack", "configuration"])
def test_a_required_detector_must_have_run_whole(who: str, state: Any) -> None:
    pack = pack_that_asks(detectors=("iac",)) if who == "pack" else HIPAA
    asked = GateSettings(detectors=("iac",)) if who == "configuration" else GateSettings()
    assert decided(pack=pack, gate=asked).status == "green"
    gate = decided(detectors=(DetectorOutcome(id="iac", status=state),), pack=pack, gate=asked)
    assert gate.status == "red" and who in gate.reasons[0] and state in gate.reasons[0]


def test_a_required_detector_that_nobody_has_is_red() -> None:
    gate = decided(gate=GateSettings(detectors=("cluster",)))
    assert gate.status == "red" and "not installed" in gate.reasons[0]


@pytest.mark.parametrize(
    ("asked", "now", "colour"),
    [
        ("satisfied", "satisfied", "green"),
        ("satisfied", "violated", "red"),
        ("satisfied", "unknown", "red"),
        ("satisfied", "not-assessed", "red"),
        ("satisfied", "process-only", "red"),
        ("assessed", "satisfied", "green"),
        ("assessed", "violated", "green"),
        ("assessed", "unknown", "red"),
        ("assessed", "not-assessed", "red"),
    ],
)
@pytest.mark.parametrize("who", ["pack", "configuration"])
def test_a_required_control_must_have_its_status(
    who: str, asked: Literal["satisfied", "assessed"], now: str, colour: str
) -> None:
    pack = pack_that_asks(controls={"164.312(b)": asked}) if who == "pack" else HIPAA
    gate = GateSettings(controls={AUDIT: asked}) if who == "configuration" else GateSettings()
    assert decided(controls=[status(AUDIT, now)], pack=pack, gate=gate).status == colour


def test_a_control_that_no_pack_of_the_run_has_is_red() -> None:
    gate = decided(controls=[status(AUDIT, "satisfied")], gate=GateSettings(controls={"gdpr:99": "assessed"}))
    assert gate.status == "red" and "no pack of this run has it" in gate.reasons[0]


def test_a_pack_that_counts_unknown_as_failing_is_red_for_its_own_controls() -> None:
    strict = structs.replace(HIPAA, unknown="fail")
    assert decided(found(outcome="unknown"), pack=strict).status == "red"
    assert decided(found(outcome="unknown", controls=("gdpr:32(1)(a)",)), pack=strict).status == "green"


# A comparison.


def compared(*findings: Finding, **more: Any) -> Gate:
    return decided(*findings, compared_with="origin/main", **more)


def test_in_a_comparison_only_what_is_new_or_worse_is_red() -> None:
    assert compared(found("critical", change="existing")).status == "green"
    assert compared(found("high", change="new")).reasons == ("1 new and failing at high severity",)
    assert compared(found("high", change="worsened")).status == "red"


def test_a_required_control_that_was_violated_before_is_not_the_changes_doing() -> None:
    asked = GateSettings(controls={ENCRYPTION: "satisfied"})
    old = [status(ENCRYPTION, "violated")]
    assert compared(found(change="existing"), controls=old, gate=asked).status == "green"
    gate = compared(found("info", change="new"), controls=old, gate=asked)
    assert gate.status == "red" and "new findings against it" in gate.reasons[0]
    assert compared(found("info", change="new", outcome="unknown"), controls=old, gate=asked).status == "red"
    assert compared(found("info", change="new", controls=(AUDIT,)), controls=old, gate=asked).status == "green"


def test_a_control_that_must_be_assessed_bears_new_failures_but_no_new_unknown() -> None:
    asked = GateSettings(controls={ENCRYPTION: "assessed"})
    old = [status(ENCRYPTION, "unknown")]
    assert compared(found(change="new"), controls=old, gate=asked).status == "green"
    assert compared(found(change="new", outcome="unknown"), controls=old, gate=asked).status == "red"


def test_in_a_comparison_a_control_that_nobody_has_and_a_detector_that_did_not_run_are_still_red() -> None:
    assert compared(gate=GateSettings(controls={"gdpr:99": "assessed"})).status == "red"
    assert compared(gate=GateSettings(detectors=("cluster",))).status == "red"


def test_in_a_comparison_old_unknowns_do_not_redden_a_strict_pack() -> None:
    strict = structs.replace(HIPAA, unknown="fail")
    assert compared(found(outcome="unknown", change="existing"), pack=strict).status == "green"
    assert compared(found(outcome="unknown", change="new"), pack=strict).status == "red"


@pytest.mark.parametrize(
    ("colour", "complete", "allowed", "code"),
    [("red", True, False, 1), ("green", True, False, 0), ("red", False, False, 3), ("green", False, False, 3),
     ("red", False, True, 1), ("green", False, True, 0)],
)  # fmt: skip
def test_the_exit_code(colour: Any, complete: bool, allowed: bool, code: int) -> None:
    assert exit_code(Gate(status=colour, reasons=()), complete, allowed) == code
