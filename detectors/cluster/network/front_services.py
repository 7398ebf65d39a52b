"""The Services in front of the pods that a selector takes, such as those of an Istio gateway."""

from collections import defaultdict
from collections.abc import Mapping

from assay.detectors.answers import Answer, all_of
from assay.detectors.cluster.network.load_balancers import LoadBalancers
from assay.detectors.cluster.network.service_objects import Service, ServiceSpec
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.words import words_of
from assay.scanner.api import Unknown

_MOST = 200
"""Services that are looked at for one selector."""


class FrontServices:
    """Services by the labels that they select."""

    def __init__(self, objects: Objects) -> None:
        self._unread = objects.unread("Service")
        self._load_balancers = LoadBalancers(objects)
        self._by_label: dict[tuple[str, str], list[Service]] = defaultdict(list)
        for placed in objects.of("Service"):
            service: Service = placed.object
            for label in ((service.spec or ServiceSpec()).selector or {}).items():
                self._by_label[label].append(service)

    def internal(self, selector: Mapping[str, str]) -> Answer:
        """Whether each Service that is surely in front of the selected pods is only reached from a private network.

        Where there is none, as in a repository without the gateway's installation, the labels must do.
        """
        candidates = min((self._by_label.get(label, []) for label in selector.items()), key=len, default=[])
        if len(candidates) > _MOST:
            return Unknown(reason=f"more than {_MOST} Services select pods like those of the Gateway")
        found = [one for one in candidates if selector.items() <= ((one.spec or ServiceSpec()).selector or {}).items()]
        if found:
            return all_of(map(self._private, found))
        if self._unread:
            return Unknown(reason=self._unread)
        words = {word for value in selector.values() for word in words_of(value)}
        if words & {"internal", "private", "intranet", "ilb", "egressgateway"}:
            return Unknown(reason="its pods are named for a private network, but no Service for them is there to see")
        return False

    def _private(self, service: Service) -> Answer:
        spec = service.spec or ServiceSpec()
        if spec.external_ips or spec.type == "NodePort":
            return False
        if spec.type == "LoadBalancer":
            return self._load_balancers.internal(service)
        known = not spec.type or spec.type in ("ClusterIP", "ExternalName")
        return known or Unknown(reason="the type of a Service in front of the Gateway isn't known")
