"""From one identity of a cloud to the next: roles that it may act as, or hand to something that it starts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.cloud.names import OWN_ACCOUNT, ROLE, ROOT, Named, cited, matches, named
from assay.detectors.worlds import unknown_of, value
from assay.scanner.api import Resource, Unknown, is_unknown, reason_of

MOST_COMPARED = 200_000
"""Roles compared with patterns in all; an account has at most some thousands of roles."""
_TOO_MANY = "there are too many roles to find those that it can become"
_ANY_ROLE = "it can start something with any role of the account, and not all of them were scanned"


class Step(Struct, frozen=True):
    """That an identity can become another."""

    identity: str
    """Where it is declared, or as the cloud names it."""
    technique: str
    objects: tuple[str, ...]
    unsure: str | None = None


class Roles:
    """The identities of an inventory, by whom they trust."""

    def __init__(self, principals: Mapping[str, Sequence[Resource]], trusts: Mapping[str, Sequence[Resource]]) -> None:
        self._principals = principals
        self._trusts = trusts
        self._trusting: dict[str, list[tuple[str, Resource]]] = defaultdict(list)
        """Holder → the identities that trust it, each with what says so."""
        self._trusting_named: dict[tuple[str, str], list[tuple[str | None, str, Resource]]] = defaultdict(list)
        """Likewise by provider and name, with the account that is said besides."""
        for at, resources in trusts.items():
            for one in resources:
                for holder in _listed(one, "holders"):
                    if isinstance(holder, str) and (about := named(holder)):
                        self._trusting_named[about.provider, about.identifier].append((about.account, at, one))
                    elif isinstance(holder, str):
                        self._trusting[holder].append((at, one))
        self._roles = [at for at, found in principals.items() if any(_is_role(one) for one in found)]
        self._compared = 0

    def onward(
        self, shown: str, declared: str, grants: Sequence[Resource]
    ) -> tuple[Sequence[Step], Sequence[tuple[tuple[str, ...], str]]]:
        """The steps on from an identity with these grants; and why it may become anybody, with what allows that."""
        steps = [*self._trusted(shown, declared), *self._assumed(declared, shown, grants)]
        beyond: list[tuple[tuple[str, ...], str]] = []
        services, doubts = self._started(grants)
        for grant in grants:
            for passing in _listed(grant, "passes"):
                if is_unknown(passing):
                    if services or doubts:
                        beyond.append((_cite(grant), reason_of(passing)))
                elif isinstance(passing, Mapping):
                    steps += self._passed(grant, passing, services)
                    if passing.get("role") == "*" and (doubts or _open_to(passing, services)):
                        beyond.append((_cite(grant), doubts[0] if not services else _ANY_ROLE))
            for one in _listed(grant, "acts_as"):
                if is_unknown(one):
                    beyond.append((_cite(grant), f"which roles it may act as isn't known: {reason_of(one)}"))
        if self._compared > MOST_COMPARED:
            beyond.append(((), _TOO_MANY))
        return _without_itself(steps, declared), beyond[:1]

    def _trusted(self, shown: str, declared: str) -> Iterator[Step]:
        """Those whose own policy names it: in one account that is enough."""
        found: list[tuple[str, Resource, str | None]] = [(*one, None) for one in self._trusting.get(declared, ())]
        about = self.about(shown, declared)
        for account, at, trust in self._trusting_named.get((about.provider, about.identifier), ()) if about else ():
            theirs = account or self._account(at)
            if about and about.account and theirs and about.account != theirs:
                continue
            sure = about is not None and (about.account == theirs or account is None)
            found.append((at, trust, None if sure else f"whether {at} trusts this one isn't known"))
        for at, trust, unsure in found:
            if value(trust, "provider", "") != "aws":
                yield Step(at, "impersonation", _cite(trust), unsure)
            elif not self._are_apart(declared or shown, at):
                yield Step(at, "assume-role", _cite(trust), unsure)

    def about(self, shown: str, declared: str) -> Named | None:
        """An identity's name and account, as far as they are known."""
        for one in self._principals.get(declared, ()):
            identifier, account = value(one, "identifier", None), value(one, "account", None)
            if isinstance(identifier, str):
                provider = str(value(one, "provider", ""))
                return Named(provider, account if isinstance(account, str) else None, identifier)
        return named(shown)

    def _are_apart(self, one: str, other: str) -> bool:
        first, second = self._account(one), self._account(other)
        return first is not None and second is not None and first != second

    def _assumed(self, declared: str, shown: str, grants: Sequence[Resource]) -> Iterator[Step]:
        for grant in grants:
            for pattern in _listed(grant, "acts_as"):
                if not isinstance(pattern, str):
                    continue
                matching = self._matching(pattern)
                for at, unsure in matching:
                    allows = self._lets(at, declared or shown)
                    if allows is not False:
                        doubt = allows.reason if isinstance(allows, Unknown) else unsure
                        yield Step(at, "assume-role", _cite(grant), doubt)
                if not matching and not set("*?") & set(pattern) and named(pattern):
                    yield Step(pattern, "assume-role", _cite(grant), f"whom {pattern} trusts was not scanned")

    def _lets(self, at: str, asking: str) -> bool | Unknown:
        """Whether a role's trust policy takes whoever may ask for it by a policy of his own."""
        doubt: Unknown | None = None
        for trust in self._trusts.get(at, ()):
            for holder in _listed(trust, "holders"):
                self._compared += 1
                if is_unknown(holder):
                    doubt = Unknown(reason=reason_of(holder))
                    continue
                if holder in ("*", asking):
                    return True
                theirs, ours = self._account(at), self._account(asking)
                if (about := named(str(holder))) and about.identifier == self._name_of(asking):
                    if about.account is None or about.account == ours:
                        return True
                    doubt = doubt or Unknown(reason=f"whether {at} trusts this one isn't known") if not ours else doubt
                root = ROOT.fullmatch(str(holder))
                if holder == OWN_ACCOUNT and (theirs == ours or not (theirs and ours)):
                    return True
                if root and ours is None:
                    doubt = Unknown(reason=f"whether it is in the account {root['account']} isn't known")
                elif root and root["account"] == ours:
                    return True
        return doubt or False

    def _passed(self, grant: Resource, passing: Mapping[str, Any], services: Sequence[str]) -> Iterator[Step]:
        open_services = _open_to(passing, services)
        for at, unsure in self._matching(str(passing.get("role"))) if open_services else ():
            for trust in self._trusts.get(at, ()):
                trusted = {one for one in _listed(trust, "holders") if isinstance(one, str)}
                if trusted.intersection(open_services):
                    yield Step(at, "pass-role", _cite(grant), unsure)
                    break

    def _started(self, grants: Sequence[Resource]) -> tuple[Sequence[str], Sequence[str]]:
        found = [one for grant in grants for one in _listed(grant, "starts")]
        services = sorted({one for one in found if isinstance(one, str)})
        return services, [reason_of(one) for one in found if is_unknown(one)]

    def _matching(self, pattern: str) -> Sequence[tuple[str, str | None]]:
        """The scanned roles that a resource of a policy stands for, each with why it may stand for another one."""
        if pattern in self._principals:
            return [(pattern, None)]
        self._compared += len(self._roles)
        if self._compared > MOST_COMPARED:
            return ()
        if pattern == "*":
            return [(at, None) for at in self._roles]
        head, _, name = pattern.rpartition("/")
        account = next(iter(head.split(":")[4:5]), "*")
        found: list[tuple[str, str | None]] = []
        for at in self._roles:
            if not matches(name or "*", self._identifier(at) or ""):
                continue
            theirs = self._account(at)
            if theirs is not None and not matches(account, theirs):
                continue
            sure = account == "*" or theirs is not None or head == "role"
            unsure = None if sure and "role/" not in head else f"whether {pattern} is {at} isn't known"
            found.append((at, unsure))
        return found

    def _account(self, at: str) -> str | None:
        if role := ROLE.fullmatch(at):
            return role["account"]
        found = [value(one, "account", None) for one in self._principals.get(at, ())]
        return next((one for one in found if isinstance(one, str)), None)

    def _name_of(self, asking: str) -> str | None:
        about = self.about(asking, asking)
        return about.identifier if about else None

    def _identifier(self, at: str) -> str | None:
        found = [value(one, "identifier", None) for one in self._principals.get(at, ())]
        return next((one for one in found if isinstance(one, str)), None)


def _open_to(passing: Mapping[str, Any], services: Sequence[str]) -> Sequence[str]:
    """The services among those in which it can start something, to which it may hand the role."""
    patterns = [one for one in passing.get("services", ()) if isinstance(one, str)]
    return [one for one in services if any(matches(pattern, one) for pattern in patterns)]


def _without_itself(steps: Sequence[Step], declared: str) -> Sequence[Step]:
    """One for each identity, one that is sure if there is any."""
    found: dict[str, Step] = {}
    for one in sorted(steps, key=lambda one: one.unsure is not None):
        if one.identity != declared:
            found.setdefault(one.identity, one)
    return list(found.values())


def _is_role(resource: Resource) -> bool:
    return (value(resource, "provider", ""), value(resource, "type", "")) == ("aws", "role")


def _cite(resource: Resource) -> tuple[str, ...]:
    return (cited(resource.address, resource.location),)


def _listed(resource: Resource, field: str) -> Sequence[Any]:
    unknown = unknown_of(resource, field)
    if unknown is not None:
        return (unknown,)
    found = value(resource, field, ())
    return found if isinstance(found, list | tuple) else ()
