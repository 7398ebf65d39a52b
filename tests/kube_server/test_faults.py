"""Each fault, as a client meets it."""

import json
import ssl
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3
from kubernetes import client, config

from tests.kube_server import KubeServer, faults

PODS = "/api/v1/pods"


@pytest.fixture
def server() -> Iterator[KubeServer]:
    spec = {"containers": [{"name": "main", "image": "x:1"}]}
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{at}", "namespace": "ab"[at % 2]}, "spec": spec}
        for at in range(6)
    ]
    with KubeServer(pods) as made:
        yield made


def get(server: KubeServer, path: str = PODS, timeout: float = 10, **more: Any) -> urllib3.BaseHTTPResponse:
    context = ssl.create_default_context(cadata=server.ca.decode())
    pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=timeout)
    headers = {"Authorization": f"Bearer {server.token('admin', ['system:masters'])}", "Accept": "application/json"}
    return pool.request("GET", server.url + path, headers=headers, redirect=False, **more)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, "BadRequest"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (405, "MethodNotAllowed"),
        (410, "Expired"),
        (429, "TooManyRequests"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
        (504, "Timeout"),
    ],
)
def test_any_refusal_has_a_status_body_and_ends_when_healed(server: KubeServer, code: int, reason: str) -> None:
    server.deny("pods", code)
    body = json.loads(get(server).data)
    assert (body["kind"], body["code"], body["reason"]) == ("Status", code, reason)
    assert get(server, "/api/v1/services").status == 200
    server.heal()
    assert get(server).status == 200


def test_a_fault_meets_only_what_it_is_for(server: KubeServer) -> None:
    once = server.deny("pods", 503, times=1)
    server.deny("pods", 500, namespace="a")
    server.deny("pods", 410, continued=True)
    assert [get(server).status for _ in range(2)] == [503, 200]
    assert get(server, "/api/v1/namespaces/a/pods").status == 500
    assert get(server, "/api/v1/namespaces/b/pods").status == 200
    first = get(server, f"{PODS}?limit=2")
    token = json.loads(first.data)["metadata"]["continue"]
    assert (first.status, get(server, f"{PODS}?limit=2&continue={token}").status) == (200, 410)
    assert once.hits == 1
    server.heal()
    server.deny("*", 500, verbs=["list"], after=1)
    assert [get(server).status, get(server).status] == [200, 500]
    assert get(server, "/api/v1/namespaces/a/pods/p0").status == 200
    assert get(server, "/version").status == 200


def test_discovery_can_be_denied_by_its_path(server: KubeServer) -> None:
    server.deny("/apis")
    server.deny("/apis/apps/*", 503)
    assert json.loads(get(server, "/apis").data)["message"] == 'forbidden: User "admin" cannot get path "/apis"'
    assert [get(server, path).status for path in ("/api", "/apis/apps/v1", "/apis/batch/v1")] == [200, 503, 200]


def test_the_official_client_waits_as_retry_after_says_and_goes_on(server: KubeServer, tmp_path: Path) -> None:
    api = client.CoreV1Api(config.new_client_from_config(str(server.kubeconfig(tmp_path / "config"))))
    server.deny("pods", 429, retry_after=1, times=1)
    before = time.monotonic()
    assert len(api.list_pod_for_all_namespaces().items) == 6
    assert time.monotonic() - before >= 1
    assert [one.status for one in server.log] == [429, 200]
    server.deny("pods", 429)
    with pytest.raises(client.ApiException) as caught:
        api.list_pod_for_all_namespaces()
    assert (caught.value.status, "Retry-After" in caught.value.headers) == (429, False)


def test_the_official_client_meets_410_in_the_middle_of_a_list(server: KubeServer, tmp_path: Path) -> None:
    api = client.CoreV1Api(config.new_client_from_config(str(server.kubeconfig(tmp_path / "config"))))
    server.inject("pods", faults.expired(), continued=True, times=1)
    page = api.list_pod_for_all_namespaces(limit=4)
    with pytest.raises(client.ApiException) as caught:
        api.list_pod_for_all_namespaces(limit=4, _continue=page.metadata._continue)
    assert caught.value.status == 410 and json.loads(caught.value.body)["metadata"]["continue"]
    rest = api.list_pod_for_all_namespaces(limit=4, _continue=page.metadata._continue)
    assert len(page.items + rest.items) == 6


