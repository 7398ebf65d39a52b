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
from assay.detectors.cluster.table import APIS, BY_ID, Api, struct_of
from assay.scanner.api import Known
from tests.e2e.cluster_verdicts import better, judged
from tests.integration.cluster_live import failures, incomplete, listings, look, of_kind
from tests.kube_server import KubeServer, faults
from tests.kube_server.status import Answer

POLICIES = "networkpolicies.networking.k8s.io"
POLICY = BY_ID["networking.k8s.io/NetworkPolicy"]
STRICT = Limits(
    seconds=30, connect_seconds=2, silent_seconds=2, answer_seconds=2, pages=40, page_bytes=4 << 20, page_parts=100_000
)
RBAC = "rbac.authorization.k8s.io"
ADMIN = f"""
{{apiVersion: v1, kind: Namespace, metadata: {{name: ml}}}}
---
{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: web, namespace: ml}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: ml}}
spec: {{serviceAccountName: web, containers: [{{name: main, image: x}}]}}
---
apiVersion: {RBAC}/v1
kind: ClusterRoleBinding
metadata: {{name: everything}}
roleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: cluster-admin}}
subjects: [{{kind: ServiceAccount, name: web, namespace: ml}}]
"""
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
        (
            answered(b'{"kind":"NetworkPolicyList","metadata":{"remainingItemCount":50},"items":[]}'),
            "a list of which more remains, without a way to go on",
        ),
        (answered(b'{"kind":"PartialObjectMetadataList","items":[]}'), "not a list of what was asked for"),
        (answered(b'{"kind":"Table","items":[]}'), "not a list of what was asked for"),
        (answered(listed(b"[{}]")), "1 of 1 objects are not of the shape that is known: Object missing required field"),
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


WHOLE: dict[str, Any] = {
    "containers": [{"name": "main"}], "jobTemplate": {}, "podSelector": {}, "template": {}, "type": "ClusterIP"
}  # fmt: skip


@pytest.mark.parametrize("api", APIS, ids=[api.name for api in APIS])
def test_an_object_without_what_a_server_always_sends_is_not_taken_as_whole(api: Api) -> None:
    """Or a list of empty objects would hide what there is: a binding without its role grants nothing to anybody."""

    def misfits(item: dict[str, Any]) -> int:
        body = msgspec.json.encode({"kind": f"{api.kind}List", "metadata": {}, "items": [item]})
        return pages.decode(api, body, 1000).misfits

    metadata = {"name": "a", **({"namespace": "b"} if api.namespaced else {})}
    whole = {"metadata": metadata}
    if not api.metadata_only:
        whole |= {"spec": WHOLE, "rules": None, "roleRef": {"kind": "Role", "name": "r"}, "provisioner": "p"}
    assert misfits(whole) == 0
    for name in metadata:
        assert misfits({**whole, "metadata": {**metadata, name: ""}}) == 1
        assert misfits({**whole, "metadata": {key: text for key, text in metadata.items() if key != name}}) == 1
    for path in api.sent:
        first, _, second = path.partition("|")[0].partition(".")
        if path == "spec" and not hasattr(struct_of(api.id), "spec"):
            continue
        assert misfits({key: value for key, value in whole.items() if key != first}) == 1
        assert first == "rules" or misfits({**whole, first: None}) == 1
        if second:
            within = {key: value for key, value in whole[first].items() if key != second}
            assert misfits({**whole, first: within}) == 1


def test_the_parts_that_are_needed_are_there_for_what_grants_runs_and_isolates() -> None:
    sent = {api.name: api.sent for api in APIS}
    assert sent["pods"] == ("spec.containers",)
    assert sent[f"clusterrolebindings.{RBAC}"] == sent[f"rolebindings.{RBAC}"] == ("roleRef.kind", "roleRef.name")
    assert sent[f"roles.{RBAC}"] == ("rules",) and sent["services"] == ("spec",)
    assert sent["ciliumnetworkpolicies.cilium.io"] == ("spec|specs",)
    assert sent["peerauthentications.security.istio.io"] == () == sent["secrets"]


