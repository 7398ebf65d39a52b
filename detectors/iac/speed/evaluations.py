"""Has checkov evaluate each text of Terraform once, and not again for each edge of its graph that leads to it.

checkov renders a graph edge by edge and level by level, and comes across the same texts over and over. For each it
builds an interpreter anew, and lends it one table of names for all: what a text comes to depends on that table alone,
and a text that assigns changes it for those after it. So nothing is kept of a text that assigns, that reads what was
assigned, or that reads the clock.
"""

import ast
import marshal
import unicodedata
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from assay.detectors.iac.speed.originals import known

MAX_KEPT = 32_000_000
"""Characters of texts and of what they came to that are kept at most; after that it begins anew."""

_RENDERING = "checkov.terraform.graph_builder.variable_rendering"
ORIGINALS = {
    f"{_RENDERING}.safe_eval_functions": "ac163b5b4b697f4a",
    f"{_RENDERING}.evaluate_terraform": "abcf6dfd93b97746",
    "checkov.terraform.graph_builder.foreach.abstract_handler": "e6177013fcede1e3",
    "asteval.asteval": "4813a9d0ea33028e",
}
_BETWEEN_CALLS = {"_interrupt": None, "expr": None, "retval": None, "_calldepth": 0}
"""What an interpreter would keep from one evaluation to the next, as it is at first."""
_TRY = "try"
_TRY_NAME = "__terraform_try__"
"""A function that evaluates texts, which may be put together only then; as written, and as checkov has it."""
_MOST_NAMES = 100
"""Assigned ones, after which nothing is kept any more."""
_CLOCK = "timestamp"
_ENDS_OF_MEANS = ("RecursionError", "MemoryError")
"""Errors that depend on the place where a text is evaluated."""


def evaluate_once() -> None:
    """For the process of one part, as it changes checkov's modules."""
    modules: list[Any] = [known(name, digest) for name, digest in ORIGINALS.items()]
    if None in modules:
        return
    functions, texts, handler, _ = modules
    evaluations = Evaluations(functions.SAFE_EVAL_DICT, functions.get_asteval)
    functions.get_asteval = evaluations.interpreter
    functions.evaluate = texts.evaluate = evaluations.once(functions.evaluate)
    texts.evaluate_terraform = handler.evaluate_terraform = evaluations.whole(texts.evaluate_terraform)
    texts.remove_interpolation = evaluations.whole(texts.remove_interpolation)


class _Kept(Struct, frozen=True):
    """What a text came to."""

    value: Any = None
    packed: bytes | None = None
    """In the place of a value that whoever receives it may change."""
    error: str | None = None
    """Why it can't be evaluated."""

    def given(self) -> Any:
        if self.error is not None:
            raise ValueError(self.error)
        return self.value if self.packed is None else marshal.loads(self.packed)  # noqa: S302  # packed by `_keep`


class Evaluations:
    """What texts came to, as long as the names that they may read mean what they did."""

    def __init__(self, names: dict[str, Any], build: Callable[[], Any]) -> None:
        self._names = names
        self._build = build
        self._interpreter: Any = None
        self._depth = 0
        self._kept: dict[Any, _Kept] = {}
        self._size = 0
        self._assigned: frozenset[str] = frozenset()
        self._off = False
        self._passing = 0
        """How many evaluations there were whose results hold for their moment only."""

    def interpreter(self) -> Any:
        """One that is as if new, in the place of checkov's `get_asteval`."""
        if self._interpreter is None or self._depth > 1:
            built = self._build()
            self._interpreter = self._interpreter or built
            return built
        self._interpreter.__dict__.update(_BETWEEN_CALLS, code_text=[])
        self._names["print"] = self._interpreter._printer
        return self._interpreter

    def once(self, evaluate: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """checkov's `evaluate`, which asks an interpreter, and raises a ValueError for what can't be evaluated."""

        def evaluate_once(text: Any) -> Any:
            kept = self._kept.get(text) if type(text) is str else None
            if kept is not None:
                return kept.given()
            lasts = isinstance(text, str) and self._lasts(text) and type(text) is str
            self._passing += not lasts
            self._depth += 1
            try:
                value = evaluate(text)
            except ValueError as error:
                if lasts and not any(word in str(error) for word in _ENDS_OF_MEANS):
                    self._keep(text, text, _Kept(error=str(error)))
                raise
            finally:
                self._depth -= 1
            if lasts:
                self._keep_value(text, text, value)
            return value

        return evaluate_once

    def whole(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of a text, and of nothing else but what `evaluate` says of texts."""

        def function_once(text: Any, *arguments: Any, **options: Any) -> Any:
            if type(text) is not str:
                return function(text, *arguments, **options)
            key = (function, text, arguments, *options.items())
            kept = self._kept.get(key)
            if kept is not None:
                return kept.given()
            before = self._passing
            value = function(text, *arguments, **options)
            if self._passing == before:
                self._keep_value(key, text, value)
            return value

        return function_once

    def _lasts(self, text: str) -> bool:
        """Whether a text comes to the same whenever it is evaluated. Forgets what is kept where it writes a name."""
        if text.startswith(_TRY):
            text = f"{_TRY_NAME}{text[len(_TRY) :]}"  # as checkov evaluates it
        # As Python reads names.
        plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
        if self._off:
            return False
        if "=" in plain and (written := _written(text)) != frozenset():
            self._assigned |= written or frozenset()
            self._off = written is None or len(self._assigned) > _MOST_NAMES
            self._kept.clear()
            self._size = 0
            return False
        return not (_TRY_NAME in plain or _CLOCK in plain or any(name in plain for name in self._assigned))

    def _keep_value(self, key: Any, text: str, value: Any) -> None:
        if value is None or type(value) in (str, int, float, bool):
            self._keep(key, text, _Kept(value=value))
        elif _is_plain(value):
            self._keep(key, text, _Kept(packed=marshal.dumps(value)))

    def _keep(self, key: Any, text: str, kept: _Kept) -> None:
        self._size += len(text) + len(kept.packed or kept.error or (kept.value if isinstance(kept.value, str) else ""))
        if self._size > MAX_KEPT:
            self._kept.clear()
            self._size = 0
        self._kept[key] = kept


def _written(text: str) -> frozenset[str] | None:
    """The names that a text assigns; None where it writes into what a name stands for, or that can't be told."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return frozenset()  # It can't be evaluated.
    except (MemoryError, RecursionError):
        return None
    targets = [node for node in nodes if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)]
    if any(isinstance(node, ast.Attribute | ast.Subscript) for node in targets):
        return None
    return frozenset(node.id for node in targets if isinstance(node, ast.Name))


def _is_plain(value: Any) -> bool:
    """Whether a copy is the same in every respect; a set's order may differ."""
    if type(value) is dict:
        return all(_is_plain(inner) for pair in value.items() for inner in pair)
    if type(value) in (list, tuple):
        return all(_is_plain(inner) for inner in value)
    return value is None or type(value) in (str, int, float, bool)
