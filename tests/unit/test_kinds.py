"""Whether facts fit their kind: what a detector sends is believed in nothing."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from assay.scanner.kinds import registry
from assay.scanner.model.fact import Known, Unknown
from assay.scanner.model.resource import Resource

UNKNOWN = Unknown(reason="denied")


def sample(info: msgspec.inspect.Type) -> Any:
    """A value of a type."""
    match info:
        case msgspec.inspect.UnionType(types=types):
            return sample(next(one for one in types if not isinstance(one, msgspec.inspect.NoneType)))
        case msgspec.inspect.ListType(item_type=item):
            return [sample(item)]
        case msgspec.inspect.DictType(value_type=inner):
            return {"key": sample(inner)}
        case msgspec.inspect.StructType(fields=fields):
            return {one.name: sample(one.type) for one in fields}
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.IntType():
            return 1
        case msgspec.inspect.FloatType():
            return 0.5
        case msgspec.inspect.StrType():
            return "text"
    raise AssertionError(info)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: put(inner, path[1:], new) if key == path[0] else inner for key, inner in value.items()}
    return [put(inner, path[1:], new) if index == path[0] else inner for index, inner in enumerate(value)]


def check(kind: str, field: str, value: Any) -> None:
    registry.check(Resource(kind=kind, address="a", surface="s", facts={field: Known(value=value)}))


@pytest.mark.parametrize("kind", registry.KINDS)
def test_what_fits_is_taken_with_an_unknown_anywhere_and_nothing_else_is(kind: str) -> None:
    class Odd:
        """A value of no kind's type."""

    for field, info in registry.fields(kind).items():
        whole = sample(info)
        check(kind, field, whole)
        for path in places(whole):
            check(kind, field, put(whole, path, UNKNOWN))
            with pytest.raises(registry.KindError, match=r"^a: "):
                check(kind, field, put(whole, path, Odd()))


@pytest.mark.parametrize(
    ("kind", "field", "value", "said"),
    [
        ("workload.pods", "replicas", True, "a: replicas: expected an integer, got bool"),
        ("workload.pods", "host_pid", 1, "a: host_pid: expected a boolean, got int"),
        ("workload.pods", "host_pid", None, "a: host_pid: expected a boolean, got NoneType"),
        ("workload.pods", "sysctls", ["a", 2], "a: sysctls[1]: expected a string, got int"),
        ("workload.pods", "labels", {"a": 1}, "a: labels.a: expected a string, got int"),
        ("workload.pods", "volumes", [{"name": "a"}], r"a: volumes\[0\]: expected exactly the fields"),
        ("workload.pods", "nonsense", 1, "a: workload.pods has no field 'nonsense'"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(kind: str, field: str, value: Any, said: str) -> None:
    with pytest.raises(registry.KindError, match=said.replace("[1]", r"\[1\]")):
        check(kind, field, value)


def test_null_fits_where_absence_is_known() -> None:
    check("workload.pods", "replicas", None)
