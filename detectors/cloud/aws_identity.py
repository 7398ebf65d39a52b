"""Facts of AWS identities and of the policies that grant them something."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.cloud import aws_credentials, aws_trust, holders, policy_becoming, policy_reach
from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.aws_managed import Reach, reach
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.federation import open_to_strangers
from assay.detectors.cloud.values import (
    Reference,
    all_of,
    any_of,
    as_fact,
    negated,
    reference,
    strings,
    tags,
    unresolved,
    value_of,
    written,
)
from assay.scanner.api import Fact, Known, Unknown

_ANY_ARN = "arn:aws:*:*:*:*"
_MANAGED = ":iam::aws:policy/"


class Managed(Struct, frozen=True, kw_only=True):
    """A policy that AWS keeps: its statements aren't in the source, but how far it reaches may be known."""

    arn: str
    reach: Reach | None


Granted = policies.Policy | Managed


def role(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_iam_role`, by its trust policy."""
    trust = policies.read(block.get("assume_role_policy"))
    return {
        "provider": Known(value="aws"),
        "type": Known(value="role"),
        "identifier": aws_trust.identifier(block),
        "account": aws_trust.account(block),
        "assumable_by_anyone": _assumable_by_anyone(trust),
        "assumable_by": _assumable_by(trust),
        **aws_credentials.NONE,
        "permission_boundary": reference(block.get("permissions_boundary")),
        "tags": tags(block.get("tags")),
    }


def user(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_iam_user`, with its credentials."""
    return {
        "provider": Known(value="aws"),
        "type": Known(value="user"),
        "identifier": Known(value=None),
        "account": Known(value=None),
        "assumable_by_anyone": Known(value=False),
        "assumable_by": Known(value=[]),
        **aws_credentials.of_user(block, world),
        "permission_boundary": reference(block.get("permissions_boundary")),
        "tags": tags(block.get("tags")),
    }


def policy(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_iam_policy`, `aws_iam_role_policy`, `aws_iam_user_policy`, `aws_iam_group_policy`."""
    named = [block.get(name) for name in ("role", "user", "group")]
    attached = [written(value) for value in named if value is not None]
    for name in ("roles", "users", "groups"):
        listed = strings(block.get(name))
        attached += [listed] if isinstance(listed, Unknown) else listed
    held = [*_roles(block, world), *(_attached(block, world) if block.type == "aws_iam_policy" else ())]
    return _grant(attached, held, [policies.read(block.get("policy"))], block, world)


def _roles(block: Block, world: World) -> list[Any]:
    """The roles that a policy or an attachment names."""
    listed = block.get("roles")
    values = [block.get("role"), *(listed if isinstance(listed, list | tuple) else [listed])]
    return holders.of_roles([value for value in values if value is not None], block, world)


def _attached(block: Block, world: World) -> Iterator[Any]:
    """The roles to which a managed policy is attached, each by another resource."""
    for type_ in ("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        joined = world.joined(block, type_, "policy_arn")
        for other in joined.blocks:
            yield from _roles(other, world)
        if joined.stray:
            yield joined.stray
    joined = world.joined(block, "aws_iam_role", "managed_policy_arns")
    yield from (holders.reference_to(other) for other in joined.blocks)
    if joined.stray:
        yield joined.stray


def inline(block: Block, world: World) -> Mapping[str, Fact] | None:
    """What a role, a user or a group is granted inside its own declaration; None where nothing is."""
    found: list[Granted] = []
    for entry in block.blocks("inline_policy"):
        if isinstance(entry, Unknown):
            found.append(entry)
        elif entry.get("policy") is not None:
            found.append(policies.read(entry.get("policy")))
    arns = strings(block.get("managed_policy_arns"))
    found += (
        [arns] if isinstance(arns, Unknown) else [managed for managed in map(_managed, arns) if managed is not None]
    )
    held = [holders.reference_to(block)] if block.type == "aws_iam_role" else []
    return _grant([block.address], held, found, block, world) if found else None


def attachment(block: Block, world: World) -> Mapping[str, Fact] | None:
    """A managed policy attached to an identity. One declared in the same source speaks for itself: None."""
    arn = block.get("policy_arn")
    if isinstance(arn, Reference):
        return None
    attached: list[Any] = []
    for name in ("role", "user", "group", "roles", "users", "groups"):
        listed = strings(block.get(name))
        attached += [listed] if isinstance(listed, Unknown) else listed
    managed = _managed(written(arn))
    return _grant(attached, _roles(block, world), [managed], block, world) if managed is not None else None


def _managed(arn: Any) -> Granted | None:
    if isinstance(arn, Unknown):
        return arn
    if not isinstance(arn, str) or (_MANAGED not in arn and "${" not in arn):
        return None
    _, managed, name = arn.partition(_MANAGED)
    if not managed or "${" in name:
        return unresolved(arn)
    name = name.rpartition("/")[2]
    if name == "AdministratorAccess":
        return policies.read({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    return Managed(arn=arn, reach=reach(name))


def _grant(
    principals: list[Any], held: Sequence[Any], found: list[Granted], block: Block, world: World
) -> Mapping[str, Fact]:
    statements: list[Any] = []
    for granted in found:
        if isinstance(granted, Managed):
            statements.append(Unknown(reason=f"the statements of {granted.arn} are not in the source"))
        elif isinstance(granted, Unknown):
            statements.append(granted)
        else:
            statements += [shown for shown in map(_allowing, granted) if shown is not None]
    return {
        "provider": Known(value="aws"),
        "principals": Known(value=[value for value in principals if value is not None]),
        "holders": Known(value=list(dict.fromkeys(held))),
        "accounts": Known(value=[]),
        **_becoming(found, block, world),
        # A policy of an identity can't be one for everyone.
        "public": Known(value=False),
        "administrator": any_of(_administrator(granted) for granted in found),
        "whole_services": Known(value=[service for granted in found for service in _whole_services(granted)]),
        "passes_any_role": any_of(
            _reaches(granted, "passes_any_role", policy_reach.passes_any_role) for granted in found
        ),
        "self_escalating": any_of(
            _reaches(granted, "self_escalating", policy_reach.raises_itself) for granted in found
        ),
        "reads_all_data": any_of(_reaches(granted, "reads_all_data", policy_reach.reads_all_data) for granted in found),
        "statements": Known(value=statements),
    }


def _becoming(found: Sequence[Granted], block: Block, world: World) -> Mapping[str, Fact]:
    """What else the holder may become, by acting as other roles or by handing them on."""
    acts: list[Any] = []
    passes: list[Any] = []
    starts: list[Any] = []
    for granted in found:
        if isinstance(granted, Managed):
            started = policy_becoming.started_by(granted.reach.whole) if granted.reach else [_not_listed(granted)]
            starts += started
            if granted.reach and granted.reach.passes_any_role:
                passes.append({"role": "*", "services": ["*"]})
            elif started:
                passes.append(Unknown(reason=f"which roles {granted.arn} lets its holder hand on isn't known here"))
            continue
        acts += _as_roles(policy_becoming.acts_as(granted), block, world)
        for role_, services in policy_becoming.passes(granted):
            passes += [
                one if isinstance(one, Unknown) else {"role": one, "services": services}
                for one in _as_roles([role_], block, world)
            ]
        starts += policy_becoming.starts(granted)
    return {name: Known(value=value) for name, value in (("acts_as", acts), ("passes", passes), ("starts", starts))}


def _as_roles(resources: Sequence[Any], block: Block, world: World) -> Iterator[Any]:
    """Resources of a policy: roles of the same source by where they are, and patterns as they are written."""
    for one in resources:
        if isinstance(one, str) and "${" not in one and ("*" in one or "?" in one):
            yield one
            continue
        found = holders.of_trust([one], block, world)
        # What isn't declared here may still be a role to act as.
        yield from found or [one if isinstance(one, Unknown) else unresolved(str(one))]


def _whole_services(granted: Granted) -> list[Any]:
    if isinstance(granted, Managed):
        return list(granted.reach.whole) if granted.reach else [_not_listed(granted)]
    services = policy_reach.whole_services(granted)
    return [services] if isinstance(services, Unknown) else services


def _reaches(granted: Granted, name: str, read: Callable[[policies.Policy], Fact]) -> Fact:
    if isinstance(granted, Managed):
        return Known(value=getattr(granted.reach, name)) if granted.reach else _not_listed(granted)
    return read(granted)


def _not_listed(managed: Managed) -> Unknown:
    return Unknown(reason=f"what {managed.arn} allows isn't known here")


def _allowing(statement: policies.PolicyStatement | Unknown) -> Any:
    """A statement in the shape of the kind; None for one that denies."""
    if isinstance(statement, Unknown):
        return statement
    if isinstance(statement.allows, Unknown):
        return statement.allows
    if not statement.allows:
        return None
    condition = statement.condition
    return {
        "actions": _but(statement.actions, statement.all_actions_but, "action"),
        "resources": _but(statement.resources, statement.all_resources_but, "resource"),
        "conditional": condition if isinstance(condition, Unknown) else bool(condition),
    }


def _but(listed: list[Any] | Unknown, inverted: bool, noun: str) -> Any:
    if isinstance(listed, Unknown) or not inverted:
        return listed
    shown = ", ".join(str(value_of(as_fact(value))) for value in listed if isinstance(value, str))
    return [Unknown(reason=f"every {noun} but {shown}")]


def _administrator(policy: Granted) -> Fact:
    if isinstance(policy, Managed):
        return Known(value=False)
    if isinstance(policy, Unknown):
        return policy
    return any_of(_everything(statement) for statement in policy)


def _everything(statement: policies.PolicyStatement | Unknown) -> Fact:
    if isinstance(statement, Unknown):
        return statement
    if statement.all_actions_but:
        # Whoever may do anything in IAM can grant itself what is left out elsewhere.
        actions = _none_holds(statement.actions, "iam:")
    else:
        actions = any_of([policies.contains(statement.actions, "*"), policies.contains(statement.actions, "*:*")])
    if statement.all_resources_but:
        resources = _none_holds(statement.resources, ":iam:")
    else:
        everything = [policies.contains(statement.resources, name) for name in ("*", _ANY_ARN)]
        resources = any_of(everything)
    # A condition says when, not what: an administrator with a second factor is one all the same.
    return all_of([as_fact(statement.allows), actions, resources])


def _none_holds(listed: list[Any] | Unknown, part: str) -> Fact:
    """Whether none of what is left out is of IAM, or everything."""
    if isinstance(listed, Unknown):
        return listed
    return negated(
        any_of(
            one if isinstance(one, Unknown) else Known(value=one.startswith("*") or part in one.lower())
            for one in listed
        )
    )


def _assumable_by_anyone(trust: policies.Policy) -> Fact:
    if isinstance(trust, Unknown):
        return trust
    answers: list[Fact] = []
    for statement in trust:
        if isinstance(statement, Unknown):
            answers.append(statement)
            continue
        condition = statement.condition
        free = as_fact(condition if isinstance(condition, Unknown) else not condition)
        answers.append(all_of([as_fact(statement.allows), policies.everyone(statement), free]))
        answers.append(all_of([as_fact(statement.allows), open_to_strangers(statement)]))
    return any_of(answers)


def _assumable_by(trust: policies.Policy) -> Fact:
    if isinstance(trust, Unknown):
        return trust
    names: list[Any] = []
    for statement in trust:
        if isinstance(statement, Unknown):
            names.append(statement)
        elif statement.allows is not False and statement.principals is not None:
            listed = statement.principals
            if isinstance(listed, Unknown) or isinstance(statement.allows, Unknown):
                names.append(listed if isinstance(listed, Unknown) else statement.allows)
            elif statement.all_principals_but:
                names.append("*")
            else:
                names += listed
    return Known(value=names)
