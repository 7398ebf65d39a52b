"""Policies that have signatures of images checked at admission, decoded to what we need of them; keys are not."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.selectors import LabelSelector


class Glob(Struct, frozen=True, kw_only=True, rename="camel"):
    """A pattern of images."""

    glob: str | None = None
    expression: str | None = None


class Static(Struct, frozen=True, kw_only=True, rename="camel"):
    """Instead of a check: what is done with every image."""

    action: str | None = None


class Authority(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose signature is wanted; any of several will do."""

    static: Static | None = None


class SigstoreSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which images are checked by Sigstore's policy controller."""

    images: list[Glob] | None = None
    authorities: list[Authority] | None = None
    mode: str | None = None
    match: list[Any] | None = None


class SigstorePolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """A ClusterImagePolicy of Sigstore's."""

    metadata: Meta = field(default_factory=Meta)
    spec: SigstoreSpec | None = None


class Resources(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of what Kyverno looks at objects."""

    kinds: list[str] | None = None
    namespaces: list[str] | None = None
    operations: list[str] | None = None
    namespace_selector: LabelSelector | None = None
    name: str | None = None
    names: list[str] | None = None
    selector: LabelSelector | None = None
    annotations: dict[str, str] | None = None


class Filter(Struct, frozen=True, kw_only=True, rename="camel"):
    """Objects, and who made them."""

    resources: Resources | None = None
    subjects: list[Any] | None = None
    roles: list[Any] | None = None
    cluster_roles: list[Any] | None = None


class Match(Filter, frozen=True, kw_only=True, rename="camel"):
    """All of these filters, or any, or, as it used to be written, one alone."""

    any: tuple[Filter, ...] | None = None
    all: tuple[Filter, ...] | None = None


class Attestation(Struct, frozen=True, kw_only=True, rename="camel"):
    """A signed statement about an image."""

    attestors: list[Any] | None = None


class Verification(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which images Kyverno checks, and whether it must find a signature."""

    image: str | None = None
    image_references: list[str] | None = None
    skip_image_references: list[str] | None = None
    attestors: list[Any] | None = None
    attestations: list[Attestation] | None = None
    key: str | None = None
    required: bool | None = None
    failure_action: str | None = None
    failure_action_overrides: list[Any] | None = None


class Rule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule of Kyverno's."""

    match: Match | None = None
    exclude: Match | None = None
    preconditions: Any = None
    cel_preconditions: list[Any] | None = None
    verify_images: tuple[Verification, ...] | None = None


class KyvernoSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a policy of Kyverno's says."""

    rules: tuple[Rule, ...] | None = None
    admission: bool | None = None
    validation_failure_action: str | None = None
    validation_failure_action_overrides: list[Any] | None = None


class KyvernoPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """Kyverno's ClusterPolicy, or the Policy of a namespace."""

    metadata: Meta = field(default_factory=Meta)
    spec: KyvernoSpec | None = None


class ResourceRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which objects a policy in CEL is asked about."""

    resources: list[str] | None = None
    operations: list[str] | None = None


class Constraints(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which objects, of which namespaces."""

    resource_rules: list[ResourceRule] | None = None
    exclude_resource_rules: list[Any] | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None


class Validation(Struct, frozen=True, kw_only=True, rename="camel"):
    """A condition in CEL."""

    expression: str | None = None


class Switch(Struct, frozen=True, kw_only=True, rename="camel"):
    """On unless turned off."""

    enabled: bool | None = None


class Evaluation(Struct, frozen=True, kw_only=True, rename="camel"):
    """When a policy is asked."""

    admission: Switch | None = None
    mode: str | None = None


class ValidatingSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an ImageValidatingPolicy says."""

    match_constraints: Constraints | None = None
    match_conditions: list[Any] | None = None
    match_image_references: list[Glob] | None = None
    validations: list[Validation] | None = None
    validation_actions: list[str] | None = None
    evaluation: Evaluation | None = None


class ValidatingPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """Kyverno's ImageValidatingPolicy, or the one of a namespace."""

    metadata: Meta = field(default_factory=Meta)
    spec: ValidatingSpec | None = None


class OtherPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """A policy of a checker of which only its being there is known: Ratify's, OpenShift's."""

    metadata: Meta = field(default_factory=Meta)
