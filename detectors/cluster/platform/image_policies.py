"""Which images admission lets in by their signature only, namespace by namespace."""

import re
from collections.abc import Iterator, Mapping

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.platform import kyverno
from assay.detectors.cluster.platform.objects import WebhookConfiguration
from assay.detectors.cluster.platform.signature_objects import SigstorePolicy, SigstoreSpec
from assay.detectors.cluster.selectors import LabelSelector, requirements, takes
from assay.detectors.cluster.stating import bounded
from assay.scanner.api import Unknown

_EVERYTHING = "**"
"""As a pattern: anything, slashes included; one star stands for anything without."""
_MOST = 2_000_000
"""What policies compare namespaces with, times the namespaces."""
_SIGSTORE = "policy.sigstore.dev/ClusterImagePolicy"
_INCLUDED = "policy.sigstore.dev/include"
_UNNAMED = "what becomes of images that no ClusterImagePolicy names stands in the policy controller's configuration"
_ADMISSION = "admissionregistration.k8s.io"
_WEBHOOKS = (f"{_ADMISSION}/ValidatingWebhookConfiguration", f"{_ADMISSION}/MutatingWebhookConfiguration")
_UNSEEN_WEBHOOKS = re.compile(r"connaisseur|ratify", re.IGNORECASE)
_OTHERS: Mapping[str, str] = {
    "config.ratify.deislabs.io/Verifier": "Ratify checks images where a constraint of Gatekeeper asks for it",
    "config.openshift.io/ClusterImagePolicy": "OpenShift checks the images of the registries that its policy names",
    "config.openshift.io/ImagePolicy": "OpenShift checks the images of the registries that its policy names",
}
"""Checkers whose policies aren't read, and what they do."""


class ImagePolicies:
    """The policies of one source, asked namespace by namespace."""

    def __init__(self, objects: Objects) -> None:
        self._unread = objects.unread(_SIGSTORE, *kyverno.KINDS, *_OTHERS, *_WEBHOOKS)
        self._kyverno = kyverno.policies(objects)
        self._sigstore = _sigstore(objects)
        self._opted = _opting(objects)
        self._doubts = sorted({said for kind, said in _OTHERS.items() if objects.of(kind)} | set(_unseen(objects)))
        count = max(1, len(objects.of("Namespace")))
        weight = len(self._sigstore) + sum(one.weight for one in self._kyverno)
        self._too_many = weight * count > _MOST

    def of(self, namespace: Meta) -> kyverno.Patterns:
        """The patterns of images whose signature is demanded, sorted, and why there may be more."""
        if self._too_many:
            return [Unknown(reason="there are too many policies and namespaces to compare them all")]
        name = namespace.name or ""
        labels = {**(namespace.labels or {}), "kubernetes.io/metadata.name": name}
        found = [*self._of_sigstore(labels)]
        for policy in self._kyverno:
            found += policy.of(name, labels)
        known = {one for one in found if isinstance(one, str)}
        if _EVERYTHING in known:
            return [_EVERYTHING]
        doubts = {one.reason for one in found if isinstance(one, Unknown)} | set(self._doubts)
        if self._unread:
            doubts.add(self._unread)
        return bounded([*sorted(known), *(Unknown(reason=reason) for reason in sorted(doubts)[:10])], "patterns")

    def _of_sigstore(self, labels: Mapping[str, str]) -> Iterator[str | Unknown]:
        if not self._sigstore:
            return
        wanted = requirements(self._opted)
        if isinstance(wanted, Unknown):
            yield wanted
        elif takes(wanted, labels):
            yield from self._sigstore
            yield Unknown(reason=_UNNAMED)


def _sigstore(objects: Objects) -> kyverno.Patterns:
    found: list[str | Unknown] = []
    for placed in objects.of(_SIGSTORE):
        policy: SigstorePolicy = placed.object
        spec = policy.spec or SigstoreSpec()
        if (
            (spec.mode or "enforce") != "enforce"
            or not spec.authorities
            or any(one.static is not None and one.static.action != "fail" for one in spec.authorities)
        ):
            # It warns only, or lets in without looking at a signature.
            continue
        if spec.match:
            found.append(Unknown(reason="a ClusterImagePolicy is for some sorts of objects only"))
            continue
        found += [one.glob for one in spec.images or () if one.glob]
    return found


def _opting(objects: Objects) -> LabelSelector:
    """Of which namespaces the controller is asked: by its webhook, else those that are labelled for it.

    See: https://docs.sigstore.dev/policy-controller/overview/
    """
    for kind in _WEBHOOKS:
        for placed in objects.of(kind):
            configuration: WebhookConfiguration = placed.object
            for entry in configuration.webhooks or ():
                if entry.name == "policy.sigstore.dev":
                    return entry.namespace_selector or LabelSelector()
    return LabelSelector(match_labels={_INCLUDED: "true"})


def _unseen(objects: Objects) -> Iterator[str]:
    for kind in _WEBHOOKS:
        for placed in objects.of(kind):
            name = placed.object.metadata.name or ""
            if _UNSEEN_WEBHOOKS.search(name[:200]):
                yield "a checker of signatures runs whose configuration isn't read"
