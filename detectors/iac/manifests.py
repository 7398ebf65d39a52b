"""States facts from the Kubernetes objects of manifests, charts and overlays, as those of a live cluster are stated."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from msgspec import structs

from assay.detectors.cluster import decoding, missed
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.resources import resources as state
from assay.detectors.cluster.table import BY_ID
from assay.detectors.iac.encodable import encodable, valid_text
from assay.detectors.iac.failures import failure
from assay.detectors.iac.manifest_yaml import manifest_loader, takes_manifest
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.rendered import Rendered
from assay.detectors.iac.verdicts import document_of, unknown
from assay.scanner.api import EngineVerdict, Failure, Location, Resource
from assay.scanner.safe.text import one_line

MANIFESTS = "manifests"
"""The source of all plain manifests of a tree, which are taken to be applied together."""
_SOURCE = "# Source: "
_MALFORMED = "malformed-object"
_INVALID = "what it renders to is not valid YAML; correct it, then scan again"
_NOT_TAKEN = "checkov does not take an object of it, since a name in it is not plain text; check that by hand"


def plain(
    definitions: Mapping[str, Any], elsewhere: Collection[str], copy: PrivateCopy
) -> Iterator[Resource | EngineVerdict]:
    """The objects of checkov's parsed manifests, but for the files `elsewhere`.

    What a kustomization takes in, or a chart renders, is applied through that, a source of its own.
    """
    objects = Objects(MANIFESTS)
    for name, documents in sorted(definitions.items()):
        path = copy.relative(str(name))
        if path in elsewhere or not isinstance(documents, list):
            continue
        lines = _count(copy.lines(path) or [])
        for document in _flat(documents):
            yield from _add(objects, document, _place(path, document, lines), "kubernetes")
    yield from map(_valid, (*state(objects), *missed.listings(objects)))


def rendered(
    bundles: Iterable[Rendered], copy: PrivateCopy, framework: str
) -> Iterator[Resource | EngineVerdict | Failure]:
    """The objects of each bundle, which are a source of their own."""
    for bundle in bundles:
        objects = Objects(bundle.folder or ".")
        for path, text in _parts(bundle):
            documents = _documents(text)
            if documents is None:
                # checkov drops it without a word, and with it whatever else the template makes.
                yield failure(framework, path, _INVALID)
                for api in BY_ID.values():
                    objects.miss(api.id, f"what {path} renders to could not be read")
                continue
            lines = copy.lines(path) or []
            places: dict[str, Location] = {}
            for document in _flat(documents):
                kind = str(document.get("kind"))
                if kind not in places:
                    start, end = document_of(lines, None if bundle.path else kind)
                    places[kind] = Location(path=path, start_line=start, end_line=end)
                yield from _add(objects, document, places[kind], framework)
            if not all(takes_manifest(one) for one in documents if isinstance(one, dict)):
                yield failure(framework, path, _NOT_TAKEN)
        for resource in (*state(objects), *missed.listings(objects)):
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
    decoded = decoding.unserved(api, document) or decoding.decode(api, document, place)
    if not isinstance(decoded, str):
        objects.add(api, decoded)
        return
    where = f"{place.path}:{place.start_line}" if place.start_line else place.path
    objects.miss(api, valid_text(one_line(f"the {BY_ID[api].kind} of {where} could not be decoded")))
    name = meta.get("name") if isinstance(meta, dict) else None
    kind = str(document.get("kind"))
    address = f"{kind}.{name}" if isinstance(name, str) else kind
    title = "A manifest that the API server would refuse"
    verdict = unknown(_MALFORMED, valid_text(address), title, framework, valid_text(decoded), place)
    yield structs.replace(verdict, kinds=BY_ID[api].states)


def _flat(documents: Iterable[Any], kind: str = "", version: Any = None) -> Iterator[dict[str, Any]]:
    """The objects, those of lists included. What has `items` is a list to kubectl, whatever it is called, and gives
    its own kind and version to items that have neither."""
    for document in documents:
        if not isinstance(document, dict):
            continue
        if kind and "kind" not in document and "apiVersion" not in document:
            document = {**document, "kind": kind, "apiVersion": version}
        items = document.get("items")
        if isinstance(items, list):
            own = str(document.get("kind", ""))
            yield from _flat(items, own.removesuffix("List"), document.get("apiVersion"))
        else:
            yield document


def _documents(text: str) -> Sequence[Any] | None:
    try:
        return list(yaml.load_all(text, Loader=manifest_loader()))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _parts(bundle: Rendered) -> Iterator[tuple[str, str]]:
    """The output by the file that findings are for. What the objects say never decides on that: only the line that
    Helm puts before each document, and only the first line after the separator is Helm's."""
    output = bundle.output.decode("utf-8", "replace")
    if bundle.path:
        yield bundle.path, output
        return
    for chunk in f"\n{output}".split("\n---\n"):
        first, _, _ = chunk.lstrip("\n").partition("\n")
        if first.startswith(_SOURCE):
            yield _template_path(bundle.folder, first.removeprefix(_SOURCE).strip()), chunk
        elif chunk.strip():
            yield f"{bundle.folder}/Chart.yaml" if bundle.folder else "Chart.yaml", chunk


def _template_path(folder: str, template: str) -> str:
    """As checkov names it: Helm's `chart/templates/x.yaml` beside the chart's folder."""
    above = folder.rpartition("/")[0]
    return f"{above}/{template}" if above else template


def _place(path: str, document: Mapping[str, Any], count: int) -> Location:
    start, end = document.get("__startline__"), document.get("__endline__")
    first = min(max(1, start), count) if isinstance(start, int) else 1
    last = min(max(first, end), count) if isinstance(end, int) else count
    return Location(path=path, start_line=first, end_line=last)


def _count(lines: Sequence[str]) -> int:
    return max(1, len(lines) - (not lines[-1] if lines else 0))


def _valid(resource: Resource) -> Resource:
    made = encodable(resource)
    assert isinstance(made, Resource)  # noqa: S101  # of the type that it was given
    return made
