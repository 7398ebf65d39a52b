"""Who holds what in one source: bindings and roles joined once, then asked."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from assay.detectors.rbac import access, built_in, rules
from assay.detectors.rbac.access import EVERYTHING, MASTERS, SOMEONE, Holding, Subject, What
from assay.detectors.rbac.roles import Role, Roles
from assay.detectors.worlds import World, unknown_of, value
from assay.scanner.api import Resource, is_unknown

_MASTERS = Subject(type="Group", name=MASTERS)
_MASTER = Holding(
    subject=_MASTERS, binding="", role="ClusterRole.cluster-admin", namespace=None, rules=(EVERYTHING,), expected=True
)
_ACCOUNT = "ServiceAccount"
_MOST_DOTS = 16
"""In the name of a binding and what stands in place of its namespace."""
_OTHERS = {"User": "User", "Group": "Group"}


class Access:
    """The rights in a source, asked as the API server asks RBAC.

    `namespace` is None for what has none, and for all namespaces at once; for a single Namespace it is its own name.
    """

    def __init__(self, roles: Roles, given: Sequence[tuple[Resource, tuple[Holding, ...]]], unread: str | None) -> None:
        self.roles = roles
        self.given = given
        """Each binding with what it gives, to SOMEONE too where a subject could not be read."""
        self.unread = unread
        """Why there may be more bindings; None: these are all."""
        every = sorted((one for _, held in given for one in held), key=_order)
        self.holdings = tuple(one for one in every if one.subject != SOMEONE)
        """One for each binding and subject, sorted."""
        self._of_someone = tuple(one for one in every if one.subject == SOMEONE)
        by_subject: dict[Subject, list[Holding]] = defaultdict(list)
        for one in self.holdings:
            by_subject[one.subject].append(one)
        by_subject[_MASTERS].append(_MASTER)
        self._by_subject = {subject: tuple(held) for subject, held in by_subject.items()}
        self._parts: dict[Subject, tuple[tuple[Holding, ...], ...]] = {}

    def named(self, identity: Subject) -> Sequence[Holding]:
        """What is given to a subject or group by that very name."""
        return self._by_subject.get(identity, ())

    def held_by(self, subject: Subject) -> Sequence[Holding]:
        """What a subject holds itself, and then through the groups that it is in."""
        return tuple(self._held(subject))

    def can(self, subject: Subject, verb: str, what: What, namespace: str | None) -> bool | None:
        """Whether the subject may; None: unknown, as something that it may hold could not be read."""
        if self.allowing(subject, verb, what, namespace) is not None:
            return True
        return None if self.unknown(subject, verb, what, namespace) else False

    def allowing(self, subject: Subject, verb: str, what: What, namespace: str | None) -> Holding | None:
        """What allows it for certain, the subject's own before its groups'."""
        for one in self._held(subject):
            if one.holds_in(_place(what, namespace)) and one.allowing(verb, what) is not None:
                return one
        return None

    def unknown(self, subject: Subject, verb: str, what: What, namespace: str | None) -> str | None:
        """Why the subject may be allowed more than is known, where that bears on the question."""
        place = _place(what, namespace)
        for one in self._held(subject):
            if one.unknown and one.holds_in(place) and one.may_allow(verb, what):
                return one.unknown
        for one in self._of_someone:
            if one.holds_in(place) and (one.allowing(verb, what) or one.may_allow(verb, what)):
                return f"a subject of {one.binding} could not be read"
        return self.unread

    def who_can(self, verb: str, what: What, namespace: str | None) -> Sequence[Holding]:
        """The holdings that allow it for certain, in order."""
        place = _place(what, namespace)
        asked: dict[int, bool] = {}
        found: list[Holding] = []
        for one in self.holdings:
            if not one.holds_in(place):
                continue
            # Holdings of one role share its rules.
            if id(one.rules) not in asked:
                asked[id(one.rules)] = one.allowing(verb, what) is not None
            if asked[id(one.rules)]:
                found.append(one)
        return found

    def _held(self, subject: Subject) -> Iterator[Holding]:
        # Kept apart by identity: whoever is in a group shares what the group holds.
        if subject not in self._parts:
            self._parts[subject] = tuple(self._by_subject.get(one, ()) for one in access.identities(subject))
        return chain.from_iterable(self._parts[subject])


def compile_access(world: World) -> Access:
    """All rights that a source's roles and bindings give."""
    roles = Roles(world)
    given = [(binding, tuple(dict.fromkeys(_holdings(binding, roles)))) for binding in world.of("rbac.binding")]
    return Access(roles, given, world.unread("rbac.binding"))


