"""`assay packs`: the policy packs, their controls, and how many rules evidence each."""

import argparse
from collections import Counter
from collections.abc import Sequence

from assay.scanner.cli.listing import print_json, print_table


def run(argv: Sequence[str]) -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(prog="assay packs", description="List the policy packs and their controls.")
    parser.add_argument("pack", nargs="*", metavar="ID", help="only these, with their controls")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args(argv)

    from assay.policies import book as policy

    book = policy.load(args.pack or policy.built_in_packs())
    counts: Counter[str] = Counter()
    for rule in book.rules.values():
        counts.update(book.controls(rule.id, rule.safeguards))
    for engine in book.engines.values():
        for check in engine.checks.values():
            counts.update(book.controls(check.id, check.safeguards))
    if args.format == "json":
        print_json(
            [
                {
                    "id": pack.id,
                    "title": pack.title,
                    "version": pack.version,
                    "source": pack.source,
                    "controls": [
                        {
                            "id": control.id,
                            "title": control.title,
                            "citation": control.citation,
                            "requirement": control.requirement,
                            "testable": control.testable,
                            "safeguards": control.safeguards,
                            "rules": counts[f"{pack.id}:{control.id}"],
                            "human": control.human,
                            "unverified": control.unverified,
                        }
                        for control in pack.controls
                    ],
                }
                for pack in book.packs
            ]
        )
        return 0
    if args.pack:
        rows = (
            (f"{pack.id}:{control.id}", str(control.testable), str(counts[f"{pack.id}:{control.id}"]), control.title)
            for pack in book.packs
            for control in pack.controls
        )
        print_table(rows, ("CONTROL", "TESTABLE", "RULES", "TITLE"))
        return 0
    rows = ((p.id, p.version, str(len(p.controls)), p.title) for p in book.packs)
    print_table(rows, ("PACK", "VERSION", "CONTROLS", "TITLE"))
    return 0
