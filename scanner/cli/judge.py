"""`assay judge`: what a scan says, from a saved inventory; nothing is looked at."""

import sys
from collections.abc import Sequence
from pathlib import Path

from assay.scanner.cli import options, output
from assay.scanner.cli.parser import Parser
from assay.scanner.engine.inventory import Inventory, load
from assay.scanner.errors import UsageError


def run(argv: Sequence[str]) -> int:
    """Returns the exit code that the scan would have given."""
    from assay.scanner.cli import policy

    parser = Parser(prog="assay judge", description="Judge a saved inventory by policy packs, offline.")
    parser.add_argument(
        "inventory", metavar="INVENTORY", help="a file made by `assay observe`, or - for standard input"
    )
    options.add_policy(parser)
    policy.add_accepted(parser)
    options.add_selection(parser)
    output.add_reporting(parser)
    args = parser.parse_args(argv)

    from assay.detectors.registry import DETECTORS
    from assay.scanner.config import trust
    from assay.scanner.config.settings import load_settings
    from assay.scanner.engine.assess import assess

    outputs = output.parse_outputs(args.output)
    place = trust.beside(["."])
    settings = load_settings(place.folder)
    book = options.load_book(args, settings, place)
    chosen = options.choose(args.only, args.skip, settings, book, DETECTORS)
    decides = policy.load_policy(args, place, settings, book, chosen)
    report = assess(_load(args.inventory), decides)
    output.tell(report, outputs, args)
    return report.exit_code


def _load(name: str) -> Inventory:
    try:
        if name == "-":
            return load(sys.stdin.buffer, "standard input")
        with Path(name).open("rb") as stream:
            return load(stream, name)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from None
