"""Routes: Ingresses and what goes through Gateways. Whether the internet reaches them, whether by TLS, and where to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from assay.detectors.answers import Answer, all_of, any_of, negated
from assay.detectors.exposure import read
from assay.detectors.exposure.nodes import INTERNET, PRIVATE
from assay.detectors.exposure.services import Service, ServicePort, Services, is_number, limited
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

_BY_THEMSELVES = ("Ingress", "Route")
"""Types that a controller serves without a Gateway; `Route` is OpenShift's."""
MOST_ROUTES = 100
"""Ways from routes to one Service that are looked at."""
MOST_NAMESAKES = 20
"""Services of one name, such as one for each copy of a folder."""
_MOST_HOSTS = 100
_MOST_HOPS = 10
"""Services that stand for others, between a route and the last."""
_ANYWHERE = ""


class Gateway(Struct, frozen=True, kw_only=True):
    """A Gateway."""

    address: str
    namespace: str | Unknown
    internal: Answer
    listeners: tuple[Mapping[str, object] | Unknown, ...]


class Backend(Struct, frozen=True, kw_only=True):
    """Where a route leads."""

    namespace: str | Unknown
    service: str
    port: str | Unknown | None
    granted: Answer = True

    def is_for(self, port: ServicePort, service: Service) -> Answer:
        """Whether it means a port of the Service."""
        if self.port is None:
            return True
        if isinstance(self.port, Unknown):
            return True if len(service.ports) == 1 else self.port
        if is_number(self.port):
            return port.port if isinstance(port.port, Unknown) else port.port == int(self.port)
        if isinstance(port.name, Unknown):
            return True if len(service.ports) == 1 else port.name
        return port.name == self.port


class Route(Struct, frozen=True, kw_only=True):
    """A route, and what follows from its Gateways."""

    address: str
    namespace: str
    type: str
    published: Answer
    tls: Answer
    authenticated: Answer
    gateways: tuple[Gateway, ...]
    served: Answer
    """Something receives requests for it."""
    backends: tuple[Backend | Unknown, ...]

    @property
    def origin(self) -> str | Unknown:
        """From where it is reached."""
        if isinstance(self.published, Unknown):
            return self.published
        return INTERNET if self.published else PRIVATE

    @property
    def home(self) -> str | None:
        """The namespace of its Gateway; None where there are several, or where it tells nothing of the proxy's, as for
        Istio's own Gateways, which choose their proxies by labels."""
        names = {one.namespace for one in self.gateways}
        if len(names) != 1 or self.type == "VirtualService":
            return None
        [home] = names
        return home if isinstance(home, str) else None


