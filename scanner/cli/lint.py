"""`assay rules lint`: what is wrong with policy files of the user's own, file by file and line by line."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assay.detectors.registry import DETECTORS
from assay.policies import book as policy
from assay.policies import lint
from assay.scanner.cli.listing import print_json
from assay.scanner.cli.parser import Parser
from assay.scanner.config.waivers import load_waivers
from assay.scanner.engine import gate
from assay.scanner.errors import UsageError


def run(argv: Sequence[str]) -> int:
    """Returns 0, or 2 where a file can't be used."""
    parser = Parser(
        prog="assay rules lint",
        description="Check rules, packs and waivers, and try every rule on its own examples. Reports each file's first "
        "mistake as file:line.",
    )
    parser.add_argument("path", nargs="+", metavar="PATH", help="a file, or a folder of them")
    parser.add_argument(
        "--rules",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of further rules that the packs and waivers may name, checked too; repeatable",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args(argv)
    # A file that is named twice, as by a folder of rules and the one around it, is one file.
    named = {path.parent.resolve() / path.name: path for path in _files((*args.rules, *args.path))}
    files = sorted(named.values())
    if not files:
        raise UsageError(f"{args.path[0]}: holds no policy file; they end in .yaml")
    found = lint.lint(files, policy.HOME, _check_waivers, {spec.id for spec in DETECTORS})
    if args.format == "json":
        print_json([{"path": one.path, "line": one.line, "message": one.message} for one in found])
    else:
        for one in found:
            sys.stdout.write(f"{one.path}:{one.line}: {one.message}\n")
        wrong = len(found)
        sys.stdout.write(f"{len(files)} files, {wrong or 'no'} mistake{'' if wrong == 1 else 's'}\n")
    return gate.EXIT_USAGE if found else gate.EXIT_GREEN


def _check_waivers(path: Path, rules: set[str]) -> object:
    return load_waivers(path, str(path), {name: name for name in rules})


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for name in paths:
        path = Path(name)
        if path.is_dir():
            yield from (found for found in path.rglob("*.y*ml") if found.is_file())
        elif path.exists():
            yield path
        else:
            raise UsageError(f"{name}: no such file or folder")
