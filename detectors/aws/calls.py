"""Which calls a look would make and which permissions these take, without making any."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.aws import accounts
from assay.detectors.aws.collector import Collector, call
from assay.detectors.aws.permissions import FREE, permission
from assay.detectors.aws.reads.table import needed

MANAGED_LIMIT = 6_144
"""Characters of a managed policy. See: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
_MANAGED_POLICIES = 10
"""That a role may have, unless AWS was asked for more."""
_ONCE = "once"


def planned(
    kinds: Collection[str] | None,
    fields: Mapping[str, Collection[str]] | None,
    services: Collection[str],
    *,
    of_organization: bool,
) -> Sequence[tuple[str, str, str]]:
    """The calls, how often each is made, and the permission that it takes; empty: none. In the order of the calls."""
    collectors, _ = needed(kinds, fields, services)
    found: dict[tuple[str, str], str] = {}
    for name, often in (*_first(of_organization), *(one for each in collectors for one in _calls_of(each))):
        made = call(name)
        found[name, often] = "" if made in FREE else permission(made)
    return [(name, often, needs) for (name, often), needs in sorted(found.items())]


def _first(of_organization: bool) -> Iterator[tuple[str, str]]:
    for one in accounts.FIRST:
        yield str(one), _ONCE
    if of_organization:
        yield str(accounts.MEMBERS), "once, from the first account"
        yield str(accounts.ASSUME), "once for each account, and before its credentials run out"


def _calls_of(one: Collector) -> Iterator[tuple[str, str]]:
    often = _ONCE if one.once else "in each region"
    if one.prepare:
        yield one.prepare, f"{often}, again until it is made"
    yield one.call, often
    for detail in one.details:
        if detail.wanted:
            yield detail.call, f"for each of {one.call}"


def policies(permissions: Collection[str], limit: int = MANAGED_LIMIT) -> Sequence[dict[str, Any]]:
    """Policy documents that allow these and nothing else, each within IAM's limit on characters."""
    found: list[list[str]] = [[]]
    for one in sorted(permissions):
        if found[-1] and len(compact(_document([*found[-1], one]))) > limit:
            found.append([])
        found[-1].append(one)
    return [_document(actions) for actions in found if actions]


def _document(actions: Sequence[str]) -> dict[str, Any]:
    statement = {"Sid": "AssayReads", "Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def compact(document: Mapping[str, Any]) -> str:
    """As IAM counts it: without white space."""
    return json.dumps(document, separators=(",", ":"))


def role_template(permissions: Collection[str], name: str, trusted: str, external_id: str) -> dict[str, Any]:
    """A CloudFormation template of a role with these permissions, which `trusted`, an ARN, may assume.

    A stack set brings it into every account of an organisation.
    """
    documents = policies(permissions)
    if len(documents) > _MANAGED_POLICIES:
        raise AssertionError("a role can't have so many policies")
    given = {f"Reads{number}": document for number, document in enumerate(documents, 1)}
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "Description": "Lets Assay read settings; it can't change anything, and can't read data.",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "ManagedPolicyArns": [{"Ref": one} for one in given],
        },
    }
    made = {
        one: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Description": "What Assay reads.", "PolicyDocument": document},
        }
        for one, document in given.items()
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {**made, "Role": role}}
