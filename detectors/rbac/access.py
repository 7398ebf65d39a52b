"""RBAC compiled once for a source: who may do what where."""

from msgspec import Struct

_ACCOUNT = "system:serviceaccount:"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"
ACCOUNTS = "system:serviceaccounts"
MASTERS = "system:masters"


_NAMES_NOTHING = frozenset({"create", "deletecollection", "*"})
_NAMES_NOTHING_BELOW = _NAMES_NOTHING - {"create"}


class Subject(Struct, frozen=True, kw_only=True, order=True):
    """A user, group or service account."""

    type: str
    """`User`, `Group` or `ServiceAccount`."""
    name: str
    namespace: str = ""
    """Of a service account."""

    @property
    def text(self) -> str:
        """A service account as `namespace/name`, others by their name."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


SOMEONE = Subject(type="", name="")
"""Stands for a subject that could not be read."""


class What(Struct, frozen=True, kw_only=True):
    """What is asked for: a resource, or a URL that is none."""

    group: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    """Empty: no single object, as for `list`, `create` or any."""
    url: str = ""


class Rule(Struct, frozen=True, kw_only=True):
    """A rule of a role, ready to ask."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    """Empty: all."""
    urls: frozenset[str]
    text: str
    """Told in a line: `get,list secrets`. Names of objects aren't told, as they may be people's."""

    def allows(self, verb: str, what: What) -> bool:
        """Whether this rule alone allows the request, wherever it holds."""
        if what.url:
            return (verb in self.verbs or "*" in self.verbs) and self.allows_url(what.url)
        if self.names and what.name not in self.names:
            return False
        return bool(self.verbs_on(frozenset({verb}), what.group, what.resource, what.subresource))

    def verbs_on(self, asked: frozenset[str], group: str, resource: str, subresource: str = "") -> frozenset[str]:
        """Which of the verbs it gives on a resource, on some object at least.

        All that asks rules what they allow comes by here: single requests, powers, and techniques of attack paths.
        """
        verbs = asked if "*" in self.verbs else asked & self.verbs
        if not verbs or (group not in self.groups and "*" not in self.groups):
            return frozenset()
        return verbs if self.covers(resource, subresource) else frozenset()

    def usable_on(self, asked: frozenset[str], group: str, resource: str, subresource: str = "") -> frozenset[str]:
        """Of those, the ones that a request can be made with: where the rule has names, not those that name nothing."""
        verbs = self.verbs_on(asked, group, resource, subresource)
        return verbs - _names_nothing(subresource) if self.names else verbs

    def covers(self, resource: str, subresource: str = "") -> bool:
        """Whether the resource is among its resources. `pods/*` is no wildcard; `*/scale` is one, and `*` takes all."""
        found = self.resources
        if "*" in found:
            return True
        if subresource:
            return f"{resource}/{subresource}" in found or f"*/{subresource}" in found
        return resource in found

    def allows_url(self, url: str) -> bool:
        """Whether the URL is among its URLs. Only a `*` at the end is a wildcard."""
        if url in self.urls:
            return True
        return any(pattern.endswith("*") and url.startswith(pattern.rstrip("*")) for pattern in self.urls)


EVERYTHING = Rule(
    verbs=frozenset({"*"}),
    groups=frozenset({"*"}),
    resources=frozenset({"*"}),
    names=frozenset(),
    urls=frozenset({"*"}),
    text="* on everything",
)


class Holding(Struct, frozen=True, kw_only=True):
    """What one binding gives to one subject."""

    subject: Subject
    """SOMEONE where it could not be read."""
    binding: str
    """Its address; empty for what system:masters may do whatever is bound."""
    role: str
    """Its address."""
    namespace: str | None
    """None: the whole cluster."""
    rules: tuple[Rule, ...]
    unknown: str | None = None
    """Why the rules may be more than these: the role could not be read, or an aggregated one."""
    maybe: tuple[Rule, ...] = ()
    """Which they may be besides, at most; empty where nothing is unknown."""
    expected: bool = False
    """Binding, subject and role are Kubernetes' own and unchanged. Where `unknown` is set: as far as is known."""
    somewhere: bool = False
    """All of `maybe` is held for certain, in one namespace; `unknown` is why it isn't known in which."""

    def holds_in(self, namespace: str | None) -> bool:
        """Whether it counts for a request there; None: for what has no namespace, or in all of them at once."""
        return self.namespace is None or self.namespace == namespace

    def allowing(self, verb: str, what: What) -> Rule | None:
        """The first of its rules that allows it."""
        return next((rule for rule in self.rules if rule.allows(verb, what)), None)

    def may_allow(self, verb: str, what: What) -> bool:
        """Whether rules that could not be read may allow it."""
        return any(rule.allows(verb, what) for rule in self.maybe)


def _names_nothing(subresource: str) -> frozenset[str]:
    """Verbs whose requests name no object, so that no rule for certain names allows them. `create` on a subresource
    is of the object that has it; `list` and `watch` name one by a field selector. And whoever is held to names may not
    do everything."""
    return _NAMES_NOTHING_BELOW if subresource else _NAMES_NOTHING


def normal(subject: Subject) -> Subject:
    """A service account named as the user that it is becomes the service account."""
    if subject.type == "User" and subject.name.startswith(_ACCOUNT):
        namespace, _, name = subject.name.removeprefix(_ACCOUNT).partition(":")
        if namespace and name and ":" not in name:
            return Subject(type="ServiceAccount", name=name, namespace=namespace)
    return subject


def identities(subject: Subject) -> tuple[Subject, ...]:
    """The subject, and the groups that it is in whoever made it; what else a user is in, the cluster doesn't say."""
    subject = normal(subject)
    if subject.type == "ServiceAccount":
        groups: tuple[str, ...] = (f"{ACCOUNTS}:{subject.namespace}", ACCOUNTS, AUTHENTICATED)
    elif subject.type == "User":
        groups = (UNAUTHENTICATED,) if subject.name == ANONYMOUS else (AUTHENTICATED,)
    elif subject.name.startswith(f"{ACCOUNTS}:"):
        groups = (ACCOUNTS, AUTHENTICATED)
    else:
        groups = () if subject.name in (AUTHENTICATED, UNAUTHENTICATED) else (AUTHENTICATED,)
    return (subject, *(Subject(type="Group", name=name) for name in groups))
