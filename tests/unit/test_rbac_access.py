"""Who may do what: the compiled evaluation against the slow one, and what must not follow from what is unknown."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detectors.rbac import built_in
from assay.detectors.rbac.access import Subject, What
from assay.detectors.rbac.compile import Access, compile_access
from assay.detectors.worlds import with_facts, worlds
from assay.scanner.api import Known, Resource, Unknown
from tests.kube_server import slow_rbac
from tests.unit.rbac_source import LISTED, access, binding, listing, resources, role, rule

_NAMESPACES = ("ml", "web")
_VERBS = ("get", "list", "create", "*")
_GROUPS = ("", "apps", "*")
_RESOURCES = ("pods", "pods/log", "pods/*", "*/log", "deployments", "*")
_NAMES = ("one", "two")
_URLS = ("/metrics", "/metrics/*", "/m*", "*", "/a*b")
_ASKED_URLS = ("/metrics", "/metrics/slis", "/m", "/a", "/a*b", "/axb")
_SUBJECTS = (
    "ServiceAccount:ml/train",
    "ServiceAccount:web/train",
    "ServiceAccount:train",
    "User:system:serviceaccount:ml:train",
    "User:user-1",
    "User:system:anonymous",
    "Group:devs",
    "Group:system:serviceaccounts",
    "Group:system:serviceaccounts:ml",
    "Group:system:authenticated",
    "Group:system:unauthenticated",
    "Group:system:masters",
)
_ASKING = (
    (Subject(type="ServiceAccount", name="train", namespace="ml"), "system:serviceaccount:ml:train", ()),
    (Subject(type="User", name="system:serviceaccount:web:train"), "system:serviceaccount:web:train", ()),
    (Subject(type="User", name="user-1"), "user-1", ()),
    (Subject(type="User", name="system:anonymous"), "system:anonymous", ()),
    (Subject(type="Group", name="devs"), "someone", ("devs",)),
    (Subject(type="Group", name="system:masters"), "someone", ("system:masters",)),
    (Subject(type="Group", name="system:authenticated"), "someone", ()),
)
_LABELS = ("a", "b")


def _some(values: Sequence[str], least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=2, unique=True)


_resource_rules = st.builds(
    lambda verbs, resources, groups, names: rule(",".join(verbs), ",".join(resources), groups, names),
    _some(_VERBS),
    _some(_RESOURCES),
    _some(_GROUPS),
    _some(_NAMES, 0),
)
_url_rules = st.builds(lambda verbs, urls: rule(",".join(verbs), urls=urls), _some(_VERBS), _some(_URLS))
_rules = st.lists(_resource_rules | _url_rules, max_size=3)
_labels = st.dictionaries(st.sampled_from(_LABELS), st.sampled_from(("1", "2")), max_size=2)
_expressions = st.one_of(
    st.builds(lambda key, op, v: {"key": key, "operator": op, "values": v}, st.sampled_from(_LABELS),
              st.sampled_from(("In", "NotIn")), _some(("1", "2"))),
    st.builds(lambda key, op: {"key": key, "operator": op}, st.sampled_from(_LABELS),
              st.sampled_from(("Exists", "DoesNotExist"))),
)  # fmt: skip
_selectors = st.builds(
    lambda labels, expressions: {"matchLabels": labels, "matchExpressions": expressions},
    _labels,
    st.lists(_expressions, max_size=2),
)


@st.composite
def _policies(draw: st.DrawFn, aggregation: bool = True) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in draw(_some(("red", "green", "blue"), 0)):
        selectors = draw(st.lists(_selectors, max_size=2)) if aggregation else []
        found.append(role(name, *draw(_rules), labels=draw(_labels), selectors=selectors))
    for name in draw(_some(("red", "green"), 0)):
        found.append(role(name, *draw(_rules), namespace=draw(st.sampled_from(_NAMESPACES))))
    for number in range(draw(st.integers(0, 4))):
        found.append(draw(_bindings(number)))
    return found


@st.composite
def _bindings(draw: st.DrawFn, number: int) -> dict[str, Any]:
    namespace = draw(st.sampled_from((None, *_NAMESPACES)))
    return binding(
        f"b{number}",
        draw(st.sampled_from(("red", "green", "blue", "gone"))),
        # No server takes a ClusterRoleBinding to a Role, or of an account without a namespace.
        *(one for one in draw(_some(_SUBJECTS, 0)) if namespace or one != "ServiceAccount:train"),
        namespace=namespace,
        kind=draw(st.sampled_from(("Role", "ClusterRole") if namespace else ("ClusterRole",))),
    )


_questions = st.builds(
    lambda verb, group, resource, name: (
        verb,
        What(group=group, resource=resource[0], subresource=resource[1], name=name),
    ),
    st.sampled_from(("get", "list", "create", "delete")),
    st.sampled_from(("", "apps", "batch")),
    st.sampled_from((("pods", ""), ("pods", "log"), ("deployments", ""), ("deployments", "log"), ("nodes", ""))),
    st.sampled_from(("", "one", "three")),
)  # fmt: skip
_url_questions = st.builds(
    lambda verb, url: (verb, What(url=url)), st.sampled_from(("get", "delete")), st.sampled_from(_ASKED_URLS)
)
_asked = st.tuples(
    st.sampled_from(_ASKING), _questions | _url_questions, st.sampled_from((None, *_NAMESPACES, "other"))
)
_tried = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _slowly(
    objects: Sequence[Mapping[str, Any]], user: str, groups: Sequence[str], verb: str, what: What, namespace: str | None
) -> bool:
    if what.url:
        return slow_rbac.allowed_url(objects, user, groups, verb, what.url)
    place = namespace or ""
    return slow_rbac.allowed(objects, user, groups, verb, what.group, what.resource, what.subresource, what.name, place)


def _kubernetes_own() -> list[dict[str, Any]]:
    """Kubernetes' own roles, as every cluster has them that files are applied to."""
    found = []
    for address, original in built_in.originals().items():
        kind, _, name = address.partition(".")
        if kind == "ClusterRole":
            rules = [
                {
                    "verbs": sorted(one.verbs),
                    "apiGroups": sorted(one.groups),
                    "resources": sorted(one.resources),
                    "resourceNames": sorted(one.names),
                    "nonResourceURLs": sorted(one.urls),
                }
                for one in original.rules
            ]
            selectors = [{"matchLabels": {key: "true"}} for key in original.aggregates]
            found.append(role(name, *rules, labels=original.labels, selectors=selectors))
    return found


