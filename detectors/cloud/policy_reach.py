"""How far an AWS policy that `policy_document` read reaches: whole services, any role, its own rights, all data."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cloud.policy_document import Policy, PolicyStatement, covers
from assay.detectors.cloud.values import all_of, any_of, as_fact, negated, value_of
from assay.scanner.api import Fact, Known, Unknown

RAISING = (
    # What lets a principal write its own permissions, or become one that has more.
    # See: https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-checks.html
    # See: https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
)
READING = (
    "dynamodb:getitem",
    "dynamodb:query",
    "dynamodb:scan",
    "s3:getobject",
    "secretsmanager:getsecretvalue",
)
"""Reads of contents: objects, items and secrets; a list of what there is doesn't count."""
_HOLDING_ALL: Mapping[str, str] = {
    "dynamodb": "table",
    "kms": "key",
    "lambda": "function",
    "secretsmanager": "secret",
}
"""Services in which one type of resource holds all that matters, so that each of the type is everything."""
_IDENTITIES = "role|user|group|policy"
_ONE_ARN = re.compile(r"unresolved: (data|module)\..*arn(\[\d+\])?$")
"""A data source's or a module's ARN isn't read, but it is that of something, and not of everything."""
_INTERPOLATION = re.compile(r"\$\{[^}]*\}")
_WHOLE = re.compile(r"([a-z0-9-]+):\*+")
_EVERY_ACTION = re.compile(r"\*+(:\*+)?")


def whole_services(policy: Policy) -> list[Any] | Unknown:
    """Services of which every action is allowed on every resource, with no condition; `*` for (nearly) all services.

    `NotAction` allows whatever it doesn't name, so it counts as `*`. A service that another statement denies as a
    whole is left out. Unknown stands for each statement that could not be decided.
    """
    if isinstance(policy, Unknown):
        return policy
    found: list[Any] = []
    for statement in policy:
        for service in [statement] if isinstance(statement, Unknown) else _whole_of(statement):
            taken = service if isinstance(service, Unknown) else taken_back(policy, _denies_service(service))
            answer = service if taken is False else taken
            if answer is not True and answer not in found:
                found.append(answer)
    return found


def passes_any_role(policy: Policy) -> Fact:
    """Whether any role can be handed to a service, with no condition."""
    return _allows_everywhere(policy, ("iam:passrole",), "role")


def raises_itself(policy: Policy) -> Fact:
    """Whether the holder can give itself further rights, with no condition."""
    return _allows_everywhere(policy, RAISING, _IDENTITIES)


def reads_all_data(policy: Policy) -> Fact:
    """Whether the contents of a whole store (all objects, all items, all secrets) can be read, with no condition."""
    return _allows_everywhere(policy, READING, None)


def _allows_everywhere(policy: Policy, probes: Sequence[str], types: str | None) -> Fact:
    if isinstance(policy, Unknown):
        return policy
    answers: list[Fact] = []
    for statement in policy:
        if isinstance(statement, Unknown):
            answers.append(statement)
            continue
        for probe in probes:
            service = probe.partition(":")[0]
            parts = [
                as_fact(statement.allows),
                unconditional(statement),
                covers(statement, probe),
                as_fact(_everywhere(statement, service, types or _HOLDING_ALL.get(service, ""))),
            ]
            # Denials are looked up only where something is allowed, as most statements name no probe.
            if any(part == Known(value=False) for part in parts):
                continue
            answers.append(all_of([*parts, negated(as_fact(taken_back(policy, denies_action(probe))))]))
    return any_of(answers)


def _whole_of(statement: PolicyStatement) -> Iterator[Any]:
    """The services that a statement allows as a whole on everything; Unknown where that can't be told."""
    for part in (as_fact(statement.allows), unconditional(statement)):
        if part == Known(value=False):
            return
        if isinstance(part, Unknown):
            yield part
            return
    if isinstance(statement.actions, Unknown):
        if _everywhere(statement, "*", "") is not False:
            yield statement.actions
        return
    if statement.all_actions_but:
        yield from _all_but(statement, statement.actions)
        return
    for action in statement.actions:
        if isinstance(action, Unknown):
            # Which service it is isn't known; `*` asks for a resource that is everything whatever the service.
            if _everywhere(statement, "*", "") is not False:
                yield action
            continue
        named = _WHOLE.fullmatch(action.lower())
        if _EVERY_ACTION.fullmatch(action):
            yield from _each_service(statement)
        elif named:
            yield from _if_everywhere(statement, named[1])


