"""What the widely used AWS-managed policies allow, as facts: their statements are in no source that is scanned.

Read with `policy_reach` from the policies' own documents as of February 2025. AWS adds to them and hardly ever takes
away, so what is broad here stays broad; a policy that isn't listed is unknown.
See: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from collections.abc import Mapping

from msgspec import Struct


class Reach(Struct, frozen=True, kw_only=True):
    """How far a policy reaches; the same facts as those of a grant."""

    whole: tuple[str, ...] = ()
    """Services of which every action is allowed on every resource; `*`: all, or all but a few."""
    passes_any_role: bool = False
    self_escalating: bool = False
    reads_all_data: bool = False


def reach(name: str) -> Reach | None:
    """What the policy of a name allows; None where it isn't known here."""
    return _NARROW if name in _NARROW_NAMES else _BROAD.get(name)


_NARROW = Reach()
_BROAD: Mapping[str, Reach] = {
    "AWSBackupServiceRolePolicyForRestores": Reach(reads_all_data=True),
    "AWSBatchFullAccess": Reach(whole=("batch",)),
    "AWSCertificateManagerFullAccess": Reach(whole=("acm",)),
    "AWSCloudFormationFullAccess": Reach(whole=("cloudformation",)),
    "AWSCloudTrail_FullAccess": Reach(whole=("cloudtrail",)),
    "AWSCodeDeployRoleForECS": Reach(reads_all_data=True),
    "AWSGlueConsoleFullAccess": Reach(whole=("glue",)),
    "AWSGlueServiceRole": Reach(whole=("glue",)),
    "AWSLakeFormationDataAdmin": Reach(whole=("lakeformation",)),
    "AWSLambdaExecute": Reach(whole=("logs",), reads_all_data=True),
    "AWSLambda_FullAccess": Reach(whole=("lambda",)),
    "AWSOrganizationsFullAccess": Reach(whole=("organizations",)),
    "AWSSecurityHubFullAccess": Reach(whole=("securityhub",)),
    "AWSStepFunctionsFullAccess": Reach(whole=("states",)),
    "AWSSupportAccess": Reach(whole=("support",)),
    "AdministratorAccess": Reach(whole=("*",), passes_any_role=True, self_escalating=True, reads_all_data=True),
    "AdministratorAccess-AWSElasticBeanstalk": Reach(whole=("elasticbeanstalk",)),
    "AdministratorAccess-Amplify": Reach(
        whole=("amplify", "amplifybackend", "amplifyuibuilder", "mobiletargeting", "geo"),
        passes_any_role=True,
        self_escalating=True,
        reads_all_data=True,
    ),
    "AmazonAPIGatewayAdministrator": Reach(whole=("apigateway",)),
    "AmazonAthenaFullAccess": Reach(whole=("athena",)),
    "AmazonBedrockFullAccess": Reach(whole=("bedrock",)),
    "AmazonDynamoDBFullAccess": Reach(whole=("dynamodb", "dax"), reads_all_data=True),
    "AmazonDynamoDBReadOnlyAccess": Reach(reads_all_data=True),
    "AmazonEC2ContainerRegistryFullAccess": Reach(whole=("ecr",)),
    "AmazonEC2FullAccess": Reach(whole=("ec2", "elasticloadbalancing", "cloudwatch", "autoscaling")),
    "AmazonEC2RoleforSSM": Reach(reads_all_data=True),
    "AmazonECS_FullAccess": Reach(whole=("ecs",)),
    "AmazonElastiCacheFullAccess": Reach(whole=("elasticache",)),
    "AmazonElasticMapReduceFullAccess": Reach(
        whole=("cloudwatch", "elasticmapreduce", "s3", "sdb"), passes_any_role=True, reads_all_data=True
    ),
    "AmazonElasticMapReduceRole": Reach(passes_any_role=True, reads_all_data=True),
    "AmazonElasticMapReduceforEC2Role": Reach(
        whole=("cloudwatch", "dynamodb", "s3", "sdb", "sns", "sqs"), reads_all_data=True
    ),
    "AmazonEventBridgeFullAccess": Reach(whole=("events", "schemas", "scheduler", "pipes")),
    "AmazonGuardDutyFullAccess": Reach(whole=("guardduty",)),
    "AmazonKendraFullAccess": Reach(whole=("kendra",)),
    "AmazonKinesisFullAccess": Reach(whole=("kinesis",)),
    "AmazonMSKFullAccess": Reach(whole=("kafka",)),
    "AmazonOpenSearchServiceFullAccess": Reach(whole=("es",)),
    "AmazonPersonalizeFullAccess": Reach(whole=("personalize",)),
    "AmazonPollyFullAccess": Reach(whole=("polly",)),
    "AmazonPrometheusFullAccess": Reach(whole=("aps",)),
    "AmazonRDSFullAccess": Reach(whole=("rds",)),
    "AmazonRedshiftFullAccess": Reach(whole=("redshift", "redshift-serverless")),
    "AmazonRekognitionFullAccess": Reach(whole=("rekognition",)),
    "AmazonRoute53FullAccess": Reach(whole=("route53", "route53domains")),
    "AmazonS3FullAccess": Reach(whole=("s3", "s3-object-lambda"), reads_all_data=True),
    "AmazonS3ReadOnlyAccess": Reach(reads_all_data=True),
    "AmazonSNSFullAccess": Reach(whole=("sns",)),
    "AmazonSQSFullAccess": Reach(whole=("sqs",)),
    "AmazonSSMFullAccess": Reach(whole=("logs", "ssm", "ec2messages")),
    "AmazonSageMakerFullAccess": Reach(whole=("sagemaker", "sagemaker-geospatial", "groundtruthlabeling")),
    "AmazonTextractFullAccess": Reach(whole=("textract",)),
    "AmazonTranscribeFullAccess": Reach(whole=("transcribe",)),
    "AutoScalingFullAccess": Reach(whole=("autoscaling",)),
    "CloudFrontFullAccess": Reach(whole=("cloudfront", "cloudfront-keyvaluestore")),
    "CloudWatchFullAccess": Reach(whole=("cloudwatch", "logs", "sns")),
    "CloudWatchFullAccessV2": Reach(whole=("application-signals", "cloudwatch", "logs", "rum", "synthetics", "xray")),
    "CloudWatchLogsFullAccess": Reach(whole=("logs",)),
    "ComprehendFullAccess": Reach(whole=("comprehend",)),
    "DataScientist": Reach(
        whole=(
            "autoscaling",
            "cloudwatch",
            "dynamodb",
            "elasticfilesystem",
            "elasticmapreduce",
            "es",
            "firehose",
            "kinesis",
            "machinelearning",
            "sdb",
            "rds",
            "redshift",
            "sagemaker",
        ),
        reads_all_data=True,
    ),
    "DatabaseAdministrator": Reach(whole=("dynamodb", "elasticache", "rds", "redshift"), reads_all_data=True),
    "ElasticLoadBalancingFullAccess": Reach(whole=("elasticloadbalancing",)),
    "IAMFullAccess": Reach(whole=("iam",), passes_any_role=True, self_escalating=True),
    "NetworkAdministrator": Reach(
        whole=("directconnect", "elasticloadbalancing", "route53", "route53domains", "networkmanager")
    ),
    "PowerUserAccess": Reach(whole=("*",), reads_all_data=True),
    "ReadOnlyAccess": Reach(reads_all_data=True),
    "SecretsManagerReadWrite": Reach(whole=("secretsmanager",), reads_all_data=True),
    "SupportUser": Reach(whole=("support",)),
    "SystemAdministrator": Reach(
        whole=(
            "autoscaling",
            "cloudwatch",
            "codedeploy",
            "codepipeline",
            "config",
            "ds",
            "elasticloadbalancing",
            "events",
            "logs",
            "route53",
            "route53domains",
            "ses",
            "sns",
            "sqs",
            "trustedadvisor",
            "s3",
        ),
        reads_all_data=True,
    ),
    "TranslateFullAccess": Reach(whole=("translate",)),
}
_NARROW_NAMES = frozenset(
    {
        "AWSBackupServiceRolePolicyForBackup",
        "AWSBatchServiceRole",
        "AWSCodeBuildDeveloperAccess",
        "AWSCodeDeployRole",
        "AWSCodeDeployRoleForLambda",
        "AWSElasticBeanstalkEnhancedHealth",
        "AWSElasticBeanstalkWebTier",
        "AWSElasticBeanstalkWorkerTier",
        "AWSKeyManagementServicePowerUser",
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaDynamoDBExecutionRole",
        "AWSLambdaKinesisExecutionRole",
        "AWSLambdaMSKExecutionRole",
        "AWSLambdaRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSLambda_ReadOnlyAccess",
        "AWSTransferLoggingAccess",
        "AWSXRayDaemonWriteAccess",
        "AWSXrayWriteOnlyAccess",
        "AWS_ConfigRole",
        "AmazonAPIGatewayInvokeFullAccess",
        "AmazonAPIGatewayPushToCloudWatchLogs",
        "AmazonBedrockReadOnly",
        "AmazonBedrockStudioPermissionsBoundary",
        "AmazonDMSCloudWatchLogsRole",
        "AmazonDMSVPCManagementRole",
        "AmazonEBSCSIDriverPolicy",
        "AmazonEC2ContainerRegistryPowerUser",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEC2ContainerServiceforEC2Role",
        "AmazonEC2ReadOnlyAccess",
        "AmazonECSTaskExecutionRolePolicy",
        "AmazonEFSCSIDriverPolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSFargatePodExecutionRolePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSLocalOutpostClusterPolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEKSServicePolicy",
        "AmazonEKSVPCResourceController",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonEMRServicePolicy_v2",
        "AmazonElasticFileSystemClientFullAccess",
        "AmazonElasticFileSystemFullAccess",
        "AmazonFSxFullAccess",
        "AmazonGrafanaCloudWatchAccess",
        "AmazonPrometheusQueryAccess",
        "AmazonPrometheusRemoteWriteAccess",
        "AmazonRDSDataFullAccess",
        "AmazonRDSEnhancedMonitoringRole",
        "AmazonRDSReadOnlyAccess",
        "AmazonSQSReadOnlyAccess",
        "AmazonSSMManagedInstanceCore",
        "AmazonSSMReadOnlyAccess",
        "AmazonSageMakerCanvasFullAccess",
        "AmazonSageMakerClusterInstanceRolePolicy",
        "AmazonSageMakerFeatureStoreAccess",
        "AmazonSageMakerModelGovernanceUseAccess",
        "AmazonSageMakerModelRegistryFullAccess",
        "AmazonSageMakerPipelinesIntegrations",
        "AmazonSageMakerReadOnly",
        "AmazonVPCFullAccess",
        "AmazonVPCReadOnlyAccess",
        "Billing",
        "CloudWatchAgentAdminPolicy",
        "CloudWatchAgentServerPolicy",
        "CloudWatchLogsReadOnlyAccess",
        "CloudWatchReadOnlyAccess",
        "IAMReadOnlyAccess",
        "SecurityAudit",
        "ViewOnlyAccess",
    }
)
"""Named actions only, or on named resources only, or under a condition."""
