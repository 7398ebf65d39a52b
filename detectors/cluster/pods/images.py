"""Image references: which image, which tag, and whether it is always the same."""

import re
from functools import lru_cache

from msgspec import Struct

from assay.detectors.cluster.stating import placeholder
from assay.scanner.api import Unknown

_LONGEST = 1_000
_PATH = re.compile(r"[a-z0-9][a-z0-9._\-]*+(?:/[a-z0-9][a-z0-9._\-]*+)*+")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.\-]*+)|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_TAG = re.compile(r"\w[\w.\-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9+._\-]{0,31}:[0-9a-fA-F]{32,128}")
_PLACEHOLDER = re.compile(r"[$<>{}%*]|\[\[")

Unsure = str | None | Unknown


class Image(Struct, frozen=True, kw_only=True):
    """An image reference, as far as it can be read."""

    text: str | Unknown
    tag: str | Unknown | None
    pinned: bool | Unknown
    repository: str
    """Without tag and digest; empty where it isn't known."""

    @property
    def pull_policy(self) -> str | Unknown:
        """What the API server sets where nothing is: `Always` for `latest`, named or implied.

        See: https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting
        """
        if isinstance(self.tag, Unknown):
            return self.tag
        if self.tag is None:
            return self.pinned if isinstance(self.pinned, Unknown) else "IfNotPresent" if self.pinned else "Always"
        return "Always" if self.tag == "latest" else "IfNotPresent"


@lru_cache(maxsize=5_000)
def parse(reference: str | None, absent: str = "no image is declared") -> Image:
    """A reference such as `registry:5000/team/app:1.2@sha256:…`."""
    if not reference:
        return _unknown(absent)
    if len(reference) > _LONGEST:
        return _unknown("the image's name is longer than any can be")
    name, at, digest = reference.strip().partition("@")
    if _PLACEHOLDER.search(reference):
        return _partly(reference, name, at, digest)
    repository, tag = _untagged(name)
    if not _is_repository(repository) or (tag is not None and not _TAG.fullmatch(tag)):
        return _unknown("unreadable: it isn't an image reference")
    if at and not _DIGEST.fullmatch(digest):
        return _unknown("unreadable: it isn't an image reference")
    return Image(text=reference.strip(), tag=tag, pinned=bool(at), repository=repository)


def path_of(repository: str) -> tuple[str, str]:
    """Registry and path, `docker.io` and `library/` filled in: `nginx` is `docker.io` and `library/nginx`."""
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first.lower(), rest
    return "docker.io", repository if slash else f"library/{repository}"


def _untagged(name: str) -> tuple[str, str | None]:
    # A colon before the last slash is a registry's port.
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, None)


def _is_repository(text: str) -> bool:
    if _PATH.fullmatch(text):
        return True
    host, slash, path = text.partition("/")
    return bool(slash) and _HOST.fullmatch(host) is not None and _PATH.fullmatch(path) is not None


def _partly(reference: str, name: str, at: str, digest: str) -> Image:
    """What placeholders leave known: what follows the last of them, and a digest in front of one."""
    unknown = placeholder(reference)
    if at and not _PLACEHOLDER.search(name):
        repository, tag = _untagged(name)
        return Image(text=unknown, tag=tag, pinned=True, repository=repository if _is_repository(repository) else "")
    if at and _DIGEST.fullmatch(digest):
        return Image(text=unknown, tag=unknown, pinned=True, repository="")
    _, tag = _untagged(name)
    if not at and tag is not None and _TAG.fullmatch(tag):
        return Image(text=unknown, tag=tag, pinned=False, repository="")
    repository, _ = _untagged(name)
    known = repository if not _PLACEHOLDER.search(repository) and _is_repository(repository) else ""
    return Image(text=unknown, tag=unknown, pinned=unknown, repository=known)


def _unknown(reason: str) -> Image:
    unknown = Unknown(reason=reason)
    return Image(text=unknown, tag=unknown, pinned=unknown, repository="")
