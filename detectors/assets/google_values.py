"""Values that Google's REST resources write differently from Terraform."""

import re
from collections.abc import Mapping
from typing import Any

from assay.detectors.assets.shape import not_collected
from assay.detectors.cloud.arguments import pick


def protocol(rule: Any) -> Any:
    """Of a firewall's rule. Exports spell its name in two ways."""
    return rule.get("IPProtocol", rule.get("ipProtocol")) if isinstance(rule, Mapping) else None


def log_config(subnetwork: Any) -> Any:
    """The block of a subnetwork whose flows are logged; None for one of which they aren't."""
    on = pick(subnetwork, "logConfig.enable"), pick(subnetwork, "enableFlowLogs")
    return [{}] if True in on else None


def private_cluster(cluster: Any) -> Any:
    """What older clusters say in `privateClusterConfig`, and newer ones at several places.

    See: https://cloud.google.com/kubernetes-engine/docs/concepts/network-isolation
    """
    addresses = pick(cluster, "controlPlaneEndpointsConfig.ipEndpointsConfig")
    old = pick(cluster, "privateClusterConfig.enablePrivateEndpoint")
    private: Any = old
    if isinstance(addresses, Mapping) and (
        addresses.get("enablePublicEndpoint") is False or not addresses.get("enabled", True)
    ):
        private = True
    nodes = (
        pick(cluster, "privateClusterConfig.enablePrivateNodes"),
        pick(cluster, "networkConfig.defaultEnablePrivateNodes"),
    )
    found = {"enable_private_endpoint": private, "enable_private_nodes": True in nodes}
    return [{name: value for name, value in found.items() if value is not None}]


def authorised_networks(cluster: Any) -> Any:
    """The block of a cluster that limits who may reach it; an export may write it with the limit switched off."""
    config = pick(cluster, "masterAuthorizedNetworksConfig")
    newer = pick(cluster, "controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig")
    for one in (newer, config):
        if isinstance(one, Mapping) and one.get("enabled") is True:
            listed = [entry for entry in one.get("cidrBlocks", ()) if isinstance(entry, Mapping)]
            return [{"cidr_blocks": [{"cidr_block": entry.get("cidrBlock")} for entry in listed]}]
    return None


def instance_name(name: Any) -> Any:
    """`project:instance` → `instance`."""
    return name.rpartition(":")[2] if isinstance(name, str) else name


def short_address(email: Any) -> Any:
    """`train@acme.iam.gserviceaccount.com` → `train`."""
    return email.partition("@")[0] if isinstance(email, str) else email


def condition(value: Any) -> Any:
    """A condition of a lifecycle's rule under Terraform's names."""
    if not isinstance(value, Mapping):
        return value
    found = {_snake(str(key)): inner for key, inner in value.items() if key != "isLive"}
    if "isLive" in value:
        found["with_state"] = "LIVE" if value["isLive"] else "ARCHIVED"
    return [found]


def acl_entries(bucket: Any) -> Any:
    """`READER:allUsers` for each entry of a bucket's ACL; Unknown where the export left it out, as it mostly does."""
    listed = pick(bucket, "acl")
    entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
    if not entries:
        return not_collected("an export holds no ACLs, and the bucket's may count")
    return [f"{entry.get('role')}:{entry.get('entity')}" for entry in entries]


def access_blocks(entries: Any) -> Any:
    """The entries of a data set's access list."""
    if not isinstance(entries, list):
        return None
    names = {"special_group": "specialGroup", "iam_member": "iamMember", "role": "role"}
    return [
        {name: entry[key] for name, key in names.items() if key in entry}
        for entry in entries
        if isinstance(entry, Mapping)
    ]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
