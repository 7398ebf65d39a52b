"""`assay judge`: what a scan says, from a saved inventory; nothing is looked at."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from assay.scanner.cli import options, output
from assay.scanner.cli.scan import add_reporting
from assay.scanner.config.settings import load_settings
from assay.scanner.errors import UsageError


def run(argv: Sequence[str]) -> int:
    """Returns the exit code that the scan would have given."""
    parser = argparse.ArgumentParser(
        prog="assay judge", description="Judge a saved inventory by policy packs, offline."
    )
    parser.add_argument(
        "inventory", metavar="INVENTORY", help="a file made by `assay observe`, or - for standard input"
    )
    options.add_policy(parser)
    options.add_selection(parser)
    add_reporting(parser)
    args = parser.parse_args(argv)

    from assay.detectors.registry import DETECTORS
    from assay.scanner.engine import inventory
    from assay.scanner.engine.bounded import judge_bounded
    from assay.scanner.engine.report import make_report

    settings = load_settings(Path())
    outputs = output.parse_outputs(args.output)
    book = options.load_book(args, settings, Path())
    chosen = options.choose(args.only, args.skip, settings, book, DETECTORS)
    path = Path(args.inventory)
    try:
        if args.inventory == "-":
            seen = inventory.load(sys.stdin.buffer, "standard input")
        else:
            with path.open("rb") as stream:
                seen = inventory.load(stream, args.inventory)
    except OSError as error:
        raise UsageError(f"{args.inventory}: cannot be read: {error.strerror}") from None
    findings = judge_bounded(seen, book, chosen.rules)
    report = make_report(
        seen,
        findings,
        book,
        options.fail_on(args.fail_on, settings),
        args.allow_incomplete or settings.allow_incomplete,
    )
    for name, target in outputs:
        output.write_report(report, name, target)
    if not args.quiet:
        output.print_report(report, args.format, args.verbose)
    return report.exit_code
