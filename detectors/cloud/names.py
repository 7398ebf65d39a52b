"""How clouds' identities are written where several parts of a scan speak of them."""

import fnmatch
import re

from msgspec import Struct

from assay.scanner.api import Location

ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?:[^/:]+/)*(?P<name>[^/:]+)")
"""The ARN of a role."""
ROOT = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):root")
"""An account of AWS, as a trust policy names it."""
SERVICE_ACCOUNT = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9-]*)@(?:(?P<project>[a-z0-9][a-z0-9-]*)(?:\.[a-z0-9.-]+)?\.iam"
    r"|[a-z0-9.-]+)\.gserviceaccount\.com"
)
"""A service account of Google's: a machine's identity, though it looks like a person's address."""
OWN_ACCOUNT = "root"
PODS = "pods.eks.amazonaws.com"
"""The service that hands out EKS Pod Identity's credentials."""
_SUBJECT = "system:serviceaccount:"
_MOST_CHARACTERS = 700
"""A namespace has 63, and a service account 253; both may be patterns."""


class Named(Struct, frozen=True):
    """An identity as a cloud names it."""

    provider: str
    account: str | None
    """The account or project; None: not stated."""
    identifier: str


def cited(address: str, location: Location | None) -> str:
    """A resource and its place, which tells those of one address apart."""
    if location is None:
        return address
    line = f":{location.start_line}" if location.start_line else ""
    return f"{address} ({location.path}{line})"


def named(text: str) -> Named | None:
    """From a role's ARN, `role/name`, or a service account's address; None: it is none of these."""
    if role := ROLE.fullmatch(text):
        return Named("aws", role["account"], role["name"])
    if text.startswith("role/"):
        return Named("aws", None, text.rpartition("/")[2])
    if account := SERVICE_ACCOUNT.fullmatch(text):
        return Named("gcp", account["project"], account["name"])
    return None


def subject_of_claim(claim: str) -> str | None:
    """`system:serviceaccount:ml:train` → `ml:train`, of patterns too; None: it is no pod's, or none that is read."""
    if len(claim) > _MOST_CHARACTERS:
        return None
    if claim.startswith(_SUBJECT):
        return claim.removeprefix(_SUBJECT)
    head = claim.partition("*")[0]
    return "*" if "*" in claim and _SUBJECT.startswith(head) else None


def matches(pattern: str, text: str) -> bool:
    """As AWS matches texts: `*` is anything, `?` one character, and nothing else is special."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
