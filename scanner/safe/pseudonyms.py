"""Names of RBAC's subjects as facts may hold them. A pseudonym stays what it is."""

import re
from hashlib import sha256

_MADE = re.compile(r"(?:user|group)-[0-9a-f]{8}")
_OWN = re.compile(
    r"system:(?:admin|anonymous|apiserver|authenticated|masters|monitoring|nodes|unauthenticated|volume-scheduler"
    r"|konnectivity-server|addon-manager|openshift-master|kube-[a-z-]+|node:[a-z0-9.-]+|controller:[a-z0-9-]+"
    r"|bootstrap:[a-z0-9]{6}|bootstrappers(?::[a-z0-9:-]+)?|serviceaccounts(?::[a-z0-9-]+)?"
    r"|serviceaccount:[a-z0-9-]+:[a-z0-9.-]+)|kubeadm:cluster-admins"
)
"""Users and groups that Kubernetes and OpenShift make themselves. Anybody may be called `system:jane` besides: the
prefix is reserved, but nothing keeps an identity provider from giving it."""
_PERSONAL_SEGMENT = re.compile(r"[^/]*(?:@|%40)[^/]*")


def of_user(name: str) -> str:
    """Users of Kubernetes' own by name, all others by a pseudonym, as they may be people."""
    return name if _OWN.fullmatch(name) or _MADE.fullmatch(name) else _pseudonym("user", name)


def of_group(name: str) -> str:
    """Groups by name, unless it is an e-mail address.

    A group's name says what its members do, and without it nobody could tell whom a grant is for. That somebody has
    given each person a group of one's own can be seen where they are called by addresses.
    """
    return _pseudonym("group", name) if "@" in name else name


def in_path(path: str) -> str:
    """A URL's path without a query, which may hold a token, and with a pseudonym for what looks like an address."""
    path = re.split(r"[?#;]", path, maxsplit=1)[0]
    return _PERSONAL_SEGMENT.sub(lambda found: _pseudonym("user", found[0]), path)


def _pseudonym(prefix: str, name: str) -> str:
    """Always the same for a name, so that bindings can be compared between runs and clusters.

    It is no anonymity: who has a list of candidates can compute their pseudonyms. It keeps names out of reports, and
    the binding's place says where the name can be read by those who may.
    """
    return f"{prefix}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
