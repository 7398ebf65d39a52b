"""Whether an identity that pods have in a cloud may do everything there, from what was scanned of that cloud."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from assay.detectors.worlds import unknown_of, value
from assay.scanner.api import Resource, Unknown

_NOT_SCANNED = "what this identity may do in the cloud was not scanned"


class Clouds:
    """The grants of the inventory's cloud accounts, by whom they are given to.

    A role is named by its ARN, or by its name alone where a policy is attached in code; a service account of Google's
    by its address. A client id of Azure's stands in no grant, so that nothing is known of it.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._grants: dict[str, list[Resource]] = defaultdict(list)
        self._principals: set[str] = set()
        for one in resources:
            if one.kind == "identity.principal":
                self._principals.add(one.address)
            elif one.kind == "identity.grant":
                for principal in _strings(value(one, "principals", ())):
                    self._grants[principal].append(one)

    def administrator(self, identity: str) -> bool | Unknown:
        """Whether it may do everything, or give itself every right."""
        names = _names(identity)
        grants = [grant for name in names for grant in self._grants.get(name, ())]
        if not grants and not self._principals.intersection(names):
            return Unknown(reason=_NOT_SCANNED)
        doubt: Unknown | None = None
        for grant in grants:
            for field in ("administrator", "self_escalating"):
                if value(grant, field, False) is True:
                    return True
                doubt = doubt or unknown_of(grant, field)
        return doubt or False


def _names(identity: str) -> Sequence[str]:
    """How grants may write it."""
    if identity.startswith("arn:"):
        name = identity.rpartition("/")[2]
        return (identity, name, f"role/{name}")
    return (identity, f"serviceAccount:{identity}")


def _strings(values: Any) -> Sequence[str]:
    return [one for one in values if isinstance(one, str)] if isinstance(values, list | tuple) else ()
