"""The same for SageMaker and Bedrock: their properties under the names that Terraform gives them."""

from collections.abc import Mapping

from assay.detectors.cloud.arguments import Each, Or, Shape

_MONITOR = {
    "network_config": Each(
        "NetworkConfig",
        {
            "enable_inter_container_traffic_encryption": "EnableInterContainerTrafficEncryption",
            "enable_network_isolation": "EnableNetworkIsolation",
            "vpc_config": Each("VpcConfig", {"subnets": "Subnets"}),
        },
    ),
    "job_resources": Each(
        "JobResources", {"cluster_config": Each("ClusterConfig", {"volume_kms_key_id": "VolumeKmsKeyId"})}
    ),
    "tags": "Tags",
}


def _monitor(output: str) -> Shape:
    return "aws_sagemaker_data_quality_job_definition", {
        **_MONITOR,
        "data_quality_job_output_config": Each(output, {"kms_key_id": "KmsKeyId"}),
    }


AI_SHAPES: Mapping[str, Shape] = {
    "AWS::Bedrock::Agent": (
        "aws_bedrockagent_agent",
        {
            "customer_encryption_key_arn": "CustomerEncryptionKeyArn",
            "guardrail_configuration": Each("GuardrailConfiguration", {"guardrail_identifier": "GuardrailIdentifier"}),
            "tags": "Tags",
        },
    ),
    "AWS::Bedrock::Guardrail": ("aws_bedrock_guardrail", {"kms_key_arn": "KmsKeyArn", "tags": "Tags"}),
    "AWS::SageMaker::DataQualityJobDefinition": _monitor("DataQualityJobOutputConfig"),
    "AWS::SageMaker::Domain": (
        "aws_sagemaker_domain",
        {"app_network_access_type": "AppNetworkAccessType", "kms_key_id": "KmsKeyId", "tags": "Tags"},
    ),
    "AWS::SageMaker::EndpointConfig": (
        "aws_sagemaker_endpoint_configuration",
        {
            "kms_key_arn": "KmsKeyId",
            "data_capture_config": Each("DataCaptureConfig", {"enable_capture": Or("EnableCapture", False)}),
            "production_variants": Each(
                "ProductionVariants",
                {
                    "model_name": "ModelName",
                    "serverless_config": Each("ServerlessConfig", {"memory_size_in_mb": "MemorySizeInMB"}),
                },
            ),
            "tags": "Tags",
        },
    ),
    "AWS::SageMaker::FeatureGroup": (
        "aws_sagemaker_feature_group",
        {
            "online_store_config": Each(
                "OnlineStoreConfig",
                {
                    "enable_online_store": "EnableOnlineStore",
                    "security_config": Each("SecurityConfig", {"kms_key_id": "KmsKeyId"}),
                },
            ),
            "offline_store_config": Each(
                "OfflineStoreConfig",
                {"s3_storage_config": Each("S3StorageConfig", {"kms_key_id": "KmsKeyId"})},
            ),
            "tags": "Tags",
        },
    ),
    "AWS::SageMaker::Model": (
        "aws_sagemaker_model",
        {"name": "ModelName", "enable_network_isolation": "EnableNetworkIsolation", "tags": "Tags"},
    ),
    "AWS::SageMaker::ModelBiasJobDefinition": _monitor("ModelBiasJobOutputConfig"),
    "AWS::SageMaker::ModelExplainabilityJobDefinition": _monitor("ModelExplainabilityJobOutputConfig"),
    "AWS::SageMaker::ModelQualityJobDefinition": _monitor("ModelQualityJobOutputConfig"),
    "AWS::SageMaker::NotebookInstance": (
        "aws_sagemaker_notebook_instance",
        {
            "direct_internet_access": "DirectInternetAccess",
            "root_access": "RootAccess",
            "kms_key_id": "KmsKeyId",
            "subnet_id": "SubnetId",
            "instance_metadata_service_configuration": Each(
                "InstanceMetadataServiceConfiguration",
                {"minimum_instance_metadata_service_version": "MinimumInstanceMetadataServiceVersion"},
            ),
            "tags": "Tags",
        },
    ),
}
"""As `SHAPES`, of which it is a part."""
