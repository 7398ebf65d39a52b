"""Which load balancers only a private network reaches, by the annotations and classes of their makers."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network

from assay.detectors.cluster.stating import unresolved
from assay.scanner.api import Unknown

_TRUE = ("true", "yes", "1")

_SERVICE: tuple[tuple[str, tuple[str, ...]], ...] = (
    # AWS's in-tree controller takes any value, and people write the old `0.0.0.0/0`.
    ("service.beta.kubernetes.io/aws-load-balancer-internal", (*_TRUE, "0.0.0.0/0")),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", ("internal",)),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", _TRUE),
    ("networking.gke.io/load-balancer-type", ("internal",)),
    ("cloud.google.com/load-balancer-type", ("internal",)),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", _TRUE),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", _TRUE),
    ("oci-network-load-balancer.oraclecloud.com/internal", _TRUE),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", ("private",)),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", ("intranet",)),
    ("service.beta.kubernetes.io/cce-load-balancer-internal-vpc", _TRUE),
    ("service.beta.kubernetes.io/do-loadbalancer-network", ("internal",)),
    ("service.beta.kubernetes.io/scw-loadbalancer-private", _TRUE),
    ("load-balancer.hetzner.cloud/disable-public-network", _TRUE),
)
"""Annotation, and the values by which it makes a Service's load balancer internal; compared in lower case."""

_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_TENCENT_SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
_AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
_AWS_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_AWS_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"


def internal(annotations: Mapping[str, str], load_balancer_class: str | None) -> bool | Unknown:
    """Whether a Service's load balancer is only reached from the cloud's own network."""
    for key, values in _SERVICE:
        given = annotations.get(key)
        if given is None:
            continue
        if unresolved(given):
            return Unknown(reason=f"unresolved: the annotation {key}")
        if given.strip().lower() in values:
            return True
    if annotations.get(_TENCENT_SUBNET) or load_balancer_class == "tailscale":
        return True
    # The AWS Load Balancer Controller, other than the one in Kubernetes itself, makes internal ones unless told.
    by_controller = (
        annotations.get(_AWS_TYPE, "").lower() in ("external", "nlb-ip") or load_balancer_class == "service.k8s.aws/nlb"
    )
    return by_controller and _AWS_SCHEME not in annotations and _AWS_INTERNAL not in annotations


def all_private(addresses: Sequence[str | None]) -> bool:
    """Addresses were given, and each is one of a private network, as bare-metal load balancers have."""
    return bool(addresses) and all(map(_private, addresses))


def _private(address: str | None) -> bool:
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return False
    return any(parsed in network for network in _PRIVATE)


def source_ranges(text: str | None) -> list[str | Unknown]:
    """The ranges of an annotation, which are apart by commas or spaces; sorted."""
    if unresolved(text):
        return [Unknown(reason="unresolved: the annotation that limits who may connect")]
    return [*sorted(set((text or "").replace(",", " ").split()))]
