"""`assay scan --dry-run`: the calls that a scan of live accounts would make, and the permissions that they need."""

import argparse
import json
from collections.abc import Iterator, Sequence

from assay.detectors.registry import AWS_CALLS, DETECTORS
from assay.scanner.cli import looking, options
from assay.scanner.cli.aws import entry
from assay.scanner.config.settings import load_settings
from assay.scanner.config.trust import beside
from assay.scanner.engine.target import Target
from assay.scanner.errors import UsageError

_AWS, _ORGANIZATION = "aws", "aws-org"


def shown(args: argparse.Namespace) -> str:
    """As text, or as JSON with `--format json`. Connects to nothing."""
    target = options.targets(args, DETECTORS)
    calls = _calls(args, target)
    permissions = sorted({needs for _, _, needs in calls if needs})
    if args.format == "json":
        rows = [{"call": call, "often": often, "permission": needs or None} for call, often, needs in calls]
        return json.dumps({"calls": rows, "permissions": permissions}, indent=2) + "\n"
    return "".join(f"{line}\n" for line in _lines(calls, len(permissions)))


def _calls(args: argparse.Namespace, target: Target) -> Sequence[tuple[str, str, str]]:
    if target.schemes.isdisjoint({_AWS, _ORGANIZATION}):
        raise UsageError("--dry-run is for accounts; name one as aws:PROFILE, or leave the option out")
    place = beside(target.paths)
    settings = load_settings(place.folder)
    book = options.load_book(args, settings, place)
    chosen = looking.narrowed_to_rules(options.choose(args.only, args.skip, settings, book, DETECTORS), book)
    return list(
        entry(AWS_CALLS)(
            chosen.selection.kinds,
            chosen.selection.fields,
            target.narrowed.services,
            of_organization=_ORGANIZATION in target.schemes,
        )
    )


def _lines(calls: Sequence[tuple[str, str, str]], permissions: int) -> Iterator[str]:
    yield f"{len(calls)} calls would be made to each account, and no others; all of them read:"
    yield ""
    names = max(len(call) for call, _, _ in calls)
    often = max(len(text) for _, text, _ in calls)
    for call, how, needs in calls:
        yield f"  {call:<{names}}  {how:<{often}}  {needs or '(no permission)'}"
    yield ""
    same = "with the same --pack and --services"
    yield f"They need {permissions} permissions; `assay aws policy`, {same}, prints a policy."
