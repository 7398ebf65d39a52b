"""Everything that the files of one export hold, as far as facts are stated of it, kept small."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from assay.detectors.assets.google_shapes import POLICIES
from assay.detectors.assets.opening import NotReadError, opened
from assay.detectors.assets.records import AZURE, GOOGLE, Around, Asset, Declared, Record, UnreadableError, read, shapes
from assay.detectors.assets.shape import not_collected
from assay.detectors.assets.splitting import Broken, elements
from assay.detectors.cloud.arguments import arguments
from assay.detectors.cloud.table import JOINED

MAX_ASSETS = 2_000_000
_BARE = not_collected("the export holds no configuration of it, only that it is there")
MAX_BROKEN = 20
"""Of a file; more are told by their number."""


class Item(Struct, kw_only=True):
    """One resource under Terraform's names."""

    provider: str
    type: str
    address: str
    scope: str
    arguments: Mapping[str, Any]
    asset: str = ""
    """The asset's type."""
    names: tuple[str, ...] = ()


class File(Struct, kw_only=True):
    """What one file holds, beyond its assets."""

    scopes: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    """Types of assets that it tells of."""
    policies: set[str] = field(default_factory=set)
    """Types of assets of which it holds IAM policies."""
    more: int = 0
    """Answers that further pages follow."""
    pages: int = 0


class Export(Struct, kw_only=True):
    """One target: the assets of its files together, as resources and IAM policies come in files of their own."""

    items: list[Item] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    declared: Declared | None = None
    counts: dict[str, int] = field(default_factory=dict)
    """Provider → assets."""
    contents: dict[str, set[str]] = field(default_factory=dict)
    """Provider → what is told of its assets."""
    scopes: dict[str, set[str]] = field(default_factory=dict)
    updated: dict[str, str] = field(default_factory=dict)
    """Provider → when the newest change was."""
    read_time: str = ""
    known: dict[tuple[str, str], int] = field(default_factory=dict)
    """Address and type → index of the item."""
    whole: set[str] = field(default_factory=set)
    """Names of the assets whose configuration is told."""
    bare: dict[str, Asset] = field(default_factory=dict)
    """Assets of which something else is told, by name; their configuration may still come."""


class Trouble(Struct, frozen=True):
    """What of a file could not be read."""

    line: int | None
    reason: str


def gather(export: Export, path: Any, must_be_one: bool) -> Iterator[Trouble]:
    """Adds a file to an export. `must_be_one`: an empty file is trouble."""
    here = File()
    export.files.append(here)
    broken = found = 0
    try:
        stream = opened(path)
        try:
            for element in elements(stream):
                trouble = _element(export, here, element)
                if trouble is None:
                    found += 1
                    if len(export.items) > MAX_ASSETS:
                        yield Trouble(None, f"there are more than {MAX_ASSETS} assets; scan the export in parts")
                        return
                    continue
                broken += 1
                if broken <= MAX_BROKEN:
                    yield trouble
        finally:
            stream.close()
    except NotReadError as error:
        broken += 1
        yield Trouble(None, str(error))
    if broken > MAX_BROKEN:
        yield Trouble(None, f"{broken - MAX_BROKEN} more of its assets can't be read")
    if not found and not broken and must_be_one:
        yield Trouble(None, "it holds no assets; name what `gcloud asset export` or `az graph query` wrote")


def _element(export: Export, here: File, element: Any) -> Trouble | None:
    if isinstance(element, Broken):
        return Trouble(element.line, element.reason)
    try:
        record = read(element)
    except UnreadableError as error:
        return Trouble(element.line, str(error))
    if isinstance(record, Around):
        here.pages += 1
        here.more += record.more
        export.read_time = max(export.read_time, record.read_time)
    elif isinstance(record, Declared):
        export.declared = record
    else:
        _add(export, here, record)
    return None


