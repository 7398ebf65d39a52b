"""Finds what of a table of rights a rule allows, without asking it for each of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from msgspec import Struct

from assay.detectors.rbac.access import Rule

Place = TypeVar("Place")
"""What a line of the table is for."""


class Line(Struct, Generic[Place], frozen=True):
    """Some verbs on one thing."""

    place: Place
    verbs: frozenset[str]
    group: str
    resource: str
    """`pods`, `pods/exec`, or `userextras/*` for any subresource."""


class Match(Struct, Generic[Place], frozen=True):
    """A line of which a rule allows something."""

    line: Line[Place]
    verbs: frozenset[str]
    """Those of the line's that it allows, on the objects that it names."""


class Lines(Generic[Place]):
    """A table, by resource as rules write it. Which lines are worth asking for is its business; `Rule` answers."""

    def __init__(self, lines: Iterable[Line[Place]]) -> None:
        self.all = tuple(lines)
        self._by_resource: dict[str, list[Line[Place]]] = defaultdict(list)
        self._with_any: dict[str, list[Line[Place]]] = defaultdict(list)
        """Those for any subresource, by resource; `*`: all of these."""
        for line in self.all:
            resource, _, subresource = line.resource.partition("/")
            self._by_resource[line.resource].append(line)
            if subresource:
                self._by_resource[f"*/{subresource}"].append(line)
            if subresource == "*":
                self._with_any[resource].append(line)
                self._with_any["*"].append(line)

    def met(self, rule: Rule) -> Iterator[Match[Place]]:
        """Each line once."""
        for line, subresource in self._candidates(rule):
            resource = line.resource.partition("/")[0]
            verbs = rule.usable_on(line.verbs, line.group, resource, subresource)
            if verbs:
                yield Match(line, verbs)

    def _candidates(self, rule: Rule) -> Iterator[tuple[Line[Place], str]]:
        """Lines with the subresource to ask for."""
        if "*" in rule.resources:
            for line in self.all:
                yield line, line.resource.partition("/")[2]
            return
        seen: set[int] = set()
        for written in sorted(rule.resources):
            resource, _, subresource = written.partition("/")
            for line in (
                *self._by_resource.get(written, ()),
                *(self._with_any.get(resource, ()) if subresource else ()),
            ):
                if id(line) not in seen:
                    seen.add(id(line))
                    yield line, subresource
