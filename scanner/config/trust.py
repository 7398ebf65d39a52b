"""Where policy is read from: beside what is scanned, or, in gate mode, only from a side that the change can't reach."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from assay.scanner.config.settings import find_settings
from assay.scanner.errors import UsageError
from assay.scanner.safe.repository import find_top
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import is_inside

if TYPE_CHECKING:
    from assay.scanner.safe.history import History


class PolicyPlace(Struct, frozen=True, kw_only=True):
    """Where configuration, packs, rules, waivers and the baseline come from."""

    folder: Path
    """Whose configuration file counts, and where the paths in it begin."""
    root: Path
    """In gate mode no path may lead out of it."""
    reviewed: Path | None = None
    """The working tree that is under review, from which no policy is read; None outside gate mode."""
    name: str = ""
    """What messages call the place: a ref, or a path."""

    @property
    def gate_mode(self) -> bool:
        return self.reviewed is not None

    def find(self, path: str, option: str) -> Path:
        """A path of the command line; in gate mode, one in the working tree means the same on the trusted side."""
        if self.reviewed is None:
            return Path(path)
        place = without_its_links(path, self.reviewed)
        found: list[Path] = []
        if place.is_relative_to(self.reviewed):
            found.append(self.root / place.relative_to(self.reviewed))
        if is_inside(path):
            found.append(self.root / path)
        if not found:
            return place
        for candidate in found:
            if candidate.resolve() == candidate and candidate.exists():
                return candidate
        raise UsageError(
            f"{option} {one_line(path, 200)}: not in {self.name}, and in gate mode policy comes only from there; "
            "give a path outside the working tree, or merge it first"
        )

    @contextmanager
    def named(self) -> Iterator[None]:
        """Lets messages speak of the ref instead of the folder that its files were written to."""
        try:
            yield
        except UsageError as error:
            if self.reviewed is None or not self.name:
                raise
            raise type(error)(str(error).replace(f"{self.root}/", f"{self.name}:")) from None


class BaseVersion(Struct, frozen=True, kw_only=True):
    """A commit's files, written to a folder for the time of the run."""

    commit: str
    top: Path
    """The working tree."""
    root: Path
    """The folder that stands for it."""
    renames: Mapping[str, str]
    """Present path → the commit's path, both relative to the top."""
    unread: tuple[str, ...] = ()
    """Submodules of which the commit's files can't be read here."""


class Sides(Struct, frozen=True, kw_only=True):
    """What a change is compared with."""

    top: Path
    """The working tree."""
    ref: str
    trusted: BaseVersion
    """The tip of the ref: what is merged already."""
    base: BaseVersion | None
    """Where the change began, for `--diff`; may be the same as `trusted`."""


def without_its_links(path: str, reviewed: Path) -> Path:
    """Where a path leads if no link of the tree under review is followed: one could lead out, and to anything."""
    place = Path.cwd()
    for step in Path(path).parts:
        place = place.parent if step == ".." else place / step
        if not place.is_relative_to(reviewed):
            place = place.resolve()
    return place


def beside(targets: Sequence[str]) -> PolicyPlace:
    """Outside gate mode: the configuration of what is scanned, or of the working folder where that is no files."""
    first = folder_of(targets[0]) if targets else Path.cwd()
    folder = find_settings(first, Path.cwd())
    return PolicyPlace(folder=folder, root=folder)


def operator_place(root: str, targets: Sequence[str]) -> PolicyPlace:
    """`--policy-root`. Raises UsageError where it isn't a folder, or lies in what is scanned or its repository."""
    folder = Path(root).resolve()
    if not folder.is_dir():
        raise UsageError(f"--policy-root {one_line(root, 200)}: no such folder")
    reviewed = [find_top(folder_of(target)) or folder_of(target) for target in targets or ["."]]
    if any(folder.is_relative_to(tree) for tree in reviewed):
        raise UsageError(
            f"--policy-root {one_line(root, 200)}: lies in what is scanned, or in its repository; "
            "give a folder outside it"
        )
    return PolicyPlace(folder=folder, root=folder, reviewed=reviewed[0], name=root)


@contextmanager
def open_sides(ref: str, diff: bool, targets: Sequence[str]) -> Iterator[tuple[Sides, PolicyPlace]]:
    """`--trust-base` and `--diff`: writes the versions that the change is compared with. Raises UsageError."""
    import tempfile

    from assay.scanner.safe.history import open_history

    first = folder_of(targets[0])
    around, top = find_top(Path.cwd()), find_top(first)
    if around and top and around != top and top.is_relative_to(around):
        # A change could put a submodule in place of a folder, and with it a history of its own making.
        raise UsageError(f"{top}: a repository of its own inside {around}; change into it to compare it with {ref}")
    with ExitStack() as stack:
        history = stack.enter_context(open_history(first))
        for target in targets:
            if not Path(target).resolve().is_relative_to(history.top):
                raise UsageError(f"{one_line(target, 200)}: not in the repository {history.top}")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-base-"))).resolve()
        tip = history.commit(ref)
        trusted = _write(history, tip, folder / "trusted")
        base = None
        if diff:
            began = history.merge_base(ref)
            base = trusted if began == tip else _write(history, began, folder / "base")
        sides = Sides(top=history.top, ref=ref, trusted=trusted, base=base)
        start = Path.cwd() if Path.cwd().is_relative_to(history.top) else first
        settings = find_settings(_opposite(first, sides), _opposite(start, sides))
        yield sides, PolicyPlace(folder=settings, root=trusted.root, reviewed=history.top, name=ref)


def _write(history: "History", commit: str, folder: Path) -> BaseVersion:
    # The folders above the working tree are kept, as engines look for folder names in whole paths.
    root = folder.joinpath(*history.top.parts[1:])
    try:
        root.mkdir(parents=True)
        unread = history.write(commit, root)
    except OSError as error:
        raise UsageError(
            f"the files of {commit[:12]} can't be written to {folder.parent} ({error.strerror}); "
            "set TMPDIR to a roomy folder"
        ) from None
    return BaseVersion(commit=commit, top=history.top, root=root, renames=history.renamed_since(commit), unread=unread)


def _opposite(folder: Path, sides: Sides) -> Path:
    return sides.trusted.root / folder.relative_to(sides.top)


def folder_of(target: str) -> Path:
    """The folder that a path target is, or lies in."""
    path = Path(target).resolve()
    return path if path.is_dir() else path.parent
