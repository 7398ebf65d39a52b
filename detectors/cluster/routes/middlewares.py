"""Traefik's Middlewares, which Ingresses and HTTPRoutes name: whether they ask who calls, and whom they let in.

See https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from assay.detectors.cluster.network.load_balancers import source_ranges
from assay.detectors.cluster.objects import Objects, namespace_of
from assay.detectors.cluster.routes.login_objects import Addresses, Middleware, MiddlewareSpec
from assay.scanner.api import Unknown

API = "traefik.io/Middleware"
_OF_KUBERNETES = "@kubernetescrd"
_MOST = 100
"""Middlewares that stand before one route, those of chains counted."""
_ELSEWHERE = Unknown(reason="a middleware that isn't declared here decides, which may ask for a login")
_TOO_MANY = Unknown(reason=f"more than {_MOST} middlewares stand before the route")


class Middlewares:
    """The Middlewares of a source."""

    def __init__(self, objects: Objects) -> None:
        unread = objects.unread(API)
        self._missing = Unknown(reason=unread) if unread else _ELSEWHERE
        self._by_name: dict[tuple[str, str], MiddlewareSpec] = {}
        self._by_text: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for placed in objects.of(API):
            found: Middleware = placed.object
            at = (namespace_of(found.metadata), found.metadata.name or "")
            self._by_name[at] = found.spec or MiddlewareSpec()
            self._by_text["-".join(at)].append(at)

    def named(self, text: str) -> Sequence[tuple[str, str] | Unknown]:
        """Those that an annotation names, as `namespace-name@kubernetescrd`, one after the other."""
        return [self._named(one.strip()) for one in text.split(",") if one.strip()][: _MOST + 1]

    def login(self, named: Iterable[tuple[str, str] | Unknown]) -> bool | Unknown:
        """Whether one of some asks callers who they are."""
        doubt: Unknown | None = None
        for one in self._each(named):
            if isinstance(one, Unknown):
                doubt = doubt or one
            elif _asks(one):
                return True
            elif one.plugin:
                doubt = doubt or Unknown(reason="a plugin of Traefik decides, which may ask for a login")
        return doubt or False

    def ranges(self, named: Iterable[tuple[str, str] | Unknown]) -> list[Any]:
        """Who may connect by what one of some says; empty: everyone."""
        found: list[Any] = []
        doubts: list[Any] = []
        for one in self._each(named):
            if isinstance(one, Unknown) or one.plugin:
                doubts = doubts or [Unknown(reason="a middleware decides, which may limit who connects")]
                continue
            for limit in (one.ip_allow_list, one.ip_white_list):
                if limit is not None:
                    found = found or _limited(limit)
        return found or doubts

    def _named(self, text: str) -> tuple[str, str] | Unknown:
        name = text.removesuffix(_OF_KUBERNETES)
        there = self._by_text.get(name, []) if name != text else []
        # A dash may stand in either of the two names.
        return there[0] if len(there) == 1 else self._missing

    def _each(self, named: Iterable[tuple[str, str] | Unknown]) -> Iterator[MiddlewareSpec | Unknown]:
        """Those that are named, and those of their chains."""
        waiting = list(named)
        seen: set[tuple[str, str]] = set()
        while waiting:
            one = waiting.pop(0)
            if isinstance(one, Unknown) or one not in self._by_name:
                yield one if isinstance(one, Unknown) else self._missing
                continue
            if one in seen:
                continue
            if len(seen) == _MOST:
                yield _TOO_MANY
                return
            seen.add(one)
            spec = self._by_name[one]
            yield spec
            for link in spec.chain.middlewares or () if spec.chain else ():
                if len(waiting) <= _MOST:
                    waiting.append((link.namespace or one[0], link.name or ""))


def _asks(spec: MiddlewareSpec) -> bool:
    by_password = any(one is not None and one.secret for one in (spec.basic_auth, spec.digest_auth))
    return bool(by_password or (spec.forward_auth is not None and spec.forward_auth.address))


def _limited(limit: Addresses) -> list[Any]:
    if limit.ip_strategy:
        return [Unknown(reason="who may connect goes by a header, which callers may be able to choose")]
    return [*source_ranges(",".join(limit.source_range or ()))]
