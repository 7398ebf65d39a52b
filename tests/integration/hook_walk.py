"""Judges a tree as a whole, and each of its files by the hook, as the hook's server would.

Run as `python -m tests.integration.hook_walk FOLDER`, as it imports checkov into its own process. Prints, as JSON, the
files of which the two say different things, with an example of each, and how many files and findings were compared.
"""

import json
import os
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from assay.scanner.cli import hook, looking
from assay.scanner.cli.parser import Parser
from assay.scanner.cli.progress import Progress
from assay.scanner.hook.preload import preload
from assay.scanner.model.finding import Finding, Report


def whole_scan() -> Report:
    parser = Parser(prog="scan")
    looking.add_looking(parser)
    with ExitStack() as stack:
        return looking.look_and_assess(parser.parse_args([".", "--no-cache"]), [], Progress(True), stack)


def hook_on(path: str) -> Report:
    with ExitStack() as stack:
        args = hook.parser().parse_args([path, "--no-cache"])
        return looking.judge_files(args, Path.cwd(), (path,), Progress(True), stack)


def told(findings: tuple[Finding, ...], path: str) -> Counter[tuple[Any, ...]]:
    """Those of the file. Passes that are told together, of a whole source, have no file."""
    return Counter(
        (one.rule, one.outcome, one.severity, one.resource.address, one.message, one.location.start_line, one.controls)
        for one in findings
        if one.location and one.location.path == path
    )


def main(folder: str) -> None:
    os.chdir(folder)
    preload()
    whole = whole_scan().findings
    files = sorted(str(path) for path in Path().rglob("*") if path.is_file() and ".git" not in path.parts)
    different: dict[str, list[str]] = {}
    compared = 0
    for path in files:
        expected, found = told(whole, path), told(hook_on(path).findings, path)
        compared += expected.total()
        if expected != found:
            different[path] = [str(one)[:300] for one in [*(expected - found), *(found - expected)][:2]]
    print(json.dumps({"different": different, "files": len(files), "compared": compared}))


if __name__ == "__main__":
    main(sys.argv[1])
