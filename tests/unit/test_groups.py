"""Parts that share a process keep their records apart."""

from hypothesis import given
from hypothesis import strategies as st

from assay.scanner.engine.groups import PART_ENDS, grouped, records_of
from assay.scanner.model.detector import Part

NAMES = "abcdef"
records = st.binary(max_size=5).map(lambda text: b"{" + text.replace(b"\n", b" ") + b"}\n")
parts = st.lists(
    st.tuples(st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES)), unique_by=lambda one: one[0], max_size=6
).map(lambda named: [Part(id=name, joins=joins) for name, joins in named])


@given(st.lists(st.lists(records), min_size=2, max_size=4))
def test_what_each_part_of_a_group_found_comes_back(found: list[list[bytes]]) -> None:
    group = [Part(id=str(number)) for number in range(len(found))]
    sent = b"".join(b"".join(one) + PART_ENDS + b"\n" for one in found)
    assert records_of(sent, group) == [b"".join(one) for one in found]
    assert records_of(sent[:-1], group) is None
    assert records_of(sent, group[:-1]) is None
    assert records_of(sent + b"{}\n", group) is None


@given(parts)
def test_every_part_is_in_one_group_and_those_that_join_come_first(planned: list[Part]) -> None:
    groups = grouped(planned)
    assert sorted(part.id for group in groups for part in group) == sorted(part.id for part in planned)
    hosts = {part.id for part in planned if part.joins is None}
    for *joining, last in groups:
        assert all(part.joins == last.id for part in joining)
        assert last.joins is None or last.joins not in hosts
    assert {part.id for group in groups for part in group[:-1]} == {p.id for p in planned if p.joins in hosts}
