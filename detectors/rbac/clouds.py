"""What service accounts may act as in a cloud, and how far that leads there, from what was scanned of that cloud."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.cloud.names import PODS, Named, cited, matches, named
from assay.detectors.rbac.access import Subject
from assay.detectors.rbac.cloud_accounts import PodAccounts
from assay.detectors.rbac.cloud_roles import Roles
from assay.detectors.worlds import unknown_of, value
from assay.scanner.api import Resource, Unknown, is_unknown, reason_of

NOT_SCANNED = "what this identity may do in the cloud was not scanned"
_PROVIDERS = ("aws", "azure", "gcp")


class Identity(Struct, frozen=True):
    """Somebody in a cloud."""

    shown: str
    """As the cloud names it, or where it is declared."""
    declared: str = ""
    """The principal that was scanned, with its place; empty where none was."""
    itself: bool = False
    """It is the service account, to which the cloud grants rights without any other identity."""


class Way(Struct, frozen=True):
    """That one may act as an identity."""

    identity: Identity
    technique: str
    objects: tuple[str, ...] = ()
    """Addresses of what allows it in the cloud, with their places."""
    unsure: str | None = None


class Power(Struct, frozen=True):
    """That an identity may do everything, or give itself every right."""

    objects: tuple[str, ...] = ()
    rule: str = ""
    unsure: str | None = None


class Clouds:
    """The identities, grants and trusts of all clouds in an inventory, joined."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._principals: dict[str, list[Resource]] = defaultdict(list)
        self._named: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._grants: dict[str, list[Resource]] = defaultdict(list)
        self._grants_named: dict[tuple[str, str], list[tuple[str | None, Resource]]] = defaultdict(list)
        """Those of holders that are only named, by provider and name, with the account that is said besides."""
        self._stray: dict[str, list[tuple[Resource, str]]] = defaultdict(list)
        """Powerful grants by provider that may be anybody's, each with the reason."""
        self._trusts: dict[str, list[Resource]] = defaultdict(list)
        said: dict[tuple[str, str], list[tuple[Resource, Any]]] = defaultdict(list)
        for one in _in_order(resources):
            if one.kind == "identity.principal":
                self._add_principal(one)
            elif one.kind == "identity.grant":
                self._add_grant(one)
                said["granted", _provider(one)] += [(one, each) for each in _elements(one, "accounts")]
            elif one.kind == "identity.trust":
                self._trusts[_text(one, "identity")].append(one)
                if value(one, "given", True) is True:
                    said["given", _provider(one)] += [(one, each) for each in _elements(one, "accounts")]
        self._said = {key: PodAccounts(key[1], entries) for key, entries in said.items()}
        self._roles = Roles(self._principals, self._trusts)

    def ways(self, subject: Subject, provider: str, identity: str | None, source: str) -> Sequence[Way]:
        """What a service account may act as; `identity` is what its annotation asks for.

        Which identity that is says the trust that was scanned, where a name alone leaves it open.
        """
        given = {one: list(self._given(subject, one, source)) for one in _PROVIDERS}
        asked = self._asked(subject, provider, identity, given.get(provider, ())) if identity is not None else ()
        known = {way.identity.declared for way in asked if way.identity.declared}
        others = [way for ways in given.values() for way in ways if way.identity.declared not in known]
        return [*asked, *others, *(way for one in _PROVIDERS for way in self._granted(subject, one, source))]

    def powers(self, identity: Identity, subject: Subject | None = None, source: str = "") -> Sequence[Power]:
        """Why it is an administrator, or may be; nothing: it isn't. `subject` is the account that is one `itself`."""
        if identity.itself and subject is not None:
            found = [(said.resource, said.unsure) for said in self._granted_to(subject, source)]
        else:
            found = list(self._grants_of(identity))
        powers = [power for grant, unsure in found for power in self._power(identity, grant, unsure)]
        sure = [power for power in powers if power.unsure is None]
        if sure or powers or identity.declared or identity.itself:
            return (sure or powers)[:1]
        return [Power(unsure=NOT_SCANNED)]

    def onward(self, identity: Identity) -> tuple[Sequence[Way], Sequence[Power]]:
        """Whom it can act as in turn, and whether it may be able to act as anybody (AWS)."""
        grants = [grant for grant, unsure in self._grants_of(identity) if unsure is None]
        steps, beyond = self._roles.onward(identity.shown, identity.declared, grants)
        ways = [Way(self._identity_at(step.identity), step.technique, step.objects, step.unsure) for step in steps]
        return ways, [Power(objects=objects, unsure=reason) for objects, reason in beyond]

    def _add_principal(self, one: Resource) -> None:
        at = cited(one.address, one.location)
        self._principals[at].append(one)
        identifier = value(one, "identifier", None)
        if isinstance(identifier, str) and at not in self._named[_provider(one), identifier]:
            self._named[_provider(one), identifier].append(at)

    def _add_grant(self, one: Resource) -> None:
        for holder in _elements(one, "holders"):
            if isinstance(holder, str) and (about := named(holder)):
                self._grants_named[about.provider, about.identifier].append((about.account, one))
            elif isinstance(holder, str):
                self._grants[holder].append(one)
            elif _powerful(one) is not False:
                self._stray[_provider(one)].append((one, reason_of(holder)))

    def _asked(self, subject: Subject, provider: str, identity: str, given: Sequence[Way]) -> Sequence[Way]:
        technique = "cloud-identity"
        if provider == "azure":
            # A client id stands in no grant, but the identity's credential says whose tokens it takes.
            known = self._named.get(("azure", identity), ())
            theirs = [way for way in given if way.identity.declared in known] or given
            meant = [Identity(identity, way.identity.declared) for way in theirs]
            found = [Way(one, technique, way.objects, way.unsure) for one, way in zip(meant, theirs, strict=True)]
            return found or [Way(Identity(identity), technique)]
        about = named(identity)
        if about is None:
            return [Way(Identity(identity), technique)]
        same, maybe = self._candidates(about)
        found = []
        for at in same:
            takes, objects = self._takes(at, subject, provider)
            if takes is not False:
                unsure = takes.reason if isinstance(takes, Unknown) else None
                found.append(Way(Identity(identity, at), technique, objects, unsure))
        if same:
            return found
        for at in maybe:
            takes, objects = self._takes(at, subject, provider)
            if takes is True:
                found.append(Way(Identity(identity, at), technique, objects))
        return found or [Way(Identity(identity), technique)]

    def _candidates(self, about: Named) -> tuple[Sequence[str], Sequence[str]]:
        """The principals that a name surely means, and those that it may mean as their account isn't known."""
        same: list[str] = []
        maybe: list[str] = []
        for at in self._named.get((about.provider, about.identifier), ()):
            accounts = [value(one, "account", None) for one in self._principals[at]]
            if about.account is None or any(not isinstance(one, str) for one in accounts):
                maybe.append(at)
            elif about.account in accounts:
                same.append(at)
        return same, maybe

    def _takes(self, at: str, subject: Subject, provider: str) -> tuple[bool | Unknown, tuple[str, ...]]:
        """Whether an identity lets a service account act as it by its token."""
        trusts = self._trusts.get(at, ())
        sure, doubt = _spoken_of(trusts, "token", subject)
        if sure is not None:
            # A role's own trust policy is in the same place as the role.
            return True, () if provider == "aws" else (cited(sure.address, sure.location),)
        if doubt is not None:
            return Unknown(reason=doubt), ()
        if provider == "aws" and trusts:
            return False, ()
        return Unknown(reason=f"nothing that was scanned lets {subject.text} act as this identity"), ()

    def _given(self, subject: Subject, provider: str, source: str) -> Iterator[Way]:
        said = self._said.get(("given", provider))
        for one in said.of(subject, source) if said else ():
            at = _text(one.resource, "identity")
            unsure = one.unsure
            if at and provider == "aws":
                accepts = self._accepts(at, subject)
                if accepts is False:
                    continue
                unsure = unsure or (accepts.reason if isinstance(accepts, Unknown) else None)
            if not at:
                unknown = unknown_of(one.resource, "identity")
                unsure = unsure or (unknown.reason if unknown else None)
            if value(one.resource, "limited", False) is not False:
                unsure = unsure or "a session policy, which isn't read, leaves it only some of its rights"
            technique = "pod-identity" if provider == "aws" else "cloud-identity"
            objects = (cited(one.resource.address, one.resource.location),)
            identity = self._identity_at(at) if at else Identity(f"the identity of {one.resource.address}")
            yield Way(identity, technique, objects, unsure)

    def _accepts(self, at: str, subject: Subject) -> bool | Unknown:
        """Whether a role's trust policy lets EKS Pod Identity hand it out."""
        trusts = [one for one in self._trusts.get(at, ()) if value(one, "given", True) is False]
        if not trusts:
            return True
        sure, doubt = _spoken_of(trusts, "association", subject)
        if sure is not None:
            return True
        # A target role trusts the role through which pods get it.
        holders = [each for one in trusts for each in _elements(one, "holders")]
        if doubt is None and any(is_unknown(each) or each != PODS for each in holders):
            doubt = "whether EKS Pod Identity may hand out this role isn't known"
        return Unknown(reason=doubt) if doubt is not None else False

    def _granted(self, subject: Subject, provider: str, source: str) -> Iterator[Way]:
        """The account itself, where something is granted to it."""
        said = self._said.get(("granted", provider))
        found = list(said.of(subject, source)) if said else []
        if not found:
            return
        sure = [one for one in found if one.unsure is None]
        identity = Identity(f"ServiceAccount:{subject.text} in the cloud", itself=True)
        objects = tuple(cited(one.resource.address, one.resource.location) for one in (sure or found)[:1])
        yield Way(identity, "cloud-identity", objects, None if sure else found[0].unsure)

    def _granted_to(self, subject: Subject, source: str) -> Iterator[Any]:
        for provider in _PROVIDERS:
            said = self._said.get(("granted", provider))
            if said:
                yield from said.of(subject, source)

    def _grants_of(self, identity: Identity) -> Iterator[tuple[Resource, str | None]]:
        """Its grants; the reason where they may be somebody else's."""
        yield from ((grant, None) for grant in self._grants.get(identity.declared, ()))
        about = self._roles.about(identity.shown, identity.declared)
        for account, grant in self._grants_named.get((about.provider, about.identifier), ()) if about else ():
            if about and about.account and account and about.account != account:
                continue
            same = about is not None and account is not None and about.account == account
            yield grant, None if same else f"whether {grant.address} is for this identity isn't known"
        if identity.declared:
            yield from self._stray.get(self._provider_of(identity), ())

    def _power(self, identity: Identity, grant: Resource, unsure: str | None) -> Iterator[Power]:
        powerful = _powerful(grant)
        if powerful is False:
            return
        if isinstance(powerful, Unknown):
            unsure = unsure or powerful.reason
        for one in self._principals.get(identity.declared, ()):
            if value(one, "permission_boundary", None) is not None or unknown_of(one, "permission_boundary"):
                unsure = unsure or "a permission boundary, which isn't read, may leave less"
        if len({repr(one.facts) for one in self._principals.get(identity.declared, ())}) > 1:
            unsure = unsure or f"several identities are declared as {identity.declared}"
        rule = "may do everything" if value(grant, "administrator", False) is True else "may give itself every right"
        yield Power((cited(grant.address, grant.location),), rule, unsure)

    def _identity_at(self, at: str) -> Identity:
        """From what a fact says: a place, or a name that may be one of the scanned principals'."""
        if at in self._principals:
            return Identity(at, at)
        about = named(at)
        same, _ = self._candidates(about) if about else ((), ())
        return Identity(at, same[0]) if len(same) == 1 else Identity(at)

    def _provider_of(self, identity: Identity) -> str:
        return next((_provider(one) for one in self._principals.get(identity.declared, ())), "")


