"""Clusters, image repositories, log groups and trails."""

from typing import Any

from assay.detectors.aws.collector import Collector, Detail
from assay.detectors.cloud.arguments import By, Each


def _log_types(groups: Any) -> Any:
    """The kinds of logs that are on."""
    return [kind for group in groups if group.get("enabled") for kind in group.get("types", ())]


COLLECTORS = (
    Collector(
        id="eks.clusters",
        call="eks:ListClusters",
        items="clusters[].{Name: @}",
        kinds=("service.cluster",),
        type="aws_eks_cluster",
        details=(Detail(call="eks:DescribeCluster", given={"name": "Name"}, keep="cluster", into="Cluster"),),
        shape={
            "name": "Name",
            "vpc_config": Each(
                "Cluster.resourcesVpcConfig",
                {"endpoint_public_access": "endpointPublicAccess", "public_access_cidrs": "publicAccessCidrs"},
            ),
            "encryption_config": Each(
                "Cluster.encryptionConfig",
                {"resources": "resources", "provider": Each("provider", {"key_arn": "keyArn"})},
            ),
            "enabled_cluster_log_types": By("Cluster.logging.clusterLogging", _log_types),
            "tags": "Cluster.tags",
        },
        arn="arn:{partition}:eks:{region}:{account}:cluster/{Name}",
        known_as=("Cluster.identity.oidc.issuer",),
    ),
    Collector(
        id="eks.pod-identities",
        call="eks:ListClusters",
        items="clusters[].{Name: @}",
        kinds=("service.cluster",),
        type="aws_eks_pod_identities",
        details=(
            Detail(
                call="eks:ListPodIdentityAssociations",
                given={"clusterName": "Name"},
                keep="associations[].associationId",
                into="Associations",
                fields=("workload_identity",),
            ),
        ),
        shape={"cluster_name": "Name", "associations": "Associations"},
        arn="arn:{partition}:eks:{region}:{account}:cluster/{Name}#pod-identities",
    ),
    Collector(
        id="ecr.repositories",
        call="ecr:DescribeRepositories",
        given={"maxResults": 1000},
        items="repositories",
        kinds=("service.image-repository",),
        type="aws_ecr_repository",
        details=(
            Detail(
                call="ecr:GetRepositoryPolicy",
                given={"repositoryName": "repositoryName", "registryId": "registryId"},
                keep="policyText",
                absent=("RepositoryPolicyNotFoundException",),
                fields=("public",),
            ),
        ),
        shape={
            "name": "repositoryName",
            "image_tag_mutability": "imageTagMutability",
            "image_scanning_configuration": Each("imageScanningConfiguration", {"scan_on_push": "scanOnPush"}),
            "encryption_configuration": Each(
                "encryptionConfiguration", {"encryption_type": "encryptionType", "kms_key": "kmsKey"}
            ),
            "policy": "GetRepositoryPolicy",
        },
        arn="{repositoryArn}",
    ),
    Collector(
        id="ecr.scanning",
        call="ecr:GetRegistryScanningConfiguration",
        items="[scanningConfiguration]",
        kinds=("service.image-repository",),
        type="aws_ecr_registry_scanning_configuration",
        shape={
            "rule": Each(
                "rules",
                {
                    "scan_frequency": "scanFrequency",
                    "repository_filter": Each("repositoryFilters", {"filter": "filter", "filter_type": "filterType"}),
                },
            )
        },
        arn="arn:{partition}:ecr:{region}:{account}:scanning",
    ),
    Collector(
        id="logs.groups",
        call="logs:DescribeLogGroups",
        given={"limit": 50},
        items="logGroups",
        kinds=("service.log-group",),
        type="aws_cloudwatch_log_group",
        shape={"retention_in_days": "retentionInDays", "kms_key_id": "kmsKeyId"},
        arn="arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}",
    ),
    Collector(
        id="cloudtrail.trails",
        call="cloudtrail:DescribeTrails",
        given={"includeShadowTrails": False},
        items="trailList",
        kinds=("service.trail",),
        type="aws_cloudtrail",
        details=(
            Detail(call="cloudtrail:GetEventSelectors", given={"TrailName": "TrailARN"}, fields=("data_events",)),
            Detail(call="cloudtrail:GetTrailStatus", given={"Name": "TrailARN"}, keep="IsLogging", fields=("active",)),
        ),
        shape={
            "name": "Name",
            "is_multi_region_trail": "IsMultiRegionTrail",
            "enable_log_file_validation": "LogFileValidationEnabled",
            "enable_logging": "GetTrailStatus",
            "kms_key_id": "KmsKeyId",
            "s3_bucket_name": "S3BucketName",
            "cloud_watch_logs_group_arn": "CloudWatchLogsLogGroupArn",
            "event_selector": Each(
                "GetEventSelectors.EventSelectors", {"data_resource": Each("DataResources", {"type": "Type"})}
            ),
            "advanced_event_selector": Each(
                "GetEventSelectors.AdvancedEventSelectors",
                {"field_selector": Each("FieldSelectors", {"field": "Field", "equals": "Equals"})},
            ),
        },
        arn="{TrailARN}",
    ),
)
