"""Has the analysis of IAM policies look an action up once, and not for each statement whose wildcards include it.

A wildcard stands for up to 18,000 actions, each of which is looked up in a catalogue that never changes.
"""

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from assay.detectors.iac.speed.originals import known, source_digest

MAX_KEPT = 50_000
"""Actions whose data are kept."""

_SCANNER = "checkov.terraform.checks.utils.base_cloudsplaining_iam_scanner"
ORIGINALS = {_SCANNER: "69a7b2e627c02338"}
ANALYSIS = {
    "cloudsplaining.scan.statement_detail": "175817eb3932318a",
    "cloudsplaining.shared.utils": "42c45fa319bc14b3",
    "policy_sentry.querying.actions": "b21bb6d084beef12",
}


def look_actions_up_once() -> None:
    """For the process of one part, as it changes checkov's module, and the analysis's once a policy is analysed."""
    module: Any = known(_SCANNER, ORIGINALS[_SCANNER])
    if module is None:
        return
    scanner = module.BaseTerraformCloudsplainingIAMScanner
    scan = scanner.scan_conf

    def scan_conf(self: Any, conf: Any) -> Any:
        _begin()
        return scan(self, conf)

    scanner.scan_conf = scan_conf


@lru_cache(maxsize=1)
def _begin() -> None:
    modules: list[Any] = [sys.modules.get(name) for name in ANALYSIS]
    if any(m is None or source_digest(m) != digest for m, digest in zip(modules, ANALYSIS.values(), strict=True)):
        return
    statements, utilities, _ = modules
    statements.remove_wildcard_only_actions = restrictable(utilities.remove_wildcard_only_actions)
    by_level = of_level(utilities.remove_actions_not_matching_access_level)
    statements.remove_actions_not_matching_access_level = by_level
    utilities.remove_actions_not_matching_access_level = by_level


def restrictable(ask: Callable[[Any], list[str]]) -> Callable[[Any], list[str]]:
    """The same, asked once about each action."""
    each = lru_cache(maxsize=MAX_KEPT)(lambda action: tuple(ask([action])))

    def asked(actions_list: list[Any] | None) -> list[str]:
        if actions_list is None or not all(isinstance(action, str) for action in actions_list):
            return ask(actions_list)
        # In the order of the set that the analysis makes of them.
        return [found for action in set(actions_list) for found in each(action)]

    return asked


def of_level(ask: Callable[[list[Any], str], list[str]]) -> Callable[[list[Any], str], list[str]]:
    """The same, asked once about each action and level."""
    each = lru_cache(maxsize=MAX_KEPT)(lambda action, level: tuple(ask([action], level)))

    def asked(actions_list: list[Any], access_level: str) -> list[str]:
        # A star alone stands for all actions, and for none beside others.
        if "*" in actions_list or not all(isinstance(action, str) for action in actions_list):
            return ask(actions_list, access_level)
        return [found for action in actions_list for found in each(action, access_level)]

    return asked
