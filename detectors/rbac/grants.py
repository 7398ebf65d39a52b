"""`rbac.grant`: what each subject of each binding gets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.rbac import access
from assay.detectors.rbac.access import SOMEONE, Holding, Rule, Subject
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.powers import Held, areas_of, places_told_apart, powers_of, weight
from assay.detectors.rbac.provider import ANY, Provider
from assay.detectors.worlds import unknown_of
from assay.scanner.api import Fact, Known, Resource, Unknown
from assay.scanner.safe import pseudonyms

_MOST_NAMES = 20
_MOST_WORK = 10_000_000
"""Entries of rules looked at in one source. A cluster with 1,500 roles needs 100,000."""
_TOO_MUCH = "the roles hold too much to be told for each place where they are bound"
_ANYWHERE_ELSE = "*"
_AWS_AUTH = "write-aws-auth"
_UPGRADED = frozenset({"attach-to-pods", "exec-in-pods", "forward-ports"})
_SOMEWHERE = "?"
_MOST_PLACES = 8
"""Namespaces in which rights are looked at that hold in one that isn't known."""
_EVERYONE = {
    ("User", access.ANONYMOUS): "anonymous",
    ("Group", access.UNAUTHENTICATED): "anonymous",
    ("Group", access.AUTHENTICATED): "authenticated",
    ("Group", access.ACCOUNTS): "service-accounts",
}


def grants(source: str, found: Access, provider: Provider = ANY) -> Iterator[Resource]:
    """One for each binding and subject, at `<binding's address>#<type>:<subject>`."""
    powers = _Powers(provider)
    for binding, held in found.given:
        for holding in held:
            yield _grant(source, binding, holding, powers.of(holding), alone=len(held) == 1)


def _grant(source: str, binding: Resource, holding: Holding, powers: Mapping[str, Fact], alone: bool) -> Resource:
    subject = holding.subject
    facts: dict[str, Fact] = {
        "source": Known(value=source),
        "namespace": unknown_of(binding, "namespace") or Known(value=holding.namespace),
        "role": Known(value=holding.role) if holding.role else Unknown(reason=holding.unknown or ""),
        "expected": _expected(holding),
        **_subject_facts(subject, _why_unknown(binding)),
        **powers,
    }
    return Resource(
        kind="rbac.grant",
        address=f"{binding.address}#{f'{subject.type}:{subject.text}' if subject != SOMEONE else 'unknown'}",
        surface=binding.surface,
        facts=facts,
        location=binding.location,
        # An engine speaks of the whole binding; of several subjects, that may be about another one.
        aliases=(binding.address, *binding.aliases) if alone else (),
    )


def _subject_facts(subject: Subject, unread: str) -> dict[str, Fact]:
    if subject == SOMEONE:
        missing = Unknown(reason=unread)
        return dict.fromkeys(("subject_type", "subject", "everyone", "default_account"), missing)
    return {
        "subject_type": Known(value=subject.type),
        "subject": Known(value=subject.text),
        "everyone": Known(value=_EVERYONE.get((subject.type, subject.name))),
        "default_account": Known(value=subject.type == "ServiceAccount" and subject.name == "default"),
    }


def _why_unknown(binding: Resource) -> str:
    missing = unknown_of(binding, "subjects") or unknown_of(binding, "namespace")
    return missing.reason if missing else "a subject of the binding could not be read"


def _expected(holding: Holding) -> Fact:
    if holding.expected and holding.unknown:
        return Unknown(reason=holding.unknown)
    return Known(value=holding.expected)


class _Powers:
    """What holdings give, told once for all that have the same role in places that are alike."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._told: dict[tuple[int, int, str | None], Mapping[str, Fact]] = {}
        self._apart: dict[tuple[int, int], frozenset[str]] = {}
        self._kept: list[tuple[Rule, ...]] = []
        """The rules whose identities are keys, so that these stay theirs."""
        self._left = _MOST_WORK

    def of(self, holding: Holding) -> Mapping[str, Fact]:
        rules = (id(holding.rules), id(holding.maybe))
        if rules not in self._apart:
            self._kept += [holding.rules, holding.maybe]
            self._apart[rules] = places_told_apart((*holding.rules, *holding.maybe))
        apart = holding.namespace is None or holding.namespace in self._apart[rules]
        key = (*rules, _SOMEWHERE if holding.somewhere else holding.namespace if apart else _ANYWHERE_ELSE)
        if key not in self._told:
            self._left -= 2 * weight(holding.rules) + weight(holding.maybe)
            self._told[key] = self._tell(holding, rules) if self._left >= 0 else self._facts((), _TOO_MUCH)
        return self._told[key]

    def _tell(self, holding: Holding, rules: tuple[int, int]) -> Mapping[str, Fact]:
        if holding.somewhere:
            return self._tell_somewhere(holding, rules)
        sure = self._powers_of(holding.rules, holding.namespace)
        if not holding.unknown:
            return self._facts(sure, None)
        more = self._powers_of((*holding.rules, *holding.maybe), holding.namespace)
        harmless = {one.power for one in more} <= {one.power for one in sure}
        return self._facts(sure, None if harmless else holding.unknown)

    def _tell_somewhere(self, holding: Holding, rules: tuple[int, int]) -> Mapping[str, Fact]:
        sure = self._powers_of(holding.maybe, _ANYWHERE_ELSE)
        held = {one.power for one in sure}
        # In some namespaces the same rights are worse.
        places = sorted(self._apart[rules])
        more = (one.power for place in places[:_MOST_PLACES] for one in self._powers_of(holding.maybe, place))
        unsure = len(places) > _MOST_PLACES or any(power not in held for power in more)
        return self._facts(sure, holding.unknown if unsure else None, read=True)

    def _powers_of(self, rules: Sequence[Rule], namespace: str | None) -> tuple[Held, ...]:
        """Those that mean something in this cluster."""
        found = powers_of(rules, namespace)
        if self._provider.eks is False:
            found = tuple(one for one in found if one.power != _AWS_AUTH)
        if self._provider.get_opens_shells:
            return found
        return tuple(one for one in found if one.power not in _UPGRADED or one.verbs != ("get",))

    def _facts(self, sure: Sequence[Held], unread: str | None, read: bool = False) -> Mapping[str, Fact]:
        """`unread` is why there may be more; `read`: though the role could be read."""
        listed: list[Any] = [self._fact(one) for one in sure]
        holds = sorted({one.power for one in sure})
        return {
            "powers": Known(value=[*listed, Unknown(reason=unread)] if unread is not None else listed),
            "holds": Known(value=holds),
            "areas": Known(value=areas_of(holds)),
            "unread": Known(value=unread is not None and not read),
        }

    def _fact(self, held: Held) -> dict[str, Any]:
        names: list[Any] = [_told_name(held, name) for name in held.names[:_MOST_NAMES]]
        if len(held.names) > _MOST_NAMES:
            names.append(Unknown(reason=f"{len(held.names) - _MOST_NAMES} more names"))
        # Nobody names that ConfigMap in a role but for EKS.
        doubt = self._provider.eks if held.power == _AWS_AUTH and not held.names else True
        return {
            "power": held.power,
            "verbs": list(held.verbs),
            "resource": held.resource,
            "names": names,
            "rule": held.rule,
            "here": doubt,
        }


def _told_name(held: Held, name: str) -> str:
    """Whom a rule lets somebody impersonate may be a person."""
    if held.power != "impersonate" or held.resource == "serviceaccounts":
        return name
    return pseudonyms.of_group(name) if held.resource == "groups" else pseudonyms.of_user(name)
