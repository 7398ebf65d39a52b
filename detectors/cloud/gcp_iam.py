"""Google Cloud's members and roles: project-wide grants, service accounts, and who may reach a single resource."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.detectors.cloud import holders, pod_accounts
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.gcp_policy import Binding, bindings, of_block
from assay.detectors.cloud.policy_document import contains
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    as_fact,
    at,
    boolean,
    negated,
    text,
    value_of,
    written,
)
from assay.scanner.api import Fact, Known, Unknown

EVERYONE = ("allUsers", "allAuthenticatedUsers")
_OWNERS = frozenset({"roles/owner", "roles/admin"})
_EDITORS = frozenset({"roles/editor", "roles/writer"})
"""With the owners, the basic roles that may change nearly everything.

See: https://cloud.google.com/iam/docs/roles-overview#basic
"""
_ATTACHING = frozenset({"roles/iam.serviceAccountUser"})
_RAISING = frozenset(
    {
        # They set policies on what they are granted for, or become one of its service accounts.
        # See: https://cloud.google.com/iam/docs/best-practices-service-accounts#lateral-movement
        "roles/iam.admin",
        "roles/iam.organizationRoleAdmin",
        "roles/iam.roleAdmin",
        "roles/iam.securityAdmin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.workloadIdentityUser",
        "roles/resourcemanager.folderAdmin",
        "roles/resourcemanager.folderIamAdmin",
        "roles/resourcemanager.organizationAdmin",
        "roles/resourcemanager.projectIamAdmin",
    }
)
_IMPERSONATING = frozenset(
    {
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.serviceAccountUser",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.workloadIdentityUser",
    }
)


def grant(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_{project,folder,organization}_iam_{member,binding,policy}`."""
    whole = block.type.endswith("_policy")
    found = bindings(block.get("policy_data")) if whole else [of_block(block)]
    resources = [written(block.first("project", "folder", "org_id")) or "the provider's project"]
    reached = [_of_unread(one) if isinstance(one, Unknown) else _granted(one) for one in found]
    return {
        "provider": Known(value="gcp"),
        "principals": _joined([one if isinstance(one, Unknown) else as_fact(one.members) for one in found]),
        **_held(found, reached, block, world),
        "public": any_of(facts["public"] for facts in reached),
        "administrator": any_of(facts["administrator"] for facts in reached),
        "whole_services": _joined([facts["whole_services"] for facts in reached]),
        "passes_any_role": any_of(facts["passes_any_role"] for facts in reached),
        "self_escalating": any_of(facts["self_escalating"] for facts in reached),
        "statements": Known(value=[one if isinstance(one, Unknown) else _statement(one, resources) for one in found]),
    }


def _held(
    found: Sequence[Binding | Unknown], reached: Sequence[Mapping[str, Fact]], block: Block, world: World
) -> Mapping[str, Fact]:
    """Which machines are granted it; of several roles, only who gets the most powerful one, as the facts speak of that.

    A member that isn't known at all is hardly ever a service account of a cluster, and isn't taken for one.
    """
    power = [value_of(any_of([facts["administrator"], facts["self_escalating"]])) for facts in reached]
    unknown = any(isinstance(one, Unknown) for one in power)
    held: list[Any] = []
    accounts: list[Any] = []
    for one, powerful in zip(found, power, strict=True):
        if isinstance(one, Unknown) or (True in power and isinstance(powerful, Unknown)):
            held.append(one if isinstance(one, Unknown) else powerful)
        elif powerful is True or (True not in power and (isinstance(powerful, Unknown) or not unknown)):
            held += holders.of_members([one.members] if isinstance(one.members, Unknown) else one.members, block, world)
            accounts += pod_accounts.of_members(one.members)
    empty: Mapping[str, Fact] = {name: Known(value=[]) for name in ("acts_as", "passes", "starts")}
    return {"holders": Known(value=held), "accounts": Known(value=accounts), **empty}


def _granted(binding: Binding) -> Mapping[str, Fact]:
    role = binding.role
    return {
        "public": _open_to_all(binding.members),
        "administrator": Known(value=role.value in _OWNERS) if isinstance(role, Known) else role,
        **_reach(role, binding.conditional),
    }


def _of_unread(unknown: Unknown) -> Mapping[str, Fact]:
    return dict.fromkeys(("public", "administrator", "whole_services", "passes_any_role", "self_escalating"), unknown)


def _statement(binding: Binding, resources: list[Any]) -> Mapping[str, Any]:
    return {
        "actions": [value_of(binding.role)],
        "resources": resources,
        "conditional": value_of(binding.conditional),
    }


def _joined(facts: Sequence[Fact]) -> Fact:
    """All elements of some lists, without repetition; Unknown in the place of a list that isn't known."""
    if len(facts) == 1:
        return facts[0]
    found: list[Any] = []
    for fact in facts:
        listed = [fact] if isinstance(fact, Unknown) else fact.value
        found += [element for element in listed if element not in found]
    return Known(value=found)


