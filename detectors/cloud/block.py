"""A resource as declared, whatever language declared it, and the resources of one source joined to each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from assay.detectors.cloud.values import Reference, Template, settled, unresolved
from assay.scanner.api import Location, Unknown

T = TypeVar("T")

_NO_PROVIDER = Unknown(reason="not declared: no provider is configured here")


def _no_provider(_name: str) -> Any:
    return _NO_PROVIDER


Bindings = Mapping[str, Any]
"""Names that mean something inside one block only: `each`, `count`, the iterator of a dynamic block."""


class Block(Struct, frozen=True, kw_only=True, eq=False):
    """A resource or a nested block. Argument names are those of Terraform's schema."""

    arguments: Mapping[str, Any]
    """As the parser left them; read them through `get` and `blocks`."""
    resolve: Callable[[Any, Bindings], Any]
    """Evaluates one argument."""
    wrapped: bool
    """Whether the parser put a list around each argument."""
    bindings: Bindings
    type: str = ""
    address: str = ""
    id: int = -1
    """Position in its world; -1 for a nested block."""
    instance: str = ""
    """The index of one of several that checkov left as one, as its address would have it: `["a"]`."""
    scope: object = None
    """Equal for blocks in which the same name means the same thing."""
    location: Location | None = None
    configured: Callable[[str], Any] = _no_provider
    """An argument of the provider's configuration that manages the resource; Unknown where none is stated."""

    def get(self, name: str) -> Any:
        """The evaluated argument; None where it is absent or null."""
        if name not in self.arguments:
            return None
        return self._mine(self.resolve(self._unwrapped(self.arguments[name]), self.bindings))

    def first(self, *names: str) -> Any:
        """The first of several spellings of an argument that is set."""
        for name in names:
            value = self.get(name)
            if value is not None:
                return value
        return None

    def blocks(self, name: str) -> list["Block | Unknown"]:
        """The nested blocks of a name, dynamic ones expanded; Unknown for each that could not be read."""
        return [self._mine(found) for found in (*self._static(name), *self._dynamic(name))]

    def block(self, name: str) -> "Block | Unknown | None":
        """The only nested block of a name; the first where there are several."""
        return next(iter(self.blocks(name)), None)

    def at(self, *path: str) -> Any:
        """The argument at the end of a path of nested blocks; None where a step is absent."""
        here: Block | Unknown | None = self
        for name in path[:-1]:
            if not isinstance(here, Block):
                return here
            here = here.block(name)
        return here.get(path[-1]) if isinstance(here, Block) else here

    def _mine(self, value: Any) -> Any:
        """Whatever could not be read here says where that was, also once it is a fact of another resource."""
        if isinstance(value, Unknown) and value.origin is None:
            return replace(value, origin=self.location)
        return value

    def _unwrapped(self, value: Any) -> Any:
        return value[0] if self.wrapped and isinstance(value, list) and len(value) == 1 else value

    def _static(self, name: str) -> Iterator["Block | Unknown"]:
        if name not in self.arguments:
            return
        raw = self.arguments[name]
        if self.wrapped and isinstance(raw, list) and all(isinstance(element, Mapping) for element in raw):
            yield from (self._nested(element, self.wrapped) for element in raw)
            return
        value = self.resolve(self._unwrapped(raw), self.bindings)
        if value is None:
            return
        for element in value if isinstance(value, list | tuple) else [value]:
            if isinstance(element, Mapping):
                yield self._nested(element, False)
            elif element is not None:
                yield element if isinstance(element, Unknown) else unresolved(name)

    def _nested(self, arguments: Mapping[str, Any], wrapped: bool, bindings: Bindings | None = None) -> "Block":
        return Block(
            arguments=arguments,
            resolve=self.resolve,
            wrapped=wrapped,
            bindings=self.bindings if bindings is None else bindings,
            scope=self.scope,
            location=self.location,
        )

    def _dynamic(self, name: str) -> Iterator["Block | Unknown"]:
        declared = self.arguments.get("dynamic", ())
        for group in declared if isinstance(declared, list) else [declared]:
            template = group.get(name) if isinstance(group, Mapping) else None
            for each in template if isinstance(template, list) else [template]:
                if isinstance(each, Mapping):
                    yield from self._expanded(name, each)

    def _expanded(self, name: str, template: Mapping[str, Any]) -> Iterator["Block | Unknown"]:
        raw = self._unwrapped(template.get("for_each"))
        over = self.resolve(raw, self.bindings)
        content = self._unwrapped(template.get("content", {}))
        iterator = str(self._unwrapped(template.get("iterator", name))).removeprefix("${").removesuffix("}")
        if over is None:
            return
        if not isinstance(over, Mapping | list | tuple) or not isinstance(content, Mapping):
            yield over if isinstance(over, Unknown) else unresolved(f"{name} blocks for each of {raw}")
            return
        pairs = over.items() if isinstance(over, Mapping) else [(element, element) for element in over]
        for key, value in pairs:
            bound = {**self.bindings, iterator: {"key": key, "value": value}}
            yield self._nested(content, self.wrapped, bound)


