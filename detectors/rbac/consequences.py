"""What techniques lead to: from a technique in a place to the accounts, workloads, nodes and Secrets that it gives."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping

from assay.detectors.rbac.access import EVERYTHING, MASTERS, Rule, Subject
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.graph import Graph
from assay.detectors.rbac.provider import provider_of
from assay.detectors.rbac.surroundings import KUBE_SYSTEM, Surroundings, Workload, unread_of
from assay.detectors.rbac.techniques import Technique
from assay.detectors.worlds import value
from assay.scanner.api import Unknown
from assay.scanner.safe import pseudonyms

EVERYWHERE = ""
"""In place of a namespace: the whole cluster."""
RightsNode = Callable[[tuple[Rule, ...], str], int]
_EVERY = (EVERYTHING,)
_USER_SIGNERS = frozenset({"", "kubernetes.io/kube-apiserver-client", "kubernetes.io/*"})
_NODE_SIGNERS = frozenset({"", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"})
_MOST_PARTS = 64
_TOKEN = "-token-"  # noqa: S105  # between an account's name and a random end, in the name of a Secret


class Consequences:
    """Adds the nodes of techniques, each with its edges, as they are asked for."""

    def __init__(self, graph: Graph, around: Surroundings, access: Access, rights: RightsNode) -> None:
        self._graph = graph
        self._around = around
        self._access = access
        self._rights = rights
        self._done: set[int] = set()
        self._pending: deque[tuple[int, Technique, str, str]] = deque()
        self._accounts: dict[str, list[Subject]] = defaultdict(list)
        for account in around.accounts:
            self._accounts[account.name].append(account)
        self._pods: dict[str, list[Workload]] = defaultdict(list)
        for workload in around.workloads:
            self._pods[workload.pods].append(workload)
        self._roles: dict[str, list[str]] = defaultdict(list)
        for address in sorted({one.address for one in around.world.of("rbac.role")}):
            kind, _, named = address.partition(".")
            if kind == "Role":
                self._roles[named.partition(".")[0]].append(address)
        self._custom: dict[str, list[Workload]] = defaultdict(list)
        for workload in around.workloads:
            if workload.controller not in _BUILT_IN_CONTROLLERS:
                self._custom[workload.controller.lower()].append(workload)
        self._unlisted = unread_of(around.world, "workload.pods")
        self._unseen = not around.world.live or unread_of(around.world, "cluster.namespace") is not None
        self._eks = provider_of(around.world).eks
        self._hidden: Mapping[str, int] | None = None
        """Groups by what a user so called would be stated as."""

    def can(self, technique: Technique, namespace: str, name: str) -> int:
        """The node of a technique in a namespace or everywhere, for a name or for anyone."""
        node = self._graph.node("can", technique.id, technique.gives[0], namespace, name)
        if node not in self._done:
            self._done.add(node)
            self._pending.append((node, technique, namespace, name))
        return node

    def is_someone(self, technique: Technique, namespace: str, name: str) -> bool:
        """Whether an account that a technique is for is there at all; True for what is for others, or for anyone."""
        if not name or technique.gives[0] != "accounts":
            return True
        return any(one.namespace == namespace or not namespace for one in self._accounts.get(name, ()))

    def settle(self) -> None:
        """Adds the edges of all techniques that were asked for. Roles may lead to further roles, however far."""
        while self._pending:
            self._lead(*self._pending.popleft())

    def _lead(self, node: int, technique: Technique, namespace: str, name: str) -> None:
        gives = technique.gives
        if namespace == EVERYWHERE and gives[0] in _FANNED:
            for one in self._around.namespaces:
                self._graph.edge(node, self.can(technique, one, name))
            if not name and "secrets" in gives:
                self._to_secrets(node, EVERYWHERE, "")
            for workload in self._around.homeless if "workloads" in gives else ():
                # Whether it is one of that name depends on its namespace as well.
                self._graph.edge(node, self.workload(workload), workload.homeless if name else None)
            if not name and self._unseen and ("new-pods" in gives or "workloads" in gives):
                self._to_new_pods(node, EVERYWHERE, "")
            return
        for give in gives:
            _STEPS[give](self, node, namespace, name)

    def identity(self, subject: Subject) -> int:
        """A user, group or account."""
        return self._graph.node("identity", subject.type, subject.text)

    def workload(self, workload: Workload) -> int:
        """The pods of one template."""
        return self._graph.node("workload", str(workload.number), workload.resource.address)

    def admin(self) -> int:
        """Everything in the whole cluster."""
        found = self._graph.find("admin")
        if found is None:
            found = self._graph.node("admin")
            self._graph.edge(found, self._rights(_EVERY, EVERYWHERE))
        return found

    def everything_in(self, namespace: str) -> int:
        """Everything in a namespace, or in the whole cluster."""
        return self._role("", _EVERY, namespace) if namespace else self.admin()

    def accounts(self, namespace: str) -> int:
        """Every account of a namespace."""
        node, new = self._group("accounts", namespace)
        for one in self._around.accounts_in(namespace) if new else ():
            self._graph.edge(node, self.identity(one))
        return node

    def hosted(self) -> int:
        """Every workload that runs on some node."""
        node, new = self._group("hosted")
        if new:
            for one in self._around.workloads:
                self._graph.edge(node, self.workload(one))
            if self._unlisted:
                self._graph.edge(node, self.everything_in(KUBE_SYSTEM), self._unlisted)
        return node

    def _admin(self, node: int, _namespace: str, _name: str) -> None:
        self._graph.edge(node, self.admin())

    def _to_accounts(self, node: int, namespace: str, name: str) -> None:
        if not name:
            self._graph.edge(node, self.accounts(namespace))
        for one in self._accounts.get(name, ()):
            if one.namespace == namespace:
                self._graph.edge(node, self.identity(one))

    def _to_tokens(self, node: int, namespace: str, name: str) -> None:
        group, new = self._group("token-accounts", namespace)
        for one in self._around.accounts_in(namespace) if new else ():
            tokens = self._around.account(one).tokens
            if tokens is not False:
                self._graph.edge(group, self.identity(one), _why(tokens))
        if not name:
            self._graph.edge(node, group)
            return
        # Kubernetes gave such Secrets names like `train-token-x7k2p`; others may have any.
        owner = name.rpartition(_TOKEN)[0]
        named = [one for one in self._accounts.get(owner, ()) if one.namespace == namespace]
        for one in named:
            tokens = self._around.account(one).tokens
            if tokens is not False:
                self._graph.edge(node, self.identity(one), _why(tokens))
        if not named:
            self._graph.edge(node, group, "whether a Secret that a role names holds an account's token isn't read")

    def _to_workloads(self, node: int, namespace: str, name: str) -> None:
        if name:
            for one in self._named(namespace, name):
                self._graph.edge(node, self.workload(one))
            return
        group, new = self._group("pods", namespace)
        self._graph.edge(node, group)
        if not new:
            return
        for one in self._around.workloads_in(namespace):
            self._graph.edge(group, self.workload(one))
        if self._unlisted:
            unlisted = self._graph.node("unlisted", namespace)
            self._graph.edge(group, unlisted, self._unlisted)
            self._to_accounts(unlisted, namespace, "")
            self._to_volumes(unlisted, namespace, "")
            self._to_new_pods(unlisted, namespace, "")
            self._to_node(unlisted, namespace, "")

    def _named(self, namespace: str, name: str) -> Iterator[Workload]:
        """Workloads whose pods may be called so."""
        parts = name.split("-")[:_MOST_PARTS]
        for length in range(1, len(parts) + 1):
            for one in self._pods.get("-".join(parts[:length]), ()):
                if one.namespace == namespace:
                    yield one

    def _to_node_by_container(self, node: int, namespace: str, name: str) -> None:
        guarded = self._around.namespace(namespace).guarded
        if guarded is True:
            return
        running = self._named(namespace, name) if name else iter(self._around.workloads_in(namespace))
        # Every cluster has pods in this namespace, whatever is declared.
        if next(running, None) is not None or (namespace == KUBE_SYSTEM and not name):
            self._to_any_node(node, guarded)
        elif self._unlisted or not self._around.world.live:
            self._to_any_node(node, _why(guarded) or self._unlisted or f"whether pods run in {namespace} isn't known")

    def _to_custom_workloads(self, node: int, _namespace: str, name: str) -> None:
        # A CustomResourceDefinition is named by plural and group: `rayclusters.ray.io`.
        plural = name.partition(".")[0]
        singular = {plural, plural.removesuffix("s"), plural.removesuffix("es")} if plural else self._custom.keys()
        for kind in sorted(self._custom.keys() & singular):
            for one in self._custom[kind]:
                self._graph.edge(node, self.workload(one))
        if self._unlisted:
            self._graph.edge(node, self.hosted(), self._unlisted)

    def _to_kubelets(self, node: int, _namespace: str, _name: str) -> None:
        self._graph.edge(node, self.hosted())
        if self._unseen:
            # The cluster's own pods aren't declared, and some of them have their nodes.
            self._to_any_node(node, False)
            self._to_new_pods(node, EVERYWHERE, "")

    def _to_node_by_pod(self, node: int, namespace: str, _name: str) -> None:
        guarded = self._around.namespace(namespace).guarded
        if guarded is not True:
            self._to_any_node(node, guarded)

    def _to_node_by_operator(self, node: int, namespace: str, _name: str) -> None:
        guarded = self._around.namespace(namespace).guarded
        if guarded is not True:
            self._to_any_node(node, _why(guarded) or "whether the operator makes privileged pods isn't known")

    def _delivered(self, node: int, _namespace: str, _name: str) -> None:
        self._graph.edge(node, self.admin(), "what the controller may apply that is pointed at objects isn't known")

    def _to_profiles(self, node: int, _namespace: str, _name: str) -> None:
        for one in self._around.world.of("ai.tenant"):
            namespace = value(one, "namespace", None)
            if isinstance(namespace, str):
                self._graph.edge(node, self.everything_in(namespace))
        self._to_any_node(node, "what admission enforces in the namespace of a new Profile isn't known")
        if self._unseen or unread_of(self._around.world, "ai.tenant"):
            pods = self._graph.node("new-pods", EVERYWHERE)
            self._graph.edge(node, pods, "which Profiles there are isn't known")
            self.tenancy(pods, EVERYWHERE)

    def _to_unguarded_node(self, node: int, namespace: str, _name: str) -> None:
        guarded = self._around.namespace(namespace).guarded
        # What a label enforced is lifted with it; what webhooks decide isn't.
        self._to_any_node(node, self._around.doubt(namespace) if guarded is True else guarded)

    def _to_node(self, node: int, _namespace: str, _name: str) -> None:
        self._to_any_node(node, False)

    def _to_any_node(self, node: int, doubt: bool | Unknown | str | None) -> None:
        self._graph.edge(node, self._graph.node("node", ""), doubt if isinstance(doubt, str) else _why(doubt))

    def _to_secrets(self, node: int, namespace: str, name: str) -> None:
        if not name:  # the Secrets that a role names are those that somebody meant it to read
            self._graph.edge(node, self._graph.node("secrets", namespace))

    def _to_volumes(self, node: int, namespace: str, _name: str) -> None:
        group, new = self._group("volumes", namespace)
        self._graph.edge(node, group)
        if not new:
            return
        for claim in self._around.claims_in(namespace):
            self.volume(group, namespace, claim)
        unread = self._around.unread("cluster.volume-claim")
        if unread:
            self._graph.edge(group, self._graph.node("volume", namespace, "?"), unread)

    def volume(self, node: int, namespace: str, claim: str | Unknown) -> None:
        """An edge to a claim, if it holds models or data."""
        holds = claim if isinstance(claim, Unknown) else self._around.holds(namespace, claim)
        if holds is not False:
            name = "?" if isinstance(claim, Unknown) else claim
            self._graph.edge(node, self._graph.node("volume", namespace, name), _why(holds))

    def _to_new_pods(self, node: int, namespace: str, _name: str) -> None:
        pods = self._graph.node("new-pods", namespace)
        self._graph.edge(node, pods)
        self.tenancy(pods, namespace)

    def tenancy(self, node: int, namespace: str) -> None:
        """An edge to whom the namespace belongs, unless it is Kubernetes' own."""
        of = self._around.namespace(namespace)
        if of.system is True:
            return
        doubt = next((one for one in (of.system, of.tenant) if isinstance(one, Unknown)), None)
        self._graph.edge(node, self._graph.node("tenant", tenant_label(namespace, of.tenant)), _why(doubt))

    def _to_users(self, node: int, _namespace: str, name: str) -> None:
        if name:
            known = self._graph.find("identity", "User", pseudonyms.of_user(name))
            if known is not None:
                self._graph.edge(node, known)
            return
        self._to_all(node, "User")

    def _to_groups(self, node: int, _namespace: str, name: str) -> None:
        if name:
            known = self._graph.find("identity", "Group", pseudonyms.of_group(name))
            # A rule for users and groups at once holds all its names as pseudonyms of users.
            known = self._hidden_groups().get(name) if known is None else known
            if known is not None:
                self._graph.edge(node, known)
            return
        self._graph.edge(node, self._graph.node("identity", "Group", MASTERS))
        self._to_all(node, "Group")

    def _hidden_groups(self) -> Mapping[str, int]:
        if self._hidden is None:
            groups = [
                (number, key[2]) for number, key in enumerate(self._graph.keys) if key[:2] == ("identity", "Group")
            ]
            self._hidden = {pseudonyms.of_user(name): number for number, name in groups}
        return self._hidden

    def _to_all(self, node: int, kind: str) -> None:
        group, new = self._group("all", kind)
        self._graph.edge(node, group)
        for number, key in enumerate(list(self._graph.keys)) if new else ():
            if key[:2] == ("identity", kind) and key[2] != MASTERS:
                self._graph.edge(group, number)

    def _to_signer(self, node: int, namespace: str, name: str) -> None:
        if name in _USER_SIGNERS:
            self._to_all(node, "User")
            self._to_all(node, "Group")
        if name in _NODE_SIGNERS:
            self._to_node(node, namespace, "")

    def _to_own_role(self, node: int, _namespace: str, name: str) -> None:
        if not name:  # whoever may change ClusterRoles holds one
            self._graph.edge(node, self.admin())

    def _to_own_role_here(self, node: int, _namespace: str, _name: str) -> None:
        """Nothing by itself: which role is one's own, `steps.py` looks at."""

    def _to_cluster_role(self, node: int, _namespace: str, name: str) -> None:
        self._to_role(node, f"ClusterRole.{name}" if name else "", EVERYWHERE)

    def _to_cluster_role_here(self, node: int, namespace: str, name: str) -> None:
        self._to_role(node, f"ClusterRole.{name}" if name else "", namespace)

    def _to_role_here(self, node: int, namespace: str, name: str) -> None:
        for address in [f"Role.{namespace}.{name}"] if name else self._roles.get(namespace, ()):
            self._to_role(node, address, namespace)

    def _to_role(self, node: int, address: str, namespace: str) -> None:
        if not address:
            self._graph.edge(node, self.everything_in(namespace))
            return
        found = self._access.roles.at(address).rules
        self._graph.edge(node, self._role(address, found.sure, namespace))
        if found.unknown:
            self._graph.edge(node, self._role(address, found.maybe, namespace, "?"), found.unknown)

    def _role(self, address: str, rules: tuple[Rule, ...], namespace: str, *sort: str) -> int:
        role = self._graph.node("role", address, namespace, *sort)
        self._graph.edge(role, self._rights(rules, namespace))
        return role

    def _to_aws_auth(self, node: int, namespace: str, name: str) -> None:
        named = name == "aws-auth"  # nobody names it in a role but for EKS
        if namespace not in (EVERYWHERE, KUBE_SYSTEM) or name not in ("", "aws-auth") or (not named and not self._eks):
            return
        self._graph.edge(node, self.admin(), None if named else _why(self._eks))

    def _group(self, kind: str, *names: str) -> tuple[int, bool]:
        found = self._graph.find(kind, *names)
        return (found, False) if found is not None else (self._graph.node(kind, *names), True)


