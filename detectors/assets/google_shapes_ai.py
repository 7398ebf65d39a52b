"""The same for Vertex AI and for notebooks."""

from collections.abc import Mapping

from assay.detectors.assets.shape import Shape
from assay.detectors.cloud.arguments import Each

_ENCRYPTED = {"encryption_spec": Each("encryptionSpec", {"kms_key_name": "kmsKeyName"}), "labels": "labels"}


def _store(type_: str) -> tuple[Shape, ...]:
    return (Shape(type_, _ENCRYPTED),)


AI_SHAPES: Mapping[str, tuple[Shape, ...]] = {
    "aiplatform.googleapis.com/dataset": _store("google_vertex_ai_dataset"),
    "aiplatform.googleapis.com/endpoint": (
        Shape(
            "google_vertex_ai_endpoint",
            {
                **_ENCRYPTED,
                "network": "network",
                "private_service_connect_config": Each(
                    "privateServiceConnectConfig", {"enable_private_service_connect": "enablePrivateServiceConnect"}
                ),
                "predict_request_response_logging_config": Each(
                    "predictRequestResponseLoggingConfig", {"enabled": "enabled"}
                ),
            },
        ),
    ),
    "aiplatform.googleapis.com/featureonlinestore": _store("google_vertex_ai_feature_online_store"),
    "aiplatform.googleapis.com/featurestore": _store("google_vertex_ai_featurestore"),
    "aiplatform.googleapis.com/index": _store("google_vertex_ai_index"),
    "aiplatform.googleapis.com/tensorboard": _store("google_vertex_ai_tensorboard"),
    "notebooks.googleapis.com/instance": (
        Shape(
            "google_notebooks_instance",
            {
                "no_public_ip": "noPublicIp",
                "metadata": "metadata",
                "kms_key": "kmsKey",
                "network": "network",
                "subnet": "subnet",
                "labels": "labels",
            },
            lambda tree: "gceSetup" not in tree,
        ),
        # The second version of the API, which is Workbench's.
        # See: https://cloud.google.com/vertex-ai/docs/workbench/reference/rest/v2/projects.locations.instances
        Shape(
            "google_workbench_instance",
            {
                "gce_setup": Each(
                    "gceSetup",
                    {
                        "disable_public_ip": "disablePublicIp",
                        "metadata": "metadata",
                        "network_interfaces": Each("networkInterfaces", {"network": "network", "subnet": "subnet"}),
                        "boot_disk": Each("bootDisk", {"kms_key": "kmsKey"}),
                        "data_disks": Each("dataDisks", {"kms_key": "kmsKey"}),
                    },
                ),
                "labels": "labels",
            },
            lambda tree: "gceSetup" in tree,
        ),
    ),
}
"""As `SHAPES`, of which it is a part."""
