"""10,000 ordinary resources, each judged by every rule of its kind; contexts and findings included."""

import io
import time
from typing import Any

import msgspec

from assay.policies import book as policy
from assay.policies.rule_files import example_resource
from assay.scanner.engine import inventory
from assay.scanner.engine.judge import judge
from assay.scanner.kinds import registry
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Known, Location, Unknown
from assay.scanner.model.resource import Resource
from tests.bench.measure import row

RESOURCES = 10_000


def resources(book: policy.Book) -> list[Resource]:
    """Resources whose facts are what the rules' own examples hold, so that passes and failures are both ordinary."""
    facts: dict[str, list[dict[str, Known]]] = {}
    for rule in book.rules.values():
        for example in rule.examples:
            if example.outcome in ("pass", "fail"):
                made = example_resource(rule, example).facts
                known = {
                    k: Known(value=whole_value(v.value, registry.fields(rule.kind)[k]))
                    for k, v in made.items()
                    if isinstance(v, Known)
                }
                facts.setdefault(rule.kind, []).append(known)
    whole = {
        kind: [{name: fact for one in (some[i:] + some[:i]) for name, fact in one.items()} for i in range(len(some))]
        for kind, some in facts.items()
    }
    kinds = sorted(whole)
    return [
        Resource(
            kind=kind,
            address=f"resource.{number}",
            surface="terraform",
            facts=whole[kind][number % len(whole[kind])],
            location=Location(
                path=f"modules/m{number % 97}/main.tf", start_line=number % 501, end_line=number % 501 + 9
            ),
        )
        for number in range(RESOURCES)
        for kind in (kinds[number % len(kinds)],)
    ]


def whole_value(value: Any, info: msgspec.inspect.Type) -> Any:
    """An example leaves out what doesn't matter to it; a resource that was looked at has every field."""
    match info:
        case msgspec.inspect.UnionType(types=types) if value is not None:
            return whole_value(value, types[0])
        case msgspec.inspect.ListType(item_type=item) if isinstance(value, list):
            return [whole_value(element, item) for element in value]
        case msgspec.inspect.StructType(fields=fields) if isinstance(value, dict):
            return {one.name: whole_value(value[one.name], one.type) for one in fields}
    return blank(info) if isinstance(value, Unknown) else value


def blank(info: msgspec.inspect.Type) -> Any:
    match info:
        case msgspec.inspect.BoolType():
            return False
        case msgspec.inspect.IntType():
            return 1
        case msgspec.inspect.StrType():
            return "x"
        case msgspec.inspect.ListType():
            return []
        case msgspec.inspect.StructType(fields=fields):
            return {one.name: blank(one.type) for one in fields}
    return None


def run() -> list[str]:
    """Rows for the results table."""
    book = policy.load(("gdpr", "hipaa"))
    header = inventory.Header(version="0", targets=(".",), started="s", finished="f")
    made = inventory.build(header, (DetectorOutcome(id="iac", status="ok"),), resources(book))
    # Read back, so that no two resources share a fact, as what is the same object is judged once.
    seen = inventory.load(io.BytesIO(b"".join(inventory.dump(made))), "bench")
    before = time.process_time()
    findings = judge(seen, book)
    seconds = time.process_time() - before
    decisions = sum(len(book.variants(resource.kind)) for resource in seen.resources)
    what = f"{len(seen.resources):,} resources × their rules = {decisions:,} decisions, {len(findings):,} findings"
    return [row(what, f"{seconds:.2f} s CPU ({decisions / seconds:,.0f}/s)", "≤ 5 s", seconds <= 5)]
