"""Facts of Azure's role assignments, role definitions and managed identities."""

import fnmatch
import re
from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud import holders
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.names import subject_of_claim
from assay.detectors.cloud.pod_accounts import accounts
from assay.detectors.cloud.policy_document import contains
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    as_fact,
    at,
    negated,
    present,
    settled,
    strings,
    tags,
    text,
    value_of,
    written,
)
from assay.scanner.api import Fact, Known, Unknown

_BUILT_IN = {
    # See: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "user access administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "role based access control administrator",
}
_ASSIGNING = frozenset({"owner", "user access administrator", "role based access control administrator"})
_EVERYTHING = frozenset({"owner", "contributor"})
_ASSIGN = "microsoft.authorization/roleassignments/write"
_BROAD_SCOPE = re.compile(
    r"(unresolved: )?((data\.)?azurerm_(subscriptions?|resource_group|management_group)\.|/$"
    r"|/subscriptions/[^/]+(/resource[gG]roups/[^/]+)?/?$|/providers/Microsoft\.Management/managementGroups/)"
)
_NARROW_SCOPE = re.compile(r"(unresolved: )?((data\.)?az(urerm|api|uread)_|/subscriptions/.+/providers/)")


_NOTHING_MORE: Mapping[str, Fact] = {name: Known(value=[]) for name in ("accounts", "acts_as", "passes", "starts")}
"""Pods of a cluster get rights as identities only, and nothing is assumed or handed on as it is in AWS."""


