"""Prints what checkov's registries give for every type: `python iac_registries.py full|lean|everything FRAMEWORK...`.

`full` imports the runners as anybody would; `lean` as a scan does, and asks for the types in the order of a coin, so
that none is loaded by the asking order; `everything` as a server does, and says which modules asking then imports.
"""

import importlib
import random
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import json

from assay.detectors.iac import offline
from assay.detectors.iac.frameworks import BY_ID
from assay.detectors.iac.grammar_tables import use_prepared_tables
from assay.detectors.iac.imports.check_index import read_index
from assay.detectors.iac.imports.loading import load_everything, load_runner


def main() -> None:
    how, frameworks = sys.argv[1], sys.argv[2:] or list(BY_ID)
    offline.settle_environment()
    if how == "full":
        use_prepared_tables()
        for framework in frameworks:
            importlib.import_module(BY_ID[framework].runner.partition(":")[0])
    elif how == "lean":
        for framework in frameworks:
            load_runner(framework)
    else:
        load_everything(frameworks)
    asked = registries()
    before = set(sys.modules)
    told = {name: registry_told(registry, how) for name, registry in sorted(asked.items())}
    new = sorted(set(sys.modules) - before)
    sys.stdout.buffer.write(json.encode({"registries": told, "imported": new}))


def registries() -> Mapping[str, Any]:
    """Those of the index whose frameworks the runners brought along; some are only imported by a run."""
    listed = read_index()
    assert listed is not None
    found = {}
    for name in listed.index.registries:
        module, _, attribute = name.partition(":")
        if ".".join(module.split(".")[:2]) in sys.modules:
            found[name] = getattr(importlib.import_module(module), attribute)
    return found


def registry_told(registry: Any, how: str) -> Mapping[str, object]:
    asked = [*registry.checks, *registry.wildcard_checks, "no such type"]
    if how == "lean":
        random.Random(3).shuffle(asked)
    got = {name: named(registry.get_checks(name)) for name in asked}
    return {
        "got": sorted(got.items()),
        "checks": [(name, named(checks)) for name, checks in registry.checks.items()],
        "wildcards": [(name, named(checks)) for name, checks in registry.wildcard_checks.items() if checks],
        "all": [(name, *named([check])) for name, check in registry.all_checks()],
    }


def named(checks: Iterable[Any]) -> list[str]:
    return [f"{type(check).__module__}:{type(check).__qualname__}:{check.id}" for check in checks]


if __name__ == "__main__":
    main()
