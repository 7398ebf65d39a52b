"""The part of the graph that lies in clouds: identities of service accounts, what these become, and administrators."""

from collections.abc import Iterator

from assay.detectors.rbac.access import Subject
from assay.detectors.rbac.clouds import Clouds, Identity, Power
from assay.detectors.rbac.graph import Cite, Graph
from assay.detectors.rbac.surroundings import Surroundings
from assay.scanner.api import Unknown


class CloudSteps:
    """Adds each identity with all that follows from it when it is first reached."""

    def __init__(self, graph: Graph, around: Surroundings, clouds: Clouds) -> None:
        self._graph = graph
        self._around = around
        self._clouds = clouds

    def of(self, subject: Subject) -> Iterator[tuple[int, Cite, str | None]]:
        """The identities that a service account has in clouds, with what gives them and why it may not."""
        account = self._around.account(subject)
        source = self._around.world.source
        asked = account.cloud if isinstance(account.cloud, str) else None
        for way in self._clouds.ways(subject, account.provider, asked, source):
            node = self._identity(way.identity, subject)
            yield node, Cite(way.technique, way.objects), way.unsure
        if isinstance(account.cloud, Unknown):
            nobody = self._graph.node("cloud", "", "")
            self._power(nobody, Power(unsure=account.cloud.reason))
            yield nobody, Cite("cloud-identity"), account.cloud.reason

    def _identity(self, identity: Identity, subject: Subject) -> int:
        start = self._find(identity)
        if start is not None:
            return start
        start = self._graph.node("cloud", identity.shown, identity.declared)
        waiting = [(identity, start)]
        while waiting:
            here, node = waiting.pop()
            powers = self._clouds.powers(here, subject, self._around.world.source)
            for power in powers:
                self._power(node, power)
            if here.itself or any(power.unsure is None for power in powers):
                continue  # Everything is reached already.
            ways, beyond = self._clouds.onward(here)
            for power in beyond:
                self._power(node, power)
            for way in ways:
                after = self._find(way.identity)
                if after is None:
                    after = self._graph.node("cloud", way.identity.shown, way.identity.declared)
                    waiting.append((way.identity, after))
                self._graph.cite(node, after, Cite(way.technique, way.objects), way.unsure)
        return start

    def _find(self, identity: Identity) -> int | None:
        return self._graph.find("cloud", identity.shown, identity.declared)

    def _power(self, node: int, power: Power) -> None:
        cite = Cite("cloud-rights", power.objects, power.rule)
        self._graph.cite(node, self._graph.node("administrator"), cite, power.unsure)
