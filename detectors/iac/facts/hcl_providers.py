"""Which configuration of a provider manages a resource, by Terraform's rules of inheritance.

See: https://developer.hashicorp.com/terraform/language/modules/develop/providers
"""

from collections.abc import Callable, Mapping
from typing import Any

from assay.detectors.iac.facts.hcl_definitions import Definitions, Scope
from assay.scanner.api import Unknown

UNSTATED = Unknown(reason="not declared: the provider's configuration doesn't state it here")
_OF_A_MODULE = Unknown(reason="which provider's configuration manages it can't be told from the plan")


def configured(
    definitions: Definitions,
    evaluate: Callable[[Any, Scope], Any],
    scope: Scope,
    type_: str,
    arguments: Mapping[str, Any],
) -> Callable[[str], Any]:
    """An argument of the provider that manages a resource, by its name."""

    def setting(name: str) -> Any:
        found = _configuration(definitions, scope, _named(type_, arguments))
        if found is None or name not in found[1]:
            return UNSTATED
        value = evaluate(_only(found[1][name]), found[0])
        return UNSTATED if value is None else value

    return setting


def planned(parsed: Mapping[Any, Any], type_: str, address: str, arguments: Mapping[str, Any]) -> Callable[[str], Any]:
    """The same for a plan, whose parse says of no resource which configuration manages it: there must be only one."""

    def setting(name: str) -> Any:
        provider = _named(type_, arguments).partition(".")[0]
        declared = [
            entry[provider]
            for definition in parsed.values()
            for entry in (definition.get("provider", ()) if isinstance(definition, Mapping) else ())
            if isinstance(entry, Mapping) and isinstance(entry.get(provider), Mapping)
        ]
        if not declared:
            return UNSTATED
        # A module may have a configuration of its own, which the parse leaves out.
        if len(declared) > 1 or address.startswith("module."):
            return _OF_A_MODULE
        return _only(declared[0][name]) if name in declared[0] else UNSTATED

    return setting


def _named(type_: str, arguments: Mapping[str, Any]) -> str:
    """`aws`, or `aws.frankfurt`."""
    given = _only(arguments.get("provider"))
    return _plain(given) if isinstance(given, str) else type_.partition("_")[0]


def _configuration(definitions: Definitions, scope: Scope, name: str) -> tuple[Scope, Mapping[str, Any]] | None:
    while True:
        parent = definitions.parent(scope) if scope.module is not None else None
        passed = _passed(definitions.find(parent, "module", scope.module.name)) if parent is not None else None
        if parent is not None and passed is not None and name in passed:
            scope, name = parent, passed[name]
            continue
        body = definitions.find(scope, "provider", name)
        if isinstance(body, Mapping):
            return scope, body
        # Whatever is passed replaces all that would be inherited, and an alias is never inherited.
        if parent is None or passed is not None or "." in name:
            return None
        scope = parent


def _passed(call: Any) -> Mapping[str, str] | None:
    given = _only(call.get("providers")) if isinstance(call, Mapping) else None
    if not isinstance(given, Mapping):
        return None
    return {str(key): _plain(value) for key, value in given.items() if isinstance(value, str)}


def _plain(reference: str) -> str:
    return reference.removeprefix("${").removesuffix("}")


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value
