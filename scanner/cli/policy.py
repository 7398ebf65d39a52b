"""From options and configuration to what decides, read from beside the target or from the trusted side."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from assay.policies.book import Book
from assay.scanner.cli import options
from assay.scanner.cli.options import Chosen
from assay.scanner.config import trust
from assay.scanner.config.baseline import Baseline, load_baseline
from assay.scanner.config.policy_changes import changed_policy
from assay.scanner.config.settings import Settings
from assay.scanner.config.trust import BaseVersion, PolicyPlace, Sides
from assay.scanner.config.waivers import PlacedWaiver, load_waivers
from assay.scanner.engine.assess import Policy
from assay.scanner.engine.gate_mode import Earlier, Review
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.target import Target, list_root
from assay.scanner.errors import UsageError
from assay.scanner.model.fact import Location
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import is_inside

Look = Callable[[BaseVersion], Inventory]
"""Observes another version of the target."""


def add_accepted(parser: argparse.ArgumentParser) -> None:
    """`--waivers`, `--baseline` and `--no-inline`."""
    parser.add_argument("--waivers", metavar="FILE", help="the file of accepted risks")
    parser.add_argument("--baseline", metavar="FILE", help="findings that were there before (`assay baseline`)")
    parser.add_argument("--no-inline", action="store_true", help="let no comment in a scanned file suppress anything")


def add_trust(parser: argparse.ArgumentParser) -> None:
    """`--diff`, `--trust-base` and `--policy-root`."""
    parser.add_argument(
        "--diff",
        metavar="REF",
        help="judge only what the change since REF introduced or worsened; implies --trust-base",
    )
    parser.add_argument(
        "--trust-base", metavar="REF", help="take all policy from REF, and heed only comments that are in it already"
    )
    parser.add_argument(
        "--policy-root", metavar="PATH", help="take all policy from here; comments count only with --diff"
    )


def open_place(args: argparse.Namespace, target: Target, stack: ExitStack) -> tuple[PolicyPlace, Sides | None]:
    """Where policy comes from, and what a change is compared with. Raises UsageError."""
    targets = target.paths or (".",)
    for option in ("policy_root", "diff", "trust_base"):
        if getattr(args, option) is not None and not getattr(args, option).strip():
            # An unset variable must not quietly mean that the change is judged by its own policy.
            raise UsageError(f"--{option.replace('_', '-')} is empty; name what to trust, or leave the option out")
    if args.policy_root and args.trust_base:
        raise UsageError("--policy-root and --trust-base name two trusted sides; choose one")
    if args.diff and args.trust_base and args.diff != args.trust_base:
        raise UsageError("--diff and --trust-base name different refs; give --diff alone, which implies the other")
    place: PolicyPlace | None = None
    sides: Sides | None = None
    if args.diff and target.remote:
        raise UsageError("--diff compares versions of files, a live target has none; scan it apart, with --baseline")
    if args.diff or args.trust_base:
        sides, place = stack.enter_context(trust.open_sides(args.diff or args.trust_base, bool(args.diff), targets))
    if args.policy_root:
        # With --diff, policy comes from the folder, and what was there before from the ref.
        place = trust.operator_place(args.policy_root, targets)
    return place or trust.beside(targets), sides


def load_policy(args: argparse.Namespace, place: PolicyPlace, settings: Settings, book: Book, chosen: Chosen) -> Policy:
    """Everything that decides. Raises UsageError."""
    names = book.rule_names
    waivers: tuple[PlacedWaiver, ...] = ()
    if path := _chosen(args.waivers, settings.waivers, place, "waivers"):
        waivers = load_waivers(path[0], path[1], names)
    baseline: Baseline | None = None
    if path := _chosen(args.baseline, settings.baseline, place, "baseline"):
        baseline = load_baseline(path[0], path[1], names)
    return Policy(
        book=book,
        wanted=chosen.rules,
        notes=chosen.notes,
        waivers=waivers,
        baseline=baseline,
        inline=settings.inline_waivers and not args.no_inline,
        fail_on=options.fail_on(args.fail_on, settings),
        gate=settings.gate,
        allow_incomplete=args.allow_incomplete or settings.allow_incomplete,
    )


def _chosen(given: str | None, configured: str | None, place: PolicyPlace, key: str) -> tuple[Path, str] | None:
    """The file, and what messages call it."""
    if given:
        return place.find(given, f"--{key}"), one_line(given, 200)
    if configured:
        return options.inside(place.folder, configured, key), one_line(configured, 200)
    return None


def baseline_renames(baseline: Baseline | None, folder: Path) -> Mapping[str, str]:
    """Which files of the scanned folder were renamed since the baseline was made, as far as its repository tells."""
    if baseline is None or baseline.revision is None:
        return {}
    from assay.scanner.safe.history import open_history

    try:
        with open_history(folder) as history:
            return _below(history.renamed_since(baseline.revision), folder, history.top)
    except UsageError:
        return {}  # Not known to be renamed, so what moved counts as new.


def revision(targets: Sequence[str]) -> str | None:
    """The commit that is checked out where the first path lies; None outside a repository."""
    from assay.scanner.safe.history import open_history

    paths = [name for name in targets if Path(name).exists()]
    if not paths:
        return None
    try:
        with open_history(trust.folder_of(paths[0])) as history:
            return history.commit("HEAD")
    except UsageError:
        return None


def review(
    args: argparse.Namespace, place: PolicyPlace, sides: Sides | None, target: Target, now: Inventory, look: Look
) -> Review | None:
    """What the working tree is held against, looked at as far as it is needed; None outside gate mode."""
    if not place.gate_mode:
        return None
    if sides is None or not target.paths:
        return Review(name=place.name)
    root = list_root(target)

    def earlier(version: BaseVersion) -> Earlier:
        return Earlier(inventory=look(version), renames=_below(version.renames, root, sides.top))

    base = earlier(sides.base) if sides.base else None
    if base and sides.base is sides.trusted:
        trusted = base
    elif now.waivers or any(verdict.result == "skipped" for verdict in now.verdicts):
        trusted = earlier(sides.trusted)
    else:
        trusted = None  # No comment asks for anything, so none need be looked up.
    unread = sides.base.unread if sides.base else ()
    if not place.root.is_relative_to(sides.trusted.root):
        return Review(name=sides.ref, trusted=trusted, base=base, unread=unread)  # The tree's own policy is none here.
    folders = {place.folder.relative_to(place.root), root.relative_to(sides.top)}
    folders |= {path.relative_to(sides.top) for path in map(Path.resolve, map(Path, target.paths)) if path.is_dir()}
    above = sorted(folder.as_posix() for folder in folders)
    changed = changed_policy(sides.top, sides.trusted.root, above, tuple(_named(args, sides.top)))
    places = tuple((path, _location(sides.top / path, root)) for path in changed)
    return Review(name=place.name, trusted=trusted, base=base, policy_changed=places, unread=unread)


def _named(args: argparse.Namespace, top: Path) -> Iterator[str]:
    """The policy files of the repository that the command line names."""
    packs = [name for name in args.pack if name.endswith((".yaml", ".yml"))]
    for path in (*packs, *args.rules, args.waivers, args.baseline):
        place = trust.without_its_links(path, top) if path else None
        if place and place.is_relative_to(top):
            yield place.relative_to(top).as_posix()
        elif path and not Path(path).is_absolute() and is_inside(path):
            yield path


def _below(renames: Mapping[str, str], folder: Path, top: Path) -> Mapping[str, str]:
    """The renames within a folder of the repository, relative to it."""
    prefix = folder.relative_to(top).as_posix()
    if prefix == ".":
        return renames
    start = f"{prefix}/"
    return {
        new.removeprefix(start): old.removeprefix(start)
        for new, old in renames.items()
        if new.startswith(start) and old.startswith(start)
    }


def _location(path: Path, root: Path) -> Location | None:
    if not path.is_relative_to(root):
        return None
    return Location(path=path.relative_to(root).as_posix(), start_line=1, end_line=1)
