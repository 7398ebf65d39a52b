"""Host names of routes and certificates."""

from collections.abc import Iterable, Sequence
from typing import Any

from assay.detectors.cluster.stating import bounded, unnamed
from assay.scanner.api import Unknown

_UNRESOLVED = Unknown(reason="unresolved: a host name")


def hosts_of(names: Iterable[str | None]) -> list[Any]:
    """The names, sorted, each once; `*` for none, which means every host."""
    found = {name or "*" for name in names}
    known = sorted(name for name in found if not unnamed(name))
    return bounded([*known, *([_UNRESOLVED] if len(known) < len(found) else [])], "hosts")


def all_covered(hosts: Sequence[Any], certificates: Sequence[Any]) -> bool:
    """Whether each host is surely among those that there is a certificate for, wildcards of one label included."""
    known = {name for name in certificates if isinstance(name, str)}
    return bool(known) and ("*" in known or all(isinstance(host, str) and _covered(host, known) for host in hosts))


def _covered(host: str, known: set[str]) -> bool:
    _, dot, parent = host.partition(".")
    return host in known or (bool(dot) and f"*.{parent}" in known)
