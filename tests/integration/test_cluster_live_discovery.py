"""What a server says that it serves: what can't be listed is told, and what isn't sure is tried."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.cluster_live import failures, incomplete, look
from tests.kube_server import KubeServer, faults
from tests.kube_server.status import Answer

GROUP = "networking.k8s.io"
NETWORK = f"networkpolicies.{GROUP}"
REVIEWS = "selfsubjectaccessreviews.authorization.k8s.io"


@pytest.fixture
def server() -> Iterator[KubeServer]:
    with KubeServer() as started:
        yield started


def serving(change: Callable[[dict[str, Any]], object]) -> faults.Fault:
    """Discovery that is as ever but for the versions of one group."""

    def fault(request: Any, usual: Any) -> Answer:
        answer: Answer = usual(request)
        document = msgspec.json.decode(answer.body)
        for group in document["items"]:
            for version in group["versions"] if group["metadata"]["name"] == GROUP else ():
                change(version)
        return answer._replace(body=msgspec.json.encode(document))

    return fault


def without_lists(version: dict[str, Any]) -> None:
    for resource in version["resources"]:
        resource["verbs"] = ["get"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda version: version.update(version="v9"), "served as v9, which can't be read here"),
        (without_lists, "served, but not as a list"),
    ],
)
def test_what_is_served_in_a_way_that_cannot_be_listed_is_unknown_and_not_absent(
    server: KubeServer, tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    server.inject("/apis", serving(change))
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"])
    assert incomplete(records) == {NETWORK: f"list {NETWORK}: {said}"}
    [failure] = failures(records)
    assert failure.endswith("; update Assay")


def test_a_group_whose_server_does_not_answer_is_tried_and_told(server: KubeServer, tmp_path: Path) -> None:
    server.inject("/apis", serving(lambda version: version.update(freshness="Stale", resources=[])))
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"])
    assert any(one.path.endswith("/networkpolicies") for one in server.log)
    [failure] = failures(records)
    assert f"discovery of {GROUP}: the server behind it does not answer" in failure


@pytest.mark.parametrize(("error", "tried"), [("", False), ("the authoriser is down", True)])
def test_a_review_that_failed_on_the_way_is_no_denial(
    server: KubeServer, tmp_path: Path, error: str, tried: bool
) -> None:
    body = msgspec.json.encode({"status": {"allowed": False, "evaluationError": error}})
    server.inject(REVIEWS, lambda request, usual: usual(request)._replace(body=body))
    records = look(server.kubeconfig(tmp_path / "config"), kinds=["network.policy"])
    assert (NETWORK not in incomplete(records)) is tried
