"""Facts of clusters' objects for the tests of what is derived from them, sound unless told otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.detectors.exposure.derive import derive
from assay.scanner.api import Fact, Known, Resource, Unknown
from assay.scanner.kinds import registry

Facts = Mapping[str, Any]


def resource(kind: str, address: str, facts: Facts, source: str = "manifests") -> Resource:
    """Values become Known; Unknown stays."""
    stated: dict[str, Fact] = {"source": Known(value=source)}
    for name, value in facts.items():
        stated[name] = value if isinstance(value, Unknown) else Known(value=value)
    made = Resource(kind=kind, address=address, surface="kubernetes", facts=stated)
    registry.check(made)
    return made


def port(number: int, name: str | None = None, protocol: str = "tcp", host: int | None = None) -> Facts:
    return {"number": number, "protocol": protocol, "host_port": host, "name": name}


def container(
    ports: Iterable[Facts] = (), mounts: Iterable[Facts] = (), gpus: int = 0, kind: str = "container"
) -> Facts:
    nothing = dict.fromkeys(("run_as_user", "run_as_non_root", "seccomp", "apparmor", "selinux_type"))
    return {
        "name": "main", "type": kind, "image": "example.org/app", "image_tag": None, "image_pinned": True,
        "pull_policy": "IfNotPresent", "runs_as_root": False, "run_as_user": 1000, "seccomp": "RuntimeDefault",
        "declared": {**nothing, "selinux_user_or_role": False, "host_process": False}, "privileged": False,
        "privilege_escalation": False, "read_only_root": True, "capabilities_added": [],
        "capabilities_dropped": ["ALL"], "proc_mount": "Default", "ports": list(ports), "mounts": list(mounts),
        "cpu_requested": True, "cpu_limited": True, "memory_requested": True, "memory_limited": True, "gpus": gpus,
        "liveness_probe": True, "readiness_probe": True, "startup_probe": True, "probe_hosts": False,
        "secret_environment": [], "plain_secret_environment": [], "fetches_at_start": [],
    }  # fmt: skip


def volume(name: str, claim: str | None = None) -> Facts:
    kind = "persistentVolumeClaim" if claim else "emptyDir"
    return {"name": name, "type": kind, "host_path": None, "claim": claim, "token": False, "memory": False}


def mount(name: str, read_only: bool = False) -> Facts:
    return {"volume": name, "path": "/data", "read_only": read_only}


def pods(
    name: str, namespace: str = "ml", labels: Facts | Unknown | None = None, ports: Iterable[Facts] = (), **facts: Any
) -> Resource:
    given: dict[str, Any] = {
        "namespace": namespace,
        "labels": {"app": name} if labels is None else labels,
        "host_network": False,
        "mesh": None,
        "volumes": [],
        "nodes": [],
        "containers": [container(ports)],
        **facts,
    }
    source = given.pop("source", "manifests")
    return resource("workload.pods", f"Deployment.{namespace}.{name}", given, source)


def requires(**labels: str) -> list[Facts]:
    """A selector of these labels."""
    return [{"key": key, "operator": "In", "values": [value]} for key, value in labels.items()]


def named(*names: str) -> list[Facts]:
    """A selector of namespaces by their names."""
    return [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(names)}]


def peer(
    pods: Sequence[Facts] | None = None,
    namespaces: Sequence[Facts] | None = None,
    cidr: str | None = None,
    excepted: Sequence[str] = (),
    elsewhere: str | None = None,
) -> Facts:
    selectors = {"pods": pods, "namespaces": namespaces}
    return {**selectors, "cidr": cidr, "excepted": list(excepted), "elsewhere": elsewhere}


def ports(number: int | str | None, end: int | None = None, protocol: str = "TCP") -> Facts:
    return {"protocol": protocol, "port": None if number is None else str(number), "end_port": end}


def allow(direction: str, peers: Sequence[Any] = (), ports: Sequence[Any] = (), action: str = "allow") -> Facts:
    return {"direction": direction, "action": action, "peers": list(peers), "ports": list(ports)}


def policy(
    name: str,
    namespace: str = "ml",
    selects: Any = (),
    directions: Sequence[str] = ("ingress",),
    allows: Any = (),
    **facts: Any,
) -> Resource:
    given = {
        "namespace": namespace,
        "engine": "kubernetes",
        "pods": selects if isinstance(selects, Unknown) else list(selects),
        "directions": list(directions),
        "allows": allows if isinstance(allows, Unknown) else list(allows),
        **facts,
    }
    source = given.pop("source", "manifests")
    return resource("network.policy", f"NetworkPolicy.{namespace}.{name}", given, source)


def ranked(
    name: str, allows: Sequence[Any] = (), tier: str = "admin", priority: int | None = 10, **facts: Any
) -> Resource:
    """An administrator's policy, for all pods unless told otherwise."""
    given: dict[str, Any] = {
        "namespace": None,
        "engine": "admin",
        "pods": [],
        "directions": sorted({one["direction"] for one in allows}),
        "allows": list(allows),
        "subject": [],
        "tier": tier,
        "priority": priority,
        "in_force": True,
        **facts,
    }
    source = given.pop("source", "manifests")
    return resource("network.policy", f"ClusterNetworkPolicy.{name}", given, source)


