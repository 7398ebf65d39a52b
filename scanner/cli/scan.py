"""`assay scan`: look, judge, report."""

import argparse
from collections.abc import Sequence

from assay.scanner.cli import options, output
from assay.scanner.cli.progress import Progress
from assay.scanner.config.settings import load_settings


def run(argv: Sequence[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="assay scan", description="Look at targets, judge them by policy packs, and report."
    )
    parser.add_argument("target", nargs="*", default=["."], metavar="TARGET", help="a folder or file (default: .)")
    options.add_policy(parser)
    options.add_selection(parser)
    options.add_jobs(parser)
    add_reporting(parser)
    args = parser.parse_args(argv)

    from assay.detectors.registry import DETECTORS
    from assay.scanner.engine.bounded import judge_bounded
    from assay.scanner.engine.observe import observe
    from assay.scanner.engine.report import make_report
    from assay.scanner.engine.target import parse_targets

    target = parse_targets(args.target, frozenset(scheme for spec in DETECTORS for scheme in spec.targets))
    folder = options.configuration_folder(args.target)
    settings = load_settings(folder)
    outputs = output.parse_outputs(args.output)
    book = options.load_book(args, settings, folder)
    chosen = options.choose(args.only, args.skip, settings, book, DETECTORS)
    written = [path for _, path in outputs]
    progress = Progress(args.quiet)
    try:
        inventory = observe(target, DETECTORS, chosen.selection, options.jobs(args.jobs, settings), progress, written)
    finally:
        progress.clear()
    findings = judge_bounded(inventory, book, chosen.rules)
    report = make_report(
        inventory,
        findings,
        book,
        options.fail_on(args.fail_on, settings),
        args.allow_incomplete or settings.allow_incomplete,
    )
    for name, path in outputs:
        output.write_report(report, name, path)
    if not args.quiet:
        output.print_report(report, args.format, args.verbose)
    return report.exit_code


def add_reporting(parser: argparse.ArgumentParser) -> None:
    """`--format`, `--output`, `--quiet` and `--verbose`."""
    from assay.reports.registry import FORMATS

    parser.add_argument("--format", choices=tuple(FORMATS), default="text", help="what goes to standard output")
    parser.add_argument(
        "--output", action="append", default=[], metavar="FORMAT=PATH", help="a report into a file; repeatable"
    )
    parser.add_argument("--quiet", action="store_true", help="nothing on standard output; the exit code tells")
    parser.add_argument("--verbose", action="store_true", help="show every finding in full")
