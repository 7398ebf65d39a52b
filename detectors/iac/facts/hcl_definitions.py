"""What the files of each Terraform module declare, as parsed, before any rendering."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from msgspec import Struct


class Scope(Struct, frozen=True):
    """A module instance: its folder, and checkov's chain of the calls that lead to it (None at the root)."""

    directory: str
    module: Any


class Instance(Struct, frozen=True):
    """One resource of the graph, as expressions may name it."""

    key: str | int | None
    """Its `count` or `for_each` key; None where there is none, or it was not expanded."""
    id: int
    address: str
    arguments: Mapping[str, Any]


class Definitions:
    """What the files of each module declare, as parsed, before any rendering."""

    def __init__(self, parsed: Mapping[Any, Mapping[str, Any]], tfvars: Mapping[tuple[str, str], Any]) -> None:
        self._declared: dict[tuple[str, Any, str], dict[Any, Any]] = {}
        self._folders: dict[Any, str] = {}
        self._callers: dict[tuple[str, Any, str], str] = {}
        self._called: dict[tuple[str, str, Any], Any] = {}
        self.tfvars = tfvars
        for key, sections in parsed.items():
            module = unindexed(key.tf_source_modules)
            directory = str(PurePath(key.file_path).parent)
            self._folders.setdefault(module, directory)
            if module is not None:
                self._called[module.path, module.name, module.nested_tf_module] = module
            for section, blocks in sections.items():
                for name, body in _entries(section, blocks):
                    self._declared.setdefault((directory, module, section), {})[name] = body
                    if section == "module":
                        self._callers[directory, module, name] = key.file_path

    def find(self, scope: Scope, section: str, name: Any) -> Any:
        """The body that a module declares under a name; None if it doesn't."""
        return self._declared.get((scope.directory, unindexed(scope.module), section), {}).get(name)

    def child(self, scope: Scope, name: str, key: str | int | None) -> Scope | None:
        """The scope of a module call; None where the module's source isn't here."""
        path = self._callers.get((scope.directory, unindexed(scope.module), name))
        module = self._called.get((path, name, unindexed(scope.module))) if path is not None else None
        if module is None:
            return None
        return Scope(self._folders[module], type(module)(path, name, scope.module, key))

    def parent(self, scope: Scope) -> Scope:
        """The scope that calls a module's."""
        return Scope(str(PurePath(scope.module.path).parent), scope.module.nested_tf_module)


def unindexed(module: Any) -> Any:
    """A chain of module calls without the `count` and `for_each` keys, as the parsed files know it."""
    if module is None:
        return None
    return type(module)(module.path, module.name, unindexed(module.nested_tf_module), None)


def _entries(section: str, blocks: Any) -> Iterator[tuple[Any, Any]]:
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, Mapping):
            continue
        for name, body in block.items():
            if section in ("resource", "data") and isinstance(body, Mapping):
                yield from (((name, label), inner) for label, inner in body.items())
            elif section == "provider" and isinstance(body, Mapping) and "alias" in body:
                alias = body["alias"]
                yield f"{name}.{alias[0] if isinstance(alias, list) and alias else alias}", body
            elif not str(name).startswith("__"):
                yield name, body
