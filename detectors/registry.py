"""Every built-in detector, one line each; imported only inside the child process that runs it."""

from assay.scanner.model.detector import DetectorSpec

_CLOUD_KINDS = (
    "ai.endpoint",
    "ai.notebook",
    "ai.training-job",
    "ai.workspace",
    "crypto.key",
    "database.instance",
    "identity.grant",
    "identity.principal",
    "network.boundary",
    "network.network",
    "service.cluster",
    "service.image-repository",
    "service.log-group",
    "service.trail",
    "storage.bucket",
    "storage.file-system",
    "storage.volume",
)

DETECTORS: tuple[DetectorSpec, ...] = (
    DetectorSpec(
        id="iac",
        entry="assay.detectors.iac.detector:IacDetector",
        targets=("path",),
        surfaces={"terraform": _CLOUD_KINDS, "terraform_plan": _CLOUD_KINDS, "cloudformation": _CLOUD_KINDS},
    ),
)