@pytest.mark.parametrize("fault", [faults.reset(), faults.cut_short()])
def test_connections_break(server: KubeServer, fault: faults.Fault) -> None:
    server.inject("pods", fault, times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        get(server)
    assert get(server).status == 200


def test_a_hanging_server_lets_clients_time_out_and_still_closes(server: KubeServer) -> None:
    server.inject("pods", faults.hang())
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        get(server, timeout=0.2)
    with ThreadPoolExecutor(1) as pool:
        with KubeServer() as other:
            other.inject("pods", faults.hang())
            waiting = pool.submit(get, other)
            while not other.log:
                time.sleep(0.01)
            before = time.monotonic()
        assert time.monotonic() - before < 5
        with pytest.raises(urllib3.exceptions.ProtocolError):
            waiting.result()


def test_answers_that_are_no_lists(server: KubeServer) -> None:
    for fault in (faults.truncated(), faults.not_json(), faults.not_utf_8()):
        server.heal()
        server.inject("pods", fault)
        answer = get(server)
        assert answer.status == 200
        with pytest.raises(ValueError):
            json.loads(answer.data)
    server.heal()
    server.inject("pods", faults.deep())
    with pytest.raises(RecursionError):
        json.loads(get(server).data)
    server.inject("pods", faults.wrong_types())
    assert json.loads(get(server).data)["items"][1] == "text"
    server.inject("pods", faults.huge_annotation(1 << 20))
    assert len(get(server).data) > 1 << 20


def test_lists_that_never_end(server: KubeServer) -> None:
    for fault, tokens in ((faults.endless(), 4), (faults.repeating(), 1)):
        server.heal()
        server.inject("pods", fault)
        seen, token = set(), ""
        for _ in range(4):
            page = json.loads(get(server, f"{PODS}?limit=2&continue={token}").data)
            assert len(page["items"]) == 2
            token = page["metadata"]["continue"]
            seen.add(token)
        assert len(seen) == tokens


def test_bodies_that_are_too_large(server: KubeServer) -> None:
    server.inject("pods", faults.enormous(1 << 24))
    assert len(get(server).data) > 1 << 24
    server.inject("pods", faults.bomb(1 << 26))
    answer = get(server, preload_content=False, decode_content=False)
    packed = answer.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip" and len(packed) < 1 << 20
    assert len(zlib.decompressobj(31).decompress(packed)) < 1 << 20, "the bomb is in the members that follow"


def test_a_body_that_drips(server: KubeServer) -> None:
    server.inject("pods", faults.drip(0.05))
    answer = get(server, preload_content=False)
    before = time.monotonic()
    answer.read(10)
    assert time.monotonic() - before > 0.3
    answer.close()


def test_a_redirect_names_the_other_host(server: KubeServer) -> None:
    with KubeServer() as other:
        server.inject("pods", faults.redirect(other.url))
        answer = get(server)
        assert (answer.status, answer.headers["Location"]) == (307, f"{other.url}{PODS}")
        assert other.log == []


def test_whole_objects_come_although_metadata_was_asked_for(server: KubeServer) -> None:
    server.inject("pods", faults.whole_objects())
    assert json.loads(get(server).data)["kind"] == "PodList"


def test_what_is_answered_at_one_time_is_counted(server: KubeServer) -> None:
    server.inject("pods", faults.hang(0.3))
    with ThreadPoolExecutor(5) as pool:
        assert [one.status for one in pool.map(lambda _: get(server), range(5))] == [200] * 5
    assert server.most_at_once == 5


def test_a_mistake_of_the_server_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        with KubeServer() as server:
            server.inject("pods", lambda request, usual: usual(request)._replace(status=1 // 0))
            assert get(server).status == 500


def test_a_client_that_speaks_no_tls_is_let_down_quietly(server: KubeServer) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        urllib3.PoolManager(retries=False).request("GET", server.url.replace("https", "http"))
    assert get(server).status == 200
