"""What `scan`, `hook` and `baseline` share: from options to a report."""

import argparse
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from msgspec import structs

from assay.detectors.registry import DERIVATIONS, DETECTORS
from assay.policies.book import Book
from assay.scanner.cli import options, policy
from assay.scanner.cli.idle import check_none_idle
from assay.scanner.cli.progress import Progress
from assay.scanner.cli.remembered import remembered
from assay.scanner.cli.unfinished import unfinished
from assay.scanner.config import trust
from assay.scanner.config.settings import load_settings
from assay.scanner.config.trust import BaseVersion
from assay.scanner.engine.assess import assess
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.lineage import Lineage
from assay.scanner.engine.observe import observe
from assay.scanner.engine.target import Target, counterpart, list_around, list_root
from assay.scanner.hook.preload import is_preloaded
from assay.scanner.model.finding import Report


def add_looking(parser: argparse.ArgumentParser) -> None:
    """The targets, and everything that decides what is looked at and how it is judged."""
    options.add_targets(parser)
    options.add_policy(parser)
    policy.add_accepted(parser)
    policy.add_trust(parser)
    options.add_selection(parser)
    options.add_jobs(parser)
    add_cache(parser)


def add_cache(parser: argparse.ArgumentParser) -> None:
    """`--cache` and `--no-cache`."""
    parser.add_argument(
        "--cache",
        metavar="DIR",
        help="keep there what was found in files (default: the user's cache, see `assay cache`)",
    )
    parser.add_argument("--no-cache", action="store_true", help="look at everything anew, and keep nothing")


def judge_files(
    args: argparse.Namespace, root: Path, files: tuple[str, ...], progress: Progress, stack: ExitStack
) -> Report:
    """Looks at files of a tree, given relative to its root, and at what bears on them; only they are judged."""
    target = Target(names=files, paths=(str(root),))
    place = trust.beside([str(root)])
    with place.named():
        settings = load_settings(place.folder)
        book = options.load_book(args, settings, place)
        chosen = options.choose(args.only, args.skip, settings, book, DETECTORS)
        check_none_idle(target, chosen, book, DETECTORS)
        decides = policy.load_policy(args, place, settings, book, chosen)
    jobs = options.jobs(args.jobs, settings)
    start = None
    if is_preloaded():
        from assay.scanner.hook import forked

        start = forked.fork
    listing = list_around(root, files)
    looks = stack.enter_context(remembered(args.cache, no_cache=args.no_cache, trusted=True))
    try:
        inventory = observe(
            target, DETECTORS, chosen.selection, jobs, progress, listing=listing, start=start, looks=looks
        )
    finally:
        progress.clear()
    if decides.baseline is not None:
        renames = policy.baseline_renames(decides.baseline, root)
        decides = structs.replace(decides, baseline_renames=renames)
    with place.named():
        return assess(inventory, structs.replace(decides, only=frozenset(files)))


def narrowed_to_rules(chosen: options.Chosen, book: Book) -> options.Chosen:
    """With the kinds and facts that the chosen rules read, so that of what is far away no more is asked for."""
    rules = chosen.rules

    def judges(rule: str) -> bool:
        return rules.judges(rule) and rule not in rules.skip

    lineage = Lineage(book, DERIVATIONS)
    selection = structs.replace(chosen.selection, kinds=lineage.needed(judges), fields=lineage.fields(judges))
    return structs.replace(chosen, selection=selection)


def look_and_assess(
    args: argparse.Namespace, written: Collection[Path], progress: Progress, stack: ExitStack
) -> Report:
    """Looks at the targets, and in gate mode at what they are held against; `written` are files of this run's own."""
    target = options.targets(args, DETECTORS)
    place, sides = policy.open_place(args, target, stack)
    with place.named():
        settings = load_settings(place.folder)
        book = options.load_book(args, settings, place)
        chosen = options.choose(args.only, args.skip, settings, book, DETECTORS)
        check_none_idle(target, chosen, book, DETECTORS)
        if target.remote:
            chosen = narrowed_to_rules(chosen, book)
            kept = unfinished(args.cache, no_cache=args.no_cache)
            chosen = structs.replace(chosen, selection=structs.replace(chosen.selection, keep=kept))
        decides = policy.load_policy(args, place, settings, book, chosen)
    jobs = options.jobs(args.jobs, settings)
    looks = stack.enter_context(remembered(args.cache, no_cache=args.no_cache, trusted=not place.gate_mode))

    def look_at(version: BaseVersion) -> Inventory:
        listing = counterpart(target, version.top, version.root)
        return observe(target, DETECTORS, chosen.selection, jobs, progress, listing=listing, looks=looks)

    try:
        inventory = observe(target, DETECTORS, chosen.selection, jobs, progress, written, looks=looks)
        review = policy.review(args, place, sides, target, inventory, look_at)
    finally:
        progress.clear()
    if decides.baseline is not None and target.paths:
        renames = policy.baseline_renames(decides.baseline, list_root(target))
        decides = structs.replace(decides, baseline_renames=renames)
    with place.named():
        return assess(inventory, decides, review)
