"""Pages over snapshots, and the large cluster."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.kube_server import large
from tests.kube_server.apis import BUILT_IN
from tests.kube_server.storage import Storage

PODS = next(api for api in BUILT_IN if api.plural == "pods")


def pod(number: int) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number:04}", "namespace": "ml"}}


def test_the_large_cluster_is_the_same_each_time_and_all_of_it_is_served() -> None:
    once, twice = (list(large.objects(scale=0.02)) for _ in range(2))
    assert once == twice != list(large.objects(seed=2, scale=0.02))
    assert once != list(large.objects(scale=0.02, templated=True))
    storage = Storage(once)
    assert sum(len(storage.rows(api)) for api in {api.name: api for api in storage.apis}.values()) == len(once)
    assert len({one["kind"] for one in once}) > 30


@given(st.integers(0, 30), st.integers(1, 12), st.lists(st.integers(0, 40), max_size=6))
def test_pages_of_any_size_make_up_the_list_whatever_happens_meanwhile(count: int, limit: int, put: list[int]) -> None:
    storage = Storage(pod(number) for number in range(count))
    before = [row.key for row in storage.rows(PODS)]
    found, token, changes = [], "", iter(put)
    while True:
        page = storage.page(PODS, None, limit, token)
        found += [row.key for row in page.rows]
        if not page.again:
            break
        assert page.remaining == count - len(found)
        token = page.again
        if (number := next(changes, None)) is not None:
            storage.put(pod(number))
            storage.remove(pod(number // 2))
    assert found == before
