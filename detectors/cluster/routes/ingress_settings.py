"""What an Ingress's annotations settle, controller by controller: logins, who may connect, certificates, redirects.

Each table has a function for the controllers that settle the matter by annotations of the Ingress. What they keep
elsewhere (middlewares, plugins, BackendConfigs) can't be seen from the annotation that names it, and is Unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from assay.detectors.cluster.network.load_balancers import source_ranges
from assay.detectors.cluster.routes.ingress_controllers import Serving
from assay.detectors.cluster.words import words_of
from assay.scanner.api import Unknown

_NGINX = "nginx.ingress.kubernetes.io/"
_ALB = "alb.ingress.kubernetes.io/"
_APISIX = "k8s.apisix.apache.org/"
_APPGW = "appgw.ingress.kubernetes.io/"
_HAPROXY = "haproxy.org/"
_HAPROXY_INGRESS = "haproxy-ingress.github.io/"
_TRAEFIK = "traefik.ingress.kubernetes.io/"

MIDDLEWARES = f"{_TRAEFIK}router.middlewares"
"""The annotation that names Middlewares of Traefik."""

Annotations = Mapping[str, str]
Settled = bool | Unknown

_NO_CONTROLLER = "its annotations ask for it, but which controller serves it, and so whether it is done, can't be told"


class Reading(Struct, frozen=True, kw_only=True):
    """An Ingress, as far as these tables ask."""

    serving: Serving
    annotations: Mapping[str, str]
    middleware_login: Settled = False
    """Whether the Middlewares of Traefik that it names ask callers who they are."""
    middleware_ranges: list[Any] = []
    """Whom these let in; empty: everyone."""
    backend_config: bool = False
    """A Service that it leads to names a BackendConfig of GKE."""


def authenticated(reading: Reading) -> Settled:
    """Whether the controller asks callers who they are."""
    if reading.serving.controller == "gce" and reading.backend_config:
        return Unknown(reason="a BackendConfig decides, which may ask for a login by Google's proxy")
    if reading.serving.controller == "traefik" and reading.middleware_login is not False:
        return reading.middleware_login
    return _settled(_LOGINS, reading)


def ranges(reading: Reading) -> list[Any]:
    """Who may connect; empty: everyone."""
    controller, given = reading.serving.controller, reading.annotations
    if controller == "gce" and reading.backend_config:
        return [Unknown(reason="a BackendConfig decides, which may limit who connects")]
    if controller == "alb" and given.get(f"{_ALB}security-groups"):
        return [Unknown(reason="security groups that the annotation names decide")]
    if controller == "traefik" and given.get(MIDDLEWARES):
        return reading.middleware_ranges
    if controller == "kong" and given.get("konghq.com/plugins"):
        return [Unknown(reason="plugins decide, which may limit who connects")]
    for key in _RANGES.get(controller or "", ()):
        if given.get(key):
            return [*source_ranges(given[key])]
    if controller is None and any(given.get(key) for keys in _RANGES.values() for key in keys):
        return [Unknown(reason=_NO_CONTROLLER)]
    return []


def certificates(reading: Reading) -> bool:
    """The controller is told of a certificate for whatever host, other than in the Ingress's `tls`."""
    controller, given = reading.serving.controller, reading.annotations
    if controller == "traefik":
        return given.get(f"{_TRAEFIK}router.tls") == "true"
    return controller == "tailscale" or any(given.get(key) for key in _CERTIFICATES.get(controller or "", ()))


def redirects(reading: Reading, covered: bool) -> Settled:
    """Whether plain HTTP is redirected or not served at all; `covered`: every host has a certificate."""
    controller = reading.serving.controller or ""
    if controller in _BY_DEFAULT:
        keys = _BY_DEFAULT[controller]
        return (covered and not any(reading.annotations.get(key, "").lower() == "false" for key in keys)) or _forced(
            reading
        )
    if controller in _REDIRECTS:
        return _REDIRECTS[controller](reading.annotations)
    return (
        Unknown(reason="which controller serves it, and so whether it redirects, can't be told") if covered else False
    )


