"""Which images admission lets in by their signature only, and whether all that run are such."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.globs import matches
from assay.detectors.cluster.platform import namespaces
from assay.detectors.cluster.pods import workloads
from assay.detectors.exposure.derive import derive
from assay.scanner.model.fact import Known, Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, objects_of

NAMESPACES = """
{apiVersion: v1, kind: Namespace, metadata: {name: ml, labels: {policy.sigstore.dev/include: "true", team: ml}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: web}}
"""
SIGSTORE = """
{apiVersion: policy.sigstore.dev/v1beta1, kind: ClusterImagePolicy, metadata: {name: p}, spec: {images: [{glob: "%s"}], authorities: [{key: {data: x}}]%s}}
"""  # noqa: E501  # one object
KYVERNO = """
{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: p}, spec: {validationFailureAction: Enforce, rules: [{match: {any: [{resources: {kinds: [Pod]%s}}]}, verifyImages: [{imageReferences: ["%s"], attestors: [{entries: []}]%s}]%s}]}}
"""  # noqa: E501  # one object
VALIDATING = """
{apiVersion: policies.kyverno.io/v1, kind: ImageValidatingPolicy, metadata: {name: p}, spec: {matchConstraints: {resourceRules: [{resources: [pods]}]}, matchImageReferences: [{glob: "ghcr.io/acme/*"}], validations: [{expression: "images.containers.map(i, verifyImageSignatures(i, [attestors.a])).all(e, e > 0)"}]%s}}
"""  # noqa: E501  # one object


def verified(*policies: str, source: str = "manifests", missing: Any = None) -> dict[str, Any]:
    objects = objects_of("\n---\n".join([NAMESPACES, *policies]), source=source, missing=missing)
    found = facts_of(namespaces.state, objects)
    return {at.removeprefix("Namespace."): facts["verified_images"] for at, facts in found.items()}


def known(found: list[Any]) -> list[str]:
    return [one for one in found if isinstance(one, str)]


def test_without_a_policy_no_image_is_checked() -> None:
    assert verified() == {"ml": [], "web": []}


def test_sigstores_controller_looks_at_namespaces_that_are_labelled_for_it() -> None:
    found = verified(SIGSTORE % ("ghcr.io/acme/**", ""))
    assert known(found["ml"]) == ["ghcr.io/acme/**"] and found["web"] == []
    assert verified(SIGSTORE % ("**", ""))["ml"] == ["**"]


def test_sigstores_webhook_may_be_set_up_to_look_at_all_but_some() -> None:
    webhook = """
    {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: policy.sigstore.dev}, webhooks: [{name: policy.sigstore.dev, namespaceSelector: {matchExpressions: [{key: policy.sigstore.dev/exclude, operator: DoesNotExist}]}}]}
    """  # noqa: E501  # one object
    assert verified(SIGSTORE % ("**", ""), webhook)["web"] == ["**"]


def test_a_policy_of_sigstores_for_some_sorts_of_objects_is_unknown() -> None:
    text = (SIGSTORE % ("**", "")).replace("authorities:", "match: [{resource: jobs, group: batch}], authorities:")
    found = verified(text)["ml"]
    assert known(found) == [] and isinstance(found[0], Unknown)


def test_more_policies_and_namespaces_than_are_compared_are_unknown() -> None:
    globs = ", ".join(["{glob: 'a'}"] * 2_000)
    text = (SIGSTORE % ("a", "")).replace('{glob: "a"}', globs)
    many = "\n---\n".join(
        f"{{apiVersion: v1, kind: Namespace, metadata: {{name: n{number}}}}}" for number in range(999)
    )
    [found] = verified(text, many)["ml"]
    assert isinstance(found, Unknown) and "too many" in found.reason


@pytest.mark.parametrize("more", [", mode: warn", ", authorities: [{static: {action: pass}}]", ", authorities: []"])
def test_a_policy_of_sigstores_that_only_warns_or_looks_at_nothing_checks_nothing(more: str) -> None:
    text = SIGSTORE % ("**", "")
    text = text.replace(", authorities: [{key: {data: x}}]", "") if "authorities" in more else text
    assert known(verified(text.replace("}}\n", more + "}}\n"))["ml"]) == []


@pytest.mark.parametrize(
    ("resources", "pattern", "verification", "rule", "ml", "web"),
    [
        ("", "*", "", "", ["**"], ["**"]),
        ("", "ghcr.io/acme/*", "", "", ["ghcr.io/acme/**"], ["ghcr.io/acme/**"]),
        (", namespaces: [ml]", "*", "", "", ["**"], []),
        (", namespaces: ['m*']", "*", "", "", ["**"], []),
        (", namespaceSelector: {matchLabels: {team: ml}}", "*", "", "", ["**"], []),
        ("", "*", ", failureAction: Audit", "", [], []),
        ("", "*", ", required: false", "", [], []),
        ("", "*", "", ", exclude: {any: [{resources: {namespaces: [web]}}]}", ["**"], None),
        ("", "*", "", ", preconditions: {all: []}", None, None),
        ("", "*", ", skipImageReferences: ['x*']", "", None, None),
        (", selector: {matchLabels: {a: b}}", "*", "", "", None, None),
        (", operations: [DELETE]", "*", "", "", [], []),
        (", operations: [CREATE]", "ghcr.io/**", "", "", ["ghcr.io/**"], ["ghcr.io/**"]),
        (f", namespaces: {['m*'] * 201}", "*", "", "", None, None),
    ],
)
def test_kyverno_checks_what_its_policies_match(
    resources: str, pattern: str, verification: str, rule: str, ml: Any, web: Any
) -> None:
    found = verified(KYVERNO % (resources, pattern, verification, rule))
    for name, expected in (("ml", ml), ("web", web)):
        if expected is None:
            assert known(found[name]) == [] and isinstance(found[name][0], Unknown)
        else:
            assert found[name] == expected


@pytest.mark.parametrize(
    ("match", "ml", "web"),
    [
        ("{resources: {kinds: [Pod], namespaces: [ml]}}", ["**"], []),
        ("{resources: {kinds: [Deployment]}}", [], []),
        ("{all: [{resources: {kinds: [Pod]}}, {resources: {kinds: [Pod], namespaces: [web]}}]}", [], ["**"]),
        ("{all: []}", [], []),
    ],
)
def test_what_one_filter_or_all_of_several_match_is_checked(match: str, ml: list[str], web: list[str]) -> None:
    text = (KYVERNO % ("", "*", "", "")).replace("match: {any: [{resources: {kinds: [Pod]}}]}", f"match: {match}")
    assert f"match: {match}" in text and verified(text) == {"ml": ml, "web": web}


def test_kyverno_without_keys_looks_at_digests_only() -> None:
    text = KYVERNO % ("", "*", "", "")
    assert verified(text.replace("attestors: [{entries: []}]", "mutateDigest: true"))["ml"] == []


def test_an_audit_policy_keeps_nothing_out() -> None:
    assert verified((KYVERNO % ("", "*", "", "")).replace("Enforce", "Audit"))["ml"] == []


def test_a_namespaces_own_policy_is_for_that_one() -> None:
    text = (KYVERNO % ("", "*", "", "")).replace(
        "kind: ClusterPolicy, metadata: {", "kind: Policy, metadata: {namespace: ml, "
    )
    assert verified(text) == {"ml": ["**"], "web": []}


def test_policies_in_cel_check_what_their_patterns_name() -> None:
    assert verified(VALIDATING % "")["web"] == ["ghcr.io/acme/**"]
    assert verified(VALIDATING % ", validationActions: [Audit]")["web"] == []
    assert isinstance(verified(VALIDATING % ", matchConditions: [{name: x, expression: y}]")["web"][0], Unknown)
    assert isinstance(verified((VALIDATING % "").replace("verifyImageSignatures", "verify"))["web"][0], Unknown)
    assert verified((VALIDATING % "").replace("resources: [pods]", "resources: [services]"))["web"] == []
    some = (VALIDATING % "").replace("resourceRules", "objectSelector: {matchLabels: {a: b}}, resourceRules")
    assert isinstance(verified(some)["web"][0], Unknown)


@pytest.mark.parametrize(
    "other",
    [
        "{apiVersion: config.ratify.deislabs.io/v1beta1, kind: Verifier, metadata: {name: cosign}}",
        "{apiVersion: config.openshift.io/v1, kind: ClusterImagePolicy, metadata: {name: p}}",
        "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, "
        "metadata: {name: connaisseur-webhook}}",
    ],
)  # fmt: skip
def test_checkers_whose_policies_are_not_read_are_no_failure_and_no_pass(other: str) -> None:
    [found] = verified(other)["ml"]
    assert isinstance(found, Unknown)


def test_policies_that_could_not_be_listed_may_check_more() -> None:
    denied = {"kyverno.io/ClusterPolicy": "403 Forbidden"}
    assert verified(source=LIVE, missing=denied)["ml"] == [Unknown(reason="403 Forbidden")]
    assert verified(KYVERNO % ("", "*", "", ""), source=LIVE, missing={"kyverno.io/Policy": "403"})["ml"] == ["**"]


def derived(image: str, *policies: str) -> Any:
    containers = f"[{{name: a, image: {image!r}}}]"
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: web}}, spec: {{containers: {containers}}}}}"
    objects = objects_of("\n---\n".join([NAMESPACES, pod, *policies]))
    [found] = [
        one for one in derive([*namespaces.state(objects), *workloads.state(objects)]) if one.address == "Namespace.web"
    ]
    fact = found.facts["images_verified"]
    return fact.value if isinstance(fact, Known) else fact


@pytest.mark.parametrize(
    ("image", "pattern", "expected"),
    [
        ("ghcr.io/acme/team/app:1", "ghcr.io/acme/*", True),
        ("ghcr.io/acme/app@sha256:" + "a" * 64, "ghcr.io/acme/*", True),
        ("ghcr.io/other/app:1", "ghcr.io/acme/*", False),
        ("nginx", "docker.io/library/nginx:*", True),
        ("nginx:1", "index.docker.io/library/*", True),
        ("ghcr.io/acme/app:1", "ghcr.io/acme/app", False),
        ("ghcr.io/acme/app:1", "*", True),
    ],
)
def test_images_are_compared_as_checkers_write_them(image: str, pattern: str, expected: bool) -> None:
    assert derived(image, KYVERNO % ("", pattern, "", "")) is expected


def test_an_image_that_is_not_known_and_one_that_conditions_decide_on_are_unknown() -> None:
    assert isinstance(derived("$IMAGE", KYVERNO % ("", "x/*", "", "")), Unknown)
    assert isinstance(derived("a:1", KYVERNO % ("", "*", "", ", preconditions: {all: []}")), Unknown)
    assert derived("a:1") is False


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a/*", "a/b", True), ("a/*", "a/b/c", False), ("a/**", "a/b/c", True), ("**", "", True), ("*", "", True),
        ("a?c", "abc", True), ("a?c", "ac", False), ("**/b:*", "a/x/b:1", True), ("*b*", "abc", True), ("", "", True),
        ("*/b", "a/b", True), ("**a**a**a", "aa", False),
    ],
)  # fmt: skip
def test_stars_stand_for_what_they_should(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@given(text=st.text("ab/:", max_size=20), cut=st.integers(0, 20), star=st.sampled_from(["**", "*"]))
def test_a_part_that_is_replaced_by_stars_still_matches(text: str, cut: int, star: str) -> None:
    head, tail = text[:cut], text[cut:]
    assert matches(head + "**", text)
    assert matches("**" + tail, text)
    assert matches(head + star, text) or "/" in tail


def test_hostile_patterns_take_no_long_time() -> None:
    import time

    began = time.process_time()
    matches("**a" * 300, "a" * 900)
    matches("*a" * 400 + "b", "a" * 900)
    assert time.process_time() - began < 5
