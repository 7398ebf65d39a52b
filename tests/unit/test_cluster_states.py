"""The table says which kinds rest on which resource of the API: what it doesn't say is held against each denial."""

from collections import defaultdict

import pytest
import yaml

from assay.detectors.cluster.decoding import identify
from assay.detectors.cluster.objects import Placed
from assay.detectors.cluster.platform.objects import Version
from assay.detectors.cluster.resources import resources
from assay.detectors.cluster.table import APIS, Api
from assay.scanner.model.resource import Resource
from tests.unit.cluster_manifests import LIVE, objects_of
from tests.unit.test_cluster_objects_denied import WORLD

MORE = """
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: ml}, spec: {replicas: 2, template: {metadata: {labels: {a: b}}, spec: {serviceAccountName: s, containers: [{name: a, image: vllm/vllm-openai}]}}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-5d9c, namespace: ml, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-5d9c-x, namespace: ml, labels: {a: b}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d9c, controller: true}]}, spec: {nodeName: n, serviceAccountName: s, containers: [{name: a, image: vllm/vllm-openai}], volumes: [{name: kube-api-access-b2c3d, projected: {sources: [{serviceAccountToken: {}}]}}]}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: ml}, spec: {template: {spec: {containers: [{name: a, image: qdrant/qdrant}]}}, volumeClaimTemplates: [{metadata: {name: models}, spec: {accessModes: [ReadWriteOnce]}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: ml, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, controller: true}]}, spec: {containers: [{name: a, image: qdrant/qdrant}], volumes: [{name: models, persistentVolumeClaim: {claimName: models-db-0}}]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: models-db-0, namespace: ml}, spec: {storageClassName: s, volumeName: v}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {storageClassName: s, claimRef: {namespace: ml, name: models-db-0}, csi: {driver: ebs.csi.aws.com}}}
---
{apiVersion: ray.io/v1, kind: RayCluster, metadata: {name: ray, namespace: ml}, spec: {headGroupSpec: {template: {spec: {containers: [{name: h, image: rayproject/ray}]}}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: ml}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a}]}}}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: shut, namespace: ml}, spec: {podSelector: {}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: ml}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}, roleRef: {kind: ClusterRole, name: c}, subjects: [{kind: ServiceAccount, name: s, namespace: ml}]}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: m, namespace: ml}, spec: {mtls: {mode: STRICT}}}
"""  # noqa: E501  # one object a line
TEXTS = [*WORLD.split("---"), *MORE.split("---")]


def stated(denied: str | None = None, closed: bool = False) -> dict[tuple[str, str], list[Resource]]:
    """What the world states, by kind and address. `closed`: its service account gives pods no token any more."""
    texts = [text for text in TEXTS if identify(yaml.safe_load(text)) != denied]
    if closed:
        texts = [text.replace("kind: ServiceAccount,", "kind: ServiceAccount, automountServiceAccountToken: false,", 1)
                 if identify(yaml.safe_load(text)) == "ServiceAccount" else text for text in texts]  # fmt: skip
    objects = objects_of("---".join(texts), source=LIVE, missing={denied: "403 Forbidden"} if denied else {})
    objects.add("Version", Placed(object=Version(git_version="v1.31.4", anonymous=False)))
    found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for resource in resources(objects):
        found[resource.kind, resource.address].append(resource)
    return found


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("api", APIS, ids=[api.id for api in APIS])
def test_a_denied_resource_changes_no_kind_but_those_that_the_table_names(api: Api, closed: bool) -> None:
    whole, rest = stated(closed=closed), stated(api.id, closed)
    changed = {kind for kind, address in whole.keys() | rest.keys()
               if whole.get((kind, address)) != rest.get((kind, address))}  # fmt: skip
    assert changed <= {*api.states, *api.refines}


def test_the_world_feels_denials_of_what_decides_on_other_kinds() -> None:
    whole = stated()
    felt: dict[str, set[str]] = {}
    for denied in ("Pod", "Namespace", "apps/Deployment", "ServiceAccount"):
        rest = stated(denied)
        felt[denied] = {kind for (kind, address), found in whole.items() if found != rest.get((kind, address))}
    assert felt["Pod"] >= {"workload.pods", "cluster.volume-claim", "cluster.control-plane"}
    assert felt["Namespace"] >= {"cluster.namespace", "cluster.webhook", "cluster.control-plane"}
    assert felt["apps/Deployment"] >= {"workload.pods", "cluster.volume-claim"}
    assert felt["ServiceAccount"] == {"rbac.service-account", "workload.pods"}


@pytest.mark.parametrize("closed", [False, True])
def test_a_token_that_a_pod_has_is_seen_where_its_account_is_not(closed: bool) -> None:
    [found] = stated("ServiceAccount", closed)["workload.pods", "Deployment.ml.web"]
    volumes = found.facts["volumes"].value  # type: ignore[union-attr]  # known
    assert [one["token"] for one in volumes] == [True]


def test_a_token_that_the_account_gives_anyhow_is_no_volume_of_the_template() -> None:
    [found] = stated()["workload.pods", "Deployment.ml.web"]
    assert found.facts["volumes"].value == []  # type: ignore[union-attr]  # known
