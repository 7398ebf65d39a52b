"""Everything that judges, loaded once: rules per kind, engine checks, packs, and which controls each evidences."""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property, lru_cache, reduce
from operator import or_
from pathlib import Path
from typing import Any

from msgspec import Struct

from assay.policies import pack_files, pack_loading, prepared, rule_files
from assay.policies.cel.error import CelError
from assay.policies.cel.given import Inputs
from assay.policies.compiled import Compiled, compile_rule
from assay.policies.pack_loading import LoadedPack, Vocabulary
from assay.policies.read import PolicyError
from assay.scanner.errors import UsageError
from assay.scanner.model.rule import Engine, EngineCheck, Pack, Policy, Rule, Safeguard

OWN_ENGINE = "assay"
"""The engine's name under which what Assay itself remarks stands in the catalogue."""
_NO_RULE = ""
"""The id of no rule, so that only safeguards tell the controls."""
HOME = Path(__file__).parent
"""Where the built-in policy lies."""


class Variant(Struct, frozen=True):
    """A rule with one set of parameters, and the controls of the packs that set them so."""

    compiled: Compiled
    controls: tuple[str, ...]
    """`pack:id`, sorted."""


class Book:
    """The policy of one run. Immutable once made."""

    def __init__(
        self,
        safeguards: Mapping[str, Safeguard],
        rules: Sequence[Rule],
        engines: Mapping[str, Engine],
        packs: Sequence[LoadedPack],
        guests: frozenset[str] = frozenset(),
    ) -> None:
        """Raises PolicyError where a pack sets a parameter to a value that doesn't fit."""
        self.safeguards = safeguards
        self.rules = {rule.id: rule for rule in rules}
        self.engines = engines
        self.packs = tuple(loaded.pack for loaded in packs)
        self._loaded = {loaded.pack.id: loaded for loaded in packs}
        self._bearing = Bearing(self.packs)
        self._set_by_packs = {name for pack in self.packs for name in pack.parameters}
        self.guests = guests
        """Rules that the operator didn't write or name: they are judged under a time limit."""
        self._open_by_surface: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._controls_of: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._check_equivalents()
        self._rules_of: dict[str, list[Rule]] = {}
        for rule in rules:
            self._rules_of.setdefault(rule.kind, []).append(rule)
        self._variants: dict[str, tuple[Variant, ...]] = {}
        self._inputs: dict[str, Inputs] = {}
        # Whether parameters fit is known before anything is judged; a kind that nothing has is never compiled.
        changed = {name for loaded in packs if not loaded.proven for name in loaded.pack.parameters}
        for kind in {rule.kind for rule in rules if not changed.isdisjoint(rule.parameters)}:
            self.variants(kind)

    def loaded(self, pack: str) -> LoadedPack:
        """A pack of this book, with the files that it was read from."""
        return self._loaded[pack]

    @cached_property
    def checks(self) -> Mapping[str, EngineCheck]:
        """Every engine's checks by id, our own remarks among them."""
        return {name: check for engine in self.engines.values() for name, check in engine.checks.items()}

    @cached_property
    def surfaces(self) -> Set[str]:
        """What the engines' checks look at."""
        return {surface for check in self.checks.values() for surface in check.surfaces}

    @cached_property
    def rule_names(self) -> Mapping[str, str]:
        """Every name of a rule or an engine's check → its present id."""
        names = {name: name for name in self.checks}
        return names | {name: rule.id for rule in self.rules.values() for name in (rule.id, *rule.aliases)}

    def variants(self, kind: str) -> Sequence[Variant]:
        """The rules of a kind, by id; one variant for each distinct set of parameters that the packs give."""
        if kind not in self._variants:
            rules = self._rules_of.get(kind, ())
            self._variants[kind] = tuple(variant for rule in rules for variant in self._make_variants(rule))
        return self._variants[kind]

    def inputs(self, kind: str) -> Inputs:
        """What the rules of a kind read together."""
        if kind not in self._inputs:
            every = (variant.compiled.inputs for variant in self.variants(kind))
            self._inputs[kind] = reduce(or_, every, Inputs())
        return self._inputs[kind]

    def engine_check(self, engine: str, check: str) -> tuple[EngineCheck, bool]:
        """What we say of an engine's check, and whether the catalogue has it."""
        catalogue = self.engines.get(engine)
        if catalogue is None:
            raise UsageError(f"no catalogue for the engine {engine!r}; this installation knows {sorted(self.engines)}")
        found = catalogue.checks.get(check)
        return (found, True) if found else (catalogue.fallback, False)

    def controls(self, rule: str, safeguards: tuple[str, ...]) -> tuple[str, ...]:
        """`pack:id` of every control that a rule with these safeguards evidences, sorted."""
        key = (rule, safeguards)
        if key not in self._controls_of:
            self._controls_of[key] = tuple(sorted(self._bearing.controls(rule, safeguards)))
        return self._controls_of[key]

    def surface_safeguards(self, surface: str) -> tuple[str, ...]:
        """Every safeguard that some outside engine's check on a surface evidences: what a failed look there leaves
        open. All of them for a surface that no engine looks at."""
        return self._left_open(surface)[0]

    def surface_controls(self, surface: str) -> tuple[str, ...]:
        """`pack:id` of every control that a look at a surface may evidence, by a safeguard or by a rule that it
        includes; sorted."""
        return self._left_open(surface)[1]

    def _left_open(self, surface: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if surface not in self._open_by_surface:
            engines = [engine for engine in self.engines.values() if engine.name != OWN_ENGINE]
            checks = [check for engine in engines for check in engine.checks.values() if surface in check.surfaces]
            safeguards = tuple(sorted({name for check in checks for name in check.safeguards} or self.safeguards))
            controls = set(self.controls(_NO_RULE, safeguards))
            for check in checks:
                controls.update(self.controls(check.id, check.safeguards))
            # A rule judges where the checks that ask the same do; of the others nothing is known here.
            here = {check.id for check in checks}
            kinds = {rule.kind for rule in self.rules.values() if not here.isdisjoint(rule.equivalents)}
            for rule in self.rules.values():
                if not checks or rule.kind in kinds:
                    controls.update(self.controls(rule.id, rule.safeguards))
            self._open_by_surface[surface] = safeguards, tuple(sorted(controls))
        return self._open_by_surface[surface]

    def _make_variants(self, rule: Rule) -> list[Variant]:
        variants: list[Variant] = []
        for parameters, packs in self._parameters_of(rule):
            try:
                # With its own parameters a rule was tried where it was loaded, or by the test suite.
                compiled = compile_rule(rule, parameters, proven=parameters in ({}, rule.parameters))
            except CelError as error:
                raise self._misfit(rule, packs, str(error)) from None
            controls = self.controls(rule.id, rule.safeguards)
            if len(packs) < len(self.packs):
                theirs = {pack.id for pack in packs}
                controls = tuple(name for name in controls if name.partition(":")[0] in theirs)
            variants.append(Variant(compiled, controls))
        return variants

    def _parameters_of(self, rule: Rule) -> Iterable[tuple[Mapping[str, Any], Sequence[Pack]]]:
        """Each distinct set of parameters, with the packs that give it."""
        if self._set_by_packs.isdisjoint(rule.parameters):
            return [(rule.parameters, self.packs)]
        groups: dict[str, tuple[dict[str, Any], list[Pack]]] = {}
        for pack in self.packs:
            parameters = {name: pack.parameters.get(name, default) for name, default in rule.parameters.items()}
            groups.setdefault(repr(parameters), (parameters, []))[1].append(pack)
        return groups.values()

    def _misfit(self, rule: Rule, packs: Sequence[Pack], said: str) -> PolicyError:
        for pack in packs:
            for name in rule.parameters:
                if name in pack.parameters:
                    message = f"pack {pack.id}: parameters do not fit the rule {rule.id}: {said}"
                    return self._loaded[pack.id].at(message, ("parameters", name))
        return PolicyError(f"the rule {rule.id}: {said}")

    def _check_equivalents(self) -> None:
        for rule in self.rules.values():
            for check in rule.equivalents:
                if check not in self.checks:
                    raise PolicyError(f"the rule {rule.id}: equivalents: no engine has a check {check!r}")


class Bearing:
    """Which of the packs' controls a rule bears on: looked up, so that ten packs cost little more than one."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self._by_safeguard: dict[str, set[str]] = {}
        self._included: dict[str, set[str]] = {}
        self._excluded: dict[str, set[str]] = {}
        for pack in packs:
            for control in pack.controls:
                named = f"{pack.id}:{control.id}"
                for index, names in (
                    (self._by_safeguard, control.safeguards),
                    (self._included, control.include),
                    (self._excluded, control.exclude),
                ):
                    for name in names:
                        index.setdefault(name, set()).add(named)

    def controls(self, rule: str, safeguards: Iterable[str]) -> set[str]:
        """`pack:id` of the controls that a rule with these safeguards evidences."""
        found: set[str] = set(self._included.get(rule, ()))
        for safeguard in safeguards:
            found |= self._by_safeguard.get(safeguard, set())
        return found - self._excluded.get(rule, set())


def built_in_packs() -> tuple[str, ...]:
    """The ids of the packs that come with Assay."""
    return tuple(sorted(path.stem for path in (HOME / "packs").glob("*.yaml")))


class RuleFolder(Struct, frozen=True, kw_only=True):
    """A folder of rules besides the built-in ones."""

    path: Path
    trusted: bool
    """Whether the operator named it, rather than a configuration file in the scanned tree."""


class PackPath(Struct, frozen=True, kw_only=True):
    """A pack of the user's own, in a file."""

    path: Path
    trusted: bool
    """Whether the operator named it, rather than a configuration file in the scanned tree."""


def load(
    packs: Sequence[str | PackPath], home: Path = HOME, folders: Sequence[RuleFolder] = (), use_prepared: bool = True
) -> Book:
    """The built-in policy with the named packs and further rules. Raises PolicyError or UsageError.

    A pack is a built-in one's id, or a path ending in .yaml; a path in a string is the operator's.
    """
    names = tuple(dict.fromkeys(pack for pack in packs if isinstance(pack, str)))
    if home == HOME and not folders and len(names) == len(set(packs)) and set(names) <= set(built_in_packs()):
        return _built_in(names, use_prepared)
    return _load(packs, home, folders, use_prepared)


@lru_cache(maxsize=4)
def _built_in(packs: tuple[str, ...], use_prepared: bool) -> Book:
    """Kept, with all that has been compiled of it, for whoever judges more than once."""
    return _load(packs, HOME, (), use_prepared)


def _load(packs: Sequence[str | PackPath], home: Path, folders: Sequence[RuleFolder], use_prepared: bool) -> Book:
    kept = prepared.policy() if use_prepared and home == HOME else None
    found = kept or read_policy(home)
    safeguards = {safeguard.id: safeguard for safeguard in found.safeguards}
    engines = found.engines
    rules, guests = _with_folders(found.rules, folders, safeguards)
    vocabulary = Vocabulary(
        safeguards=safeguards.keys(),
        rules={rule.id for rule in rules} | {check for engine in engines for check in engine.checks},
        parameters={name for rule in rules for name in rule.parameters},
    )
    chosen: list[LoadedPack] = []
    for named in dict.fromkeys(packs):
        pack = _find_pack(named, home)
        loaded = pack_loading.load(pack.path, vocabulary, home / "packs", pack.trusted, use_prepared)
        if loaded.pack.id in {other.pack.id for other in chosen}:
            raise UsageError(f"two packs have the id {loaded.pack.id!r}; give each pack an id of its own")
        chosen.append(loaded)
    return Book(safeguards, rules, {engine.name: engine for engine in engines}, chosen, guests)


def read_policy(home: Path) -> Policy:
    """Safeguards, engines and rules, from their files. Raises PolicyError."""
    safeguards = pack_files.load_safeguards(home / "safeguards.yaml")
    engines = [pack_files.load_engine(path, safeguards) for path in sorted((home / "engines").glob("*.yaml"))]
    return Policy(tuple(safeguards.values()), tuple(engines), rule_files.load(home / "rules", safeguards))


def _with_folders(
    built_in: Sequence[Rule], folders: Sequence[RuleFolder], safeguards: Mapping[str, Safeguard]
) -> tuple[tuple[Rule, ...], frozenset[str]]:
    rules = list(built_in)
    taken = {name for rule in rules for name in (rule.id, *rule.aliases)}
    guests: set[str] = set()
    for folder in folders:
        if not folder.path.is_dir():
            raise UsageError(f"{folder.path}: no such folder of rules")
        found = rule_files.load(folder.path, safeguards, prove=True)
        if not found:
            raise UsageError(f"{folder.path}: holds no rule; rule files end in .yaml")
        for rule in found:
            if not taken.isdisjoint((rule.id, *rule.aliases)):
                raise PolicyError(f"{folder.path}: the rule id {rule.id!r} is already taken; choose another")
            taken |= {rule.id, *rule.aliases}
            rules.append(rule)
            # Rego may run for ever, whoever wrote it.
            if not folder.trusted or rule.rego is not None:
                guests.add(rule.id)
    return tuple(sorted(rules, key=lambda rule: rule.id)), frozenset(guests)


def _find_pack(named: str | PackPath, home: Path) -> PackPath:
    if isinstance(named, PackPath):
        found = named
    elif "/" not in named and (home / "packs" / f"{named}.yaml").is_file():
        return PackPath(path=home / "packs" / f"{named}.yaml", trusted=True)
    else:
        found = PackPath(path=Path(named), trusted=True)
    if found.path.suffix in (".yaml", ".yml") and found.path.is_file():
        return found
    raise UsageError(
        f"no pack is named {str(found.path)!r}; the built-in packs are {', '.join(built_in_packs())}, "
        "or give the path of a pack file ending in .yaml"
    )
