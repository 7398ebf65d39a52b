"""What the steps of attack paths hang on, besides rights: workloads, accounts, namespaces and claims of one source."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.rbac import built_in
from assay.detectors.rbac.access import Holding, Subject
from assay.detectors.rbac.escapes import Escape, escape
from assay.detectors.worlds import World, unknown_of, value
from assay.scanner.api import Resource, Unknown, is_unknown, reason_of

KUBE_SYSTEM = "kube-system"
"""Every cluster has this namespace, whatever is declared."""
_SYSTEM = frozenset({KUBE_SYSTEM, "kube-public", "kube-node-lease"})
_GUARDING = frozenset({"baseline", "restricted"})
_WATCHED = (
    "containers", "volumes", "host_pid", "host_users", "runtime_class", "nodes", "service_account", "token_mounted",
    "controller", "namespace", "uses_secrets", "placement",
)  # fmt: skip
_OF_ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "node-role.kubernetes.io/etcd")
_PASSING = ("node.kubernetes.io/", "node-role.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints that aren't set to keep some workloads to themselves."""
_MOST_LABELS = 2
"""Of a sort of nodes, in a message."""


class Placement(Struct, frozen=True):
    """Which nodes pods ask for."""

    labels: tuple[tuple[str, str], ...] = ()
    control_plane: bool = False
    tolerates: frozenset[str] = frozenset()
    """Taints that somebody set for a purpose."""
    may_rule: bool = False
    """They may be put on nodes of the control plane."""

    @property
    def bears_all(self) -> bool:
        """No taint keeps them away."""
        return "*" in self.tolerates

    @property
    def text(self) -> str:
        """`of the control plane`, or `with pool=gpu`; empty: any."""
        if self.control_plane:
            return "of the control plane"
        shown = " ".join(f"{key}={value}" if value else key for key, value in self.labels[:_MOST_LABELS])
        return f"with {shown}" if shown else ""


class Workload(Struct, frozen=True, kw_only=True):
    """The pods of one template."""

    number: int
    resource: Resource
    namespace: str
    """Empty where it isn't known."""
    homeless: str | None
    """Why it isn't."""
    account: Subject | Unknown
    token: bool | Unknown
    """A token of its account is in its pods."""
    escape: Escape
    nodes: tuple[str, ...] | Unknown
    """Where its pods run; empty where that isn't decided yet."""
    placement: Placement | None
    """None: not known."""
    secrets: bool | Unknown
    """Its pods are given Secrets of their namespace."""
    claims: tuple[str | Unknown, ...]
    """Names of the claims that it mounts."""
    controller: str
    """The owner's kind."""
    pods: str
    """What its pods' names begin with."""


class Account(Struct, frozen=True, kw_only=True):
    """A service account, as far as it is declared."""

    address: str
    tokens: bool | Unknown
    """A token that never expires is kept in a Secret."""
    cloud: str | Unknown | None
    """The identity that its pods have in a cloud."""
    provider: str


class Namespace(Struct, frozen=True, kw_only=True):
    """A namespace."""

    guarded: bool | Unknown
    """Privileged pods are refused."""
    tenant: str | Unknown | None
    """None: nobody's in particular."""
    system: bool | Unknown


