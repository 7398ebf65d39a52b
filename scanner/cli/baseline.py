"""`assay baseline`: keeps what is there now, so that later scans tell what is new."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from assay.scanner.cli import output
from assay.scanner.cli.parser import Parser
from assay.scanner.cli.progress import Progress


def run(argv: Sequence[str]) -> int:
    """Returns 0, or 3 where a planned look failed."""
    from assay.scanner.cli import looking, policy

    parser = Parser(
        prog="assay baseline",
        description="Scan, and keep every open finding in a file; `assay scan --baseline FILE` then tells what is new.",
    )
    parser.add_argument("--output", metavar="FILE", default="assay-baseline.json", help="default: %(default)s")
    parser.add_argument("--quiet", action="store_true", help="no progress, and nothing on standard output")
    looking.add_looking(parser)
    args = parser.parse_intermixed_args(argv)
    path = Path(args.output)
    output.check_writable(path)

    from assay.scanner.config.baseline import Baseline, dump
    from assay.scanner.engine import gate
    from assay.scanner.engine.assess import kept_for_baseline

    with ExitStack() as stack:
        report = looking.look_and_assess(args, [path], Progress(args.quiet), stack)
    output.tell_unreached(report.detectors)
    kept = kept_for_baseline(report)
    reached = not any(outcome.unreached for outcome in report.detectors)
    made = Baseline(made=(report.started or "")[:10], revision=policy.revision(args.target), findings=kept)
    output.write_whole(path, (dump(made),))
    if not args.quiet:
        sys.stdout.write(f"{len(kept)} findings kept in {path}\n")
    if gate.exit_code(report.gate, report.complete, args.allow_incomplete, reached) == gate.EXIT_INCOMPLETE:
        sys.stderr.write("assay: something could not be looked at, and is not in the baseline; `assay scan` names it\n")
        return gate.EXIT_INCOMPLETE
    return gate.EXIT_GREEN
