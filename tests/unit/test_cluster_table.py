"""The table of the API's resources: complete, sorted, and no wider than it must be."""

import msgspec
import pytest

from assay.detectors.cluster.live.wanted import wanted
from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.resources import resources
from assay.detectors.cluster.table import APIS, BY_ID, OF_FILES, Api, struct_of
from assay.scanner.kinds import registry

IDS = [api.id for api in APIS]


def test_the_table_is_sorted_and_has_each_resource_once() -> None:
    keys = [(api.group, api.kind) for api in APIS]
    assert keys == sorted(set(keys))
    assert len({api.name for api in APIS}) == len(APIS)


@pytest.mark.parametrize("api", APIS, ids=IDS)
def test_each_resource_is_decoded_to_a_struct_with_metadata(api: Api) -> None:
    struct = struct_of(api.id)
    decoded = msgspec.convert({"metadata": {"name": "a"}, "unheardOf": 1}, struct)
    assert isinstance(decoded.metadata, Meta) and decoded.metadata.name == "a"  # type: ignore[attr-defined]  # by table


@pytest.mark.parametrize("api", APIS, ids=IDS)
def test_each_resource_states_kinds_of_ours(api: Api) -> None:
    assert api.states and set(api.states) <= set(registry.KINDS) and len(set(api.states)) == len(api.states)
    assert api.versions and api.plural == api.plural.lower()


def test_every_kind_of_clusters_that_is_no_derivation_rests_on_some_resource() -> None:
    stated = {kind for api in BY_ID.values() for kind in api.states}
    derived = {"rbac.grant", "rbac.subject", "cluster.listing"}
    others = {"network.network", "network.boundary"}
    wanted = {kind for kind in registry.KINDS if kind.split(".")[0] in ("cluster", "network", "rbac", "workload")} | {
        "ai.software",
        "ai.tenant",
    }
    assert stated == wanted - derived - others


def test_values_of_secrets_are_never_asked_for() -> None:
    assert BY_ID["Secret"].metadata_only and "ConfigMap" not in {api.id for api in APIS}
    assert {"data", "string_data"}.isdisjoint(struct_of("Secret").__struct_fields__)


def test_what_is_read_of_files_only_is_never_asked_of_a_server_nor_granted() -> None:
    assert OF_FILES and set(OF_FILES).isdisjoint(APIS) and set(OF_FILES).isdisjoint(wanted(None))
    assert {api.id for api in OF_FILES} == {"ConfigMap", "kubeflow.org/PodDefault", "nvidia.com/ClusterPolicy"}


def test_custom_resources_may_be_absent_and_kubernetes_own_may_not() -> None:
    for api in APIS:
        own = not api.group or api.group in ("apps", "batch", "policy") or (
            api.group.endswith(".k8s.io") and api.group.split(".")[0] in (
                "admissionregistration", "networking", "rbac", "storage",
            )
        )  # fmt: skip
        assert api.optional is not own, api.id


class Recorder(Objects):
    """Objects that note which kinds were asked for."""

    def __init__(self) -> None:
        super().__init__("kube:test")
        self.asked: set[str] = set()

    def unread(self, *kinds: str) -> str | None:
        self.asked |= set(kinds)
        return super().unread(*kinds)


def test_whatever_a_fact_asks_for_is_in_the_table() -> None:
    from tests.unit.test_cluster_objects_hostile import MIXED, add

    objects = Recorder()
    for document in MIXED:
        add(objects, document)
    list(resources(objects))
    assert objects.asked and objects.asked <= set(BY_ID)
