"""The ways in to a workload: from within the cluster, and through Services, routes and the nodes from outside."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from msgspec import Struct, structs

from assay.detectors.answers import Answer, all_of, any_of, each_reason
from assay.detectors.exposure.declared import ALL, Span
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.mesh import Protection
from assay.detectors.exposure.nodes import INTERNET, PRIVATE, Nodes
from assay.detectors.exposure.openings import WITHIN, Opening, Openings, doubts
from assay.detectors.exposure.policies import Traffic
from assay.detectors.exposure.routes import Backend, Route, Routes
from assay.detectors.exposure.services import Service, ServicePort, Services, is_number
from assay.scanner.api import Unknown

EVERY_PORT = 0
MOST_WAYS = 100
"""That are stated for one workload."""
_WIDEST_FIRST = (INTERNET, PRIVATE, *reversed(WITHIN))
_BY_THE_GATEWAY = Unknown(reason="the mesh asks for an identity, which may be the gateway's and not the caller's")


class Way(Struct, frozen=True, kw_only=True):
    """A way in; see the kind of that name."""

    origin: str | Unknown
    port: int
    protocol: str
    tls: Answer = False
    authenticated: Answer = False
    via: tuple[str, ...] = ()

    def stated(self) -> Mapping[str, object]:
        """As facts have it."""
        return {
            "origin": self.origin,
            "port": self.port,
            "protocol": self.protocol,
            "tls": self.tls,
            "authenticated": self.authenticated,
            "via": list(self.via),
        }


class Ways:
    """Puts together what Services, routes and policies allow."""

    def __init__(self, traffic: Traffic, services: Services, routes: Routes, nodes: Nodes) -> None:
        self._traffic = traffic
        self._nodes = nodes
        self._openings = Openings(traffic)
        self._services = services
        self._routes = routes

    def inside(self, workload: Workload, protection: Protection, ports: Iterable[int] = ()) -> list[Way | Unknown]:
        """Each from within the cluster, without a route, whether or not a wider one holds it; in no order. `ports` are
        such as are of interest besides those that its containers declare: of a range, those are told apart."""
        told = {port.number for port in workload.ports if not isinstance(port, Unknown)}.union(ports)
        return list(_bounded(self._within(workload, protection, sorted(told))))

    def into(self, workload: Workload, protection: Protection, inside: Iterable[Way | Unknown]) -> list[Way | Unknown]:
        """All, those from inside too. Sorted, the widest first; Unknown for each reason why there may be more."""
        found = [
            *inside,
            *self._from_nodes(workload),
            *_bounded(self._through_services(workload, protection)),
            *self._routes.doubts(workload.namespace),
        ]
        for unread in (self._services.unread, self._routes.unread):
            if unread is not None:
                found.append(Unknown(reason=unread))
        return in_order(found)

    def to_service(self, service: Service) -> list[Way | Unknown]:
        """From where a Service is reached, whichever pods stand behind it."""
        if service.type == "ExternalName":
            return []
        found: list[Way | Unknown] = []
        for port in service.ports:
            if isinstance(port, Unknown):
                found.append(port)
                continue
            number = int(port.target) if isinstance(port.target, str) and is_number(port.target) else port.port
            if isinstance(number, Unknown):
                found.append(number)
                continue
            found.append(Way(origin=WITHIN[-1], port=number, protocol=port.protocol))
            for origin in service.entrances:
                found.append(Way(origin=origin, port=number, protocol=port.protocol))
            for one in self._routes.to(service):
                if isinstance(one, Unknown):
                    found.append(one)
                    continue
                route, backend, between = one
                found += _if(
                    all_of((backend.is_for(port, service), backend.granted)),
                    _routed(route, between, number, port.protocol),
                )
        found += self._routes.doubts(service.namespace)
        if self._routes.unread is not None:
            found.append(Unknown(reason=self._routes.unread))
        return in_order(found)

    def _within(self, workload: Workload, protection: Protection, told: list[int]) -> Iterator[Way | Unknown]:
        rules = self._traffic.rules(workload, "ingress")
        everyone = Way(
            origin=WITHIN[-1],
            port=EVERY_PORT,
            protocol=ALL,
            tls=protection.tls,
            authenticated=protection.authenticated,
        )
        if rules.open:
            yield everyone
            return
        if rules.undefined is not None:
            yield rules.undefined
            return
        if not rules.tiered:
            yield from doubts(rules)
        for opening in self._openings.into(workload, rules):
            if isinstance(opening, Unknown):
                yield opening
                continue
            if opening.wider is not None and opening.within != WITHIN[-1]:
                yield opening.wider
            if opening.within is None:
                continue
            some = structs.replace(everyone, origin=opening.within, protocol=opening.span.protocol)
            for port in _ports(opening, workload, told):
                yield port if isinstance(port, Unknown) else structs.replace(some, port=port)

    def _from_nodes(self, workload: Workload) -> Iterator[Way | Unknown]:
        """What listens on the node's own addresses."""
        if isinstance(workload.host_network, Unknown):
            yield workload.host_network
        elif workload.host_network:
            undefined = self._traffic.rules(workload, "ingress").undefined
            if undefined is not None:
                yield undefined
                return
            for origin in self._nodes.origins:
                yield Way(origin=origin, port=EVERY_PORT, protocol=ALL)
            return
        for port in workload.ports:
            if isinstance(port, Unknown) or port.host_port is None:
                continue
            if isinstance(port.host_port, Unknown):
                yield port.host_port
                continue
            passes = self._openings.outside(workload, port.number, port.protocol)
            for origin in self._nodes.origins:
                yield from _if(passes, Way(origin=origin, port=port.number, protocol=port.protocol))

    def _through_services(self, workload: Workload, protection: Protection) -> Iterator[Way | Unknown]:
        for pair in self._services.before(workload):
            if isinstance(pair, Unknown):
                yield pair
                continue
            yield from self._through(*pair, workload, protection)

    def _through(
        self, service: Service, selects: Answer, workload: Workload, protection: Protection
    ) -> Iterator[Way | Unknown]:
        routes = list(self._routes.to(service))
        if not service.entrances and not routes:
            return
        for port in service.ports:
            if isinstance(port, Unknown):
                yield port
                continue
            for target in port.targets(workload):
                if isinstance(target, Unknown):
                    yield target
                    continue
                if service.entrances:
                    passes = all_of((selects, self._openings.outside(workload, target, port.protocol)))
                    for origin in service.entrances:
                        yield from _if(passes, _direct(service, origin, target, port.protocol, protection))
                yield from self._routed_to(service, port, target, selects, workload, protection, routes)

    def _routed_to(
        self,
        service: Service,
        port: ServicePort,
        target: int,
        selects: Answer,
        workload: Workload,
        protection: Protection,
        routes: Iterable[tuple[Route, Backend, tuple[str, ...]] | Unknown],
    ) -> Iterator[Way | Unknown]:
        for one in routes:
            if isinstance(one, Unknown):
                yield one
                continue
            route, backend, between = one
            meant = backend.is_for(port, service)
            if meant is False:
                continue
            # A proxy in the cluster calls the pods, or the cloud's load balancer does from outside.
            inner = self._openings.within(workload, target, port.protocol, route.home)
            outer = self._openings.outside(workload, target, port.protocol)
            passes = all_of((selects, meant, route.served, backend.granted, any_of((inner, outer))))
            way = _routed(route, (*between, service.address), target, port.protocol)
            if way.authenticated is False and protection.authenticated is not False:
                way = structs.replace(way, authenticated=_BY_THE_GATEWAY)
            yield from _if(passes, way)


