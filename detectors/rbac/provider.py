"""What a cluster's version and provider decide on what rights lead to."""

import re

from msgspec import Struct

from assay.detectors.worlds import World, unknown_of, value
from assay.scanner.api import Unknown

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\D|$)")
_FIRST_THAT_ASKS = (1, 35)


class Provider(Struct, frozen=True, kw_only=True):
    """Of one source."""

    eks: bool | Unknown = Unknown(reason="whether the cluster is one of EKS isn't known")
    get_opens_shells: bool = True
    """`get` on `pods/exec`, `pods/attach` and `pods/portforward` suffices over a WebSocket. From 1.35 on the API server
    asks for `create` as well. Files don't say which version they meet; the older ones are the worse.

    See: https://github.com/kubernetes/kubernetes/pull/134577
    """


ANY = Provider()


def provider_of(world: World) -> Provider:
    """As far as the source tells."""
    return Provider(eks=_eks(world), get_opens_shells=not world.live or not _asks_for_create(world))


def _eks(world: World) -> bool | Unknown:
    if world.live:
        unread = world.unread("cluster.control-plane")
        for one in world.of("cluster.control-plane"):
            missing = unknown_of(one, "managed_by")
            return missing or value(one, "managed_by", None) == "eks"
        return Unknown(reason=unread) if unread else ANY.eks
    # Files don't say what they are applied to, but identities of a cloud are given in its own clusters.
    clouds = {value(one, "cloud", None) for one in world.of("rbac.service-account")}
    if "aws" in clouds:
        return True
    return False if clouds & {"azure", "gcp"} else ANY.eks


def _asks_for_create(world: World) -> bool:
    for one in world.of("cluster.control-plane"):
        found = _VERSION.match(str(value(one, "version", "")))
        return found is not None and (int(found[1]), int(found[2])) >= _FIRST_THAT_ASKS
    return False
