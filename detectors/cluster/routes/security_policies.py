"""Envoy Gateway's SecurityPolicies: whether they ask the callers of a route who they are.

The one that is attached closest to a route decides alone, unless it says that it is merged with the one above it. See
https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/security-policy/
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.detectors.cluster.objects import Meta, Objects, namespace_of
from assay.detectors.cluster.routes.gateway_objects import Reference
from assay.detectors.cluster.routes.login_objects import Jwt, Oidc, SecurityPolicy, SecuritySpec
from assay.detectors.cluster.selectors import LabelSelector, requirements, takes
from assay.scanner.api import Unknown

API = "gateway.envoyproxy.io/SecurityPolicy"
_GATEWAY = "gateway.networking.k8s.io/Gateway"
_FOR_HTTP = ("GRPCRoute", "HTTPRoute")
"""To other routes only limits by address apply."""
_SEVERAL = Unknown(reason="several SecurityPolicies are for it, and the oldest decides")
_IN_PART = Unknown(reason="a SecurityPolicy asks for a login in a part of it only")
_BY_LABELS = Unknown(reason="a SecurityPolicy selects it, or not, by namespaces or in a way that can't be read")
_BY_CLAIMS = Unknown(reason="a SecurityPolicy lets tokens be missing, and what it then allows isn't evaluated")

Settled = bool | Unknown
At = tuple[str, str, str]
"""Kind, namespace and name."""


class SecurityPolicies:
    """The SecurityPolicies of a source, by what they are for."""

    def __init__(self, objects: Objects) -> None:
        self._unread = objects.unread(API)
        self._gateways_unread = objects.unread(_GATEWAY)
        self._labels: Mapping[At, Mapping[str, str]] = {
            ("Gateway", namespace_of(one.object.metadata), one.object.metadata.name or ""): one.object.metadata.labels
            or {}
            for one in objects.of(_GATEWAY)
        }
        self._at: dict[At, dict[str, list[SecuritySpec]]] = defaultdict(lambda: defaultdict(list))
        """By section; the empty one is all of it."""
        self._selecting: dict[str, list[tuple[str, SecuritySpec]]] = defaultdict(list)
        """By the kind of what they select, each with its namespace."""
        for placed in objects.of(API):
            policy: SecurityPolicy = placed.object
            self._add(namespace_of(policy.metadata), policy.spec or SecuritySpec())

    def login(self, kind: str, meta: Meta, parents: Sequence[tuple[str, Reference]]) -> Settled:
        """Whether callers of a route are asked who they are; `parents` are its Gateways with their namespaces."""
        if kind not in _FOR_HTTP:
            return False
        here = (kind, namespace_of(meta), meta.name or "")
        sections = {section for section in self._at.get(here, {}) if section}
        found = self._of(here, meta.labels or {})
        answer = found if isinstance(found, Unknown) else False if found is None else _asks(found)
        merged = isinstance(found, SecuritySpec) and bool(found.merge_type)
        if found is None or (merged and answer is not True):
            above = _all([self._above(parent, namespace) for namespace, parent in parents])
            answer = above if answer is False or above is True else answer
        if sections:
            answer = _all([answer, *(_asks_any(self._at[here][one]) for one in sorted(sections))], _IN_PART)
        return Unknown(reason=self._unread) if answer is False and self._unread else answer

    def _add(self, namespace: str, spec: SecuritySpec) -> None:
        for target in [*([spec.target_ref] if spec.target_ref else []), *(spec.target_refs or ())]:
            self._at[target.kind or "", namespace, target.name or ""][target.section_name or ""].append(spec)
        for selector in spec.target_selectors or ():
            self._selecting[selector.kind or ""].append((namespace, spec))

    def _above(self, parent: Reference, namespace: str) -> Settled:
        """What the Gateway, or its listener, that a route names has."""
        at = ("Gateway", namespace, parent.name or "")
        sections = self._at.get(at, {})
        if parent.section_name and parent.section_name in sections:
            return _asks_any(sections[parent.section_name])
        whole = self._of(at, self._labels.get(at))
        answer = whole if isinstance(whole, Unknown) else _asks(whole) if whole is not None else False
        others = [_asks_any(found) for name, found in sorted(sections.items()) if name]
        return answer if parent.section_name or not others else _all([answer, *others], _IN_PART)

    def _of(self, at: At, labels: Mapping[str, str] | None) -> SecuritySpec | Unknown | None:
        """The policy for all of something; None: there is none."""
        specs = list(self._at.get(at, {}).get("", ()))
        for one in () if specs else self._selected(at, labels):
            if isinstance(one, Unknown):
                return one
            specs.append(one)
        if any(_asks(one) != _asks(specs[0]) for one in specs):
            return _SEVERAL
        return specs[0] if specs else None

    def _selected(self, at: At, labels: Mapping[str, str] | None) -> Iterator[SecuritySpec | Unknown]:
        kind, namespace, _ = at
        for home, spec in self._selecting.get(kind, ()):
            for selector in spec.target_selectors or ():
                if selector.kind != kind:
                    continue
                wanted = requirements(
                    LabelSelector(match_labels=selector.match_labels, match_expressions=selector.match_expressions)
                )
                if selector.namespaces is not None or isinstance(wanted, Unknown):
                    yield _BY_LABELS
                elif home != namespace:
                    continue
                elif labels is None:
                    yield Unknown(reason=self._gateways_unread) if self._gateways_unread else _BY_LABELS
                elif takes(wanted, labels):
                    yield spec


def _asks(spec: SecuritySpec) -> Settled:
    """Whether one asks every caller who they are."""
    jwt, oidc = spec.jwt, spec.oidc or Oidc()
    tokens = jwt is not None and not (jwt.optional or jwt.fail_open)
    if spec.basic_auth is not None or spec.api_key_auth is not None or tokens:
        return True
    if spec.oidc is not None:
        passed_by = oidc.pass_through_auth_header
        return Unknown(reason="callers who bring a token pass by the SecurityPolicy's login") if passed_by else True
    if spec.ext_auth is not None:
        opened = spec.ext_auth.fail_open
        return Unknown(reason="callers are let in where the authoriser doesn't answer") if opened else True
    return _BY_CLAIMS if (jwt or Jwt()).optional is not None and spec.authorization is not None else False


def _asks_any(specs: Sequence[SecuritySpec]) -> Settled:
    return _all([_asks(one) for one in specs], _SEVERAL)


def _all(answers: Iterable[Settled], otherwise: Unknown = _IN_PART) -> Settled:
    """The answer that all give; `otherwise` where they differ."""
    found = list(answers)
    if not found or all(one is False for one in found):
        return False
    if all(one is True for one in found):
        return True
    return next((one for one in found if isinstance(one, Unknown)), otherwise)
