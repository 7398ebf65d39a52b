"""IAM policy documents of AWS: from JSON, from `jsonencode`, from `aws_iam_policy_document`, to allowing statements."""

import fnmatch
import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from assay.detectors.cloud.aws_managed import reach
from assay.detectors.cloud.block import Block
from assay.detectors.cloud.values import Reference, Template, claim, settled, unresolved, written
from assay.scanner.api import Fact, Known, Unknown

_RESTRICTING_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpcsourceip",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "sts:externalid",
    }
)
"""Conditions that make a grant to everyone one to somebody.

See: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
"""
_EVERYWHERE = frozenset({"*", "0.0.0.0/0", "::/0"})
READS = ("s3:getobject", "s3:listbucket")
WRITES = ("s3:putobject", "s3:deleteobject", "s3:putbucketpolicy", "s3:putobjectacl", "s3:putbucketacl")


class PolicyStatement(Struct, frozen=True, kw_only=True):
    """One statement; lists hold strings as written, and Unknown where one could not be read."""

    allows: bool | Unknown
    principals: list[Any] | Unknown | None
    """`*` for everyone; None where the statement names none, as in an identity's own policy."""
    all_principals_but: bool
    actions: list[Any] | Unknown
    all_actions_but: bool
    resources: list[Any] | Unknown
    all_resources_but: bool
    condition: Mapping[str, Any] | Unknown


Policy = tuple[PolicyStatement | Unknown, ...] | Unknown


def read(value: Any) -> Policy:
    """The statements of a policy: a JSON string, or the tree that would be encoded as one."""
    if isinstance(value, Reference | Template | str):
        value = decoded(value)
    if isinstance(value, Unknown):
        return value
    if not isinstance(value, Mapping):
        return Unknown(reason="unreadable: expected a policy document")
    listed = value.get("Statement", value.get("statement"))
    if isinstance(listed, Mapping | Unknown):
        listed = [listed]
    if not isinstance(listed, list | tuple):
        return Unknown(reason="unreadable: a policy document without statements")
    return tuple(_statement(entry) for entry in listed)


def document(block: Block) -> Any:
    """The tree of a Terraform `aws_iam_policy_document`."""
    statements: list[Any] = []
    for name in ("source_policy_documents", "override_policy_documents", "source_json", "override_json"):
        others = block.get(name)
        for other in others if isinstance(others, list) else [others] if others is not None else []:
            inner = decoded(other) if isinstance(other, Reference | Template | str) else other
            listed = inner.get("Statement") if isinstance(inner, Mapping) else inner
            if name.startswith("override") or not isinstance(listed, list | Mapping):
                # An override may replace a statement of the same sid, so that none is certain.
                return inner if isinstance(inner, Unknown) else unresolved(f"{name} of a policy document")
            statements.extend(listed if isinstance(listed, list) else [listed])
    for entry in block.blocks("statement"):
        statements.append(entry if isinstance(entry, Unknown) else _declared(entry))
    return {"Statement": statements}


def managed_arn(block: Block) -> Any:
    """The ARN of a Terraform data source `aws_iam_policy`, where it gives it or names a policy that AWS keeps."""
    arn = block.get("arn")
    if arn is not None:
        return arn
    name = settled(block.get("name"))
    return f"arn:aws:iam::aws:policy/{name}" if isinstance(name, str) and reach(name) is not None else None


def public(policy: Policy, probes: Iterable[str] = ()) -> Fact:
    """Whether anyone at all is allowed one of the actions; without probes, any action."""
    if isinstance(policy, Unknown):
        return policy
    answer: Fact = Known(value=False)
    for statement in policy:
        fact = statement if isinstance(statement, Unknown) else _opens(statement, tuple(probes))
        if isinstance(fact, Unknown):
            answer = fact
        elif fact.value:
            denied = any(isinstance(other, PolicyStatement) and _limits(other) for other in policy)
            if not denied:
                return fact
            answer = Unknown(reason="a statement allows everyone, and another denies some of them")
    return answer


def tls_required(policy: Policy, probes: Iterable[str]) -> Fact:
    """Whether a statement denies the actions to everyone who comes without TLS, on the whole of the resource."""
    if isinstance(policy, Unknown):
        return policy
    unknown: Unknown | None = None
    for statement in policy:
        if isinstance(statement, Unknown):
            unknown = statement
        elif isinstance(statement.condition, Unknown) and statement.allows is not True:
            unknown = statement.condition
        elif _denies_plain(statement):
            parts = [_value(covers(statement, probe)) for probe in probes]
            parts.append(_whole(statement))
            if all(part is True for part in parts):
                return Known(value=True)
            if False not in parts:
                unknown = next((part for part in parts if isinstance(part, Unknown)), unknown)
    return unknown or Known(value=False)


