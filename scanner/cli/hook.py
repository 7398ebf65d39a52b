"""`assay hook`: judges the files that it is given, as the whole scan would, and answers as a linter does."""

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from assay.scanner.cli import looking, options, output, policy
from assay.scanner.cli.parser import Parser
from assay.scanner.cli.progress import Progress
from assay.scanner.errors import UsageError
from assay.scanner.safe.text import one_line


@cache
def parser() -> Parser:
    """Made once in a process that answers many."""
    made = Parser(
        prog="assay hook",
        description="Judge the named files. What else of the repository bears on them, such as the rest of a Terraform "
        "module, is read, and what is wrong with it is another day's business.",
    )
    made.add_argument("file", nargs="*", metavar="FILE", help="a file of the repository that this is run in")
    options.add_policy(made)
    policy.add_accepted(made)
    options.add_selection(made)
    options.add_jobs(made)
    looking.add_cache(made)
    output.add_reporting(made, usual="lines")
    made.add_argument("--no-server", action="store_true", help="leave no process behind, and ask none")
    return made


def run(argv: Sequence[str]) -> int:
    """Returns the exit code."""
    args = parser().parse_args(argv)
    outputs = output.parse_outputs(args.output)
    with ExitStack() as stack:
        named = _named(args)
        report = looking.judge_files(args, named[0], named[1], Progress(args.quiet), stack)
    output.tell(report, outputs, args)
    return report.exit_code


def _named(args: argparse.Namespace) -> tuple[Path, tuple[str, ...]]:
    """The root that paths are relative to, and the files, each once. Raises UsageError."""
    from assay.scanner.safe.repository import find_top

    here = Path.cwd()
    root = find_top(here) or here
    return root, tuple(sorted({_relative(name, here, root) for name in args.file}))


def _relative(name: str, here: Path, root: Path) -> str:
    """The file's own name is kept where it is a link; the folders above it are followed."""
    place = Path(os.path.normpath(here / name))
    shown = one_line(name, 200)
    if place.is_dir():
        raise UsageError(f"{shown}: it is a folder; `assay scan` looks at folders")
    if not os.path.lexists(place):
        raise UsageError(f"{shown}: no such file")
    whole = place.parent.resolve() / place.name
    if not whole.is_relative_to(root):
        raise UsageError(f"{shown}: it lies outside {root}; run the hook in its own repository")
    return whole.relative_to(root).as_posix()
