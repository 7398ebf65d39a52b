"""Which of the servers that we know a container may be, found without trying each of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from assay.detectors.cluster.software.process import Process, is_named
from assay.detectors.cluster.software.server import Server

_MOST_IMAGES = 2_000
"""Images whose servers are remembered; clusters run the same few again and again."""


class Index:
    """Servers by what gives them away: image, command, owner or variable."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = tuple(servers)
        self._by_sign: dict[tuple[str, str], set[int]] = defaultdict(set)
        for number, server in enumerate(self._servers):
            for sign in _signs(server):
                self._by_sign[sign].add(number)
        self._of_image = lru_cache(maxsize=_MOST_IMAGES)(self._named)

    def candidates(self, process: Process) -> list[Server]:
        """Those that `recognise` may find, in the order in which they are tried; it finds none of the others."""
        found = set(self._of_image(process.path))
        for sign in _shown(process):
            found |= self._by_sign.get(sign, frozenset())
        return [self._servers[number] for number in sorted(found)]

    def _named(self, path: str) -> frozenset[int]:
        return frozenset(number for number, server in enumerate(self._servers) if is_named(path, server.images))


def _signs(server: Server) -> Iterator[tuple[str, str]]:
    yield from (("controller", kind) for kind in server.controllers)
    yield from (("variable", name) for name in server.variables)
    yield from (("program", command.split()[0]) for command in server.commands)


def _shown(process: Process) -> Iterable[tuple[str, str]]:
    yield "controller", process.controller
    yield from (("variable", one.name or "") for one in process.container.env or ())
    for command in process.full.commands:
        yield "program", command.program
        if command.program == "python":
            yield "program", "-m"
