"""A large account: a thousand buckets and security groups, five hundred roles and volumes."""

import json

from tests.aws_server.running import Aws

BUCKETS, ROLES, GROUPS, VOLUMES = 1_000, 500, 1_000, 500


def buckets(aws: Aws, count: int) -> None:
    """Some buckets, as they are when nobody sets anything."""
    s3 = aws.client("s3")
    for number in range(count):
        s3.create_bucket(Bucket=f"large-{number}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def accounts(aws: Aws, count: int) -> None:
    """An organisation of so many empty accounts."""
    organizations = aws.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    for number in range(count):
        organizations.create_account(Email=f"{number}@acme.example", AccountName=f"empty-{number}")


def fill(aws: Aws) -> None:
    """Beside what is there already."""
    iam, ec2 = aws.client("iam"), aws.client("ec2")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    buckets(aws, BUCKETS)
    for number in range(ROLES):
        name = f"large-{number}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::large-{number}/*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [reads]})
        iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=policy)
    network = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    for number in range(GROUPS):
        group = ec2.create_security_group(GroupName=f"large-{number}", Description="large", VpcId=network)["GroupId"]
        opening = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opening])
    for number in range(VOLUMES):
        ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1, Encrypted=number % 2 == 0)
