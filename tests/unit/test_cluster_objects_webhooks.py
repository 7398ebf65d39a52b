"""Admission webhooks as facts: what they look at, leave out, and do when they are down."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, cluster, facts_of, objects_of, unknown


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else bool(fact == expected)


def webhook(entry: str, *more: str, version: str = "v1", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: admissionregistration.k8s.io/{version}
kind: ValidatingWebhookConfiguration
metadata: {{name: guard}}
webhooks: [{{name: a.example.org, {entry}}}]
"""
    found = facts_of(cluster, objects_of("\n---\n".join((text, *more)), **options))
    return found["ValidatingWebhookConfiguration.guard/a.example.org"]


@pytest.mark.parametrize(
    ("rule", "guards"),
    [
        ('{operations: [CREATE], apiGroups: [""], resources: [pods]}', True),
        ('{operations: ["*"], apiGroups: ["*"], resources: ["*/*"], scope: "*"}', True),
        ('{operations: [CREATE], apiGroups: [""], resources: [pods/exec]}', False),
        ('{operations: [UPDATE], apiGroups: [""], resources: [pods]}', False),
        ("{operations: [CREATE], apiGroups: [apps], resources: ['*']}", False),
        ('{operations: [CREATE], apiGroups: [""], resources: ["*"], scope: Cluster}', False),
        ('{operations: [CREATE], apiGroups: [""], resources: ["${WHAT}"]}', Unknown),
        ('{operations: [CREATE, "${MORE}"], apiGroups: [""], resources: [pods, "${MORE}"]}', True),
        ('{operations: ["${WHEN}"], apiGroups: [apps], resources: [pods]}', False),
    ],
)
def test_webhooks_that_look_at_pods(rule: str, guards: Any) -> None:
    assert agrees(webhook(f"rules: [{rule}]")["guards_pods"], guards)


@pytest.mark.parametrize(("policy", "open_"), [("Ignore", True), ("Fail", False), ("${POLICY}", Unknown)])
def test_what_happens_while_a_webhook_is_down(policy: str, open_: Any) -> None:
    assert agrees(webhook(f"failurePolicy: '{policy}'")["fails_open"], open_)


def test_where_a_webhook_is_that_a_placeholder_names_is_not_known() -> None:
    assert unknown(webhook("clientConfig: {url: 'https://${HOST}/check'}")["outside"])


def test_how_a_webhook_fails_and_where_it_is_called() -> None:
    assert webhook("failurePolicy: Ignore")["fails_open"] is True
    assert webhook("failurePolicy: Fail, clientConfig: {service: {name: a}}")["outside"] is False
    assert webhook("clientConfig: {url: 'https://example.org'}")["outside"] is True
    assert webhook("clientConfig: {url: 'https://127.0.0.1:23443/mutate'}")["outside"] is False
    assert webhook("clientConfig: {url: 'https://127.0.0.1.example.org/'}")["outside"] is True
    assert webhook("clientConfig: {url: 'https://localhost@example.org/'}")["outside"] is True
    assert webhook("sideEffects: None")["fails_open"] is False
    assert webhook("sideEffects: None", version="v1beta1")["fails_open"] is True


def by_name(operator: str, *names: str) -> str:
    values = ", ".join(names)
    expression = f"{{key: kubernetes.io/metadata.name, operator: {operator}, values: [{values}]}}"
    return f"namespaceSelector: {{matchExpressions: [{expression}]}}"


TWO = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n" + (
    "{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {guard: 'no'}}}"
)
UNLESS_NO = "namespaceSelector: {matchExpressions: [{key: guard, operator: NotIn, values: ['no']}]}"


@pytest.mark.parametrize(
    ("entry", "source", "exempts"),
    [
        ("sideEffects: None", "manifests", []),
        (by_name("NotIn", "kube-system", "a"), "manifests", ["a", "kube-system"]),
        (by_name("In", "a"), "manifests", ["b", Unknown]),
        (UNLESS_NO, "manifests", ["b", Unknown]),
        (UNLESS_NO, LIVE, ["b"]),
        (by_name("In", "a"), LIVE, ["b"]),
    ],
)
def test_namespaces_that_a_webhook_leaves_out(entry: str, source: str, exempts: list[Any]) -> None:
    found = webhook(entry, TWO, source=source)["exempts"]
    assert len(found) == len(exempts) and all(map(agrees, found, exempts))


def test_conditions_of_a_webhook_are_not_evaluated() -> None:
    assert unknown(webhook("matchConditions: [{name: a, expression: 'true'}]")["exempts"])


def test_namespaces_that_could_not_be_read_may_be_left_out() -> None:
    missing = {"Namespace": "403 Forbidden"}
    assert webhook(UNLESS_NO, source=LIVE, missing=missing)["exempts"] == [Unknown(reason="403 Forbidden")]
    assert webhook(by_name("NotIn", "a"), source=LIVE, missing=missing)["exempts"] == ["a"]


@pytest.mark.parametrize(("number", "bounded"), [(1000, False), (1001, True)])
def test_more_namespaces_and_selectors_than_are_compared_are_unknown(number: int, bounded: bool) -> None:
    many = (f"{{apiVersion: v1, kind: Namespace, metadata: {{name: n{one}}}}}" for one in range(number))
    names = (f"x{one}" for one in range(499))
    assert unknown(webhook(by_name("NotIn", *names), *many)["exempts"]) is bounded
