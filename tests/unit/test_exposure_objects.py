"""What is derived of volumes, namespaces and nodes, and which resources are left as they are."""

from typing import Any

import pytest

from assay.detectors.exposure.derive import derive
from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.exposure_objects import (
    allow,
    claim,
    container,
    derived,
    fact,
    mount,
    namespace,
    pods,
    policy,
    requires,
    resource,
    storage_class,
    volume,
)

NO_VALUE = Unknown(reason="a variable without a value")
CLAIM = "PersistentVolumeClaim.ml.models"


def told(resources: list[Resource], address: str, name: str) -> Any:
    """A derived fact, `?` for what isn't known in it."""
    found = fact(derived(resources)[address], name)
    if isinstance(found, list):
        return ["?" if is_unknown(one) else one for one in found]
    return "?" if is_unknown(found) else found


# Claims


def user(name: str, *mounts: Any, volumes: Any = None, **facts: Any) -> Resource:
    held = [volume("v", "models")] if volumes is None else volumes
    return pods(name, volumes=held, containers=[container(mounts=mounts)], **facts)


READER, WRITER = user("serve", mount("v", read_only=True)), user("train", mount("v"))


def test_a_claim_tells_who_mounts_and_who_writes_to_it() -> None:
    found = [claim("models"), READER, WRITER, pods("other")]
    assert told(found, CLAIM, "mounted_by") == ["Deployment.ml.serve", "Deployment.ml.train"]
    assert told(found, CLAIM, "written_by") == ["Deployment.ml.train"]


def test_one_mount_that_may_be_written_to_is_enough() -> None:
    both = user("train", mount("v", read_only=True), mount("v"))
    assert told([claim("models"), both], CLAIM, "written_by") == ["Deployment.ml.train"]


def test_a_volume_that_is_mounted_nowhere_may_be_a_block_device() -> None:
    assert told([claim("models"), user("train")], CLAIM, "written_by") == ["Deployment.ml.train"]


def test_nobody_writes_to_a_claim_that_is_for_reading() -> None:
    only = claim("models", access_modes=["ReadOnlyMany"])
    assert told([only, WRITER], CLAIM, "written_by") == []
    assert told([claim("models", access_modes=NO_VALUE), WRITER], CLAIM, "written_by") == ["?"]


def test_claims_are_of_one_namespace() -> None:
    elsewhere = user("train", mount("v"), namespace="batch")
    assert told([claim("models"), elsewhere], CLAIM, "mounted_by") == []


def test_volumes_that_cant_be_read_may_be_any_claim_of_their_namespace() -> None:
    unsure = pods("x", volumes=NO_VALUE)
    assert told([claim("models"), READER, unsure], CLAIM, "mounted_by") == ["Deployment.ml.serve", "?"]
    assert told([claim("models"), READER, unsure], CLAIM, "written_by") == ["?"]
    mounts = pods("x", volumes=[volume("v", "models")], containers=[NO_VALUE])
    assert told([claim("models"), mounts], CLAIM, "written_by") == ["Deployment.ml.x"]
    sure = [container(mounts=[mount("v", read_only=True)]), NO_VALUE]
    assert told(
        [claim("models"), pods("x", volumes=[volume("v", "models")], containers=sure)], CLAIM, "written_by"
    ) == ["?"]


def test_a_claim_is_shared_and_writable_where_another_mounts_it_and_one_of_them_writes() -> None:
    shared = "shared_writable_claims"
    assert told([READER, WRITER], "Deployment.ml.serve", shared) == ["models"]
    assert told([READER, WRITER], "Deployment.ml.train", shared) == ["models"]
    assert told([READER, user("x", mount("v", read_only=True))], "Deployment.ml.serve", shared) == []
    assert told([WRITER], "Deployment.ml.train", shared) == []
    assert told([READER, pods("x", volumes=NO_VALUE)], "Deployment.ml.serve", shared) == ["?"]


@pytest.mark.parametrize(
    ("made", "objects", "expected"),
    [
        (claim("models"), [storage_class("fast")], True),
        (claim("models"), [storage_class("fast", encrypted_at_rest=False)], False),
        (claim("models"), [storage_class("fast", encrypted_at_rest=NO_VALUE)], "?"),
        (claim("models"), [storage_class("fast"), storage_class("fast", encrypted_at_rest=False)], "?"),
        (claim("models"), [], "?"),
        (claim("models", NO_VALUE), [storage_class("fast")], "?"),
        (claim("models", None), [storage_class("fast"), storage_class("usual", default=True)], True),
        (claim("models", None), [storage_class("usual", default=True, encrypted_at_rest=False)], False),
        (claim("models", None), [storage_class("fast"), storage_class("other", default=NO_VALUE)], "?"),
        (claim("models", None), [storage_class("fast")], "?"),
        (claim("models", ""), [storage_class("usual", default=True)], "?"),
    ],
)
def test_a_claim_is_encrypted_as_its_class_says(made: Resource, objects: list[Resource], expected: Any) -> None:
    assert told([made, *objects], CLAIM, "encrypted_at_rest") == expected
    if objects and expected == "?":
        assert told([made, *objects], CLAIM, "customer_managed_key") in ("?", True)


