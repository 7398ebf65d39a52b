"""The resources that the test server serves, and what a seeded CustomResourceDefinition adds to them."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

READ = ("get", "list")
REVIEW = ("create",)


class Api(NamedTuple):
    """A resource of the API."""

    group: str
    """Empty: the core group."""
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    verbs: tuple[str, ...] = READ
    custom: bool = False
    """Items in lists say their kind, as those of custom resources do and those of Kubernetes' own don't."""

    @property
    def name(self) -> str:
        """As kubectl writes it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_version(self) -> str:
        """As `apiVersion` has it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _built_in(group_version: str, *rows: str) -> tuple[Api, ...]:
    """A row is `Kind plural scope short…`."""
    made = []
    for row in rows:
        kind, plural, scope, *short = row.split()
        group, _, version = group_version.rpartition("/")
        made.append(Api(group, version, kind, plural, scope == "namespaced", tuple(short)))
    return tuple(made)


BUILT_IN: tuple[Api, ...] = (
    *_built_in(
        "v1",
        "ConfigMap configmaps namespaced cm",
        "Endpoints endpoints namespaced ep",
        "Event events namespaced ev",
        "LimitRange limitranges namespaced limits",
        "Namespace namespaces cluster ns",
        "Node nodes cluster no",
        "PersistentVolume persistentvolumes cluster pv",
        "PersistentVolumeClaim persistentvolumeclaims namespaced pvc",
        "Pod pods namespaced po",
        "PodTemplate podtemplates namespaced",
        "ReplicationController replicationcontrollers namespaced rc",
        "ResourceQuota resourcequotas namespaced quota",
        "Secret secrets namespaced",
        "Service services namespaced svc",
        "ServiceAccount serviceaccounts namespaced sa",
    ),
    *_built_in(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration mutatingwebhookconfigurations cluster",
        "ValidatingAdmissionPolicy validatingadmissionpolicies cluster",
        "ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings cluster",
        "ValidatingWebhookConfiguration validatingwebhookconfigurations cluster",
    ),
    *_built_in("apiextensions.k8s.io/v1", "CustomResourceDefinition customresourcedefinitions cluster crd crds"),
    *_built_in("apiregistration.k8s.io/v1", "APIService apiservices cluster"),
    *_built_in(
        "apps/v1",
        "ControllerRevision controllerrevisions namespaced",
        "DaemonSet daemonsets namespaced ds",
        "Deployment deployments namespaced deploy",
        "ReplicaSet replicasets namespaced rs",
        "StatefulSet statefulsets namespaced sts",
    ),
    *_built_in("autoscaling/v2", "HorizontalPodAutoscaler horizontalpodautoscalers namespaced hpa"),
    *_built_in("batch/v1", "CronJob cronjobs namespaced cj", "Job jobs namespaced"),
    *_built_in("certificates.k8s.io/v1", "CertificateSigningRequest certificatesigningrequests cluster csr"),
    *_built_in("coordination.k8s.io/v1", "Lease leases namespaced"),
    *_built_in("discovery.k8s.io/v1", "EndpointSlice endpointslices namespaced"),
    *_built_in(
        "networking.k8s.io/v1",
        "Ingress ingresses namespaced ing",
        "IngressClass ingressclasses cluster",
        "NetworkPolicy networkpolicies namespaced netpol",
    ),
    *_built_in("node.k8s.io/v1", "RuntimeClass runtimeclasses cluster"),
    *_built_in("policy/v1", "PodDisruptionBudget poddisruptionbudgets namespaced pdb"),
    *_built_in(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole clusterroles cluster",
        "ClusterRoleBinding clusterrolebindings cluster",
        "Role roles namespaced",
        "RoleBinding rolebindings namespaced",
    ),
    *_built_in("scheduling.k8s.io/v1", "PriorityClass priorityclasses cluster pc"),
    *_built_in(
        "storage.k8s.io/v1",
        "CSIDriver csidrivers cluster",
        "StorageClass storageclasses cluster sc",
        "VolumeAttachment volumeattachments cluster",
    ),
    *(
        Api("authorization.k8s.io", "v1", kind, f"{kind.lower()}s", namespaced=False, verbs=REVIEW)
        for kind in ("SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview")
    ),
    Api("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False, verbs=REVIEW),
)


def custom(group_version: str, kind: str, plural: str = "", namespaced: bool = True) -> Api:
    """A custom resource; the plural is the kind in lower case with an s where none is given."""
    group, version = group_version.split("/")
    return Api(group, version, kind, plural or f"{kind.lower()}s", namespaced, custom=True)


def declared(definition: Mapping[str, Any]) -> Iterable[Api]:
    """The resources that a CustomResourceDefinition declares, one for each served version."""
    spec = definition["spec"]
    names = spec["names"]
    for version in spec["versions"]:
        if version.get("served", True):
            yield Api(
                spec["group"],
                version["name"],
                names["kind"],
                names["plural"],
                spec["scope"] == "Namespaced",
                tuple(names.get("shortNames") or ()),
                custom=True,
            )
