"""Everything that the fixtures' clusters state: their files, and the same running, with what else a cluster has."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache

import yaml
from msgspec import structs

from assay.detectors.cluster.live.wanted import wanted
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.platform.objects import Version
from assay.detectors.cluster.resources import resources
from assay.detectors.cluster.table import APIS, BY_ID
from assay.detectors.worlds import value
from assay.scanner.api import Known, Resource
from tests.e2e.cluster_controllers import Object, running
from tests.e2e.cluster_seeds import declared, grown
from tests.unit.cluster_manifests import LIVE, add
from tests.unit.exposure_objects import resource

BESIDE = """
{apiVersion: v1, kind: Namespace, metadata: {name: beside}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: beside, namespace: beside}
spec:
  replicas: 1
  selector: {matchLabels: {app: beside}}
  template:
    metadata: {labels: {app: beside}}
    spec: {containers: [{name: main, image: 'qdrant/qdrant:v1.9.0'}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: range, namespace: beside}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 6000, endPort: 7000}]}]}
"""
"""On which port it listens is known of the software alone; the policy opens a range in which this port is."""


@cache
def files() -> Sequence[Resource]:
    """The two trees of the fixtures, each a source of its own."""
    return (*_stated("vulnerable", declared("vulnerable")), *_stated("sound", declared("sound")))


@cache
def live() -> Sequence[Resource]:
    """Both trees and everything else in a running cluster, each list read whole."""
    return (*_stated(LIVE, [*grown(), *running(list(yaml.safe_load_all(BESIDE)))]), *_listings())


@cache
def everything() -> Sequence[Resource]:
    """All of it, and something of a cloud, which has no source."""
    return (Resource(kind="storage.bucket", address="aws_s3_bucket.scans", surface="terraform"), *live(), *files())


def looked_at(found: Iterable[Resource], kinds: Collection[str]) -> list[Resource]:
    """Of a live cluster, what is stated where only these kinds are asked for."""
    names = {api.name for api in wanted(kinds)}
    kept: list[Resource] = []
    for one in found:
        if one.kind != "cluster.listing":
            kept += [one] if one.kind in kinds else []
        elif one.address in names:
            listed = Known(value=sorted(set(value(one, "kinds", ())) & set(kinds)))
            kept.append(structs.replace(one, facts={**one.facts, "kinds": listed}))
    return kept


def _stated(source: str, given: Sequence[Object]) -> list[Resource]:
    objects = Objects(source)
    for number, one in enumerate(given):
        if _api_id(one) in BY_ID:
            add(objects, one, number)
    if source == LIVE:
        objects.add("Version", Placed(object=Version(git_version="v1.31.4", anonymous=False)))
    return list(resources(objects))


def _api_id(one: Object) -> str:
    group, slash, _ = one["apiVersion"].rpartition("/")
    return f"{group}/{one['kind']}" if slash else str(one["kind"])


def _listings() -> list[Resource]:
    return [
        resource(
            "cluster.listing",
            api.name,
            {
                "kinds": sorted(set(api.states)),
                "complete": True,
                "namespaces": None,
                "served": True,
                "objects": 1,
                "verified": True,
            },
            LIVE,
        )
        for api in APIS
    ]
