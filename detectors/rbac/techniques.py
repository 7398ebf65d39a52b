"""What rights lead to: a line for each technique, with the reason why it works.

Left out, as none of them gives control by itself: port-forwarding and the proxies of pods and services (they reach
ports, as any pod may), deleting things, and writing nodes, the status of nodes or pods, or evictions (they move pods
to another node, which helps only whoever holds that node already, and then the node's step has it).

See: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product

from msgspec import Struct

from assay.detectors.rbac import operators
from assay.detectors.rbac.access import Rule
from assay.detectors.rbac.matching import Line, Lines, Match

MOST_NAMES = 500
"""Of the names that one role's rules hold, for one need. Beyond it nothing is sure of the rest."""


class Need(Struct, frozen=True):
    """A right that a technique takes: any of the verbs on any of the things."""

    verbs: tuple[str, ...]
    things: tuple[tuple[str, str], ...]
    """API group, and resource or `resource/subresource`."""
    cluster: bool = False
    """The resource has no namespace, so that a RoleBinding doesn't grant it."""
    named: bool = False
    """The rule's resource names say whom the technique reaches; otherwise they only say by which object. At most one
    need of a technique has names that count."""
    explicit: bool = False
    """Only a rule that names the resource meets it: a wildcard doesn't say that anything makes something of it."""
    namespaces: bool = False
    """The resource is the namespace itself, which a RoleBinding in it grants as well, and a name says in which one the
    technique works."""


class Technique(Struct, frozen=True):
    """A way from rights to what they lead to. One identity must have all of its needs."""

    id: str
    needs: tuple[Need, ...]
    gives: tuple[str, ...]
    """What it leads to; each is a step in `consequences.py`."""
    upgraded: bool = False
    """By a request that becomes a WebSocket, for which some servers ask more: see `provider.py`."""


class Ability(Struct, frozen=True):
    """A technique that a role's rules allow, or a part of it."""

    technique: Technique
    need: int | None
    """Index of the one need that is met; None: all of them are."""
    name: str
    """For whom; empty: anyone."""
    text: str
    """The rights in a line, without names: `get,list secrets`."""


_CORE = ""
_RBAC, _ADMISSION, _CSR = "rbac.authorization.k8s.io", "admissionregistration.k8s.io", "certificates.k8s.io"
_WRITE = ("create", "patch", "update")
_CHANGE = ("patch", "update")
_READ = ("get", "list", "watch")

PODS_AND_CONTROLLERS = (*operators.BUILT_IN, *operators.POD_TEMPLATES)
"""Whoever writes one of these has its controller make pods from a template of his own."""

_CREATE_PODS = (
    Need(("create",), ((_CORE, "pods"),)),
    Need(_WRITE, PODS_AND_CONTROLLERS),
)
_IMPERSONATE = ("impersonate",)