class Routes:
    """The routes of a source, by the Service that they lead to."""

    def __init__(self, world: World, services: Services) -> None:
        self._world = world
        self.unread = world.unread("network.route")
        self._no_gateways = world.unread("network.gateway")
        self._gateways: dict[str, list[Gateway]] = defaultdict(list)
        for resource in sorted(world.of("network.gateway"), key=lambda one: one.address):
            self._gateways[read.bare(world, resource.address)].append(_gateway(resource))
        self._doubts: dict[str, set[str]] = defaultdict(set)
        """Why workloads may be reached besides, by namespace."""
        self._to: dict[tuple[str, str], list[tuple[Route, Backend, tuple[str, ...]]]] = defaultdict(list)
        self._unsure: dict[tuple[str, str], set[str]] = defaultdict(set)
        """Why a Service of a namespace and name may be reached by a route."""
        self.of: dict[int, Route] = {}
        """By the resource's id."""
        for resource in sorted(world.of("network.route"), key=lambda one: one.address):
            found = self._route(resource)
            self.of[id(resource)] = found
            if found.served is not False:
                for backend in found.backends:
                    self._lead(found, backend, services)
        for one in services.all:
            if one.entrances and one.selector is None and one.type != "ExternalName":
                self._doubts[_within(one)].add(f"{one.address} has no selector, and may lead to it")

    def to(self, service: Service) -> Iterator[tuple[Route, Backend, tuple[str, ...]] | Unknown]:
        """The routes that lead to a Service, with what they go through before it."""
        if isinstance(service.namespace, Unknown) or isinstance(service.name, Unknown):
            if self._to or self._unsure:
                yield Unknown(reason=f"which routes lead to {service.address} isn't known")
            return
        found = self._to.get((service.namespace, service.name), ())
        yield from found[:MOST_ROUTES]
        if len(found) > MOST_ROUTES:
            yield Unknown(reason=f"more than {MOST_ROUTES} routes lead to {service.address}")
        for namespace in (service.namespace, _ANYWHERE):
            for reason in sorted(self._unsure.get((namespace, service.name), ())):
                yield Unknown(reason=reason)

    def doubts(self, namespace: str | Unknown) -> Iterator[Unknown]:
        """Why workloads of a namespace may be reached besides."""
        within = [namespace, _ANYWHERE] if isinstance(namespace, str) else self._doubts
        for reason in sorted({reason for one in within for reason in self._doubts.get(one, ())}):
            yield Unknown(reason=reason)

    def _route(self, resource: Resource) -> Route:
        kind = read.text(read.fact(resource, "type"))
        namespace = read.text(read.fact(resource, "namespace"))
        named = read.texts(read.fact(resource, "gateways"))
        by_itself = kind in _BY_THEMSELVES
        gateways, missing = self._found(() if by_itself else named)
        if isinstance(kind, Unknown):
            missing = (*missing, kind)
        internal = read.boolean(read.fact(resource, "internal"))
        few = limited(read.fact(resource, "source_ranges"))
        outward = True if by_itself else any_of((*(negated(one.internal) for one in gateways), *missing))
        served = True if by_itself else any_of((*(True for _ in gateways), *missing))
        backends = read.listed(read.fact(resource, "backends"))
        return Route(
            address=resource.address,
            namespace=_ANYWHERE if isinstance(namespace, Unknown) else namespace,
            type=_ANYWHERE if isinstance(kind, Unknown) else kind,
            published=all_of((served, negated(internal), negated(few), outward)),
            tls=_tls(resource) if by_itself else _tls_of_gateways(resource, gateways, missing),
            authenticated=read.boolean(read.fact(resource, "authenticated")),
            gateways=gateways,
            served=served,
            backends=(backends,) if isinstance(backends, Unknown) else tuple(_backend(one) for one in backends),
        )

    def _found(self, named: Sequence[str | Unknown] | Unknown) -> tuple[tuple[Gateway, ...], tuple[Unknown, ...]]:
        """The Gateways of these addresses, and why others aren't found. In a live cluster one may just not be there."""
        if isinstance(named, Unknown):
            return (), (named,)
        found: list[Gateway] = []
        missing: list[Unknown] = []
        for one in named:
            if isinstance(one, Unknown):
                missing.append(one)
            elif one in self._gateways:
                found += self._gateways[one]
            elif not self._world.live:
                missing.append(Unknown(reason=f"{one} isn't declared here"))
            elif self._no_gateways is not None:
                missing.append(Unknown(reason=self._no_gateways))
        return tuple(found), tuple(missing)

    def _lead(self, route: Route, backend: Backend | Unknown, services: Services) -> None:
        if isinstance(backend, Unknown):
            within = route.namespace if route.type in _BY_THEMSELVES else _ANYWHERE
            self._doubts[within].add(f"{route.address} leads to what isn't known: {backend.reason}")
            return
        if backend.granted is False:
            return
        if isinstance(backend.namespace, Unknown):
            self._lead_somewhere(route, backend, services)
            return
        pending: list[tuple[tuple[str, str], tuple[str, ...]]] = [((backend.namespace, backend.service), ())]
        seen = {pending[0][0]}
        for at, through in pending:
            self._to[at].append((route, backend, through))
            same = services.by_name.get(at, ())
            if len(same) > MOST_NAMESAKES:
                self._doubts[_ANYWHERE].add(f"{route.address} leads to one of more than {MOST_NAMESAKES} Services")
            for one in same[:MOST_NAMESAKES]:
                onward = self._onward(one)
                if onward is None or onward in seen:
                    continue
                if len(seen) > _MOST_HOPS:
                    self._doubts[_ANYWHERE].add(f"{route.address} leads on through more than {_MOST_HOPS} Services")
                    break
                seen.add(onward)
                pending.append((onward, (*through, one.address)))

    def _lead_somewhere(self, route: Route, backend: Backend, services: Services) -> None:
        """To a Service of whichever namespace has one of the name."""
        reason = f"whether {route.address} leads to it isn't known, as the namespace of its backend isn't"
        for at in ((_ANYWHERE, backend.service), *map(self._onward, services.named(backend.service)[:MOST_NAMESAKES])):
            if at is not None and len(self._unsure[at]) < MOST_ROUTES:
                self._unsure[at].add(reason)

    def _onward(self, service: Service) -> tuple[str, str] | None:
        """Where requests to a Service go that is in front of no pods; what isn't known of it is noted."""
        if service.type == "ExternalName":
            onward = service.stands_for
            if service.may_stand_for is not None and onward is None:
                self._unsure[service.may_stand_for].add(f"{service.address} may stand for it")
            if not isinstance(onward, Unknown):
                return onward
            self._doubts[_ANYWHERE].add(f"{service.address} stands for what isn't known: {onward.reason}")
        elif service.selector is None:
            self._doubts[_within(service)].add(f"{service.address} has no selector, and may lead to it")
        return None


