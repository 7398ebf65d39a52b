"""Proxies in the pod that ask who calls before they pass a request on."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from assay.detectors.answers import any_of, negated
from assay.detectors.cluster.software.process import Process, is_local, is_named
from assay.detectors.cluster.software.setting import Setting, any_present, text_of
from assay.scanner.api import Unknown


class Kind(Struct, frozen=True, kw_only=True):
    """A proxy that we know, by its image."""

    images: tuple[str, ...]
    upstream: tuple[str, ...] = ()
    """Flags that name where it passes requests on to. Empty: a file says it."""
    variables: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    """Flags of the address on which it listens without TLS."""
    secure: tuple[str, ...] = ()
    default: str = ""
    """The plain address where no flag gives one."""
    skips: tuple[str, ...] = ()
    """Flags of paths for which it asks nobody."""
    trusts: tuple[str, ...] = ()
    """Flags of addresses from which it asks nobody."""
    skip_variables: tuple[str, ...] = ()
    """Variables that say the same as `skips` and `trusts`."""
    files: tuple[str, ...] = ()
    """Flags that name a file in which more of these settings may stand."""
    asks: bool = True
    """False: whether it asks who calls stands in a file."""


# See: https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview,
# https://github.com/brancz/kube-rbac-proxy, https://github.com/openshift/oauth-proxy,
# https://github.com/gogatekeeper/gatekeeper
KINDS = (
    Kind(
        images=("oauth2-proxy/oauth2-proxy", "bitnami/oauth2-proxy", "oauth2-proxy"),
        upstream=("--upstream",),
        variables=("OAUTH2_PROXY_UPSTREAMS", "OAUTH2_PROXY_UPSTREAM"),
        plain=("--http-address",),
        secure=("--https-address",),
        default="127.0.0.1:4180",
        skips=("--skip-auth-route", "--skip-auth-regex"),
        trusts=("--trusted-ip",),
        skip_variables=("OAUTH2_PROXY_SKIP_AUTH_ROUTES", "OAUTH2_PROXY_SKIP_AUTH_REGEX", "OAUTH2_PROXY_TRUSTED_IPS"),
        files=("--config", "--alpha-config"),
    ),
    Kind(
        images=("kube-rbac-proxy", "*/kube-rbac-proxy", "ose-kube-rbac-proxy*"),
        upstream=("--upstream",),
        plain=("--insecure-listen-address",),
        secure=("--secure-listen-address",),
        skips=("--ignore-paths",),
    ),
    Kind(
        images=("*/oauth-proxy", "ose-oauth-proxy*", "origin-oauth-proxy"),
        upstream=("--upstream", "-upstream"),
        plain=("--http-address", "-http-address"),
        secure=("--https-address", "-https-address"),
        default="127.0.0.1:4180",
        skips=("--skip-auth-regex", "-skip-auth-regex"),
    ),
    Kind(
        images=("gogatekeeper/gatekeeper", "louketo/louketo-proxy", "keycloak/keycloak-gatekeeper"),
        upstream=("--upstream-url",),
        variables=("PROXY_UPSTREAM_URL",),
        plain=("--listen",),
        default="127.0.0.1:3000",
        files=("--config",),
    ),
    Kind(
        images=("nginx", "nginx-unprivileged", "openresty", "envoy", "envoyproxy/*", "haproxy", "caddy", "traefik",
                "httpd", "pomerium/pomerium", "alpine/socat", "socat"),
        asks=False,
    ),
)  # fmt: skip

_FILE = "the configuration of a proxy in the same pod decides who gets through"
_EVERYTHING = frozenset({"", "/", "^", "^/", ".*", "^.*", "^.*$", "^/.*", "^/.*$", "/.*", "/*", "*"})


class Front(Struct, frozen=True, kw_only=True):
    """A proxy before a server that listens on the loopback address only."""

    port: int | Unknown
    authenticated: bool | Unknown
    tls: bool | Unknown


class Fronts(Struct, frozen=True, kw_only=True):
    """What the proxies of one pod stand before."""

    by_port: Mapping[int, Front]
    unread: Front | None
    """One that may stand before anything in the pod."""


def fronts(proxies: Iterable[Process]) -> Fronts:
    """Each port of the pod with the first proxy that passes requests on to it."""
    by_port: dict[int, Front] = {}
    unread: Front | None = None
    for process in proxies:
        kind = _kind(process)
        if kind is None:
            continue
        opened = process
        for flag in kind.files:
            opened = opened.opened(opened.option(flag), "more may stand in the configuration of the pod's proxy")
        upstream = _upstream(kind, opened) if kind.asks else Unknown(reason=_FILE)
        if isinstance(upstream, Unknown):
            unread = unread or Front(port=upstream, authenticated=upstream, tls=upstream)
            continue
        front = _front(kind, opened)
        if front is not None:
            for port in sorted(upstream):
                by_port.setdefault(port, front)
    return Fronts(by_port=by_port, unread=unread)


def before(ports: Iterable[int | Unknown], among: Fronts) -> Front | None:
    """What callers of a server on these ports meet; None: nothing leads to it."""
    if among.unread is not None:
        return among.unread
    return next((among.by_port[port] for port in ports if isinstance(port, int) and port in among.by_port), None)


def is_proxy(process: Process) -> bool:
    """Whether its image is that of a proxy in the table."""
    return _kind(process) is not None


def _kind(process: Process) -> Kind | None:
    return _kind_of(process.path)


@lru_cache(maxsize=2_000)
def _kind_of(path: str) -> Kind | None:
    return next((kind for kind in KINDS if is_named(path, kind.images)), None)


def _upstream(kind: Kind, process: Process) -> frozenset[int] | Unknown:
    """The ports of the pod to which it passes requests on."""
    given = [one for flag in kind.upstream for one in process.options(flag)]
    given += [process.env(*kind.variables)] if kind.variables else []
    found = [one for one in given if one.given is not False]
    unread = next((one for one in found if one.text is None), None)
    if not found:
        return Unknown(reason="where a proxy in the same pod passes requests on to stands in its configuration")
    if unread is not None:
        return Unknown(reason=unread.reason)
    texts = [part for one in found for part in (one.text or "").split(",")]
    return frozenset(port for port in map(_local_port, texts) if port)


def _local_port(upstream: str) -> int | None:
    scheme, _, rest = upstream.strip().partition("://")
    address = rest.partition("/")[0] if rest else scheme
    if not is_local(address):
        return None
    number = address.rpartition(":")[2]
    if number.isascii() and number.isdigit() and len(number) < 6:
        return int(number)
    return 443 if scheme == "https" else 80


def _front(kind: Kind, process: Process) -> Front | None:
    secure = process.option(*kind.secure) if kind.secure else Setting(given=False)
    certified = any_present((process.option("--tls-cert-file", "--tls-cert", "-tls-cert", "--tls-certificate"),))
    if secure.given is True and secure.text != "":
        plain = process.option(*kind.plain)
        open_ = plain.text is not None and plain.text != "" and not is_local(plain.text)
        return Front(port=process.port(secure, default=443), authenticated=_asks(kind, process), tls=not open_)
    address = text_of(process.option(*kind.plain), process.env("OAUTH2_PROXY_HTTP_ADDRESS"), default=kind.default)
    if isinstance(address, str) and (not address or is_local(address)):
        return None
    port = process.port(process.option(*kind.plain), process.env("OAUTH2_PROXY_HTTP_ADDRESS"), default=4180)
    return Front(port=port, authenticated=_asks(kind, process), tls=certified)


def _asks(kind: Kind, process: Process) -> bool | Unknown:
    """Whether it asks on every path, or all but some."""
    given = [one for flag in (*kind.skips, *kind.trusts) for one in process.options(flag)]
    given += [one for one in (process.env(name) for name in kind.skip_variables) if one.given is not False]
    return negated(any_of(_lets_through(one) for one in given))


def _lets_through(setting: Setting) -> bool | Unknown:
    """Whether an exception is for every path, or every address."""
    if setting.text is None:
        return Unknown(reason=setting.reason)
    return any(_path(part) in _EVERYTHING or part.strip().endswith("/0") for part in setting.text.split(","))


def _path(rule: str) -> str:
    """Of `GET=^/path`, the path."""
    method, equals, path = rule.strip().partition("=")
    return path.lstrip("=") if equals and method.isupper() else rule.strip()
