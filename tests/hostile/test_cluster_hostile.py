"""What an API server may answer, or whoever answers in its place: bounded, told, and never a crash or a false whole."""

import gzip
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.cluster.live import pages
from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.live.trouble import Unanswered
from assay.detectors.cluster.table import APIS, BY_ID
from assay.scanner.api import Known
from tests.integration.cluster_live import failures, incomplete, listings, look, of_kind
from tests.kube_server import KubeServer, faults
from tests.kube_server.status import Answer

POLICIES = "networkpolicies.networking.k8s.io"
POLICY = BY_ID["networking.k8s.io/NetworkPolicy"]
STRICT = Limits(
    seconds=30, connect_seconds=2, silent_seconds=2, answer_seconds=2, pages=40, page_bytes=4 << 20, page_parts=100_000
)
SEEDS = [
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"deny-{number}", "namespace": "default"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }
    for number in range(3)
]


@pytest.fixture(scope="module")
def shared() -> Iterator[KubeServer]:
    with KubeServer(SEEDS) as started:
        yield started


@pytest.fixture
def server(shared: KubeServer) -> Iterator[KubeServer]:
    yield shared
    shared.heal()


def answered(body: bytes, **headers: str) -> faults.Fault:
    return lambda request, usual: Answer(200, body, {key.replace("_", "-"): text for key, text in headers.items()})


def listed(items: bytes, following: str = "") -> bytes:
    return b'{"kind":"NetworkPolicyList","metadata":{"continue":"%s"},"items":%s}' % (following.encode(), items)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.cut_short(), "the connection broke off"),
        (faults.truncated(), "cut short, nested too deeply, or not valid JSON"),
        (faults.not_json(), "cut short, nested too deeply, or not valid JSON"),
        (faults.not_utf_8(), "cut short, nested too deeply, or not valid JSON"),
        (faults.wrong_types(), "5 of 5 objects are not of the shape that is known"),
        (faults.deep(50_000), "cut short, nested too deeply, or not valid JSON"),
        (faults.endless(), "a list of more than 40 pages"),
        (faults.repeating(), "a list that goes round in circles"),
        (faults.enormous(), "an answer of more than 4 MiB"),
        (faults.bomb(), "not packed as it says"),
        (
            answered(gzip.compress(listed(b" " * (1 << 27) + b"[]")), Content_Encoding="gzip"),
            "an answer of more than 4 MiB",
        ),
        (faults.drip(), "the answer came too slowly"),
        (faults.hang(), "no answer within 2 s"),
        (faults.reset(), "the connection broke off"),
        (faults.redirect("https://127.0.0.2:9"), "307 Temporary Redirect"),
        (answered(b""), "cut short, nested too deeply, or not valid JSON"),
        (answered(b"null"), "a page that is not a list"),
        (answered(b"{}"), "a page that is not a list"),
        (answered(b'{"kind":"Status","status":"Success"}'), "a page that is not a list"),
        (answered(b'{"kind":"PodList","items":[]}'), "not a list of what was asked for"),
        (answered(b'{"kind":7,"items":[]}'), "a page that is not a list"),
        (answered(listed(b"[]", "x" * 9000)), "a longer token than any API server gives"),
        (answered(listed(b"[" + b"{}," * 200_000 + b"{}]")), "a page of more than 100000 parts"),
        (answered(listed(b"[" + b"[" * 150_000 + b"]" * 150_000 + b"]")), "a page of more than 100000 parts"),
        (answered(listed(b'[{"metadata":' + b'{"x":' * 5000 + b"1" + b"}" * 5001 + b"]")), "nested too deeply"),
        (answered(b"\x1f\x8bnot gzip at all", Content_Encoding="gzip"), "not packed as it says"),
        (answered(gzip.compress(listed(b"[]"))[:-9], Content_Encoding="gzip"), "cut short"),
        (answered(listed(b"[]"), Content_Encoding="br"), "packed in a way that was not asked for"),
    ],
)
def test_whatever_is_answered_is_told_and_loses_that_listing_alone(
    server: KubeServer, tmp_path: Path, fault: faults.Fault, said: str
) -> None:
    server.inject(POLICIES, fault, verbs=["list"])
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=STRICT)
    found = incomplete(records)
    assert list(found) == [POLICIES] and said in found[POLICIES]
    assert len(failures(records)) == 1 and said in failures(records)[0]
    assert time.monotonic() - started < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_objects_beside_one_of_another_shape_are_kept(server: KubeServer, tmp_path: Path) -> None:
    good = msgspec.json.encode(SEEDS[0])
    body = listed(b'[%s,{"metadata":{"name":7}},%s]' % (good, good))
    server.inject(POLICIES, answered(body), verbs=["list"])
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=STRICT)
    assert "1 of 3 objects" in incomplete(records)[POLICIES]
    assert listings(records)[POLICIES].facts["objects"] == Known(value=3)


