"""Claims, volumes and storage classes as facts: what is encrypted, and what volumes hold."""

from typing import Any

import pytest

from assay.detectors.cluster.storage.contents import holds
from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, cluster, facts_of, objects_of, unknown


def state(*texts: str, **options: Any) -> dict[str, dict[str, Any]]:
    return facts_of(cluster, objects_of("\n---\n".join(texts), **options))


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else bool(fact == expected)


def storage_class(provisioner: str, parameters: str = "{}") -> dict[str, Any]:
    text = f"""
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: fast, annotations: {{storageclass.kubernetes.io/is-default-class: "true"}}}}
provisioner: {provisioner}
parameters: {parameters}
"""
    return state(text)["StorageClass.fast"]


@pytest.mark.parametrize(
    ("provisioner", "parameters", "encrypted", "own_key", "network"),
    [
        ("ebs.csi.aws.com", "{}", False, False, False),
        ("ebs.csi.aws.com", '{encrypted: "true"}', True, False, False),
        ("ebs.csi.aws.com", '{encrypted: "false"}', False, False, False),
        ("ebs.csi.aws.com", '{encrypted: "true", kmsKeyId: arn}', True, True, False),
        ("ebs.csi.aws.com", "{kmsKeyId: arn}", False, False, False),
        ("ebs.csi.aws.com", '{encrypted: "${ENCRYPT}"}', Unknown, Unknown, False),
        ("ebs.csi.aws.com", '{encrypted: "true", kmsKeyId: "${KEY}"}', True, Unknown, False),
        ("kubernetes.io/aws-ebs", "{type: gp2}", False, False, False),
        ("efs.csi.aws.com", "{}", Unknown, Unknown, True),
        ("fsx.csi.aws.com", "{kmsKeyId: arn}", True, True, True),
        ("pd.csi.storage.gke.io", "{}", True, False, False),
        ("pd.csi.storage.gke.io", "{disk-encryption-kms-key: k}", True, True, False),
        ("disk.csi.azure.com", "{diskEncryptionSetID: d}", True, True, False),
        ("file.csi.azure.com", "{}", True, Unknown, True),
        ("driver.longhorn.io", "{}", False, False, False),
        ("driver.longhorn.io", '{encrypted: "true"}', True, True, False),
        ("rook-ceph.rbd.csi.ceph.com", '{encrypted: "true", encryptionKMSID: vault}', True, True, False),
        ("rook-ceph.cephfs.csi.ceph.com", "{}", False, False, True),
        ("pxd.portworx.com", '{secure: "true"}', True, True, False),
        ("rancher.io/local-path", "{}", False, False, False),
        ("kubernetes.io/no-provisioner", "{}", False, False, False),
        ("nfs.csi.k8s.io", "{}", Unknown, Unknown, True),
        ("cluster.local/nfs-client", "{}", Unknown, Unknown, True),
        ("unheard.of/driver", '{encrypted: "true"}', Unknown, Unknown, Unknown),
        ('""', "{}", Unknown, Unknown, Unknown),
    ],
)
def test_what_storage_classes_encrypt(
    provisioner: str, parameters: str, encrypted: Any, own_key: Any, network: Any
) -> None:
    facts = storage_class(provisioner, parameters)
    assert agrees(facts["encrypted_at_rest"], encrypted)
    assert agrees(facts["customer_managed_key"], own_key)
    assert agrees(facts["network_file_system"], network)
    assert facts["default"] is True and facts["reclaim_policy"] == "Delete"


def claim(name: str = "data", spec: str = "{}", meta: str = "", *more: str, **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}, namespace: ml{meta}}}
spec: {spec}
"""
    return state(text, *more, **options)[f"PersistentVolumeClaim.ml.{name}"]


def test_what_a_claim_asks_for() -> None:
    facts = claim(spec="{storageClassName: fast, accessModes: [ReadWriteMany, ReadOnlyMany], volumeName: pv}")
    assert (facts["storage_class"], facts["volume"]) == ("fast", "pv")
    assert facts["access_modes"] == ["ReadOnlyMany", "ReadWriteMany"]
    assert claim()["storage_class"] is None
    assert claim(spec='{storageClassName: ""}')["storage_class"] == ""
    assert claim(meta=", annotations: {volume.beta.kubernetes.io/storage-class: old}")["storage_class"] == "old"


@pytest.mark.parametrize(
    ("names", "held"),
    [
        (["model-store"], ["model"]),
        (["llm-checkpoints"], ["model"]),
        (["training-data"], ["dataset"]),
        (["dicom-scans"], ["dataset"]),
        (["hfCache"], ["model"]),
        (["weights-and-datasets"], ["dataset", "model"]),
        (["postgres-data"], []),
        (["remodelling"], []),
        (["training"], []),
        (["/mnt/models"], ["model"]),
        (["model " * 100], []),
    ],
)
def test_what_volumes_hold_is_told_by_whole_words(names: list[str], held: list[str]) -> None:
    assert holds(names) == held


def test_labels_and_annotations_tell_what_a_claim_holds() -> None:
    assert claim(meta=", labels: {content: datasets}")["holds"] == ["dataset"]
    assert claim(meta=", annotations: {example.org/purpose: model weights}")["holds"] == ["model"]
    assert claim()["holds"] == []


POD = """
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: ml}
spec:
  containers: [{name: a, image: a, volumeMounts: [{name: v, mountPath: /models}, {name: w, mountPath: /datasets}]}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: data}}, {name: w, persistentVolumeClaim: {claimName: x}}]
