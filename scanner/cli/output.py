"""Writes reports: to standard output, or to files that appear whole or not at all."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from assay.reports.options import RenderOptions, options_for
from assay.reports.registry import FORMATS, pieces
from assay.scanner.errors import UsageError
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import Report
from assay.scanner.safe.text import one_line


def parse_outputs(given: Sequence[str]) -> tuple[tuple[str, Path], ...]:
    """`FORMAT=PATH` pairs. Raises UsageError before anything is scanned where one could not be written."""
    found: list[tuple[str, Path]] = []
    for text in given:
        name, separator, path = text.partition("=")
        if not separator or not path or name not in FORMATS:
            raise UsageError(f"--output {text}: write FORMAT=PATH, with one of the formats {', '.join(FORMATS)}")
        if path == "-":
            raise UsageError(f"--output {text}: standard output is what --format is for; write --format {name}")
        target = Path(path)
        check_writable(target)
        found.append((name, target))
    return tuple(found)


def add_reporting(parser: argparse.ArgumentParser, usual: str = "text") -> None:
    """`--format`, `--output`, `--quiet` and `--verbose`."""
    told = f"what goes to standard output (default: {usual})"
    parser.add_argument("--format", choices=tuple(FORMATS), default=usual, help=told)
    parser.add_argument(
        "--output", action="append", default=[], metavar="FORMAT=PATH", help="a report into a file; repeatable"
    )
    parser.add_argument("--quiet", action="store_true", help="nothing on standard output; the exit code tells")
    parser.add_argument("--verbose", action="store_true", help="show every finding in full")


def tell(report: Report, outputs: Sequence[tuple[str, Path]], args: argparse.Namespace) -> None:
    """The report into its files and to standard output, as `add_reporting` let the user choose."""
    for name, path in outputs:
        write_report(report, name, path)
    if not args.quiet:
        print_report(report, args.format, args.verbose)
    tell_unreached(report.detectors)


def tell_unreached(outcomes: Iterable[DetectorOutcome]) -> None:
    """On standard error, even where the user wants it quiet: the targets of which nothing was learnt, and why."""
    for outcome in outcomes:
        for line in outcome.unreached:
            sys.stderr.write(f"assay: {one_line(line, 2000)}\n")


def check_writable(path: Path) -> None:
    """Raises UsageError where a file can't be made at the path."""
    if path.exists() and not path.is_file() and not path.is_dir() and os.access(path, os.W_OK):
        return
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"{path}: the folder {folder} does not exist; make it first")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"{path}: cannot be written; choose another path")


def write_report(report: Report, name: str, path: Path) -> None:
    """One report into a file."""
    write_whole(path, pieces(name, report, RenderOptions()))


def print_report(report: Report, name: str, verbose: bool) -> None:
    """One report to standard output."""
    out = sys.stdout
    terminal = out.isatty()
    columns = os.get_terminal_size(out.fileno()).columns if terminal else None
    options = options_for(
        terminal=terminal, columns=columns, encoding=out.encoding, environment=os.environ, verbose=verbose
    )
    for piece in pieces(name, report, options):
        out.buffer.write(piece)
    out.buffer.flush()


def write_whole(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes beside the path, syncs, renames: the file is there whole or as it was. Raises UsageError.

    A pipe or a device is written to as it is; it must not be replaced by a file.
    """
    import tempfile  # not for those that print their report

    temporary: str | None = None
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.writelines(chunks)
            return
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror or error}; free space or choose another path"
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