TECHNIQUES: tuple[Technique, ...] = (
    # Whoever may do everything everywhere is an administrator.
    Technique("cluster-admin", (Need(("*",), (("*", "*"),), cluster=True),), ("admin",)),
    # He may create privileged pods, whatever a namespace enforces, as he writes that as well.
    Technique("create-privileged-pods", (Need(("*",), (("*", "*"),), cluster=True),), ("node",)),
    # `list` and `watch` answer with the values as well; a Secret may be an account's token.
    Technique("read-secrets", (Need(_READ, ((_CORE, "secrets"),), named=True),), ("secrets", "tokens")),
    # A pod runs as any account of its namespace, mounts its Secrets and claims, and leaves its container unless
    # admission keeps it from being privileged. A pod can't be changed into this later, so that only `create` counts.
    # See: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation
    *(
        Technique("create-pods", (need,), ("accounts", "escape", "secrets", "volumes", "new-pods"))
        for need in _CREATE_PODS
    ),
    # Pods that an operator makes of an image of one's own: they run as its account, and it may keep them unprivileged.
    Technique("operate-pods", (
        Need(_WRITE, operators.IMAGES, explicit=True),
    ), ("secrets", "operated-escape", "volumes", "new-pods")),
    # A virtual machine's disks may be any Secret, claim and account's token of the namespace.
    # See: https://kubevirt.io/user-guide/storage/disks_and_volumes/
    Technique("create-machines", (
        Need(_WRITE, operators.MACHINES, explicit=True),
    ), ("accounts", "secrets", "volumes", "new-pods")),
    # The images of drivers run privileged on the nodes that have the device.
    Technique("node-software", (Need(_WRITE, operators.NODE_SOFTWARE, cluster=True, explicit=True),), ("node",)),
    Technique("node-software", (Need(_WRITE, operators.NODE_SOFTWARE_IN_NAMESPACE, explicit=True),), ("node",)),
    # Controllers that apply what they are pointed at are administrators where they are installed as they come.
    Technique("deliver-objects", (Need(_WRITE, operators.APPLIERS, explicit=True),), ("delivered",)),
    Technique("deliver-objects", (
        Need(_WRITE, operators.CLUSTER_APPLIERS, cluster=True, explicit=True),
    ), ("delivered",)),
    # The owner that a Profile names is made administrator of its namespace, in which admission may enforce nothing.
    # See: https://www.kubeflow.org/docs/components/central-dash/profiles/
    Technique("own-profile", (Need(_WRITE, operators.PROFILES, cluster=True, explicit=True),), ("profiles",)),
    # A shell in a running container. `get` suffices over WebSockets in versions that ask for nothing more then.
    Technique("exec", (
        Need(("create",), ((_CORE, "pods/exec"), (_CORE, "pods/attach")), named=True),
    ), ("workloads",)),
    Technique("exec", (
        Need(("get",), ((_CORE, "pods/exec"), (_CORE, "pods/attach")), named=True),
    ), ("workloads",), upgraded=True),
    # A container of one's own inside a running pod, with the pod's tokens and volumes within reach. It may be
    # privileged unless admission keeps it from that.
    Technique("ephemeral-containers", (
        Need(_CHANGE, ((_CORE, "pods/ephemeralcontainers"),), named=True),
    ), ("workloads", "ephemeral-escape")),
    # The image of a running pod may be changed; its account may not.
    Technique("change-image", (Need(_CHANGE, ((_CORE, "pods"),), named=True),), ("workloads",)),
    # The controller fills in a new Secret of the type service-account-token for whichever account it names.
    # See: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#token-controller
    Technique("token-secret", (
        Need(("create",), ((_CORE, "secrets"),)), Need(_READ, ((_CORE, "secrets"),)),
    ), ("accounts",)),
    # The TokenRequest API gives a token of any account that it is allowed for.
    Technique("token-request", (Need(("create",), ((_CORE, "serviceaccounts/token"),), named=True),), ("accounts",)),
    # Requests with Impersonate-User headers are judged as those of the one who is named.
    # See: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
    Technique("impersonate", (Need(_IMPERSONATE, ((_CORE, "serviceaccounts"),), named=True),), ("accounts",)),
    Technique("impersonate", (Need(_IMPERSONATE, ((_CORE, "users"),), cluster=True, named=True),), ("users",)),
    # Impersonate-Group is refused without Impersonate-User, so that it takes the right to some user or account.
    Technique("impersonate", (
        Need(_IMPERSONATE, ((_CORE, "groups"),), cluster=True, named=True),
        Need(_IMPERSONATE, ((_CORE, "users"),), cluster=True),
    ), ("groups",)),
    Technique("impersonate", (
        Need(_IMPERSONATE, ((_CORE, "groups"),), cluster=True, named=True),
        Need(_IMPERSONATE, ((_CORE, "serviceaccounts"),)),
    ), ("groups",)),
    # `escalate` lifts the rule that nobody may write rights into a role that he hasn't got; the role must be one's own.
    # See: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
    Technique("escalate", (
        Need(("escalate",), ((_RBAC, "clusterroles"),), cluster=True, named=True),
        Need(_CHANGE, ((_RBAC, "clusterroles"),), cluster=True),
    ), ("own-role",)),
    Technique("escalate", (
        Need(("escalate",), ((_RBAC, "roles"),), named=True), Need(_CHANGE, ((_RBAC, "roles"),)),
    ), ("own-role-here",)),
    # `bind` lifts the rule that nobody may bind a role whose rights he hasn't got.
    Technique("bind", (
        Need(("bind",), ((_RBAC, "clusterroles"),), cluster=True, named=True),
        Need(_WRITE, ((_RBAC, "clusterrolebindings"),), cluster=True),
    ), ("cluster-role",)),
    Technique("bind", (
        Need(("bind",), ((_RBAC, "clusterroles"),), named=True), Need(_WRITE, ((_RBAC, "rolebindings"),)),
    ), ("cluster-role-here",)),
    Technique("bind", (
        Need(("bind",), ((_RBAC, "roles"),), named=True), Need(_WRITE, ((_RBAC, "rolebindings"),)),
    ), ("role-here",)),
    # The API server passes it on to the kubelet, which runs commands in every container of its node; `get` suffices
    # over WebSockets, and admission and the audit log see nothing of them.
    # See: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes
    Technique("node-proxy", (Need(("create", "get"), ((_CORE, "nodes/proxy"),), cluster=True),), ("kubelets",)),
    # A client certificate holds any user name and group but system:masters, which an admission plugin refuses.
    # See: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
    Technique("sign-certificate", (
        Need(("create",), ((_CSR, "certificatesigningrequests"),), cluster=True),
        Need(_CHANGE, ((_CSR, "certificatesigningrequests/approval"),), cluster=True),
        Need(("approve",), ((_CSR, "signers"),), cluster=True, named=True),
    ), ("signer",)),
    # A mutating webhook rewrites what others create, such as the account and image of an administrator's pod.
    # See: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#control-admission-webhooks
    Technique("mutating-webhook", (
        Need(_WRITE, ((_ADMISSION, "mutatingwebhookconfigurations"),), cluster=True),
    ), ("admin",)),
    Technique("mutating-webhook", (
        Need(_WRITE, ((_ADMISSION, "mutatingadmissionpolicies"),), cluster=True),
        Need(_WRITE, ((_ADMISSION, "mutatingadmissionpolicybindings"),), cluster=True),
    ), ("admin",)),
    # A validating one is sent every Secret that is written.
    Technique("validating-webhook", (
        Need(_WRITE, ((_ADMISSION, "validatingwebhookconfigurations"),), cluster=True),
    ), ("secrets",)),
    # A volume of the type hostPath is the node's own file system, which Pod Security doesn't see in a claim; some pod
    # has to mount it. StatefulSets and ephemeral volumes make the claim, so that no right to claims is needed.
    # See: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#persistent-volume-creation
    *(
        Technique("host-path-volume", (
            Need(("create",), ((_CORE, "persistentvolumes"),), cluster=True), need,
        ), ("node",))
        for need in _CREATE_PODS
    ),
    # Pod Security is a label of the namespace: without it privileged pods are let in.
    # See: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#namespace-modification
    *(
        Technique("lift-pod-security", (
            Need(_CHANGE, ((_CORE, "namespaces"),), namespaces=True), need,
        ), ("unguarded-node",))
        for need in _CREATE_PODS
    ),
    # On EKS this ConfigMap says which cloud identities are in system:masters.
    # See: https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
    Technique("aws-auth", (Need(_CHANGE, ((_CORE, "configmaps"),), named=True),), ("aws-auth",)),
    # An APIService hands a whole API group, RBAC's too, to a server of one's own.
    # See: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
    Technique("serve-api", (Need(_WRITE, (("apiregistration.k8s.io", "apiservices"),), cluster=True),), ("admin",)),
    # A conversion webhook rewrites every object of a custom resource as its operator reads it, pod templates included.
    # See: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
    Technique("convert-objects", (
        Need(_CHANGE, (("apiextensions.k8s.io", "customresourcedefinitions"),), cluster=True, named=True),
    ), ("custom-workloads",)),
)  # fmt: skip


