"""What watches, records and protects an AWS account, declared in Terraform and in CloudFormation."""

from pathlib import Path

from assay.detectors.aws.credential_report import rows
from tests.unit.facts_source import expect, from_cloudformation, from_terraform

UNSET = 'variable "unset" {}\n'
UNKNOWN = "? unresolved: var.unset"
DEFAULT = "? not declared: what GuardDuty turns on by itself for a new detector decides"


def test_detection(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_guardduty_detector" "good" {}
resource "aws_guardduty_detector_feature" "buckets" {
  detector_id = aws_guardduty_detector.good.id
  name        = "S3_DATA_EVENTS"
  status      = "ENABLED"
}
resource "aws_guardduty_detector" "bad" { enable = false }
resource "aws_guardduty_detector" "unknown" { enable = var.unset }
resource "aws_securityhub_account" "hub" { enable_default_standards = false }
resource "aws_macie2_account" "paused" { status = "PAUSED" }
resource "aws_inspector2_enabler" "some" {
  account_ids    = ["111122223333"]
  resource_types = ["ECR", "LAMBDA"]
}
resource "aws_accessanalyzer_analyzer" "outside" { analyzer_name = "outside" }
resource "aws_accessanalyzer_analyzer" "unused" {
  analyzer_name = "unused"
  type          = "ACCOUNT_UNUSED_ACCESS"
}
resource "aws_config_configuration_recorder" "good" { name = "good" }
resource "aws_config_configuration_recorder_status" "good" {
  name       = aws_config_configuration_recorder.good.name
  is_enabled = true
}
resource "aws_config_configuration_recorder" "bad" {
  name = "bad"
  recording_group { all_supported = false }
}
""",
    )
    expect(found, "aws_guardduty_detector.good", type="threats", active=True, covers=["object-storage", DEFAULT])
    expect(found, "aws_guardduty_detector.bad", active=False, covers=[], open_findings=None)
    expect(found, "aws_guardduty_detector.unknown", active=UNKNOWN)
    expect(found, "aws_securityhub_account.hub", type="posture", active=True, covers=[])
    expect(found, "aws_macie2_account.paused", type="personal-data", active=False)
    expect(found, "aws_inspector2_enabler.some", type="vulnerabilities", covers=["images", "functions"])
    expect(found, "aws_accessanalyzer_analyzer.outside", type="external-access", active=True)
    assert "aws_accessanalyzer_analyzer.unused" not in found
    expect(found, "aws_config_configuration_recorder.good", type="configuration", active=True, covers=["everything"])
    expect(found, "aws_config_configuration_recorder.bad", active=False, covers=[])


def test_trails_and_their_alarms(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_cloudwatch_log_group" "trail" { name = "trail" }
resource "aws_s3_bucket" "files" { bucket = "files" }
resource "aws_s3_bucket_acl" "files" {
  bucket = aws_s3_bucket.files.id
  acl    = "public-read"
}
resource "aws_cloudtrail" "good" {
  name                       = "good"
  s3_bucket_name             = aws_s3_bucket.files.id
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.trail.arn}:*"
}
resource "aws_cloudwatch_log_metric_filter" "root" {
  name           = "root"
  pattern        = "{ $.userIdentity.type = \\"Root\\" }"
  log_group_name = aws_cloudwatch_log_group.trail.name
  metric_transformation {
    name      = "root"
    namespace = "cis"
    value     = "1"
  }
}
resource "aws_cloudwatch_metric_alarm" "root" {
  alarm_name    = "root"
  metric_name   = "root"
  namespace     = "cis"
  alarm_actions = ["arn:aws:sns:eu-west-1:111122223333:on-call"]
}
resource "aws_cloudwatch_log_metric_filter" "networks" {
  name           = "networks"
  pattern        = "{ ($.eventName = CreateVpc) || ($.eventName = ModifyVpcAttribute) }"
  log_group_name = aws_cloudwatch_log_group.trail.name
  metric_transformation {
    name      = "networks"
    namespace = "cis"
    value     = "1"
  }
}
resource "aws_cloudtrail" "bad" {
  name           = "bad"
  s3_bucket_name = "another-accounts"
}
""",
    )
    expect(found, "aws_cloudtrail.good", watchable=True, bucket_public=True, bucket_access_logged=False)
    good = found["aws_cloudtrail.good"]["alarms"]
    assert [one["event"] for one in good if one["set"]] == ["use-of-root"]
    elsewhere = "? the bucket of its files is not in the same source"
    expect(found, "aws_cloudtrail.bad", watchable=False, bucket_public=elsewhere, bucket_access_logged=elsewhere)
    assert not any(one["set"] for one in found["aws_cloudtrail.bad"]["alarms"])


