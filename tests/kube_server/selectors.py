"""Label and field selectors as they stand in a query."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.kube_server.apis import Api

Object = Mapping[str, Any]
_SET = re.compile(r"^\s*(?P<key>\S+)\s+(?P<operator>in|notin)\s*\((?P<values>[^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*(?P<key>[^=!\s]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^=!\s]*)\s*$")
_HAS = re.compile(r"^\s*(?P<no>!?)\s*(?P<key>[^=!\s()]+)\s*$")

FIELDS = {
    "pods": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase"),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "events": ("involvedObject.kind", "involvedObject.name", "reason", "type"),
}
"""Fields that may be selected by, besides `metadata.name` and `metadata.namespace`."""


class SelectorError(ValueError):
    """A selector that the server refuses; the text is the message."""


def by_labels(selector: str) -> Callable[[Mapping[str, str]], bool]:
    """A test of an object's labels."""
    tests = [_requirement(part) for part in re.split(r",(?![^()]*\))", selector)] if selector.strip() else []
    return lambda labels: all(test(labels) for test in tests)


def _requirement(part: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.match(part):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["operator"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(part):
        key, value = found["key"], found["value"]
        if found["operator"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _HAS.match(part):
        key = found["key"]
        if found["no"]:
            return lambda labels: key not in labels
        return lambda labels: key in labels
    raise SelectorError(f"unable to parse requirement: {part}")


def by_fields(selector: str, api: Api) -> Callable[[Object], bool]:
    """A test of an object's fields; only those of `FIELDS` can be selected by."""
    tests = [_field(part, api) for part in selector.split(",")] if selector.strip() else []
    return lambda one: all(test(one) for test in tests)


def _field(part: str, api: Api) -> Callable[[Object], bool]:
    found = _EQUAL.match(part)
    if not found:
        raise SelectorError(f"invalid selector: '{part}'; can't understand '{part}'")
    key, value, same = found["key"], found["value"], found["operator"] != "!="
    if key not in ("metadata.name", "metadata.namespace", *FIELDS.get(api.plural, ())):
        raise SelectorError(f"field label not supported: {key}")

    def test(one: Object) -> bool:
        at: Any = one
        for step in key.split("."):
            at = at.get(step) if isinstance(at, Mapping) else None
        return ((at or "") == value) is same

    return test