def abilities(rules: Sequence[Rule], cluster: bool) -> tuple[tuple[Ability, ...], str | None]:
    """What the rules of one role allow, through a binding of the whole `cluster` or of a namespace, and a reason where
    there may be more than that."""
    found: list[Ability] = []
    beyond: str | None = None
    by_need = _met(rules, cluster)
    for at, names in by_need.items():
        if len(names) > 1:  # in an order that doesn't hang on the process's hashes
            by_need[at] = dict(sorted(names.items())[:MOST_NAMES])
        if len(names) > MOST_NAMES:
            beyond = f"a role names more than {MOST_NAMES} objects"
    asked = _questions()
    for index in sorted({index for at in by_need for index in asked.with_need[at]}):
        technique, needs = TECHNIQUES[index], asked.of[index]
        met = [by_need.get(at, {}) for at in needs]
        if all(met):
            found += _whole(technique, met)
        if len(met) > 1 and not all("" in names for names in met):
            found += _parts(technique, met)
    return tuple(found), beyond


class _Questions(Struct, frozen=True):
    needs: tuple[Need, ...]
    lines: Lines[int]
    """For each thing of each need, the need's index."""
    of: tuple[tuple[int, ...], ...]
    """The needs of each technique, by their index."""
    with_need: tuple[tuple[int, ...], ...]
    """The techniques of each need, by theirs."""


