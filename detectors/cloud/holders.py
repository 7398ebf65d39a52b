"""Which machines' identities a policy, a binding or a trust speaks of: of the same source, or as the cloud names them.

A user may be a person, so that users are left out, as groups are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cloud.block import Block, World, elsewhere
from assay.detectors.cloud.names import OWN_ACCOUNT, ROLE, ROOT, SERVICE_ACCOUNT, cited
from assay.detectors.cloud.values import Reference, unresolved, written
from assay.scanner.api import Unknown

_ATTRIBUTES: Mapping[str, Sequence[str]] = {
    "aws_iam_role": (".arn", ".Arn", ".id", ".name", ".unique_id", ".RoleId", ""),
    "azurerm_user_assigned_identity": (".principal_id", ".id", ".client_id"),
    "google_service_account": (".email", ".id", ".member", ".name", ".unique_id"),
}
"""Types of identities, with what stands behind their address where something refers to them."""
_PEOPLE = re.compile(r"(module\.\S+\.)?(data\.)?(aws_iam_(user|group)|aws_iam_openid|aws_iam_saml|azuread_)\S*")
_PERSONAL_ARN = re.compile(
    r"arn:aws[a-z-]*:(iam|sts)::[^:]*:(user|group|federated-user|saml-provider|oidc-provider)/.*"
)
_OWN = re.compile(r"arn:(aws[a-z-]*|\$\{[^}]*\}):iam::\$\{[^}]*(caller_identity|AWS::AccountId)[^}]*\}:(?P<rest>.+)")
_SESSION = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/:]+)/.*")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_INDEX = re.compile(r"\[[^\[\]]*\]")


def reference_to(block: Block) -> str:
    """The identity that a block declares."""
    return cited(block.address, block.location)


def of_roles(values: Sequence[Any], block: Block, world: World) -> list[Any]:
    """The roles among what policies are attached to, which is names, references and ARNs."""
    return _listed(_role(value, block, world) for value in values)


def of_trust(values: Sequence[Any], block: Block, world: World) -> list[Any]:
    """Those among the principals of a trust policy, as `policy_document` has them; services included."""
    return _listed(_trusted(value, block, world) for value in values)


def of_members(values: Sequence[Any], block: Block, world: World) -> list[Any]:
    """The service accounts among the members of Google's bindings."""
    return _listed(_member(value, block, world) for value in values)


def of_objects(values: Sequence[Any], block: Block, world: World) -> list[Any]:
    """The managed identities among the principals of Azure's assignments, which are ids of objects."""
    return _listed(_object(value, block, world) for value in values)


def role(value: Any, block: Block, world: World) -> Any:
    """The one role that an ARN or a reference names; None where it is no role."""
    return _trusted(written(value), block, world) if value is not None else None


def service_account(value: Any, block: Block, world: World) -> Any:
    """The one service account that a binding is on: a reference, or `projects/-/serviceAccounts/ADDRESS`."""
    text = written(value)
    if isinstance(text, str) and "/serviceAccounts/" in text:
        text = text.rpartition("/")[2]
    return _member(f"serviceAccount:{text}" if isinstance(text, str) else text, block, world)


def managed_identity(value: Any, block: Block, world: World) -> Any:
    """The one managed identity that a credential is of."""
    text = written(value)
    found = _declared(text, block, world) if isinstance(text, str) else None
    return found or (text if isinstance(text, Unknown) else unresolved(str(text)))


def _role(value: Any, block: Block, world: World) -> Any:
    if isinstance(value, Reference) and value.value is not None:
        found = world.target(value, "aws_iam_role")
        if found is not None:
            return reference_to(found)
    text = written(value)
    if not isinstance(text, str) or ":" in text:
        return _trusted(text, block, world)
    found = world.named(text, "aws_iam_role", "name")
    if found is not None:
        return reference_to(found)
    declared = _declared(text, block, world)
    if declared is not None:
        return declared
    return _unread(text) if "${" in text or _looks_like_reference(text) else f"role/{text}"


def _trusted(value: Any, block: Block, world: World) -> Any:
    if not isinstance(value, str):
        return _unread(value)
    text = value.strip()
    if text == "*" or ROLE.fullmatch(text) or ROOT.fullmatch(text) or _SERVICE.fullmatch(text):
        return text
    if re.fullmatch(r"\d{12}", text):
        return f"arn:aws:iam::{text}:root"
    if session := _SESSION.fullmatch(text):
        return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}"
    if own := _OWN.fullmatch(text):
        rest = own["rest"]
        if rest == OWN_ACCOUNT:
            return OWN_ACCOUNT
        return f"role/{rest.rpartition('/')[2]}" if rest.startswith("role/") and "${" not in rest else _unread(rest)
    if _PERSONAL_ARN.fullmatch(text):
        return None
    found = _declared(text, block, world)
    return found if found is not None else _unread(text) if "${" in text or _looks_like_reference(text) else None


def _member(value: Any, block: Block, world: World) -> Any:
    if not isinstance(value, str):
        return _unread(value)
    kind, colon, text = value.partition(":")
    if not colon:
        kind, text = "serviceAccount", value
    if kind != "serviceAccount" or ".svc.id.goog" in text:
        return None
    if SERVICE_ACCOUNT.fullmatch(text):
        return text
    found = _declared(text, block, world)
    return found if found is not None else _unread(text) if "${" in text or _looks_like_reference(text) else None


def _object(value: Any, block: Block, world: World) -> Any:
    if not isinstance(value, str):
        return _unread(value)
    found = _declared(value, block, world)
    return found if found is not None else _unread(value) if "azurerm_user_assigned_identity" in value else None


def _declared(text: str, block: Block, world: World) -> Any:
    """The identity of the same source to which a text refers; Unknown where it may be one of several."""
    plain = text.removeprefix("${").removesuffix("}").strip()
    texts = world.once(_texts)
    found = texts.get(plain) or texts.get(_INDEX.sub("", plain), [])
    near = [one for one in found if one.scope == block.scope]
    if len(near or found) > 1:
        return Unknown(reason=f"several identities are declared as {plain}")
    return reference_to((near or found)[0]) if found else None


def _texts(world: World) -> Mapping[str, Sequence[Block]]:
    """What may stand where an identity is referred to."""
    found: dict[str, list[Block]] = {}
    for type_, attributes in _ATTRIBUTES.items():
        for block in world.of_type(type_):
            # CloudFormation's addresses have the type before the name.
            name = block.address.rpartition(".")[2] if "::" in block.address else block.address
            for base in dict.fromkeys((name, _INDEX.sub("", name))):
                for attribute in attributes:
                    found.setdefault(f"{base}{attribute}", []).append(block)
    return found


def _looks_like_reference(text: str) -> bool:
    return re.match(r"(module|data|var|local|each|self|count|aws_iam_role|google_service_account)\.", text) is not None


def _unread(value: Any) -> Any:
    """What isn't known; None where it can be no identity that is declared in the same source."""
    unknown = value if isinstance(value, Unknown) else unresolved(str(value))
    people = _PEOPLE.fullmatch(unknown.reason.removeprefix("unresolved: ").removeprefix("${").removesuffix("}"))
    return None if people or elsewhere(unknown) else unknown


def _listed(values: Iterator[Any]) -> list[Any]:
    """Without repetition, and without those that are None."""
    found: list[Any] = []
    seen: set[Any] = set()
    for value in values:
        if value is not None and value not in seen:
            seen.add(value)
            found.append(value)
    return found
