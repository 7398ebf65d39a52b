"""Answers in moto's place to what watches and records an account, in the shapes of AWS's documentation."""

import json

_KEPT = {"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
LACKING = {
    "POST /detector/*/findings/statistics": '{"findingStatistics": {"countBySeverity": {"7.5": 1, "8.0": 2}}}',
    "POST /standards/get": '{"StandardsSubscriptions": [{"StandardsStatus": "READY", "StandardsArn":'
    ' "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"}]}',
    "GET /analyzer": '{"analyzers": [{"arn": "arn:aws:access-analyzer:eu-west-1:123456789012:analyzer/outside",'
    ' "name": "outside", "type": "ACCOUNT", "status": "ACTIVE"}, {"name": "unused", "type": "ACCOUNT_UNUSED_ACCESS",'
    ' "arn": "arn:aws:access-analyzer:eu-west-1:123456789012:analyzer/unused", "status": "ACTIVE"}]}',
    "GetSnapshotBlockPublicAccessState": "<GetSnapshotBlockPublicAccessStateResponse><state>block-all-sharing</state>"
    "</GetSnapshotBlockPublicAccessStateResponse>",
    "GetImageBlockPublicAccessState": "<GetImageBlockPublicAccessStateResponse><imageBlockPublicAccessState>unblocked"
    "</imageBlockPublicAccessState></GetImageBlockPublicAccessStateResponse>",
    "GET /clusters/*/pod-identity-associations": '{"associations": []}',
    "GET /resources/": '{"Results": []}',
    "GET /backup-vaults/*/access-policy": json.dumps({"Policy": json.dumps({"Statement": [_KEPT]})}),
    "POST /finding": '{"findings": [{"id": "1", "status": "ACTIVE"}, {"id": "2", "status": "ACTIVE"}]}',
}
