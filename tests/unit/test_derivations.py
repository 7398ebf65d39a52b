"""What the registry says of the derivations holds of what they do, over the fixtures' clusters as files and running."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.registry import DERIVATIONS, DETECTORS
from assay.detectors.worlds import value
from assay.scanner.api import Fact, Resource, Unknown
from assay.scanner.engine import inventory
from assay.scanner.engine.derive import derive
from assay.scanner.kinds import registry
from assay.scanner.model.detector import Derivation
from tests.unit.whole_worlds import everything, files, live

HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
IDS = [one.id for one in DERIVATIONS]
CLUSTER = next(one for one in DETECTORS if one.id == "cluster")
OBSERVED = sorted({kind for kinds in CLUSTER.surfaces.values() for kind in kinds} - {"cluster.listing"})
_ALL = "*"

Key = tuple[str, str, str | None]
Field = tuple[str, str]


def derived(given: Sequence[Resource], *derivations: Derivation) -> Sequence[Resource]:
    """The resources after some derivations, in the order in which they give them."""
    seen = msgspec.structs.replace(inventory.build(HEADER, (), ()), resources=tuple(given))
    return derive(seen, derivations).resources


@cache
def stages() -> Mapping[str, tuple[Sequence[Resource], Sequence[Resource]]]:
    """What each derivation is given and gives, by its id."""
    found: dict[str, tuple[Sequence[Resource], Sequence[Resource]]] = {}
    given: Sequence[Resource] = everything()
    for one in DERIVATIONS:
        found[one.id] = given, derived(given, one)
        given = found[one.id][1]
    return found


def key(resource: Resource) -> Key:
    return resource.kind, resource.address, value(resource, "source", None)


def by_key(resources: Sequence[Resource]) -> Mapping[Key, Resource]:
    found = {key(one): one for one in resources}
    assert len(found) == len(resources)
    return found


def differences(before: Mapping[Key, Resource], after: Mapping[Key, Resource]) -> set[Field]:
    """Kind and field of all that isn't the same in both; `*` for a resource that one of them lacks."""
    found = {(one[0], _ALL) for one in before.keys() ^ after.keys()}
    for one in before.keys() & after.keys():
        old, new = before[one].facts, after[one].facts
        found |= {(one[0], name) for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    return found


def declared(one: Derivation) -> set[Field]:
    return {(kind, field) for kind, by_field in one.states.items() for field in by_field}


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=IDS)
def test_what_is_declared_is_added_somewhere_and_nothing_else(derivation: Derivation) -> None:
    given, found = (by_key(resources) for resources in stages()[derivation.id])
    new = {kind for kind, field in declared(derivation) if field == _ALL}
    added = differences(given, found)
    added |= {(one[0], name) for one in found.keys() - given.keys() for name in found[one].facts}
    assert {one for one in added if one[0] not in new} == {one for one in declared(derivation) if one[0] not in new}
    assert {one for one in declared(derivation) if one[0] in new} <= added


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=IDS)
def test_what_is_derived_fits_its_kind(derivation: Derivation) -> None:
    for one in stages()[derivation.id][1]:
        registry.check(one)


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=IDS)
def test_nothing_that_was_given_is_lost_or_observed_otherwise(derivation: Derivation) -> None:
    given, found = (by_key(resources) for resources in stages()[derivation.id])
    for name, one in given.items():
        observed = {field: found[name].facts[field] for field in one.facts}
        assert msgspec.structs.replace(found[name], facts=observed) == one


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=IDS)
def test_a_kind_that_nothing_is_derived_for_is_given_back_as_it_is(derivation: Derivation) -> None:
    given, found = stages()[derivation.id]
    same = {id(one) for one in found}
    others = [one for one in given if one.kind not in derivation.states]
    assert others
    assert all(id(one) in same for one in others)


def test_exposure_keeps_the_order_and_rbac_gives_source_after_source() -> None:
    given, found = stages()["exposure"]
    assert [key(one) for one in found] == [key(one) for one in given]
    sources = [key(one)[2] or "" for one in stages()["rbac"][1]]
    assert sources[0] == ""
    assert sources == sorted(sources)


