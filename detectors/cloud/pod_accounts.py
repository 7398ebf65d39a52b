"""Which service accounts of a cluster a cloud speaks of: in trust policies, associations, credentials and members."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cloud.federation import SHARED
from assay.detectors.cloud.names import PODS, subject_of_claim
from assay.detectors.cloud.policy_document import PolicyStatement, covers
from assay.detectors.cloud.values import settled, unresolved
from assay.scanner.api import Known, Unknown

_TAG = "aws:requesttag/"
_NAMESPACE, _ACCOUNT = f"{_TAG}kubernetes-namespace", f"{_TAG}kubernetes-service-account"
_OF_THE_CLUSTER = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", f"{_TAG}eks-cluster-")
"""Conditions on which cluster asks, and not on which of its service accounts."""
_NOT_READ = Unknown(reason="the condition on who may act as it isn't read")
_POOL = r"[^/\[\]]*\.svc\.id\.goog"
_LEGACY = re.compile(rf"serviceAccount:(?P<pool>{_POOL})\[(?P<namespace>[^/\[\]]*)/(?P<name>[^/\[\]]*)\]")
_PRINCIPAL = re.compile(
    rf"principal(?:Set)?://iam\.googleapis\.com/.*/workloadIdentityPools/(?P<pool>{_POOL})/(?P<rest>.+)"
)
_SUBJECT = re.compile(r"subject/ns/(?P<namespace>[^/]+)/sa/(?P<name>[^/]+)")


def accounts(by: str, cluster: Any, subject: Any) -> dict[str, Any]:
    """In the shape of `kinds.identity.PodAccounts`."""
    return {"by": by, "cluster": cluster, "subject": subject}


def of_trust(statement: PolicyStatement) -> Iterator[Any]:
    """Those whom a statement of a role's trust policy lets act as the role."""
    if isinstance(statement.allows, Unknown) or isinstance(statement.principals, Unknown):
        yield statement.allows if isinstance(statement.allows, Unknown) else statement.principals
        return
    if not statement.allows or statement.principals is None:
        return
    for principal in statement.principals:
        if principal == PODS and covers(statement, "sts:assumerole") != Known(value=False):
            yield from _associated(statement.condition)
    if covers(statement, "sts:assumerolewithwebidentity") != Known(value=False):
        yield from _federated(statement)


def of_members(members: Sequence[Any] | Unknown) -> Iterator[Any]:
    """Those among the members of Google's bindings; what isn't known is left out, as members are mostly others."""
    for member in () if isinstance(members, Unknown) else members:
        if isinstance(member, str):
            yield from _member(member)


def of_names(namespace: Any, name: Any) -> str | Unknown:
    """`namespace:name` of an association."""
    parts = [settled(namespace), settled(name)]
    unknown = next((one for one in parts if isinstance(one, Unknown)), None)
    if unknown is not None or not all(isinstance(one, str) for one in parts):
        return unknown or Unknown(reason="the association names no service account")
    return f"{parts[0]}:{parts[1]}"


def _associated(condition: Mapping[str, Any] | Unknown) -> Iterator[Any]:
    namespaces: list[Any] = ["*"]
    names: list[Any] = ["*"]
    for key, values in _tests(condition):
        if isinstance(values, Unknown):
            yield values
            return
        if key == _NAMESPACE:
            namespaces = values
        elif key == _ACCOUNT:
            names = values
        elif not key.startswith(_OF_THE_CLUSTER):
            yield _NOT_READ
            return
    for namespace in namespaces:
        for name in names:
            unknown = next((one for one in (namespace, name) if isinstance(one, Unknown)), None)
            yield unknown or accounts("association", None, f"{namespace}:{name}")


def _federated(statement: PolicyStatement) -> Iterator[Any]:
    """Tokens of an issuer; a cluster's say `system:serviceaccount:` in their claim `sub`."""
    listed = statement.principals if isinstance(statement.principals, list) else ()
    issuers = [one for one in listed if not isinstance(one, str) or _may_be_cluster(one)]
    subjects: list[Any] = []
    anyone = True
    for key, values in _tests(statement.condition):
        if isinstance(values, Unknown):
            subjects, anyone = [values], False
            break
        if key.endswith(":sub"):
            subjects, anyone = [*subjects, *values], False
        elif not key.endswith((":aud", ":iss")):
            subjects, anyone = [*subjects, _NOT_READ], False
    if anyone:  # Whoever has a token of the issuer.
        subjects = ["*" if any(isinstance(one, str) for one in issuers) else one for one in issuers[:1]]
    cluster = next((one for one in issuers if isinstance(one, str)), None)
    for subject in subjects if issuers else ():
        if isinstance(subject, Unknown):
            yield subject
        elif (plain := subject_of_claim(subject)) is not None:
            yield unresolved(subject) if "${" in plain else accounts("token", cluster, plain)


def _may_be_cluster(principal: str) -> bool:
    if any(host in principal for host in SHARED):
        return False
    return "oidc" in principal.lower() or "openid_connect" in principal


def _tests(condition: Mapping[str, Any] | Unknown) -> Iterator[tuple[str, Any]]:
    """Keys in lower case with their values; Unknown for the values of a test that isn't one of what a text is like."""
    if isinstance(condition, Unknown):
        yield "", condition
        return
    for operator, tests in condition.items():
        word = str(operator).lower().rpartition(":")[2].removesuffix("ifexists")
        if isinstance(tests, Unknown) or not isinstance(tests, Mapping):
            yield "", tests if isinstance(tests, Unknown) else _NOT_READ
            continue
        for key, values in tests.items():
            listed = [settled(one) for one in (values if isinstance(values, list | tuple) else [values])]
            key = str(key).lower()
            if word in ("stringlike", "arnlike"):
                yield key, [one if isinstance(one, str | Unknown) else _NOT_READ for one in listed]
            elif word in ("stringequals", "stringequalsignorecase", "arnequals"):
                # No name has a `*` in it, so that such a value is nobody's.
                yield key, [one for one in listed if isinstance(one, Unknown) or not set("*?") & set(str(one))]
            elif not key.endswith((":aud", ":iss")):
                yield key, _NOT_READ


def _member(member: str) -> Iterator[Any]:
    if found := _LEGACY.fullmatch(member):
        pool, subject = found["pool"], f"{found['namespace']}:{found['name']}"
    elif found := _PRINCIPAL.fullmatch(member):
        pool, rest = found["pool"], found["rest"]
        if one := _SUBJECT.fullmatch(rest):
            subject = f"{one['namespace']}:{one['name']}"
        elif rest.startswith("namespace/"):
            subject = f"{rest.removeprefix('namespace/')}:*"
        elif rest == "*" or rest.startswith("kubernetes.cluster/"):
            subject = "*"
        else:  # By a number that an account gets once it is there.
            yield Unknown(reason="the service accounts of a member are named by what isn't declared")
            return
    else:
        return
    yield unresolved(subject) if "${" in subject else accounts("token", pool, subject)