class Surroundings:
    """One source, by name. What isn't there is answered for as well, as unknown where it may be there after all."""

    def __init__(self, world: World, resources: Sequence[Resource], holdings: Sequence[Holding]) -> None:
        self.world = world
        self._unread: dict[str, str | None] = {}
        self._accounts = {
            (str(value(one, "namespace", "")), _name(one, "ServiceAccount")): _account(one)
            for one in world.of("rbac.service-account")
        }
        self._doors = _doors(world)
        self._namespaces = {
            name: _namespace(one, self._doors, name)
            for one in world.of("cluster.namespace")
            if (name := one.address.rpartition("Namespace.")[2])
        }
        self._claims = {
            (str(value(one, "namespace", "")), _name(one, "PersistentVolumeClaim")): _holds(one)
            for one in world.of("cluster.volume-claim")
        }
        self._host_paths = _host_paths(world)
        pods = [one for one in resources if one.kind == "workload.pods"]
        self.workloads = [self._workload(number, one) for number, one in enumerate(_in_order(pods))]
        self.accounts = sorted(
            {Subject(type="ServiceAccount", name=name, namespace=of) for of, name in self._accounts if of and name}
            | {one.account for one in self.workloads if isinstance(one.account, Subject)}
            | {one.subject for one in holdings if one.subject.type == "ServiceAccount"}
        )
        self.namespaces = sorted(
            {KUBE_SYSTEM, *self._namespaces}
            | {one.namespace for one in self.workloads if one.namespace}
            | {one.namespace for one in self.accounts}
            | {one.namespace for one in holdings if one.namespace}
        )
        self._accounts_in: dict[str, list[Subject]] = defaultdict(list)
        for account in self.accounts:
            self._accounts_in[account.namespace].append(account)
        self._workloads_in: dict[str, list[Workload]] = defaultdict(list)
        for workload in self.workloads:
            self._workloads_in[workload.namespace].append(workload)
        self.homeless: Sequence[Workload] = self._workloads_in.pop("", [])
        """Workloads of which it isn't known in which namespace they are."""
        self._claims_in: dict[str, list[str]] = defaultdict(list)
        for of, claim in sorted(self._claims):
            self._claims_in[of].append(claim)
        self.tenants = self._tenants()
        """Whether any namespace says whose it is."""

    def account(self, subject: Subject) -> Account:
        """What is known of an account."""
        found = self._accounts.get((subject.namespace, subject.name))
        if found:
            return found
        # Kubernetes makes them itself, `default` in every namespace, so that files needn't declare them.
        own = (subject.name == "default" or built_in.own_account(subject.text)) and not self.world.live
        undeclared = f"the account {subject.text} isn't declared here"
        return _missing_account(subject, None if own else self._missing("rbac.service-account", undeclared))

    def namespace(self, name: str) -> Namespace:
        """What is known of a namespace."""
        if name in self._namespaces:
            return self._namespaces[name]
        unread = self.unread("cluster.namespace")
        guarded: bool | Unknown = self._doors(name) or False
        if name != KUBE_SYSTEM and not self.world.live:
            guarded = Unknown(reason=f"the namespace {name} isn't declared here")
        if unread:
            doubt = Unknown(reason=unread)
            return Namespace(guarded=doubt, tenant=doubt, system=name in _SYSTEM or doubt)
        return Namespace(guarded=guarded, tenant=None, system=name in _SYSTEM)

    def holds(self, namespace: str, claim: str) -> bool | Unknown:
        """Whether a claim holds models or data."""
        found = self._claims.get((namespace, claim))
        missing = self._missing("cluster.volume-claim", f"the claim {claim} isn't declared here")
        return found if found is not None else missing or False

    def claims_in(self, namespace: str) -> Sequence[str]:
        """The claims that are stated for a namespace, sorted."""
        return self._claims_in.get(namespace, ())

    def accounts_in(self, namespace: str) -> Sequence[Subject]:
        """Its accounts, sorted."""
        return self._accounts_in.get(namespace, ())

    def workloads_in(self, namespace: str) -> Sequence[Workload]:
        """Its workloads, by address."""
        return self._workloads_in.get(namespace, ())

    def doubt(self, namespace: str) -> Unknown | None:
        """Why privileged pods may be refused there, whatever its labels say."""
        return self._doors(namespace)

    def _tenants(self) -> bool | Unknown:
        found = [one.tenant for one in self._namespaces.values()]
        if any(isinstance(one, str) for one in found):
            return True
        unread = unread_of(self.world, "cluster.namespace")
        return Unknown(reason=unread) if unread else next((one for one in found if isinstance(one, Unknown)), False)

    def unread(self, kind: str) -> str | None:
        """As `unread_of`, which is asked for much that isn't there."""
        if kind not in self._unread:
            self._unread[kind] = unread_of(self.world, kind)
        return self._unread[kind]

    def _missing(self, kind: str, reason: str) -> Unknown | None:
        """Of a cluster, what isn't there is absent if all was read; of files, somebody else may declare it."""
        unread = self.unread(kind) if self.world.live else reason
        return Unknown(reason=unread) if unread else None

    def _workload(self, number: int, resource: Resource) -> Workload:
        facts = {name: _fact(resource, name) for name in _WATCHED}
        namespace = facts["namespace"] if isinstance(facts["namespace"], str) else ""
        missing = unknown_of(resource, "namespace")
        homeless = (missing.reason if missing else "the namespace isn't stated") if not namespace else None
        named = facts["service_account"]
        account: Subject | Unknown = (
            Unknown(reason=homeless or reason_of(named))
            if homeless or is_unknown(named)
            else Subject(type="ServiceAccount", name=str(named), namespace=namespace)
        )
        claims = tuple(_claims(facts["volumes"]))
        nodes, token = facts["nodes"], facts["token_mounted"]
        paths = [path for claim in claims for path in self._host_paths.get((namespace, claim), ())]
        return Workload(
            number=number,
            resource=resource,
            namespace=namespace,
            homeless=homeless,
            account=account,
            token=_known(token),
            escape=escape(facts, paths),
            nodes=Unknown(reason=reason_of(nodes)) if is_unknown(nodes) else tuple(sorted(map(str, nodes or ()))),
            placement=_placement(facts["placement"], str(facts["controller"])),
            secrets=_known(facts["uses_secrets"]),
            claims=claims,
            controller=str(facts["controller"]),
            pods="" if homeless else resource.address.partition(f".{namespace}.")[2].partition("/")[0],
        )


