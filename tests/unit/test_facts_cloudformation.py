"""CloudFormation: intrinsic functions, parameters and conditions, and each kind by way of its Terraform twin."""

from pathlib import Path

import pytest

from assay.detectors.iac.facts.cfn_template import TemplateFile
from assay.scanner.model.fact import Unknown
from tests.unit.facts_source import expect, from_cloudformation

HEAD = """
Parameters:
  Unset: {Type: String}
  Encrypt: {Type: String, Default: "true"}
  Stage: {Type: String, Default: prod}
  Kept: {Type: "AWS::SSM::Parameter::Value<String>", Default: /secret/encrypt}
Mappings:
  Stages:
    prod: {encrypted: true}
    dev: {encrypted: false}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Dev: !Not [!Condition Prod]
  Named: !Equals [!Ref Unset, prod]
  Either: !Or [!Condition Prod, !Condition Named]
  Secret: !Equals [!Ref Kept, /secret/encrypt]
Resources:
  Key: {Type: "AWS::KMS::Key", Properties: {EnableKeyRotation: true}}
"""
UNKNOWN = "? unresolved: parameter Unset"


@pytest.mark.parametrize(
    ("value", "encrypted"),
    [
        ("true", True),
        ('"true"', True),
        ("!Ref Encrypt", True),
        ("!If [Prod, true, false]", True),
        ("!If [Dev, true, false]", False),
        ("!If [Either, true, false]", True),
        ("!FindInMap [Stages, !Ref Stage, encrypted]", True),
        ("!Select [1, !Split [',', 'false,true']]", True),
        ("!Ref AWS::NoValue", False),
        ("!Ref Unset", UNKNOWN),
        ("!Ref Kept", "? unresolved: parameter Kept"),
        ("!If [Named, true, false]", UNKNOWN),
        ("!If [Secret, true, false]", "? unresolved: parameter Kept"),
        ("!If [Missing, true, false]", "? unresolved: the condition Missing"),
        ("!ImportValue shared", "? unresolved: Fn::ImportValue shared"),
        ('!Sub "${Encrypt}"', True),
        ('!Sub "${Unset}"', UNKNOWN),
        ("!GetAtt Key.Arn", "? unresolved: Key.Arn"),
        ("!Join ['', [tr, ue]]", True),
    ],
)
def test_values(tmp_path: Path, value: str, encrypted: object) -> None:
    volume = f'  Vol: {{Type: "AWS::EC2::Volume", Properties: {{Encrypted: {value}}}}}\n'
    expect(from_cloudformation(tmp_path, HEAD + volume), "AWS::EC2::Volume.Vol", encrypted_at_rest=encrypted)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("!Ref Key", "Key"),
        ("!GetAtt Key.Arn", "Key.Arn"),
        ("alias/aws/ebs", None),
        ("!ImportValue key", "? unresolved: Fn::ImportValue key"),
        ("!Ref Unset", UNKNOWN),
        ('!Sub "arn:aws:kms:${AWS::Region}:1:key/x"', "arn:aws:kms:${AWS::Region}:1:key/x"),
    ],
)
def test_keys(tmp_path: Path, value: str, key: object) -> None:
    volume = f'  Vol: {{Type: "AWS::EC2::Volume", Properties: {{KmsKeyId: {value}}}}}\n'
    expect(from_cloudformation(tmp_path, HEAD + volume), "AWS::EC2::Volume.Vol", kms_key=key)


def test_resource_that_a_condition_leaves_out_is_not_stated(tmp_path: Path) -> None:
    volumes = "".join(
        f'  {name}: {{Type: "AWS::EC2::Volume", Condition: {name}, Properties: {{Size: 1}}}}\n'
        for name in ("Prod", "Dev", "Named")
    )
    found = from_cloudformation(tmp_path, HEAD + volumes)
    assert sorted(address for address in found if "Volume" in address) == [
        "AWS::EC2::Volume.Named",
        "AWS::EC2::Volume.Prod",
    ]


def test_conditions_in_a_circle_are_unknown() -> None:
    template = TemplateFile({"Conditions": {"A": {"Fn::Not": [{"Condition": "A"}]}}}, {})
    assert template.holds("A") == Unknown(reason="unresolved: the condition A")


