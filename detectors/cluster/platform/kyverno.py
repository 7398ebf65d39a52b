"""Kyverno's policies that have signatures of images checked.

See: https://kyverno.io/docs/policy-types/cluster-policy/verify-images/ and
https://kyverno.io/docs/policy-types/image-validating-policy/
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from assay.detectors.answers import Answer, all_of, any_of
from assay.detectors.cluster.globs import matches
from assay.detectors.cluster.objects import Objects, namespace_of
from assay.detectors.cluster.platform.signature_objects import (
    Constraints,
    Evaluation,
    Filter,
    KyvernoPolicy,
    KyvernoSpec,
    Match,
    Resources,
    Rule,
    Switch,
    ValidatingPolicy,
    ValidatingSpec,
    Verification,
)
from assay.detectors.cluster.selectors import LabelSelector, requirements, takes
from assay.scanner.api import Unknown

_OF_ALL = "kyverno.io/ClusterPolicy"
_OF_ONE = "kyverno.io/Policy"
_VALIDATING = "policies.kyverno.io/ImageValidatingPolicy"
_VALIDATING_OF_ONE = "policies.kyverno.io/NamespacedImageValidatingPolicy"
KINDS = (_OF_ALL, _OF_ONE, _VALIDATING, _VALIDATING_OF_ONE)
_PODS = frozenset({"Pod", "v1/Pod", "*", "*/*", "*/Pod"})
_CHECKS = ("verifyImageSignatures", "verifyAttestationSignatures")
_MOST_PATTERNS = 200
"""Of one filter, that namespaces are compared with."""
_PARTLY = Unknown(reason="a policy of Kyverno's is for some pods of the namespace only")
_ASKED = Unknown(reason="a policy of Kyverno's has conditions that are not evaluated")

Patterns = Sequence[str | Unknown]


class Policy(Struct, frozen=True):
    """Patterns of images, and of which namespaces they are checked."""

    patterns: Patterns
    namespace: str | None
    """None: it is of the whole cluster."""
    match: Match | None = None
    exclude: Match | None = None
    constraints: Constraints | None = None

    @property
    def weight(self) -> int:
        """How much there is to compare a namespace with."""
        filters = [one for match in (self.match, self.exclude) if match is not None
                   for one in (match, *(match.any or ()), *(match.all or ()))]  # fmt: skip
        return len(self.patterns) + sum(2 + len(one.resources.namespaces or ()) for one in filters if one.resources)

    def of(self, name: str, labels: Mapping[str, str]) -> Patterns:
        """The patterns as far as they hold in a namespace."""
        if self.namespace is not None and self.namespace != name:
            return ()
        if self.constraints is not None:
            holds = _constrained(self.constraints, labels)
        else:
            holds = all_of((_taken(self.match, name, labels), _left(self.exclude, name, labels)))
        if holds is True:
            return self.patterns
        return (holds,) if isinstance(holds, Unknown) else ()


def policies(objects: Objects) -> Sequence[Policy]:
    """Those that keep images out, of all of Kyverno's kinds."""
    found: list[Policy] = []
    for kind in (_OF_ALL, _OF_ONE):
        for placed in objects.of(kind):
            policy: KyvernoPolicy = placed.object
            at = namespace_of(policy.metadata) if kind == _OF_ONE else None
            spec = policy.spec or KyvernoSpec()
            for rule in spec.rules or () if spec.admission is not False else ():
                patterns = [*_demanded(spec, rule)]
                if patterns:
                    found.append(Policy(patterns, at, rule.match, rule.exclude))
    for kind in (_VALIDATING, _VALIDATING_OF_ONE):
        for placed in objects.of(kind):
            one: ValidatingPolicy = placed.object
            at = namespace_of(one.metadata) if kind == _VALIDATING_OF_ONE else None
            patterns = [*_validated(one.spec or ValidatingSpec())]
            if patterns:
                constraints = one.spec.match_constraints if one.spec is not None else None
                found.append(Policy(patterns, at, constraints=constraints or Constraints()))
    return found


