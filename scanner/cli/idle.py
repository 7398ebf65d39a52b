"""Refuses a selection that leaves a target which was named with nothing that looks at it: it would be green unseen."""

from collections.abc import Sequence

from assay.policies.book import Book
from assay.scanner.cli.options import Chosen
from assay.scanner.engine.target import PATH, Target
from assay.scanner.errors import UsageError
from assay.scanner.model.detector import DetectorSpec
from assay.scanner.safe.text import one_line


def check_none_idle(target: Target, chosen: Chosen, book: Book, specs: Sequence[DetectorSpec]) -> None:
    """Raises UsageError, with the target."""
    for scheme in sorted(target.schemes):
        if not any(spec.surfaces for spec in specs if scheme in spec.targets):
            continue  # What it names is compared with, and is no target by itself.
        if not _is_looked_at(scheme, chosen, book, specs):
            names = target.paths if scheme == PATH else [f"{scheme}:{name}" for name in target.remote[scheme]]
            shown = one_line(", ".join(names), 200)
            raise UsageError(
                f"nothing looks at {shown}, as {'; '.join(chosen.notes)}; leave the target out, or choose otherwise"
            )


def _is_looked_at(scheme: str, chosen: Chosen, book: Book, specs: Sequence[DetectorSpec]) -> bool:
    looking = [spec for spec in specs if scheme in spec.targets and chosen.selection.wants(spec.id)]
    checks = book.checks
    surfaces = {surface: kinds for spec in looking for surface, kinds in spec.surfaces.items()}
    if looking and scheme == PATH:
        # Outside engines look at files alone, also at such that no kind of ours is stated of.
        surfaces = {surface: () for check in checks.values() for surface in check.surfaces} | surfaces
    only, skip = chosen.selection.only_parts, chosen.selection.skip_parts
    kinds = {name: stated for name, stated in surfaces.items() if name not in skip and (not only or name in only)}
    if not chosen.rules.only:
        return bool(kinds)
    judged = {book.rules[rule].kind for rule in chosen.rules.only if rule in book.rules}
    engines = {surface for rule in chosen.rules.only if rule in checks for surface in checks[rule].surfaces}
    return any(name in engines or not judged.isdisjoint(stated) for name, stated in kinds.items())