def _add(export: Export, here: File, record: Record) -> None:
    provider = record.provider
    export.counts[provider] = export.counts.get(provider, 0) + 1
    export.contents.setdefault(provider, set()).add(record.content)
    if record.updated > export.updated.get(provider, ""):
        export.updated[provider] = record.updated
    if record.scope:
        here.scopes.add(record.scope)
        export.scopes.setdefault(provider, set()).add(record.scope)
    asset = record.asset
    if asset is None:
        return
    if asset.policy is not None:
        here.policies.add(asset.type)
        export.contents[provider].add("iam-policy")
    if asset.tree is not None or asset.policy is None:
        here.types.add(asset.type)
    if asset.tree is None:
        export.bare[asset.name] = asset
    else:
        export.whole.add(asset.name)
        _keep(export, _items(asset))
    _keep(export, _policy(asset))


def _keep(export: Export, items: Iterator[Item]) -> None:
    """Each once, though several files may tell of it."""
    for item in items:
        at = export.known.setdefault((item.address, item.type), len(export.items))
        if at == len(export.items):
            export.items.append(item)
        else:
            export.items[at] = item


def finish(export: Export) -> None:
    """Adds the assets of which no file told the configuration."""
    for name, asset in export.bare.items():
        if name not in export.whole:
            _keep(export, _items(asset))
    export.known, export.bare, export.whole = {}, {}, set()


def _items(asset: Asset) -> Iterator[Item]:
    for number, shape in enumerate(shapes(asset)):
        if asset.tree is None:
            if number and shape.type not in JOINED:
                continue  # Which of several it is, its configuration tells.
            bare = {name: asset.name if source == "_name" else _BARE for name, source in shape.arguments.items()}
            laid_out: dict[str, Any] = {**bare, **asset.told}
        elif shape.when(asset.tree):
            laid_out = {**asset.told, **arguments(shape.arguments, asset.tree)}
        else:
            continue
        yield Item(
            provider=asset.provider,
            type=shape.type,
            address=asset.name,
            scope=asset.scope,
            arguments=laid_out,
            asset=asset.type,
            names=asset.names,
        )


def _policy(asset: Asset) -> Iterator[Item]:
    """One resource for each binding, by the role's name; several of one role have conditions."""
    if asset.policy is None or asset.type not in POLICIES:
        return
    stem, argument = POLICIES[asset.type]
    seen: dict[str, int] = {}
    for binding in asset.policy:
        role = binding["role"]
        number = seen[role] = seen.get(role, 0) + 1
        laid_out = {argument: asset.name, "role": role, "members": binding["members"]}
        if binding["condition"]:
            laid_out["condition"] = [{"set": True}]
        yield Item(
            provider=asset.provider,
            type=f"{stem}_iam_binding",
            address=f"{asset.name}#{role}" + (f"#{number}" if number > 1 else ""),
            scope=asset.scope,
            arguments=laid_out,
        )


def lists(export: Export, scope: str, asset: str) -> bool:
    """Whether the export surely tells of all assets of a type in a scope: it tells of some, or says that it would."""
    declared = export.declared
    if declared is not None and declared.every_type and "resource" in declared.content:
        return True
    return not cut_off(export) and any(asset in file.types and scope in file.scopes for file in export.files)


def lists_policies(export: Export, scope: str, asset: str) -> bool:
    """The same of the IAM policies of a type."""
    declared = export.declared
    if declared is not None and declared.every_type and "iam-policy" in declared.content:
        return True
    return not cut_off(export) and any(asset in file.policies and scope in file.scopes for file in export.files)


def cut_off(export: Export) -> bool:
    """Whether answers are there that further pages follow, and no last page."""
    pages, more = sum(file.pages for file in export.files), sum(file.more for file in export.files)
    return more > 0 and more == pages


def providers(export: Export) -> Sequence[str]:
    """Those of whose assets the export tells."""
    return [one for one in (GOOGLE, AZURE) if export.counts.get(one)]