def _reach(role: Fact, conditional: Fact) -> Mapping[str, Fact]:
    """How far a role reaches in the project, folder or organisation that it is granted for."""
    custom = isinstance(role, Known) and not str(role.value).startswith("roles/")
    if custom and isinstance(role, Known):
        role = Unknown(reason=f"what the role {role.value} allows isn't known")
    free = negated(conditional)

    def held(roles: frozenset[str]) -> Fact:
        return all_of([free, Known(value=role.value in roles) if isinstance(role, Known) else role])

    whole, editor, raising = held(_OWNERS | _EDITORS), held(_EDITORS), held(_OWNERS | _RAISING)
    if editor == Known(value=True):
        raising = Unknown(reason="it can act as the service accounts there are, and their roles decide")
    return {
        "whole_services": Known(value=[whole] if isinstance(whole, Unknown) else ["*"] if whole.value else []),
        "passes_any_role": held(_OWNERS | _EDITORS | _ATTACHING),
        "self_escalating": raising,
    }


def service_account(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_service_account`, with its keys and with who may act as it."""
    keys = world.joined(block, "google_service_account_key", "service_account_id")
    answers: list[Fact] = [Known(value=True, origin=key.location) for key in keys.blocks]
    names: list[Any] = []
    anyone: list[Fact] = []
    for type_ in ("google_service_account_iam_member", "google_service_account_iam_binding"):
        joined = world.joined(block, type_, "service_account_id")
        for other in joined.blocks:
            binding = of_block(other)
            role, members = binding.role, binding.members
            acts: Fact = Known(value=role.value in _IMPERSONATING) if isinstance(role, Known) else role
            if acts == Known(value=False):
                continue
            names += [members] if isinstance(members, Unknown) else members
            anyone.append(at(all_of([acts, _open_to_all(members)]), other.location))
        if joined.stray:
            names.append(joined.stray)
            anyone.append(joined.stray)
    return {
        "provider": Known(value="gcp"),
        "type": Known(value="service-account"),
        "identifier": text(block.get("account_id"), None),
        "account": _project(block),
        "assumable_by_anyone": any_of(anyone),
        "assumable_by": Known(value=names),
        "long_lived_keys": any_of([*answers, *([keys.stray] if keys.stray else [])]),
        "permission_boundary": Known(value=None),
        "tags": Known(value={}),
    }


def _project(block: Block) -> Fact:
    project = block.get("project")
    return text(block.configured("project") if project is None else project, None)


_BECOMING = frozenset(
    {
        # They get tokens or keys of the account, or let themselves have some.
        # See: https://cloud.google.com/iam/docs/service-account-permissions
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.workloadIdentityUser",
        "roles/owner",
    }
)


def trust(block: Block, world: World) -> Mapping[str, Fact] | None:
    """`google_service_account_iam_{member,binding,policy}`; None where it lets no machine act as the account."""
    found = bindings(block.get("policy_data")) if block.type.endswith("_policy") else [of_block(block)]
    held: list[Any] = []
    accounts: list[Any] = []
    for one in found:
        if isinstance(one, Unknown):
            held.append(one)
            continue
        members = holders.of_members([one.members] if isinstance(one.members, Unknown) else one.members, block, world)
        pods = list(pod_accounts.of_members(one.members))
        becomes: Fact = Known(value=one.role.value in _BECOMING) if isinstance(one.role, Known) else one.role
        free = all_of([becomes, negated(one.conditional)])
        if free == Known(value=True):
            held += members
            accounts += pods
        elif becomes != Known(value=False):
            doubt = free if isinstance(free, Unknown) else Unknown(reason="only under a condition, which isn't read")
            held += [doubt] if members else []
            accounts += [doubt] if pods else []
    if not held and not accounts:
        return None
    identity = holders.service_account(block.get("service_account_id"), block, world)
    return {
        "provider": Known(value="gcp"),
        "identity": as_fact(identity or Unknown(reason="which service account it is of isn't known")),
        "given": Known(value=True),
        "limited": Known(value=False),
        "accounts": Known(value=accounts),
        "holders": Known(value=held),
    }


def open_to_all(block: Block, world: World, stem: str, argument: str, roles: Sequence[str] = ()) -> Fact:
    """Whether the `_iam_` resources of a type let anyone at all reach a resource; by one of some roles, if given."""
    answers: list[Fact] = []
    for ending in ("member", "binding", "policy"):
        joined = world.joined(block, f"{stem}_iam_{ending}", argument, name="name")
        for other in joined.blocks:
            found = bindings(other.get("policy_data")) if ending == "policy" else [of_block(other)]
            for one in found:
                open_ = (
                    one if isinstance(one, Unknown) else all_of([_open_to_all(one.members), _is_of(one.role, roles)])
                )
                answers.append(at(open_, other.location))
        if joined.stray:
            answers.append(joined.stray)
    return any_of(answers)


def _is_of(role: Fact, roles: Sequence[str]) -> Fact:
    if not roles or isinstance(role, Unknown):
        return role if roles else Known(value=True)
    if not str(role.value).startswith("roles/"):
        return Unknown(reason=f"what the role {role.value} allows isn't known")
    return Known(value=role.value in roles)


def _open_to_all(members: list[Any] | Unknown) -> Fact:
    return any_of(contains(members, name) for name in EVERYONE)


def flag(blocks: Sequence[Any], wanted: Sequence[str]) -> Fact:
    """Whether one of some database flags is switched on."""
    answers: list[Fact] = []
    for block in blocks:
        if isinstance(block, Unknown):
            answers.append(block)
            continue
        name, value = text(block.get("name"), ""), block.get("value")
        known = Known(value=name.value in wanted) if isinstance(name, Known) else name
        on: Fact = (
            Known(value=value in ("on", "On", "ON", "1", 1)) if isinstance(value, str | int) else boolean(value, False)
        )
        answers.append(all_of([known, on]))
    return any_of(answers)
