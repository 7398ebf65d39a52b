"""Who may act as a role of AWS: its trust policy, and the associations of EKS Pod Identity."""

import re
from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud import holders, pod_accounts
from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import settled, strings, written
from assay.scanner.api import Fact, Known, Unknown

_OF_AN_ACCOUNT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):.*")
_DENIED = Unknown(reason="another statement of the trust policy denies it in part")
_CONDITION = Unknown(reason="the trust policy has a condition that isn't read")
_OPEN = ("aws:sourceaccount", "aws:sourcearn")
"""Conditions that keep a service from being led astray, and nobody who may start something in the account."""


def trust(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_iam_role`, by its trust policy."""
    policy = policies.read(block.get("assume_role_policy"))
    facts: dict[str, Fact] = {
        "provider": Known(value="aws"),
        "identity": Known(value=holders.reference_to(block)),
        "given": Known(value=False),
        "limited": Known(value=False),
    }
    if isinstance(policy, Unknown):
        return {**facts, "accounts": policy, "holders": policy}
    accounts: list[Any] = []
    named: list[Any] = []
    for one in policy:
        if isinstance(one, Unknown):
            accounts.append(one)
            named.append(one)
        else:
            accounts += pod_accounts.of_trust(one)
            named += _named(one, block, world)
    if any(not isinstance(one, Unknown) and one.allows is not True for one in policy):
        accounts, named = ([_DENIED] if found else [] for found in (accounts, named))
    return {**facts, "accounts": Known(value=accounts), "holders": Known(value=named)}


def _named(statement: policies.PolicyStatement, block: Block, world: World) -> list[Any]:
    acts = policies.covers(statement, "sts:assumerole")
    if acts == Known(value=False) or statement.allows is False or statement.principals is None:
        return []
    if isinstance(statement.principals, Unknown):
        return [statement.principals]
    everyone = ["*"] if statement.all_principals_but else statement.principals
    found = holders.of_trust(everyone, block, world)
    if isinstance(acts, Unknown) or not _is_open(statement.condition):
        return [_CONDITION] if found else []
    return found


def _is_open(condition: Mapping[str, Any] | Unknown) -> bool:
    if isinstance(condition, Unknown):
        return False
    keys = [key for tests in condition.values() for key in (tests if isinstance(tests, Mapping) else ("",))]
    return all(str(key).lower() in _OPEN for key in keys)


def association(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_eks_pod_identity_association`: pods get the role's rights, or those of the target role reached by it.

    See: https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html
    """
    target = block.first("target_role_arn", "role_arn")
    identity = holders.role(target, block, world)
    cluster = written(block.get("cluster_name"))
    subject = pod_accounts.of_names(block.get("namespace"), block.get("service_account"))
    policy = block.get("policy")
    return {
        "provider": Known(value="aws"),
        "identity": _or_unknown(identity, written(target)),
        "given": Known(value=True),
        "limited": Known(value=policy is not None),
        "accounts": Known(value=[pod_accounts.accounts("association", cluster, subject)]),
        "holders": Known(value=[]),
    }


def _or_unknown(identity: Any, shown: Any) -> Fact:
    if isinstance(identity, str):
        return Known(value=identity)
    if isinstance(identity, Unknown):
        return identity
    return shown if isinstance(shown, Unknown) else Unknown(reason=f"unresolved: {shown}")


def account(block: Block) -> Fact:
    """The account that a role is in, as far as its own declaration or its provider's says.

    A role can only trust the identity providers of its own account, and have a boundary from there.
    """
    found = [written(block.get("permissions_boundary"))]
    policy = policies.read(block.get("assume_role_policy"))
    for one in () if isinstance(policy, Unknown) else policy:
        if not isinstance(one, Unknown) and isinstance(one.principals, list):
            found += [name for name in one.principals if isinstance(name, str) and ":oidc-provider/" in name]
    for text in found:
        if isinstance(text, str) and (match := _OF_AN_ACCOUNT.fullmatch(text)):
            return Known(value=match[1])
    allowed = strings(block.configured("allowed_account_ids"))
    if isinstance(allowed, list) and len(allowed) == 1 and isinstance(allowed[0], str):
        return Known(value=allowed[0])
    return Unknown(reason="in which account it is isn't declared")


def identifier(block: Block) -> Fact:
    """A role's name."""
    name = settled(block.get("name"))
    if isinstance(name, str):
        return Known(value=name)
    return name if isinstance(name, Unknown) else Unknown(reason="its name isn't declared")
