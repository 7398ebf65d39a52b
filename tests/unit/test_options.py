"""What options mean before anything is looked at: `--namespaces`, for a scan and for the role that it needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.scanner.cli import cluster
from assay.scanner.cli.options import namespaces
from assay.scanner.errors import UsageError

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


def test_namespaces_are_sorted_and_each_is_there_once_however_they_are_given() -> None:
    assert namespaces(["ml,train", "serve , ml"]) == ["ml", "serve", "train"]
    assert namespaces([]) == []


@given(st.lists(names, min_size=1))
def test_neither_order_nor_grouping_matters(chosen: list[str]) -> None:
    assert namespaces([",".join(chosen)]) == namespaces(chosen[::-1]) == sorted(set(chosen))


@pytest.mark.parametrize(
    "text", ["", "ml,", ",", "ML", "a.b", "-ml", "ml-", "a/b", "*", "m\nl", "ml\x00", "a" * 64, "ä", "--all"]
)
def test_what_cannot_be_a_namespace_is_wrong_use_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as told:
        namespaces(["train", text])
    assert "--namespaces" in str(told.value)
    assert str(told.value).isprintable() and len(str(told.value)) < 200
    with pytest.raises(UsageError):
        cluster.run(["role", f"--namespaces={text}"])
