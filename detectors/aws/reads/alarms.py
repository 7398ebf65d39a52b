"""Filters of logs and the alarms on what they count. What filters look for is read; whom alarms tell is not stated."""

from assay.detectors.aws.collector import Collector
from assay.detectors.cloud.arguments import By, Each, Or

COLLECTORS = (
    Collector(
        id="logs.metric-filters",
        call="logs:DescribeMetricFilters",
        items="metricFilters",
        kinds=("service.trail",),
        type="aws_cloudwatch_log_metric_filter",
        shape={
            "log_group_name": "logGroupName",
            "pattern": "filterPattern",
            "metric_transformation": Each(
                "metricTransformations", {"name": "metricName", "namespace": "metricNamespace"}
            ),
        },
        arn="arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}#{filterName}",
    ),
    Collector(
        id="cloudwatch.alarms",
        call="cloudwatch:DescribeAlarms",
        given={"AlarmTypes": ["MetricAlarm"]},
        items="MetricAlarms[?MetricName]",
        kinds=("service.trail",),
        type="aws_cloudwatch_metric_alarm",
        shape={
            "metric_name": "MetricName",
            "namespace": "Namespace",
            "actions_enabled": Or("ActionsEnabled", True),
            "alarm_actions": By("AlarmActions", lambda actions: ["set"] if actions else []),
        },
        arn="{AlarmArn}",
    ),
)
