"""What else the holder of an AWS policy can become: roles to act as, and roles to hand to something that it starts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cloud.policy_document import Policy, PolicyStatement, covers
from assay.detectors.cloud.policy_reach import denies_action, taken_back, unconditional
from assay.detectors.cloud.values import all_of, any_of, as_fact, negated, settled, value_of
from assay.scanner.api import Fact, Known, Unknown

STARTING: Mapping[str, Sequence[Sequence[str]]] = {
    # The calls that together start something which runs as a role that the caller chooses.
    # See: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    # See: https://hackingthe.cloud/aws/exploitation/iam_privilege_escalation/
    "bedrock-agentcore.amazonaws.com": (
        ("bedrock-agentcore:createcodeinterpreter", "bedrock-agentcore:invokecodeinterpreter"),
    ),
    "cloudformation.amazonaws.com": (("cloudformation:createstack",),),
    "codebuild.amazonaws.com": (("codebuild:createproject", "codebuild:startbuild"),),
    "ec2.amazonaws.com": (("ec2:runinstances",),),
    "ecs-tasks.amazonaws.com": (
        ("ecs:registertaskdefinition", "ecs:runtask"),
        ("ecs:registertaskdefinition", "ecs:createservice"),
        ("batch:registerjobdefinition", "batch:submitjob"),
    ),
    "glue.amazonaws.com": (("glue:createdevendpoint",), ("glue:createjob", "glue:startjobrun")),
    "lambda.amazonaws.com": (
        ("lambda:createfunction", "lambda:invokefunction"),
        ("lambda:createfunction", "lambda:addpermission"),
        ("lambda:createfunction", "lambda:createeventsourcemapping"),
    ),
    "sagemaker.amazonaws.com": (
        ("sagemaker:createnotebookinstance", "sagemaker:createpresignednotebookinstanceurl"),
        ("sagemaker:createtrainingjob",),
        ("sagemaker:createprocessingjob",),
    ),
    "scheduler.amazonaws.com": (("scheduler:createschedule",),),
    "ssm.amazonaws.com": (("ssm:startautomationexecution",),),
    "states.amazonaws.com": (("states:createstatemachine", "states:startexecution"),),
    "tasks.apprunner.amazonaws.com": (("apprunner:createservice",),),
}
_CONDITION = "only under a condition, which isn't read"


def starts(policy: Policy) -> list[Any]:
    """Services in which something can be started that runs as a role; Unknown for each that can't be told."""
    if isinstance(policy, Unknown):
        return [policy]
    found = {service: _starts(policy, ways) for service, ways in STARTING.items()}
    sure = [service for service, fact in found.items() if fact == Known(value=True)]
    unknown = [fact for fact in found.values() if isinstance(fact, Unknown)]
    return sure + unknown[:1]


def started_by(whole: Sequence[str]) -> list[str]:
    """The same for a policy that allows all of some services."""
    return [
        service
        for service, ways in STARTING.items()
        if "*" in whole or any(all(one.partition(":")[0] in whole for one in way) for way in ways)
    ]


def acts_as(policy: Policy) -> list[Any]:
    """Resources for which `sts:AssumeRole` is allowed, as written; Unknown where that can't be told."""
    return [one for one, _ in _allowed(policy, "sts:assumerole", ())]


def passes(policy: Policy) -> list[tuple[Any, list[Any]]]:
    """Resources for which `iam:PassRole` is allowed, as written, each with the services that they may go to."""
    return [
        (one, ["*"] if condition is None else _services(condition))
        for one, condition in _allowed(policy, "iam:passrole", ("iam:passedtoservice",))
    ]


def _starts(policy: tuple[PolicyStatement | Unknown, ...], ways: Sequence[Sequence[str]]) -> Fact:
    return any_of(all_of([_may(policy, action) for action in way]) for way in ways)


def _may(policy: tuple[PolicyStatement | Unknown, ...], action: str) -> Fact:
    """Whether an action is allowed on anything."""
    answers: list[Fact] = []
    for one in policy:
        if isinstance(one, Unknown):
            answers.append(one)
            continue
        parts = [as_fact(one.allows), covers(one, action)]
        if any(part == Known(value=False) for part in parts):
            continue
        condition = unconditional(one)
        parts.append(Unknown(reason=_CONDITION) if condition == Known(value=False) else condition)
        answers.append(all_of([*parts, negated(as_fact(taken_back(policy, denies_action(action))))]))
    return any_of(answers)


def _allowed(policy: Policy, action: str, keys: Sequence[str]) -> Iterator[tuple[Any, Mapping[str, Any] | None]]:
    """The resources, with the condition where it is one on these keys; Unknown where anything else is in the way."""
    if isinstance(policy, Unknown):
        yield policy, None
        return
    denied = _denied(policy, action)
    for one in policy:
        if isinstance(one, Unknown):
            yield one, None
            continue
        answer = all_of([as_fact(one.allows), covers(one, action)])
        if answer == Known(value=False) or denied is True:
            continue
        condition, doubt = _condition(one, keys)
        doubt = doubt or (answer if isinstance(answer, Unknown) else denied if isinstance(denied, Unknown) else None)
        if doubt is not None or isinstance(one.resources, Unknown):
            yield doubt or one.resources, None
        elif one.all_resources_but:
            yield Unknown(reason="every role but those that it names"), None
        else:
            yield from ((resource, condition) for resource in one.resources)


def _condition(statement: PolicyStatement, keys: Sequence[str]) -> tuple[Mapping[str, Any] | None, Unknown | None]:
    condition = statement.condition
    if isinstance(condition, Unknown):
        return None, condition
    if not condition:
        return None, None
    for operator, tests in condition.items():
        word = str(operator).lower().removesuffix("ifexists")
        if word not in ("stringequals", "stringlike", "stringequalsignorecase") or not isinstance(tests, Mapping):
            return None, Unknown(reason=_CONDITION)
        if any(str(key).lower() not in keys for key in tests):
            return None, Unknown(reason=_CONDITION)
    return condition, None


def _services(condition: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = []
    for tests in condition.values():
        for values in tests.values():
            found += [settled(one) for one in (values if isinstance(values, list | tuple) else [values])]
    return [one if isinstance(one, str | Unknown) else Unknown(reason="unreadable: a service") for one in found]


def _denied(policy: tuple[PolicyStatement | Unknown, ...], action: str) -> bool | Unknown:
    """Whether another statement denies it; Unknown where that is for some resources or circumstances."""
    for one in policy:
        if isinstance(one, Unknown) or one.allows is True or value_of(covers(one, action)) is False:
            continue
        whole = taken_back(policy, denies_action(action))
        return True if whole is True else Unknown(reason="another statement denies it in part")
    return False
