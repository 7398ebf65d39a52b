"""Which events of a trail somebody is told of: metric filters on its log group, with alarms that do something."""

import re
from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import Reference, Template, boolean, settled, text
from assay.scanner.api import Fact, Known, Unknown

_EVENTS: Mapping[str, tuple[str, ...]] = {
    # What a filter's pattern has to speak of, without blanks and in lower case; all of it. The names are those of CIS.
    # See: https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
    "unauthorized-calls": ("$.errorcode=", "unauthorizedoperation", "accessdenied"),
    "sign-in-without-second-factor": ("=consolelogin", "mfaused!=yes"),
    "use-of-root": ("$.useridentity.type=root",),
    "changes-of-policies": ("=putrolepolicy", "=attachrolepolicy", "=createpolicy"),
    "changes-of-trails": ("=stoplogging", "=deletetrail", "=updatetrail"),
    "failed-sign-ins": ("=consolelogin", "$.errormessage=", "failedauthentication"),
    "deletion-of-keys": ("kms.amazonaws.com", "=disablekey", "=schedulekeydeletion"),
    "changes-of-bucket-policies": ("s3.amazonaws.com", "=putbucketpolicy", "=deletebucketpolicy"),
    "changes-of-configuration-recording": ("=stopconfigurationrecorder", "=deletedeliverychannel"),
    "changes-of-security-groups": ("=authorizesecuritygroupingress", "=revokesecuritygroupingress"),
    "changes-of-network-lists": ("=createnetworkaclentry", "=deletenetworkaclentry"),
    "changes-of-gateways": ("=attachinternetgateway", "=createinternetgateway"),
    "changes-of-routes": ("=createroute", "=replaceroute"),
    "changes-of-networks": ("=createvpc", "=modifyvpcattribute"),
}
_NOISE = re.compile(r"[\s\"'*()\\]+")
_GROUP = re.compile(r"arn:aws[a-z-]*:logs:(?P<region>[^:]*):(?P<account>\d*):log-group:(?P<name>[^:*]+)")


def log_group(trail: Block) -> Any:
    """Where a trail's records can be watched: a reference or a template, the group's name, an Unknown, or None."""
    value = trail.get("cloud_watch_logs_group_arn")
    if isinstance(value, str):
        match = _GROUP.match(value)
        return match["name"] if match else (value or None)
    return value


def alarms(trail: Block, world: World) -> Fact:
    """For each event, whether somebody is told of it."""
    group = log_group(trail)
    answers: dict[str, list[Any]] = {name: [] for name in _EVENTS}
    for metric in world.of_type("aws_cloudwatch_log_metric_filter") if group is not None else ():
        here = _same(group, metric.get("log_group_name"))
        if here is False:
            continue
        pattern = text(metric.get("pattern"), "")
        if isinstance(here, Unknown) or isinstance(pattern, Unknown):
            unsure = here if isinstance(here, Unknown) else pattern
            for found in answers.values():
                found.append(unsure)
            continue
        plain = _NOISE.sub("", str(pattern.value)).lower()
        spoken = [name for name, parts in _EVENTS.items() if all(part in plain for part in parts)]
        told = _told(metric, world) if spoken else False
        for name in spoken:
            answers[name].append(told)
    return Known(value=[{"event": name, "set": _any(found)} for name, found in answers.items()])


def _any(found: list[Any]) -> Any:
    if True in found:
        return True
    return next((one for one in found if isinstance(one, Unknown)), False)


def _same(group: Any, name: Any) -> Any:
    """Whether a filter is on the group."""
    ours = {target for one in _references(group) for target in one.targets}
    theirs = {target for one in _references(name) for target in one.targets}
    if ours and theirs:
        return bool(ours & theirs)
    plain = settled(name)
    if isinstance(group, str) and isinstance(plain, str):
        return plain == group
    if isinstance(group, Unknown):
        return group
    return plain if isinstance(plain, Unknown) else Unknown(reason="on which log group the filter is isn't known")


def _references(value: Any) -> tuple[Reference, ...]:
    if isinstance(value, Template):
        return value.references
    return (value,) if isinstance(value, Reference) else ()


def _told(metric: Block, world: World) -> Any:
    """Whether an alarm on the filter's metric does something."""
    unsure: Unknown | None = None
    for made in metric.blocks("metric_transformation"):
        if isinstance(made, Unknown):
            unsure = made
            continue
        names = (settled(made.get("name")), settled(made.get("namespace")))
        for alarm in world.of_type("aws_cloudwatch_metric_alarm"):
            theirs = (alarm.get("metric_name"), alarm.get("namespace"))
            pointed = [metric.id in one.targets for one in _references(theirs[0])]
            settled_ = (settled(theirs[0]), settled(theirs[1]))
            unknown = next((one for one in (*names, *settled_) if isinstance(one, Unknown)), None)
            if not any(pointed) and settled_ != names:
                unsure = unsure or unknown
                continue
            actions = alarm.get("alarm_actions")
            enabled = boolean(alarm.get("actions_enabled"), True)
            if isinstance(actions, Unknown):
                unsure = actions
            elif isinstance(enabled, Unknown):
                unsure = enabled
            elif actions and enabled.value:
                return True
    return unsure if unsure is not None else False