def _all_but(statement: PolicyStatement, excluded: list[Any]) -> Iterator[Any]:
    unknown = next((action for action in excluded if isinstance(action, Unknown)), None)
    named = {action.lower() for action in excluded if isinstance(action, str)}
    if any(_EVERY_ACTION.fullmatch(action) for action in named):
        return
    for service in _each_service(statement):
        if isinstance(service, Unknown) or f"{service}:*" not in named:
            yield unknown or service


def _each_service(statement: PolicyStatement) -> Iterator[Any]:
    """Where every action is allowed: `*`, or the services whose every resource is named."""
    everything = _everywhere(statement, "*", "")
    if everything is not False:
        yield everything if isinstance(everything, Unknown) else "*"
        return
    for resource in statement.resources if isinstance(statement.resources, list) else ():
        service = str(resource).split(":")[2] if str(resource).count(":") >= 2 else ""
        if re.fullmatch("[a-z0-9-]+", service):
            yield from _if_everywhere(statement, service)


def _if_everywhere(statement: PolicyStatement, service: str) -> Iterator[Any]:
    reached = _everywhere(statement, service, _HOLDING_ALL.get(service, ""))
    if reached is not False:
        yield reached if isinstance(reached, Unknown) else service


def _everywhere(statement: PolicyStatement, service: str, types: str) -> bool | Unknown:
    """Whether a statement is for every resource of a service; `types` are types of which each one is enough."""
    if isinstance(statement.resources, Unknown):
        return False if _ONE_ARN.match(statement.resources.reason) else statement.resources
    reached = [_unscoped(resource, service, types) for resource in statement.resources if isinstance(resource, str)]
    if statement.all_resources_but:
        # Whatever it doesn't name: nothing only if it names everything.
        return not any(_unscoped(resource, "*", "") for resource in statement.resources if isinstance(resource, str))
    unread = (one for one in statement.resources if isinstance(one, Unknown) and not _ONE_ARN.match(one.reason))
    return True if any(reached) else next(unread, False)


def _unscoped(resource: str, service: str, types: str) -> bool:
    """`*`, or an ARN that names no resource of the service: `arn:aws:s3:::*`, `arn:aws:sqs:*:111122223333:*`."""
    text = _INTERPOLATION.sub("_", resource)
    if text and not text.strip("*"):
        return True
    parts = text.split(":", 5)
    if parts[0] != "arn" or len(parts) < 3 or not fnmatch.fnmatchcase(service, parts[2]):
        return False
    if len(parts) < 6:
        return parts[-1].endswith("*")
    name = re.sub(rf"^(?:{types})[:/]", "", parts[5]) if types else parts[5]
    return "*" in name and not name.strip("*/:")


def unconditional(statement: PolicyStatement) -> Fact:
    """Whether a statement holds whatever the circumstances."""
    condition = statement.condition
    return condition if isinstance(condition, Unknown) else Known(value=not condition)


def taken_back(policy: Policy, denies: Callable[[PolicyStatement], Fact]) -> bool | Unknown:
    """Whether another statement denies it on every resource and with no condition."""
    answers: list[Fact] = []
    for statement in policy if isinstance(policy, tuple) else ():
        # A statement that can't be read at all is reported by itself, and may only have allowed more.
        if isinstance(statement, PolicyStatement) and statement.allows is not True:
            denied = negated(as_fact(statement.allows))
            everywhere = as_fact(_everywhere(statement, "*", ""))
            answers.append(all_of([denied, unconditional(statement), denies(statement), everywhere]))
    answer = value_of(any_of(answers))
    return answer if isinstance(answer, Unknown) else bool(answer)


def denies_action(probe: str) -> Callable[[PolicyStatement], Fact]:
    """For `taken_back`: whether a statement that denies is for an action."""
    return lambda statement: covers(statement, probe)


def _denies_service(service: str) -> Callable[[PolicyStatement], Fact]:
    def denies(statement: PolicyStatement) -> Fact:
        if isinstance(statement.actions, Unknown):
            return statement.actions
        named = [action.lower() for action in statement.actions if isinstance(action, str)]
        if statement.all_actions_but:
            kept = any(_EVERY_ACTION.fullmatch(action) or action.startswith(f"{service}:") for action in named)
            return Known(value=service != "*" and not kept)
        if any(_EVERY_ACTION.fullmatch(action) or action == f"{service}:*" for action in named):
            return Known(value=True)
        return next((action for action in statement.actions if isinstance(action, Unknown)), Known(value=False))

    return denies
