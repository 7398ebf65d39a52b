"""The AWS detector: what live accounts hold, read through their APIs, one part for each profile that was named."""

import gc
import importlib
import os
from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.aws import accounts, organization
from assay.detectors.aws.accounts import NotConnected
from assay.detectors.aws.api import Api, Limits
from assay.detectors.aws.look import DETECTOR, Wanted, failure, look
from assay.detectors.aws.reads.table import needed
from assay.detectors.aws.trouble import Refused
from assay.scanner.api import ROLE, Emit, EngineVerdict, Narrowed, Part, Plan, Remote, Tree
from assay.scanner.safe.text import one_line

ORGANIZATION = "aws-org"
"""The scheme of profiles with whose credentials the accounts of an organisation are listed."""
_PACKAGES = ("botocore.session", "botocore.paginate", "botocore.parsers", "jmespath")
_SECONDS = 6 * 3600.0
_SECONDS_ORGANIZATION = 24 * 3600.0


class AwsDetector:
    """States what the APIs of accounts tell. Reads, and changes nothing."""

    def __init__(self, limits: Limits | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._limits = limits or Limits()
        self._environ = environ

    def plan(self, tree: Tree) -> Plan:
        """A part for each profile, the first of them by the surface's name, with which the others go."""
        remote = tree.remote
        if not remote or not remote.names:
            return Plan(reason="no account was named")
        seconds = _SECONDS_ORGANIZATION if remote.scheme == ORGANIZATION else _SECONDS
        first, *others = dict.fromkeys(remote.names)
        parts = [Part(id=DETECTOR, options={"profile": first}, seconds=seconds)]
        for number, name in enumerate(others, 2):
            shown = one_line(name, 100) or str(number)
            parts.append(Part(id=f"{DETECTOR}:{shown}", of=DETECTOR, options={"profile": name}, seconds=seconds))
        return Plan(parts=tuple(parts))

    def preload(self, parts: Sequence[Part]) -> None:  # noqa: ARG002  # all parts need the same
        """Imports what reads and states."""
        for package in _PACKAGES:
            importlib.import_module(package)
        accounts.loader()
        # What was imported is there to stay; collections needn't look at it again for every account.
        gc.freeze()

    def observe(self, tree: Tree, part: Part, emit: Emit) -> None:
        """Reads the account of one profile, or those of its organisation. What can't be read is in failures, and in the
        facts that rest on it."""
        remote = tree.remote or Remote(names=())
        collectors, left_out = needed(remote.kinds, remote.fields, remote.narrowed.services)
        wanted = Wanted(
            collectors=collectors,
            left_out=left_out,
            regions=remote.narrowed.regions,
            keep=remote.keep,
            part=part.id,
            limits=self._limits,
            environ=self._environ,
        )
        profile = str(part.options["profile"])
        try:
            if remote.scheme == ORGANIZATION:
                _look_at_members(profile, remote.narrowed, wanted, emit)
            else:
                look(accounts.session(profile), wanted, emit)
        except NotConnected as error:
            emit(failure(part.id, str(error)))


def _look_at_members(profile: str, narrowed: Narrowed, wanted: Wanted, emit: Emit) -> None:
    """One account after the other: each keeps all threads busy, and is gone from memory before the next one. Raises
    NotConnected where the accounts can't be listed."""
    first = accounts.session(profile)
    api = Api(first, frozenset((*accounts.FIRST, accounts.MEMBERS)), wanted.limits)
    own, _ = accounts.account_of(first, api, wanted.environ)
    try:
        listed = organization.members(api, own, narrowed.accounts)
    except Refused as refused:
        raise NotConnected(
            f"the accounts of the organisation can't be listed from {own.shown}: {refused.call}: {refused}; name a "
            "profile of its management account or of a delegated administrator, or single accounts as aws:PROFILE"
        ) from None
    for missing in sorted(set(narrowed.accounts).difference(one.id for one in listed)):
        emit(failure(wanted.part, f"account {missing} is not in the organisation of {own.shown}", what=missing))
    for record in _closed(listed):
        emit(record)
    active = [one for one in listed if one.active]
    role = narrowed.role or ROLE
    for number, member in enumerate(active, 1):
        shown = f"account {member.id} ({member.name})"
        try:
            session = (
                first
                if member.id == own.id
                else organization.session_in(member, first, own, role, narrowed.external_id)
            )
            look(session, wanted, emit, member.name, f"{number} of {len(active)}: ")
        except Refused as refused:
            said = organization.refused(refused, role)
            emit(failure(wanted.part, f"{shown}: {said}", what=shown))
        except NotConnected as error:
            emit(failure(wanted.part, f"{shown}: {error}", what=shown))
        except Exception as error:  # noqa: BLE001  # a fault of ours in one account leaves the others to be looked at
            said = f"crashed: {type(error).__name__}; report it, and scan the account by itself as aws:PROFILE"
            emit(failure(wanted.part, f"{shown}: {said}", what=shown))
        # Clients of botocore's hold each other; so do the blocks of what was stated.
        gc.collect()


def _closed(listed: Sequence[organization.Member]) -> Iterator[EngineVerdict]:
    for one in listed:
        if not one.active:
            yield EngineVerdict(
                engine="assay",
                check="account-closed",
                result="unknown",
                resource=f"account {one.id}",
                title="An account of the organisation is closed",
                framework=DETECTOR,
                reason="it is suspended, and nothing in it can be read; its data stays for 90 days",
            )
