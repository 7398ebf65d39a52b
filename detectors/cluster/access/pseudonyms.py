"""Names of RBAC's subjects as facts may hold them. A pseudonym stays what it is."""

import re
from hashlib import sha256

_MADE = re.compile(r"(?:user|group)-[0-9a-f]{8}")


def of_user(name: str) -> str:
    """Users of Kubernetes' own (`system:`) by name, all others by a pseudonym, as they may be people."""
    return name if _own(name) or _MADE.fullmatch(name) else _pseudonym("user", name)


def of_group(name: str) -> str:
    """Groups by name, unless it is an e-mail address, as a group may consist of one person."""
    return _pseudonym("group", name) if "@" in name else name


def _own(name: str) -> bool:
    return name.startswith("system:") and "@" not in name


def _pseudonym(prefix: str, name: str) -> str:
    """Always the same for a name, so that bindings can be compared between runs and clusters.

    It is no anonymity: who has a list of candidates can compute their pseudonyms. It keeps names out of reports, and
    the binding's place says where the name can be read by those who may.
    """
    return f"{prefix}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
