"""The credential report of an account: a table of its users, as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_ROOT = "<root_account>"


def rows(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer of `GetCredentialReport` as `{"Rows": […]}`: a row a user, days counted until the report was made.

    A row: `arn`, `password`, `mfa`, `password_unused_days` (None: no password), and `keys`, those that are active, with
    `age_days` and `unused_days`. What was never used counts from when it was made.
    See: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

    Raises ValueError where it is none.
    """
    content = answer.get("Content")
    if not isinstance(content, bytes):
        raise ValueError("no report")
    made = _aware(datetime.fromisoformat(str(answer.get("GeneratedTime"))))
    table = csv.DictReader(io.StringIO(content.decode("utf-8")))
    return {"Rows": [_row(one, made) for one in table if one.get("user") != _ROOT]}


def _row(one: Mapping[str, str], made: datetime) -> dict[str, Any]:
    password = _yes(one.get("password_enabled"))
    unused = _days(made, one, "password_last_used", "password_last_changed", "user_creation_time")
    return {
        "arn": one.get("arn"),
        "password": password,
        "mfa": _yes(one.get("mfa_active")),
        "password_unused_days": unused if password else None,
        "keys": list(_keys(one, made)),
    }


def _keys(one: Mapping[str, str], made: datetime) -> Iterator[dict[str, Any]]:
    for number in (1, 2):
        key = f"access_key_{number}"
        if _yes(one.get(f"{key}_active")):
            since = (f"{key}_last_rotated", "user_creation_time")
            yield {
                "age_days": _days(made, one, *since),
                "unused_days": _days(made, one, f"{key}_last_used_date", *since),
            }


def _yes(text: str | None) -> bool:
    return (text or "").lower() == "true"


def _days(made: datetime, one: Mapping[str, str], *columns: str) -> int | None:
    """Whole days from the first of some columns that holds a time; others say `N/A` or `no_information`."""
    for column in columns:
        try:
            then = datetime.fromisoformat(one.get(column) or "")
        except ValueError:
            continue
        return max(0, (made - _aware(then)).days)
    return None


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