def internal(reading: Reading) -> Settled:
    """Whether only a private network reaches it."""
    serving, given = reading.serving, reading.annotations
    match serving.controller:
        case "alb" if given.get(f"{_ALB}scheme"):
            return given[f"{_ALB}scheme"].lower() == "internal"
        case "alb":
            # The AWS Load Balancer Controller's own default.
            return Unknown(reason="the parameters of its class decide") if serving.parameters else True
        case "appgw":
            return given.get(f"{_APPGW}use-private-ip") == "true"
        case "gce":
            return serving.class_name == "gce-internal"
        case "tailscale":
            return given.get("tailscale.com/funnel") != "true"
    if {"internal", "private", "intranet"} & set(words_of(serving.class_name or "")):
        return Unknown(reason="its class is named for a private network, but what its controller listens on isn't told")
    return False


def _settled(table: Mapping[str, Callable[[Annotations], Settled]], reading: Reading) -> Settled:
    controller = reading.serving.controller
    if controller is not None:
        return table[controller](reading.annotations) if controller in table else False
    asked = any(settle(reading.annotations) is not False for settle in table.values())
    return Unknown(reason=_NO_CONTROLLER) if asked else False


def _forced(reading: Reading) -> bool:
    return reading.annotations.get(f"{_NGINX}force-ssl-redirect", "").lower() == "true"


def _nginx_login(given: Annotations) -> Settled:
    by_password = given.get(f"{_NGINX}auth-type") in ("basic", "digest") and given.get(f"{_NGINX}auth-secret")
    by_certificate = (
        given.get(f"{_NGINX}auth-tls-secret") and given.get(f"{_NGINX}auth-tls-verify-client", "on") == "on"
    )
    asked = bool(given.get(f"{_NGINX}auth-url") or by_password or by_certificate)
    if asked and given.get(f"{_NGINX}satisfy") == "any":
        return Unknown(reason="an address that is let in needs no login, as the Ingress says `satisfy: any`")
    return asked


def _nginx_inc_login(given: Annotations) -> Settled:
    if given.get("nginx.org/basic-auth-secret") or given.get("nginx.com/jwt-key"):
        return True
    return Unknown(reason="policies decide, which may ask for a login") if given.get("nginx.org/policies") else False


def _alb_login(given: Annotations) -> Settled:
    if given.get(f"{_ALB}auth-type") in ("cognito", "oidc"):
        return given.get(f"{_ALB}auth-on-unauthenticated-request", "authenticate") in ("authenticate", "deny")
    mutual = given.get(f"{_ALB}mutual-authentication")
    return Unknown(reason="on which ports callers need a certificate isn't evaluated") if mutual else False


def _traefik_login(given: Annotations) -> Settled:
    """But for Middlewares, which are objects of their own."""
    named = given.get(f"{_TRAEFIK}router.tls.options")
    return Unknown(reason="TLS options decide, which may ask for a certificate") if named else False


def _haproxy_login(given: Annotations) -> Settled:
    return given.get(f"{_HAPROXY}auth-type") == "basic-auth" and bool(given.get(f"{_HAPROXY}auth-secret"))


def _haproxy_ingress_login(given: Annotations) -> Settled:
    by_certificate = (
        given.get(f"{_HAPROXY_INGRESS}auth-tls-secret")
        and given.get(f"{_HAPROXY_INGRESS}auth-tls-verify-client", "on") == "on"
    )
    named = any(given.get(f"{_HAPROXY_INGRESS}{key}") for key in ("auth-url", "auth-secret", "oauth"))
    return bool(by_certificate) or named


def _kong_login(given: Annotations) -> Settled:
    return Unknown(reason="plugins decide, which may ask for a login") if given.get("konghq.com/plugins") else False


