"""Reviews as kubectl sends them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kube_server import protobuf

MAY = (
    b"k8s\0\n2\n\x17authorization.k8s.io/v1\x12\x17SelfSubjectAccessReview\x127\n\x10\n\0\x12\0\x1a\0\x22\0*\0"
    b"2\08\0B\0\x12\x19\n\x17\n\x02ml\x12\x03get\x1a\0\x22\0*\x04pods2\0:\0\x1a\x08\x08\0\x12\0\x1a\0 \0\x1a\0\x22\0"
)
"""kubectl 1.33: auth can-i get pods -n ml."""


def test_what_kubectl_sends_is_read() -> None:
    asked = protobuf.spec(MAY)["resourceAttributes"]
    assert {key: value for key, value in asked.items() if value} == {
        "namespace": "ml",
        "verb": "get",
        "resource": "pods",
    }


@pytest.mark.parametrize("body", [b"", b"{}", b"k8s\0", MAY.replace(b"AccessReview", b"AccessRiview")])
def test_what_is_no_review_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        protobuf.spec(body)


@given(st.integers(0, len(MAY) - 1), st.binary(max_size=8))
def test_damaged_bytes_are_refused_or_read_as_something_else(at: int, put: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(protobuf.spec(MAY[:at] + put + MAY[at + len(put) :]), dict)