def _within(service: Service) -> str:
    return service.namespace if isinstance(service.namespace, str) else _ANYWHERE


def _gateway(resource: Resource) -> Gateway:
    listeners = read.listed(read.fact(resource, "listeners"))
    return Gateway(
        address=resource.address,
        namespace=read.text(read.fact(resource, "namespace")),
        internal=read.boolean(read.fact(resource, "internal")),
        listeners=(listeners,) if isinstance(listeners, Unknown) else tuple(read.mapped(one) for one in listeners),
    )


def _backend(stated: object) -> Backend | Unknown:
    backend = read.mapped(stated)
    if isinstance(backend, Unknown):
        return backend
    namespace, name = read.text(read.part(backend, "namespace")), read.text(read.part(backend, "service"))
    if isinstance(name, Unknown):
        return name
    return Backend(
        namespace=namespace,
        service=name,
        port=read.optional_text(read.part(backend, "port")),
        granted=read.boolean(read.part(backend, "granted")),
    )


def _tls(resource: Resource) -> Answer:
    """Whether each host has a certificate."""
    covered = _covered(_hosts(resource), read.texts(read.fact(resource, "tls_hosts")))
    redirects = read.boolean(read.fact(resource, "redirects_to_tls"))
    if covered is False and redirects is not False:
        return Unknown(reason="it redirects to TLS, by a certificate that isn't named here")
    return covered


def _tls_of_gateways(resource: Resource, gateways: Sequence[Gateway], missing: Sequence[Unknown]) -> Answer:
    """Whether it is served on listeners with TLS only. Which of a Gateway's listeners it uses isn't stated."""
    redirects = read.boolean(read.fact(resource, "redirects_to_tls"))
    if redirects is True:
        return True
    hosts = _hosts(resource)
    found: list[Answer] = list(missing)
    for gateway in gateways:
        for listener in gateway.listeners:
            if isinstance(listener, Unknown):
                found.append(listener)
            elif _may_serve(read.optional_text(read.part(listener, "host")), hosts):
                found.append(read.boolean(read.part(listener, "tls")))
    if not found:
        return Unknown(reason="no listener of its Gateways serves its hosts")
    answer = all_of(found)
    if answer is False and any(one is not False for one in found):
        return Unknown(reason="its Gateways listen without TLS too, and which listener it uses isn't stated")
    return answer


def _hosts(resource: Resource) -> Sequence[str | Unknown] | Unknown:
    hosts = read.texts(read.fact(resource, "hosts"))
    return hosts if isinstance(hosts, Unknown) else hosts or ("*",)


def _covered(hosts: Sequence[str | Unknown] | Unknown, certified: Sequence[str | Unknown] | Unknown) -> Answer:
    if isinstance(certified, Unknown):
        return certified
    known = {one for one in certified if isinstance(one, str)}
    if "*" in known:
        return True
    if isinstance(hosts, Unknown):
        return hosts if certified else False
    doubt = next((one for one in certified if isinstance(one, Unknown)), None)
    return all_of(
        one if isinstance(one, Unknown) else one in known or _wildcard(one) in known or doubt or False for one in hosts
    )


def _may_serve(listens: str | Unknown | None, hosts: Sequence[str | Unknown] | Unknown) -> bool:
    """Whether a listener may serve one of the hosts."""
    if listens is None or isinstance(listens, Unknown) or isinstance(hosts, Unknown) or listens in ("", "*"):
        return True
    if len(hosts) > _MOST_HOSTS:
        return True
    for one in hosts:
        if isinstance(one, Unknown) or one in ("*", listens):
            return True
        if any(
            wide.startswith("*.") and narrow.endswith(wide[1:]) for wide, narrow in ((one, listens), (listens, one))
        ):
            return True
    return False


def _wildcard(host: str) -> str:
    """The certificate for all hosts beside one: `*.example.com` for `www.example.com`, and for no deeper one."""
    return f"*.{host.partition('.')[2]}"