_OWN = _kubernetes_own()


@_tried
@given(_policies(), st.lists(_asked, min_size=5, max_size=20))
def test_files_are_evaluated_as_the_slow_implementation_does_for_a_cluster_that_they_are_applied_to(
    policy: list[dict[str, Any]], asked: list[Any]
) -> None:
    found = access(policy)
    for (subject, user, groups), (verb, what), namespace in asked:
        slow = _slowly([*_OWN, *policy], user, groups, verb, what, namespace)
        fast = found.can(subject, verb, what, namespace)
        # What a file refers to and doesn't declare may be anything.
        assert fast is slow or (fast is None and not slow)


@_tried
@given(_policies(aggregation=False), st.lists(_asked, min_size=5, max_size=20))
def test_a_live_cluster_is_evaluated_as_the_slow_implementation_does(
    policy: list[dict[str, Any]], asked: list[Any]
) -> None:
    found = access(policy, live=True)
    for (subject, user, groups), (verb, what), namespace in asked:
        assert found.can(subject, verb, what, namespace) is _slowly(policy, user, groups, verb, what, namespace)


@_tried
@given(_policies(), _bindings(9), st.lists(_asked, min_size=5, max_size=20))
def test_a_further_binding_takes_no_right_away(
    policy: list[dict[str, Any]], further: dict[str, Any], asked: list[Any]
) -> None:
    before, after = access(policy), access([*policy, further])
    for (subject, _, _), (verb, what), namespace in asked:
        if before.can(subject, verb, what, namespace):
            assert after.can(subject, verb, what, namespace) is True