def test_objects_too_large_for_a_usual_page_are_read_in_small_ones(tmp_path: Path) -> None:
    large = [
        {**one, "metadata": {**one["metadata"], "name": f"large-{number}", "annotations": {"test": "x" * 200_000}}}
        for number, one in enumerate(SEEDS * 10)
    ]
    with KubeServer(large) as server:
        records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=STRICT)
        assert incomplete(records) == {}
        assert listings(records)[POLICIES].facts["objects"] == Known(value=30)


def test_nothing_is_stated_of_a_list_without_an_end(server: KubeServer, tmp_path: Path) -> None:
    server.inject(POLICIES, faults.endless(), verbs=["list"])
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=STRICT)
    assert of_kind(records, "network.policy") == []


def test_what_was_read_before_a_list_broke_off_is_stated(server: KubeServer, tmp_path: Path) -> None:
    server.inject(POLICIES, faults.reset(), verbs=["list"], continued=True)
    limits = msgspec.structs.replace(STRICT, page_objects=2)
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=limits)
    assert list(incomplete(records)) == [POLICIES]
    assert len(of_kind(records, "network.policy")) == 2


def test_a_packed_answer_is_unpacked(server: KubeServer, tmp_path: Path) -> None:
    body = gzip.compress(listed(msgspec.json.encode(SEEDS)))
    server.inject(POLICIES, answered(body, Content_Encoding="gzip"), verbs=["list"])
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=STRICT)
    assert incomplete(records) == {}
    assert listings(records)[POLICIES].facts["objects"] == Known(value=3)


def test_a_redirect_is_not_followed_and_gets_no_credentials(server: KubeServer, tmp_path: Path) -> None:
    with KubeServer() as other:
        for path in ("/version", "/api", "/apis"):
            server.inject(path, faults.redirect(other.url))
        server.inject("*", faults.redirect(other.url))
        records = look(server.kubeconfig(tmp_path / "config"), limits=STRICT)
        assert other.log == []
    assert {reason.rpartition(": ")[2] for reason in incomplete(records).values()} == {"307 Temporary Redirect"}


@pytest.mark.parametrize(
    "fault",
    [faults.not_json(), faults.truncated(), faults.enormous(), faults.bomb(), faults.drip(), faults.cut_short(),
     answered(b'{"kind":"APIGroupDiscoveryList","items":[{"metadata":7}]}'), answered(b'{"kind":"APIVersions"}')],
)  # fmt: skip
def test_discovery_that_is_no_discovery_hides_nothing(server: KubeServer, tmp_path: Path, fault: faults.Fault) -> None:
    for path in ("/api", "/apis"):
        server.inject(path, fault)
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=STRICT)
    assert POLICIES not in incomplete(records)
    assert "ciliumnetworkpolicies.cilium.io" in incomplete(records)
    assert any("discovery of the groups" in line for line in failures(records))


@pytest.mark.parametrize("fault", [faults.not_json(), faults.enormous(), answered(b'{"status":{"allowed":"no"}}')])
def test_reviews_that_are_no_reviews_hide_nothing(server: KubeServer, tmp_path: Path, fault: faults.Fault) -> None:
    server.inject("selfsubjectaccessreviews.authorization.k8s.io", fault)
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=STRICT)
    assert incomplete(records) == {} and failures(records) == []


@pytest.mark.parametrize("fault", [faults.hang(), faults.enormous(), faults.drip(), faults.reset()])
def test_a_server_that_does_not_answer_at_all_is_one_failure(
    server: KubeServer, tmp_path: Path, fault: faults.Fault
) -> None:
    server.inject("/version", fault)
    records = look(server.kubeconfig(tmp_path / "config"), limits=STRICT)
    assert len(records) == 1 and "does not answer" in failures(records)[0]


def test_a_server_that_refuses_for_ever_is_given_up_in_bounded_time(server: KubeServer, tmp_path: Path) -> None:
    server.deny("*", 429, retry_after=1)
    limits = msgspec.structs.replace(STRICT, waiting_seconds=3)
    started = time.monotonic()
    records = look(server.kubeconfig(tmp_path / "config"), limits=limits)
    assert time.monotonic() - started < 20
    assert all(": 429 Too Many Requests" in reason for reason in incomplete(records).values())


pages.prepare(APIS)
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["metadata", "items", "kind", "spec", "rules", "name", "labels", "continue", "status"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(api=st.sampled_from(APIS), items=st.lists(json_like, max_size=4), following=json_like)
@settings(max_examples=300, deadline=None)
def test_any_list_is_decoded_object_by_object_or_refused(api: Any, items: list[Any], following: Any) -> None:
    body = msgspec.json.encode({"kind": f"{api.kind}List", "metadata": {"continue": following}, "items": items})
    try:
        page = pages.decode(api, body, 100_000)
    except Unanswered:
        assert following is not None and not isinstance(following, str)
    else:
        assert len(page.objects) + page.misfits == len(items)


@given(st.sampled_from(APIS), st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_a_list_or_are_refused(api: Any, body: bytes) -> None:
    decoded: Callable[[], object] = lambda: pages.decode(api, body, 1000)  # noqa: E731
    with pytest.raises(Unanswered):
        decoded()