def test_bucket_with_its_policy(tmp_path: Path) -> None:
    found = from_cloudformation(
        tmp_path,
        HEAD
        + """
  Bare: {Type: "AWS::S3::Bucket"}
  Open:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: PublicReadWrite
      Tags: [{Key: owner, Value: !Ref Unset}]
  Good:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms", KMSMasterKeyID: !GetAtt Key.Arn}
      PublicAccessBlockConfiguration:
        {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
      VersioningConfiguration: {Status: Enabled}
      LoggingConfiguration: {LogFilePrefix: x}
      ObjectLockEnabled: true
      LifecycleConfiguration:
        Rules: [{Status: Enabled, ExpirationInDays: 30}, {Status: Enabled, ExpirationInDays: 1, Prefix: tmp/}]
  GoodPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Good
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: s3:*
            Resource: [!GetAtt Good.Arn, !Sub "${Good.Arn}/*"]
            Condition: {Bool: {"aws:SecureTransport": "false"}}
""",
    )
    expect(
        found, "AWS::S3::Bucket.Bare", encryption_declared=False, versioned=False, public_access_block_declared=False
    )
    expect(found, "AWS::S3::Bucket.Open", public_read=True, public_write=True, tags={"owner": UNKNOWN})
    good = {"encryption_declared": True, "kms_key": "Key.Arn", "public_access_blocked": True, "versioned": True}
    expect(found, "AWS::S3::Bucket.Good", **good, access_logged=True, retention_days=30, tls_required=True)
    unsaid = "? object lock is on without a default retention: each upload decides for itself"
    expect(found, "AWS::S3::Bucket.Good", public_read=False, object_lock=unsaid)


def test_databases_networks_and_identities(tmp_path: Path) -> None:
    found = from_cloudformation(
        tmp_path,
        HEAD
        + """
  Bad:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres, PubliclyAccessible: true, BackupRetentionPeriod: 0}
  Silent:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres, DBParameterGroupName: !Ref Group}
  Group:
    Type: AWS::RDS::DBParameterGroup
    Properties: {Parameters: {rds.force_ssl: 1}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}}
  Wall:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0, Description: ssh}]
  Hole:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !GetAtt Wall.GroupId, IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: !Ref Unset}
  Net: {Type: "AWS::EC2::VPC"}
  Flow: {Type: "AWS::EC2::FlowLog", Properties: {ResourceId: !Ref Net}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: sagemaker.amazonaws.com}, Action: "sts:AssumeRole"}]
      ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"]
      Policies: [{PolicyDocument: {Statement: [{Effect: Allow, Action: "s3:*", Resource: !Ref Unset}]}}]
  User: {Type: "AWS::IAM::User"}
  UserKey: {Type: "AWS::IAM::AccessKey", Properties: {UserName: !Ref User}}
""",
    )
    bad = {"encrypted_at_rest": False, "public": True, "backup_days": 0}
    expect(found, "AWS::RDS::DBInstance.Bad", **bad, point_in_time_recovery=False)
    silent = {"public": "? not declared: the subnets and the VPC decide", "backup_days": 1, "transit_encrypted": True}
    expect(found, "AWS::RDS::DBInstance.Silent", **silent)
    expect(found, "AWS::DynamoDB::Table.Table", point_in_time_recovery=True, kms_key=None)
    shown = {"direction": "ingress", "protocol": "tcp"}
    openings = [
        {**shown, "from_port": 22, "to_port": 22, "cidrs": ["0.0.0.0/0"], "described": True},
        {
            "direction": "egress",
            "protocol": "all",
            "from_port": 0,
            "to_port": 65535,
            "cidrs": ["0.0.0.0/0"],
            "described": False,
        },
        {**shown, "from_port": 80, "to_port": 80, "cidrs": [UNKNOWN], "described": False},
    ]
    expect(found, "AWS::EC2::SecurityGroup.Wall", openings=openings)
    expect(found, "AWS::EC2::VPC.Net", flow_logged=True)
    expect(found, "AWS::IAM::Role.Role", assumable_by=["sagemaker.amazonaws.com"], assumable_by_anyone=False)
    inline = {"actions": ["s3:*"], "resources": UNKNOWN, "conditional": False}
    everything = {"actions": ["*"], "resources": ["*"], "conditional": False}
    expect(found, "AWS::IAM::Role.Role identity.grant", administrator=True, statements=[inline, everything])
    expect(found, "AWS::IAM::User.User", long_lived_keys=True)


