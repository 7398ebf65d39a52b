"""Identities and what they are granted, all of it from one listing."""

from typing import Any

from assay.detectors.aws.collector import Collector
from assay.detectors.cloud.arguments import By, Each

_CALL = "iam:GetAccountAuthorizationDetails"
_GIVEN = {"Filter": ["User", "Role", "Group", "LocalManagedPolicy"]}
"""Not the policies that AWS keeps, whose reach is known (`detectors/cloud/aws_managed.py`)."""
_GRANT = ("identity.grant",)
_PRINCIPAL = ("identity.grant", "identity.principal", "identity.trust")


def _arns(attached: Any) -> list[Any]:
    return [one.get("PolicyArn") for one in attached]


def _current(versions: Any) -> Any:
    """The version of a policy that counts."""
    return next((one.get("Document") for one in versions if one.get("IsDefaultVersion")), None)


COLLECTORS = (
    Collector(
        id="iam.roles",
        call=_CALL,
        given=_GIVEN,
        items="RoleDetailList",
        kinds=_PRINCIPAL,
        type="aws_iam_role",
        shape={
            "name": "RoleName",
            "arn": "Arn",
            "assume_role_policy": "AssumeRolePolicyDocument",
            "permissions_boundary": "PermissionsBoundary.PermissionsBoundaryArn",
            "inline_policy": Each("RolePolicyList", {"policy": "PolicyDocument"}),
            "managed_policy_arns": By("AttachedManagedPolicies", _arns),
            "tags": "Tags",
        },
        arn="{Arn}",
        once=True,
    ),
    Collector(
        id="iam.users",
        call=_CALL,
        given=_GIVEN,
        items="UserDetailList",
        kinds=_PRINCIPAL,
        type="aws_iam_user",
        shape={
            "name": "UserName",
            "permissions_boundary": "PermissionsBoundary.PermissionsBoundaryArn",
            # A live user's credentials are in the account's report, and nowhere else.
            "reported": True,
            "inline_policy": Each("UserPolicyList", {"policy": "PolicyDocument"}),
            "managed_policy_arns": By("AttachedManagedPolicies", _arns),
            "tags": "Tags",
        },
        arn="{Arn}",
        once=True,
    ),
    Collector(
        id="iam.identity-providers",
        call="iam:ListOpenIDConnectProviders",
        items="OpenIDConnectProviderList",
        kinds=("service.cluster",),
        type="aws_iam_openid_connect_provider",
        # `arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/…`
        shape={"url": By("Arn", lambda arn: f"https://{arn.partition('/')[2]}")},
        arn="{Arn}",
        once=True,
    ),
    Collector(
        id="iam.groups",
        call=_CALL,
        given=_GIVEN,
        items="GroupDetailList",
        kinds=_GRANT,
        type="aws_iam_group",
        shape={
            "name": "GroupName",
            "inline_policy": Each("GroupPolicyList", {"policy": "PolicyDocument"}),
            "managed_policy_arns": By("AttachedManagedPolicies", _arns),
        },
        arn="{Arn}",
        once=True,
    ),
    Collector(
        id="iam.policies",
        call=_CALL,
        given=_GIVEN,
        items="Policies",
        kinds=_GRANT,
        type="aws_iam_policy",
        shape={"name": "PolicyName", "policy": By("PolicyVersionList", _current)},
        arn="{Arn}",
        once=True,
    ),
)
