"""What a mesh asks of those who come in."""

from typing import Any

import pytest

from assay.scanner.api import Resource, is_unknown
from tests.unit.exposure_objects import mesh_policy, namespace, pods, port, requires
from tests.unit.exposure_ways import INGRESS, INNER, NO_VALUE, WEB, stated

MESHED = pods("web", mesh="istio", ports=[port(8080, "http")])


def protection(*resources: Resource) -> tuple[Any, Any]:
    [way] = [one for one in stated(*resources) if not one["via"]]
    return tuple("?" if is_unknown(one) else one for one in (way["tls"], way["authenticated"]))


def authorization(name: str = "a", **facts: Any) -> Resource:
    return mesh_policy(name, kind="AuthorizationPolicy", mode=None, **{"requires_identity": True, **facts})


@pytest.mark.parametrize(
    ("policies", "tls"),
    [
        ([], False),
        ([mesh_policy("n")], True),
        ([mesh_policy("n", mode="PERMISSIVE")], False),
        ([mesh_policy("n", mode=None)], False),
        ([mesh_policy("m", "istio-system", whole_mesh=True)], True),
        ([mesh_policy("m", "istio-system", whole_mesh=True), mesh_policy("n", mode="PERMISSIVE")], False),
        ([mesh_policy("m", "istio-system", whole_mesh=True), mesh_policy("n", mode=None)], True),
        ([mesh_policy("n", mode="DISABLE"), mesh_policy("w", pods=requires(app="web"))], True),
        ([mesh_policy("n"), mesh_policy("w", mode="DISABLE", pods=requires(app="web"))], False),
        ([mesh_policy("n"), mesh_policy("w", mode="DISABLE", pods=requires(app="x"))], True),
        ([mesh_policy("n", "batch")], False),
        ([mesh_policy("n", mode=NO_VALUE)], "?"),
        ([mesh_policy("n"), mesh_policy("w", mode="DISABLE", pods=NO_VALUE)], "?"),
        ([mesh_policy("n"), mesh_policy("m", NO_VALUE, mode="DISABLE", whole_mesh=NO_VALUE)], "?"),
        ([mesh_policy("n"), mesh_policy("m", mode="DISABLE")], "?"),
    ],
)
def test_the_most_special_policy_of_a_mesh_decides_on_mutual_tls(policies: list[Resource], tls: Any) -> None:
    assert protection(MESHED, *policies) == (tls, False)


def test_pods_without_a_proxy_are_protected_by_no_mesh() -> None:
    assert protection(WEB, mesh_policy("n"), authorization()) == (False, False)
    assert protection(WEB, mesh_policy("n"), namespace("ml", mesh="istio")) == ("?", False)
    assert protection(pods("web", mesh=NO_VALUE), mesh_policy("n")) == ("?", "?")


def test_an_identity_is_asked_for_unless_another_policy_may_let_in_without() -> None:
    assert protection(MESHED, authorization()) == (False, True)
    assert protection(MESHED, authorization(), authorization("b", requires_identity=False)) == (False, "?")
    assert protection(MESHED, authorization(requires_identity=False)) == (False, False)
    assert protection(MESHED, authorization(pods=requires(app="x"))) == (False, False)
    assert protection(MESHED, authorization(), mesh_policy("n")) == (True, True)


def test_linkerd_knows_callers_by_their_certificates() -> None:
    meshed = pods("web", mesh="linkerd")
    assert protection(meshed, authorization(mesh="linkerd")) == (True, True)
    assert protection(meshed, authorization(mesh="istio")) == (False, False)


def test_whom_a_mesh_lets_in_through_an_ingress_may_be_the_gateway_only() -> None:
    [way] = [one for one in stated(MESHED, INNER, INGRESS, authorization()) if one["via"]]
    assert is_unknown(way["authenticated"])
