"""`rbac.subject`: everybody that rights are given to or that workloads run as."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from assay.detectors.rbac import built_in
from assay.detectors.rbac.access import SOMEONE, Subject, identities
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.together import Together
from assay.detectors.worlds import World, unknown_of, value
from assay.scanner.api import Fact, Known, Resource, Unknown

_OWN = "system:"
_MOST_GRANTS = 500_000
"""Addresses of bindings of groups, told for each subject in them. A cluster with 5,000 accounts needs 30,000."""


def subjects(world: World, found: Access) -> Iterator[Resource]:
    """Sorted by type and name. At `Group:devs`, `ServiceAccount:ml/train`; without `paths`."""
    users = _Users(world)
    held = _Held(found)
    together = Together(found)
    places = _places(world, found)
    for subject in sorted({one.subject for one in found.holdings} | users.accounts):
        at = f"{subject.type}:{subject.text}"
        facts: dict[str, Fact] = {
            "source": Known(value=world.source),
            "type": Known(value=subject.type),
            "human": Known(value=subject.type != "ServiceAccount" and not _is_own(subject)),
            "expected": held.expected(subject),
            "grants": Known(value=held.grants(subject)),
            "used_by": Known(value=users.of(subject)),
            "together": Known(value=together.of(subject)),
        }
        place = places[subject]
        yield Resource(kind="rbac.subject", address=at, surface=place.surface, facts=facts, location=place.location)


def _is_own(subject: Subject) -> bool:
    """One that Kubernetes itself makes or names."""
    if subject.type == "ServiceAccount":
        return built_in.own_account(subject.text)
    return subject.name.startswith(_OWN) or built_in.own_group(subject.name)


class _Held:
    """What subjects hold, told once for each group that they share."""

    def __init__(self, found: Access) -> None:
        self._found = found
        self._unread = _unread(found)
        self._left = _MOST_GRANTS
        self._told: dict[Subject, tuple[bool, str | None, list[str]]] = {}

    def expected(self, subject: Subject) -> Fact:
        """One of Kubernetes' own that has nothing but its own grants."""
        if not _is_own(subject):
            return Known(value=False)
        told = [self._tell(one) for one in identities(subject)]
        if not all(expected for expected, _, _ in told):
            return Known(value=False)
        unread = next((reason for _, reason, _ in told if reason), self._unread)
        return Unknown(reason=unread) if unread else Known(value=True)

    def grants(self, subject: Subject) -> list[Any]:
        """The addresses of the bindings; where groups hold very many, not theirs for everybody who is in them."""
        own, *shared = [self._tell(one)[2] for one in identities(subject)]
        reason = self._unread
        count = sum(map(len, shared))
        if count <= self._left:
            self._left -= count
            listed = sorted({*own, *(address for part in shared for address in part)})
        else:
            listed, reason = own, f"{count} grants more, by the groups that it is in"
        return [*listed, Unknown(reason=reason)] if reason else list(listed)

    def _tell(self, identity: Subject) -> tuple[bool, str | None, list[str]]:
        if identity not in self._told:
            held = self._found.named(identity)
            unread = next((one.unknown for one in held if one.unknown), None)
            # What system:masters may do whatever is bound has no binding.
            addresses = sorted({one.binding for one in held if one.binding})
            self._told[identity] = (all(one.expected for one in held), unread, addresses)
        return self._told[identity]


def _unread(found: Access) -> str | None:
    """Why anybody may have more grants than are known."""
    if found.unread:
        return found.unread
    unnamed = (binding.address for binding, held in found.given if any(one.subject == SOMEONE for one in held))
    address = next(unnamed, None)
    return f"a subject of {address} could not be read" if address else None


class _Users:
    """Which workloads run as which account."""

    def __init__(self, world: World) -> None:
        self._by_account: dict[Subject, set[str]] = defaultdict(set)
        self._unknown: dict[str, str] = {}
        """By namespace, why some workload may run as any account of it."""
        self._unread = world.unread("workload.pods")
        for pods in world.of("workload.pods"):
            namespace, name = value(pods, "namespace", None), value(pods, "service_account", None)
            missing = unknown_of(pods, "namespace") or unknown_of(pods, "service_account")
            if missing is None:
                self._by_account[Subject(type="ServiceAccount", name=name, namespace=namespace)].add(pods.address)
            else:
                self._unknown.setdefault(namespace or "", missing.reason)

    @property
    def accounts(self) -> set[Subject]:
        return set(self._by_account)

    def of(self, subject: Subject) -> list[Any]:
        listed: list[Any] = sorted(self._by_account.get(subject, ()))
        reason = self._unread or self._unknown.get(subject.namespace) or self._unknown.get("")
        return [*listed, Unknown(reason=reason)] if reason and subject.type == "ServiceAccount" else listed


def _places(world: World, found: Access) -> dict[Subject, Resource]:
    """Where each is best looked for: its own object, or else the first binding or workload that names it."""
    places: dict[Subject, Resource] = {}
    for account in world.of("rbac.service-account"):
        _, _, name = account.address.partition(".")
        namespace, _, name = name.partition(".")
        places.setdefault(Subject(type="ServiceAccount", name=name, namespace=namespace), account)
    for binding, held in found.given:
        for one in held:
            places.setdefault(one.subject, binding)
    for pods in world.of("workload.pods"):
        name, namespace = value(pods, "service_account", None), value(pods, "namespace", None)
        if isinstance(name, str) and isinstance(namespace, str):
            places.setdefault(Subject(type="ServiceAccount", name=name, namespace=namespace), pods)
    return places
