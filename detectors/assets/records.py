"""What one element of an export says: which asset it is of, and what of it is told."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from assay.detectors.assets import azure_shapes, google_shapes
from assay.detectors.assets.google_values import access_blocks
from assay.detectors.assets.shape import Shape, pruned
from assay.detectors.assets.splitting import Element

GOOGLE, AZURE = "gcp", "azure"


class UnreadableError(Exception):
    """An element that can't be read; says in one line why, and quotes nothing of it."""


class Asset(Struct, frozen=True, kw_only=True):
    """An asset of a type that has shapes."""

    provider: str
    type: str
    """In lower case."""
    name: str
    """Its full name or id, as the export writes it."""
    scope: str
    """The project, folder, organisation or subscription that it lies in; empty where the export doesn't say."""
    tree: Mapping[str, Any] | None
    """As of `shape.Tree`; None: only that it is there."""
    told: Mapping[str, Any]
    """Arguments that are told of it even so."""
    policy: Sequence[Mapping[str, Any]] | None
    """The bindings of its IAM policy; None: none was exported."""
    names: tuple[str, ...] = ()
    """Other texts by which resources refer to it."""


class Record(Struct, frozen=True, kw_only=True):
    """An element that was read."""

    provider: str
    content: str
    """`resource`, `iam-policy`, `name`: what of the asset it tells."""
    scope: str
    updated: str = ""
    """When the asset was last changed."""
    asset: Asset | None = None
    """None for a type that states nothing."""


class Around(Struct, frozen=True, kw_only=True):
    """What stood around the elements of an answer."""

    more: bool
    """Further pages were to be asked for, or the answer says that it was cut."""
    read_time: str = ""
    """Of which moment it tells."""


class Declared(Struct, frozen=True, kw_only=True):
    """What whoever made the export says of it, in a file beside it: `{"assay_export": 1, …}`."""

    assay_export: int
    taken_at: str = ""
    every_type: bool = False
    """Nothing was left out by type, scope or query."""
    content: tuple[str, ...] = ("resource",)


class _Head(Struct):
    assetType: str = ""  # Google's name
    asset_type: str = ""
    name: str = ""
    resource: msgspec.Raw = msgspec.Raw()
    id: str = ""
    type: str = ""
    updateTime: str = ""  # Google's name
    update_time: str = ""
    assay_export: int = 0


_decode_head = msgspec.json.Decoder(_Head).decode


def read(element: Element) -> Record | Around | Declared:
    """Raises UnreadableError."""
    try:
        if element.around:
            return _around(_strict(element.text))
        head = _decode_head(element.text)
        if head.assay_export:
            return msgspec.json.decode(element.text, type=Declared)
        google = head.assetType or head.asset_type
        if google:
            type_ = google.lower()
            if type_ not in google_shapes.SHAPES and type_ not in google_shapes.POLICIES:
                return Record(provider=GOOGLE, content="name", scope="", updated=head.updateTime or head.update_time)
            return _google(type_, _strict(element.text))
        if head.id.startswith("/") and "/" in head.type:
            if head.type.lower() not in azure_shapes.SHAPES:
                return Record(provider=AZURE, content="name", scope=_subscription(head.id))
            return _azure(head.type.lower(), _strict(element.text))
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    except msgspec.ValidationError:
        raise UnreadableError("its fields aren't those of an asset") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise UnreadableError(str(error) if isinstance(error, _Twice) else "it isn't valid JSON") from None
    raise UnreadableError("it is no asset of Google's (name, assetType) or of Azure's (id, type)")


class _Twice(ValueError):
    pass


def _strict(text: bytes) -> dict[str, Any]:
    # Two parsers may take different ones of two equal keys; whoever wrote such a file is no cloud.
    tree = msgspec.json.decode(text)
    json.loads(text, object_pairs_hook=_once)
    if not isinstance(tree, dict):
        raise msgspec.ValidationError
    return tree


def _once(pairs: list[tuple[str, Any]]) -> int:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _Twice("a key is given twice in it")
    return 0


def _around(tree: Mapping[str, Any]) -> Around:
    tokens = ("skip_token", "skipToken", "$skipToken", "nextLink", "nextPageToken")
    cut = str(tree.get("resultTruncated", "")).lower() == "true"
    time = tree.get("readTime")
    return Around(more=cut or any(tree.get(name) for name in tokens), read_time=time if isinstance(time, str) else "")


