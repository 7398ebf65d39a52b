"""Facts of Vertex AI and of Google Cloud's notebooks."""

from collections.abc import Mapping

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import any_of, boolean, common_key, negated, present, reference, tags
from assay.scanner.api import Fact, Known, Unknown

_ROOT = "notebook-disable-root"


def notebook(block: Block, _world: World) -> Mapping[str, Fact]:
    """`google_notebooks_instance`."""
    # A public address and root for users, unless refused.
    # See: https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/notebooks_instance
    return {
        "provider": Known(value="gcp"),
        "public": negated(boolean(block.get("no_public_ip"), False)),
        "root_access": _root(block.get("metadata")),
        # See: https://cloud.google.com/compute/docs/disks/disk-encryption
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.get("kms_key")),
        "in_private_network": any_of([present(block.get("network")), present(block.get("subnet"))]),
        "metadata_v2_only": Unknown(reason="Compute Engine's metadata service has no session tokens"),
        "tags": tags(block.get("labels")),
    }


def workbench(block: Block, _world: World) -> Mapping[str, Fact]:
    """`google_workbench_instance`."""
    setup = block.block("gce_setup")
    if setup is None or isinstance(setup, Unknown):
        setup = Block(arguments={}, resolve=lambda raw, _: raw, wrapped=False, bindings={}) if setup is None else setup
    if isinstance(setup, Unknown):
        return {"provider": Known(value="gcp"), "public": setup, "root_access": setup, "kms_key": setup}
    interfaces = setup.blocks("network_interfaces")
    disks = setup.blocks("data_disks")
    networks = [
        one if isinstance(one, Unknown) else any_of([present(one.get("network")), present(one.get("subnet"))])
        for one in interfaces
    ]
    return {
        "provider": Known(value="gcp"),
        "public": negated(boolean(setup.get("disable_public_ip"), False)),
        "root_access": _root(setup.get("metadata")),
        "encrypted_at_rest": Known(value=True),
        "kms_key": common_key([reference(setup.at("boot_disk", "kms_key")), *(_disk_key(disk) for disk in disks)]),
        "in_private_network": any_of(networks),
        "metadata_v2_only": Unknown(reason="Compute Engine's metadata service has no session tokens"),
        "tags": tags(block.get("labels")),
    }


def _disk_key(disk: Block | Unknown) -> Fact:
    return disk if isinstance(disk, Unknown) else reference(disk.get("kms_key"))


def _root(metadata: object) -> Fact:
    if isinstance(metadata, Unknown):
        return metadata
    if metadata is None:
        return Known(value=True)
    if not isinstance(metadata, Mapping):
        return Unknown(reason="unresolved: the metadata")
    return negated(boolean(metadata.get(_ROOT), False))


def endpoint(block: Block, _world: World) -> Mapping[str, Fact]:
    """`google_vertex_ai_endpoint`: public unless it is given a network or Private Service Connect."""
    private = any_of(
        [
            present(block.get("network")),
            boolean(block.at("private_service_connect_config", "enable_private_service_connect"), False),
        ]
    )
    return {
        "provider": Known(value="gcp"),
        "deployed": Known(value=True),
        # See: https://cloud.google.com/vertex-ai/docs/predictions/choose-endpoint-type
        "public": negated(private),
        # Callers need an identity that may `aiplatform.endpoints.predict`.
        "authenticated": Known(value=True),
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.at("encryption_spec", "kms_key_name")),
        "captures_data": boolean(block.at("predict_request_response_logging_config", "enabled"), False),
        "network_isolated": Unknown(reason="the deployed model decides"),
        "generative": Unknown(reason="the deployed model decides"),
        "content_filtered": Unknown(reason="the deployed model decides"),
        "tags": tags(block.get("labels")),
    }


_SERVICES = {
    "google_vertex_ai_dataset": "vertex-dataset",
    "google_vertex_ai_feature_online_store": "vertex-feature-online-store",
    "google_vertex_ai_featurestore": "vertex-featurestore",
    "google_vertex_ai_index": "vertex-index",
    "google_vertex_ai_tensorboard": "vertex-tensorboard",
}


def store(block: Block, _world: World) -> Mapping[str, Fact]:
    """Vertex AI's feature stores, data sets, indexes and tensorboards: APIs behind IAM."""
    return {
        "provider": Known(value="gcp"),
        "service": Known(value=_SERVICES[block.type]),
        "public": Known(value=False),
        # See: https://cloud.google.com/vertex-ai/docs/general/cmek
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.at("encryption_spec", "kms_key_name")),
        "tags": tags(block.get("labels")),
    }
