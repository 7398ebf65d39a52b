"""Whether an update takes all pods of a workload away at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.amounts import Amount, amount
from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import LIVE, deployment, facts, owned, replica_set, running, spec


def controller(kind: str, strategy: Any, replicas: Any = 3) -> dict[str, Any]:
    one = deployment(replicas=replicas)
    one["kind"] = kind
    one["spec"]["strategy" if kind == "Deployment" else "updateStrategy"] = strategy
    return one


def rolling(away: Any, **more: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": away, **more}}


@pytest.mark.parametrize(
    ("strategy", "replicas", "expected"),
    [
        (None, 3, False),
        ({"type": "RollingUpdate"}, 3, False),
        ({"type": "Recreate"}, 3, True),
        (rolling("25%"), 3, False),
        (rolling("100%"), 3, True),
        (rolling("100%", maxSurge="100%"), 3, True),
        (rolling("99%"), 3, False),
        (rolling(2), 3, False),
        (rolling(3), 3, True),
        (rolling("3"), 3, True),
        (rolling(1), 1, False),
        (rolling(0), 3, False),
        (rolling(2), "${REPLICAS}", None),
        (rolling("90%"), "${REPLICAS}", False),
        (rolling("100%"), "${REPLICAS}", True),
        (rolling("${AWAY}"), 3, None),
        (rolling("many"), 3, None),
        (rolling(-1), 3, None),
    ],
)
def test_a_deployment_goes_all_at_once_by_what_may_be_unavailable(strategy: Any, replicas: Any, expected: Any) -> None:
    found = facts(controller("Deployment", strategy, replicas))["updated_together"]
    assert found is expected if expected is not None else isinstance(found, Unknown)


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (None, False),
        ({"type": "OnDelete"}, False),
        (rolling("67%"), True),
        (rolling("66%"), False),
        (rolling(3), True),
        (rolling(2), False),
        (rolling(None, partition=2), False),
    ],
)
def test_a_stateful_set_rounds_percentages_up(strategy: Any, expected: bool) -> None:
    assert facts(controller("StatefulSet", strategy))["updated_together"] is expected


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (None, False),
        (rolling(1), False),
        (rolling("50%"), False),
        (rolling("51%"), None),
        (rolling(2), None),
        (rolling("100%"), True),
    ],
)
def test_a_daemon_set_has_as_many_pods_as_there_are_nodes(strategy: Any, expected: Any) -> None:
    found = facts(controller("DaemonSet", strategy, None))["updated_together"]
    assert found is expected if expected is not None else isinstance(found, Unknown)


def test_openshift_and_argo_have_names_of_their_own_for_it() -> None:
    config = deployment(replicas=2)
    config |= {"apiVersion": "apps.openshift.io/v1", "kind": "DeploymentConfig"}
    config["spec"]["strategy"] = {"type": "Rolling", "rollingParams": {"maxUnavailable": "100%"}}
    assert facts(config)["updated_together"] is True
    rollout = deployment(replicas=2) | {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
    assert facts(rollout)["updated_together"] is False
    rollout["spec"]["strategy"] = {"canary": {"maxUnavailable": 2}}
    assert facts(rollout)["updated_together"] is True


def test_pods_without_a_controller_that_updates_them_are_never_updated_together() -> None:
    assert facts(running("web", spec()))["updated_together"] is False


def test_running_pods_are_updated_as_their_deployment_says() -> None:
    pod = running("web-ab-1", spec(), owned("ReplicaSet", "web-ab"))
    owner = controller("Deployment", rolling("100%"))
    assert facts(pod, replica_set("web-ab", "web"), owner, source=LIVE)["updated_together"] is True
    denied = {"apps/Deployment": "list deployments.apps: 403 Forbidden"}
    unread = facts(pod, replica_set("web-ab", "web"), source=LIVE, missing=denied)["updated_together"]
    assert isinstance(unread, Unknown)


@given(st.integers(0, 200), st.booleans(), st.integers(0, 1000))
def test_what_is_all_or_none_is_so_of_any_number(number: int, percent: bool, pods: int) -> None:
    found = amount(f"{number}%" if percent else number)
    assert isinstance(found, Amount) and found.text == (f"{number}%" if percent else str(number))
    assert found.of(pods, up=False) <= found.of(pods, up=True)
    assert not found.none or found.of(pods) == 0
    assert not found.all or found.of(pods, up=False) >= pods