def _bounded(found: Iterator[Way | Unknown]) -> Iterator[Way | Unknown]:
    """The first ones, so that not each of thousands is looked at."""
    yield from islice(found, 2 * MOST_WAYS)
    if next(found, None) is not None:
        yield _TOO_MANY


def each_once(found: Collection[Way | Unknown]) -> list[Way | Unknown]:
    """Sorted as `in_order` does, with those that a wider one holds."""
    ways = {one for one in found if isinstance(one, Way)}
    return [*sorted(ways, key=_key), *each_reason(one for one in found if isinstance(one, Unknown))]


def in_order(found: Collection[Way | Unknown]) -> list[Way | Unknown]:
    """Each once, without those from within the cluster that a wider one holds; bounded."""
    ways = {one for one in found if isinstance(one, Way)}
    unknown = [one for one in found if isinstance(one, Unknown)]
    widest: dict[tuple[int, str], int] = {}
    for way in ways:
        if not way.via and way.origin in _WIDEST_FIRST:
            key = (way.port, way.protocol)
            widest[key] = min(widest.get(key, len(_WIDEST_FIRST)), _WIDEST_FIRST.index(str(way.origin)))
    kept = [way for way in ways if not _held(way, widest)]
    if len(kept) > MOST_WAYS:
        unknown.append(_TOO_MANY)
    return [*sorted(kept, key=_key)[:MOST_WAYS], *each_reason(unknown)]


_TOO_MANY = Unknown(reason=f"more than {MOST_WAYS} ways in")


def _held(way: Way, widest: Mapping[tuple[int, str], int]) -> bool:
    """Whether a way from within the cluster adds nothing: the same mesh stands before all of them."""
    if way.via or way.origin not in WITHIN:
        return False
    rank = _WIDEST_FIRST.index(way.origin)
    if widest[way.port, way.protocol] < rank:
        return True
    every = (EVERY_PORT, ALL)
    return (way.port, way.protocol) != every and widest.get(every, rank + 1) <= rank


def _ports(opening: Opening, workload: Workload, told: list[int]) -> Iterator[int | Unknown]:
    span: Span = opening.span
    if span.name:
        yield from workload.named(span.name, span.protocol)
    elif span.every:
        yield EVERY_PORT
    elif span.first == span.last:
        yield span.first
    else:
        within = told[bisect_left(told, span.first) : bisect_right(told, span.last)]
        # Something undeclared may listen in the range: one port stands for it.
        yield from within or [span.first]


def _direct(service: Service, origin: str | Unknown, port: int, protocol: str, protection: Protection) -> Way:
    return Way(
        origin=origin,
        port=port,
        protocol=protocol,
        tls=protection.tls,
        authenticated=protection.authenticated,
        via=(service.address,),
    )


def _routed(route: Route, onward: tuple[str, ...], port: int, protocol: str) -> Way:
    gateways = tuple(sorted({one.address for one in route.gateways}))
    return Way(
        origin=route.origin,
        port=port,
        protocol=protocol,
        tls=route.tls,
        authenticated=route.authenticated,
        via=(*gateways, route.address, *onward),
    )


def _if(exists: Answer, way: Way) -> Iterator[Way | Unknown]:
    """A way that is there, or why it may be."""
    if exists is True:
        yield way
    elif isinstance(exists, Unknown):
        yield exists


def _key(way: Way) -> tuple[object, ...]:
    origin = way.origin if isinstance(way.origin, str) else ""
    rank = _WIDEST_FIRST.index(origin) if origin in _WIDEST_FIRST else -1
    return rank, way.port, way.protocol, way.via, repr((way.origin, way.tls, way.authenticated))
