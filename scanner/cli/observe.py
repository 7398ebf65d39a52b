"""`assay observe`: look, and keep what was seen, unjudged."""

import sys
from collections.abc import Sequence
from pathlib import Path

from assay.scanner.cli import options, output
from assay.scanner.cli.idle import check_none_idle
from assay.scanner.cli.parser import Parser
from assay.scanner.cli.progress import Progress
from assay.scanner.config.settings import load_settings
from assay.scanner.config.trust import beside


def run(argv: Sequence[str]) -> int:
    """Returns 0, or 3 where a planned look failed."""
    parser = Parser(
        prog="assay observe", description="Look at targets, and save what was seen as an inventory for `assay judge`."
    )
    options.add_targets(parser)
    parser.add_argument("--output", metavar="PATH", help="where to save it (default: standard output)")
    parser.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="exit 0 even where a planned look failed, unless nothing at all was learnt of a target",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options.add_selection(parser)
    options.add_jobs(parser)
    args = parser.parse_intermixed_args(argv)

    from assay.detectors.registry import DETECTORS
    from assay.policies import book as policy
    from assay.scanner.engine import gate, inventory
    from assay.scanner.engine.observe import observe

    target = options.targets(args, DETECTORS)
    settings = load_settings(beside(target.paths).folder)
    if args.output:
        output.check_writable(Path(args.output))
    chosen = options.Chosen()
    if args.only or args.skip or settings.only or settings.skip:
        book = policy.load(())  # Only names need the policy here, to be told from misspelt ones.
        chosen = options.choose(args.only, args.skip, settings, book, DETECTORS)
        check_none_idle(target, chosen, book, DETECTORS)
    written = [Path(args.output)] if args.output else []
    progress = Progress(args.quiet)
    try:
        seen = observe(target, DETECTORS, chosen.selection, options.jobs(args.jobs, settings), progress, written)
    finally:
        progress.clear()
    if args.output:
        output.write_whole(Path(args.output), inventory.dump(seen))
    else:
        for line in inventory.dump(seen):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    output.tell_unreached(seen.detectors)
    complete = inventory.is_complete(seen) or (args.allow_incomplete and inventory.reached(seen))
    return gate.EXIT_GREEN if complete else gate.EXIT_INCOMPLETE
