"""Trust in providers that serve everyone: who may assume the role is what the condition says."""

from typing import Any

import pytest

from assay.detectors.cloud.federation import open_to_strangers
from assay.detectors.cloud.policy_document import read
from assay.scanner.api import Known, Unknown

GITHUB = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
SUBJECT = "token.actions.githubusercontent.com:sub"


def trusting(condition: Any, provider: str = GITHUB) -> Any:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider}}
    [found] = read({"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]})
    answer = open_to_strangers(found)
    return answer.value if isinstance(answer, Known) else answer


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}},
        {"StringLike": {SUBJECT: "*"}},
        {"StringLike": {SUBJECT: "repo:*"}},
        {"StringLike": {SUBJECT: "repo:*/infra:ref:refs/heads/main"}},
        {"StringLike": {SUBJECT: ["repo:acme/infra:*", "repo:*"]}},
        {"ForAnyValue:StringLike": {SUBJECT: "*:ref:refs/heads/main"}},
    ],
)
def test_strangers_tokens_are_taken(condition: Any) -> None:
    assert trusting(condition) is True


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {SUBJECT: "repo:acme/infra:ref:refs/heads/main"}},
        {"StringLike": {SUBJECT: "repo:acme/*"}},
        {"StringLike": {SUBJECT: "repo:acme/*:ref:refs/heads/main"}},
        {"StringEquals": {"token.actions.githubusercontent.com:repository_owner": "acme"}},
    ],
)
def test_a_condition_on_whose_token_it_is_keeps_them_out(condition: Any) -> None:
    assert trusting(condition) is False


def test_a_provider_of_ones_own_needs_no_condition() -> None:
    assert trusting({}, "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABC") is False


def test_a_condition_that_is_not_read_leaves_it_open() -> None:
    assert isinstance(trusting({"StringLike": {SUBJECT: Unknown(reason="unresolved: var.sub")}}), Unknown)
