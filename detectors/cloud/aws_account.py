"""Facts of an AWS account as a whole: its root user and what passwords have to be like."""

from collections.abc import Mapping

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import all_of, boolean, integer, present
from assay.scanner.api import Fact, Known


def password_policy(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_iam_account_password_policy`. A live account without one gives IAM's own as arguments."""
    age = integer(block.get("max_password_age"), 0)
    return {
        "provider": Known(value="aws"),
        # See: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
        "minimum_length": integer(block.get("minimum_password_length"), 6),
        "symbols": boolean(block.get("require_symbols"), False),
        "numbers": boolean(block.get("require_numbers"), False),
        "uppercase": boolean(block.get("require_uppercase_characters"), False),
        "lowercase": boolean(block.get("require_lowercase_characters"), False),
        "reuse_prevented": integer(block.get("password_reuse_prevention"), 0),
        "maximum_age_days": Known(value=None) if age == Known(value=0) else age,
    }


def account(block: Block, _world: World) -> Mapping[str, Fact]:
    """What a live account tells of itself; no infrastructure code declares it."""
    second = boolean(block.get("root_mfa"), False)
    return {
        "provider": Known(value="aws"),
        # There is one, unless it was taken away.
        # See: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
        "root_password": boolean(block.get("root_password"), True),
        "root_mfa": second,
        "root_hardware_mfa": all_of([second, boolean(block.get("root_hardware_mfa"), False)]),
        "root_access_keys": boolean(block.get("root_access_keys"), False),
        "security_contact": present(block.get("security_contact")),
    }
