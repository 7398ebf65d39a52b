"""`assay rules`: our rules and the engines' checks, with what each evidences."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.scanner.cli import options
from assay.scanner.cli.listing import print_json, print_table
from assay.scanner.config import trust
from assay.scanner.config.settings import load_settings


def run(argv: Sequence[str]) -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(prog="assay rules", description="List the rules and the engines' checks.")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--pack", action="append", default=[], metavar="ID", help="controls of these packs only")
    options.add_rules(parser)
    args = parser.parse_args(argv)

    from assay.detectors.registry import DETECTORS
    from assay.policies import book as policy

    book = options.load_book(args, load_settings(Path()), trust.beside(["."]))
    rows: list[dict[str, Any]] = []
    for rule in book.rules.values():
        surfaces = {surface for spec in DETECTORS for surface, kinds in spec.surfaces.items() if rule.kind in kinds}
        rows.append(
            {
                "id": rule.id,
                "engine": None,
                "title": rule.title,
                "severity": rule.severity,
                "safeguards": rule.safeguards,
                "controls": book.controls(rule.id, rule.safeguards),
                "surfaces": sorted(surfaces),
            }
        )
    for engine in book.engines.values():
        rows += [
            {
                "id": check.id,
                "engine": None if engine.name == policy.OWN_ENGINE else engine.name,
                "title": check.title,
                "severity": check.severity,
                "safeguards": check.safeguards,
                "controls": book.controls(check.id, check.safeguards),
                "surfaces": check.surfaces,
            }
            for check in engine.checks.values()
        ]
    if args.format == "json":
        print_json(rows)
        return 0
    print_table(
        ((row["id"], row["severity"], row["engine"] or "assay", row["title"]) for row in rows),
        ("RULE", "SEVERITY", "FROM", "TITLE"),
    )
    return 0