_STEPS: Mapping[str, Callable[[Consequences, int, str, str], None]] = {
    "admin": Consequences._admin, "accounts": Consequences._to_accounts, "tokens": Consequences._to_tokens,
    "workloads": Consequences._to_workloads, "custom-workloads": Consequences._to_custom_workloads,
    "operated-escape": Consequences._to_node_by_operator, "delivered": Consequences._delivered,
    "profiles": Consequences._to_profiles,
    "kubelets": Consequences._to_kubelets, "ephemeral-escape": Consequences._to_node_by_container,
    "escape": Consequences._to_node_by_pod,
    "unguarded-node": Consequences._to_unguarded_node, "node": Consequences._to_node,
    "secrets": Consequences._to_secrets, "volumes": Consequences._to_volumes, "new-pods": Consequences._to_new_pods,
    "users": Consequences._to_users, "groups": Consequences._to_groups, "signer": Consequences._to_signer,
    "own-role": Consequences._to_own_role, "own-role-here": Consequences._to_own_role_here,
    "cluster-role": Consequences._to_cluster_role, "cluster-role-here": Consequences._to_cluster_role_here,
    "role-here": Consequences._to_role_here, "aws-auth": Consequences._to_aws_auth,
}  # fmt: skip
"""By what a technique gives."""
_FANNED = frozenset({"accounts", "secrets", "workloads", "unguarded-node", "cluster-role-here", "role-here"})
"""Techniques that give something in one namespace; with rights in the whole cluster, in each of them."""
_BUILT_IN_CONTROLLERS = frozenset({
    "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob",
})  # fmt: skip


def tenant_label(namespace: str, tenant: str | Unknown | None) -> str:
    """What two namespaces of one tenant share; otherwise each stands for itself."""
    return f"tenant {tenant}" if isinstance(tenant, str) else f"namespace {namespace or '*'}"


def _why(fact: bool | Unknown | None) -> str | None:
    """What an edge hangs on, where the fact that it takes is unknown."""
    return fact.reason if isinstance(fact, Unknown) else None
