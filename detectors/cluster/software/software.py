"""Servers for AI work among the pods of a source, as resources `ai.software`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from msgspec import Struct, structs

from assay.detectors.answers import all_of, any_of
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.pods.objects import Container
from assay.detectors.cluster.pods.templates import Template, templates
from assay.detectors.cluster.software import proxies
from assay.detectors.cluster.software.index import Index
from assay.detectors.cluster.software.process import Process
from assay.detectors.cluster.software.server import Look, Server, recognise
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

FAMILIES = (
    "compute", "notebooks", "serving", "language_models", "tracking", "registries", "pipelines", "flow_builders",
    "observability", "vector_stores", "stores",
)  # fmt: skip
"""The modules that know servers, each with a table `SERVERS`; the first that knows a container wins."""


class Found(Struct, frozen=True, kw_only=True):
    """A server in one container."""

    software: str
    container: str
    look: Look


def state(objects: Objects) -> Iterator[Resource]:
    """One resource for each known server of each workload."""
    for template in templates(objects):
        found = servers(template)
        times = Counter(one.software for one in found)
        for one in found:
            at = f"{template.address}#{one.software}" + ("" if times[one.software] == 1 else f":{one.container}")
            yield stated(objects, template.owner, "ai.software", at, _facts(template, one))


def servers(template: Template) -> list[Found]:
    """The servers of one workload, by container, each behind the proxy that stands before it."""
    processes = [
        Process(container, template.spec, template.controller, template.role, template.owner.object)
        for container in _running(template)
    ]
    fronts = proxies.fronts(_as_proxy(process) for process in processes if proxies.is_proxy(process))
    main = next((process for process in processes if not _is_beside(process)), None)
    found: list[Found] = []
    for index, process in enumerate(processes):
        if proxies.is_proxy(process):
            continue
        name = process.container.name or str(index)
        looks: list[Look] = []
        for server, running in _known(process, process is main):
            look = _fronted(_probed(server.look(running), running), fronts)
            if server.beside and looks:
                # Whoever calls the platform's model calls the server that runs it.
                asks = any_of((look.authenticated, looks[0].authenticated))
                look = structs.replace(look, authenticated=asks)
            looks.append(look)
            found.append(Found(software=server.software, container=name, look=look))
    return found


@cache
def known_servers() -> tuple[Server, ...]:
    """Every server that we know, in the order in which they are tried."""
    modules = (import_module(f"assay.detectors.cluster.software.{family}") for family in FAMILIES)
    return tuple(server for module in modules for server in module.SERVERS)


@cache
def _index() -> Index:
    return Index(known_servers())


def _running(template: Template) -> list[Container]:
    """The containers that go on running; what an init container starts is gone when the others begin."""
    spec = template.spec
    sidecars = [one for one in spec.init_containers or () if one.restart_policy == "Always"]
    return [*(spec.containers or ()), *sidecars]


def _known(process: Process, is_first: bool) -> Iterator[tuple[Server, Process]]:
    """The first server that the container is, and the platform that runs it."""
    candidates = _index().candidates(process)
    for beside in (False, True):
        for server in candidates:
            running = recognise(server, process, is_first) if server.beside is beside else None
            if running is not None:
                yield server, running
                break


def _is_beside(process: Process) -> bool:
    """Whether it is a proxy or a mesh's sidecar, which may stand before the container that the owner is about."""
    return process.container.name in ("istio-proxy", "linkerd-proxy") or proxies.is_proxy(process)


def _as_proxy(process: Process) -> Process:
    line = process.full if process.container.command else process.with_arguments(("proxy",))
    return process.runs(line.commands[-1] if line.commands else None, line.unread)


def _probed(look: Look, process: Process) -> Look:
    """A server that is probed by HTTPS speaks TLS, whatever its settings leave open."""
    if look.tls is True or not process.probed_over_tls():
        return look
    return structs.replace(look, tls=True)


def _fronted(look: Look, fronts: proxies.Fronts) -> Look:
    """As callers meet it. Only a server that listens on the loopback address is behind its pod's proxy: whoever reaches
    the pod goes past the proxy to any other."""
    front = proxies.before(look.ports, fronts) if look.local is not False else None
    if front is None:
        return look
    if isinstance(look.local, Unknown):
        return structs.replace(look, authenticated=all_of((look.authenticated, front.authenticated, look.local)))
    return structs.replace(look, ports=(front.port,), authenticated=front.authenticated, tls=front.tls, local=False)


def _facts(template: Template, found: Found) -> dict[str, Any]:
    look = found.look
    return {
        "namespace": template.namespace,
        "workload": template.address,
        "software": found.software,
        "ports": _sorted(look.ports),
        "authenticated": look.authenticated,
        "tls": look.tls,
        "listens_locally": look.local,
        "settings": _sorted(look.settings),
    }


def _sorted(values: Sequence[Any]) -> list[Any]:
    """The known ones in order and once, then what is unknown."""
    known = sorted({value for value in values if not isinstance(value, Unknown)})
    return [*known, *(value for value in values if isinstance(value, Unknown))]
