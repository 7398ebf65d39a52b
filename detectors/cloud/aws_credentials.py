"""Facts of the passwords, second factors and access keys of AWS users.

A live account tells them in its credential report, a row a user; infrastructure code declares only that they are there.
"""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import any_of, at, boolean, choice, integer
from assay.scanner.api import Fact, Known, Unknown

REPORT = "aws_iam_credential_report"
_NOT_DECLARED = Unknown(reason="not in the source: only a live account knows")
_LATER = Unknown(reason="the account's credential report does not have the user yet: it is made every four hours")

NONE: Mapping[str, Fact] = {
    "long_lived_keys": Known(value=False),
    "password": Known(value=False),
    "mfa": Known(value=False),
    "key_age_days": Known(value=None),
    "key_unused_days": Known(value=None),
    "password_unused_days": Known(value=None),
}
"""Of what has no credentials of its own, such as a role."""


def of_user(block: Block, world: World) -> Mapping[str, Fact]:
    """The credentials of an `aws_iam_user`."""
    if block.get("reported") is not None:
        rows = world.joined(block, REPORT, "user")
        if rows.blocks:
            return _reported(rows.blocks[0])
        return dict.fromkeys(NONE, rows.stray or _LATER)
    keys = world.joined(block, "aws_iam_access_key", "user", name="name")
    active = [at(choice(key.get("status"), "Active", "Active"), key.location) for key in keys.blocks]
    lasting = any_of([*active, *([keys.stray] if keys.stray else [])])
    profiles = world.joined(block, "aws_iam_user_login_profile", "user", name="name")
    password: Fact = profiles.stray or Known(value=False)
    if profiles.blocks:
        password = Known(value=True, origin=profiles.blocks[0].location)
    key_days: Fact = Known(value=None) if lasting == Known(value=False) else _NOT_DECLARED
    return {
        "long_lived_keys": lasting,
        "password": password,
        "mfa": Known(value=False) if password == Known(value=False) else _NOT_DECLARED,
        "key_age_days": key_days,
        "key_unused_days": key_days,
        "password_unused_days": Known(value=None) if password == Known(value=False) else _NOT_DECLARED,
    }


def _reported(row: Block) -> Mapping[str, Fact]:
    keys = row.blocks("access_key")
    return {
        "long_lived_keys": Known(value=bool(keys)),
        "password": boolean(row.get("password"), False),
        "mfa": boolean(row.get("mfa"), False),
        "key_age_days": _longest(keys, "age_days"),
        "key_unused_days": _longest(keys, "unused_days"),
        "password_unused_days": integer(row.get("password_unused_days"), None),
    }


def _longest(keys: list[Block | Unknown], name: str) -> Fact:
    days: list[Any] = []
    for key in keys:
        fact = key if isinstance(key, Unknown) else integer(key.get(name), Unknown(reason="not in the report"))
        if isinstance(fact, Unknown):
            return fact
        days.append(fact.value)
    return Known(value=max(days, default=None))
