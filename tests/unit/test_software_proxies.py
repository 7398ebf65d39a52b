"""Proxies in the pod count only where nobody gets past them."""

from typing import Any

import pytest

from assay.scanner.api import Unknown
from tests.unit.test_software_recognition import fact, software

LOCAL: dict[str, Any] = {"image": "acme/lab:1", "command": ["jupyter", "lab", "--ServerApp.token=", "--ip=127.0.0.1"]}
OPEN: dict[str, Any] = {"image": "acme/lab:1", "command": ["jupyter", "lab", "--ServerApp.token=", "--ip=0.0.0.0"]}
OAUTH = "quay.io/oauth2-proxy/oauth2-proxy:v7.9.0"
RBAC = "quay.io/brancz/kube-rbac-proxy:v0.19.1"


def proxy(image: str, *args: str, **more: Any) -> dict[str, Any]:
    return {"name": "proxy", "image": image, "args": list(args), **more}


def told(server: dict[str, Any], *others: dict[str, Any]) -> tuple[Any, ...]:
    """Ports, whether it asks, speaks TLS and listens locally; None for what is unknown."""
    [found] = software(server, *others)
    values = [fact(found, name) for name in ("ports", "authenticated", "tls", "listens_locally")]
    if any(isinstance(port, Unknown) for port in values[0]):
        values[0] = None
    return tuple(None if isinstance(value, Unknown) else value for value in values)


def test_without_a_proxy_nothing_outside_the_pod_reaches_it() -> None:
    assert told(LOCAL) == ([8888], False, False, True)


@pytest.mark.parametrize(
    ("front", "port", "tls"),
    [
        (proxy(OAUTH, "--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180"), 4180, False),
        (proxy(OAUTH, "--upstream", "http://localhost:8888/", "--http-address", ":4180"), 4180, False),
        (
            proxy(OAUTH, "--http-address=0.0.0.0:4180", env=[{"name": "OAUTH2_PROXY_UPSTREAMS", "value": "http://127.0.0.1:8888"}]),
            4180,
            False,
        ),
        (
            proxy(OAUTH, "--upstream=http://127.0.0.1:8888", "--https-address=:8443", "--tls-cert-file=/c"),
            8443,
            True,
        ),
        (proxy(RBAC, "--upstream=http://127.0.0.1:8888/", "--secure-listen-address=0.0.0.0:8443"), 8443, True),
        (
            proxy("registry.redhat.io/openshift4/ose-oauth-proxy:v4.16", "--upstream=http://localhost:8888",
                  "--https-address=:8443"),
            8443,
            True,
        ),
    ],
)  # fmt: skip
def test_a_proxy_before_a_server_that_listens_locally_answers_for_it(
    front: dict[str, Any], port: int, tls: bool
) -> None:
    assert told(LOCAL, front) == ([port], True, tls, False)


def test_a_server_that_listens_for_all_is_reached_past_its_proxy() -> None:
    front = proxy(OAUTH, "--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180")
    assert told(OPEN, front) == ([8888], False, False, False)


@pytest.mark.parametrize(
    "upstream", ["http://127.0.0.1:9999", "http://other.svc:8888", "file:///var/www", "static://202"]
)
def test_a_proxy_before_something_else_is_none(upstream: str) -> None:
    front = proxy(OAUTH, f"--upstream={upstream}", "--http-address=0.0.0.0:4180")
    assert told(LOCAL, front) == ([8888], False, False, True)


def test_a_proxy_that_listens_locally_itself_leads_nowhere() -> None:
    front = proxy(OAUTH, "--upstream=http://127.0.0.1:8888")
    assert told(LOCAL, front) == ([8888], False, False, True)


def test_settings_that_may_stand_in_a_file_are_unknown() -> None:
    front = proxy(OAUTH, "--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180", "--config=/etc/p.cfg")
    assert told(LOCAL, front)[1] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("OAUTH2_PROXY_SKIP_AUTH_ROUTES", "^/healthz$,.*"), ("OAUTH2_PROXY_TRUSTED_IPS", "0.0.0.0/0")],
)
def test_variables_of_a_proxy_count_as_its_flags_do(name: str, value: str) -> None:
    args = ("--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180")
    assert told(LOCAL, proxy(OAUTH, *args, env=[{"name": name, "value": value}]))[1] is False
    held = {"secretKeyRef": {"name": "s", "key": "k"}}
    assert told(LOCAL, proxy(OAUTH, *args, env=[{"name": name, "valueFrom": held}]))[1] is None


@pytest.mark.parametrize(
    "skipped", ["--trusted-ip=0.0.0.0/0", "--skip-auth-route=.*", "--skip-auth-regex=^/", "--skip-auth-route=GET=^/.*"]
)
def test_a_proxy_that_lets_every_path_through_asks_nobody(skipped: str) -> None:
    front = proxy(OAUTH, "--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180", skipped)
    assert told(LOCAL, front) == ([4180], False, False, False)


def test_a_single_path_may_be_open() -> None:
    front = proxy(
        OAUTH, "--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180", "--skip-auth-route=^/healthz$"
    )
    assert told(LOCAL, front) == ([4180], True, False, False)


def test_a_proxy_whose_upstream_stands_elsewhere_makes_it_unknown() -> None:
    assert told(LOCAL, proxy(OAUTH, "--config=/etc/oauth2-proxy.cfg")) == (None, None, None, False)
    held = [{"name": "OAUTH2_PROXY_UPSTREAMS", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]
    assert told(LOCAL, proxy(OAUTH, env=held)) == (None, None, None, False)


@pytest.mark.parametrize("image", ["nginx:1.28", "envoyproxy/envoy:v1.34", "haproxy:3.1", "caddy:2"])
def test_a_proxy_that_a_file_configures_makes_it_unknown(image: str) -> None:
    assert told(LOCAL, {"name": "front", "image": image}) == (None, None, None, False)


def test_another_container_is_no_proxy() -> None:
    assert told(LOCAL, {"name": "logs", "image": "fluent/fluent-bit:4"}) == ([8888], False, False, True)


def test_a_proxy_is_no_server_itself() -> None:
    assert software(proxy(OAUTH, "--upstream=http://127.0.0.1:80")) == []


def test_where_it_listens_is_unknown_a_proxy_makes_nothing_better() -> None:
    server = {"image": "acme/lab:1", "command": ["jupyter", "lab", "--ServerApp.token=", "--ip=$(HOST)"]}
    front = proxy(OAUTH, "--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180")
    ports, authenticated, _, local = told(server, front)
    assert (ports, authenticated, local) == ([8888], False, None)


def test_beside_a_proxy_that_is_not_seen_another_one_makes_nothing_sure() -> None:
    seen = proxy(OAUTH, "--upstream=http://127.0.0.1:8888", "--http-address=0.0.0.0:4180")
    assert told(LOCAL, seen, {"name": "front", "image": "nginx:1.28"}) == (None, None, None, False)


def test_a_pod_of_many_servers_and_proxies_is_stated_whole() -> None:
    servers = [{**LOCAL, "name": f"lab-{n}"} for n in range(1500)]
    fronts = [
        {**proxy(OAUTH, f"--upstream=http://127.0.0.1:{n}", "--http-address=:4180"), "name": f"p-{n}"}
        for n in range(1, 1500)
    ]
    assert len(software(servers[0], *servers[1:], *fronts)) == 1500
