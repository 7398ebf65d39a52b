"""Networks and their boundaries."""

from typing import Any

from assay.detectors.aws.collector import Collector
from assay.detectors.cloud.arguments import By


def _openings(permissions: Any) -> Any:
    """A rule for each range, as each has a description of its own; one without ranges for other groups and lists."""
    return [rule for permission in permissions for rule in _rules(permission)] if isinstance(permissions, list) else []


def _rules(permission: dict[str, Any]) -> list[dict[str, Any]]:
    ports = {
        "protocol": permission.get("IpProtocol"),
        "from_port": permission.get("FromPort", -1),
        "to_port": permission.get("ToPort", -1),
    }
    rules: list[dict[str, Any]] = []
    for listed, source, argument in (
        ("IpRanges", "CidrIp", "cidr_ipv4"),
        ("Ipv6Ranges", "CidrIpv6", "cidr_ipv6"),
        ("PrefixListIds", "PrefixListId", "prefix_list_id"),
        ("UserIdGroupPairs", "GroupId", "referenced_security_group_id"),
    ):
        rules += [
            {**ports, argument: one.get(source), "description": one.get("Description")}
            for one in permission.get(listed) or ()
        ]
    return rules


_GROUP = {
    "name": "GroupName",
    "ingress": By("IpPermissions", _openings),
    "egress": By("IpPermissionsEgress", _openings),
    "tags": "Tags",
}

COLLECTORS = (
    *(
        Collector(
            id=f"ec2.security-groups-{name}",
            call="ec2:DescribeSecurityGroups",
            given={"MaxResults": 1000},
            items=f"SecurityGroups[?GroupName{test}'default']",
            kinds=("network.boundary",),
            type=type_,
            shape=_GROUP,
            arn="arn:{partition}:ec2:{region}:{account}:security-group/{GroupId}",
            known_as=("GroupId",),
        )
        for name, type_, test in (("default", "aws_default_security_group", "=="), ("own", "aws_security_group", "!="))
    ),
    Collector(
        id="ec2.networks",
        call="ec2:DescribeVpcs",
        given={"MaxResults": 1000},
        items="Vpcs",
        kinds=("network.network",),
        type="aws_vpc",
        shape={"tags": "Tags"},
        arn="arn:{partition}:ec2:{region}:{account}:vpc/{VpcId}",
        known_as=("VpcId",),
    ),
    Collector(
        id="ec2.flow-logs",
        call="ec2:DescribeFlowLogs",
        given={"MaxResults": 1000},
        # One that can't be delivered records nothing.
        items="FlowLogs[?FlowLogStatus=='ACTIVE' && DeliverLogsStatus!='FAILED']",
        kinds=("network.network",),
        type="aws_flow_log",
        shape={"vpc_id": "ResourceId", "traffic_type": "TrafficType"},
        arn="arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{FlowLogId}",
    ),
)
