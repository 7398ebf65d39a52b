"""Attack paths: the shortest from every workload and subject to everything that is worth reaching."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from assay.detectors.rbac.access import ACCOUNTS, Subject, normal
from assay.detectors.rbac.clouds import Clouds
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.cut import Cuts
from assay.detectors.rbac.graph import Certainty
from assay.detectors.rbac.nearest import Field, Target
from assay.detectors.rbac.steps import Steps, all_holdings
from assay.detectors.rbac.surroundings import Surroundings, Workload
from assay.detectors.rbac.targets import Own, own_of_account, own_of_group_or_user, own_of_workload, targets
from assay.detectors.rbac.told import Telling, Told, remedy
from assay.detectors.worlds import World, value, with_facts
from assay.scanner.api import Known, Resource, Unknown

_CERTAINTIES: tuple[Certainty, ...] = ("sure", "possible")
_TOO_LONG = "finding the fewest grants would take too long"
_MOST_REASONS = 5


def add_paths(
    world: World, access: Access, resources: Sequence[Resource], clouds: Sequence[Resource] = ()
) -> Sequence[Resource]:
    """The resources of one source, in order, with the fact `paths` of every `workload.pods` and `rbac.subject`.

    `clouds` are resources of the whole inventory: its `identity.principal` and `identity.grant` say what the identities
    of service accounts may do in a cloud.
    """
    wanted = [one for one in resources if one.kind in ("workload.pods", "rbac.subject")]
    if not wanted:
        return resources
    paths = _Paths(world, access, resources, clouds)
    # In an order that doesn't depend on theirs, as the work on cuts is bounded in all.
    found = {id(one): paths.of(one) for one in sorted(wanted, key=paths.order)}
    return [with_facts(one, {"paths": found[id(one)]}) if id(one) in found else one for one in resources]


class _Paths:
    def __init__(self, world: World, access: Access, resources: Sequence[Resource], clouds: Sequence[Resource]) -> None:
        held = all_holdings(world, access)
        self._around = around = Surroundings(world, resources, held)
        subjects = {one.address: _subject(one) for one in resources if one.kind == "rbac.subject"}
        self._subjects = subjects
        wanted = {one for one in subjects.values() if one is not None}
        steps = Steps(around, access, held, wanted, Clouds(clouds))
        self._graph = steps.graph
        self._anything = steps.anything
        self._targets = targets(steps.graph)
        self._cuts = Cuts(steps.graph)
        self._telling = Telling(steps.graph, around)
        self._shared = _Shared()
        self._by_resource = {id(one.resource): one for one in around.workloads}
        self._used_by: dict[Subject, list[Workload]] = defaultdict(list)
        for workload in around.workloads:
            if isinstance(workload.account, Subject):
                self._used_by[workload.account].append(workload)
        self._owns: dict[tuple[bool, tuple[str, ...]], Own] = {}
        self._homes: dict[Subject, set[str]] = defaultdict(set)
        for holding in access.holdings:
            if holding.namespace is not None:
                self._homes[holding.subject].add(holding.namespace)

    def order(self, resource: Resource) -> tuple[str, str, int]:
        """By kind and address, and those of one address as the graph has them."""
        workload = self._by_resource.get(id(resource))
        return resource.kind, resource.address, workload.number if workload else -1

    def of(self, resource: Resource) -> Known | Unknown:
        """The fact of one source."""
        if resource.kind == "workload.pods":
            workload = self._by_resource[id(resource)]
            node = self._graph.find("workload", str(workload.number), workload.resource.address)
            own = own_of_workload(self._around, workload)
        else:
            subject = self._subjects[resource.address]
            if subject is None:
                return Unknown(reason="the subject's address can't be read")
            node = self._graph.find("identity", subject.type, subject.text)
            own = self._own(subject)
        return self._shared.fact(self._from(node, own) if node is not None else [])

    def _own(self, subject: Subject) -> Own:
        if subject.type == "ServiceAccount":
            return own_of_account(self._around, subject, self._used_by.get(subject, ()))
        homes = tuple(sorted(self._homes.get(subject, ())))
        key = subject.name.startswith(f"{ACCOUNTS}:"), homes
        if key[0] or key not in self._owns:
            self._owns[key] = own_of_group_or_user(self._around, subject, homes)
        return self._owns[key]

    def _from(self, node: int, own: Own) -> list[Any]:
        found = [
            self._path(node, own, name, target) for name, target in self._targets.items() if name not in own.skipped
        ]
        reasons = sorted({one.reason for one in found if isinstance(one, Unknown)})
        doubts = [Unknown(reason=reason) for reason in reasons[:_MOST_REASONS]]
        return [one for one in found if isinstance(one, dict)] + doubts

    def _path(self, node: int, own: Own, name: str, target: Target) -> dict[str, Any] | Unknown | None:
        """None where there is none; Unknown where anything may be reached, or nothing could be found out."""
        for certainty in _CERTAINTIES if target.goals else ():
            if certainty == "possible" and not target.unsure(node):
                break
            searched = target.search(node, own.of(name), certainty)
            if searched is None:
                return Unknown(reason="too many subjects have rights in several namespaces")
            field, label = searched
            if label is None:
                continue
            nodes = field.path(node, label)
            doubt = own.doubt if name == "other-tenant" else None
            for edge in pairwise(nodes) if certainty == "possible" else ():
                doubt = self._graph.reasons.get(edge, doubt)
                if edge in self._graph.reasons and edge[1] == self._anything:
                    return Unknown(reason=self._graph.reasons[edge])
            unknown = Unknown(reason=doubt) if doubt else None
            cut = unknown or self._cut(nodes, name, field, own)
            return self._shared.path(name, self._telling.told(nodes), cut, unknown or True)
        return Unknown(reason=self._graph.beyond) if self._graph.beyond else None

    def _cut(self, nodes: Sequence[int], name: str, field: Field, own: Own) -> list[str] | Unknown:
        found = self._cuts.smallest(nodes, name, field, own.of(name))
        return Unknown(reason=_TOO_LONG) if found is None else found


class _Shared:
    """Paths and facts that are alike, as the same objects: they take less room, and are judged once."""

    def __init__(self) -> None:
        self._paths: dict[tuple[str, int, tuple[str, ...] | Unknown, bool | Unknown], dict[str, Any]] = {}
        """By what they say; what is told of the way goes by identity, as it is kept, and the same where it is alike."""
        self._facts: dict[tuple[int | Unknown, ...], Known] = {}

    def path(self, target: str, told: Told, cut: list[str] | Unknown, sure: Literal[True] | Unknown) -> dict[str, Any]:
        """In the shape of `kinds.paths.Path`."""
        key = (target, id(told), cut if isinstance(cut, Unknown) else tuple(cut), sure)
        if key not in self._paths:
            self._paths[key] = {
                "target": target,
                "length": len(told.hops),
                "hops": told.hops,
                "cut": cut,
                "told": told.line,
                "way": told.way,
                "remedy": remedy(cut),
                "sure": sure,
            }
        return self._paths[key]

    def fact(self, paths: list[Any]) -> Known:
        """Of paths that `path` gave, and of unknowns."""
        key = tuple(one if isinstance(one, Unknown) else id(one) for one in paths)
        if key not in self._facts:
            self._facts[key] = Known(value=paths)
        return self._facts[key]


def _subject(resource: Resource) -> Subject | None:
    """From an address such as `Group:ml-team` or `ServiceAccount:ml/train`."""
    kind = value(resource, "type", "")
    _, found, text = resource.address.partition(f"{kind}:")
    if not kind or not found or not text:
        return None
    if kind != "ServiceAccount":
        return normal(Subject(type=str(kind), name=text))
    namespace, _, name = text.partition("/")
    return Subject(type="ServiceAccount", name=name, namespace=namespace)
