"""Trust in identity providers that serve the whole world: there only a condition says whose token is taken."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.values import settled
from assay.scanner.api import Fact, Known, Unknown

SHARED = (
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "agent.buildkite.com",
    "oidc.circleci.com",
    "accounts.google.com",
    "graph.facebook.com",
    "www.amazon.com",
)
"""Anyone can have a token of these; AWS's guide on federated principals asks for a condition on the subject."""
_NOBODY = (":aud", ":iss")
"""Claims that every token for AWS has, or every token of the provider."""


def open_to_strangers(statement: policies.PolicyStatement) -> Fact:
    """Whether a statement takes tokens that strangers can get from a shared provider."""
    principals = statement.principals
    if principals is None or isinstance(principals, Unknown):
        return Known(value=False) if principals is None else principals
    hosts = [host for name in principals if isinstance(name, str) for host in SHARED if _is_of(name, host)]
    if not hosts:
        return Known(value=False)
    if isinstance(statement.condition, Unknown):
        return statement.condition
    unread: Unknown | None = None
    for value in _subjects(statement.condition):
        if isinstance(value, Unknown):
            unread = value
        elif not _fits_anyone(value):
            return Known(value=False)
    return unread or Known(value=True)


def _is_of(principal: str, host: str) -> bool:
    return principal == host or principal.endswith(f":oidc-provider/{host}")


def _subjects(condition: Mapping[str, Any]) -> Iterator[Any]:
    """What a token's claims are compared with; a list is as open as its most open value."""
    for operator, tests in condition.items():
        if not str(operator).lower().split(":")[-1].startswith(("stringequals", "stringlike")):
            continue
        if isinstance(tests, Unknown):
            yield tests
            continue
        for key, values in tests.items() if isinstance(tests, Mapping) else ():
            if str(key).lower().endswith(_NOBODY) or ":" not in str(key):
                continue
            listed = [settled(one) for one in (values if isinstance(values, list) else [values])]
            open_ones = [one for one in listed if isinstance(one, Unknown) or _fits_anyone(one)]
            yield from open_ones or listed[:1]


def _fits_anyone(value: Any) -> bool:
    """Whether a pattern leaves open who owns what the token speaks of: `*`, `repo:*`, `repo:*/infra:*`."""
    text = str(value)
    return text.startswith("*") or text.partition(":")[2].startswith("*")
