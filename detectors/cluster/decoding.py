"""Documents of files, which may hold anything, to the same structs as objects of the API."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from assay.detectors.cluster.objects import Placed
from assay.detectors.cluster.pods.volume_objects import HEARD, UNHEARD
from assay.detectors.cluster.table import BY_ID, struct_of
from assay.scanner.api import Location

_MOST_VALUES = 200_000
"""Of one document, each use of a YAML alias counted. The largest real objects have a few thousand."""
_DEEPEST = 100

_LARGEST = 2**53
"""Up to here a float that is a whole number stands for that number."""

_LINES = ("__startline__", "__endline__")
"""checkov notes these in each mapping."""
_MAPS_OF_TEXT = frozenset({"labels", "annotations", "matchLabels", "nodeSelector", "selector"})
_LISTS_OF_TEXT = frozenset({"args", "command"})
_OF_SELECTORS = frozenset({"matchExpressions", "matchLabels"})
"""What stands in a `selector` that is not a map of text itself."""
_GUARDING = frozenset(
    {
        "cluster.disruption-budget",
        "cluster.namespace",
        "cluster.webhook",
        "network.mesh-policy",
        "network.policy",
        "rbac.role",
        "rbac.service-account",
    }
)
"""Kinds whose resources may speak in favour of others, so that none may be counted that a server would refuse."""
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
_FORMER_VERSIONS: Mapping[str, str] = {
    "apps/DaemonSet": "apps/v1beta2 extensions/v1beta1",
    "apps/Deployment": "apps/v1beta1 apps/v1beta2 extensions/v1beta1",
    "apps/ReplicaSet": "apps/v1beta2 extensions/v1beta1",
    "apps/StatefulSet": "apps/v1beta1 apps/v1beta2",
    "apps.openshift.io/DeploymentConfig": "v1",
    "batch/CronJob": "batch/v1beta1 batch/v2alpha1",
    "gateway.networking.k8s.io/HTTPRoute": "gateway.networking.k8s.io/v1alpha2",
    "kubeflow.org/Notebook": "kubeflow.org/v1alpha1",
    "networking.k8s.io/Ingress": "extensions/v1beta1 networking.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/ClusterRoleBinding": "rbac.authorization.k8s.io/v1alpha1 "
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/RoleBinding": "rbac.authorization.k8s.io/v1alpha1 rbac.authorization.k8s.io/v1beta1",
    "route.openshift.io/Route": "v1",
    "serving.knative.dev/Service": "serving.knative.dev/v1alpha1 serving.knative.dev/v1beta1",
    "sparkoperator.k8s.io/SparkApplication": "sparkoperator.k8s.io/v1beta1",
    "sparkoperator.k8s.io/ScheduledSparkApplication": "sparkoperator.k8s.io/v1beta1",
}
"""Versions that older servers take, of kinds that only ever expose or grant: nothing is better for such an object. One
that would keep something out, such as a NetworkPolicy of `extensions/v1beta1`, is nothing to today's servers."""


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


def unserved(api_id: str, document: Mapping[str, Any]) -> str | None:
    """Why no server takes the document's version of the kind, in a line; None: one does, or did."""
    api, version = BY_ID[api_id], str(document.get("apiVersion"))
    served = [f"{api.group}/{one}" if api.group else one for one in api.versions]
    if version in served or version in _FORMER_VERSIONS.get(api_id, "").split():
        return None
    return f"its apiVersion is none that is served for a {api.kind}, such as {served[0]}"


def decode(api_id: str, document: Mapping[str, Any], place: Location | None) -> Placed | str:
    """The object; or, in a line, which of its fields is not as the API has it, without the field's value."""
    copying = _Plain()
    try:
        plain = copying.of(document, "", 0)
    except _TooMuch:
        return "it is larger or nested deeper than any object of Kubernetes"
    if copying.turned and not _GUARDING.isdisjoint(BY_ID[api_id].states):
        return f"a number or switch stands in its {copying.turned}, where Kubernetes has text; put it in quotes"
    struct = struct_of(api_id)
    try:
        return Placed(object=msgspec.convert(plain, struct), place=place)
    except msgspec.ValidationError as error:
        said = _said(str(error))
    try:
        return Placed(object=msgspec.convert(_without_nulls(plain), struct), place=place)
    except msgspec.ValidationError:
        return said


class _Plain:
    """Copies a document to plain values, without what a parser noted in it.

    Numbers and switches where the API has text (a label `1.0`, an argument `8080`) become the text that their author
    means; the API server would refuse them. In such places null is empty text, as in Go.
    """

    def __init__(self) -> None:
        self._left = _MOST_VALUES
        self.turned = ""
        """The first field in which something else was turned into text."""

    def of(self, value: Any, key: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise _TooMuch
        if isinstance(value, Mapping):
            return {
                str(name): self._of_field(inner, key, name, depth)
                for name, inner in value.items()
                if name not in _LINES
            }
        if isinstance(value, list | tuple):
            if key in _LISTS_OF_TEXT:
                return [self._of_text(inner, key, depth) for inner in value]
            copied = [self.of(inner, key, depth + 1) for inner in value]
            return [_noted(one) for one in copied] if key == "volumes" else copied
        if key == _VALUE:
            return None if value is None else self._of_text(value, "env", depth)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            # A server reads YAML as JSON, which has one type of number.
            return int(value) if abs(value) < _LARGEST and value == int(value) else float(value)
        return value.isoformat() if isinstance(value, date) else type(value).__name__

    def _of_field(self, value: Any, key: str, name: object, depth: int) -> Any:
        if key in _MAPS_OF_TEXT and not (key == "selector" and name in _OF_SELECTORS):
            return self._of_text(value, key, depth)
        return self.of(value, _variable(key, name), depth + 1)

    def _of_text(self, value: Any, key: str, depth: int) -> Any:
        if value is None:
            self._left -= 1
            return ""
        if isinstance(value, int | float):
            self._left -= 1
            self.turned = self.turned or key
            return str(value).lower() if isinstance(value, bool) else str(value)
        return self.of(value, "", depth + 1)


def _without_nulls(value: Any) -> Any:
    """To Go a field that is null is one that isn't there. One of a list is left, as it stands for something there."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


_VALUE = "env value"


def _variable(key: str, name: object) -> str:
    """The key under which a value stands; that of a variable is told from other fields called `value`."""
    return _VALUE if key == "env" and name == "value" else str(name)


def _noted(volume: Any) -> Any:
    """A volume, and whether it has a source that no struct has; which the decoding would leave out."""
    if isinstance(volume, dict) and any(volume[name] is not None for name in volume.keys() - HEARD):
        return {**volume, UNHEARD: {}}
    return volume


def _said(error: str) -> str:
    """msgspec's message names types and the path of fields. A key of a map is shown as `[...]`, values never are."""
    what, _, where = " ".join(error.split()).partition(" - at `")
    field = where.rstrip("`").removeprefix("$").lstrip(".")
    return f"the field {field[:200]} is not as Kubernetes has it: {what[:100]}" if field else what[:100]
