"""`assay aws policy` and `assay aws role`: what lets a scan read an account, and nothing more."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from assay.scanner.cli import options
from assay.scanner.cli.parser import Parser
from assay.scanner.errors import UsageError
from assay.scanner.safe.text import one_line

_PRINCIPAL = re.compile(r"[0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[\w+=,.@/-]{1,600}", re.ASCII)
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
_ASSUME = "sts:AssumeRole"

Planned = Callable[..., Sequence[tuple[str, str, str]]]


def run(argv: Sequence[str]) -> int:
    """Returns 0."""
    parser = Parser(prog="assay aws", description="What concerns live AWS accounts besides scanning them.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    policy = commands.add_parser(
        "policy",
        help="print the least policy that a scan needs",
        description="Print an IAM policy that suffices to scan an account: it allows the reads that the rules need, "
        "of settings and never of data. Where it is too long for one managed policy, several are printed as a list.",
    )
    _add_choice(policy)
    policy.add_argument(
        "--organization", action="store_true", help="for the profile that aws-org: is given: list and assume roles too"
    )
    policy.add_argument("--role", metavar="NAME", help="the role that it is to assume (default: assay)")
    role = commands.add_parser(
        "role",
        help="print a role for the accounts of an organisation",
        description="Print a CloudFormation template of a role with that policy, which one principal may assume. "
        "Roll it out by a stack set, for `assay scan aws-org:PROFILE`.",
    )
    _add_choice(role)
    role.add_argument("--trust", required=True, metavar="PRINCIPAL", help="an account's id, or the ARN of who scans")
    role.add_argument("--role", metavar="NAME", help="the role's name (default: assay)")
    role.add_argument("--external-id", metavar="ID", help="what whoever assumes it has to know")
    args = parser.parse_args(argv)
    sys.stdout.write((_policy if args.command == "policy" else _role)(args))
    return 0


def entry(name: str) -> Any:
    """A function that the registry of detectors names."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pack", action="append", default=[], metavar="ID", help="only what a policy pack needs; repeatable"
    )
    options.add_rules(parser)
    parser.add_argument(
        "--services", action="append", default=[], metavar="NAME,…", help="as of the scan that it is for"
    )
    parser.add_argument("--partition", choices=_PARTITIONS, default=_PARTITIONS[0], help="which AWS (default: aws)")


def _permissions(args: argparse.Namespace, *, of_organization: bool) -> Collection[str]:
    from assay.detectors.registry import AWS_CALLS, DERIVATIONS
    from assay.scanner.config.settings import Settings
    from assay.scanner.config.trust import beside
    from assay.scanner.engine.lineage import Lineage

    kinds: Sequence[str] | None = None
    fields: Mapping[str, Sequence[str]] | None = None
    if args.pack or args.rules:
        lineage = Lineage(options.load_book(args, Settings(), beside([])), DERIVATIONS)
        kinds, fields = lineage.needed(), lineage.fields()
    planned = cast(Planned, entry(AWS_CALLS))
    calls = planned(kinds, fields, options.services(args.services), of_organization=of_organization)
    return {needs for _, _, needs in calls if needs and needs != _ASSUME}


def _policy(args: argparse.Namespace) -> str:
    from assay.detectors.registry import AWS_POLICIES

    made = entry(AWS_POLICIES)(_permissions(args, of_organization=args.organization))
    if args.organization:
        assume = {
            "Sid": "AssayAssumes",
            "Effect": "Allow",
            "Action": _ASSUME,
            "Resource": f"arn:{args.partition}:iam::*:role/{options.role(args.role)}",
        }
        made[-1]["Statement"].append(assume)
    return json.dumps(made[0] if len(made) == 1 else made, indent=2) + "\n"


def _role(args: argparse.Namespace) -> str:
    import yaml

    from assay.detectors.registry import AWS_ROLE

    if not _PRINCIPAL.fullmatch(args.trust):
        raise UsageError(f"--trust {one_line(args.trust, 80)!r}: give an account's id, or an ARN of IAM")
    trusted = f"arn:{args.partition}:iam::{args.trust}:root" if args.trust.isdigit() else args.trust
    permissions = _permissions(args, of_organization=False)
    made = entry(AWS_ROLE)(permissions, options.role(args.role), trusted, options.external_id(args.external_id))
    return str(yaml.safe_dump(made, sort_keys=False, width=120))
