"""Services that watch the account, region by region. That one isn't there is what matters most, and is stated."""

from typing import Any

from assay.detectors.aws.collector import Collector, Detail
from assay.detectors.cloud.arguments import By, Each, Or
from assay.scanner.api import Unknown

_DETECTION = ("service.detection",)
_HIGH = 7
"""From which severity on GuardDuty calls a finding high.
See: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html"""


def _count(found: Any) -> int:
    """Of a list, or of a mapping from a severity to how many there are."""
    return sum(found.values()) if isinstance(found, dict) else len(found)


def _recording(statuses: Any) -> bool:
    return any(one.get("recording") is True for one in statuses)


def _scanned(account: Any) -> list[str] | Unknown:
    """Inspector's names of what is scanned, as its enabler takes them."""
    if "failed" in account:
        return Unknown(reason="inspector2:BatchGetAccountStatus: Inspector could not say it of the account")
    state = account.get("resourceState") or {}
    names = {"ec2": "EC2", "ecr": "ECR", "lambda": "LAMBDA", "lambdaCode": "LAMBDA_CODE"}
    on = ("ENABLED", "ENABLING")
    return [shown for name, shown in names.items() if (state.get(name) or {}).get("status") in on]


COLLECTORS = (
    Collector(
        id="guardduty.detectors",
        call="guardduty:ListDetectors",
        items="DetectorIds[].{Id: @}",
        even_absent=True,
        kinds=_DETECTION,
        type="aws_guardduty_detector",
        details=(
            Detail(call="guardduty:GetDetector", given={"DetectorId": "Id"}, fields=("active", "covers")),
            Detail(
                call="guardduty:GetFindingsStatistics",
                given={"DetectorId": "Id"},
                fixed={
                    "FindingStatisticTypes": ["COUNT_BY_SEVERITY"],
                    "FindingCriteria": {
                        "Criterion": {
                            "severity": {"GreaterThanOrEqual": _HIGH},
                            "service.archived": {"Equals": ["false"]},
                        }
                    },
                },
                keep="FindingStatistics.CountBySeverity",
                fields=("open_findings",),
            ),
        ),
        shape={
            "status": Or("GetDetector.Status", "DISABLED"),
            "feature": Each("GetDetector.Features", {"name": "Name", "status": "Status"}),
            "open_findings": By("GetFindingsStatistics", _count),
        },
        arn="arn:{partition}:guardduty:{region}:{account}:detector/{Id}",
    ),
    Collector(
        id="securityhub.hub",
        call="securityhub:DescribeHub",
        items="[@]",
        absent=("InvalidAccessException: not subscribed", "ResourceNotFoundException"),
        even_absent=True,
        kinds=_DETECTION,
        type="aws_securityhub_account",
        details=(
            Detail(
                call="securityhub:GetEnabledStandards",
                given={},
                keep="StandardsSubscriptions[?StandardsStatus!='DELETING'].StandardsArn",
                fields=("covers",),
            ),
        ),
        shape={
            "status": By("", lambda hub: "ENABLED" if hub.get("HubArn") else "DISABLED"),
            "standards": Or("GetEnabledStandards", []),
        },
        arn="arn:{partition}:securityhub:{region}:{account}:hub/default",
    ),
    Collector(
        id="macie2.session",
        call="macie2:GetMacieSession",
        items="[@]",
        # Macie answers so to whoever may ask, too, while it is off.
        # See: https://docs.aws.amazon.com/macie/latest/APIReference/macie.html
        absent=("AccessDeniedException: Macie is not enabled", "ResourceNotFoundException"),
        even_absent=True,
        kinds=_DETECTION,
        type="aws_macie2_account",
        shape={"status": Or("status", "PAUSED")},
        arn="arn:{partition}:macie2:{region}:{account}:session",
    ),
    Collector(
        id="inspector2.status",
        call="inspector2:BatchGetAccountStatus",
        given={"accountIds": ["{account}"]},
        items="[accounts, failedAccounts[].{failed: @}][]",
        even_absent=True,
        kinds=_DETECTION,
        type="aws_inspector2_enabler",
        shape={"resource_types": By("", _scanned)},
        arn="arn:{partition}:inspector2:{region}:{account}:status",
    ),
    Collector(
        id="accessanalyzer.analyzers",
        call="accessanalyzer:ListAnalyzers",
        items="analyzers[?type=='ACCOUNT' || type=='ORGANIZATION']",
        even_absent=True,
        kinds=_DETECTION,
        type="aws_accessanalyzer_analyzer",
        details=(
            Detail(
                call="accessanalyzer:ListFindings",
                given={"analyzerArn": "arn"},
                fixed={"filter": {"status": {"eq": ["ACTIVE"]}}},
                # Nothing of what they say: only how many there are.
                keep="findings[].status",
                fields=("open_findings",),
            ),
        ),
        shape={
            "type": "type",
            "status": Or("status", "DISABLED"),
            "open_findings": By("ListFindings", _count),
        },
        arn="arn:{partition}:access-analyzer:{region}:{account}:analyzer/{name}",
    ),
    Collector(
        id="config.recorders",
        call="config:DescribeConfigurationRecorders",
        items="ConfigurationRecorders[?recordingScope!='INTERNAL']",
        even_absent=True,
        kinds=_DETECTION,
        type="aws_config_configuration_recorder",
        details=(
            Detail(
                call="config:DescribeConfigurationRecorderStatus",
                given={},
                keep="ConfigurationRecordersStatus[?!servicePrincipal]",
                into="Status",
                fields=("active",),
            ),
        ),
        shape={
            "is_enabled": By("Status", _recording),
            "recording_group": Each(
                "recordingGroup",
                {
                    "all_supported": "allSupported",
                    "include_global_resource_types": "includeGlobalResourceTypes",
                    "recording_strategy": Each("recordingStrategy", {"use_only": "useOnly"}),
                },
            ),
        },
        arn="arn:{partition}:config:{region}:{account}:config-recorder/{name}",
    ),
    Collector(
        id="cloudtrail.coverage",
        call="cloudtrail:DescribeTrails",
        # Those too that were made in another region, or by the organisation.
        given={"includeShadowTrails": True},
        items="[{Trails: trailList[].TrailARN}]",
        kinds=_DETECTION,
        type="aws_cloudtrail_coverage",
        shape={"trails": "Trails"},
        arn="arn:{partition}:cloudtrail:{region}:{account}:trail/",
    ),
)
