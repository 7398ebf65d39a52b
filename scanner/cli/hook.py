"""`assay hook`: judges the files that it is given, as the whole scan would, and answers as a linter does."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from assay.scanner.cli import looking, options, output, policy
from assay.scanner.cli.parser import Parser
from assay.scanner.cli.progress import Progress
from assay.scanner.errors import UsageError
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import is_unicode


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
    found = {_relative(name, here, root) for name in args.file}
    return root, tuple(sorted(name for name in found if name is not None))


def _relative(name: str, here: Path, root: Path) -> str | None:
    """The file's own name is kept where it is a link; the folders above it are followed.

    None for what `git diff --name-only` names and is no file: one that was deleted, and a submodule.
    """
    shown = one_line(name, 200)
    if not is_unicode(name):
        raise UsageError(f"{shown}: the name is not UTF-8; rename it")
    place = Path(os.path.normpath(here / name))
    if place.is_dir():
        if place != root and os.path.lexists(place / ".git"):
            sys.stderr.write(f"assay: {shown}: a repository of its own, which is not looked at from here\n")
            return None
        raise UsageError(f"{shown}: it is a folder; `assay scan` looks at folders")
    whole = place.parent.resolve() / place.name
    if not os.path.lexists(place):
        if not _was_there(whole, root):
            raise UsageError(f"{shown}: no such file")
        sys.stderr.write(f"assay: {shown}: deleted; nothing to look at\n")
        return None
    if not whole.is_relative_to(root):
        raise UsageError(f"{shown}: it lies outside {root}; run the hook in its own repository")
    return whole.relative_to(root).as_posix()


def _was_there(path: Path, root: Path) -> bool:
    """Whether a file that isn't there is in the last commit."""
    from assay.scanner.safe.history import open_history

    try:
        with open_history(root) as history:
            return path.is_relative_to(root) and history.has("HEAD", path.relative_to(root).as_posix())
    except UsageError:
        return False
