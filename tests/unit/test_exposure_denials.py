"""What isn't known makes nothing look better: denied listings, facts that can't be read, objects of any shape."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from assay.detectors.exposure.derive import derive
from assay.detectors.registry import DERIVATIONS
from assay.scanner.api import Fact, Known, Resource, Unknown, is_unknown
from tests.unit.exposure_objects import (
    allow,
    backend,
    claim,
    container,
    gateway,
    listener,
    listing,
    mesh_policy,
    mount,
    named,
    peer,
    pods,
    policy,
    port,
    ports,
    requires,
    resource,
    route,
    service,
    service_port,
    storage_class,
    volume,
)

LIVE = "kube:c"
DENIED = Unknown(reason="list: 403 Forbidden")


def space(name: str, team: str, **facts: Any) -> Resource:
    return resource("cluster.namespace", f"Namespace.{name}", {"labels": {"team": team}, "tenant": team, **facts}, LIVE)


def cluster() -> list[Resource]:
    """One of each thing that a derived fact rests on, each such that leaving it out would look better or worse."""
    live: dict[str, Any] = {"source": LIVE}
    serving = pods(
        "serve",
        ports=[port(8080, "http", host=80)],
        mesh="istio",
        volumes=[volume("v", "models")],
        containers=[container([port(8080, "http")], [mount("v", read_only=True)], gpus=1)],
        nodes=["gpu-1"],
        replicas=3,
        **live,
    )
    training = pods(
        "train", "batch", volumes=[volume("v", "models")], containers=[container(mounts=[mount("v")])], **live
    )
    writer = pods("write", volumes=[volume("v", "models")], containers=[container(mounts=[mount("v")])], **live)
    objects = [
        serving,
        training,
        writer,
        pods("closed", labels={"app": "closed"}, **live),
        resource(
            "ai.software",
            "Deployment.ml.serve/vllm",
            {"namespace": "ml", "workload": "Deployment.ml.serve", "ports": [8080], "listens_locally": False},
            LIVE,
        ),
        space("ml", "a", mesh="istio", verified_images=["example.org/*"]),
        space("batch", "b", mesh=None, verified_images=[]),
        policy(
            "serve",
            selects=requires(app="serve"),
            directions=["ingress", "egress"],
            allows=[
                allow("ingress", [peer(namespaces=requires(team="b")), peer(cidr="0.0.0.0/0")], [ports("http")]),
                allow("egress", [peer(namespaces=named("ml"))]),
            ],
            **live,
        ),
        policy("closed", selects=requires(app="closed"), directions=["ingress", "egress"], **live),
        policy("all", "batch", directions=["ingress", "egress"], **live),
        policy(
            "team",
            "ml",
            requires(app="write"),
            allows=[allow("ingress", [peer(namespaces=requires(team="a"))])],
            **live,
        ),
        service("serve", [service_port(443, "http", "web")], kind="LoadBalancer", **live),
        service("inner", [service_port(80, "http", "web")], selector={"app": "serve"}, **live),
        route("direct", [backend("inner", 80)], **live),
        route(
            "through",
            [backend("inner", 80)],
            kind="HTTPRoute",
            gateways=["Gateway.edge.main"],
            redirects_to_tls=False,
            **live,
        ),
        gateway("main", [listener()], source=LIVE),
        mesh_policy("strict", **live),
        mesh_policy("who", kind="AuthorizationPolicy", mode=None, requires_identity=True, **live),
        claim("models", None, **live),
        claim("plain", "plain", **live),
        claim("bound", "", volume="disk", **live),
        storage_class("usual", LIVE, default=True),
        storage_class("plain", LIVE, encrypted_at_rest=False),
        resource(
            "cluster.persistent-volume",
            "PersistentVolume.disk",
            {"type": "csi", "driver": "disk.csi.azure.com", "storage_class": None},
            LIVE,
        ),
        resource("cluster.node", "Node.gpu-1", {"gpus": 1}, LIVE),
        resource("cluster.device-plugin", "ConfigMap.gpu.sharing", {"everywhere": True}, LIVE),
        resource(
            "cluster.disruption-budget",
            "PodDisruptionBudget.ml.b",
            {"namespace": "ml", "selector": {"app": "serve"}, "min_available": None, "max_unavailable": "50%"},
            LIVE,
        ),
        resource("cluster.control-plane", "ControlPlane", {"network_policy": True}, LIVE),
    ]
    return [*objects, *(listing(kind, LIVE) for kind in sorted({one.kind for one in objects}))]


CLUSTER = cluster()
KINDS = sorted({one.kind for one in CLUSTER} - {"cluster.listing"})
[DERIVED] = [one.states for one in DERIVATIONS if one.id == "exposure"]


def by_address(resources: Sequence[Resource]) -> dict[str, Resource]:
    return {one.address: one for one in derive(resources)}


WHOLE = by_address(CLUSTER)


def without(kind: str, listed: bool) -> list[Resource]:
    """The cluster where a kind's listing was denied, or not asked for."""
    denied = [listing(kind, LIVE, DENIED)] if listed else []
    return [one for one in CLUSTER if one.kind != kind and one.address != kind] + denied


def same_or_unsure(before: Fact, now: Fact) -> bool:
    """Whether a fact is the same, or unknown, or for a list holds all that it held or says that there may be more."""
    if isinstance(now, Unknown) or now == before:
        return True
    if not isinstance(now.value, list):
        return False
    if any(is_unknown(one) for one in now.value):
        return True
    # Ways may have become unknown in a part, such as in whether they have TLS.
    old = before.value if isinstance(before, Known) else []
    return all(any(fits(way, one) for one in now.value) for way in old)


