"""Passes over the lines in which a plugin of the secrets engine can find nothing.

The engine asks each of its 18 plugins about each line, with a call by way of three functions that match arguments to
parameters. Here the question is put first that decides it for nearly all lines: whether any expression of the plugin
occurs, or any of the words that all its expressions hold. Where one does, the engine goes on as ever.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import ModuleType
from typing import Any

from assay.detectors.iac.speed.originals import known

Asked = Callable[[str, str, Any, Any], bool]
"""Of a file's name, a line, its context and its raw context: whether the plugin may find something."""

ORIGINALS = {
    "detect_secrets.core.scan": "6a85f1ce8aed38c1",
    "detect_secrets.plugins.base": "b24b6a5e14a8ca22",
    "detect_secrets.plugins.azure_storage_key": "a0ee72ae62e9a3a1",
    "detect_secrets.plugins.basic_auth": "baaa07cfa866f6cd",
    "detect_secrets.plugins.ibm_cloud_iam": "46d5314714aa2988",
    "detect_secrets.plugins.jwt": "0af2b4c2c925cc30",
    "detect_secrets.plugins.keyword": "124b9b545f7a3cce",
    "detect_secrets.plugins.high_entropy_strings": "5b9c602a9c5e3721",
    "detect_secrets.plugins.private_key": "6239bc2e231385dd",
    "checkov.secrets.plugins.custom_regex_detector": "973646e87780fc41",
    "checkov.secrets.plugins.detector_utils": "265847f9348dbc14",
    "checkov.secrets.plugins.entropy_keyword_combinator": "b1e08b3eba114282",
}
_OF_THE_LINE_ALONE = frozenset({"AzureStorageKeyDetector", "BasicAuthDetector", "IbmCloudIamDetector"})
"""Plugins with a way of their own to look at a line, that only weighs what the plain way finds."""
_WORDS = ("key", "pass", "token", "pwd", "secret", "contrase")
"""Each expression for a keyword holds one of them."""
_ESCAPED = re.compile(r"[^ -\[\]-~\n]")
"""What JSON, in which a value is written before it is weighed, writes in other characters."""


def pass_over_lines() -> None:
    """For the process of one part, as it changes the engine's module."""
    modules = {name: known(name, digest) for name, digest in ORIGINALS.items()}
    if any(module is None for module in modules.values()):
        return
    engine: Any = modules["detect_secrets.core.scan"]
    scan = engine._scan_line
    questions: dict[int, tuple[Any, Asked]] = {}

    def scan_line(plugin: Any, filename: str, line: str, line_number: int, context: Any, **rest: Any) -> Iterable[Any]:
        # Plugins compare by what they hold and have no hash; kept here, none takes another's place in memory.
        plugin_question = questions.get(id(plugin))
        if plugin_question is None:
            plugin_question = questions[id(plugin)] = (plugin, _question(plugin, modules))
        if not rest.get("commit_hash") and not plugin_question[1](filename, line, context, rest.get("raw_context")):
            return ()
        found: Iterable[Any] = scan(
            plugin=plugin, filename=filename, line=line, line_number=line_number, context=context, **rest
        )
        return found

    engine._scan_line = scan_line


def _question(plugin: Any, modules: dict[str, ModuleType | None]) -> Asked:
    base: Any = modules["detect_secrets.plugins.base"]
    kind = type(plugin)
    plain_line = kind.analyze_line is base.BasePlugin.analyze_line or kind.__name__ in _OF_THE_LINE_ALONE
    plain_string = kind.analyze_string is base.RegexBasedDetector.analyze_string or kind.__name__ == "JwtTokenDetector"
    if plain_line and plain_string:
        return _any_expression(plugin.denylist)
    if kind.__name__ == "PrivateKeyDetector":
        return _private_key(plugin)
    if kind.__name__ == "CustomRegexDetector" and not plugin.denylist and not plugin.multiline_regex_to_metadata:
        return lambda *_: False
    if kind.__name__ == "EntropyKeywordCombinator":
        return _combination(plugin, modules)
    return lambda *_: True


def _any_expression(expressions: Iterable[re.Pattern[str]]) -> Asked:
    searches = [expression.search for expression in expressions]

    def asked(_: str, line: str, *__: Any) -> bool:
        for search in searches:  # noqa: SIM110  # asked of each line, where a generator costs as much as a search
            if search(line):
                return True
        return False

    return asked


def _private_key(plugin: Any) -> Asked:
    occurs = _any_expression(plugin.denylist)

    def asked(name: str, line: str, *_: Any) -> bool:
        # Once a file, whatever its line, it looks at the file as a whole.
        return name not in plugin._sized_files or name in plugin._analyzed_files or occurs(name, line, None, None)

    return asked


def _combination(plugin: Any, modules: dict[str, ModuleType | None]) -> Asked:
    """Finds high entropy beside a keyword: on one line, or in values of one object."""
    module: Any = modules["checkov.secrets.plugins.entropy_keyword_combinator"]
    keyword: Any = modules["detect_secrets.plugins.keyword"]
    holds_keyword = re.compile("|".join(keyword.DENYLIST), re.IGNORECASE).search
    # Of n characters the entropy is at most log2(n).
    least = min(int(2**scanner.entropy_limit) + 1 for scanner in plugin.high_entropy_scanners)
    long_value = re.compile(rf"[A-Za-z0-9+/\-_=]{{{least}}}").search

    @lru_cache(maxsize=64)
    def read_as(name: str) -> Any:
        code = f".{name.split('.')[-1]}" in module.SOURCE_CODE_EXTENSION
        return None if code else (module.MULTILINE_PARSERS.get(module.determine_file_type(name)),)

    def asked(name: str, line: str, context: Any, raw_context: Any) -> bool:
        parsers = read_as(name)
        if parsers is None:
            return True
        lowered = line.lower()
        if (not line.isascii() or any(word in lowered for word in _WORDS)) and holds_keyword(line):
            return True
        if parsers[0] is None or context is None or raw_context is None:
            return False
        value = context.target_line
        return _ESCAPED.search(value) is not None or long_value(value) is not None

    return asked
