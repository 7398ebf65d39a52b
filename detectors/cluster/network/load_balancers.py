"""Which load balancers only a private network reaches: by their addresses, else by their makers' annotations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from assay.detectors.cluster.network.service_objects import LoadBalancer, Service, ServiceSpec, ServiceStatus
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.platform.objects import Node, NodeSpec
from assay.detectors.cluster.stating import is_live, unnamed, unresolved
from assay.scanner.api import Unknown

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")

_ANNOTATIONS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    # AWS's in-tree controller takes any value, and people write the old `0.0.0.0/0`.
    ("aws", "service.beta.kubernetes.io/aws-load-balancer-internal", (*_TRUE, "0.0.0.0/0"), _FALSE),
    ("aws", "service.beta.kubernetes.io/aws-load-balancer-scheme", ("internal",), ("internet-facing",)),
    ("azure", "service.beta.kubernetes.io/azure-load-balancer-internal", _TRUE, _FALSE),
    ("gce", "networking.gke.io/load-balancer-type", ("internal",), ("external",)),
    ("gce", "cloud.google.com/load-balancer-type", ("internal",), ("external",)),
    ("openstack", "service.beta.kubernetes.io/openstack-internal-load-balancer", _TRUE, _FALSE),
    ("oci", "service.beta.kubernetes.io/oci-load-balancer-internal", _TRUE, _FALSE),
    ("oci", "oci-network-load-balancer.oraclecloud.com/internal", _TRUE, _FALSE),
    ("ibm", "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", ("private",), ("public",)),
    ("alibaba", "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", ("intranet",), ("internet",)),
    ("huawei", "service.beta.kubernetes.io/cce-load-balancer-internal-vpc", _TRUE, _FALSE),
    ("digitalocean", "service.beta.kubernetes.io/do-loadbalancer-network", ("internal",), ("external",)),
    ("scaleway", "service.beta.kubernetes.io/scw-loadbalancer-private", _TRUE, _FALSE),
    ("hetzner", "load-balancer.hetzner.cloud/disable-public-network", _TRUE, _FALSE),
)
"""Provider, annotation, and the values by which a load balancer becomes internal or not; compared in lower case."""

_PROVIDERS: Mapping[str, str] = {
    "aws": "aws",
    "azure": "azure",
    "digitalocean": "digitalocean",
    "equinixmetal": "",
    "gce": "gce",
    "hcloud": "hetzner",
    "hrobot": "hetzner",
    "ibm": "ibm",
    "k3s": "",
    "kind": "",
    "linode": "",
    "openstack": "openstack",
    "qcloud": "tencent",
    "scaleway": "scaleway",
    "vsphere": "",
    "vultr": "",
}
"""How `spec.providerID` of a node begins, and whose the annotations are that count there; empty: nobody's of these."""

_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_TENCENT_SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
_AWS_TYPE = "service.beta.kubernetes.io/aws-load-balancer-type"
_AWS_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_AWS_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
_CONTRADICTING = Unknown(reason="annotations contradict each other on whether the load balancer is internal")


class LoadBalancers:
    """The load balancers of one source."""

    def __init__(self, objects: Objects) -> None:
        self._live = is_live(objects)
        self._providers = _providers(objects) if self._live else None
        """Whose annotations count; None: it isn't known."""

    def internal(self, service: Service) -> bool | Unknown:
        """Whether a Service's load balancer is only reached from a private network."""
        spec = service.spec or ServiceSpec()
        entries = ((service.status or ServiceStatus()).load_balancer or LoadBalancer()).ingress or ()
        given = [None if entry.hostname and not is_public(entry.ip) else entry.ip for entry in entries]
        return self.declared(service.metadata.annotations or {}, spec.load_balancer_class, given)

    def declared(
        self, annotations: Mapping[str, str], load_balancer_class: str | None, addresses: Sequence[str | None] = ()
    ) -> bool | Unknown:
        """The same by annotations, class and addresses, of which a live cluster's decide; files may say what they like.

        An address that is None is one of which only a host name is known.
        """
        if self._live and any(map(is_public, addresses)):
            return False
        if self._live and addresses and all(map(_is_private, addresses)):
            return True
        if load_balancer_class == "tailscale":
            return True
        answers = list(self._answers(annotations, load_balancer_class))
        doubt = next((one for one in answers if isinstance(one, Unknown)), None)
        if doubt is None and len(set(answers)) > 1:
            return _CONTRADICTING
        return doubt or True in answers

    def _answers(self, annotations: Mapping[str, str], load_balancer_class: str | None) -> Iterator[bool | Unknown]:
        """What each annotation says that counts; none: nothing makes it internal."""
        for provider, key, inside, outside in _ANNOTATIONS:
            given = annotations.get(key)
            if given is None or not self._counts(provider):
                continue
            if unnamed(given):
                yield Unknown(reason=f"unresolved: the annotation {key}")
            elif given.strip().lower() in (*inside, *outside):
                yield given.strip().lower() in inside
        if annotations.get(_TENCENT_SUBNET) and self._counts("tencent"):
            yield True
        if self._counts("aws") and _AWS_SCHEME not in annotations and _AWS_INTERNAL not in annotations:
            # The AWS Load Balancer Controller, unlike the one in Kubernetes itself, makes internal ones unless told.
            by_type = annotations.get(_AWS_TYPE, "").lower() in ("external", "nlb-ip")
            if by_type or load_balancer_class == "service.k8s.aws/nlb":
                yield True

    def _counts(self, provider: str) -> bool:
        return self._providers is None or provider in self._providers


def published(balancer: LoadBalancer | None) -> bool:
    """It has an address of the internet; only for a live cluster's."""
    return any(is_public(entry.ip) for entry in (balancer or LoadBalancer()).ingress or ())


def is_public(address: str | None) -> bool:
    """Whether a text is an address of the internet."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_global and not parsed.is_multicast


def _is_private(address: str | None) -> bool:
    """One of a private network, as bare-metal load balancers have."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in _PRIVATE)


def _parsed(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address or "")
    except ValueError:
        return None


def _providers(objects: Objects) -> frozenset[str] | None:
    """The providers of the nodes; None where one of them isn't known."""
    if objects.unread("Node") or not objects.of("Node"):
        return None
    found: set[str] = set()
    for placed in objects.of("Node"):
        node: Node = placed.object
        name, _, rest = ((node.spec or NodeSpec()).provider_id or "").partition("://")
        if not rest or name not in _PROVIDERS:
            return None
        found.add(_PROVIDERS[name])
    return frozenset(found)


def source_ranges(text: str | None) -> list[str | Unknown]:
    """The ranges of an annotation, which are apart by commas or spaces; sorted.

    What isn't one is not stated: an annotation may hold anything.
    """
    if unresolved(text):
        return [Unknown(reason="unresolved: the annotation that limits who may connect")]
    return ranges((text or "").replace(",", " ").split())


def ranges(written: Iterable[str]) -> list[str | Unknown]:
    """Those that can be read, sorted, and an Unknown for what can't."""
    given = set(written)
    found = {one for one in given if is_range(one)}
    unread = [Unknown(reason="unreadable: a range of who may connect")] if len(found) < len(given) else []
    return [*sorted(found), *unread]


def is_range(text: str) -> bool:
    """Whether a text is a range of addresses, or one address."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