@pytest.mark.parametrize(
    ("facts", "encrypted"),
    [
        ({"type": "hostPath"}, False),
        ({"type": "local"}, False),
        ({"type": "csi", "driver": "pd.csi.storage.gke.io"}, True),
        ({"type": "azureDisk"}, True),
        ({"type": "csi", "driver": "ebs.csi.aws.com"}, "?"),
        ({"type": "nfs"}, "?"),
        ({"type": "csi", "driver": "ebs.csi.aws.com", "storage_class": "fast"}, True),
        ({"type": NO_VALUE}, "?"),
    ],
)
def test_a_claim_of_no_class_is_encrypted_as_its_volume_is(facts: dict[str, Any], encrypted: Any) -> None:
    stated = {"driver": None, "storage_class": None, "host_path": None, **facts}
    disk = resource("cluster.persistent-volume", "PersistentVolume.disk", stated)
    found = [claim("models", "", volume="disk"), disk, storage_class("fast")]
    assert told(found, CLAIM, "encrypted_at_rest") == encrypted
    if facts.get("storage_class") is None:
        assert told(found, CLAIM, "customer_managed_key") == (False if encrypted is False else "?")


def test_a_claim_whose_class_is_only_a_name_is_encrypted_as_its_volume_is() -> None:
    facts = {"type": "hostPath", "driver": None, "storage_class": "manual", "host_path": "/data"}
    disk = resource("cluster.persistent-volume", "PersistentVolume.disk", facts)
    assert told([claim("models", "manual", volume="disk"), disk], CLAIM, "encrypted_at_rest") is False
    assert told([claim("models", "manual"), disk], CLAIM, "encrypted_at_rest") == "?"


# Namespaces


def test_a_namespaces_workloads_are_counted() -> None:
    found = [namespace("ml"), namespace("batch"), pods("a"), pods("b"), pods("c", "other")]
    assert told(found, "Namespace.ml", "workloads") == 2
    assert told(found, "Namespace.batch", "workloads") == 0


def test_a_namespaces_privileged_components_are_named_once() -> None:
    driver, other = pods("a", system="storage-driver"), pods("b", system="gpu-operator")
    again, plain = pods("c", system="gpu-operator"), pods("d", "batch", system=None)
    found = [namespace("ml"), namespace("batch"), driver, other, again, plain]
    assert told(found, "Namespace.ml", "privileged_components") == ["gpu-operator", "storage-driver"]
    assert told(found, "Namespace.batch", "privileged_components") == []


def test_a_workload_that_may_be_a_component_is_no_other() -> None:
    found = [namespace("ml"), pods("a", system="gpu-operator"), pods("b", system=NO_VALUE)]
    [name, rest] = told(found, "Namespace.ml", "privileged_components")
    assert name == "gpu-operator" and rest == "?"


@pytest.mark.parametrize(
    ("one", "ingress", "egress"),
    [
        (policy("deny"), True, False),
        (policy("deny", directions=["ingress", "egress"]), True, True),
        (policy("deny", allows=[allow("ingress")]), False, False),
        (policy("deny", directions=["ingress", "egress"], allows=[allow("egress")]), True, False),
        (policy("deny", selects=requires(app="web")), False, False),
        (policy("deny", "batch"), False, False),
        (policy("deny", allows=NO_VALUE), "?", False),
        (policy("deny", selects=NO_VALUE), "?", False),
        (policy("deny", engine="cilium"), "?", False),
        (policy("deny", namespace=NO_VALUE), "?", False),
        (policy("deny", namespace=None, engine="cilium", directions=["egress"]), False, "?"),
    ],
)
def test_a_namespace_denies_by_a_policy_for_all_that_lets_nothing_through(
    one: Resource, ingress: Any, egress: Any
) -> None:
    found = [namespace("ml"), one]
    assert (told(found, "Namespace.ml", "denies_ingress"), told(found, "Namespace.ml", "denies_egress")) == (
        ingress,
        egress,
    )


# Nodes


def test_the_tenants_of_a_node_are_those_who_use_its_accelerators() -> None:
    node = resource("cluster.node", "Node.gpu-1", {"gpus": 8})

    def on(name: str, space: str, gpus: Any, *nodes: Any) -> Resource:
        return pods(name, space, containers=[container(gpus=gpus)], nodes=list(nodes))

    found = [
        node,
        on("a", "ml", 1, "gpu-1"),
        on("b", "batch", 1, "gpu-1", "gpu-2"),
        on("c", "web", 0, "gpu-1"),
        on("d", "x", 2),
    ]
    assert told(found, "Node.gpu-1", "tenants") == ["batch", "ml"]
    assert told([*found, on("e", "y", NO_VALUE, "gpu-1")], "Node.gpu-1", "tenants") == ["batch", "ml", "?"]
    assert told([*found, on("e", "y", 1, NO_VALUE)], "Node.gpu-1", "tenants") == ["batch", "ml", "?"]
    assert told([*found, on("e", "y", NO_VALUE, "gpu-2")], "Node.gpu-1", "tenants") == ["batch", "ml"]


# What is given back


def test_objects_of_different_sources_have_nothing_to_do_with_each_other() -> None:
    production = [pods("web", source="production"), policy("deny", source="production")]
    development = [pods("dev", source="development"), policy("open", source="development", selects=requires(app="x"))]
    found = derived([*production, *development])
    assert fact(found["Deployment.ml.web"], "isolates_ingress") is True
    assert fact(found["Deployment.ml.dev"], "isolates_ingress") is False


def test_a_workload_without_a_known_namespace_has_nothing_known_derived() -> None:
    found = derived([pods("web", namespace=NO_VALUE)])
    [one] = found.values()
    names = ("ways_in", "isolates_ingress", "internet_egress", "disruption_budget")
    assert all(isinstance(one.facts[name], Unknown) for name in names)


def test_deriving_twice_says_the_same() -> None:
    once = list(derive([READER, WRITER, claim("models"), namespace("ml"), policy("deny")]))
    assert list(derive(once)) == once