def namespace(name: str, source: str = "manifests", mesh: str | None = None, **labels: str) -> Resource:
    return resource("cluster.namespace", f"Namespace.{name}", {"labels": labels, "mesh": mesh}, source)


def service_port(
    number: int, target: int | str | None = None, name: str | None = None, node: int | None = None
) -> Facts:
    target = number if target is None else target
    return {"port": number, "target": str(target), "protocol": "TCP", "node_port": node, "name": name}


def service(name: str, ports: Sequence[Any], namespace: str = "ml", kind: str = "ClusterIP", **facts: Any) -> Resource:
    given: dict[str, Any] = {
        "namespace": namespace,
        "type": kind,
        "selector": {"app": name},
        "external_name": None,
        "ports": list(ports),
        "internal": False,
        "source_ranges": [],
        "external_ips": False,
        "pending": False,
        **facts,
    }
    source = given.pop("source", "manifests")
    return resource("network.service", f"Service.{namespace}.{name}", given, source)


def backend(service: str, port: int | str | None = None, namespace: str = "ml") -> Facts:
    number = None if port is None else str(port)
    return {"namespace": namespace, "service": service, "port": number, "host": None, "path": None, "granted": True}


def route(name: str, backends: Sequence[Any], namespace: str = "ml", kind: str = "Ingress", **facts: Any) -> Resource:
    given: dict[str, Any] = {
        "namespace": namespace,
        "type": kind,
        "hosts": ["app.example.org"],
        "backends": list(backends),
        "tls_hosts": ["app.example.org"],
        "gateways": [],
        "internal": False,
        "source_ranges": [],
        "authenticated": False,
        "redirects_to_tls": True,
        **facts,
    }
    source = given.pop("source", "manifests")
    return resource("network.route", f"{kind}.{namespace}.{name}", given, source)


def listener(tls: bool = True, host: str | None = None, number: int = 443, minimum: str | None = "1.2") -> Facts:
    protocol = "HTTPS" if tls else "HTTP"
    return {"name": "web", "port": number, "protocol": protocol, "host": host, "tls": tls, "minimum_tls": minimum}


def gateway(
    name: str, listeners: Sequence[Facts], namespace: str = "edge", source: str = "manifests", internal: bool = False
) -> Resource:
    given = {"namespace": namespace, "listeners": list(listeners), "internal": internal}
    return resource("network.gateway", f"Gateway.{namespace}.{name}", given, source)


def mesh_policy(
    name: str, namespace: str = "ml", kind: str = "PeerAuthentication", mode: str | None = "STRICT", **facts: Any
) -> Resource:
    given: dict[str, Any] = {
        "namespace": namespace,
        "type": kind,
        "mesh": "istio",
        "whole_mesh": False,
        "pods": [],
        "mutual_tls": mode,
        "requires_identity": False,
        **facts,
    }
    source = given.pop("source", "manifests")
    return resource("network.mesh-policy", f"{kind}.{namespace}.{name}", given, source)


def claim(name: str, storage_class: Any = "fast", namespace: str = "ml", **facts: Any) -> Resource:
    given: dict[str, Any] = {
        "namespace": namespace,
        "storage_class": storage_class,
        "access_modes": ["ReadWriteMany"],
        "volume": None,
        "holds": [],
        **facts,
    }
    source = given.pop("source", "manifests")
    return resource("cluster.volume-claim", f"PersistentVolumeClaim.{namespace}.{name}", given, source)


def storage_class(name: str, source: str = "manifests", **facts: Any) -> Resource:
    given = {"default": False, "encrypted_at_rest": True, "customer_managed_key": True, **facts}
    return resource("cluster.storage-class", f"StorageClass.{name}", given, source)


def listing(kind: str, source: str, complete: bool | Unknown = True) -> Resource:
    return resource("cluster.listing", kind, {"kinds": [kind], "complete": complete}, source)


def derived(resources: Sequence[Resource]) -> dict[str, Resource]:
    """By address; what is derived fits its kinds."""
    found = list(derive(resources))
    for one in found:
        registry.check(one)
    return {one.address: one for one in found}


def fact(resource: Resource, name: str) -> Any:
    """Its value, or the Unknown."""
    stated = resource.facts[name]
    return stated.value if isinstance(stated, Known) else stated