def test_accounts_and_users(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_iam_account_password_policy" "good" {
  minimum_password_length   = 14
  require_symbols           = true
  password_reuse_prevention = 24
}
resource "aws_iam_user" "machine" { name = "machine" }
resource "aws_iam_user" "person" { name = "person" }
resource "aws_iam_user_login_profile" "person" { user = aws_iam_user.person.name }
resource "aws_iam_access_key" "person" { user = aws_iam_user.person.name }
""",
    )
    policy = "aws_iam_account_password_policy.good"
    expect(found, policy, minimum_length=14, symbols=True, numbers=False, reuse_prevented=24, maximum_age_days=None)
    later = "? not in the source: only a live account knows"
    expect(found, "aws_iam_user.machine", password=False, mfa=False, key_age_days=None, password_unused_days=None)
    expect(found, "aws_iam_user.person", password=True, mfa=later, key_age_days=later, long_lived_keys=True)


def test_copies_and_vaults(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_db_snapshot" "bad" { shared_accounts = ["all"] }
resource "aws_db_snapshot" "good" { shared_accounts = ["111122223333"] }
resource "aws_db_snapshot" "unknown" { shared_accounts = var.unset }
resource "aws_ssm_document" "bad" { permissions = { type = "Share", account_ids = "All" } }
resource "aws_s3_access_point" "good" { bucket = "b" }
resource "aws_s3_access_point" "bad" {
  bucket = "b"
  public_access_block_configuration { block_public_policy = false }
}
resource "aws_backup_vault" "good" { name = "good" }
resource "aws_backup_vault_lock_configuration" "good" { backup_vault_name = aws_backup_vault.good.name }
resource "aws_backup_vault" "bad" { name = "bad" }
resource "aws_backup_vault_policy" "bad" {
  backup_vault_name = aws_backup_vault.bad.name
  policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "backup:*", Resource = "*" }] })
}
""",
    )
    expect(found, "aws_db_snapshot.bad", public=True)
    expect(found, "aws_db_snapshot.good", public=False)
    expect(found, "aws_db_snapshot.unknown", public=UNKNOWN)
    expect(found, "aws_ssm_document.bad", public=True)
    expect(found, "aws_s3_access_point.good", public_access_blocked=True, private_network=False)
    expect(found, "aws_s3_access_point.bad", public_access_blocked=False)
    expect(found, "aws_backup_vault.good", locked=True, public=False)
    expect(found, "aws_backup_vault.bad", locked=False, public=True)


def test_cloudformation(tmp_path: Path) -> None:
    found = from_cloudformation(
        tmp_path,
        """
Resources:
  Detector:
    Type: "AWS::GuardDuty::Detector"
    Properties: {Enable: true, Features: [{Name: RDS_LOGIN_EVENTS, Status: ENABLED}]}
  Hub: {Type: "AWS::SecurityHub::Hub", Properties: {}}
  Macie: {Type: "AWS::Macie::Session", Properties: {Status: PAUSED}}
  Analyzer: {Type: "AWS::AccessAnalyzer::Analyzer", Properties: {Type: ACCOUNT}}
  Recorder: {Type: "AWS::Config::ConfigurationRecorder", Properties: {RecordingGroup: {AllSupported: true}}}
  Vault: {Type: "AWS::Backup::BackupVault", Properties: {BackupVaultName: v, LockConfiguration: {MinRetentionDays: 7}}}
  Point: {Type: "AWS::S3::AccessPoint", Properties: {Bucket: b, VpcConfiguration: {VpcId: vpc-1}}}
""",
    )
    expect(found, "AWS::GuardDuty::Detector.Detector", active=True, covers=["databases", DEFAULT])
    hub = ["aws-foundational-security-best-practices", "cis-aws-foundations-benchmark"]
    expect(found, "AWS::SecurityHub::Hub.Hub", active=True, covers=hub)
    expect(found, "AWS::Macie::Session.Macie", active=False)
    expect(found, "AWS::AccessAnalyzer::Analyzer.Analyzer", active=True)
    expect(found, "AWS::Config::ConfigurationRecorder.Recorder", active=True, covers=["everything"])
    expect(found, "AWS::Backup::BackupVault.Vault", locked=True, kms_key=None)
    expect(found, "AWS::S3::AccessPoint.Point", private_network=True, public_access_blocked=True)


def test_days_of_credentials_are_counted_until_the_report_was_made() -> None:
    header = (
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,"
        "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,"
        "access_key_2_last_rotated,access_key_2_last_used_date"
    )
    root = "<root_account>,arn:r,2020-01-01T00:00:00+00:00,not_supported,N/A,N/A,true,false,N/A,N/A,false,N/A,N/A"
    made, used = "2026-01-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"
    user = f"u,arn:u,{made},true,no_information,{made},false,true,{made},{used},true,{used},N/A"
    idle = f"i,arn:i,{made},false,N/A,N/A,false,false,{made},N/A,false,N/A,N/A"
    content = "\n".join((header, root, user, idle)).encode()
    assert rows({"Content": content, "GeneratedTime": "2026-04-01T00:00:00Z"}) == {
        "Rows": [
            {
                "arn": "arn:u", "password": True, "mfa": False, "password_unused_days": 90,
                "keys": [{"age_days": 90, "unused_days": 31}, {"age_days": 31, "unused_days": 31}],
            },
            {"arn": "arn:i", "password": False, "mfa": False, "password_unused_days": None, "keys": []},
        ]
    }  # fmt: skip
