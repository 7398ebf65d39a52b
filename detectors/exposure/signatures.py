"""Namespaces, and whether the signature of each image that runs in them is checked before it is let in."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from assay.detectors.answers import Answer, all_of
from assay.detectors.cluster.globs import matches
from assay.detectors.exposure import read
from assay.detectors.exposure.endpoints import containers
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

_EVERYTHING = "**"
_MOST = 20_000_000
"""Letters of patterns times letters of images that are compared, for all namespaces together."""
_TOO_MANY = Unknown(reason="there are too many images and policies to compare them all")
_HUB = ("docker.io", "index.docker.io")
_ANY_DIGEST = "@sha256:" + "0" * 64


class Signatures:
    """The images of each namespace."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._unread = world.unread("workload.pods")
        self._images: dict[str, set[str]] = defaultdict(set)
        self._doubts: dict[str, str] = {}
        self._left = _MOST
        for resource in world.of("workload.pods"):
            namespace = read.text(read.fact(resource, "namespace"))
            if isinstance(namespace, Unknown):
                self._unread = self._unread or namespace.reason
                continue
            for image in _images(resource):
                if isinstance(image, Unknown):
                    self._doubts.setdefault(namespace, f"{resource.address}: {image.reason}")
                else:
                    self._images[namespace].add(image)

    def of(self, namespace: Resource) -> Answer:
        """Whether all of its images are checked; a namespace without images has nothing that isn't."""
        patterns = read.texts(read.fact(namespace, "verified_images"))
        if isinstance(patterns, Unknown):
            return patterns
        if _EVERYTHING in patterns:
            return True
        name = read.name_of(self._world, namespace, "Namespace")
        unread = self._unread or self._doubts.get(name)
        known = [one for one in patterns if isinstance(one, str)]
        otherwise = next((one for one in patterns if isinstance(one, Unknown)), False)
        letters = sum(map(len, known))
        found = all_of(self._checked(image, known, letters, otherwise) for image in sorted(self._images.get(name, ())))
        if found is False or not unread:
            return found
        return Unknown(reason=unread)

    def _checked(self, image: str, known: Sequence[str], letters: int, otherwise: Answer) -> Answer:
        spelt = _spelt(image)
        self._left -= letters * sum(map(len, spelt))
        if self._left < 0:
            return _TOO_MANY
        return True if any(matches(pattern, one) for pattern in known for one in spelt) else otherwise


def _images(resource: Resource) -> Iterator[str | Unknown]:
    for container in containers(resource):
        yield container if isinstance(container, Unknown) else read.text(read.part(container, "image"))


def _spelt(image: str) -> list[str]:
    """An image as checkers write it: with its registry and folder, by its tag and by a digest."""
    name, at, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        names = [name] if first not in _HUB else [f"{host}/{rest}" for host in _HUB]
    else:
        names = [f"{host}/{name if slash else f'library/{name}'}" for host in _HUB]
    tagged = ":" in name.rpartition("/")[2]
    found = []
    for one in names:
        bare = one.rpartition(":")[0] if tagged else one
        found += [f"{bare}{at}{digest}" if at else f"{bare}{_ANY_DIGEST}"]
        if tagged or not at:
            found += [one if tagged else f"{one}:latest"]
    return found
