"""`assay cache`: what was kept of earlier looks, and how to be rid of it."""

import os
import sys
from collections.abc import Sequence

from assay.scanner.cache.place import cache_folder
from assay.scanner.cache.store import MOST_BYTES, Store
from assay.scanner.cli.listing import print_json
from assay.scanner.cli.parser import Parser


def run(argv: Sequence[str]) -> int:
    """Returns 0."""
    parser = Parser(
        prog="assay cache",
        description="What earlier scans found in files, so that what hasn't changed isn't looked at again. It holds "
        "facts and engines' verdicts, never what a policy makes of them.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    show = commands.add_parser("show", help="where it is, and how much it holds (the default)")
    show.add_argument("--format", choices=("text", "json"), default="text")
    commands.add_parser("clear", help="take everything away")
    args = parser.parse_args(argv or ["show"])
    folder = cache_folder(os.environ)
    if folder is None:
        sys.stdout.write("there is no cache: neither XDG_CACHE_HOME nor HOME names a folder\n")
        return 0
    store = Store(folder)
    refusal = store.refusal()
    if args.command == "clear":
        gone = store.clear()
        sys.stdout.write(f"{gone.entries} entries, {gone.bytes / (1 << 20):.1f} MiB taken away\n")
        return 0
    held = store.usage()
    if args.format == "json":
        told = {"folder": str(folder), "entries": held.entries, "bytes": held.bytes, "most_bytes": MOST_BYTES}
        print_json({**told, "refused": refusal})
    else:
        size = f"{held.bytes / (1 << 20):.1f} of at most {MOST_BYTES >> 20} MiB"
        sys.stdout.write(f"folder   {folder}\nentries  {held.entries}\nsize     {size}\n")
        if refusal:
            sys.stdout.write(f"not used: {refusal}\n")
    return 0
