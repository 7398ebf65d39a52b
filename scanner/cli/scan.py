"""`assay scan`: look, judge, report."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack

from assay.scanner.cli import output
from assay.scanner.cli.parser import Parser
from assay.scanner.cli.progress import Progress


def run(argv: Sequence[str]) -> int:
    """Returns the exit code."""
    from assay.scanner.cli import looking

    parser = Parser(prog="assay scan", description="Look at targets, judge them by policy packs, and report.")
    looking.add_looking(parser)
    output.add_reporting(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="of accounts, print the calls and permissions; look at nothing"
    )
    args = parser.parse_intermixed_args(argv)
    if args.dry_run:
        from assay.scanner.cli import dry_run

        sys.stdout.write(dry_run.shown(args))
        return 0
    outputs = output.parse_outputs(args.output)
    with ExitStack() as stack:
        report = looking.look_and_assess(args, [path for _, path in outputs], Progress(args.quiet), stack)
    output.tell(report, outputs, args)
    return report.exit_code