def everyone(statement: PolicyStatement) -> Fact:
    """Whether a statement's principal is anyone."""
    if statement.principals is None:
        return Known(value=False)
    if statement.all_principals_but:
        return Known(value=True)
    return contains(statement.principals, "*")


def contains(values: list[Any] | Unknown, wanted: str) -> Fact:
    """Whether a list holds a string; unknown where one of its elements could be it."""
    if isinstance(values, Unknown):
        return values
    if wanted in values:
        return Known(value=True)
    return next((value for value in values if isinstance(value, Unknown)), Known(value=False))


def covers(statement: PolicyStatement, probe: str) -> Fact:
    """Whether a statement's actions include a certain one, wildcards and `NotAction` considered."""
    if isinstance(statement.actions, Unknown):
        return statement.actions
    unknown: Unknown | None = None
    for action in statement.actions:
        if isinstance(action, Unknown) or "${" in action:
            unknown = action if isinstance(action, Unknown) else unresolved(action)
        elif fnmatch.fnmatchcase(probe, action.lower()):
            return Known(value=not statement.all_actions_but)
    return unknown or Known(value=statement.all_actions_but)


def restricts(condition: Mapping[str, Any] | Unknown) -> bool | Unknown:
    """Whether a condition ties a grant to somebody, rather than to how the call is made."""
    if isinstance(condition, Unknown):
        return condition
    unknown: Unknown | None = None
    for operator, tests in condition.items():
        if isinstance(tests, Unknown):
            unknown = tests
        if not isinstance(tests, Mapping) or operator.lower().startswith(("null", "bool")) or "not" in operator.lower():
            continue
        for key, values in tests.items():
            if key.lower() not in _RESTRICTING_KEYS:
                continue
            listed = values if isinstance(values, list | tuple) else [values]
            if not any(isinstance(value, str) and value in _EVERYWHERE for value in listed):
                return True
    return unknown or False


def _opens(statement: PolicyStatement, probes: tuple[str, ...]) -> Fact:
    parts: list[Any] = [statement.allows, _value(everyone(statement))]
    restricted = restricts(statement.condition)
    parts.append(restricted if isinstance(restricted, Unknown) else not restricted)
    if probes:
        reached = [_value(covers(statement, probe)) for probe in probes]
        unknown = next((one for one in reached if isinstance(one, Unknown)), False)
        parts.append(True if True in reached else unknown)
    if False in parts:
        return Known(value=False)
    return next((part for part in parts if isinstance(part, Unknown)), Known(value=True))


def _value(fact: Fact) -> Any:
    return fact.value if isinstance(fact, Known) else fact


def _limits(statement: PolicyStatement) -> bool:
    """Whether a denying statement may take back what is allowed to everyone; one about TLS does not."""
    if statement.allows is True or _denies_plain(statement):
        return False
    if statement.principals is None or statement.all_principals_but:
        return True
    return isinstance(statement.principals, Unknown) or not all(
        isinstance(principal, str) and principal != "*" for principal in statement.principals
    )


def _denies_plain(statement: PolicyStatement) -> bool:
    if statement.allows is not False or isinstance(statement.condition, Unknown) or len(statement.condition) != 1:
        return False
    if _value(everyone(statement)) is not True or statement.all_principals_but:
        return False
    for operator, tests in statement.condition.items():
        if operator.lower() in ("bool", "boolifexists") and isinstance(tests, Mapping) and len(tests) == 1:
            for key, value in tests.items():
                single = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
                if key.lower() == "aws:securetransport" and str(single).lower() == "false":
                    return True
    return False


def _whole(statement: PolicyStatement) -> bool | Unknown:
    """Whether a statement reaches everything in its resource, and not only what lies under a prefix."""
    if isinstance(statement.resources, Unknown):
        return statement.resources
    if statement.all_resources_but:
        return False
    for resource in statement.resources:
        if isinstance(resource, str) and (resource == "*" or ":elasticfilesystem:" in resource):
            return True
        if isinstance(resource, str) and resource.endswith("*") and "/" not in resource.removesuffix("/*"):
            return True
    unknown = next((resource for resource in statement.resources if isinstance(resource, Unknown)), None)
    # A file system's policy names nothing smaller than the file system, by `*`, its ARN, or not at all.
    return unknown or not any("s3" in str(resource) for resource in statement.resources)


