"""Every built-in detector, one line each; imported only inside the child process that runs it."""

from assay.scanner.model.detector import Derivation, DetectorSpec

_CLOUD_KINDS = (
    "ai.endpoint",
    "ai.notebook",
    "ai.training-job",
    "ai.workspace",
    "crypto.key",
    "database.instance",
    "identity.grant",
    "identity.principal",
    "identity.trust",
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
"""Of every cloud."""
_DECLARED_KINDS = (
    *_CLOUD_KINDS,
    "identity.password-policy",
    "service.detection",
    "storage.access-point",
    "storage.backup-vault",
    "storage.defaults",
    "storage.snapshot",
)
"""Of infrastructure code: with what is stated of AWS alone."""

_OBJECT_KINDS = (
    "ai.software",
    "ai.tenant",
    "cluster.disruption-budget",
    "cluster.namespace",
    "cluster.persistent-volume",
    "cluster.storage-class",
    "cluster.volume-claim",
    "cluster.webhook",
    "network.gateway",
    "network.mesh-policy",
    "network.policy",
    "network.route",
    "network.service",
    "rbac.binding",
    "rbac.role",
    "rbac.service-account",
    "workload.pods",
)
_DERIVED_KINDS = ("rbac.grant", "rbac.subject")
_CLUSTER_KINDS = (*_OBJECT_KINDS, *_DERIVED_KINDS, "cluster.listing")
_FILE_KINDS = (*_CLUSTER_KINDS, "cluster.device-plugin")
"""Of a live cluster the nodes tell how their accelerators are shared."""

DETECTORS: tuple[DetectorSpec, ...] = (
    DetectorSpec(
        id="iac",
        entry="assay.detectors.iac.detector:IacDetector",
        warm="assay.detectors.iac.warm:warm",
        targets=("path",),
        surfaces={
            "terraform": _DECLARED_KINDS,
            "terraform_plan": _DECLARED_KINDS,
            "cloudformation": _DECLARED_KINDS,
            "kubernetes": _FILE_KINDS,
            "helm": _FILE_KINDS,
            "kustomize": _FILE_KINDS,
        },
    ),
    DetectorSpec(
        id="cluster",
        entry="assay.detectors.cluster.detector:ClusterDetector",
        targets=("kube",),
        surfaces={"cluster": (*_CLUSTER_KINDS, "cluster.control-plane", "cluster.node")},
        capabilities=frozenset({"network", "credentials"}),
        check="assay.detectors.cluster.live.kubeconfig:wrong_use",
    ),
    DetectorSpec(
        id="aws",
        entry="assay.detectors.aws.detector:AwsDetector",
        targets=("aws", "aws-org"),
        surfaces={"aws": (*_DECLARED_KINDS, "identity.account", "cloud.listing")},
        capabilities=frozenset({"network", "credentials"}),
        check="assay.detectors.aws.accounts:wrong_use",
    ),
    DetectorSpec(
        id="declared",
        entry="assay.detectors.declared.detector:DeclaredDetector",
        targets=("declared",),
        # It is compared with, and not judged.
        surfaces={},
        capabilities=frozenset({"named-files"}),
    ),
    DetectorSpec(
        id="asset",
        entry="assay.detectors.assets.detector:AssetsDetector",
        targets=("asset",),
        surfaces={"asset": (*_CLOUD_KINDS, "cloud.export")},
        capabilities=frozenset({"named-files", "named-folders"}),
    ),
)

CLUSTER_ROLE = "assay.detectors.cluster.live.role:documents"
"""What makes the role with which the cluster detector can read, imported by the command that prints it."""

AWS_CALLS = "assay.detectors.aws.calls:planned"
AWS_POLICIES = "assay.detectors.aws.calls:policies"
AWS_ROLE = "assay.detectors.aws.calls:role_template"
"""What tells the calls to accounts and the permissions that they take, imported by the commands that print them."""

_ACCESS = ("rbac.binding", "rbac.role", "rbac.service-account")
_PATHS = (
    *_ACCESS,
    "ai.tenant",
    "cluster.control-plane",
    "cluster.namespace",
    "cluster.node",
    "cluster.persistent-volume",
    "cluster.volume-claim",
    "cluster.webhook",
    "identity.grant",
    "identity.principal",
    "identity.trust",
    "workload.pods",
)
_REACH = ("cluster.control-plane", "cluster.namespace", "network.policy", "workload.pods")
_WAYS = (*_REACH, "cluster.node", "network.gateway", "network.mesh-policy", "network.route", "network.service")

DERIVATIONS: tuple[Derivation, ...] = (
    Derivation(
        id="rbac",
        entry="assay.detectors.rbac.derive:derive",
        states={
            "rbac.grant": {"*": _ACCESS, "powers": (*_ACCESS, "cluster.control-plane")},
            "rbac.role": {"built_in": ("rbac.role",)},
            "rbac.service-account": {
                "default_account": ("rbac.service-account",),
                "cloud_identities": ("rbac.service-account", "identity.grant", "identity.principal", "identity.trust"),
            },
            "rbac.subject": {"*": (*_ACCESS, "workload.pods"), "paths": _PATHS},
            "workload.pods": {"token_mounted": ("rbac.service-account",), "paths": _PATHS},
        },
    ),
    Derivation(
        id="exposure",
        entry="assay.detectors.exposure.derive:derive",
        states={
            "ai.software": {"ways_in": _WAYS},
            "cluster.namespace": {
                "images_verified": ("workload.pods",),
                "workloads": ("workload.pods",),
                "privileged_components": ("workload.pods",),
                "denies_ingress": ("network.policy",),
                "denies_egress": ("network.policy",),
            },
            "cluster.device-plugin": {"tenants": ("workload.pods",)},
            "cluster.node": {"tenants": ("workload.pods",)},
            "cluster.volume-claim": {
                "encrypted_at_rest": ("cluster.storage-class", "cluster.persistent-volume"),
                "customer_managed_key": ("cluster.storage-class", "cluster.persistent-volume"),
                "mounted_by": ("workload.pods",),
                "written_by": ("workload.pods",),
            },
            "network.route": {"tls": _WAYS, "published": _WAYS},
            "network.service": {"ways_in": _WAYS},
            "workload.pods": {
                "disruption_budget": ("cluster.disruption-budget", "workload.pods"),
                "isolates_ingress": _REACH,
                "isolates_egress": _REACH,
                "internet_egress": _REACH,
                "metadata_egress": _REACH,
                "ways_in": (*_WAYS, "ai.software"),
                "callers": (*_REACH, "ai.software", "ai.tenant", "network.mesh-policy"),
                "destinations": _REACH,
                "shared_writable_claims": ("cluster.volume-claim",),
            },
        },
    ),
)
"""In the order in which they run."""
