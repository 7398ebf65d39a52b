"""Tells together what is true of thousands of resources, one by one of no use to anybody."""

from collections import defaultdict
from collections.abc import Iterator

from assay.policies import messages
from assay.policies.book import Book, Variant
from assay.scanner.model.fact import Known
from assay.scanner.model.finding import Finding, ResourceRef
from assay.scanner.model.resource import Resource


class PassesTogether:
    """The passes of rules that say `passes: together`, by rule and source."""

    def __init__(self) -> None:
        self._passes: dict[tuple[int, str], list[str]] = defaultdict(list)
        """Variant of a rule, by identity, and source → addresses."""
        self._variants: dict[int, Variant] = {}

    def count(self, resource: Resource, variant: Variant) -> None:
        """One more resource on which a rule passes."""
        source = resource.facts.get("source")
        where = source.value if isinstance(source, Known) and isinstance(source.value, str) else resource.surface
        self._variants[id(variant)] = variant
        self._passes[id(variant), where].append(resource.address)

    def findings(self, book: Book) -> Iterator[Finding]:
        """One for each rule and source; its address is the source's name."""
        merged: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
        for (identity, where), addresses in self._passes.items():
            variant = self._variants[identity]
            found = merged.setdefault((variant.compiled.rule.id, where), (set(), set()))
            found[0].update(addresses)
            found[1].update(variant.controls)
        for (name, where), (resources, evidenced) in sorted(merged.items(), key=lambda item: item[0]):
            rule = book.rules[name]
            number = len(resources)
            yield Finding(
                rule=rule.id,
                outcome="pass",
                severity=rule.severity,
                title=rule.title,
                message=f"{rule.title} ({number:,} of the kind {rule.kind})",
                resource=ResourceRef(kind=rule.kind, address=where),
                location=None,
                safeguards=rule.safeguards,
                controls=tuple(sorted(evidenced)),
                evidence={"resources": number},
                fix=messages.fill_parameters(rule.fix.strip(), rule.parameters),
                fingerprint="",
            )
