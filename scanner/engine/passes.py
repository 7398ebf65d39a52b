"""Tells together what is true of thousands of resources, one by one of no use to anybody."""

from collections.abc import Iterator

from msgspec import Struct

from assay.policies import messages
from assay.policies.book import Book, Variant
from assay.scanner.model.fact import Known
from assay.scanner.model.finding import Finding, ResourceRef
from assay.scanner.model.resource import Resource


class _Count(Struct):
    resources: set[str]
    controls: set[str]


class PassesTogether:
    """The passes of rules that say `passes: together`, by rule and source."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}

    def count(self, resource: Resource, variant: Variant) -> None:
        """One more resource on which a rule passes."""
        source = resource.facts.get("source")
        where = source.value if isinstance(source, Known) and isinstance(source.value, str) else resource.surface
        found = self._counts.setdefault((variant.compiled.rule.id, where), _Count(set(), set()))
        found.resources.add(resource.address)
        found.controls.update(variant.controls)

    def findings(self, book: Book) -> Iterator[Finding]:
        """One for each rule and source; its address is the source's name."""
        for (name, where), count in sorted(self._counts.items()):
            rule = book.rules[name]
            number = len(count.resources)
            yield Finding(
                rule=rule.id,
                outcome="pass",
                severity=rule.severity,
                title=rule.title,
                message=f"{rule.title} ({number:,} of the kind {rule.kind})",
                resource=ResourceRef(kind=rule.kind, address=where),
                location=None,
                safeguards=rule.safeguards,
                controls=tuple(sorted(count.controls)),
                evidence={"resources": number},
                fix=messages.fill_parameters(rule.fix.strip(), rule.parameters),
                fingerprint="",
            )