@pytest.mark.parametrize("subjects", [{}, {"subjects": None}, {"subjects": []}])
def test_a_binding_may_truly_have_no_subject(subjects: dict[str, Any]) -> None:
    item = {"metadata": {"name": "a"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, **subjects}
    body = msgspec.json.encode({"kind": "ClusterRoleBindingList", "items": [item]})
    assert pages.decode(BY_ID[f"{RBAC}/ClusterRoleBinding"], body, 1000).misfits == 0


def test_objects_of_a_custom_resource_without_their_spec_are_no_answer() -> None:
    cilium = BY_ID["cilium.io/CiliumNetworkPolicy"]
    item = b'{"metadata":{"name":"a","namespace":"b"}}'
    with pytest.raises(Unanswered):
        pages.decode(cilium, b'{"kind":"PartialObjectMetadataList","items":[%s]}' % item, 1000)
    found = pages.decode(cilium, b'{"kind":"CiliumNetworkPolicyList","items":[%s]}' % item, 1000)
    assert (found.misfits, found.misfit) == (1, "Object has none of the fields spec, specs")
    specs = item[:-1] + b',"specs":[{}]}'
    assert pages.decode(cilium, b'{"kind":"CiliumNetworkPolicyList","items":[%s]}' % specs, 1000).misfits == 0


def test_a_list_that_goes_on_says_how_many_remain_and_is_read(tmp_path: Path) -> None:
    with KubeServer(SEEDS) as server:
        limits = msgspec.structs.replace(STRICT, page_objects=1)
        records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=limits)
        assert incomplete(records) == {} and listings(records)[POLICIES].facts["objects"] == Known(value=3)


def test_bindings_without_their_roles_make_no_path_look_closed(tmp_path: Path) -> None:
    def bare(request: Any, usual: Any) -> Answer:
        answer = usual(request)
        document = msgspec.json.decode(answer.body)
        for item in document["items"]:
            item.pop("roleRef", None)
            item.pop("subjects", None)
        return answer._replace(body=msgspec.json.encode(document))

    name = f"clusterrolebindings.{RBAC}"
    with KubeServer(ADMIN) as server:
        kubeconfig = server.kubeconfig(tmp_path / "config")
        whole = judged(kubeconfig)
        server.inject(name, bare, verbs=["list"])
        report = judged(kubeconfig)
    assert any(one.rule.startswith("workload-no-path") and one.outcome == "fail" for one in whole.findings)
    assert list(better(whole, report, BY_ID[f"{RBAC}/ClusterRoleBinding"])) == []
    assert (report.complete, report.exit_code) == (False, 3)


def test_more_versions_than_are_asked_leave_their_groups_unread(server: KubeServer, tmp_path: Path) -> None:
    versions = [{"groupVersion": f"apps/v{number}", "version": f"v{number}"} for number in range(600)]
    groups = [{"name": "apps", "versions": versions}, {"name": "cilium.io", "versions": versions[:1]}]
    server.inject("/apis", answered(msgspec.json.encode({"kind": "APIGroupList", "groups": groups})))
    server.inject("/apis/*", faults.refuse(404))
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy", "workload.pods"], limits=STRICT)
    assert any(
        "discovery of cilium.io: the server says that there are more than 500" in one for one in failures(records)
    )
    assert "ciliumnetworkpolicies.cilium.io" in incomplete(records)


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


@pytest.mark.parametrize(
    ("limits", "said"),
    [({"objects": 2}, "a list of more than 2 objects"), ({"listing_bytes": 400}, "a list of more than 0 MiB")],
)
def test_nothing_is_stated_of_a_list_that_is_longer_than_any(
    server: KubeServer, tmp_path: Path, limits: dict[str, int], said: str
) -> None:
    bounds = msgspec.structs.replace(STRICT, page_objects=1, **limits)
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"], limits=bounds)
    assert incomplete(records) == {POLICIES: f"list {POLICIES}: {said}"}
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
