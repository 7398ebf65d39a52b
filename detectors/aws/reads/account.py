"""The account as a whole: its root user, passwords, and when its users' credentials were last used."""

from typing import Any

from assay.detectors.aws.collector import Collector, Detail
from assay.detectors.aws.credential_report import rows
from assay.detectors.cloud.arguments import By, Each, Or


def _any(value: Any) -> bool:
    return bool(value)


def _none(found: Any) -> bool:
    return not found


COLLECTORS = (
    Collector(
        id="iam.password-policy",
        call="iam:GetAccountPasswordPolicy",
        items="[PasswordPolicy]",
        absent=("NoSuchEntity",),
        even_absent=True,
        kinds=("identity.password-policy",),
        type="aws_iam_account_password_policy",
        shape={
            # IAM's own, where the account has none: eight characters, of any three sorts.
            # See: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
            "minimum_password_length": Or("MinimumPasswordLength", 8),
            "require_symbols": "RequireSymbols",
            "require_numbers": "RequireNumbers",
            "require_uppercase_characters": "RequireUppercaseCharacters",
            "require_lowercase_characters": "RequireLowercaseCharacters",
            "password_reuse_prevention": "PasswordReusePrevention",
            "max_password_age": "MaxPasswordAge",
        },
        arn="arn:{partition}:iam::{account}:password-policy",
        once=True,
    ),
    Collector(
        id="iam.account",
        call="iam:GetAccountSummary",
        items="[SummaryMap]",
        kinds=("identity.account",),
        type="aws_account",
        details=(
            Detail(
                call="iam:ListVirtualMFADevices",
                given={},
                fixed={"AssignmentStatus": "Assigned"},
                keep="VirtualMFADevices[?ends_with(User.Arn || '', ':root')"
                " || ends_with(SerialNumber, ':mfa/root-account-mfa-device')].EnableDate",
                fields=("root_hardware_mfa",),
            ),
            Detail(
                call="account:GetAlternateContact",
                given={},
                fixed={"AlternateContactType": "SECURITY"},
                # Not who it is, nor how to reach them.
                keep="AlternateContact.AlternateContactType",
                absent=("ResourceNotFoundException",),
                fields=("security_contact",),
            ),
        ),
        shape={
            "root_password": By("AccountPasswordPresent", _any),
            "root_mfa": By("AccountMFAEnabled", _any),
            "root_hardware_mfa": By("ListVirtualMFADevices", _none),
            "root_access_keys": By("AccountAccessKeysPresent", _any),
            "security_contact": "GetAlternateContact",
        },
        arn="arn:{partition}:iam::{account}:root",
        once=True,
    ),
    Collector(
        id="iam.credential-report",
        call="iam:GetCredentialReport",
        prepare="iam:GenerateCredentialReport",
        prepared="State == 'COMPLETE'",
        read=rows,
        items="Rows",
        kinds=("identity.principal",),
        type="aws_iam_credential_report",
        shape={
            "user": "arn",
            "password": "password",
            "mfa": "mfa",
            "password_unused_days": "password_unused_days",
            "access_key": Each("keys", {"age_days": "age_days", "unused_days": "unused_days"}),
        },
        arn="{arn}#credentials",
        once=True,
    ),
)