def test_machine_learning_and_services(tmp_path: Path) -> None:
    found = from_cloudformation(
        tmp_path,
        HEAD
        + """
  Book: {Type: "AWS::SageMaker::NotebookInstance", Properties: {RootAccess: Disabled}}
  Home: {Type: "AWS::SageMaker::Domain", Properties: {AppNetworkAccessType: VpcOnly, KmsKeyId: !Ref Key}}
  Model: {Type: "AWS::SageMaker::Model", Properties: {EnableNetworkIsolation: true}}
  Serve:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      KmsKeyId: !Ref Key
      ProductionVariants: [{ModelName: !GetAtt Model.ModelName}]
      DataCaptureConfig: {EnableCapture: true}
  Store:
    Type: AWS::SageMaker::FeatureGroup
    Properties: {OfflineStoreConfig: {S3StorageConfig: {KmsKeyId: !Ref Key}}}
  Bias:
    Type: AWS::SageMaker::ModelBiasJobDefinition
    Properties:
      NetworkConfig: {EnableNetworkIsolation: true}
      ModelBiasJobOutputConfig: {KmsKeyId: !Ref Key}
  Cluster:
    Type: AWS::EKS::Cluster
    Properties:
      ResourcesVpcConfig: {EndpointPublicAccess: true, PublicAccessCidrs: [203.0.113.0/24]}
      Logging: {ClusterLogging: {EnabledTypes: [{Type: audit}]}}
      EncryptionConfig: [{Resources: [secrets], Provider: {KeyArn: !GetAtt Key.Arn}}]
  Images:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: IMMUTABLE
      RepositoryPolicyText: {Statement: [{Effect: Allow, Principal: "*", Action: "ecr:*"}]}
  Logs: {Type: "AWS::Logs::LogGroup", Properties: {RetentionInDays: 30}}
  Trail:
    Type: AWS::CloudTrail::Trail
    Properties: {IsMultiRegionTrail: true, EventSelectors: [{DataResources: [{Type: "AWS::S3::Object"}]}]}
  Shared: {Type: "AWS::EFS::FileSystem", Properties: {Encrypted: true, BackupPolicy: {Status: ENABLED}}}
""",
    )
    expect(found, "AWS::SageMaker::NotebookInstance.Book", root_access=False, public=True, kms_key=None)
    expect(found, "AWS::SageMaker::Domain.Home", public=False, kms_key="Key")
    expect(found, "AWS::SageMaker::EndpointConfig.Serve", network_isolated=True, captures_data=True, kms_key="Key")
    expect(found, "AWS::SageMaker::FeatureGroup.Store", kms_key="Key")
    expect(found, "AWS::SageMaker::ModelBiasJobDefinition.Bias", network_isolated=True, output_encrypted=True)
    cluster = {"endpoint_cidrs": ["203.0.113.0/24"], "audit_logged": True, "secrets_encrypted": True}
    expect(found, "AWS::EKS::Cluster.Cluster", **cluster, public_endpoint=True)
    expect(found, "AWS::ECR::Repository.Images", immutable_tags=True, public=True, scanned_on_push=False)
    expect(found, "AWS::Logs::LogGroup.Logs", retention_days=30)
    expect(found, "AWS::CloudTrail::Trail.Trail", multi_region=True, data_events=True, validated=False)
    expect(found, "AWS::EFS::FileSystem.Shared", encrypted_at_rest=True, backed_up=True, transit_encrypted=False)


def test_groups_are_granted_what_they_declare(tmp_path: Path) -> None:
    found = from_cloudformation(
        tmp_path,
        """
Resources:
  Wide:
    Type: AWS::IAM::Group
    Properties:
      Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}}]
  Managed:
    Type: AWS::IAM::Group
    Properties: {ManagedPolicyArns: ["arn:aws:iam::aws:policy/IAMFullAccess"]}
  Empty: {Type: "AWS::IAM::Group", Properties: {GroupName: empty}}
""",
    )
    assert set(found) == {"AWS::IAM::Group.Wide", "AWS::IAM::Group.Managed"}
    expect(found, "AWS::IAM::Group.Wide", kind="identity.grant", administrator=True)
    expect(found, "AWS::IAM::Group.Managed", administrator=False, self_escalating=True, whole_services=["iam"])
