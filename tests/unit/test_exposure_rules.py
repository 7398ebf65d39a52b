"""The rules on traffic and volumes, judged on what is derived from objects; and what the README shows."""

import re
from pathlib import Path
from typing import Any

import pytest

from assay.policies.compiled import compile_rule, prepare
from assay.policies.messages import fill
from assay.policies.rule_files import load_own
from assay.scanner.api import Resource, Unknown
from tests.unit.exposure_objects import (
    allow,
    backend,
    claim,
    container,
    derived,
    gateway,
    listener,
    mesh_policy,
    mount,
    named,
    peer,
    pods,
    policy,
    port,
    ports,
    requires,
    resource,
    route,
    service,
    service_port,
    storage_class,
    volume,
)

ROOT = Path(__file__).parents[2]
RULES = ROOT / "policies" / "rules"
SAFEGUARDS = re.findall(r"^- id: (\S+)", (ROOT / "policies" / "safeguards.yaml").read_text(), re.MULTILINE)
NO_VALUE = Unknown(reason="a variable without a value")


def outcome(rule: str, resources: list[Resource], address: str) -> str:
    """What a rule says of a resource once facts are derived, and for a failure the message."""
    [path] = RULES.rglob(f"{rule}.yaml")
    loaded = load_own(path, SAFEGUARDS)
    decision = compile_rule(loaded).decide(*prepare(derived(resources)[address]))
    if decision.outcome != "fail":
        return decision.outcome or "not-applicable"
    return address.join(fill(loaded.message, decision.shown))


WEB = "Deployment.ml.web"
AT = {"system": None}


def web(**facts: Any) -> Resource:
    return pods("web", ports=[port(5432, "sql")], **{**AT, **facts})


DENY = policy("deny", directions=["ingress", "egress"])
LET = policy("let", allows=[allow("ingress", [peer(namespaces=named("edge"))], [ports(5432)])])
OUT = policy(
    "out",
    directions=["egress"],
    allows=[allow("egress", [peer(cidr="0.0.0.0/0", excepted=["169.254.169.254/32"])], [ports(443)])],
)