"""


def test_where_a_claim_is_mounted_tells_what_it_holds() -> None:
    assert claim("data", "{}", "", POD)["holds"] == ["model"]
    assert claim("data", "{}", "", POD.replace("namespace: ml", "namespace: other"))["holds"] == []


TRAINING = """
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: train, namespace: ml}
spec:
  pytorchReplicaSpecs:
    Worker:
      template:
        spec:
          containers: [{name: a, image: a, volumeMounts: [{name: v, mountPath: %s}]}]
          volumes: [{name: v, persistentVolumeClaim: {claimName: vol1}}]
"""
MOUNTING = """
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: ml}
spec:
  containers: [{name: a, image: %s, volumeMounts: [{name: v, mountPath: %s}]}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: vol1}}]
"""


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/data", ["dataset"]),
        ("/mnt/vol1", ["dataset"]),
        ("/workspace", ["dataset"]),
        ("/outputs", []),
        ("/scratch", []),
        ("/checkpoints", ["model"]),
        ("/root/.cache/pip", []),
    ],
)
def test_what_training_mounts_is_a_data_set_unless_its_path_says_otherwise(path: str, held: list[str]) -> None:
    assert claim("vol1", "{}", "", TRAINING % path)["holds"] == held


@pytest.mark.parametrize(
    ("image", "path", "held"),
    [
        ("quay.io/jupyter/base-notebook:1", "/home/jovyan/data", ["dataset"]),
        ("quay.io/jupyter/base-notebook:1", "/home/jovyan", []),
        ("redis:7.4", "/data", []),
        ("qdrant/qdrant:1", "/data", []),
    ],
)
def test_a_folder_called_data_is_a_data_set_to_those_who_learn_from_it_only(
    image: str, path: str, held: list[str]
) -> None:
    assert claim("vol1", "{}", "", MOUNTING % (image, path))["holds"] == held


def test_pods_that_could_not_be_read_may_tell_more_of_what_a_claim_holds() -> None:
    held = claim("models", source=LIVE, missing={"Pod": "403 Forbidden"})["holds"]
    assert held == ["model", Unknown(reason="403 Forbidden")]


STATEFUL_SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: ml}
spec:
  replicas: 2
  template: {spec: {containers: [{name: a, image: a, volumeMounts: [{name: models, mountPath: /x}]}]}}
  volumeClaimTemplates:
  - {metadata: {name: models}, spec: {storageClassName: fast, accessModes: [ReadWriteOnce]}}
"""


def test_a_stateful_sets_claims_are_stated_for_each_pod() -> None:
    facts = state(STATEFUL_SET)
    assert set(facts) == {"PersistentVolumeClaim.ml.models-db-0", "PersistentVolumeClaim.ml.models-db-1"}
    for one in facts.values():
        assert one["storage_class"] == "fast" and one["access_modes"] == ["ReadWriteOnce"] and one["holds"] == ["model"]


def test_a_claim_that_is_declared_too_is_stated_once() -> None:
    own = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: models-db-0, namespace: ml}, spec: {}}"
    assert state(STATEFUL_SET, own)["PersistentVolumeClaim.ml.models-db-0"]["storage_class"] is None


def test_a_live_cluster_has_its_claims_itself() -> None:
    assert state(STATEFUL_SET, source=LIVE) == {}


def volume(spec: str) -> dict[str, Any]:
    return state(f"{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: pv}}, spec: {spec}}}")[
        "PersistentVolume.pv"
    ]


@pytest.mark.parametrize(
    ("spec", "type", "driver", "path"),
    [
        ("{csi: {driver: ebs.csi.aws.com}}", "csi", "ebs.csi.aws.com", None),
        ("{hostPath: {path: /data}}", "hostPath", None, "/data"),
        ("{local: {path: /data}}", "local", None, None),
        ("{nfs: {server: a, path: /}}", "nfs", None, None),
        ("{awsElasticBlockStore: {volumeID: v}}", "awsElasticBlockStore", None, None),
        ("{scaleIO: {}}", "scaleIO", None, None),
        ("{}", Unknown, None, None),
        ("{nfs: {}, csi: {driver: d}}", Unknown, "d", None),
    ],
)
def test_sources_of_volumes(spec: str, type: Any, driver: str | None, path: str | None) -> None:
    facts = volume(spec)
    assert agrees(facts["type"], type) and facts["driver"] == driver and facts["host_path"] == path


def test_a_volumes_claim_is_named_by_its_address() -> None:
    spec = "{nfs: {}, claimRef: {namespace: ml, name: data}, storageClassName: fast, accessModes: [ReadWriteMany]}"
    facts = volume(spec)
    assert facts["claim"] == "PersistentVolumeClaim.ml.data" and facts["storage_class"] == "fast"
    assert volume("{nfs: {}}")["claim"] is None