def _apisix_login(given: Annotations) -> Settled:
    if given.get(f"{_APISIX}auth-type") or given.get(f"{_APISIX}auth-uri"):
        return True
    named = given.get(f"{_APISIX}plugin-config-name")
    return Unknown(reason="plugins decide, which may ask for a login") if named else False


_LOGINS: Mapping[str, Callable[[Annotations], Settled]] = {
    "alb": _alb_login,
    "apisix": _apisix_login,
    "haproxy": _haproxy_login,
    "haproxy-ingress": _haproxy_ingress_login,
    "kong": _kong_login,
    "nginx": _nginx_login,
    "nginx-inc": _nginx_inc_login,
    "traefik": _traefik_login,
}

_RANGES: Mapping[str, Sequence[str]] = {
    "alb": (f"{_ALB}inbound-cidrs",),
    "apisix": (f"{_APISIX}allowlist-source-range",),
    "haproxy": (f"{_HAPROXY}allow-list", f"{_HAPROXY}whitelist"),
    "haproxy-ingress": (f"{_HAPROXY_INGRESS}allowlist-source-range", f"{_HAPROXY_INGRESS}whitelist-source-range"),
    "nginx": (f"{_NGINX}whitelist-source-range", f"{_NGINX}allowlist-source-range"),
}

_CERTIFICATES: Mapping[str, Sequence[str]] = {
    "alb": (f"{_ALB}certificate-arn",),
    "appgw": (f"{_APPGW}appgw-ssl-certificate",),
    "gce": (
        "ingress.gcp.kubernetes.io/pre-shared-cert",
        "networking.gke.io/managed-certificates",
        "networking.gke.io/certmap",
    ),
}

_BY_DEFAULT: Mapping[str, Sequence[str]] = {
    "haproxy": (f"{_HAPROXY}ssl-redirect",),
    "haproxy-ingress": (f"{_HAPROXY_INGRESS}ssl-redirect",),
    "nginx": (f"{_NGINX}ssl-redirect",),
    "nginx-inc": ("nginx.org/ssl-redirect", "ingress.kubernetes.io/ssl-redirect"),
}
"""Controllers that redirect wherever there is a certificate, unless one of these annotations is `false`."""


def _alb_redirects(given: Annotations) -> Settled:
    if given.get(f"{_ALB}ssl-redirect"):
        return True
    ports = given.get(f"{_ALB}listen-ports")
    if not ports:
        # Without a list of ports it listens on 443 alone where it has a certificate, and on 80 alone where not.
        return bool(given.get(f"{_ALB}certificate-arn"))
    try:
        listed = msgspec.json.decode(ports, type=list[dict[str, int]])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Unknown(reason="the annotation that lists its ports can't be read")
    return bool(listed) and all(set(one) == {"HTTPS"} for one in listed)


def _gce_redirects(given: Annotations) -> Settled:
    if given.get("kubernetes.io/ingress.allow-http") == "false":
        return True
    configured = given.get("networking.gke.io/v1beta1.FrontendConfig")
    return Unknown(reason="a FrontendConfig decides whether it redirects") if configured else False


def _traefik_redirects(given: Annotations) -> Settled:
    only = given.get(f"{_TRAEFIK}router.entrypoints", "").replace(" ", "")
    if only == "websecure" or given.get(f"{_TRAEFIK}router.tls") == "true":
        return True
    return Unknown(reason="Traefik's entry points decide whether it redirects")


_REDIRECTS: Mapping[str, Callable[[Annotations], Settled]] = {
    "alb": _alb_redirects,
    "apisix": lambda given: given.get(f"{_APISIX}http-to-https") == "true",
    "appgw": lambda given: given.get(f"{_APPGW}ssl-redirect") == "true",
    "contour": lambda given: given.get("ingress.kubernetes.io/force-ssl-redirect") == "true",
    "gce": _gce_redirects,
    "kong": lambda given: given.get("konghq.com/protocols", "").replace(" ", "") == "https",
    "tailscale": lambda _given: True,
    "traefik": _traefik_redirects,
}
