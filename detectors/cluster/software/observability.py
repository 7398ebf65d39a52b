"""Metrics and dashboards, which show what runs where, and often more."""

from assay.detectors.answers import all_of, any_of, negated
from assay.detectors.cluster.software.process import ANY, Process, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import any_present, switch, text_of
from assay.scanner.api import Unknown

_WEB_CONFIG = "the file that --web.config.file names decides"
_DEFAULT_PASSWORDS = frozenset({"admin", "password", "prom-operator", "grafana", "changeme"})


def prometheus(process: Process) -> Look:
    """See: https://prometheus.io/docs/operating/security/ and https://prometheus.io/docs/prometheus/latest/configuration/https/"""
    guarded: bool | Unknown = False
    if process.option("--web.config.file").given is not False:
        guarded = Unknown(reason=_WEB_CONFIG)
    address = process.option("--web.listen-address")
    local = listens_locally(address, default=ANY)
    return Look(
        ports=(process.port(address, default=9093 if process.is_image(("alertmanager",)) else 9090),),
        authenticated=guarded,
        tls=guarded,
        local=local,
        settings=noted(
            admin_api=switch(process.toggle("--web.enable-admin-api"), default=False),
            lifecycle=switch(process.toggle("--web.enable-lifecycle"), default=False),
        ),
    )


def grafana(process: Process) -> Look:
    """See: https://grafana.com/docs/grafana/latest/setup-grafana/configure-security/configure-authentication/"""
    config = process.mounted("/etc/grafana/grafana.ini")
    unread = Unknown(reason=config) if config else None
    anonymous = switch(process.env("GF_AUTH_ANONYMOUS_ENABLED"), default=unread or False)
    # A header that names the user is believed from everyone, unless addresses are listed.
    listed = any_present((process.env("GF_AUTH_PROXY_WHITELIST"),))
    believed = all_of((switch(process.env("GF_AUTH_PROXY_ENABLED"), default=unread or False), negated(listed)))
    role = text_of(process.env("GF_AUTH_ANONYMOUS_ORG_ROLE"), default="Viewer")
    protocol = text_of(process.env("GF_SERVER_PROTOCOL"), default="http")
    return Look(
        ports=(process.port(process.env("GF_SERVER_HTTP_PORT"), default=3000),),
        authenticated=all_of((negated(anonymous), negated(believed))),
        tls=protocol if isinstance(protocol, Unknown) else protocol.lower() in ("https", "h2"),
        settings=noted(
            anonymous_admin=all_of((anonymous, _is(role, "admin"))),
            anonymous_editor=all_of((anonymous, _is(role, "editor"))),
            default_password=_default_password(process, unread),
        ),
    )


def _is(role: str | Unknown, wanted: str) -> bool | Unknown:
    return role if isinstance(role, Unknown) else role.strip().lower() == wanted


def _default_password(process: Process, unread: Unknown | None) -> bool | Unknown:
    """Grafana's first administrator has the password `admin` where none is set."""
    created = negated(switch(process.env("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"), default=False))
    login = negated(switch(process.env("GF_AUTH_DISABLE_LOGIN_FORM"), default=unread or False))
    password = process.env("GF_SECURITY_ADMIN_PASSWORD", "GF_SECURITY_ADMIN_PASSWORD__FILE")
    if password.given is None:
        weak: bool | Unknown = Unknown(reason=password.reason)
    elif password.given:
        weak = password.text is not None and password.text.lower() in _DEFAULT_PASSWORDS
    else:
        weak = unread or True
    return all_of((created, login, weak))


def kibana(process: Process) -> Look:
    """Kibana asks who calls where its Elasticsearch does; OpenSearch's dashboards with their security plug-in."""
    off = switch(process.env("DISABLE_SECURITY_DASHBOARDS_PLUGIN"), default=False)
    asked = Unknown(reason="the store behind it decides whether callers are asked who they are")
    return Look(
        ports=(process.port(process.env("SERVER_PORT"), default=5601),),
        authenticated=False if off is True else asked,
        tls=switch(process.env("SERVER_SSL_ENABLED"), default=False),
    )


def langfuse(process: Process) -> Look:
    """Langfuse asks for a login, and lets everyone make an account unless told otherwise.

    See: https://langfuse.com/self-hosting/security/authentication-and-sso
    """
    closed = any_of((
        switch(process.env("AUTH_DISABLE_SIGNUP"), default=False),
        switch(process.env("AUTH_DISABLE_USERNAME_PASSWORD"), default=False),
    ))  # fmt: skip
    return Look(
        ports=(process.port(process.env("PORT"), default=3000),),
        authenticated=True,
        settings=noted(open_signup=negated(closed)),
    )


SERVERS = (
    Server(
        software="prometheus",
        look=prometheus,
        images=("prometheus/prometheus", "prom/prometheus", "bitnami/prometheus"),
        runs="prometheus",
        commands=("prometheus",),
    ),
    Server(
        software="alertmanager",
        look=prometheus,
        images=("prometheus/alertmanager", "prom/alertmanager"),
        runs="alertmanager",
        commands=("alertmanager",),
    ),
    Server(
        software="grafana",
        look=grafana,
        images=("grafana/grafana", "grafana/grafana-enterprise", "grafana/grafana-oss", "bitnami/grafana"),
        runs="grafana server",
        commands=("grafana server", "grafana-server", "run.sh"),
    ),
    Server(software="langfuse", look=langfuse, images=("langfuse/langfuse",)),
    Server(
        software="kibana",
        look=kibana,
        images=("kibana/kibana", "bitnami/kibana", "opensearchproject/opensearch-dashboards"),
    ),
)
