"""What is read of an account, declared: which call lists what, which further calls each of it needs, and as which
resources it is stated. Nothing is called that isn't declared so."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct


class Call(Struct, frozen=True, order=True):
    """An operation of a service's API, by botocore's names: `s3`, `ListBuckets`."""

    service: str
    operation: str

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


def call(name: str) -> Call:
    """`s3:ListBuckets` as a call."""
    service, _, operation = name.partition(":")
    return Call(service, operation)


class Detail(Struct, frozen=True, kw_only=True):
    """A further call for each of what a collector lists."""

    call: str
    given: Mapping[str, str]
    """Parameter → where its value lies in the listed item, by dots; empty: the item itself."""
    fixed: Mapping[str, Any] = {}
    """Parameters that are the same for all; templates as `Collector.arn`'s."""
    unless: str = ""
    """A place in the item; where something lies there already, the call isn't needed."""
    keep: str = ""
    """A JMESPath of what is kept of the answer; empty: all of it."""
    into: str = ""
    """Under which name it is put into the item; empty: the operation's."""
    absent: tuple[str, ...] = ()
    """Codes of errors that say that nothing of the sort is set."""
    fields: tuple[str, ...] = ()
    """The facts that rest on it; without a rule that reads one of them it isn't called. Empty: always."""
    wanted: bool = True
    """Whether a rule reads one of these."""
    without: str = ""
    """A JMESPath of the item; where it is true, neither this nor what follows is called."""


class Collector(Struct, frozen=True, kw_only=True):
    """A list of an account's resources of one sort in one region."""

    id: str
    """Unique, and lasting: checkpoints know it. `s3.buckets`."""
    call: str
    items: str
    """A JMESPath of the list in each page of the answer; `[@]` where the answer itself is the only item."""
    kinds: tuple[str, ...]
    """The kinds whose facts rest on it."""
    type: str
    """Terraform's name for the resource, by which its facts are stated."""
    shape: Mapping[str, Any]
    """Terraform's arguments → where they lie in the item (`detectors.cloud.arguments`)."""
    arn: str
    """The resource's address: a template of places in the item, and of `partition`, `region` and `account`."""
    given: Mapping[str, Any] = {}
    """Fixed parameters of the call."""
    details: tuple[Detail, ...] = ()
    once: bool = False
    """Read once for the account, not in each region."""
    lies_in: str = ""
    """Where in the item its region lies, for what is read once and yet is in a region."""
    absent: tuple[str, ...] = ()
    """Codes of errors that say that the account has nothing of the sort; `Code: words` where only these words of the
    message tell that from something else."""
    even_absent: bool = False
    """Whether that, and an empty list, is stated too, as an item with nothing set."""
    known_as: tuple[str, ...] = ()
    """Where in the item other texts lie by which resources of the same region refer to it, such as an id."""
    prepare: str = ""
    """A call that has the answer made first; asked again, ever more slowly, until it says that it is there."""
    prepared: str = ""
    """A JMESPath of what that call answers, true once it is there."""
    read: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Reads an answer that isn't JSON at heart, such as a table. Raises ValueError for what can't be read."""
    leave_out: str = ""
    """A JMESPath of the item with its details; where it is true, the item is no resource of the account's own."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call that it may make."""
        further = (detail.call for detail in self.details if detail.wanted)
        return tuple(dict.fromkeys(call(name) for name in (*filter(None, [self.prepare]), self.call, *further)))
