"""What is dangerous in RBAC: a line for each right, with the reason.

See: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from collections.abc import Mapping

from msgspec import Struct

from assay.detectors.rbac import operators


class Right(Struct, frozen=True):
    """Any of the verbs on any of the things."""

    verbs: tuple[str, ...]
    things: tuple[tuple[str, str], ...]
    """API group, and resource or `resource/subresource`; `resource/*` is any subresource."""
    cluster: bool = False
    """The things have no namespace, so that a RoleBinding doesn't grant it."""
    own_namespace: bool = False
    """The thing is the namespace itself, of which a RoleBinding in it grants that one."""
    namespaces: tuple[str, ...] = ()
    """It is dangerous there only; empty: anywhere."""
    names: tuple[str, ...] = ()
    """Only these objects make it dangerous; empty: any."""
    harmless: tuple[str, ...] = ()
    """Objects that don't make it dangerous."""


class Danger(Struct, frozen=True):
    """A power, by one of the ways to it: all of the rights together. It may have several lines."""

    power: str
    area: str
    """What it is over, of `kinds.rbac.Grant.areas`."""
    rights: tuple[Right, ...]


EVERYTHING = "everything"
"""Every verb on every resource. It stands for all other powers."""
WILDCARD_VERBS = "wildcard-verbs"
"""Every verb on some resources, those of later versions of Kubernetes too, such as `bind` and `escalate`."""
WILDCARD_RESOURCES = "wildcard-resources"
"""Some verbs on every resource of a group, those that are added later too."""

_CORE, _RBAC, _ADMISSION = "", "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
_CSR, _NETWORK, _DISCOVERY = "certificates.k8s.io", "networking.k8s.io", "discovery.k8s.io"
_READ = ("get", "list", "watch")
_CHANGE = ("patch", "update")
_WRITE = ("create", "patch", "update")
_REMOVE = ("delete", "deletecollection")
_ANY_WRITE = (*_WRITE, *_REMOVE)
_SYSTEM = ("kube-system",)
_DNS = ("coredns", "coredns-custom", "kube-dns")
_SIGNERS = (
    "kubernetes.io/*", "kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/kubelet-serving", "kubernetes.io/legacy-unknown",
)  # fmt: skip
"""Signers whose certificates are credentials for the API server or for nodes. Those of others, such as cert-manager's,
are what their owners make of them."""
_UNPRIVILEGED = ("restricted", "restricted-v2", "restricted-v3", "nonroot", "nonroot-v2")
"""OpenShift's constraints that give a pod nothing."""


_UNFIT_NODES = Right((*_CHANGE, "delete"), ((_CORE, "nodes"), (_CORE, "nodes/status")), cluster=True)


def _line(power: str, area: str, verbs: tuple[str, ...], *things: tuple[str, str], cluster: bool = False) -> Danger:
    return Danger(power, area, (Right(verbs, things, cluster),))