def decoded(value: Any) -> Any:
    """The tree in a JSON string, with Unknown for what could not be resolved in it."""
    if isinstance(value, Reference):
        value = settled(value)
        if isinstance(value, Unknown):
            return value
    template = value if isinstance(value, Template) else Template(text=str(value))
    text = template.text
    if not text.lstrip().startswith("{"):
        return settled(value) if isinstance(value, Template) else Unknown(reason="unreadable: expected JSON")
    plain = text
    for shown, _ in template.unknowns:
        # What isn't known may have quotes in its source, as `${replace(a.url, "https://", "")}` has.
        plain = plain.replace(shown, json.dumps(shown, ensure_ascii=False)[1:-1])
    for attempt in (text, plain, text.replace('\\"', '"').replace("\\n", "\n"), text.replace("\n", " ")):
        try:
            tree = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        return _filled(tree, template)
    return (
        settled(value) if isinstance(value, Template) and template.unknowns else Unknown(reason="unreadable: not JSON")
    )


def _filled(tree: Any, template: Template) -> Any:
    """The tree with the strings that hold an unresolved part marked."""
    if isinstance(tree, Mapping):
        return {key: _filled(value, template) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_filled(element, template) for element in tree]
    if isinstance(tree, str):
        held = tuple(pair for pair in template.unknowns if pair[0] in tree)
        if held and tree == held[0][0]:
            return Unknown(reason=held[0][1])
        if held:
            return Template(text=tree, unknowns=held)
    return tree


def _statement(entry: Any) -> PolicyStatement | Unknown:
    if isinstance(entry, Unknown):
        return entry
    if not isinstance(entry, Mapping):
        return Unknown(reason="unreadable: expected a statement")
    effect = settled(entry.get("Effect", "Allow"))
    principal = entry.get("Principal", entry.get("NotPrincipal"))
    condition = entry.get("Condition") or {}
    return PolicyStatement(
        allows=effect if isinstance(effect, Unknown) else str(effect).lower() == "allow",
        principals=None if principal is None else _principals(principal),
        all_principals_but="NotPrincipal" in entry and "Principal" not in entry,
        actions=_written(entry.get("Action", entry.get("NotAction")), partly=False),
        all_actions_but="NotAction" in entry,
        resources=_written(entry.get("Resource", entry.get("NotResource")), partly=True),
        all_resources_but="NotResource" in entry,
        condition=condition if isinstance(condition, Mapping | Unknown) else Unknown(reason="unreadable: a condition"),
    )


def _principals(value: Any) -> list[Any] | Unknown:
    if isinstance(value, Mapping):
        result: list[Any] = []
        for kind, names in value.items():
            listed = _written(names, partly=True)
            if isinstance(listed, Unknown):
                return listed
            # `{"Service": "*"}` names services only; everyone is `*` or `{"AWS": "*"}`.
            result.extend(f"{kind}:*" if name == "*" and kind not in ("AWS", "*") else name for name in listed)
        return result
    return _written(value, partly=True)


def _written(value: Any, partly: bool) -> list[Any] | Unknown:
    """Strings as written; `partly` says whether one of which a part is unresolved counts as read."""
    if isinstance(value, Unknown):
        return value
    listed = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return [_one(element, partly) for element in listed]


def _one(element: Any, partly: bool) -> Any:
    if isinstance(element, Template) and element.unknowns and not partly:
        return settled(element)
    return written(element)


def _declared(block: Block) -> Any:
    """A `statement` block as its JSON would be."""
    result: dict[str, Any] = {"Effect": block.get("effect") or "Allow"}
    for key, name in (
        ("Action", "actions"),
        ("NotAction", "not_actions"),
        ("Resource", "resources"),
        ("NotResource", "not_resources"),
    ):
        value = block.get(name)
        if value is not None:
            result[key] = value
    for key, name in (("Principal", "principals"), ("NotPrincipal", "not_principals")):
        named = block.blocks(name)
        if named:
            result[key] = _declared_principals(named)
    conditions: dict[str, Any] = {}
    for condition in block.blocks("condition"):
        if isinstance(condition, Unknown):
            result["Condition"] = condition
            return result
        test, variable = settled(condition.get("test")), claim(condition.get("variable"))
        if not isinstance(test, str) or not isinstance(variable, str):
            result["Condition"] = test if isinstance(test, Unknown) else unresolved("a condition")
            return result
        conditions.setdefault(test, {})[variable] = condition.get("values")
    if conditions:
        result["Condition"] = conditions
    return result


def _declared_principals(blocks: list[Block | Unknown]) -> Any:
    merged: dict[str, list[Any]] = {}
    for block in blocks:
        if isinstance(block, Unknown):
            return block
        kind, names = settled(block.get("type")), block.get("identifiers")
        if isinstance(kind, Unknown) or isinstance(names, Unknown):
            return kind if isinstance(kind, Unknown) else names
        merged.setdefault(str(kind), []).extend(names if isinstance(names, list) else [names])
    return merged
