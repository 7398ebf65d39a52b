"""Components of clusters that are expected to be privileged, told from workloads that only look like them."""

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from assay.detectors.cluster.pods.images import parse, path_of
from assay.detectors.cluster.pods.templates import Template

_KUBERNETES = "kube-system"
_MAKERS = frozenset([
    "registry.k8s.io", "k8s.gcr.io", "gcr.io", "gke.gcr.io", "nvcr.io", "quay.io", "ghcr.io", "docker.io",
    "mcr.microsoft.com", "public.ecr.aws", "icr.io", "registry.gitlab.com", "cr.fluentbit.io",
    "docker.elastic.co", "registry.redhat.io",
])  # fmt: skip
_PROVIDERS = re.compile(r"602401143452\.dkr\.ecr\.[a-z0-9\-]+\.amazonaws\.com|[a-z0-9\-]*artifactregistry\.gcr\.io")
"""EKS' own registries, and GKE's."""


class Component(Struct, frozen=True, kw_only=True):
    """A component: which images it is, and where it runs."""

    name: str
    paths: re.Pattern[str]
    """Of the image without its registry: a maker's folder and the image's name."""
    mirrored: re.Pattern[str]
    """The same below any other folder."""
    namespaces: tuple[str, ...] = ()
    """Besides `kube-system`."""


def _component(name: str, paths: str, namespaces: str = "") -> Component:
    return Component(
        name=name,
        paths=re.compile(paths),
        mirrored=re.compile(rf"(?:[\w.\-]++/)*(?:{paths})"),
        namespaces=tuple(namespaces.split()),
    )


_GPU = "gpu-operator nvidia-gpu-operator nvidia-device-plugin kube-amd-gpu inteldeviceplugins-system"
COMPONENTS: Sequence[Component] = (
    _component("gpu-device-plugin", r"nvidia/k8s-device-plugin|nvidia-gpu-device-plugin|rocm/k8s-device-plugin"
               r"|intel/intel-gpu-plugin|neuron/neuron-device-plugin|habana-ai/habana-device-plugin|tpu-device-plugin",
               _GPU),
    _component("gpu-operator", r"nvidia/gpu-operator(?:-validator)?|nvidia/(?:driver|cloud-native/[\w\-]+)"
               r"|nvidia/k8s/(?:container-toolkit|dcgm-exporter|dcgm)|nvidia/cloud-native/(?:dcgm|k8s-mig-manager"
               r"|gpu-operator-validator|vgpu-device-manager|k8s-driver-manager)|rocm/gpu-operator[\w\-]*"
               r"|nfd/node-feature-discovery|intel/intel-deviceplugin-operator", f"{_GPU} node-feature-discovery"),
    _component("network-plugin", r"calico/(?:node|cni|typha|csi|node-driver-registrar|pod2daemon-flexvol)|cilium/cilium"
               r"(?:-envoy)?|cilium/operator[\w\-]*|amazon-k8s-cni(?:-init)?|amazon/aws-network-policy-agent"
               r"|(?:flannel|flannel-io|rancher)/(?:mirrored-flannelcni-)?flannel(?:-cni-plugin)?|antrea/antrea-[\w\-]+"
               r"|weaveworks/weave-(?:kube|npc)|cloudnativelabs/kube-router|azure-cn[is]|containernetworking/azure-cn[is]"
               r"|containernetworking/azure-npm|multus-cni|k8snetworkplumbingwg/[\w\-]+|tigera/operator|netd(?:-init)?"
               r"|kubeovn/kube-ovn|ip-masq-agent[\w\-]*",
               "calico-system tigera-operator cilium kube-flannel antrea openshift-multus openshift-sdn"
               " openshift-ovn-kubernetes"),
    _component("storage-driver", r"sig-storage/(?:csi-[\w\-]+|livenessprobe|nfsplugin|snapshot-controller)"
               r"|ebs-csi-driver/aws-ebs-csi-driver|efs-csi-driver/amazon/aws-efs-csi-driver|amazon/aws-efs-csi-driver"
               r"|eks/(?:aws-[\w\-]+-csi-driver|csi-[\w\-]+|livenessprobe)|gcp-compute-persistent-disk-csi-driver"
               r"|gcs-fuse-csi-driver[\w\-]*|gcp-filestore-csi-driver|kubernetes-csi/azure(?:disk|file)-csi"
               r"|cephcsi/cephcsi|rook/ceph|longhornio/longhorn-[\w\-]+|fsx-csi-driver/[\w\-]*"
               r"|secrets-store-csi-driver/driver|csi-secrets-store/driver|openebs/[\w\-]+|juicedata/juicefs-csi-driver",
               "rook-ceph longhorn-system openebs csi-driver secrets-store-csi"),
    _component("kube-proxy", r"kube-proxy(?:-[a-z0-9]+)?|eks/kube-proxy|oss/kubernetes/kube-proxy"),
    _component("control-plane", r"kube-(?:apiserver|controller-manager|scheduler)(?:-[a-z0-9]+)?|etcd(?:-[a-z0-9]+)?"
               r"|oss/kubernetes/kube-[\w\-]+|cloud-controller-manager|provider-aws/cloud-controller-manager"),
    _component("node-agent", r"prometheus/node-exporter|(?:(?:brancz|kubebuilder)/)?kube-rbac-proxy"
               r"|fluent/(?:fluent-bit|fluentd[\w\-]*)"
               r"|amazon/(?:aws-for-fluent-bit|cloudwatch-agent)|cloudwatch-agent/cloudwatch-agent|datadog/agent"
               r"|datadoghq/agent|grafana/(?:promtail|alloy|agent)|falcosecurity/falco[\w\-]*|aquasecurity/tracee"
               r"|node-problem-detector(?:/node-problem-detector)?|eks/eks-pod-identity-agent|beats/filebeat"
               r"|otel/opentelemetry-collector[\w\-]*|dns/k8s-dns-node-cache|aws-node-termination-handler"
               r"|cilium/tetragon|azuremonitor/containerinsights/[\w\-]+",
               "monitoring logging amazon-cloudwatch datadog falco observability prometheus"),
)  # fmt: skip
"""`kube-proxy` and the control plane run in `kube-system` only."""

_OPERATED = frozenset({"DaemonSet", "Deployment", "StatefulSet"})


def component(template: Template) -> str | None:
    """Which one, or None.

    Its controller is one that only an administrator's components have in these places (a DaemonSet, a Deployment, or
    the node itself), and every container is by its image one of the component's, or of another one in the table. In
    `kube-system`, where nobody else may create workloads, the image may come from any registry, such as a mirror; in
    the namespaces that operators use by convention, and which somebody else could have made, it must come from the
    maker's own. What can't be read is not known to be a component, so that rules look at it.
    """
    static = template.controller == "Node" and template.namespace == _KUBERNETES
    if template.controller not in _OPERATED and not static:
        return None
    spec = template.spec
    names = [
        _of_image(container.image, template.namespace)
        for container in (*(spec.containers or ()), *(spec.init_containers or ()))
    ]
    if not spec.containers or any(name is None for name in names):
        return None
    return names[0]


@lru_cache(maxsize=5_000)
def _of_image(image: str | None, namespace: str) -> str | None:
    repository = parse(image).repository
    if not repository:
        return None
    registry, path = path_of(repository)
    for one in COMPONENTS:
        if namespace == _KUBERNETES and one.mirrored.fullmatch(path.removeprefix("library/")):
            return one.name
        maker = registry in _MAKERS or _PROVIDERS.fullmatch(registry)
        if namespace in one.namespaces and maker and one.paths.fullmatch(path.removeprefix("library/")):
            return one.name
    return None
