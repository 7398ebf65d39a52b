"""Spark applications: known as far as fields and Spark's properties tell, unknown only where others may decide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import Document, container, spec, stated, values

PLAIN: Document = {
    "sparkVersion": "3.5.1",
    "image": "apache/spark:3.5.1",
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "lake"}}, {"name": "unused", "emptyDir": {}}],
    "driver": {"serviceAccount": "spark", "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
    "executor": {"instances": 2, "securityContext": {"allowPrivilegeEscalation": False}},
}


def roles(conf: Document | None = None, **fields: Any) -> dict[str, dict[str, Any]]:
    """The facts of driver and executor of the application above, with these properties and fields."""
    body = {**PLAIN, **fields} | ({} if conf is None else {"sparkConf": conf})
    document = {
        "apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication",
        "metadata": {"name": "x", "namespace": "ml"}, "spec": body,
    }  # fmt: skip
    return {found["role"]: found for found in map(values, stated([document]))}


def unknowns(value: Any) -> list[str]:
    """The reasons of all that is unknown in it."""
    if isinstance(value, Unknown):
        return [value.reason]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [reason for one in inner for reason in unknowns(one)]


def test_an_application_without_templates_is_known_whole() -> None:
    found = roles({"spark.eventLog.enabled": "true", "spark.kubernetes.driver.podNamePrefix": "a"})
    assert unknowns([found["driver"], found["executor"]]) == []
    [driver], [executor] = found["driver"]["containers"], found["executor"]["containers"]
    assert driver["privileged"] is False and driver["privilege_escalation"] is True and driver["runs_as_root"] is True
    assert executor["privilege_escalation"] is False and executor["pull_policy"] == "IfNotPresent"
    assert [port["number"] for port in driver["ports"]] == [7078, 7079, 4040]
    assert driver["liveness_probe"] is False and driver["memory_limited"] is True and driver["cpu_limited"] is False
    assert [one["name"] for one in found["driver"]["volumes"]] == ["data"] and found["executor"]["volumes"] == []


@pytest.mark.parametrize("role", ["driver", "executor"])
@pytest.mark.parametrize("key", ["podTemplateFile", "pod.featureSteps", "volumes.csi.data.mount.path"])
def test_what_a_file_or_code_may_set_is_unknown_for_that_role_alone(role: str, key: str) -> None:
    found = roles({f"spark.kubernetes.{role}.{key}": "x"})
    other = "executor" if role == "driver" else "driver"
    assert isinstance(found[role]["host_network"], Unknown) and isinstance(found[role]["volumes"][-1], Unknown)
    assert unknowns(found[other]) == []


def test_beside_a_template_what_is_not_set_is_unknown() -> None:
    found = roles(driver={**PLAIN["driver"], "template": {"spec": spec(container())}})
    assert isinstance(found["driver"]["containers"][0]["privileged"], Unknown) and unknowns(found["executor"]) == []


def test_the_drivers_configuration_from_elsewhere_may_change_its_executors() -> None:
    found = roles(sparkConfigMap="defaults")
    assert unknowns(found["driver"]) == [] and isinstance(found["executor"]["host_network"], Unknown)


@pytest.mark.parametrize(
    ("version", "account"),
    [
        ("3.5.1", "spark"),
        ("v3.1", "spark"),
        (3.5, "spark"),
        ("3.0.3", "default"),
        ("2.4.8", "default"),
        ("4.0", "spark"),
    ],
)
def test_executors_have_the_drivers_account_since_version_3_1(version: Any, account: str) -> None:
    assert roles(sparkVersion=version)["executor"]["service_account"] == account


@pytest.mark.parametrize("version", [None, "${SPARK_VERSION}"])
def test_without_a_version_the_executors_account_is_unknown(version: Any) -> None:
    assert isinstance(roles(sparkVersion=version)["executor"]["service_account"], Unknown)
    own = roles({"spark.kubernetes.authenticate.executor.serviceAccountName": "worker"}, sparkVersion=version)
    assert own["executor"]["service_account"] == "worker"
    none = roles(sparkVersion=version, driver={})
    assert none["executor"]["service_account"] == "default"


def test_properties_mount_volumes_and_secrets() -> None:
    found = roles({
        "spark.kubernetes.executor.volumes.hostPath.scratch.mount.path": "/scratch",
        "spark.kubernetes.executor.volumes.hostPath.scratch.options.path": "/mnt/disks",
        "spark.kubernetes.executor.volumes.persistentVolumeClaim.own.mount.path": "/own",
        "spark.kubernetes.executor.volumes.persistentVolumeClaim.own.options.claimName": "OnDemand",
        "spark.kubernetes.executor.volumes.persistentVolumeClaim.lake.mount.path": "/lake",
        "spark.kubernetes.executor.volumes.persistentVolumeClaim.lake.mount.readOnly": True,
        "spark.kubernetes.executor.volumes.persistentVolumeClaim.lake.options.claimName": "lake",
        "spark.kubernetes.executor.volumes.emptyDir.unmounted.options.medium": "Memory",
        "spark.kubernetes.executor.secrets.keys": "/keys",
    })  # fmt: skip
    assert found["driver"]["volumes"][1:] == []
    volumes = {one["name"]: one for one in found["executor"]["volumes"]}
    assert set(volumes) == {"scratch", "own", "lake", "keys-volume"}
    assert volumes["scratch"]["host_path"] == "/mnt/disks" and volumes["keys-volume"]["type"] == "secret"
    assert volumes["lake"]["claim"] == "lake" and isinstance(volumes["own"]["claim"], Unknown)
    mounts = {one["volume"]: one for one in found["executor"]["containers"][0]["mounts"]}
    assert mounts["lake"]["read_only"] is True and mounts["scratch"]["path"] == "/scratch"


def test_properties_set_variables_images_labels_and_devices() -> None:
    found = roles(
        {
            "spark.kubernetes.driverEnv.DB_PASSWORD": "hunter2hunter2",
            "spark.executorEnv.API_TOKEN": "abcdefgh12345678",
            "spark.kubernetes.executor.secretKeyRef.KEY": "store:key",
            "spark.kubernetes.container.image": "registry.example/spark:1",
            "spark.kubernetes.container.image.pullPolicy": "Always",
            "spark.kubernetes.executor.label.team": "data",
            "spark.executor.resource.gpu.amount": 2,
            "spark.executor.resource.gpu.vendor": "nvidia.com",
            "spark.kubernetes.executor.limit.cores": 4,
            "spark.executor.instances": 7,
            "spark.ui.enabled": False,
        },
        image=None, executor={},
    )  # fmt: skip
    [driver], [executor] = found["driver"]["containers"], found["executor"]["containers"]
    assert driver["plain_secret_environment"] == ["DB_PASSWORD"] and executor["secret_environment"] == ["KEY"]
    assert executor["plain_secret_environment"] == ["API_TOKEN"]
    assert executor["image"] == "registry.example/spark:1" and executor["pull_policy"] == "Always"
    assert executor["gpus"] == 2 and executor["cpu_limited"] is True and found["executor"]["replicas"] == 7
    assert found["executor"]["labels"]["team"] == "data" and len(driver["ports"]) == 2
    assert "hunter2" not in repr(found)


def test_fields_win_over_properties_and_dynamic_allocation_over_both() -> None:
    conf = {"spark.executor.instances": "7", "spark.kubernetes.driver.container.image": "registry.example/spark:1"}
    found = roles(conf)
    assert found["executor"]["replicas"] == 2 and found["driver"]["containers"][0]["image"] == "apache/spark:3.5.1"
    assert isinstance(roles(dynamicAllocation={"enabled": True})["executor"]["replicas"], Unknown)
    assert isinstance(roles({"spark.dynamicAllocation.enabled": True})["executor"]["replicas"], Unknown)


def test_fields_mount_secrets_and_config_maps() -> None:
    pod = {
        "secrets": [{"name": "gcp", "path": "/gcp", "secretType": "GCPServiceAccount"}],
        "configMaps": [{"name": "settings", "path": "/settings"}],
        "envSecretKeyRefs": {"TOKEN": {"name": "s", "key": "k"}},
    }
    driver = roles(driver=pod)["driver"]
    assert [one["type"] for one in driver["volumes"]] == ["secret", "configMap"]
    assert driver["containers"][0]["secret_environment"] == ["TOKEN"]


KEYS = st.sampled_from(["driver", "executor"]).flatmap(
    lambda role: st.text("abc.", max_size=12).map(lambda rest: f"spark.kubernetes.{role}.{rest}")
)


VALUES = st.text(max_size=10) | st.integers() | st.none() | st.booleans()


@given(conf=st.dictionaries(KEYS | st.text(max_size=20), VALUES, max_size=8))
def test_any_properties_give_a_driver_and_executors(conf: dict[str, Any]) -> None:
    assert set(roles(conf)) == {"driver", "executor"}
