"""What the holder of an AWS policy can become, and which service accounts of clusters clouds speak of."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cloud import pod_accounts, policy_becoming
from assay.detectors.cloud.names import matches, subject_of_claim
from assay.detectors.cloud.policy_document import PolicyStatement, read
from assay.scanner.api import Unknown

UNSET = Unknown(reason="unresolved: var.unset")
ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/ABC"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"


def policy(*statements: dict[str, Any]) -> Any:
    return read({"Statement": [{"Effect": "Allow", "Resource": "*", **one} for one in statements]})


def test_roles_to_act_as_are_those_that_the_policy_names() -> None:
    found = policy({"Action": "sts:*", "Resource": ["arn:aws:iam::1:role/a", "*"]}, {"Action": "s3:*"})
    assert policy_becoming.acts_as(found) == ["arn:aws:iam::1:role/a", "*"]


@pytest.mark.parametrize(
    "more",
    [
        {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        {"Condition": UNSET},
        {"Action": UNSET},
        {"Resource": UNSET},
    ],
)
def test_roles_under_what_isnt_read_are_unknown(more: dict[str, Any]) -> None:
    assert all(isinstance(one, Unknown) for one in policy_becoming.acts_as(policy({"Action": "sts:AssumeRole"} | more)))


def test_a_denial_takes_roles_back_as_a_whole_or_leaves_them_open() -> None:
    allowed = {"Action": "sts:AssumeRole"}
    denied = {"Effect": "Deny", "Action": "sts:*"}
    assert policy_becoming.acts_as(policy(allowed, denied)) == []
    [partly] = policy_becoming.acts_as(policy(allowed, {**denied, "Resource": "arn:aws:iam::1:role/a"}))
    assert isinstance(partly, Unknown)


def test_roles_are_handed_to_the_services_that_the_condition_names() -> None:
    condition = {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}}
    assert policy_becoming.passes(policy({"Action": "iam:PassRole", "Condition": condition})) == [
        ("*", ["ec2.amazonaws.com"])
    ]
    assert policy_becoming.passes(policy({"Action": "iam:PassRole"})) == [("*", ["*"])]
    [(role, _)] = policy_becoming.passes(
        policy({"Action": "iam:PassRole", "Condition": {"StringNotEquals": {"iam:PassedToService": "a"}}})
    )
    assert isinstance(role, Unknown)


@pytest.mark.parametrize("service", sorted(policy_becoming.STARTING))
def test_starting_something_takes_every_call_of_one_way(service: str) -> None:
    for way in policy_becoming.STARTING[service]:
        assert service in policy_becoming.starts(policy({"Action": list(way)}))
        if len(way) > 1:
            assert service not in policy_becoming.starts(policy({"Action": list(way)[:1]}))


def test_calls_that_arent_known_may_start_something() -> None:
    assert policy_becoming.starts(policy({"Action": UNSET})) == [UNSET]
    assert policy_becoming.starts(UNSET) == [UNSET]
    assert policy_becoming.starts(policy({"Action": "s3:GetObject"})) == []


def trusted(condition: Any, principal: Any = PROVIDER) -> list[Any]:
    statement = {
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": principal},
        "Condition": condition,
    }  # fmt: skip
    [found] = read({"Statement": [statement]})
    assert isinstance(found, PolicyStatement)
    return [one if isinstance(one, Unknown) else one["subject"] for one in pod_accounts.of_trust(found)]


def test_whoever_has_a_token_may_act_as_a_role_that_asks_for_no_subject() -> None:
    assert trusted({}) == trusted({"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}) == ["*"]


def test_subjects_are_those_that_the_condition_names() -> None:
    key = f"{ISSUER}:sub"
    assert trusted({"StringEquals": {key: ["system:serviceaccount:ml:a", "system:serviceaccount:ml:b"]}}) == [
        "ml:a", "ml:b",
    ]  # fmt: skip
    assert trusted({"StringLike": {key: "system:serviceaccount:ml:*"}}) == ["ml:*"]
    assert trusted({"StringEquals": {key: "system:serviceaccount:ml:*"}}) == []
    assert trusted({"StringLike": {key: UNSET}}) == [UNSET]


@pytest.mark.parametrize("condition", [{"StringNotEquals": {f"{ISSUER}:sub": "a"}}, {"StringLike": {"x:amr": "y"}}])
def test_other_conditions_leave_it_open(condition: Any) -> None:
    assert all(isinstance(one, Unknown) for one in trusted(condition)) and trusted(condition)


def test_providers_that_are_no_clusters_speak_of_no_pods() -> None:
    github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
    assert trusted({"StringLike": {"token.actions.githubusercontent.com:sub": "*"}}, github) == []
    assert trusted({}, "arn:aws:iam::111122223333:saml-provider/corporate") == []


def test_pod_identity_may_be_tied_to_an_account_by_its_tags() -> None:
    statement = {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "ml", "aws:SourceAccount": "1"}},
    }  # fmt: skip
    [found] = read({"Statement": [statement]})
    assert isinstance(found, PolicyStatement)
    assert list(pod_accounts.of_trust(found)) == [{"by": "association", "cluster": None, "subject": "ml:*"}]


NAMES = st.text(alphabet="abc-", min_size=1, max_size=6)


@given(namespace=NAMES, name=NAMES)
def test_an_account_fits_its_own_claim_and_its_namespaces_pattern(namespace: str, name: str) -> None:
    own = subject_of_claim(f"system:serviceaccount:{namespace}:{name}")
    every = subject_of_claim(f"system:serviceaccount:{namespace}:*")
    assert own and every and matches(own, f"{namespace}:{name}") and matches(every, f"{namespace}:{name}")
    assert not matches(every, f"{namespace}x:{name}")


@given(pattern=st.text(max_size=20), text=st.text(max_size=20))
def test_only_two_characters_of_a_pattern_are_special(pattern: str, text: str) -> None:
    if not set("*?") & set(pattern):
        assert matches(pattern, text) == (pattern == text)