def test_of_derived_kinds_too_each_resource_is_there_once() -> None:
    found = Counter(key(one) for one in stages()[IDS[-1]][1])
    assert [name for name, number in found.items() if number > 1] == []


def with_doubts(chance: random.Random) -> Sequence[Resource]:
    """Some resources of a running cluster, of which some facts could not be read, nor some listings."""
    found: dict[Key, Resource] = {}
    for number, one in enumerate(chance.sample(live(), 120)):
        facts: dict[str, Fact] = dict(one.facts)
        for name in chance.sample(sorted(facts.keys() - {"source"}), min(2, len(facts) - 1)):
            facts[name] = Unknown(reason=f"{name} of {number} could not be read")
        found[key(one)] = msgspec.structs.replace(one, facts=facts)
    listings = {key(one): one for one in live() if one.kind == "cluster.listing" and chance.random() < 0.8}
    return list((listings | found).values())


def reasonless(value: Any) -> Any:
    """Facts as JSON has them, without the reasons. Of several that stand in the way, those that are met first, in the
    inventory's order, may stand for the others."""
    if isinstance(value, dict):
        unknown = value.get("fact") == "unknown"
        return "unknown" if unknown else {name: reasonless(inner) for name, inner in value.items()}
    if isinstance(value, list):
        found = [reasonless(inner) for inner in value]
        return [*(one for one in found if one != "unknown"), *(["unknown"] if "unknown" in found else [])]
    return value


def told(resources: Sequence[Resource]) -> Mapping[Key, Any]:
    return {name: reasonless(msgspec.to_builtins(one.facts)) for name, one in by_key(resources).items()}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_the_order_of_resources_changes_nothing_but_which_reason_is_told(seed: int, doubts: bool) -> None:
    chance = random.Random(seed)
    resources = with_doubts(chance) if doubts else everything()
    shuffled = chance.sample(resources, len(resources))
    found = derived(resources, *DERIVATIONS)
    assert told(found) == told(derived(shuffled, *DERIVATIONS))
    for one in found:
        registry.check(one)


def test_deriving_changes_nothing_in_what_it_is_given() -> None:
    before = msgspec.json.encode(everything())
    derived(everything(), *DERIVATIONS)
    assert msgspec.json.encode(everything()) == before


def test_sources_have_nothing_to_do_with_each_other() -> None:
    together = by_key(stages()[IDS[-1]][1])
    alone = by_key([one for given in (live(), files()) for one in derived(given, *DERIVATIONS)])
    assert differences({name: one for name, one in together.items() if name[2]}, alone) == set()


@pytest.mark.parametrize("kind", OBSERVED)
def test_what_changes_without_a_kind_is_declared_to_be_derived_from_it(kind: str) -> None:
    sources: dict[Field, set[str]] = {}
    for derivation in DERIVATIONS:
        for of, by_field in derivation.states.items():
            for field, kinds in by_field.items():
                sources.setdefault((of, field), set()).update(kinds)
    whole = by_key(stages()[IDS[-1]][1])
    fewer = by_key(derived([one for one in everything() if one.kind != kind], *DERIVATIONS))
    changed = {one for one in differences(whole, fewer) if one[0] != kind}
    rests = {one for one in changed if kind in sources.get(one, ()) or kind in sources.get((one[0], _ALL), ())}
    assert changed == rests


def test_that_law_is_no_empty_one() -> None:
    whole = by_key(stages()[IDS[-1]][1])
    fewer = by_key(derived([one for one in everything() if one.kind != "ai.software"], *DERIVATIONS))
    assert ("workload.pods", "ways_in") in differences(whole, fewer)


def test_where_there_is_nothing_to_derive_from_nothing_is_imported() -> None:
    broken = Derivation(id="broken", entry="no.such.module:derive", states={"rbac.grant": {"*": ("rbac.role",)}})
    bucket = everything()[0]
    assert derived([bucket], broken) == (bucket,)
    with pytest.raises(ModuleNotFoundError):
        derived(everything(), broken)
