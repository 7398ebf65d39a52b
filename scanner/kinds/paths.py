"""Attack paths: what whoever holds one thing can reach."""

from msgspec import Struct

TARGETS = ("cluster-admin", "secrets", "nodes", "other-tenant", "data-volumes", "cloud", "cloud-administrator")
"""What paths lead to. `secrets`: those of other namespaces or of the whole cluster; `other-tenant`: control over pods
of a namespace of other tenants; `data-volumes`: volumes that hold models or data, of other workloads; `cloud`: rights
in a cloud account, one's own among them; `cloud-administrator`: those of an identity that may do everything there, or
give itself every right."""


class Hop(Struct, frozen=True, kw_only=True):
    """One step of a path."""

    reached: str
    """What it leads to: a subject, workload, node or target, by address."""
    technique: str
    """Kebab, such as `create-pods`, `token-request`, `container-escape`."""
    objects: list[str]
    """Addresses of the binding, role, workload or service account that allow it, the binding first. Those of a cloud
    have their place after them, `aws_iam_role.a (main.tf:3)`."""
    rule: str
    """The role's rule that allows it, `get,list secrets in ml`, what the cloud's policy allows, or what lets a
    container out to its node, `privileged container web`; empty where nothing of that is needed."""


class Path(Struct, frozen=True, kw_only=True):
    """The shortest way to a target."""

    target: str
    """One of TARGETS."""
    length: int
    hops: list[Hop]
    cut: list[str]
    """The fewest grants (addresses of bindings) without which no path of any length to this target is left; empty where
    no grant is needed for it."""
    told: str
    """The hops in one line."""
    way: list[str]
    """The hops for a message, at most three: of more, the first, how many lie between, and the last."""
    remedy: list[str]
    """For a message too: the grants of `cut`, or that there are none."""
    sure: bool
    """Never known to be False: where a step hangs on what could not be read, it is unknown, with the reason, and the
    rest is what the path would be. Rules ask `p.target != "nodes" || !p.sure`."""
