"""The graph of one source, from its rights and surroundings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from assay.detectors.rbac.access import (
    EVERYTHING,
    MASTERS,
    SOMEONE,
    Holding,
    Rule,
    Subject,
    identities,
)
from assay.detectors.rbac.cloud_steps import CloudSteps
from assay.detectors.rbac.clouds import Clouds
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.consequences import EVERYWHERE, Consequences
from assay.detectors.rbac.graph import Graph
from assay.detectors.rbac.hosts import Hosts
from assay.detectors.rbac.provider import provider_of
from assay.detectors.rbac.surroundings import KUBE_SYSTEM, Surroundings, unread_of
from assay.detectors.rbac.techniques import TECHNIQUES, Ability, Technique, abilities
from assay.detectors.worlds import World
from assay.scanner.api import Unknown

MOST_JOINED = 200_000
"""Rights looked at to find what several bindings give together. A large cluster needs a few thousand."""
_IMPLIED = (
    (Subject(type="ServiceAccount", name="clusterrole-aggregation-controller", namespace=KUBE_SYSTEM),
     "system:controller:clusterrole-aggregation-controller"),
    (Subject(type="User", name="system:kube-controller-manager"), "system:kube-controller-manager"),
)  # fmt: skip
"""Subjects that every cluster has and that lead to everything, with the name of their role and binding; files don't
declare them."""


class _Part(Struct, frozen=True):
    """A right that one grant gives, and that a technique needs together with others."""

    grant: int
    binding: str
    role: str
    namespace: str
    ability: Ability
    unsure: str | None


class _Parts(Struct, frozen=True):
    """What the grants of one subject give in part, by technique, and which needs that meets."""

    parts: Mapping[int, Sequence[_Part]]
    met: Mapping[int, int]


_EVERY = (EVERYTHING,)
_INDEX = {id(technique): index for index, technique in enumerate(TECHNIQUES)}
_HOLDER = 1 << 8
"""Beside the bits of needs: it depends on which roles the identity holds."""


def all_holdings(world: World, access: Access) -> Sequence[Holding]:
    """Those of subjects that could not be read and those that files imply included; sorted."""
    found = [*access.holdings, *(one for _, given in access.given for one in given if one.subject == SOMEONE)]
    if not world.live:
        there = {one.binding for one in found}
        for subject, name in _IMPLIED:
            binding, role = f"ClusterRoleBinding.{name}", access.roles.at(f"ClusterRole.{name}")
            if binding not in there:
                rules = role.rules
                found.append(
                    Holding(
                        subject=subject, binding=binding, role=role.address, namespace=None, rules=rules.sure,
                        maybe=rules.maybe, unknown=rules.unknown, expected=True,
                    )
                )  # fmt: skip
    return sorted(found, key=lambda one: (one.binding, one.subject, one.role, one.namespace or ""))


class Steps:
    """Builds the graph. Inputs are taken in sorted order, so that the graph doesn't depend on theirs."""

    def __init__(
        self,
        around: Surroundings,
        access: Access,
        held: Sequence[Holding],
        subjects: Iterable[Subject],
        clouds: Clouds,
    ) -> None:
        """`held` is what `all_holdings` gives; `subjects` are those whose paths are wanted."""
        self.graph = Graph()
        self._around = around
        self._access = access
        self._cloud_steps = CloudSteps(self.graph, around, clouds)
        self._unread = access.unread or unread_of(around.world, "rbac.binding")
        self._upgrades = provider_of(around.world).get_opens_shells
        self._rules: dict[tuple[Rule, ...], int] = {}
        self._seen: dict[int, int] = {}
        """By identity of the tuple, as holdings of one role share it."""
        self._abilities: dict[tuple[int, bool], tuple[tuple[Ability, ...], str | None]] = {}
        self._of_member: dict[Subject, list[tuple[int, Holding]]] = defaultdict(list)
        self._parts: dict[int, list[tuple[Ability, str]]] = {}
        """Rights node → what is part of something, and where."""
        self._parts_of_member: dict[Subject, _Parts] = {}
        self._kept: list[tuple[Rule, ...]] = []
        self._joined = 0
        self._consequences = Consequences(self.graph, around, access, self._rights_node)
        self.graph.expected = {one.binding for one in held} - {one.binding for one in held if not one.expected}
        self.subjects = sorted(
            {*subjects, *around.accounts, *(one.subject for one in held), Subject(type="Group", name=MASTERS)}
            - {SOMEONE}
        )
        for subject in self.subjects:
            self._consequences.identity(subject)
        for one in around.workloads:
            self._consequences.workload(one)
        # Every identity and workload has its node now, for techniques that lead to all of them.
        self.anything = self._rights_node(_EVERY, EVERYWHERE)
        """The rights to everything everywhere."""
        for holding in held:
            self._grant(holding)
        for subject in self.subjects:
            self._identity(subject)
        self._workloads()
        self._consequences.settle()
        # It and this ask each other while the graph is built; both would otherwise stay until cycles are looked for.
        del self._consequences

    def _grant(self, holding: Holding) -> None:
        graph, namespace = self.graph, holding.namespace or EVERYWHERE
        rights = self._rights_node(holding.rules, namespace)
        number = str(self._rules[holding.rules])
        grant = graph.node("grant", holding.binding, holding.role, namespace, number)
        if grant not in graph.grants:
            graph.grants[grant], graph.roles[grant] = holding.binding, holding.role
            graph.edge(grant, rights)
            if holding.unknown:
                graph.edge(grant, self._rights_node(holding.maybe, namespace), holding.unknown)
        unread = f"a subject of {holding.binding} could not be read" if holding.subject == SOMEONE else None
        graph.edge(self._member(holding.subject), grant, unread)
        self._of_member[holding.subject].append((grant, holding))

    def _member(self, subject: Subject) -> int:
        return self.graph.node("member", subject.type, subject.text)

    def _identity(self, subject: Subject) -> None:
        graph, node = self.graph, self._consequences.identity(subject)
        for one in (*identities(subject), SOMEONE):
            if one in self._of_member:
                graph.edge(node, self._member(one))
        if subject.type == "Group" and subject.name == MASTERS:
            graph.edge(node, self._consequences.admin())
        elif self._unread:
            graph.edge(node, self.anything, self._unread)
        if subject.type == "ServiceAccount":
            self._cloud(node, subject)
        self._join(node, subject)

    def _cloud(self, node: int, subject: Subject) -> None:
        for cloud, cite, unsure in self._cloud_steps.of(subject):
            if self.graph.kind(node) == "workload":
                cite = replace(cite, objects=(self._around.account(subject).address, *cite.objects))
            self.graph.cite(node, cloud, cite, unsure)

    def _rights_node(self, rules: tuple[Rule, ...], namespace: str) -> int:
        """The node of a role's rules in a namespace or everywhere, with edges to all that they allow."""
        number = self._number(rules)
        known = self.graph.find("rights", str(number), namespace)
        if known is not None:
            return known
        rights = self.graph.node("rights", str(number), namespace)
        key = (number, namespace == EVERYWHERE)
        if key not in self._abilities:
            self._abilities[key] = abilities(rules, key[1])
        found, beyond = self._abilities[key]
        parts = []
        for ability in found:
            place = _placed(ability, namespace)
            if place is None or self.graph.beyond or (ability.technique.upgraded and not self._upgrades):
                continue
            if ability.need is not None or _depends_on_holder(ability):
                parts.append((ability, place))
            if ability.need is None and self._consequences.is_someone(ability.technique, place, ability.name):
                name = "" if ability.technique.gives == ("unguarded-node",) else ability.name
                can = self._consequences.can(ability.technique, place, name)
                self.graph.edge(rights, can)
                self.graph.texts[rights, can] = min(self.graph.texts.get((rights, can), ability.text), ability.text)
        self._parts[rights] = parts
        if beyond:
            self.graph.edge(rights, self._rights_node(_EVERY, namespace), beyond)
        return rights

    def _number(self, rules: tuple[Rule, ...]) -> int:
        found = self._seen.get(id(rules))
        if found is None:
            found = self._seen[id(rules)] = self._rules.setdefault(rules, len(self._rules))
            self._kept.append(rules)
        return found

    def _join(self, node: int, subject: Subject) -> None:
        """What the identity can do with rights from several bindings together."""
        mine = [one for one in (*identities(subject), SOMEONE) if one in self._of_member]
        met: dict[int, int] = defaultdict(int)
        for one in mine:
            for index, needs in self._parts_of(one).met.items():
                met[index] |= needs
        for index, needs in sorted(met.items()):
            technique = TECHNIQUES[index]
            every = (1 << len(technique.needs)) - 1
            if needs & every != every and not needs & _HOLDER:
                continue
            parts = [part for one in mine for part in self._parts_of(one).parts.get(index, ())]
            if needs & _HOLDER:
                held = [grant for one in mine for grant in self._of_member[one]]
                self._own_roles(node, subject, [part for part in parts if part.ability.need is None], held)
            if needs & every == every:
                self._together(node, subject, technique, [part for part in parts if part.ability.need is not None])

    def _parts_of(self, member: Subject) -> "_Parts":
        if member not in self._parts_of_member:
            parts: dict[int, list[_Part]] = defaultdict(list)
            met: dict[int, int] = defaultdict(int)
            for grant, holding in self._of_member[member]:
                for part in self._parts_from(grant, holding):
                    index = _INDEX[id(part.ability.technique)]
                    parts[index].append(part)
                    met[index] |= _HOLDER if part.ability.need is None else 1 << part.ability.need
            self._parts_of_member[member] = _Parts(parts, met)
        return self._parts_of_member[member]

    def _parts_from(self, grant: int, holding: Holding) -> Iterator[_Part]:
        namespace = holding.namespace or EVERYWHERE
        unread = f"a subject of {holding.binding} could not be read" if holding.subject == SOMEONE else None
        for rules, unsure in ((holding.rules, unread), (holding.maybe, holding.unknown)):
            for ability, place in self._parts[self._rights_node(rules, namespace)] if rules else ():
                yield _Part(grant, holding.binding, holding.role, place, ability, unsure)

    def _together(self, node: int, subject: Subject, technique: Technique, parts: Sequence[_Part]) -> None:
        by_place: dict[str, list[_Part]] = defaultdict(list)
        for part in parts:
            by_place[part.namespace].append(part)
        everywhere = by_place.pop(EVERYWHERE, [])
        for place, here in [(EVERYWHERE, everywhere), *sorted((place, here) for place, here in by_place.items())]:
            # What holds everywhere is joined for everywhere already, and isn't joined again without anything from here.
            by_name: dict[str, list[_Part]] = defaultdict(list)
            anyone: list[_Part] = []
            for part in here if place == EVERYWHERE else (*here, *everywhere):
                (by_name[part.ability.name] if _counts(part.ability) else anyone).append(part)
            for name, named in sorted(by_name.items()) if any(need.named for need in technique.needs) else [("", [])]:
                if self._too_much(node, len(anyone) + len(named)):
                    return
                by_need: dict[int, list[_Part]] = defaultdict(list)
                for part in (*anyone, *named):
                    by_need[part.ability.need or 0].append(part)
                fresh = any(part.namespace == place for some in by_need.values() for part in some)
                if len(by_need) == len(technique.needs) and fresh:
                    can = self._consequences.can(technique, place, name)
                    self._chain(node, [by_need[need] for need in sorted(by_need)], can, subject, place, name)

    def _too_much(self, node: int, work: int) -> bool:
        self._joined += work
        if self._joined > MOST_JOINED:
            self.graph.edge(node, self.anything, "too many bindings give parts of what is needed")
        return self._joined > MOST_JOINED

    def _chain(
        self, node: int, needs: Sequence[Sequence[_Part]], end: int, subject: Subject, place: str, name: str
    ) -> None:
        """One copy of a grant after the other, so that a path needs one of each need's."""
        graph, start = self.graph, node
        graph.copied = True
        for step, parts in enumerate(needs):
            names = (*graph.keys[end][1:3], place, name, subject.type, subject.text, str(step))
            after = end if step == len(needs) - 1 else graph.node("joint", *names)
            for part in parts:
                copy = graph.node("copy", *names, *graph.keys[part.grant])
                graph.grants[copy], graph.roles[copy] = part.binding, part.role
                graph.edge(start, copy, part.unsure)
                graph.edge(copy, after)
                graph.texts[copy, after] = part.ability.text
            start = after

    def _own_roles(
        self, node: int, subject: Subject, parts: Sequence[_Part], held: Sequence[tuple[int, Holding]]
    ) -> None:
        """Whoever may write any right into a role has it where the role is bound to him."""
        by_role: dict[str, list[tuple[int, Holding]]] = defaultdict(list)
        for grant, holding in held:
            if holding.subject != SOMEONE:
                by_role[holding.role].append((grant, holding))
        for part in parts:
            kind = "ClusterRole" if part.ability.technique.gives == ("own-role",) else "Role"
            home = f"{part.namespace}." if kind == "Role" and part.namespace else ""
            if part.ability.name and (home or kind == "ClusterRole"):
                mine = [f"{kind}.{home}{part.ability.name}"]
            else:  # by name in any namespace, or any role
                end = f".{part.ability.name}" if part.ability.name else ""
                mine = [one for one in by_role if one.startswith(f"{kind}.{home}") and one.endswith(end)]
                self._joined += len(by_role)
            for role in mine:
                for grant, holding in by_role.get(role, ()):
                    if self._too_much(node, 1):
                        return
                    self._own_role(node, subject, part, grant, holding)

    def _own_role(self, node: int, subject: Subject, part: _Part, grant: int, holding: Holding) -> None:
        namespace = holding.namespace or EVERYWHERE
        bound = _Part(grant, holding.binding, holding.role, namespace, part.ability, None)
        can = self.graph.node(
            "can", part.ability.technique.id, "held", namespace, holding.role, subject.type, subject.text
        )
        self.graph.edge(can, self._consequences.everything_in(namespace))
        self._chain(node, [[part], [bound]], can, subject, namespace, holding.role)

    def _workloads(self) -> None:
        graph = self.graph
        for one in self._around.workloads:
            node = self._consequences.workload(one)
            if one.homeless:
                # Its account, its claims and whose it is go with its namespace.
                graph.edge(node, self.anything, one.homeless)
                continue
            self._consequences.tenancy(node, one.namespace)
            if one.token is not False:
                doubt = next((fact.reason for fact in (one.account, one.token) if isinstance(fact, Unknown)), None)
                if isinstance(one.account, Unknown):
                    graph.edge(node, self._consequences.accounts(one.namespace), doubt)
                else:
                    graph.edge(node, self._consequences.identity(one.account), doubt)
            if one.token is not True and isinstance(one.account, Subject):
                # What gives pods an identity in a cloud doesn't ask whether they have the token for the API server.
                self._cloud(node, one.account)
            for claim in one.claims:
                self._consequences.volume(node, one.namespace, claim)
            if one.secrets is not False:
                reason = one.secrets.reason if isinstance(one.secrets, Unknown) else None
                graph.edge(node, graph.node("pod-secrets", one.namespace), reason)
        Hosts(graph, self._around, self._consequences).add(self._around.workloads)


def _counts(ability: Ability) -> bool:
    """Whether its name says whom the technique reaches."""
    return ability.need is not None and ability.technique.needs[ability.need].named


def _depends_on_holder(ability: Ability) -> bool:
    return ability.need is None and (
        ability.technique.gives == ("own-role-here",)
        or (ability.technique.gives == ("own-role",) and ability.name != "")
    )


def _placed(ability: Ability, namespace: str) -> str | None:
    """Where an ability works; None: nowhere, as it names another namespace than the one in which it is granted."""
    needs = ability.technique.needs if ability.need is None else (ability.technique.needs[ability.need],)
    if not ability.name or not any(need.namespaces for need in needs):
        return namespace
    return ability.name if namespace in (EVERYWHERE, ability.name) else None
