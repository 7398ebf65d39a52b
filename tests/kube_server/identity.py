"""Who asks: bearer tokens, client certificates, or nobody."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.kube_server import slow_rbac


class Identity(NamedTuple):
    """A user, with every group."""

    user: str
    groups: tuple[str, ...]


class Identities:
    """Tokens that were handed out. Client certificates need no list: the authority's signature vouches for them."""

    def __init__(self, anonymous: bool) -> None:
        self.anonymous = anonymous
        """Requests without credentials are answered as `system:anonymous`; otherwise 401."""
        self._tokens: dict[str, Identity] = {}

    def token(self, user: str, groups: Sequence[str] = ()) -> str:
        """A bearer token; the same one for the same user and groups."""
        identity = identified(user, groups)
        made = hashlib.sha256(repr(identity).encode()).hexdigest()
        self._tokens[made] = identity
        return made

    def revoke(self, token: str) -> None:
        """The token is refused from now on."""
        self._tokens.pop(token, None)

    def who(self, authorization: str | None, certificate: Mapping[str, Any] | None) -> Identity | None:
        """None: 401. A certificate counts before a token."""
        if certificate:
            subject = [pair for part in certificate.get("subject", ()) for pair in part]
            user = next((value for key, value in subject if key == "commonName"), "")
            return identified(user, [value for key, value in subject if key == "organizationName"])
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            return self._tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        return identified(slow_rbac.ANONYMOUS, ()) if self.anonymous else None


def identified(user: str, groups: Sequence[str]) -> Identity:
    """With the implicit groups."""
    return Identity(user, tuple(slow_rbac.all_groups(user, groups)))