def _order(one: Holding) -> tuple[str, Subject, str, str]:
    return one.binding, one.subject, one.role, one.namespace or ""


def _place(what: What, namespace: str | None) -> str | None:
    return None if what.url else namespace


def _holdings(binding: Resource, roles: Roles) -> Iterator[Holding]:
    if (missing := unknown_of(binding, "namespace")) is not None:
        # It isn't known where it holds, so nobody holds it for certain anywhere.
        role = _role_somewhere(binding, roles)
        for subject in _subjects(binding, None):
            yield Holding(
                subject=subject,
                binding=binding.address,
                role=role.address,
                namespace=None,
                rules=(),
                maybe=role.rules.all,
                unknown=missing.reason,
                somewhere=role.rules.unknown is None,
            )
        return
    namespace = value(binding, "namespace", None)
    role = _role(binding, namespace, roles)
    for subject in _subjects(binding, namespace):
        yield Holding(
            subject=subject,
            binding=binding.address,
            role=role.address,
            namespace=namespace,
            rules=role.rules.sure,
            unknown=role.rules.unknown,
            maybe=role.rules.maybe,
            expected=role.built_in is not False
            and built_in.expects(binding.address, role.address, f"{subject.type}:{subject.text}"),
        )


def _role_somewhere(binding: Resource, roles: Roles) -> Role:
    """That of a binding of which it isn't known in which namespace it is."""
    name = value(binding, "role", "")
    if value(binding, "role_type", "") != "Role":
        return _role(binding, None, roles)
    # What stands in place of the namespace means the same in the role's address.
    beginning = binding.address.rpartition(".")[0].removeprefix("RoleBinding.")
    for _ in range(_MOST_DOTS):
        if roles.declares(f"Role.{beginning}.{name}"):
            return roles.at(f"Role.{beginning}.{name}")
        beginning = beginning.rpartition(".")[0]
    return Role(address="", rules=rules.anything("it isn't known in which namespace its Role is"), built_in=None)


def _role(binding: Resource, namespace: str | None, roles: Roles) -> Role:
    missing = unknown_of(binding, "role_type") or unknown_of(binding, "role")
    if missing is not None:
        return Role(address="", rules=rules.anything(missing.reason), built_in=None)
    name, sort = value(binding, "role", ""), value(binding, "role_type", "")
    if sort == "ClusterRole":
        return roles.at(f"ClusterRole.{name}")
    if sort == "Role" and namespace is not None:
        return roles.at(f"Role.{namespace}.{name}")
    # The API server refuses all else, so that it isn't known what is meant.
    return Role(address="", rules=rules.anything("the binding refers to no role that it may"), built_in=None)


def _subjects(binding: Resource, namespace: str | None) -> Iterator[Subject]:
    if unknown_of(binding, "subjects") is not None:
        yield SOMEONE
        return
    for one in value(binding, "subjects", ()):
        if is_unknown(one) or any(is_unknown(one[field]) for field in ("type", "subject", "namespace")):
            yield SOMEONE
        else:
            yield access.normal(_subject(one, namespace))


def _subject(one: Any, namespace: str | None) -> Subject:
    if one["type"] != _ACCOUNT:
        # The same object for all, as facts that are the same object are judged once.
        sort = _OTHERS.get(one["type"])
        return Subject(type=sort, name=one["subject"]) if sort else SOMEONE
    # The API server takes the binding's namespace where a service account is named without one.
    home = one["namespace"] or namespace
    return Subject(type=_ACCOUNT, name=one["subject"], namespace=home) if home else SOMEONE