def _demanded(spec: KyvernoSpec, rule: Rule) -> Iterator[str | Unknown]:
    for one in rule.verify_images or ():
        action = (one.failure_action or spec.validation_failure_action or "Audit").lower()
        if one.required is False or not _has_keys(one):
            continue
        overridden = one.failure_action_overrides or spec.validation_failure_action_overrides
        conditions = rule.preconditions or rule.cel_preconditions or one.skip_image_references
        if overridden or (action == "enforce" and conditions):
            yield _ASKED
        elif action == "enforce":
            yield from map(_slashed, (*(one.image_references or ()), *((one.image,) if one.image else ())))


def _has_keys(one: Verification) -> bool:
    """Without any, only digests are looked at."""
    return bool(one.attestors or one.key) or any(each.attestors for each in one.attestations or ())


def _validated(spec: ValidatingSpec) -> Iterator[str | Unknown]:
    evaluation = spec.evaluation or Evaluation()
    off = (evaluation.admission or Switch()).enabled is False or (evaluation.mode or "Kubernetes") != "Kubernetes"
    if off or "Deny" not in (spec.validation_actions or ["Deny"]):
        return
    checks = any(check in (one.expression or "") for one in spec.validations or () for check in _CHECKS)
    if not checks or spec.match_conditions:
        yield _ASKED
        return
    for one in spec.match_image_references or ():
        yield _slashed(one.glob) if one.glob else _ASKED


def _slashed(pattern: str) -> str:
    """Kyverno's star stands for anything, slashes included."""
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return pattern.replace("*", "**")


def _constrained(one: Constraints, labels: Mapping[str, str]) -> Answer:
    resources = {name for rule in one.resource_rules or () for name in rule.resources or ()}
    if one.resource_rules is not None and not resources & {"pods", "*", "*/*"}:
        return False
    if one.exclude_resource_rules or (one.object_selector is not None and not one.object_selector.empty):
        return _PARTLY
    return _selected(one.namespace_selector, labels)


def _taken(match: Match | None, name: str, labels: Mapping[str, str]) -> Answer:
    """Whether a policy looks at all pods of a namespace."""
    if match is None:
        return False
    if match.any is not None:
        return any_of(_filtered(one, name, labels) for one in match.any)
    if match.all is not None:
        return all_of(_filtered(one, name, labels) for one in match.all) if match.all else False
    return _filtered(match, name, labels)


def _left(exclude: Match | None, name: str, labels: Mapping[str, str]) -> Answer:
    """Whether an exclusion leaves all pods of a namespace."""
    if exclude is None:
        return True
    filters = exclude.any if exclude.any is not None else (exclude.all if exclude.all is not None else (exclude,))
    # Whatever touches the namespace may leave out some pods; what names other namespaces only leaves out none.
    touching = [_reaches(one, name, labels) for one in filters]
    touched = any_of(touching) if exclude.all is None else all_of(touching)
    return True if touched is False else _PARTLY


def _reaches(one: Filter, name: str, labels: Mapping[str, str]) -> Answer:
    resources = one.resources or Resources()
    return all_of((_listed(resources.namespaces, name), _selected(resources.namespace_selector, labels)))


def _filtered(one: Filter, name: str, labels: Mapping[str, str]) -> Answer:
    resources = one.resources or Resources()
    if not _PODS.intersection(resources.kinds or ()):
        return False
    if resources.operations and "CREATE" not in resources.operations:
        return False
    reached = _reaches(one, name, labels)
    some = (
        one.subjects, one.roles, one.cluster_roles, resources.name, resources.names, resources.annotations,
        resources.selector is not None and not resources.selector.empty,
    )  # fmt: skip
    return _PARTLY if reached is not False and any(some) else reached


def _listed(patterns: Sequence[str] | None, name: str) -> Answer:
    if not patterns:
        return True
    if len(patterns) > _MOST_PATTERNS:
        return _ASKED
    return any(matches(_slashed(pattern), name) for pattern in patterns)


def _selected(selector: LabelSelector | None, labels: Mapping[str, str]) -> Answer:
    wanted = requirements(selector or LabelSelector())
    return wanted if isinstance(wanted, Unknown) else takes(wanted, labels)