class Joined(Struct, frozen=True, kw_only=True):
    """The resources of one type that were found to name a certain resource."""

    blocks: tuple[Block, ...]
    stray: Unknown | None
    """Set where another resource of the type may name it too, but what it names could not be resolved."""


class World:
    """The resources of one source, with the joins between them."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._by_type: dict[str, list[Block]] = {}
        for block in blocks:
            self._by_type.setdefault(block.type, []).append(block)
        self._joins: dict[tuple[str, str], _Join] = {}
        self._made: dict[Callable[..., Any], Any] = {}
        self._names: dict[tuple[str, str], dict[str, list[Block]]] = {}

    def once(self, make: "Callable[[World], T]") -> T:
        """What `make` gives for these resources, made when it is first asked for."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    def of_type(self, type_: str) -> Sequence[Block]:
        """The resources of a type, in the order of the source."""
        return self._by_type.get(type_, ())

    def target(self, value: Any, *types: str) -> Block | None:
        """The block that a reference points at, where it is one of these types and the only one it may be."""
        targets = value.targets if isinstance(value, Reference) else ()
        found = [block for type_ in types for block in self.of_type(type_) if block.id in targets]
        return found[0] if len(found) == 1 else None

    def named(self, value: Any, type_: str, argument: str) -> Block | None:
        """The block that a reference points at, or whose `argument` is what a string says; None unless only one is."""
        found = self.target(value, type_)
        if found is not None or not isinstance(settled(value), str):
            return found
        key = (type_, argument)
        if key not in self._names:
            for block in self.of_type(type_):
                name = settled(block.get(argument))
                if isinstance(name, str):
                    self._names.setdefault(key, {}).setdefault(name, []).append(block)
        same = self._names.setdefault(key, {}).get(settled(value), [])
        return same[0] if len(same) == 1 else None

    def joined(self, block: Block, type_: str, argument: str, name: str | None = None) -> Joined:
        """The resources of a type whose `argument` refers to the block, or repeats what its argument `name` says.

        Where that argument is a list, one of its elements is enough.
        """
        key = (type_, argument)
        if key not in self._joins:
            self._joins[key] = _Join(self.of_type(type_), argument)
        return self._joins[key].of(block, block.get(name) if name else None)


class _Join:
    def __init__(self, blocks: Sequence[Block], argument: str) -> None:
        self._by_target: dict[int, list[Block]] = {}
        self._by_name: dict[str, list[Block]] = {}
        self._by_template: dict[tuple[str, object], list[Block]] = {}
        self._maybe: dict[int, Unknown] = {}
        self._stray: Unknown | None = None
        for block in blocks:
            value = block.get(argument)
            for one in value if isinstance(value, list | tuple) else (value,):
                self._add(block, one)

    def _add(self, block: Block, value: Any) -> None:
        if isinstance(value, Reference) and not value.certain:
            reason = f"{block.address} may say so, but which one it is for isn't known: {value.text}"
            maybe = Unknown(reason=reason, origin=block.location)
            self._maybe.update((target, maybe) for target in value.targets)
        elif isinstance(value, Reference):
            for target in value.targets:
                self._by_target.setdefault(target, []).append(block)
        elif isinstance(value, str):
            self._by_name.setdefault(value, []).append(block)
        elif isinstance(value, Template):
            self._by_template.setdefault((value.text, block.scope), []).append(block)
            for target in {target for part in value.references for target in part.targets}:
                self._by_target.setdefault(target, []).append(block)
        elif isinstance(value, Unknown) and not elsewhere(value):
            reason = f"{block.address} may say so, but what it is for is {value.reason}"
            self._stray = Unknown(reason=reason, origin=block.location)

    def of(self, block: Block, name: Any) -> Joined:
        found = list(self._by_target.get(block.id, ()))
        if isinstance(name, str):
            found += self._by_name.get(name, ())
        elif isinstance(name, Template):
            found += [other for other in self._by_template.get((name.text, block.scope), ()) if other not in found]
        return Joined(blocks=tuple(found), stray=self._maybe.get(block.id, self._stray))


def elsewhere(value: Unknown) -> bool:
    """Whether an unresolved name is that of something this source doesn't declare.

    An input variable that nobody sets, a data source and the output of a module that isn't here cannot
    name a resource declared beside them.
    """
    return value.reason.startswith(("unresolved: var.", "unresolved: data.", "unresolved: module."))
