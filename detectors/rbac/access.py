"""RBAC compiled once for a source: who may do what where."""

from msgspec import Struct


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
    """Told in a line: `get,list secrets`."""


class Holding(Struct, frozen=True, kw_only=True):
    """What one binding gives to one subject."""

    subject: Subject
    binding: str
    """Its address."""
    role: str
    """Its address."""
    namespace: str | None
    """None: the whole cluster."""
    rules: tuple[Rule, ...]
    unknown: str | None = None
    """Why the rules may be more than these: the role could not be read, or an aggregated one."""
    expected: bool = False
    """Binding, subject and role are Kubernetes' own and unchanged."""