def unread_of(world: World, *kinds: str) -> str | None:
    """As `World.unread`, and also where only some namespaces were asked for."""
    found = world.unread(*kinds)
    if found or not world.live:
        return found
    for one in world.of("cluster.listing"):
        asked = value(one, "namespaces", None)
        if asked is not None and any(kind in value(one, "kinds", ()) for kind in kinds):
            return f"{one.address} was listed in chosen namespaces only"
    return None


def _fact(resource: Resource, name: str) -> Any:
    return unknown_of(resource, name) or value(resource, name, None)


def _known(fact: Any) -> bool | Unknown:
    return Unknown(reason=reason_of(fact)) if is_unknown(fact) else fact is True


def _placement(fact: Any, controller: str) -> Placement | None:
    if not isinstance(fact, dict) or any(is_unknown(fact.get(part)) for part in ("node_labels", "control_plane")):
        return None
    tolerates = {one for one in fact["tolerates"] if isinstance(one, str)}
    return Placement(
        labels=tuple(sorted((key, value) for key, value in fact["node_labels"].items() if isinstance(value, str))),
        control_plane=fact["control_plane"] is True,
        tolerates=frozenset(one for one in tolerates if not one.startswith(_PASSING)),
        # What bears any taint comes to every node if one of its pods is put on each.
        may_rule=any(one.startswith(_OF_ROLES) for one in tolerates)
        or (controller == "DaemonSet" and "*" in tolerates),
    )


def _name(resource: Resource, kind: str) -> str:
    """From an address such as `ServiceAccount.ml.train`; names may have dots in them, namespaces none."""
    return resource.address.partition(f"{kind}.{value(resource, 'namespace', '')}.")[2]


def _in_order(resources: Sequence[Resource]) -> Sequence[Resource]:
    """By address; those of one address, as during a rollout, by what they say."""
    by_address: dict[str, list[Resource]] = defaultdict(list)
    for one in resources:
        by_address[one.address].append(one)
    for several in by_address.values():
        if len(several) > 1:
            several.sort(key=repr)
    return [one for address in sorted(by_address) for one in by_address[address]]