def assignment(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_role_assignment`; of a role that is declared beside it, with what that role allows."""
    name, id_ = text(block.get("role_definition_name"), None), written(block.get("role_definition_id"))
    declared = world.target(block.get("role_definition_id"), "azurerm_role_definition")
    scopes = strings(block.get("scope"))
    condition = present(block.get("condition"))
    role = value_of(name) or id_
    return {
        "provider": Known(value="azure"),
        "principals": as_fact(strings(block.get("principal_id"))),
        "holders": Known(value=_held(block, world)),
        "public": Known(value=False),
        **_NOTHING_MORE,
        **(_as_declared(declared, world) if declared else _as_built_in(_role(name, id_), _broad(scopes), condition)),
        "statements": Known(
            value=[
                {
                    "actions": [] if role is None else [role],
                    "resources": scopes,
                    "conditional": value_of(condition),
                }
            ]
        ),
    }


def _held(block: Block, world: World) -> list[Any]:
    listed = strings(block.get("principal_id"))
    return holders.of_objects([listed] if isinstance(listed, Unknown) else listed, block, world)


def _role(name: Fact, id_: Any) -> Fact:
    """The built-in role's name in lower case; empty for any other role that is named."""
    if isinstance(name, Unknown):
        return name
    if name.value is not None:
        return Known(value=str(name.value).lower())
    last = id_.lower().rpartition("/")[2] if isinstance(id_, str) and "/" in id_ else "${"
    if "${" not in last:
        return Known(value=_BUILT_IN.get(last, ""))
    return id_ if isinstance(id_, Unknown) else Unknown(reason=f"what the role {id_} allows isn't known")


def built_in_id(block: Block) -> Any:
    """The id of a Terraform data source `azurerm_role_definition`, where it names one of the privileged roles."""
    name = settled(block.get("name"))
    found = [id_ for id_, role in _BUILT_IN.items() if isinstance(name, str) and role == name.lower()]
    return f"/providers/Microsoft.Authorization/roleDefinitions/{found[0]}" if found else None


def _as_declared(definition_block: Block, world: World) -> Mapping[str, Fact]:
    facts = definition(definition_block, world)
    names = ("administrator", "whole_services", "self_escalating")
    return {name: at(facts[name], definition_block.location) for name in names}


def _as_built_in(role: Fact, broad: Fact, condition: Fact) -> Mapping[str, Fact]:
    def held(roles: frozenset[str]) -> Fact:
        return Known(value=role.value in roles) if isinstance(role, Known) else role

    whole = all_of([held(_EVERYTHING), broad])
    return {
        "administrator": held(_ASSIGNING),
        "whole_services": Known(value=[whole] if isinstance(whole, Unknown) else ["*"] if whole.value else []),
        # A condition on such a role says which roles may be handed on, and to whom.
        # See: https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview
        "self_escalating": all_of([held(_ASSIGNING), negated(condition)]),
    }


def _broad(scopes: list[Any] | Unknown) -> Fact:
    """Whether the scope is a resource group or more, and not a single resource."""
    shown = [scopes] if isinstance(scopes, Unknown) else scopes
    for scope in shown:
        line = scope.reason if isinstance(scope, Unknown) else str(scope)
        if _BROAD_SCOPE.match(line):
            return Known(value=True)
        if not _NARROW_SCOPE.match(line):
            return scope if isinstance(scope, Unknown) else Unknown(reason=f"how much lies in {line} isn't known")
    return Known(value=False)


def definition(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_role_definition`: who is granted it is said elsewhere."""
    statements: list[Any] = []
    everything: list[Fact] = []
    whole: list[Any] = []
    assigning: list[Fact] = []
    scopes = strings(block.first("assignable_scopes", "scope"))
    for permission in block.blocks("permissions"):
        if isinstance(permission, Unknown):
            for listed in (statements, everything, whole, assigning):
                listed.append(permission)
            continue
        actions, without = strings(permission.get("actions")), strings(permission.get("not_actions"))
        statements.append({"actions": actions, "resources": scopes, "conditional": False})
        nothing_withheld = without if isinstance(without, Unknown) else not without
        everything.append(all_of([contains(actions, "*"), as_fact(nothing_withheld)]))
        whole += [actions] if isinstance(actions, Unknown) else _whole(actions)
        assigning.append(all_of([_covers(actions, _ASSIGN), negated(_covers(without, _ASSIGN))]))
    return {
        "provider": Known(value="azure"),
        "principals": Known(value=[]),
        "holders": Known(value=[]),
        "public": Known(value=False),
        **_NOTHING_MORE,
        "administrator": any_of(everything),
        "whole_services": Known(value=whole),
        "self_escalating": any_of(assigning),
        "statements": Known(value=statements),
    }


def _whole(actions: list[Any]) -> list[Any]:
    """`Microsoft.Storage/*` → `Microsoft.Storage`; what is withheld of it leaves nearly all."""
    found: list[Any] = []
    for action in actions:
        service = action if isinstance(action, Unknown) else re.fullmatch(r"(\*|[A-Za-z0-9.]+/\*)", action)
        if service is not None:
            found.append(service if isinstance(service, Unknown) else service[1].removesuffix("/*"))
    return found


def _covers(actions: list[Any] | Unknown, probe: str) -> Fact:
    if isinstance(actions, Unknown):
        return actions
    return any_of(
        action if isinstance(action, Unknown) else Known(value=fnmatch.fnmatchcase(probe, action.lower()))
        for action in actions
    )


_NO_CLIENT_ID = Unknown(reason="its client id isn't declared")


def identity(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_user_assigned_identity`."""
    return {
        "provider": Known(value="azure"),
        "type": Known(value="managed-identity"),
        # It is made up when the identity is; a plan for what is there already has it.
        "identifier": text(id_, None) if (id_ := settled(block.get("client_id"))) else _NO_CLIENT_ID,
        "account": Known(value=None),
        "assumable_by_anyone": Known(value=False),
        "assumable_by": Known(value=[]),
        "long_lived_keys": Known(value=False),
        "permission_boundary": Known(value=None),
        "tags": tags(block.get("tags")),
    }


def credential(block: Block, world: World) -> Mapping[str, Fact] | None:
    """`azurerm_federated_identity_credential`; None where it takes no service account's tokens.

    See: https://learn.microsoft.com/azure/aks/workload-identity-overview
    """
    subject, issuer = settled(block.get("subject")), written(block.get("issuer"))
    taken: Any = subject if isinstance(subject, Unknown) else Unknown(reason="the credential names no subject")
    if isinstance(subject, str):
        plain = subject_of_claim(subject)
        if plain is None or set("*?") & set(plain):
            return None
        taken = plain
    parent = block.first("user_assigned_identity_id", "parent_id")
    return {
        "provider": Known(value="azure"),
        "identity": as_fact(holders.managed_identity(parent, block, world)),
        "given": Known(value=True),
        "limited": Known(value=False),
        "accounts": Known(value=[accounts("token", issuer, taken)]),
        "holders": Known(value=[]),
    }