def _in_order(resources: Sequence[Resource]) -> Sequence[Resource]:
    """By address and place; those of one place by what they say."""
    by_place: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for one in resources:
        by_place[cited(one.address, one.location), one.kind].append(one)
    for several in by_place.values():
        if len(several) > 1:
            several.sort(key=repr)
    return [one for place in sorted(by_place) for one in by_place[place]]


def _powerful(grant: Resource) -> bool | Unknown:
    """Whether a grant allows everything, or to give oneself every right."""
    doubt: Unknown | None = None
    for field in ("administrator", "self_escalating"):
        if value(grant, field, False) is True:
            return True
        doubt = doubt or unknown_of(grant, field)
    return doubt or False


def _spoken_of(trusts: Sequence[Resource], by: str, subject: Subject) -> tuple[Resource | None, str | None]:
    """The trust that takes a service account, of whatever cluster; else why one may."""
    text = f"{subject.namespace}:{subject.name}"
    doubt: str | None = None
    for trust in trusts:
        for one in _elements(trust, "accounts"):
            if is_unknown(one):
                doubt = doubt or reason_of(one)
            elif isinstance(one, Mapping) and one.get("by") == by:
                pattern = one.get("subject")
                if isinstance(pattern, str) and matches(pattern, text):
                    return trust, None
                doubt = doubt or (reason_of(pattern) if is_unknown(pattern) else None)
    return None, doubt


def _provider(resource: Resource) -> str:
    return _text(resource, "provider")


def _text(resource: Resource, field: str) -> str:
    found = value(resource, field, "")
    return found if isinstance(found, str) else ""


def _elements(resource: Resource, field: str) -> Sequence[Any]:
    """A list's elements; the fact itself where it isn't known."""
    unknown = unknown_of(resource, field)
    if unknown is not None:
        return (unknown,)
    found = value(resource, field, ())
    return found if isinstance(found, list | tuple) else ()
