"""States facts from the Kubernetes objects of manifests, charts and overlays, as those of a live cluster are stated."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from msgspec import structs

from assay.detectors.cluster import decoding
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.resources import resources as state
from assay.detectors.iac.encodable import encodable, valid_text
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.rendered import Rendered
from assay.detectors.iac.survey import is_below
from assay.detectors.iac.verdicts import document_of, unknown
from assay.scanner.api import EngineVerdict, Location, Resource

MANIFESTS = "manifests"
"""The source of all plain manifests of a tree, which are taken to be applied together."""
_SOURCE = "# Source: "
_MALFORMED = "malformed-object"


def plain(
    definitions: Mapping[str, Any], bundles: Sequence[str], copy: PrivateCopy
) -> Iterator[Resource | EngineVerdict]:
    """The objects of checkov's parsed manifests. What lies in a kustomization's folder is applied through that."""
    objects = Objects(MANIFESTS)
    for name, documents in sorted(definitions.items()):
        path = copy.relative(str(name))
        if any(is_below(path, folder) for folder in bundles) or not isinstance(documents, list):
            continue
        for document in _flat(documents):
            yield from _add(objects, document, _place(path, document, copy), "kubernetes")
    yield from map(_valid, state(objects))


def rendered(bundles: Iterable[Rendered], copy: PrivateCopy, framework: str) -> Iterator[Resource | EngineVerdict]:
    """The objects of each bundle, which are a source of their own."""
    for bundle in bundles:
        objects = Objects(bundle.folder or ".")
        for template, text in _chunks(bundle.output.decode("utf-8", "replace")):
            path = bundle.path or _template_path(bundle.folder, template)
            for document in _flat(_documents(text)):
                yield from _add(objects, document, _whole(path, document, copy, bool(bundle.path)), framework)
        for resource in state(objects):
            aliases = resource.aliases
            if bundle.prefix:
                aliases = tuple(f"{bundle.prefix}{name}" for name in (resource.address, *aliases))
            yield _valid(structs.replace(resource, surface=framework, aliases=aliases))


def _add(objects: Objects, document: Any, place: Location, framework: str) -> Iterator[EngineVerdict]:
    api = decoding.identify(document)
    if api is None:
        return
    meta = document.get("metadata")
    notes = meta.get("annotations") if isinstance(meta, dict) else None
    if isinstance(notes, list) and len(notes) == 1:
        # So checkov leaves them behind once it has looked for comments to skip checks in them.
        document = {**document, "metadata": {**meta, "annotations": notes[0]}}
    decoded = decoding.decode(api, document, place)
    if not isinstance(decoded, str):
        objects.add(api, decoded)
        return
    name = meta.get("name") if isinstance(meta, dict) else None
    kind = str(document.get("kind"))
    address = f"{kind}.{name}" if isinstance(name, str) else kind
    title = "A manifest that the API server would refuse"
    yield unknown(_MALFORMED, valid_text(address), title, framework, valid_text(decoded), place)


def _flat(documents: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for document in documents:
        if not isinstance(document, dict):
            continue
        items = document.get("items")
        if str(document.get("kind", "")).endswith("List") and isinstance(items, list):
            yield from _flat(items)
        else:
            yield document


def _documents(text: str) -> Sequence[Any]:
    from checkov.common.parsers.yaml.loader import SafeLineLoader

    try:
        return list(yaml.load_all(text, Loader=SafeLineLoader))  # a SafeLoader that marks lines
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()  # The renderer's own part says so.


def _chunks(output: str) -> Iterator[tuple[str, str]]:
    """Template and text of each document of Helm's output; one chunk without a template for anything else's."""
    if _SOURCE not in output:
        yield "", output
        return
    for chunk in f"\n{output}".split("\n---\n"):
        first, _, _ = chunk.lstrip("\n").partition("\n")
        if first.startswith(_SOURCE):
            yield first.removeprefix(_SOURCE).strip(), chunk


def _template_path(folder: str, template: str) -> str:
    """As checkov names it: Helm's `chart/templates/x.yaml` beside the chart's folder."""
    above = folder.rpartition("/")[0]
    return f"{above}/{template}" if above else template


def _place(path: str, document: Mapping[str, Any], copy: PrivateCopy) -> Location:
    lines = copy.lines(path) or []
    count = max(1, len(lines) - (not lines[-1] if lines else 0))
    start, end = document.get("__startline__"), document.get("__endline__")
    first = min(max(1, start), count) if isinstance(start, int) else 1
    last = min(max(first, end), count) if isinstance(end, int) else count
    return Location(path=path, start_line=first, end_line=last)


def _whole(path: str, document: Mapping[str, Any], copy: PrivateCopy, all_of_it: bool) -> Location:
    lines = copy.lines(path) or []
    start, end = document_of(lines, None if all_of_it else str(document.get("kind")))
    return Location(path=path, start_line=start, end_line=end)


def _valid(resource: Resource) -> Resource:
    made = encodable(resource)
    assert isinstance(made, Resource)  # noqa: S101  # of the type that it was given
    return made
