"""Facts of the AWS services that watch an account: one region's share of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import as_fact, at, boolean, choice, integer, settled, strings, text, value_of
from assay.scanner.api import Fact, Known, Unknown

_FEATURES: Mapping[str, str] = {
    # See: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-features-activation-model.html
    "EBS_MALWARE_PROTECTION": "malware",
    "EKS_AUDIT_LOGS": "clusters",
    "EKS_RUNTIME_MONITORING": "processes",
    "LAMBDA_NETWORK_LOGS": "functions",
    "RDS_LOGIN_EVENTS": "databases",
    "RUNTIME_MONITORING": "processes",
    "S3_DATA_EVENTS": "object-storage",
}
_SCANNED: Mapping[str, str] = {"EC2": "instances", "ECR": "images", "LAMBDA": "functions", "LAMBDA_CODE": "code"}
_DEFAULT = Unknown(reason="not declared: what GuardDuty turns on by itself for a new detector decides")


def threats(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_guardduty_detector`, with its features."""
    joined = world.joined(block, "aws_guardduty_detector_feature", "detector_id")
    covered: list[Any] = []
    settled_: set[str] = set()
    for feature in (*block.blocks("feature"), *block.blocks("declared_feature"), *joined.blocks, *_older(block)):
        if isinstance(feature, Unknown):
            covered.append(feature)
            continue
        name = text(feature.get("name"), "")
        if isinstance(name, Unknown):
            covered.append(name)
            continue
        known = _FEATURES.get(str(name.value))
        if known is not None:
            settled_.add(known)
            covered += _where(known, choice(feature.get("status"), "DISABLED", "ENABLED"))
    if joined.stray:
        covered.append(joined.stray)
    # An account lists all its features; code only those that it changes.
    if "feature" not in block.arguments and not settled_ >= set(_FEATURES.values()):
        covered.append(_DEFAULT)
    status = block.get("status")
    active = boolean(block.get("enable"), True) if status is None else choice(status, "DISABLED", "ENABLED")
    return {
        **_detection("threats", active),
        "covers": Known(value=_distinct(covered) if active != Known(value=False) else []),
        **_open(block),
    }


def _older(block: Block) -> Iterator[Block | Unknown]:
    """The features of a `datasources` block, which came before those of their own, by their names."""
    sources = block.block("datasources")
    if isinstance(sources, Unknown):
        yield sources
    if not isinstance(sources, Block):
        return
    for name, path in (
        ("S3_DATA_EVENTS", ("s3_logs", "enable")),
        ("EKS_AUDIT_LOGS", ("kubernetes", "audit_logs", "enable")),
        ("EBS_MALWARE_PROTECTION", ("malware_protection", "scan_ec2_instance_with_findings", "ebs_volumes", "enable")),
    ):
        value = settled(sources.at(*path))
        if isinstance(value, Unknown):
            yield value
        elif value is not None:
            status = "ENABLED" if value in (True, "true") else "DISABLED"
            yield Block(
                arguments={"name": name, "status": status},
                resolve=lambda raw, _bindings: raw,
                wrapped=False,
                bindings={},
                location=block.location,
            )


def posture(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_securityhub_account`, with the standards it checks."""
    covered: list[Any] = []
    standards = strings(block.get("standards"))
    covered += [standards] if isinstance(standards, Unknown) else map(_standard, standards)
    if "standards" not in block.arguments:
        subscribed = world.of_type("aws_securityhub_standards_subscription")
        covered += [_standard(value_of(text(other.get("standards_arn"), ""))) for other in subscribed]
        default = boolean(block.get("enable_default_standards"), True)
        # See: https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-auto-enabled-standards.html
        if isinstance(default, Unknown):
            covered.append(default)
        elif default.value:
            covered += ["aws-foundational-security-best-practices", "cis-aws-foundations-benchmark"]
    active = choice(block.get("status"), "ENABLED", "ENABLED")
    return {**_detection("posture", active), "covers": Known(value=_distinct(covered))}


def _standard(arn: Any) -> Any:
    """`…:standards/pci-dss/v/3.2.1` → `pci-dss`."""
    return arn.partition("/")[2].partition("/")[0] if isinstance(arn, str) else arn


def personal_data(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_macie2_account`."""
    active = choice(block.get("status"), "ENABLED", "ENABLED")
    return {**_detection("personal-data", active), "covers": Known(value=[])}


def vulnerabilities(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_inspector2_enabler`."""
    types = strings(block.get("resource_types"))
    covered = [types] if isinstance(types, Unknown) else [_scanned(one) for one in types]
    active: Fact = types if isinstance(types, Unknown) else Known(value=bool(types))
    return {**_detection("vulnerabilities", active), "covers": Known(value=_distinct(covered))}


def _scanned(type_: Any) -> Any:
    return _SCANNED.get(type_, type_.lower()) if isinstance(type_, str) else type_


def external_access(block: Block, _world: World) -> Mapping[str, Fact] | None:
    """`aws_accessanalyzer_analyzer`; None for one that looks at access that nobody uses, which is another matter."""
    type_ = text(block.get("type"), "ACCOUNT")
    if isinstance(type_, Known) and "UNUSED" in str(type_.value):
        return None
    active = type_ if isinstance(type_, Unknown) else choice(block.get("status"), "ACTIVE", "ACTIVE")
    return {**_detection("external-access", active), "covers": Known(value=[]), **_open(block)}


def configuration(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_config_configuration_recorder`, which records nothing until its status says so."""
    joined = world.joined(block, "aws_config_configuration_recorder_status", "name", name="name")
    active: Fact = boolean(block.get("is_enabled"), False)
    for status in joined.blocks:
        active = at(boolean(status.get("is_enabled"), False), status.location)
    if joined.stray and active == Known(value=False):
        active = joined.stray
    covered: list[Any] = []
    # Without a group everything is recorded but what is global.
    # See: https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html
    strategy = text(block.at("recording_group", "recording_strategy", "use_only"), "")
    every = boolean(block.at("recording_group", "all_supported"), True)
    if isinstance(strategy, Known) and strategy.value == "ALL_SUPPORTED_RESOURCE_TYPES":
        every = Known(value=True)
    covered += _where("everything", strategy if isinstance(strategy, Unknown) else every)
    covered += _where("global", boolean(block.at("recording_group", "include_global_resource_types"), False))
    covers = Known(value=covered if active != Known(value=False) else [])
    return {**_detection("configuration", active), "covers": covers}


def api_log(block: Block, _world: World) -> Mapping[str, Fact]:
    """What an account tells of the trails that record a region, its organisation's among them."""
    trails = block.get("trails")
    active = as_fact(trails if isinstance(trails, Unknown) else bool(trails))
    return {**_detection("api-log", active), "covers": Known(value=[])}


def _detection(type_: str, active: Fact) -> dict[str, Fact]:
    return {"provider": Known(value="aws"), "type": Known(value=type_), "active": active}


def _open(block: Block) -> Mapping[str, Fact]:
    """Findings are there only once something runs."""
    if "open_findings" not in block.arguments:
        return {"open_findings": Known(value=None)}
    return {"open_findings": integer(block.get("open_findings"), 0)}


def _where(name: str, fact: Fact) -> list[Any]:
    """The name, where the fact is true."""
    if isinstance(fact, Unknown):
        return [fact]
    return [name] if fact.value else []


def _distinct(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
