"""How an object's facts become a resource."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from assay.detectors.cluster.objects import Meta, Objects, Placed, address
from assay.scanner.api import Fact, Known, Resource, Unknown

T = TypeVar("T")

MAX_ELEMENTS = 2_000
"""Of a list in a fact. No real object comes near it; beyond it the rest is one Unknown."""

_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What the API server takes for one."""
_UNBRACED = re.compile(r"\$[A-Za-z_]")
_PLAIN_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_.]{0,60})\}|\$\(([A-Za-z_][A-Za-z0-9_.]{0,60})\)")


def state(
    objects: Objects,
    placed: Placed,
    kind: str,
    at: str,
    facts: Mapping[str, Any],
    aliases: tuple[str, ...] = (),
) -> Resource:
    """A resource of `kind` at the address `at`. Values that aren't Unknown are known; `source` is added.

    A namespace that can't be one isn't known, whatever the fact is that holds it.
    """
    stated: dict[str, Fact] = {"source": Known(value=objects.source)}
    for name, value in facts.items():
        value = in_namespace(value) if name == "namespace" else value
        stated[name] = value if isinstance(value, Unknown) else Known(value=value)
    return Resource(
        kind=kind,
        address=at,
        surface="cluster" if is_live(objects) else "kubernetes",
        facts=stated,
        location=placed.place,
        aliases=aliases,
    )


def is_live(objects: Objects) -> bool:
    """They come from a cluster's API, not from files."""
    return objects.source.startswith("kube:")


def cluster_wide(kind: str, meta: Meta) -> tuple[str, tuple[str, ...]]:
    """Address and aliases of an object without a namespace, for which checkov writes `default`."""
    return address(kind, meta, namespaced=False), (f"{kind}.default.{meta.name or meta.generate_name or ''}",)


def bounded(elements: Iterable[Any], what: str) -> list[Any]:
    """At most MAX_ELEMENTS of them, and an Unknown for those that are left out."""
    if isinstance(elements, list) and len(elements) <= MAX_ELEMENTS:
        return elements
    kept = list(islice(elements, MAX_ELEMENTS + 1))
    if len(kept) > MAX_ELEMENTS:
        kept[-1] = Unknown(reason=f"more than {MAX_ELEMENTS} {what}")
    return kept


def unresolved(text: str | None) -> bool:
    """A template's or shell's placeholder is left in a value, so that what it will be isn't known."""
    return text is not None and ("${" in text or "$(" in text or "{{" in text or "<no value>" in text)


def placeholder(text: str) -> Unknown:
    """Why a value isn't known in which a placeholder is left; names it only where that is a plain name."""
    found = _PLAIN_NAME.search(text)
    return Unknown(reason=f"unresolved: {found.group() if found else 'a placeholder'}")


def resolved(text: str) -> str | Unknown:
    """The text, unless a placeholder is left in it."""
    return placeholder(text) if unresolved(text) else text


def unnamed(text: str | None) -> bool:
    """A placeholder is left in a name, by which no object is ever called; `$NAME` too, which elsewhere may be meant."""
    return unresolved(text) or (text is not None and _UNBRACED.search(text) is not None)


def in_namespace(name: T) -> T | Unknown:
    """The name of a namespace, unless a server would refuse it: then it is a placeholder, of whatever sort."""
    if not isinstance(name, str) or _NAMESPACE.fullmatch(name):
        return name
    return Unknown(reason="unresolved: the name of a namespace" if unnamed(name) else "not the name of a namespace")


def first_unknown(*values: object) -> Unknown | None:
    """The first of them that is unknown."""
    return next((value for value in values if isinstance(value, Unknown)), None)
