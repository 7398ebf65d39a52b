"""`assay cluster role`: the ClusterRole that a scan of a live cluster needs, and nothing more."""

import argparse
import re
import sys
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import Any, cast

from assay.scanner.cli import options
from assay.scanner.cli.parser import Parser
from assay.scanner.errors import UsageError
from assay.scanner.safe.text import one_line

_NAME = re.compile(r"[a-z0-9]([a-z0-9:.-]{0,250}[a-z0-9])?")
"""Narrower than what Kubernetes allows of a role."""
_SUBJECT = re.compile(r"(?:(user|group):(.+)|serviceaccount:([a-z0-9-]+)/([a-z0-9.-]+))", re.DOTALL)

_SECRETS = "secrets"
_WARNING = """\
# To Kubernetes, listing Secrets is reading them: whoever holds this role can get the value of every Secret. Assay asks
# for names and labels alone, but nothing holds others who have its credentials to that. Bind the role to an identity
# that is used for nothing else, or leave Secrets out by --without-secrets.
"""

Documents = Callable[
    [Collection[str] | None, Sequence[str], str, tuple[str, ...] | None, Collection[str]], Sequence[dict[str, Any]]
]


def run(argv: Sequence[str]) -> int:
    """Returns 0."""
    parser = Parser(prog="assay cluster", description="What concerns live clusters besides scanning them.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    role = commands.add_parser(
        "role",
        help="print the least role that a scan needs",
        description="Print a ClusterRole that suffices to scan a cluster: it allows lists of what is judged, and "
        "nothing else. Whoever may list Secrets may read their values; Assay itself asks for names and labels alone. "
        "Pipe it to `kubectl apply -f -`.",
    )
    _add_role(role)
    args = parser.parse_args(argv)
    sys.stdout.write(_role(args))
    return 0


def _add_role(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="assay", help="the role's name (default: assay)")
    parser.add_argument(
        "--kinds", action="append", default=[], metavar="KIND,…", help="what is to be judged (default: everything)"
    )
    parser.add_argument(
        "--pack", action="append", default=[], metavar="ID", help="only what a policy pack needs; repeatable"
    )
    options.add_rules(parser)
    parser.add_argument(
        "--namespaces", action="append", default=[], metavar="NAME,…", help="as of the scan that it is for"
    )
    parser.add_argument(
        "--binding",
        metavar="SUBJECT",
        help="bind it as well, to user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME",
    )
    parser.add_argument(
        "--without-secrets",
        action="store_true",
        help="don't let it list Secrets; what hangs on them is then unknown, and the scan is incomplete (exit 3)",
    )


def _role(args: argparse.Namespace) -> str:
    import yaml

    from assay.detectors.registry import CLUSTER_ROLE

    if not _NAME.fullmatch(args.name):
        raise UsageError(
            f"--name {one_line(args.name, 80)!r}: use lower-case letters, digits, hyphens, dots and colons"
        )
    module, _, function = CLUSTER_ROLE.partition(":")
    documents = cast(Documents, getattr(import_module(module), function))
    left_out = (_SECRETS,) if args.without_secrets else ()
    made = documents(_kinds(args), options.namespaces(args.namespaces), args.name, _subject(args.binding), left_out)
    if not made:
        raise UsageError("nothing of what was chosen is read from a cluster; `assay rules` lists the rules")
    lists_secrets = any(_SECRETS in rule["resources"] for one in made for rule in one.get("rules", ()))
    return (_WARNING if lists_secrets else "") + str(yaml.safe_dump_all(made, sort_keys=False))


def _kinds(args: argparse.Namespace) -> Collection[str] | None:
    from assay.detectors.registry import DERIVATIONS, DETECTORS
    from assay.scanner.engine.lineage import Lineage, sources

    named = {name.strip() for text in args.kinds for name in text.split(",") if name.strip()}
    there = {kind for spec in DETECTORS if "kube" in spec.targets for kinds in spec.surfaces.values() for kind in kinds}
    if wrong := sorted(named - there):
        raise UsageError(f"--kinds {one_line(wrong[0], 80)}: clusters have {', '.join(sorted(there))}")
    needed = sources(named, DERIVATIONS)
    if not args.pack and not args.rules:
        return needed or None
    from assay.scanner.config.settings import Settings
    from assay.scanner.config.trust import beside

    book = options.load_book(args, Settings(), beside([]))
    return needed | set(Lineage(book, DERIVATIONS).needed())


def _subject(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    found = _SUBJECT.fullmatch(text)
    if found is None or not text.isprintable():
        shown = one_line(text, 80)
        raise UsageError(f"--binding {shown!r}: give user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME")
    if found[3]:
        return "ServiceAccount", found[3], found[4]
    return found[1].capitalize(), found[2]
