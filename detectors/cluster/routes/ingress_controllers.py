"""Which controller serves an Ingress: annotations mean something only to the one that they were written for."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from assay.detectors.cluster.network.service_objects import ClassSpec, Ingress, IngressClass, IngressSpec
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.words import words_of

_GROUP = "networking.k8s.io"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_OLD_CLASS = "kubernetes.io/ingress.class"


class Serving(Struct, frozen=True, kw_only=True):
    """Who serves an Ingress, as far as it can be told."""

    controller: str | None
    """A key of `PREFIXES`; None: it can't be told."""
    class_name: str | None
    parameters: bool = False
    """Its class has parameters, which are kept in an object of the controller's own."""


PREFIXES: Mapping[str, tuple[str, ...]] = {
    "alb": ("alb.ingress.kubernetes.io/",),
    "apisix": ("k8s.apisix.apache.org/",),
    "appgw": ("appgw.ingress.kubernetes.io/",),
    "contour": ("projectcontour.io/",),
    "gce": ("ingress.gcp.kubernetes.io/", "networking.gke.io/"),
    "haproxy": ("haproxy.org/",),
    "haproxy-ingress": ("haproxy-ingress.github.io/",),
    "kong": ("konghq.com/",),
    "nginx": ("nginx.ingress.kubernetes.io/",),
    "nginx-inc": ("nginx.org/", "nginx.com/"),
    "tailscale": ("tailscale.com/",),
    "traefik": ("traefik.ingress.kubernetes.io/",),
}
"""Controller, and how its annotations begin."""

_CONTROLLERS = (
    ("k8s.io/ingress-nginx", "nginx"),
    ("webapprouting.kubernetes.azure.com/nginx", "nginx"),
    ("nginx.org/ingress-controller", "nginx-inc"),
    ("ingress.k8s.aws/alb", "alb"),
    ("eks.amazonaws.com/alb", "alb"),
    ("traefik.io/ingress-controller", "traefik"),
    ("haproxy.org/", "haproxy"),
    ("haproxy-ingress.github.io/", "haproxy-ingress"),
    ("azure/application-gateway", "appgw"),
    ("tailscale.com/", "tailscale"),
    ("ingress-controllers.konghq.com/", "kong"),
    ("apisix.apache.org/", "apisix"),
    ("projectcontour.io/", "contour"),
)
"""How `spec.controller` of an IngressClass begins."""

_NAMES = {
    "alb": "alb",
    "apisix": "apisix",
    "application": "appgw",
    "contour": "contour",
    "gce": "gce",
    "haproxy": "haproxy",
    "kong": "kong",
    "nginx": "nginx",
    "webapprouting": "nginx",
    "tailscale": "tailscale",
    "traefik": "traefik",
}
"""Words of a class's name, for classes whose IngressClass isn't there to see, as in most repositories."""


class Controllers:
    """Who serves which Ingress of a source."""

    def __init__(self, objects: Objects) -> None:
        self._classes: dict[str, ClassSpec] = {}
        self._default: str | None = None
        for placed in objects.of(f"{_GROUP}/IngressClass"):
            found: IngressClass = placed.object
            name = found.metadata.name or ""
            self._classes[name] = found.spec or ClassSpec()
            if (found.metadata.annotations or {}).get(_DEFAULT) == "true":
                self._default = min(name, self._default or name)

    def serving(self, ingress: Ingress) -> Serving:
        """The controller of an Ingress: by its class, else the default class, else whom its annotations speak to."""
        annotations = ingress.metadata.annotations or {}
        name = (ingress.spec or IngressSpec()).ingress_class_name or annotations.get(_OLD_CLASS) or self._default
        known = self._classes.get(name or "")
        if known is not None and known.controller:
            controller = next((one for start, one in _CONTROLLERS if known.controller.startswith(start)), None)
            return Serving(controller=controller, class_name=name, parameters=known.parameters is not None)
        if name:
            by_word = {_NAMES[word] for word in words_of(name) if word in _NAMES}
            return Serving(controller=by_word.pop() if len(by_word) == 1 else None, class_name=name)
        spoken_to = set(_spoken_to(annotations))
        return Serving(controller=spoken_to.pop() if len(spoken_to) == 1 else None, class_name=None)


def _spoken_to(annotations: Mapping[str, str]) -> Iterator[str]:
    for controller, prefixes in PREFIXES.items():
        if any(key.startswith(prefixes) for key in annotations):
            yield controller
