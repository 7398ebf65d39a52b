"""`assay rules`: our rules and the engines' checks, with what each evidences."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.scanner.cli import options
from assay.scanner.cli.listing import print_json, print_table
from assay.scanner.cli.parser import Parser
from assay.scanner.config import trust
from assay.scanner.config.settings import load_settings
from assay.scanner.engine.coverage import rule_surfaces


def run(argv: Sequence[str]) -> int:
    """Returns 0; for `lint` and `schema` as they say."""
    if argv[:1] == ["lint"]:
        from assay.scanner.cli import lint

        return lint.run(argv[1:])
    if argv[:1] == ["schema"]:
        from assay.scanner.cli import schema

        return schema.run(argv[1:])
    parser = Parser(
        prog="assay rules",
        description="List the rules and the engines' checks.",
        epilog="`assay rules lint PATH` checks policy files of your own; `assay rules schema rule|pack|waivers` prints "
        "the JSON Schema that an editor can use.",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--pack", action="append", default=[], metavar="ID", help="controls of these packs only")
    options.add_rules(parser)
    args = parser.parse_args(argv)

    from assay.detectors.registry import DETECTORS
    from assay.policies import book as policy

    book = options.load_book(args, load_settings(Path()), trust.beside(["."]))
    rows: list[dict[str, Any]] = []
    for rule in book.rules.values():
        rows.append(
            {
                "id": rule.id,
                "engine": None,
                "title": rule.title,
                "severity": rule.severity,
                "safeguards": rule.safeguards,
                "controls": book.controls(rule.id, rule.safeguards),
                "surfaces": rule_surfaces(rule.kind, DETECTORS),
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
