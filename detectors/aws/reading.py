"""What was read of an account: items laid out as arguments, and what stood in the way."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from assay.scanner.api import Unknown

_UNKNOWN = "\0unknown"


class Item(Struct, frozen=True, kw_only=True):
    """One listed resource."""

    address: str
    region: str
    arguments: Mapping[str, Any]
    """Under Terraform's names; Unknown for what a further call would have told."""
    names: tuple[str, ...] = ()
    """Other texts by which resources of its region refer to it."""


class Trouble(Struct, frozen=True, kw_only=True, order=True):
    """A call that gave no answer, for one item or for a whole listing."""

    call: str
    reason: str
    advice: str
    items: int = 0
    """For how many items of a listing; 0: the listing itself."""
    lasting: bool = False


class Read(Struct, frozen=True, kw_only=True):
    """What one collector gave in one region."""

    collector: str
    region: str
    items: tuple[Item, ...]
    troubles: tuple[Trouble, ...] = ()

    @property
    def lasting(self) -> bool:
        """Whether reading again soon would bring the same."""
        return all(trouble.lasting for trouble in self.troubles)


def plain(value: Any) -> Any:
    """A value of arguments as JSON can hold it."""
    if isinstance(value, Unknown):
        return {_UNKNOWN: value.reason}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def restored(value: Any) -> Any:
    """The inverse of `plain`."""
    if isinstance(value, dict):
        if value.keys() == {_UNKNOWN}:
            return Unknown(reason=value[_UNKNOWN])
        return {key: restored(inner) for key, inner in value.items()}
    return [restored(inner) for inner in value] if isinstance(value, list) else value
