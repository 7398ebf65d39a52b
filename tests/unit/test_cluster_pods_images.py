"""Images: the tag, the digest and the default of the pull policy; placeholders are unknown where they decide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.pods.images import parse, path_of
from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import first

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "tag", "pinned", "policy"),
    [
        ("nginx", None, False, "Always"),
        ("nginx:1.25", "1.25", False, "IfNotPresent"),
        ("nginx:latest", "latest", False, "Always"),
        ("registry.example:5000/team/app", None, False, "Always"),
        ("registry.example:5000/team/app:v1", "v1", False, "IfNotPresent"),
        ("localhost:5000/app:v1", "v1", False, "IfNotPresent"),
        (f"ghcr.io/a/b@{DIGEST}", None, True, "IfNotPresent"),
        (f"ghcr.io/a/b:v2@{DIGEST}", "v2", True, "IfNotPresent"),
        (f"ghcr.io/a/b:latest@{DIGEST}", "latest", True, "Always"),
    ],
)
def test_references_are_read_as_the_api_server_does(image: str, tag: str | None, pinned: bool, policy: str) -> None:
    found = first(image=image)
    assert (found["image"], found["image_tag"], found["image_pinned"]) == (image, tag, pinned)
    assert found["pull_policy"] == policy
    assert first(image=image, imagePullPolicy="Never")["pull_policy"] == "Never"


UNSURE: Any = object()


@pytest.mark.parametrize(
    ("image", "tag", "pinned"),
    [
        ("${IMAGE}", UNSURE, UNSURE),
        ("{{ .Values.image }}", UNSURE, UNSURE),
        ("$(params.image)", UNSURE, UNSURE),
        ("registry.example/app:${TAG}", UNSURE, UNSURE),
        ("{{ .Values.registry }}/app:1.2", "1.2", False),
        (f"${{REGISTRY}}/app@{DIGEST}", UNSURE, True),
        ("registry.example/app:1.2@${DIGEST}", "1.2", True),
        ("user:pass@registry.example/app:1", UNSURE, UNSURE),
        ("Not An Image", UNSURE, UNSURE),
        ("", UNSURE, UNSURE),
        ("a" * 2000, UNSURE, UNSURE),
    ],
)
def test_what_cant_be_read_is_unknown(image: str, tag: Any, pinned: Any) -> None:
    found = parse(image)
    assert isinstance(found.text, Unknown)
    assert isinstance(found.tag, Unknown) if tag is UNSURE else found.tag == tag
    assert isinstance(found.pinned, Unknown) if pinned is UNSURE else found.pinned == pinned
    assert "pass" not in found.text.reason


def test_a_plain_placeholder_is_named_and_anything_else_is_not() -> None:
    assert parse("app:${TAG}").text == Unknown(reason="unresolved: ${TAG}")
    assert parse('app:{{ default "s3cret" .Values.tag }}').text == Unknown(reason="unresolved: a placeholder")


def test_an_image_that_the_mesh_sets_is_unknown() -> None:
    assert isinstance(first(image="auto")["image"], Unknown)


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("nginx", ("docker.io", "library/nginx")),
        ("grafana/grafana", ("docker.io", "grafana/grafana")),
        ("quay.io/a/b", ("quay.io", "a/b")),
        ("localhost/a", ("localhost", "a")),
        ("host:5000/a", ("host:5000", "a")),
    ],
)
def test_registry_and_path_are_taken_apart(repository: str, expected: tuple[str, str]) -> None:
    assert path_of(repository) == expected


@given(st.text(max_size=200))
def test_any_text_is_read_or_unknown(text: str) -> None:
    found = parse(text)
    assert isinstance(found.pull_policy, str | Unknown)
    if isinstance(found.text, str):
        assert found.text == text.strip() and isinstance(found.pinned, bool)