def fits(one: Any, other: Any) -> bool:
    if is_unknown(other) or not isinstance(one, dict):
        return is_unknown(other) or bool(one == other)
    return all(
        set(other[key]) <= set(value) if key == "via" else unsure(other[key]) or other[key] == value
        for key, value in one.items()
    )


def unsure(value: Any) -> bool:
    return is_unknown(value) or (isinstance(value, list) and any(map(is_unknown, value)))


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_denied_listing_makes_nothing_look_better(kind: str, listed: bool) -> None:
    after = by_address(without(kind, listed))
    for address, found in after.items():
        for name in DERIVED.get(found.kind, ()):
            before, now = WHOLE[address].facts[name], found.facts[name]
            assert same_or_unsure(before, now), f"{kind} denied: {address} {name}: {before} became {now}"


@pytest.mark.parametrize(
    ("kind", "address", "name"),
    [
        ("network.policy", "Deployment.ml.closed", "ways_in"),
        ("network.policy", "Deployment.ml.closed", "internet_egress"),
        ("network.policy", "Deployment.ml.train", "isolates_ingress"),
        ("network.policy", "Namespace.batch", "denies_ingress"),
        ("network.service", "Deployment.ml.closed", "ways_in"),
        ("network.route", "Service.ml.inner", "ways_in"),
        ("network.gateway", "HTTPRoute.ml.through", "tls"),
        ("network.gateway", "HTTPRoute.ml.through", "published"),
        ("cluster.namespace", "Deployment.ml.write", "ways_in"),
        ("cluster.control-plane", "Deployment.ml.closed", "internet_egress"),
        ("workload.pods", "Namespace.ml", "workloads"),
        ("workload.pods", "Namespace.ml", "privileged_components"),
        ("workload.pods", "Namespace.ml", "images_verified"),
        ("workload.pods", "ConfigMap.gpu.sharing", "tenants"),
        ("workload.pods", "Node.gpu-1", "tenants"),
        ("workload.pods", "PersistentVolumeClaim.ml.models", "mounted_by"),
        ("cluster.disruption-budget", "Deployment.ml.serve", "disruption_budget"),
        ("cluster.storage-class", "PersistentVolumeClaim.ml.models", "encrypted_at_rest"),
        ("cluster.persistent-volume", "PersistentVolumeClaim.ml.bound", "encrypted_at_rest"),
        ("cluster.volume-claim", "Deployment.ml.serve", "shared_writable_claims"),
    ],
)
def test_what_rests_on_a_denied_listing_is_unknown(kind: str, address: str, name: str) -> None:
    after = by_address(without(kind, True))
    if address not in after:
        address = address.replace(".ml.train", ".batch.train")
    found = after[address].facts[name]
    assert isinstance(found, Unknown) or any(is_unknown(one) for one in found.value)
    assert DENIED.reason in repr(found)


def test_everything_that_is_derived_is_stated_for_each_resource_of_its_kind() -> None:
    for one in WHOLE.values():
        assert set(DERIVED.get(one.kind, ())) <= set(one.facts)


STATED = [
    (number, name)
    for number, one in enumerate(CLUSTER)
    for name in one.facts
    if one.kind != "cluster.listing" and name != "source"
]


@pytest.mark.parametrize(("number", "name"), STATED)
def test_a_fact_that_isnt_known_makes_nothing_that_is_known_false(number: int, name: str) -> None:
    """Each fact in turn: what is derived stays as it was, is unknown, or says that there may be more."""
    changed = list(CLUSTER)
    facts = {**CLUSTER[number].facts, name: DENIED}
    changed[number] = structs.replace(CLUSTER[number], facts=facts)
    after = by_address(changed)
    for address, found in after.items():
        for fact_name in DERIVED.get(found.kind, ()):
            before, now = WHOLE[address].facts[fact_name], found.facts[fact_name]
            assert same_or_unsure(before, now), f"{address} {fact_name}: {before} became {now}"


def test_unknowns_are_the_same_as_structs_and_as_they_read_back_from_json() -> None:
    policies = [policy("x", selects=DENIED), policy("y", allows=[DENIED])]
    given = [pods("serve"), *policies]
    plain = {"fact": "unknown", "reason": DENIED.reason}
    read_back = [
        structs.replace(
            one,
            facts={
                name: Known(value=[plain if element is DENIED else element for element in stated.value])
                if isinstance(stated, Known) and isinstance(stated.value, list)
                else stated
                for name, stated in one.facts.items()
            },
        )
        for one in given
    ]
    assert (
        by_address(given)["Deployment.ml.serve"].facts["ways_in"]
        == by_address(read_back)["Deployment.ml.serve"].facts["ways_in"]
    )


def test_the_order_of_resources_changes_nothing() -> None:
    assert by_address(CLUSTER[::-1]) == WHOLE


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(DENIED),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
paths = st.lists(st.integers(0, 30), max_size=4)


def put(value: Any, path: list[int], new: Any) -> Any:
    """A copy in which something deep inside is something else."""
    if not path or not isinstance(value, list | dict) or not value:
        return new
    keys = sorted(value) if isinstance(value, dict) else range(len(value))
    chosen = list(keys)[path[0] % len(value)]
    copied: Any = dict(value) if isinstance(value, dict) else list(value)
    copied[chosen] = put(value[chosen], path[1:], new)
    return copied


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(STATED), paths, anything)
def test_facts_of_any_shape_crash_nothing(place: tuple[int, str], path: list[int], new: Any) -> None:
    number, name = place
    changed = list(CLUSTER)
    stated = CLUSTER[number].facts[name]
    assert isinstance(stated, Known)
    facts = {**CLUSTER[number].facts, name: Known(value=put(stated.value, path, new))}
    changed[number] = structs.replace(CLUSTER[number], facts=facts)
    assert len(list(derive(changed))) == len(changed)
