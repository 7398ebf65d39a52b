"""Documents of files, which may hold anything, to the same structs as objects of the API."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from assay.detectors.cluster.objects import Placed
from assay.detectors.cluster.table import BY_ID, struct_of
from assay.scanner.api import Location

_MOST_VALUES = 200_000
"""Of one document, each use of a YAML alias counted. The largest real objects have a few thousand."""
_DEEPEST = 100

_LINES = ("__startline__", "__endline__")
"""checkov notes these in each mapping."""
_MAPS_OF_TEXT = frozenset({"labels", "annotations", "matchLabels", "nodeSelector", "selector"})
_LISTS_OF_TEXT = frozenset({"args", "command"})
_FORMER_GROUPS: Mapping[str, str] = {
    "extensions/DaemonSet": "apps/DaemonSet",
    "extensions/Deployment": "apps/Deployment",
    "extensions/Ingress": "networking.k8s.io/Ingress",
    "extensions/NetworkPolicy": "networking.k8s.io/NetworkPolicy",
    "extensions/ReplicaSet": "apps/ReplicaSet",
    "v1/DeploymentConfig": "apps.openshift.io/DeploymentConfig",
    "v1/Route": "route.openshift.io/Route",
}
"""Where kinds moved from."""


class _TooMuch(Exception):
    """The document is larger or deeper than any object of the API."""


def identify(document: Mapping[str, Any]) -> str | None:
    """The `table.Api.id` of a document, whatever its version; None: no kind that facts are stated from."""
    version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return None
    group, slash, _ = version.partition("/")
    found = f"{group}/{kind}" if slash else kind
    found = _FORMER_GROUPS.get(found if slash else f"v1/{kind}", found)
    return found if found in BY_ID else None


def decode(api_id: str, document: Mapping[str, Any], place: Location | None) -> Placed | str:
    """The object; or, in a line, which of its fields is not as the API has it, without the field's value."""
    try:
        plain = _Plain().of(document, "", 0)
    except _TooMuch:
        return "it is larger or nested deeper than any object of Kubernetes"
    try:
        return Placed(object=msgspec.convert(plain, struct_of(api_id)), place=place)
    except msgspec.ValidationError as error:
        return _said(str(error))


class _Plain:
    """Copies a document to plain values, without what a parser noted in it.

    Numbers and switches where the API has text (a label `1.0`, an argument `8080`) become the text that their author
    means; the API server would refuse them.
    """

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def of(self, value: Any, key: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise _TooMuch
        if isinstance(value, Mapping):
            return {
                str(name): _text(copied) if key in _MAPS_OF_TEXT else copied
                for name, inner in value.items()
                if name not in _LINES
                for copied in (self.of(inner, _variable(key, name), depth + 1),)
            }
        if isinstance(value, list | tuple):
            copied_list = [self.of(inner, key, depth + 1) for inner in value]
            return [_text(one) for one in copied_list] if key in _LISTS_OF_TEXT else copied_list
        if isinstance(value, str):
            return _text(str(value)) if key != _VALUE else str(value)
        if isinstance(value, bool) or value is None:
            return _text(value) if key == _VALUE else value
        if isinstance(value, int | float):
            number = int(value) if isinstance(value, int) else float(value)
            return _text(number) if key == _VALUE else number
        return value.isoformat() if isinstance(value, date) else str(type(value).__name__)


_VALUE = "env value"


def _variable(key: str, name: object) -> str:
    """The key under which a value stands; that of a variable is told from other fields called `value`."""
    return _VALUE if key == "env" and name == "value" else str(name)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _said(error: str) -> str:
    """msgspec's message names types and the path of fields. A key of a map is shown as `[...]`, values never are."""
    what, _, where = " ".join(error.split()).partition(" - at `")
    field = where.rstrip("`").removeprefix("$").lstrip(".")
    return f"the field {field[:200]} is not as Kubernetes has it: {what[:100]}" if field else what[:100]
