"""Kubernetes objects, decoded to what we need of them, on their way to facts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from assay.scanner.api import Location

T = TypeVar("T")


class Owner(Struct, frozen=True, kw_only=True, rename="camel"):
    """A reference to an object's owner."""

    kind: str
    name: str
    api_version: str = ""
    controller: bool | None = None


class Meta(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object's metadata."""

    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[Owner] | None = None
    deletion_timestamp: str | None = None


class Placed(Struct, frozen=True, kw_only=True):
    """An object, and where it stands."""

    object: Any
    """One of the decoded structs; each has `metadata: Meta`."""
    place: Location | None = None
    """None: a live cluster."""


class Objects:
    """The objects of one source, by kind, and what of it could not be read."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._by_kind: dict[str, list[Placed]] = defaultdict(list)
        self._unread: dict[str, str] = {}
        self._made: dict[Callable[..., Any], tuple[Any, ...]] = {}

    def add(self, kind: str, placed: Placed) -> None:
        """`kind` is that of `table.API`, such as `apps/Deployment`, or `Namespace` of the core group."""
        self._by_kind[kind].append(placed)
        self._made.clear()

    def miss(self, kind: str, reason: str) -> None:
        """Some or all objects of a kind could not be read."""
        self._unread.setdefault(kind, reason)
        self._made.clear()

    def unread(self, *kinds: str) -> str | None:
        """Why objects of one of the kinds may be missing; None: they are all there."""
        return next((self._unread[kind] for kind in kinds if kind in self._unread), None)

    def missed(self) -> Iterator[tuple[str, str]]:
        """Each kind of which objects could not be read, and why; sorted."""
        yield from sorted(self._unread.items())

    def of(self, kind: str) -> Sequence[Placed]:
        """The objects of one kind, in the order in which they came."""
        return self._by_kind.get(kind, ())

    def once(self, make: "Callable[[Objects], Iterable[T]]") -> tuple[T, ...]:
        """What `make` gives for these objects, for several to share; made anew after another object is added."""
        if make not in self._made:
            self._made[make] = tuple(make(self))
        return self._made[make]

    def kinds(self) -> Iterator[str]:
        """The kinds that there are objects of."""
        yield from sorted(self._by_kind)


def namespace_of(meta: Meta) -> str:
    """The namespace of a namespaced object as it is written; `default` for files that name none, as checkov says too.

    For addresses, and to find what stands beside an object under the same name. It may be a placeholder, of which facts
    say nothing: see `stating.in_namespace`.
    """
    return meta.namespace or "default"


def address(kind: str, meta: Meta, namespaced: bool = True) -> str:
    """`Deployment.ml.web`, or `ClusterRole.reader`. An object that gets its name from the server has `name*`."""
    name = meta.name or f"{meta.generate_name or ''}*"
    return f"{kind}.{namespace_of(meta)}.{name}" if namespaced else f"{kind}.{name}"
