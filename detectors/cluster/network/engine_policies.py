"""Facts of network policies of other engines, which may change what Kubernetes' own decide.

Their rules are not evaluated. What is stated is which pods they may touch, in which direction.
"""

import re
from collections.abc import Iterator
from typing import Any

from assay.detectors.cluster.network.policies import UNRANKED
from assay.detectors.cluster.network.policy_objects import (
    CalicoPolicy,
    CalicoSpec,
    CiliumPolicy,
    CiliumSpec,
)
from assay.detectors.cluster.objects import Meta, Objects, Placed, address, namespace_of
from assay.detectors.cluster.selectors import Expression, LabelSelector, requirements
from assay.detectors.cluster.stating import bounded, cluster_wide
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_CALICO = ("crd.projectcalico.org", "projectcalico.org")
_MAX_SELECTOR = 10_000
"""Characters of a selector of Calico's."""


def state(objects: Objects) -> Iterator[Resource]:
    """`network.policy` with the engines `cilium` and `calico`."""
    for kind in ("CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"):
        for placed in objects.of(f"cilium.io/{kind}"):
            yield from _cilium(objects, placed, kind)
    yield from _calico_policies(objects)


def _policy(
    objects: Objects, placed: Placed, kind: str, meta: Meta, namespaced: bool, facts: dict[str, Any]
) -> Resource:
    at, aliases = (address(kind, meta), ()) if namespaced else cluster_wide(kind, meta)
    at_home = namespace_of(meta) if namespaced else None
    stating = {"namespace": at_home, "allows": [], **UNRANKED, **facts}
    return stated(objects, placed, "network.policy", at, stating, aliases)


def _present(**rules: object) -> list[str]:
    return sorted(direction for direction, found in rules.items() if found)


def _cilium(objects: Objects, placed: Placed, kind: str) -> Iterator[Resource]:
    policy: CiliumPolicy = placed.object
    specs = ([policy.spec] if policy.spec else []) + (policy.specs or [])
    for spec in bounded(specs, "specs in a policy of Cilium"):
        if isinstance(spec, CiliumSpec) and spec.node_selector is not None and spec.endpoint_selector is None:
            continue  # For the nodes' own traffic; NetworkPolicies say nothing of that either.
        facts = {"engine": "cilium", "pods": spec, "directions": spec}
        if isinstance(spec, CiliumSpec):
            facts["pods"] = _cilium_pods(spec)
            # A section that is there but empty switches the direction to default deny.
            facts["directions"] = _present(
                ingress=spec.ingress is not None or spec.ingress_deny is not None,
                egress=spec.egress is not None or spec.egress_deny is not None,
            )
        yield _policy(objects, placed, kind, policy.metadata, kind == "CiliumNetworkPolicy", facts)


def _cilium_pods(spec: CiliumSpec) -> list[dict[str, Any]] | Unknown:
    selector = spec.endpoint_selector or LabelSelector()
    keys = [*(selector.match_labels or {}), *(one.key or "" for one in selector.match_expressions or ())]
    plain = {key: _without_source(key) for key in keys}
    if any(name is None for name in plain.values()):
        return Unknown(reason="the policy of Cilium selects by something other than labels of pods")
    return requirements(
        LabelSelector(
            match_labels={plain[key] or key: value for key, value in (selector.match_labels or {}).items()},
            match_expressions=[
                Expression(key=plain[one.key or ""], operator=one.operator, values=one.values)
                for one in selector.match_expressions or ()
            ],
        )
    )


def _without_source(key: str) -> str | None:
    """A label's key without Cilium's prefix for where it comes from; None where it is no pod's label."""
    source, colon, rest = key.partition(":")
    name = rest if colon else key
    if (colon and source not in ("k8s", "any")) or name.startswith(("io.kubernetes.pod.", "io.cilium.", "reserved")):
        return None
    return name


def _calico_policies(objects: Objects) -> Iterator[Resource]:
    # Calico's API server shows what lies in the custom resources once more, under another group.
    seen: set[tuple[str, str | None, str | None]] = set()
    for group in _CALICO:
        for kind in ("GlobalNetworkPolicy", "NetworkPolicy"):
            for placed in objects.of(f"{group}/{kind}"):
                meta: Meta = placed.object.metadata
                identity = (kind, meta.namespace, meta.name)
                if placed.place is None and identity in seen:
                    continue
                seen.add(identity)
                yield _calico(objects, placed, kind)


def _calico(objects: Objects, placed: Placed, kind: str) -> Resource:
    policy: CalicoPolicy = placed.object
    spec = policy.spec or CalicoSpec()
    facts: dict[str, Any] = {"engine": "calico", "pods": _calico_pods(spec)}
    # Calico's own default: ingress, unless there are rules for egress only.
    facts["directions"] = _present(ingress=spec.ingress or not spec.egress, egress=spec.egress)
    if spec.types:
        known = {"Ingress", "Egress"}
        odd = Unknown(reason="the policy of Calico has a type that it doesn't know")
        facts["directions"] = sorted(one.lower() for one in set(spec.types)) if set(spec.types) <= known else odd
    return _policy(objects, placed, kind, policy.metadata, kind == "NetworkPolicy", facts)


def _calico_pods(spec: CalicoSpec) -> list[dict[str, Any]] | Unknown:
    if spec.service_account_selector or (spec.namespace_selector or "all()").strip() not in ("all()", ""):
        return Unknown(reason="the policy of Calico selects by namespaces or service accounts, too")
    text = (spec.selector or "").strip()
    if not text or text == "all()":
        return []
    if len(text) > _MAX_SELECTOR:
        return Unknown(reason="the policy of Calico has a very long selector")
    found: list[Expression] = []
    for term in text.split("&&"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            return Unknown(reason="the policy of Calico has a selector that is more than a list of labels")
        found.append(_expression(match))
    return requirements(LabelSelector(match_expressions=found))


_TERM = re.compile(
    r"""(?P<not>!)?\s*has\(\s*(?P<has>[\w./-]+)\s*\)
    |(?P<key>[\w./-]+)\s*(?P<equal>==|!=)\s*(?:'(?P<single>[\w./-]*)'|"(?P<double>[\w./-]*)")""",
    re.VERBOSE | re.ASCII,
)


def _expression(match: re.Match[str]) -> Expression:
    if match["has"]:
        return Expression(key=match["has"], operator="DoesNotExist" if match["not"] else "Exists")
    value = match["single"] if match["single"] is not None else match["double"]
    return Expression(key=match["key"], operator="In" if match["equal"] == "==" else "NotIn", values=[value])
