"""`assay packs`: the policy packs, their controls, and how many rules evidence each."""

from collections.abc import Sequence
from pathlib import Path

from assay.scanner.cli import options
from assay.scanner.cli.listing import print_json, print_table
from assay.scanner.cli.parser import Parser
from assay.scanner.engine.coverage import CoverageMap, control_json
from assay.scanner.model.rule import Control, Pack


def run(argv: Sequence[str]) -> int:
    """Returns 0."""
    parser = Parser(prog="assay packs", description="List the policy packs and their controls.")
    parser.add_argument("pack", nargs="*", metavar="ID", help="only these, with their controls")
    options.add_rules(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args(argv)

    from assay.detectors.registry import DETECTORS
    from assay.policies import book as policy

    folders = [policy.RuleFolder(path=Path(path), trusted=True) for path in args.rules]
    book = policy.load(args.pack or policy.built_in_packs(), folders=folders)
    covered = CoverageMap(book, DETECTORS)
    if args.format == "json":
        print_json(
            [
                {
                    "id": pack.id,
                    "title": pack.title,
                    "version": pack.version,
                    "source": pack.source,
                    "extends": pack.lineage,
                    "unverified": pack.unverified,
                    "controls": [control_json(control, covered.of(pack, control)) for control in pack.controls],
                }
                for pack in book.packs
            ]
        )
        return 0
    if args.pack:
        rows = (
            (
                f"{pack.id}:{control.id}",
                str(control.requirement),
                str(control.testable),
                _rules(covered, pack, control),
                control.title,
            )
            for pack in book.packs
            for control in pack.controls
        )
        print_table(rows, ("CONTROL", "LEVEL", "TESTABLE", "RULES", "TITLE"))
        return 0
    listed = ((p.id, p.version, str(len(p.controls)), p.title) for p in book.packs)
    print_table(listed, ("PACK", "VERSION", "CONTROLS", "TITLE"))
    return 0


def _rules(covered: CoverageMap, pack: Pack, control: Control) -> str:
    coverage = covered.of(pack, control)
    return str(len(coverage.rules) + len(coverage.checks))