@cache
def _questions() -> _Questions:
    """The needs of all techniques, each once, and which of them each technique has."""
    needs = tuple(dict.fromkeys(need for technique in TECHNIQUES for need in technique.needs))
    index = {need: at for at, need in enumerate(needs)}
    lines = Lines(
        Line(at, frozenset(need.verbs), group, resource)
        for at, need in enumerate(needs)
        for group, resource in need.things
    )
    of = tuple(tuple(index[need] for need in technique.needs) for technique in TECHNIQUES)
    with_need = tuple(tuple(number for number, used in enumerate(of) if at in used) for at in range(len(needs)))
    return _Questions(needs, lines, of, with_need)


def _met(rules: Iterable[Rule], cluster: bool) -> dict[int, dict[str, str]]:
    """The needs that are met, and for whom, with the rights in a line; the empty name: for anyone."""
    needs = _questions().needs
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for rule in rules:
        wildcard = "*" in rule.resources or "*" in rule.groups
        by_need: dict[int, list[Match[int]]] = defaultdict(list)
        for match in _questions().lines.met(rule):
            by_need[match.line.place].append(match)
        for at, matches in by_need.items():
            need = needs[at]
            if (need.cluster and not cluster) or (need.explicit and wildcard):
                continue
            text, names = _told(rule, matches), found[at]
            counts = need.named or need.namespaces
            for name in rule.names if rule.names and counts else ("",):
                names[name] = min(names.get(name, text), text)
    return found


def _told(rule: Rule, matches: Sequence[Match[int]]) -> str:
    verbs = "*" if "*" in rule.verbs else ",".join(sorted({verb for match in matches for verb in match.verbs}))
    things = ["*"] if "*" in rule.resources else sorted({match.line.resource for match in matches})
    return f"{verbs} {','.join(things[:3])}{'…' if len(things) > 3 else ''}"


def _whole(technique: Technique, met: Sequence[Mapping[str, str]]) -> Iterator[Ability]:
    for names in product(*met):
        texts = dict.fromkeys(needed[name] for needed, name in zip(met, names, strict=True))  # each rule once
        counts = [name for need, name in zip(technique.needs, names, strict=True) if need.named or need.namespaces]
        yield Ability(technique, None, counts[0] if counts else "", "; ".join(texts))


def _parts(technique: Technique, met: Sequence[Mapping[str, str]]) -> Iterator[Ability]:
    for index, names in enumerate(met):
        for name, text in names.items():
            yield Ability(technique, index, name, text)