DANGERS: tuple[Danger, ...] = (
    # Access itself.
    # `escalate` lets a role be given rights that its writer hasn't got; `bind` lets any role be bound.
    _line("escalate-roles", "roles", ("escalate",), (_RBAC, "roles")),
    _line("escalate-roles", "roles", ("escalate",), (_RBAC, "clusterroles"), cluster=True),
    _line("bind-roles", "roles", ("bind",), (_RBAC, "roles"), (_RBAC, "clusterroles")),
    # Whoever writes these hands on all rights that he has, and takes them from others.
    _line("write-roles", "roles", _ANY_WRITE, (_RBAC, "roles")),
    _line("write-roles", "roles", _ANY_WRITE, (_RBAC, "clusterroles"), cluster=True),
    _line("write-bindings", "roles", _ANY_WRITE, (_RBAC, "rolebindings")),
    _line("write-bindings", "roles", _ANY_WRITE, (_RBAC, "clusterrolebindings"), cluster=True),
    # A request as somebody else is judged by what that one may do.
    _line("impersonate", "identities", ("impersonate",), (_CORE, "serviceaccounts")),
    _line(
        "impersonate", "identities", ("impersonate",),
        (_CORE, "users"), (_CORE, "groups"),
        ("authentication.k8s.io", "uids"), ("authentication.k8s.io", "userextras/*"), cluster=True,
    ),
    # A token of any account, for as long as is asked.
    _line("create-tokens", "identities", ("create",), (_CORE, "serviceaccounts/token")),
    # Admission asks for both rights: to approve at all, and for the signer.
    Danger("approve-certificates", "identities", (
        Right(_CHANGE, ((_CSR, "certificatesigningrequests/approval"),), cluster=True),
        Right(("approve",), ((_CSR, "signers"),), cluster=True, names=_SIGNERS),
    )),
    Danger("approve-certificates", "identities", (
        Right(_CHANGE, ((_CSR, "certificatesigningrequests/status"),), cluster=True),
        Right(("sign",), ((_CSR, "signers"),), cluster=True, names=_SIGNERS),
    )),
    # On EKS this ConfigMap says which cloud identities are in system:masters.
    Danger("write-aws-auth", "configuration", (
        Right(_ANY_WRITE, ((_CORE, "configmaps"),), namespaces=_SYSTEM, names=("aws-auth",)),
    )),

    # Secrets. `list` and `watch` answer with the values too.
    _line("read-secrets", "secrets", _READ, (_CORE, "secrets")),
    _line("write-secrets", "secrets", _ANY_WRITE, (_CORE, "secrets")),
    # Kubernetes fills a new Secret of the token type with a token, for whichever account it names, that never expires.
    Danger("issue-token-secrets", "secrets", (
        Right(("create",), ((_CORE, "secrets"),)), Right(_READ, ((_CORE, "secrets"),)),
    )),

    # Pods. `get` is enough for exec, attach and port-forward over WebSockets on most versions.
    _line("exec-in-pods", "shells", ("create", "get"), (_CORE, "pods/exec")),
    _line("attach-to-pods", "shells", ("create", "get"), (_CORE, "pods/attach")),
    _line("add-ephemeral-containers", "shells", _CHANGE, (_CORE, "pods/ephemeralcontainers")),
    _line("forward-ports", "shells", ("create", "get"), (_CORE, "pods/portforward")),
    # Requests that come from the API server, past NetworkPolicies, to whatever listens.
    _line("proxy-to-pods", "shells", ("create", "get"), (_CORE, "pods/proxy"), (_CORE, "services/proxy")),
    # A pod runs as any account of its namespace and mounts its Secrets; a controller makes pods from a template.
    _line("create-pods", "workloads", ("create",), (_CORE, "pods")),
    _line("change-pods", "workloads", _CHANGE, (_CORE, "pods")),
    _line("write-controllers", "workloads", _WRITE, *operators.BUILT_IN),
    _line(
        "write-custom-workloads", "workloads", _WRITE,
        *operators.POD_TEMPLATES, *operators.IMAGES, *operators.MACHINES, *operators.NODE_SOFTWARE_IN_NAMESPACE,
        *operators.APPLIERS,
    ),
    _line(
        "write-custom-workloads", "workloads", _WRITE,
        *operators.NODE_SOFTWARE, *operators.CLUSTER_APPLIERS, *operators.PROFILES, cluster=True,
    ),
    # A pod that says it is ready, or at another address, is sent what is meant for a Service.
    _line("change-pod-status", "workloads", _CHANGE, (_CORE, "pods/status")),
    # Making the other nodes unfit, and pods leave them, brings pods with good accounts to a node that was taken over.
    Danger("steal-pods", "workloads", (Right(_REMOVE, ((_CORE, "pods"),)), _UNFIT_NODES)),
    Danger("steal-pods", "workloads", (Right(("create",), ((_CORE, "pods/eviction"),)), _UNFIT_NODES)),
    _line("read-pod-logs", "records", ("get",), (_CORE, "pods/log")),

    # Nodes.
    # The API server passes it on to the kubelet, which runs commands in all containers of its node, past admission.
    _line(
        "reach-kubelets", "nodes", ("create", "delete", "get", "patch", "update"), (_CORE, "nodes/proxy"), cluster=True,
    ),
    _line("change-nodes", "nodes", (*_CHANGE, *_REMOVE), (_CORE, "nodes"), cluster=True),
    _line("change-nodes", "nodes", _CHANGE, (_CORE, "nodes/status"), cluster=True),
    # A volume of type hostPath is the node's own file system, whatever Pod Security says of pods.
    _line("write-volumes", "nodes", _WRITE, (_CORE, "persistentvolumes"), cluster=True),

    # The control plane.
    # What admission sees it may read and rewrite; what it doesn't see any more goes in.
    _line(
        "write-admission", "admission", _ANY_WRITE,
        (_ADMISSION, "mutatingwebhookconfigurations"), (_ADMISSION, "validatingwebhookconfigurations"),
        (_ADMISSION, "mutatingadmissionpolicies"), (_ADMISSION, "mutatingadmissionpolicybindings"),
        (_ADMISSION, "validatingadmissionpolicies"), (_ADMISSION, "validatingadmissionpolicybindings"),
        ("kyverno.io", "clusterpolicies"), ("templates.gatekeeper.sh", "constrainttemplates"), cluster=True,
    ),
    _line(
        "write-admission", "admission", _ANY_WRITE, ("kyverno.io", "policies"), ("kyverno.io", "policyexceptions"),
    ),
    # A conversion webhook rewrites every object of the kind; a deleted definition takes all its objects along.
    _line(
        "write-api-definitions", "admission", _ANY_WRITE,
        ("apiextensions.k8s.io", "customresourcedefinitions"), ("apiregistration.k8s.io", "apiservices"), cluster=True,
    ),
    # Pod Security is a label of the namespace, and network policies select namespaces by their labels.
    Danger("label-namespaces", "guards", (
        Right(_CHANGE, ((_CORE, "namespaces"),), own_namespace=True),
    )),
    # Policies on pods that are asked by the verb `use`: PodSecurityPolicy before 1.25, and OpenShift's.
    Danger("use-privileged-policies", "guards", (
        Right(("use",), (
            ("policy", "podsecuritypolicies"), ("extensions", "podsecuritypolicies"),
            ("security.openshift.io", "securitycontextconstraints"),
        ), harmless=_UNPRIVILEGED),
    )),
    _line(
        "write-pod-policies", "guards", _ANY_WRITE,
        ("policy", "podsecuritypolicies"), ("extensions", "podsecuritypolicies"),
        ("security.openshift.io", "securitycontextconstraints"), cluster=True,
    ),
    _line("write-configmaps", "configuration", _ANY_WRITE, (_CORE, "configmaps")),

    # The network.
    # CoreDNS answers every name in the cluster as this ConfigMap says.
    Danger("change-dns", "configuration", (
        Right(_ANY_WRITE, ((_CORE, "configmaps"),), namespaces=_SYSTEM, names=_DNS),
    )),
    _line(
        "write-network-policies", "guards", _ANY_WRITE,
        (_NETWORK, "networkpolicies"), ("extensions", "networkpolicies"), ("cilium.io", "ciliumnetworkpolicies"),
        ("projectcalico.org", "networkpolicies"), ("crd.projectcalico.org", "networkpolicies"),
    ),
    _line(
        "write-network-policies", "guards", _ANY_WRITE,
        ("policy.networking.k8s.io", "adminnetworkpolicies"),
        ("policy.networking.k8s.io", "baselineadminnetworkpolicies"),
        ("cilium.io", "ciliumclusterwidenetworkpolicies"), ("projectcalico.org", "globalnetworkpolicies"),
        ("crd.projectcalico.org", "globalnetworkpolicies"), cluster=True,
    ),
    # What leads in from outside. Without its Ingress or route a service is out of reach, or behind a wider one that may
    # ask for no login. Deleting Services is a line of its own, with workloads.
    _line("publish-services", "network", _WRITE, (_CORE, "services")),
    _line(
        "publish-services", "network", _ANY_WRITE,
        (_NETWORK, "ingresses"), ("extensions", "ingresses"), ("route.openshift.io", "routes"),
        ("gateway.networking.k8s.io", "gateways"), ("gateway.networking.k8s.io", "httproutes"),
        ("gateway.networking.k8s.io", "grpcroutes"), ("gateway.networking.k8s.io", "tcproutes"),
        ("gateway.networking.k8s.io", "tlsroutes"), ("networking.istio.io", "gateways"),
        ("networking.istio.io", "virtualservices"),
    ),
    # Whoever writes endpoints sends a Service's traffic where he likes.
    _line("write-endpoints", "network", _ANY_WRITE, (_CORE, "endpoints"), (_DISCOVERY, "endpointslices")),
    # A load balancer's address in the status draws the cluster's traffic to that address (CVE-2020-8554).
    _line("change-service-status", "network", _CHANGE, (_CORE, "services/status")),

    # What is lost.
    _line(
        "delete-data", "deletion", _REMOVE,
        (_CORE, "persistentvolumeclaims"), ("snapshot.storage.k8s.io", "volumesnapshots"),
    ),
    _line("delete-data", "deletion", _REMOVE, (_CORE, "persistentvolumes"), cluster=True),
    Danger("delete-data", "deletion", (Right(_REMOVE, ((_CORE, "namespaces"),), own_namespace=True),)),
    _line(
        "delete-workloads", "deletion", _REMOVE, (_CORE, "pods"), (_CORE, "services"), *operators.BUILT_IN,
        *operators.POD_TEMPLATES,
    ),
    # Events tell what was done to pods, and by which controller.
    _line("delete-events", "records", _REMOVE, (_CORE, "events"), ("events.k8s.io", "events"), (_CORE, "pods/log")),
)  # fmt: skip

AREAS: Mapping[str, str] = {
    EVERYTHING: "everything",
    WILDCARD_VERBS: "wildcards",
    WILDCARD_RESOURCES: "wildcards",
    **{danger.power: danger.area for danger in DANGERS},
}
"""What each power is over, as `kinds.rbac.Grant.areas` has it."""

HARMLESS_WILDCARDS = frozenset({"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"})
"""Groups whose resources are measurements, so that reading them all is what they are for."""
