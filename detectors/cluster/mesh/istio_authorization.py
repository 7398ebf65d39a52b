"""Whether Istio's AuthorizationPolicies let in only callers whose identity they name."""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import structs

from assay.detectors.cluster.mesh.objects import (
    AuthorizationPolicy,
    AuthorizationRule,
    AuthorizationSpec,
    Condition,
    From,
    Source,
)
from assay.detectors.cluster.names import is_label_key, is_label_value
from assay.detectors.cluster.objects import Objects, address, namespace_of
from assay.detectors.cluster.selectors import may_share
from assay.detectors.cluster.stating import in_namespace
from assay.scanner.api import Unknown

NOTHING = AuthorizationSpec()
"""A policy without a spec: it allows nothing, and so denies everything."""

_ANYWHERE = ""
"""In the place of a namespace that isn't known."""
_MOST = 200
"""Open policies of a namespace that one is compared with."""

_IDENTITIES = ("principals", "request_principals", "namespaces", "service_accounts")
_NOT_IDENTITIES = tuple(f"not_{name}" for name in _IDENTITIES)
_KEYS = ("source.principal", "source.namespace", "source.serviceAccount", "request.auth.principal")


class Policies:
    """All policies of a source, since one that lets in everybody undoes what another asks."""

    def __init__(self, objects: Objects, root: str) -> None:
        self._root = root
        self._open: dict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
        for placed in objects.of("security.istio.io/AuthorizationPolicy"):
            policy: AuthorizationPolicy = placed.object
            spec = policy.spec or NOTHING
            if (spec.action or "ALLOW") == "ALLOW" and not all(map(_names_callers, spec.rules or ())):
                at = address("AuthorizationPolicy", policy.metadata)
                there = in_namespace(namespace_of(policy.metadata))
                self._open[_ANYWHERE if isinstance(there, Unknown) else there].append((at, _labels(spec)))
        self._unread = objects.unread("security.istio.io/AuthorizationPolicy")

    def requires_identity(self, policy: AuthorizationPolicy) -> bool | Unknown:
        """Whether the policy refuses all callers whose identity or token it doesn't name."""
        spec = policy.spec or NOTHING
        match spec.action or "ALLOW":
            case "ALLOW":
                named = all(map(_names_callers, spec.rules or ()))
                return self._alone(policy, spec) if named else False
            case "DENY":
                return any(map(_denies_the_nameless, spec.rules or ()))
            case "CUSTOM":
                return Unknown(reason="an authoriser outside the mesh decides")
            case "AUDIT":
                return False
        return Unknown(reason="the AuthorizationPolicy has an action that Istio doesn't know")

    def _alone(self, policy: AuthorizationPolicy, spec: AuthorizationSpec) -> bool | Unknown:
        """True unless another policy lets others in to the same pods: what any of them allows is allowed."""
        if self._unread:
            return Unknown(reason=self._unread)
        namespace = namespace_of(policy.metadata)
        # A policy of the root namespace is for all pods, those of every namespace's own policies among them.
        there = {namespace, self._root, _ANYWHERE} if namespace != self._root else set(self._open)
        others = [(name, *one) for name in sorted(there) for one in self._open.get(name, ())]
        if len(others) > _MOST:
            return Unknown(reason=f"more than {_MOST} policies let in others, maybe to the same pods")
        labels = _labels(spec)
        for name, at, selected in others:
            if name != _ANYWHERE and namespace != self._root and selected.items() <= labels.items():
                return False
            if may_share(_sure(selected), _sure(labels)):
                return Unknown(reason=f"{at} lets in others, maybe to the same pods")
        return True


def _sure(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Those that no placeholder stands for."""
    return {key: value for key, value in labels.items() if is_label_key(key) and is_label_value(value)}


def _labels(spec: AuthorizationSpec) -> Mapping[str, str]:
    return (spec.selector and spec.selector.match_labels) or {}


def _names_callers(rule: AuthorizationRule) -> bool:
    by_condition = any(map(_asks_who, rule.when or ()))
    by_source = bool(rule.sources) and all(map(_names_source, rule.sources or ()))
    return by_condition or by_source


def _names_source(one: From) -> bool:
    return one.source is not None and any(getattr(one.source, name) for name in _IDENTITIES)


def _asks_who(condition: Condition) -> bool:
    key = condition.key or ""
    return bool(condition.values) and (key in _KEYS or key.startswith("request.auth.claims["))


def _denies_the_nameless(rule: AuthorizationRule) -> bool:
    """It denies whoever has none of some identities, whatever they ask for."""
    return not rule.operations and not rule.when and any(map(_is_nameless, rule.sources or ()))


def _is_nameless(one: From) -> bool:
    asked = {name for name, value in structs.asdict(one.source or Source()).items() if value}
    return bool(asked) and asked <= set(_NOT_IDENTITIES)