def _text(tree: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = tree.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _google(type_: str, element: Mapping[str, Any]) -> Record:
    """An `Asset` of an export or a list, or a result of a search."""
    searched = isinstance(element.get("resource"), str)
    name = _text(element, "resource") if searched else _text(element, "name")
    if not name.startswith("//"):
        raise UnreadableError("it has no full name, as //service.googleapis.com/…")
    resource = {} if searched else _mapping(element.get("resource"))
    data = resource.get("data")
    versions = element.get("versionedResources")
    if data is None and isinstance(versions, list) and versions:
        data = _mapping(versions[-1]).get("resource")
    policy = element.get("policy") if searched else element.get("iamPolicy", element.get("iam_policy"))
    bindings = _mapping(policy).get("bindings", []) if isinstance(policy, Mapping) else None
    content = "resource" if isinstance(data, Mapping) else "iam-policy" if bindings is not None else "name"
    ancestors = element.get("ancestors")
    first = ancestors[0] if isinstance(ancestors, list) and ancestors and isinstance(ancestors[0], str) else ""
    parent = _text(resource, "parent") or _text(element, "parentFullResourceName")
    scope = first or _text(element, "project") or _path(parent) or _project(name)
    tree: dict[str, Any] | None = None
    if isinstance(data, Mapping):
        tree = pruned(dict(data)) or {}
        if type_ == "bigquery.googleapis.com/dataset":
            tree["_access"] = access_blocks(tree.get("access"))
    location = (
        _text(resource, "location") or _text(_mapping(data), "location", "region", "zone") or _text(element, "location")
    )
    told: dict[str, Any] = {"name": _text(_mapping(data), "name").rpartition("/")[2] or name.rpartition("/")[2]}
    if location:
        told["location"] = sys.intern(location)
    if tree is None and isinstance(element.get("labels"), Mapping):
        told["labels"] = element["labels"]
    if tree is not None:
        tree["_name"] = name
        tree["_parent"] = name.rpartition("/keys/")[0] or parent
    asset = Asset(
        provider=GOOGLE,
        type=sys.intern(type_),
        name=name,
        scope=sys.intern(scope),
        tree=tree,
        told=told,
        policy=_bindings(bindings) if bindings is not None else None,
        names=_google_names(type_, name, _mapping(data)),
    )
    return Record(
        provider=GOOGLE,
        content=content,
        scope=scope,
        updated=_text(element, "updateTime", "update_time"),
        asset=asset,
    )


def _bindings(listed: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(listed, list):
        raise UnreadableError("the bindings of its policy aren't a list")
    found = []
    for one in listed:
        if not isinstance(one, Mapping) or not isinstance(one.get("role"), str):
            raise UnreadableError("a binding of its policy has no role")
        found.append({"role": one["role"], "members": one.get("members", []), "condition": bool(one.get("condition"))})
    return found


def _google_names(type_: str, name: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    if type_ == "iam.googleapis.com/serviceaccount":
        home = name.rpartition("/")[0]
        return tuple(f"{home}/{data[key]}" for key in ("email", "uniqueId") if isinstance(data.get(key), str))
    return ()


def _path(name: str) -> str:
    """`//cloudresourcemanager.googleapis.com/projects/1` → `projects/1`."""
    return name.removeprefix("//").partition("/")[2]


def _project(name: str) -> str:
    steps = name.split("/")
    return f"projects/{steps[4]}" if len(steps) > 4 and steps[3] == "projects" else ""


def _subscription(id_: str) -> str:
    steps = id_.lower().split("/")
    return f"subscriptions/{steps[2]}" if len(steps) > 2 and steps[1] == "subscriptions" else ""


def _azure(type_: str, row: Mapping[str, Any]) -> Record:
    """A row of Resource Graph's, or what `az resource` prints."""
    id_ = _text(row, "id")
    properties = row.get("properties")
    # `az role assignment list` and `az monitor diagnostic-settings` lay their properties out at the top.
    told_at_top = type_.startswith("microsoft.authorization/") or type_.endswith("/diagnosticsettings")
    tree: dict[str, Any] | None = None
    if isinstance(properties, Mapping) or told_at_top:
        tree = pruned(dict(row)) or {}
        tree["_name"] = id_
        tree["_last"] = id_.rpartition("/")[2]
        tree["_parent"] = "/".join(id_.split("/")[:-2])
        if type_ == "microsoft.storage/storageaccounts/blobservices/containers":
            tree["_parent"] = "/".join(id_.split("/")[:-4])
    told: dict[str, Any] = {"name": _text(row, "name").rpartition("/")[2] or id_.rpartition("/")[2]}
    if _text(row, "location"):
        told["location"] = sys.intern(row["location"])
    if tree is None and isinstance(row.get("tags"), Mapping):
        told["tags"] = row["tags"]
    principal = _mapping(properties).get("principalId") if "userassignedidentities" in type_ else None
    asset = Asset(
        provider=AZURE,
        type=sys.intern(type_),
        name=id_,
        scope=sys.intern(_subscription(id_)),
        tree=tree,
        told=told,
        policy=None,
        names=(principal,) if isinstance(principal, str) else (),
    )
    changed = _text(_mapping(row.get("systemData")), "lastModifiedAt") or _text(
        _mapping(properties), "updatedOn", "lastModifiedAt", "createdOn"
    )
    content = "resource" if tree is not None else "name"
    return Record(provider=AZURE, content=content, scope=asset.scope, updated=changed, asset=asset)


def shapes(asset: Asset) -> Sequence[Shape]:
    """What the asset may be."""
    table = google_shapes.SHAPES if asset.provider == GOOGLE else azure_shapes.SHAPES
    return table.get(asset.type, ())
