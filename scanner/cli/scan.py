"""`assay scan`: look, judge, report."""

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
    args = parser.parse_args(argv)
    outputs = output.parse_outputs(args.output)
    with ExitStack() as stack:
        report = looking.look_and_assess(args, [path for _, path in outputs], Progress(args.quiet), stack)
    output.tell(report, outputs, args)
    return report.exit_code
