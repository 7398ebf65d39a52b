"""The accounts of an organisation, and sessions in them by a role that each of them has."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.aws import accounts
from assay.detectors.aws.api import Account, Api
from assay.detectors.aws.trouble import Refused, told

SESSION = "assay"
"""The name of the sessions, by which CloudTrail tells them."""


class Member(Struct, frozen=True, kw_only=True):
    """An account of an organisation."""

    id: str
    name: str
    active: bool
    """False: it is being closed, and nothing in it can be read."""


def members(api: Api, account: Account, asked: Collection[str]) -> Sequence[Member]:
    """The organisation's accounts by their ids, or those that were asked for. Raises Refused."""
    found: list[Member] = []
    for page in api.pages(accounts.MEMBERS, account.home, {}):
        found += (
            Member(id=str(one["Id"]), name=str(one.get("Name", "")), active=one.get("Status", "ACTIVE") == "ACTIVE")
            for one in page["Accounts"]
        )
    return sorted((one for one in found if not asked or one.id in asked), key=lambda one: one.id)


class _Given:
    """Gives a session credentials that were got for it."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Any:
        return self._credentials


def session_in(member: Member, first: Any, account: Account, role: str, external_id: str) -> Any:
    """A session in an account, whose credentials are got anew before they run out. Raises Refused.

    `first` is a session in `account`, from which the role is assumed.
    """
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    def client(service: str, **more: Any) -> Any:
        # The endpoint of a region, as the one for all of them may be out of reach from inside a network.
        return first.create_client(service, **{"region_name": account.home, **more})

    fetcher = AssumeRoleCredentialFetcher(
        client,
        first.get_credentials(),
        f"arn:{account.partition}:iam::{member.id}:role/{role}",
        extra_args={"RoleSessionName": SESSION, **({"ExternalId": external_id} if external_id else {})},
    )
    credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, method="assume-role")
    with told(accounts.ASSUME):
        credentials.get_frozen_credentials()
    made = accounts.session(first.profile or "")
    made.register_component("credential_provider", _Given(credentials))
    return made


def refused(error: Refused, role: str) -> str:
    """Why an account can't be looked at, and what to do."""
    if "denied" not in str(error):
        return f"{accounts.ASSUME}: {error}; {error.advice}"
    return (
        f"{accounts.ASSUME}: {error}; the account needs a role {role} that trusts who asks (`assay aws role` makes "
        "one), and --role and --external-id have to be those of its trust policy"
    )
