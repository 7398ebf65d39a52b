"""Which permission of IAM a call takes."""

from collections.abc import Mapping

from assay.detectors.aws.collector import Call

_PREFIXES: Mapping[str, str] = {
    # botocore's name of the service → IAM's, where they differ.
    # See: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    "accessanalyzer": "access-analyzer",
    "bedrock-agent": "bedrock",
    "cloudwatch": "cloudwatch",
    "comprehendmedical": "comprehendmedical",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "macie2": "macie2",
    "neptune": "rds",
    "opensearch": "es",
    "s3control": "s3",
    "wafv2": "wafv2",
}
_ACTIONS: Mapping[str, str] = {
    # See: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    # See: https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigateway.html
}


FREE = frozenset({Call("sts", "GetCallerIdentity")})
"""What everyone may call about themselves."""


def permission(one: Call) -> str:
    """`s3:GetEncryptionConfiguration` for `s3:GetBucketEncryption`."""
    return _ACTIONS.get(str(one), f"{_PREFIXES.get(one.service, one.service)}:{one.operation}")