@_tried
@given(_policies(), st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_nothing(policy: list[dict[str, Any]], chance: random.Random) -> None:
    shuffled = list(policy)
    chance.shuffle(shuffled)
    assert access(policy).holdings == access(shuffled).holdings


@_tried
@given(_policies(aggregation=False), st.lists(_asked, min_size=5, max_size=20))
def test_roles_and_bindings_that_could_not_be_listed_turn_no_answer_round(
    policy: list[dict[str, Any]], asked: list[Any]
) -> None:
    whole = access(policy, live=True)
    for left_out, denied in (("ClusterRole", "rbac.role"), ("RoleBinding", "rbac.binding")):
        seen = [one for one in policy if one["kind"] != left_out]
        extra = [listing(denied, "403"), *(one for one in LISTED if one.address != f"listing.{denied}")]
        part = access(seen, live=True, extra=extra)
        for (subject, _, _), (verb, what), namespace in asked:
            answer = part.can(subject, verb, what, namespace)
            assert answer is None or answer is whole.can(subject, verb, what, namespace)


@_tried
@given(_policies(), st.integers(0, 50), st.lists(_asked, min_size=5, max_size=20))
def test_a_part_that_is_unknown_turns_no_answer_round(
    policy: list[dict[str, Any]], chosen: int, asked: list[Any]
) -> None:
    before, after = access(policy), _with_one_unknown(policy, chosen)
    if after is None:
        return
    for (subject, _, _), (verb, what), namespace in asked:
        answer = after.can(subject, verb, what, namespace)
        assert answer is None or answer is before.can(subject, verb, what, namespace)


def _with_one_unknown(policy: Sequence[Mapping[str, Any]], chosen: int) -> Access | None:
    found = resources(policy)
    if not found:
        return None
    at = chosen % len(found)
    found[at] = _hide(found[at], chosen)
    [one] = worlds(found)
    return compile_access(one)


def _hide(resource: Resource, chosen: int) -> Resource:
    """One of the facts unknown, or a list in it, or an element of that."""
    hidden = Unknown(reason="hidden")
    fields = {
        "rbac.role": ("labels", "rules", "aggregates"),
        "rbac.binding": ("role", "role_type", "subjects", "namespace"),
    }
    field = fields[resource.kind][chosen % len(fields[resource.kind])]
    fact = resource.facts[field]
    if not isinstance(fact, Known) or not fact.value or isinstance(fact.value, str) or chosen % 3 == 0:
        return with_facts(resource, {field: hidden})
    if isinstance(fact.value, dict):
        return with_facts(resource, {field: Known(value=dict.fromkeys(fact.value, hidden))})
    first = fact.value[0]
    if isinstance(first, dict) and chosen % 2:
        parts = sorted(first)
        first = {**first, parts[chosen % len(parts)]: hidden}
    else:
        first = hidden
    return with_facts(resource, {field: Known(value=[first, *fact.value[1:]])})


def test_the_groups_that_everybody_is_in_are_known() -> None:
    found = access([role("r", rule("get", "pods")), binding("b", "r", "Group:system:authenticated")])
    pods = What(resource="pods")
    for subject, answer in (
        (Subject(type="Group", name="devs"), True),
        (Subject(type="Group", name="system:serviceaccounts:ml"), True),
        (Subject(type="User", name="user-1"), True),
        (Subject(type="User", name="system:anonymous"), False),
        (Subject(type="Group", name="system:unauthenticated"), False),
    ):
        assert found.can(subject, "get", pods, "ml") is answer


def test_what_allows_something_is_named_and_a_subjects_own_goes_first() -> None:
    objects = [
        role("r", rule("get", "pods")),
        binding("a", "r", "Group:system:serviceaccounts"),
        binding("b", "r", "ServiceAccount:ml/train", namespace="ml"),
    ]
    found = access(objects)
    train = Subject(type="ServiceAccount", name="train", namespace="ml")
    here, there = (found.allowing(train, "get", What(resource="pods"), place) for place in ("ml", "web"))
    assert here is not None and here.binding == "RoleBinding.ml.b"
    assert there is not None and there.binding == "ClusterRoleBinding.a"
    assert [one.binding for one in found.held_by(train)] == ["RoleBinding.ml.b", "ClusterRoleBinding.a"]
    everywhere = found.who_can("get", What(resource="pods"), None)
    assert [one.subject.name for one in everywhere] == ["system:serviceaccounts"]
    assert len(found.who_can("get", What(resource="pods"), "ml")) == 2


def test_system_masters_may_do_everything_without_any_binding() -> None:
    masters = Subject(type="Group", name="system:masters")
    found = access([])
    assert found.can(masters, "delete", What(resource="nodes"), None) is True
    assert found.can(masters, "get", What(url="/logs"), None) is True
    assert found.holdings == ()


def test_urls_are_granted_for_the_whole_cluster_alone() -> None:
    objects = [role("r", rule("get", urls=("/metrics*",))), binding("b", "r", "Group:devs", namespace="ml")]
    devs = Subject(type="Group", name="devs")
    assert access(objects).can(devs, "get", What(url="/metrics/slis"), "ml") is False
    whole = [objects[0], binding("b", "r", "Group:devs")]
    assert access(whole).can(devs, "get", What(url="/metrics/slis"), "ml") is True


def test_what_a_binding_to_a_role_that_no_server_takes_grants_is_not_known() -> None:
    objects = [role("r", rule("get", "pods"), namespace="ml"), binding("b", "r", "Group:devs", kind="Role")]
    devs = Subject(type="Group", name="devs")
    assert access(objects).can(devs, "get", What(resource="pods"), "ml") is None
    assert access([objects[0], binding("b", "r", "Group:devs", kind="role", namespace="ml")]).can(
        devs, "get", What(resource="pods"), "ml"
    ) is None  # fmt: skip
    of_namespace = [objects[0], binding("b", "r", "Group:devs", kind="Role", namespace="ml")]
    assert access(of_namespace).can(devs, "get", What(resource="pods"), "ml") is True


def test_a_binding_in_a_namespace_that_is_not_known_gives_its_role_somewhere_and_no_more() -> None:
    found = resources([role("r", rule("get", "pods")), binding("b", "r", "Group:devs", namespace="ml")])
    [one] = worlds([found[0], with_facts(found[1], {"namespace": Unknown(reason="unresolved")})])
    devs, other = Subject(type="Group", name="devs"), Subject(type="Group", name="others")
    given = compile_access(one)
    assert given.can(devs, "get", What(resource="pods"), "ml") is None
    assert given.can(devs, "get", What(resource="pods"), "web") is None
    assert given.can(devs, "get", What(resource="secrets"), "ml") is False
    assert given.can(other, "get", What(resource="pods"), "ml") is False


def test_a_subject_that_could_not_be_read_may_be_anybody() -> None:
    found = resources([role("r", rule("get", "pods")), binding("b", "r", namespace="ml")])
    hidden = with_facts(found[1], {"subjects": Known(value=[Unknown(reason="unresolved")])})
    [one] = worlds([found[0], hidden])
    devs = Subject(type="Group", name="devs")
    assert compile_access(one).can(devs, "get", What(resource="pods"), "ml") is None
    assert compile_access(one).can(devs, "get", What(resource="secrets"), "ml") is False
    assert compile_access(one).can(devs, "get", What(resource="pods"), "web") is False


def test_an_unknown_part_of_a_rule_leaves_the_rest_of_it_decided() -> None:
    found = resources([role("r", rule("get", "pods")), binding("b", "r", "Group:devs")])
    written = found[0].facts["rules"]
    assert isinstance(written, Known)
    hidden = {**written.value[0], "resources": ["pods", Unknown(reason="unresolved")]}
    [one] = worlds([with_facts(found[0], {"rules": Known(value=[hidden])}), found[1]])
    answers = compile_access(one)
    devs = Subject(type="Group", name="devs")
    assert answers.can(devs, "get", What(resource="pods"), None) is True
    assert answers.can(devs, "get", What(resource="secrets"), None) is None
    assert answers.can(devs, "delete", What(resource="secrets"), None) is False


def test_a_role_whose_labels_are_unknown_may_be_aggregated() -> None:
    selectors = ({"matchLabels": {"a": "1"}},)
    objects = [role("all", selectors=selectors), role("part", rule("get", "pods")), binding("b", "all", "Group:devs")]
    found = resources(objects)
    devs = Subject(type="Group", name="devs")
    [one] = worlds(found)
    assert compile_access(one).can(devs, "get", What(resource="pods"), None) is False
    [one] = worlds([found[0], with_facts(found[1], {"labels": Unknown(reason="unresolved")}), found[2]])
    assert compile_access(one).can(devs, "get", What(resource="pods"), None) is None
    assert compile_access(one).can(devs, "get", What(resource="secrets"), None) is False


def test_a_placeholder_that_was_left_in_a_rule_is_unknown() -> None:
    found = access([role("r", rule("${VERBS}", "pods")), binding("b", "r", "Group:devs")])
    assert found.can(Subject(type="Group", name="devs"), "get", What(resource="pods"), None) is None


def test_roles_that_aggregate_each_other_without_end_are_unknown_and_not_endless() -> None:
    selectors = [{"matchExpressions": [{"key": "x", "operator": "Exists"}]}]
    many = [role(f"r{number:04}", labels={"x": "1"}, selectors=selectors) for number in range(1_000)]
    found = access([*many, role("leaf", rule("get", "pods"), labels={"x": "1"}), binding("b", "r0999", "Group:devs")])
    assert found.can(Subject(type="Group", name="devs"), "get", What(resource="pods"), None) is None
    few = [*many[:20], role("leaf", rule("get", "pods"), labels={"x": "1"}), binding("b", "r0019", "Group:devs")]
    assert access(few).can(Subject(type="Group", name="devs"), "get", What(resource="pods"), None) is True


def test_a_role_that_is_declared_again_and_again_has_the_rules_of_all() -> None:
    again = [role("r", rule("get", f"things{number}")) for number in range(2_000)]
    found = access([*again, binding("b", "r", "Group:devs")])
    devs = Subject(type="Group", name="devs")
    assert found.can(devs, "get", What(resource="things1999"), None) is True
    assert found.can(devs, "get", What(resource="things2000"), None) is False


def test_rules_are_shared_by_all_who_hold_a_role() -> None:
    bound = [binding(f"b{number}", "r", f"ServiceAccount:ns{number}/a") for number in range(500)]
    found = access([role("r", rule("get", "pods")), *bound])
    assert len(found.holdings) == 500
    assert len({id(one.rules) for one in found.holdings}) == 1