@pytest.mark.parametrize(
    ("rule", "resources", "address", "expected"),
    [
        ("workload-ingress-limited", [web()], WEB, f"no NetworkPolicy limits who may connect to {WEB}"),
        ("workload-ingress-limited", [web(), DENY], WEB, "pass"),
        ("workload-ingress-limited", [web(), OUT], WEB, f"no NetworkPolicy limits who may connect to {WEB}"),
        ("workload-ingress-limited", [web(), policy("x", selects=NO_VALUE)], WEB, "unknown"),
        ("workload-ingress-limited", [web(host_network=True)], WEB, "not-applicable"),
        (
            "workload-not-open-to-cluster",
            [web(), policy("let", allows=[allow("ingress", [peer(namespaces=[])], [ports("sql")])])],
            WEB,
            f"the NetworkPolicies for {WEB} let pods of every namespace in, on port 5432 (0: every port)",
        ),
        ("workload-not-open-to-cluster", [web(), LET], WEB, "pass"),
        ("workload-not-open-to-cluster", [web()], WEB, "not-applicable"),
        ("workload-egress-limited", [web(), OUT], WEB, f"{WEB} may connect to any address of the internet"),
        ("workload-egress-limited", [web(), DENY], WEB, "pass"),
        ("workload-not-reaching-metadata", [web(), OUT], WEB, "pass"),
        (
            "workload-not-reaching-metadata",
            [web()],
            WEB,
            f"{WEB} may connect to the instance-metadata service, 169.254.169.254",
        ),
        (
            "workload-no-database-ports-from-internet",
            [web(), service("web", [service_port(80, "sql")], kind="LoadBalancer")],
            WEB,
            f"the internet reaches the database port 5432 of {WEB} through Service.ml.web",
        ),
        (
            "workload-no-database-ports-from-internet",
            [web(), service("web", [service_port(80, "sql")], kind="LoadBalancer"), LET],
            WEB,
            "pass",
        ),
        (
            "workload-mesh-traffic-encrypted",
            [web(mesh="istio")],
            WEB,
            f"{WEB} is in a mesh, and takes plain text from pods (cluster) on port 0 (0: every port)",
        ),
        ("workload-mesh-traffic-encrypted", [web(mesh="istio"), mesh_policy("strict")], WEB, "pass"),
        (
            "mesh-mutual-tls-strict",
            [mesh_policy("m", mode="PERMISSIVE")],
            "PeerAuthentication.ml.m",
            "PeerAuthentication.ml.m lets plain text in: its mode is PERMISSIVE",
        ),
        ("route-tls", [route("web", [backend("web")])], "Ingress.ml.web", "pass"),
        (
            "route-tls",
            [route("web", [backend("web")], tls_hosts=[], redirects_to_tls=False)],
            "Ingress.ml.web",
            "Ingress.ml.web is reached from the internet, and not each of its hosts is served over TLS",
        ),
        ("route-tls", [route("web", [], internal=True, tls_hosts=[])], "Ingress.ml.web", "not-applicable"),
        ("route-tls", [route("web", [], kind="HTTPRoute", gateways=["Gateway.edge.x"])], "HTTPRoute.ml.web", "unknown"),
        (
            "route-redirects-to-tls",
            [route("web", [], redirects_to_tls=False)],
            "Ingress.ml.web",
            "Ingress.ml.web has TLS, and serves plain HTTP beside it",
        ),
        (
            "gateway-minimum-tls",
            [gateway("g", [listener(minimum="1.0")])],
            "Gateway.edge.g",
            "Gateway.edge.g accepts TLS 1.0 on port 443",
        ),
        (
            "claim-encrypted-at-rest",
            [claim("models"), storage_class("fast", encrypted_at_rest=False)],
            "PersistentVolumeClaim.ml.models",
            "PersistentVolumeClaim.ml.models lies on storage that is not encrypted",
        ),
        ("claim-encrypted-at-rest", [claim("models")], "PersistentVolumeClaim.ml.models", "unknown"),
        (
            "claim-customer-managed-key",
            [claim("models", holds=["model"]), storage_class("fast", customer_managed_key=False)],
            "PersistentVolumeClaim.ml.models",
            "PersistentVolumeClaim.ml.models holds model, and isn't encrypted with a key of yours",
        ),
        (
            "persistent-volume-no-host-path",
            [resource("cluster.persistent-volume", "PersistentVolume.d", {"type": "hostPath"})],
            "PersistentVolume.d",
            "PersistentVolume.d is a folder of a node",
        ),
    ],
)
def test_a_rule_judges_what_is_derived(rule: str, resources: list[Resource], address: str, expected: str) -> None:
    assert outcome(rule, resources, address) == expected


@pytest.mark.parametrize(("read_only", "expected"), [(True, "pass"), (False, "fail")])
def test_a_model_that_two_workloads_can_write_to_is_told_with_both(read_only: bool, expected: str) -> None:
    def user(name: str, reading: bool) -> Resource:
        mounted = [container(mounts=[mount("v", reading)])]
        return pods(name, volumes=[volume("v", "models")], containers=mounted)

    found = [claim("models", holds=["model"]), user("train", False), user("notebook", read_only)]
    said = outcome("claim-not-shared-writable", found, "PersistentVolumeClaim.ml.models")
    both = "several workloads can write to it: Deployment.ml.notebook, Deployment.ml.train"
    assert said == (expected if read_only else f"PersistentVolumeClaim.ml.models holds model, and {both}")


def test_a_workload_behind_a_policy_and_a_sound_ingress_fails_none_of_the_rules() -> None:
    sound = [
        pods("web", ports=[port(8080, "http")], **AT),
        DENY,
        policy("let", selects=requires(app="web"), allows=[allow("ingress", [peer(namespaces=named("edge"))])]),
        service("web", [service_port(80, "http")]),
        route("web", [backend("web", 80)]),
    ]
    names = [path.stem for path in (RULES / "network").glob("workload-*.yaml")]
    assert len(names) == 7
    assert {outcome(name, sound, WEB) for name in names if name != "workload-mesh-traffic-encrypted"} == {"pass"}


def test_what_the_readme_shows_runs() -> None:
    text = (ROOT / "detectors" / "exposure" / "README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
