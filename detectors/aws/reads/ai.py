"""SageMaker and Bedrock."""

from assay.detectors.aws.collector import Collector, Detail
from assay.detectors.cloud.arguments import Each


def _described(operation: str, argument: str, name: str) -> tuple[Detail, ...]:
    return (Detail(call=f"sagemaker:{operation}", given={argument: name}, into="It"),)


_NETWORK = {
    "enable_network_isolation": "EnableNetworkIsolation",
    "enable_inter_container_traffic_encryption": "EnableInterContainerTrafficEncryption",
    "vpc_config": Each("VpcConfig", {"subnets": "Subnets"}),
}

COLLECTORS = (
    Collector(
        id="sagemaker.notebooks",
        call="sagemaker:ListNotebookInstances",
        given={"MaxResults": 100},
        items="NotebookInstances",
        kinds=("ai.notebook",),
        type="aws_sagemaker_notebook_instance",
        details=_described("DescribeNotebookInstance", "NotebookInstanceName", "NotebookInstanceName"),
        shape={
            "direct_internet_access": "It.DirectInternetAccess",
            "root_access": "It.RootAccess",
            "kms_key_id": "It.KmsKeyId",
            "subnet_id": "It.SubnetId",
            "instance_metadata_service_configuration": Each(
                "It.InstanceMetadataServiceConfiguration",
                {"minimum_instance_metadata_service_version": "MinimumInstanceMetadataServiceVersion"},
            ),
        },
        arn="{NotebookInstanceArn}",
    ),
    Collector(
        id="sagemaker.domains",
        call="sagemaker:ListDomains",
        given={"MaxResults": 100},
        items="Domains",
        kinds=("ai.workspace",),
        type="aws_sagemaker_domain",
        details=_described("DescribeDomain", "DomainId", "DomainId"),
        shape={"app_network_access_type": "It.AppNetworkAccessType", "kms_key_id": "It.KmsKeyId"},
        arn="{DomainArn}",
    ),
    Collector(
        id="sagemaker.feature-groups",
        call="sagemaker:ListFeatureGroups",
        given={"MaxResults": 100},
        items="FeatureGroupSummaries",
        kinds=("ai.workspace",),
        type="aws_sagemaker_feature_group",
        details=_described("DescribeFeatureGroup", "FeatureGroupName", "FeatureGroupName"),
        shape={
            "online_store_config": Each(
                "It.OnlineStoreConfig",
                {
                    "enable_online_store": "EnableOnlineStore",
                    "security_config": Each("SecurityConfig", {"kms_key_id": "KmsKeyId"}),
                },
            ),
            "offline_store_config": Each(
                "It.OfflineStoreConfig", {"s3_storage_config": Each("S3StorageConfig", {"kms_key_id": "KmsKeyId"})}
            ),
        },
        arn="{FeatureGroupArn}",
    ),
    Collector(
        id="sagemaker.models",
        call="sagemaker:ListModels",
        given={"MaxResults": 100},
        items="Models",
        kinds=("ai.endpoint",),
        type="aws_sagemaker_model",
        details=_described("DescribeModel", "ModelName", "ModelName"),
        shape={"name": "ModelName", "enable_network_isolation": "It.EnableNetworkIsolation"},
        arn="{ModelArn}",
    ),
    Collector(
        id="sagemaker.endpoint-configurations",
        call="sagemaker:ListEndpointConfigs",
        given={"MaxResults": 100},
        items="EndpointConfigs",
        kinds=("ai.endpoint",),
        type="aws_sagemaker_endpoint_configuration",
        details=_described("DescribeEndpointConfig", "EndpointConfigName", "EndpointConfigName"),
        shape={
            "name": "EndpointConfigName",
            "kms_key_arn": "It.KmsKeyId",
            "data_capture_config": Each("It.DataCaptureConfig", {"enable_capture": "EnableCapture"}),
            "production_variants": Each(
                "It.ProductionVariants",
                {
                    "model_name": "ModelName",
                    "serverless_config": Each("ServerlessConfig", {"max_concurrency": "MaxConcurrency"}),
                },
            ),
        },
        arn="{EndpointConfigArn}",
    ),
    Collector(
        id="sagemaker.data-quality-jobs",
        call="sagemaker:ListDataQualityJobDefinitions",
        given={"MaxResults": 100},
        items="JobDefinitionSummaries",
        kinds=("ai.training-job",),
        type="aws_sagemaker_data_quality_job_definition",
        details=_described("DescribeDataQualityJobDefinition", "JobDefinitionName", "MonitoringJobDefinitionName"),
        shape={
            "network_config": Each("It.NetworkConfig", _NETWORK),
            "data_quality_job_output_config": Each("It.DataQualityJobOutputConfig", {"kms_key_id": "KmsKeyId"}),
            "job_resources": Each(
                "It.JobResources", {"cluster_config": Each("ClusterConfig", {"volume_kms_key_id": "VolumeKmsKeyId"})}
            ),
        },
        arn="{MonitoringJobDefinitionArn}",
    ),
    Collector(
        id="bedrock.invocation-logging",
        call="bedrock:GetModelInvocationLoggingConfiguration",
        items="[@]",
        kinds=("ai.workspace", "ai.endpoint"),
        type="aws_bedrock_model_invocation_logging_configuration",
        shape={
            "logging_config": Each(
                "loggingConfig",
                {
                    "s3_config": Each("s3Config", {"bucket_name": "bucketName"}),
                    "cloudwatch_config": Each("cloudWatchConfig", {"log_group_name": "logGroupName"}),
                },
            )
        },
        arn="arn:{partition}:bedrock:{region}:{account}:model-invocation-logging",
    ),
    Collector(
        id="bedrock.custom-models",
        call="bedrock:ListCustomModels",
        items="modelSummaries",
        kinds=("ai.training-job",),
        type="aws_bedrock_custom_model",
        details=(Detail(call="bedrock:GetCustomModel", given={"modelIdentifier": "modelArn"}, into="It"),),
        shape={
            "custom_model_kms_key_id": "It.modelKmsKeyArn",
        },
        arn="{modelArn}",
    ),
    Collector(
        id="bedrock.guardrails",
        call="bedrock:ListGuardrails",
        items="guardrails",
        kinds=("ai.workspace",),
        type="aws_bedrock_guardrail",
        details=(Detail(call="bedrock:GetGuardrail", given={"guardrailIdentifier": "id"}, into="It"),),
        shape={"kms_key_arn": "It.kmsKeyArn"},
        arn="{arn}",
    ),
    Collector(
        id="bedrock.agents",
        call="bedrock-agent:ListAgents",
        items="agentSummaries",
        kinds=("ai.endpoint",),
        type="aws_bedrockagent_agent",
        details=(Detail(call="bedrock-agent:GetAgent", given={"agentId": "agentId"}, keep="agent", into="It"),),
        shape={
            "guardrail_configuration": Each(
                "It.guardrailConfiguration", {"guardrail_identifier": "guardrailIdentifier"}
            ),
            "customer_encryption_key_arn": "It.customerEncryptionKeyArn",
        },
        arn="arn:{partition}:bedrock:{region}:{account}:agent/{agentId}",
    ),
)