def _account(resource: Resource) -> Account:
    tokens = _fact(resource, "long_lived_tokens")
    cloud, identity = _fact(resource, "cloud"), _fact(resource, "cloud_identity")
    return Account(
        address=resource.address,
        tokens=Unknown(reason=reason_of(tokens)) if is_unknown(tokens) else bool(tokens),
        cloud=Unknown(reason=reason_of(identity)) if is_unknown(identity) else identity,
        provider="" if is_unknown(cloud) or not cloud else str(cloud),
    )


def _missing_account(subject: Subject, missing: Unknown | None) -> Account:
    return Account(
        address=f"ServiceAccount.{subject.namespace}.{subject.name}",
        tokens=missing or False,
        cloud=missing,
        provider="",
    )


def _namespace(resource: Resource, doors: "_Doors", name: str) -> Namespace:
    enforces, tenant, system = (_fact(resource, field) for field in ("enforces", "tenant", "system"))
    guarded: bool | Unknown = doors(name) or False
    if is_unknown(enforces):
        guarded = Unknown(reason=reason_of(enforces))
    elif enforces in _GUARDING:
        guarded = True
    return Namespace(
        guarded=guarded,
        tenant=Unknown(reason=reason_of(tenant)) if is_unknown(tenant) else tenant,
        system=Unknown(reason=reason_of(system)) if is_unknown(system) else system is True or name in _SYSTEM,
    )


class _Doors:
    """Admission webhooks that may refuse pods: what they decide isn't known."""

    def __init__(self, webhooks: Sequence[tuple[str, frozenset[str]]], unread: str | None) -> None:
        self._webhooks = webhooks
        self._unread = unread

    def __call__(self, namespace: str) -> Unknown | None:
        for address, exempts in self._webhooks:
            if namespace not in exempts:
                return Unknown(reason=f"{address} may refuse privileged pods")
        return Unknown(reason=self._unread) if self._unread else None


def _doors(world: World) -> _Doors:
    found = []
    for one in sorted(world.of("cluster.webhook"), key=lambda one: one.address):
        guards = _fact(one, "guards_pods")
        if value(one, "type", "validating") == "validating" and (guards is True or is_unknown(guards)):
            exempts = value(one, "exempts", ())
            found.append((one.address, frozenset(name for name in exempts if isinstance(name, str))))
    return _Doors(found, unread_of(world, "cluster.webhook"))


def _holds(resource: Resource) -> bool | Unknown:
    holds = _fact(resource, "holds")
    if is_unknown(holds):
        return Unknown(reason=reason_of(holds))
    unknown = next((one for one in holds if is_unknown(one)), None)
    if any(one in ("model", "dataset") for one in holds):
        return True
    return Unknown(reason=reason_of(unknown)) if unknown is not None else False


def _host_paths(world: World) -> Mapping[tuple[str, str | Unknown], Sequence[str]]:
    """Folders of nodes by the claim through which they are mounted."""
    found: dict[tuple[str, str | Unknown], list[str]] = defaultdict(list)
    for one in world.of("cluster.persistent-volume"):
        path, claim = value(one, "host_path", None), value(one, "claim", None)
        namespace, _, name = str(claim).partition("PersistentVolumeClaim.")[2].partition(".")
        if isinstance(path, str) and name:
            found[namespace, name].append(path)
    return found


def _claims(volumes: Any) -> Iterator[str | Unknown]:
    for one in volumes if isinstance(volumes, list | tuple) else [volumes] if is_unknown(volumes) else ():
        claim = one if is_unknown(one) else one.get("claim") if isinstance(one, dict) else None
        if is_unknown(claim):
            yield Unknown(reason=reason_of(claim))
        elif isinstance(claim, str):
            yield claim
