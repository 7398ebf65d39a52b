"""botocore's descriptions of services, cut down to the operations that are declared.

EC2's alone has more than six hundred, with their documentation. Descriptions are the most of a session's memory, and
operations that nobody calls are the most of the time that it takes to make a client.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from botocore.loaders import Loader, create_loader

from assay.detectors.aws.collector import Call

_SERVICE = "service-2"
_WHOLE = frozenset({"sso", "sso-oidc", "sts"})
"""What logs in calls more of these than is declared."""


class Descriptions(Loader):  # type: ignore[misc]  # botocore has no types
    """What sessions read descriptions with; one for all of them."""

    def __init__(self, declared: Collection[Call]) -> None:
        super().__init__()
        self._operations: dict[str, set[str]] = defaultdict(set)
        for one in declared:
            self._operations[one.service].add(one.operation)
        self._cut: dict[tuple[str, str | None], Any] = {}

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """As botocore's, with the declared operations of a declared service only."""
        if type_name != _SERVICE or service_name in _WHOLE or service_name not in self._operations:
            return super().load_service_model(service_name, type_name, api_version)
        key = (service_name, api_version)
        if key not in self._cut:
            # By a loader that goes away with all that it has kept.
            model = create_loader().load_service_model(service_name, type_name, api_version)
            self._cut[key] = cut(model, self._operations[service_name])
        return self._cut[key]


def cut(model: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """A description with some operations alone, the shapes that they need, and those of errors; no documentation."""
    kept = {name: _plain(one) for name, one in model["operations"].items() if name in operations}
    shapes = model["shapes"]
    waiting = [name for one in kept.values() for name in _shapes_of(one)]
    waiting += [name for name, shape in shapes.items() if shape.get("exception")]
    found: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _plain(shapes[name])
            waiting += _shapes_of(found[name])
    return {**model, "operations": kept, "shapes": found}


def _shapes_of(tree: Any) -> Iterator[str]:
    """The names of shapes that an operation or a shape refers to."""
    if isinstance(tree, Mapping):
        for key, inner in tree.items():
            if key == "shape" and isinstance(inner, str):
                yield inner
            else:
                yield from _shapes_of(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from _shapes_of(inner)


def _plain(tree: Any) -> Any:
    """Without documentation. A member may be called so: then it is no text."""
    if isinstance(tree, Mapping):
        return {
            key: _plain(inner) for key, inner in tree.items() if not (key == "documentation" and isinstance(inner, str))
        }
    return [_plain(inner) for inner in tree] if isinstance(tree, list) else tree
