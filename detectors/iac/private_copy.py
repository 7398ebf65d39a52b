"""The private copy of a tree on which checkov works: no link is followed, and no rendering touches the original."""

import errno
import os
import stat
import tempfile
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field, structs

from assay.detectors.iac.frameworks import is_dockerfile
from assay.detectors.iac.syntax import NOT_REGULAR, VANISHED, Fault, unreadable
from assay.scanner.safe.digest import FileDigest

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_LINKS: Mapping[str, str] = {}
_CHUNK_BYTES = 1 << 20
_GUESSED_SUFFIXES = (".bicep", ".json", ".template", ".yaml", ".yml")
"""Where checkov guesses the encoding. Terraform takes nothing but UTF-8."""
_MARKED_SUFFIXES = (*_GUESSED_SUFFIXES, ".hcl", ".tf", ".tfvars")


class PrivateCopy(Struct, frozen=True, kw_only=True):
    """A copy, and what could not be copied."""

    root: str
    """Real path. It ends in the original's own absolute path, since checkov looks for folder names such as
    `.github/workflows/` in the whole path and names kustomizations after the folders above them."""
    faults: Mapping[str, Fault] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    """Of the originals, as they were copied."""
    original: str = ""
    """The original's own path, by which it is known."""
    folder_links: Mapping[str, str] = field(default_factory=dict)
    aborted: str | None = None
    """Why the copy is useless as a whole."""

    def relative(self, path: str) -> str:
        """A path that checkov names, absolute or from the root of the copy, as one relative to the root."""
        if path.startswith(self.root):
            path = path[len(self.root) :]
        path = path.lstrip("/")
        return path.removeprefix("./")

    def lines(self, path: str) -> list[str] | None:
        """The lines of a file of the copy; None where there is none."""
        try:
            return Path(self.root, path).read_text("utf-8", "replace").split("\n")
        except (OSError, ValueError):
            return None


def make_copy(
    root: str,
    paths: Sequence[str],
    folder_links: Mapping[str, str],
    links: Mapping[str, str] = NO_LINKS,
    named: str = "",
) -> PrivateCopy:
    """Copies files, given relative to `root`, below a new folder in the temporary folder.

    `links` gives the regular file that is read in a link's place. Links to folders become links again, as modules are
    found through them. `named` is the path by which the root is known, where the files lie elsewhere.
    """
    try:
        base = os.path.realpath(tempfile.mkdtemp(prefix="assay-iac-"))
        target = os.path.join(base, (named or root).lstrip("/"))  # noqa: PTH118  # a Path costs more than the copy itself
        os.makedirs(target)  # noqa: PTH103
    except OSError as error:
        return PrivateCopy(
            root="", aborted=f"no private copy can be made: {error.strerror}; set TMPDIR to a roomy folder"
        )
    faults: dict[str, Fault] = {}
    digests: dict[str, str] = {}
    made = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        try:
            if folder not in made:
                os.makedirs(f"{target}/{folder}", exist_ok=True)  # noqa: PTH103
                made.add(folder)
            digest = FileDigest()
            fault = _copy(f"{root}/{links.get(path, path)}", f"{target}/{path}", digest)
            if fault is None:
                digests[path] = digest.text()
        except OSError as error:
            if error.errno in _NO_SPACE:
                return PrivateCopy(
                    root=target,
                    aborted=f"no room for the private copy ({error.strerror}); set TMPDIR to a roomy folder",
                )
            fault = unreadable(error)
        if fault is not None:
            faults[path] = fault
    _link_folders(target, folder_links)
    return PrivateCopy(
        root=target, faults=faults, digests=digests, original=named or root, folder_links=dict(folder_links)
    )


def make_view(copy: PrivateCopy, paths: Sequence[str], folders_of: Sequence[str]) -> PrivateCopy:
    """Some files of a copy, for one that writes to none of them, in the folders of all of `folders_of`."""
    try:
        base = os.path.realpath(tempfile.mkdtemp(prefix="assay-iac-"))
        target = os.path.join(base, copy.original.lstrip("/"))  # noqa: PTH118  # as above
        for folder in sorted({path.rpartition("/")[0] for path in folders_of} | {""}):
            os.makedirs(f"{target}/{folder}", exist_ok=True)  # noqa: PTH103
        for path in paths:
            if path not in copy.faults:
                os.link(f"{copy.root}/{path}", f"{target}/{path}")
    except OSError as error:
        return PrivateCopy(
            root="", aborted=f"no private copy can be made: {error.strerror}; set TMPDIR to a roomy folder"
        )
    _link_folders(target, copy.folder_links)
    faults = {path: fault for path, fault in copy.faults.items() if path in set(paths)}
    return structs.replace(copy, root=target, faults=faults)


def _link_folders(target: str, links: Mapping[str, str]) -> None:
    for link, leads_to in sorted(links.items()):
        place = Path(target, link)
        if Path(target, leads_to).is_dir() and place.parent.is_dir() and not os.path.lexists(place):
            place.symlink_to(os.path.relpath(f"{target}/{leads_to}", place.parent))


def _copy(source: str, target: str, digest: FileDigest) -> Fault | None:
    try:
        # Neither a link nor a pipe that took the file's place since it was listed may be followed or waited for.
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return VANISHED
    with os.fdopen(descriptor, "rb") as reader:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return NOT_REGULAR
        with open(target, "wb") as writer:  # noqa: PTH123
            part = reader.read(_CHUNK_BYTES)
            digest.update(part)
            if is_dockerfile(target.rpartition("/")[2]) or target.endswith(_GUESSED_SUFFIXES):
                rest = reader.read()
                digest.update(rest)
                part = _as_utf8(part + rest)
            if target.endswith(_MARKED_SUFFIXES):
                # checkov's parsers take a byte order mark for a part of the first word, if not for an error.
                part = part.removeprefix(BOM_UTF8)
            while part:
                # Some of them read JSON as YAML, which knows no tabs. In a string of JSON there is none either.
                writer.write(part.replace(b"\t", b" ") if target.endswith(".json") else part)
                part = reader.read(_CHUNK_BYTES)
                digest.update(part)
    return None


def _as_utf8(content: bytes) -> bytes:
    """Docker reads any bytes, and an é in a comment harms nobody; checkov drops such a Dockerfile, and the secrets in
    any such file. The lines stay as many as they are."""
    content = content.removeprefix(BOM_UTF8)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace").encode()
    return content
