"""Which accounts are looked at, and with which credentials."""

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from assay.detectors.aws.api import Account, Api
from assay.detectors.aws.collector import call
from assay.detectors.aws.trouble import Refused
from assay.scanner.safe.text import one_line

CALLER = call("sts:GetCallerIdentity")
REGIONS = call("ec2:DescribeRegions")
ALIASES = call("iam:ListAccountAliases")
FIRST = (CALLER, REGIONS)
"""What is asked before anything else."""
MEMBERS = call("organizations:ListAccounts")
ASSUME = call("sts:AssumeRole")
OF_ORGANIZATION = (MEMBERS, ASSUME)
"""What is asked where the accounts of an organisation are looked at."""
_DEFAULT_REGION = "us-east-1"


class NotConnected(Exception):
    """An account that can't be looked at; says in one line why, and what to do."""


def wrong_use(profiles: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Why a profile can't be looked at, as far as the configuration tells, in one line. Connects to nothing."""
    there = _profiles(environ)
    for profile in profiles:
        name = profile or environ.get("AWS_PROFILE", "")
        if name and name not in there:
            listed = one_line(", ".join(sorted(there)), 300) or "none"
            return f"no profile of AWS is named {one_line(name, 100)!r}; there are: {listed}"
    return None


def _profiles(environ: Mapping[str, str]) -> Collection[str]:
    """The names in the files of credentials and configuration. A file that can't be read has none."""
    import configparser
    from pathlib import Path

    home = environ.get("HOME", "")
    found: set[str] = set()
    for variable, usual in (("AWS_CONFIG_FILE", ".aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(Path(environ.get(variable) or Path(home, usual)).expanduser(), encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in parser.sections():
            kind, _, name = section.rpartition(" ")
            if kind in ("", "profile"):
                found.add(name.strip("\"'"))
    return found


@cache
def loader() -> Any:
    """What all sessions read the descriptions of services with, once."""
    from assay.detectors.aws.descriptions import Descriptions
    from assay.detectors.aws.reads.table import COLLECTORS

    return Descriptions([made for one in COLLECTORS for made in one.calls] + [*FIRST, *OF_ORGANIZATION])


def session(profile: str = "") -> Any:
    """A session of botocore's, which gets credentials by its default chain."""
    import botocore.session

    made = botocore.session.Session(profile=profile or None)
    made.register_component("data_loader", loader())
    # Moments are only compared and shown: as texts they cost a third.
    made.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    return made


def account_of(made: Any, api: Api, environ: Mapping[str, str] = os.environ, name: str = "") -> tuple[Account, str]:
    """The account that a session is in, which the organisation calls by a name, and who asks. Raises NotConnected."""
    home = made.get_config_variable("region") or environ.get("AWS_REGION") or _DEFAULT_REGION
    partition = made.get_partition_for_region(home)
    try:
        (caller,) = api.pages(CALLER, home, {})
    except Refused as refused:
        raise NotConnected(f"{CALLER}: {refused}; {refused.advice}") from None
    return Account(id=str(caller["Account"]), partition=partition, home=home, name=name), str(caller["Arn"])


def regions(account: Account, api: Api, asked: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """The regions to look at, and what is wrong with those that were asked for. Raises Refused."""
    (answer,) = api.pages(REGIONS, account.home, {})
    there = sorted(one["RegionName"] for one in answer["Regions"])
    if not asked:
        return there, []
    off = sorted(set(asked).difference(there))
    said = [f"the region {one_line(name, 40)} is not switched on in it; leave it out of --regions" for name in off]
    return [name for name in there if name in asked], said
