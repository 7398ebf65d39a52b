"""What derivations may rest on: a source's resources, and why some may be missing."""

from collections.abc import Sequence
from typing import Any

from assay.detectors.worlds import World, worlds
from assay.scanner.api import NOT_COLLECTED, Known, Resource, Unknown


def listing(name: str, kind: str, source: str = "kube:prod", **facts: Any) -> Resource:
    stated = {"kinds": [kind], "complete": True, "namespaces": None, "served": True, "source": source} | facts
    known = {key: fact if isinstance(fact, Unknown) else Known(value=fact) for key, fact in stated.items()}
    return Resource(kind="cluster.listing", address=name, surface="cluster", facts=known)


def world(*resources: Resource) -> World:
    [found] = worlds(resources)
    return found


def test_files_are_taken_as_declared() -> None:
    declared = Resource(
        kind="network.policy", address="p", surface="kubernetes", facts={"source": Known(value="manifests")}
    )
    assert world(declared).unread("network.policy", "network.route") is None


def test_a_listing_of_files_tells_what_of_them_could_not_be_read() -> None:
    broken = listing(
        "services", "network.service", "manifests", complete=Unknown(reason="a.yaml:3 could not be decoded")
    )
    assert world(broken).unread("network.policy", "network.service") == "a.yaml:3 could not be decoded"
    assert world(broken).unread("network.policy") is None


def test_of_a_live_cluster_what_was_not_listed_is_unread() -> None:
    pods = listing("pods", "workload.pods")
    assert world(pods).unread("workload.pods") is None
    assert world(pods).unread("network.policy") == NOT_COLLECTED


def test_a_listing_that_failed_says_why() -> None:
    denied = listing("networkpolicies.networking.k8s.io", "network.policy", complete=Unknown(reason="403 Forbidden"))
    assert world(denied, listing("pods", "workload.pods")).unread("workload.pods", "network.policy") == "403 Forbidden"


def test_one_of_two_lists_that_make_a_kind_is_enough_to_miss_it() -> None:
    ingresses = listing("ingresses.networking.k8s.io", "network.route")
    routes = listing("httproutes.gateway.networking.k8s.io", "network.route", complete=Unknown(reason="410 Gone"))
    assert world(ingresses, routes).unread("network.route") == "410 Gone"


def limited(*names: str, served: bool = True) -> Sequence[Resource]:
    return [listing(name, "network.route", namespaces=["ml"], served=served) for name in names]


def test_where_single_namespaces_were_asked_for_routes_of_others_may_lead_in() -> None:
    unread = world(*limited("ingresses.networking.k8s.io", "virtualservices.networking.istio.io")).unread(
        "network.route"
    )
    assert unread is not None and "virtualservices" in unread and "other namespaces" in unread


def test_an_ingress_of_another_namespace_leads_nowhere_else() -> None:
    assert world(*limited("ingresses.networking.k8s.io")).unread("network.route") is None
    assert world(*limited("virtualservices.networking.istio.io", served=False)).unread("network.route") is None


def test_sources_are_kept_apart() -> None:
    found = worlds([listing("pods", "workload.pods", "kube:b"), listing("pods", "workload.pods", "kube:a")])
    assert [one.source for one in found] == ["kube:a", "kube:b"]
    assert all(len(one.of("cluster.listing")) == 1 for one in found)
