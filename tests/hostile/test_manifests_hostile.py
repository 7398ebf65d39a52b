"""What files may hold in the place of Kubernetes objects: whatever can't be read is told, and nothing passes for it."""

from collections.abc import Iterable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.cluster import decoding
from assay.detectors.cluster.table import APIS, BY_ID
from assay.detectors.iac import manifests
from assay.detectors.iac.manifest_yaml import manifest_loader
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.rendered import Rendered
from assay.detectors.registry import DERIVATIONS
from assay.detectors.worlds import worlds
from assay.policies.book import Book
from assay.scanner.api import EngineVerdict, Failure, Record, Resource, Unknown
from assay.scanner.cli import options
from assay.scanner.config.settings import Settings
from assay.scanner.config.trust import beside
from assay.scanner.engine import inventory
from assay.scanner.engine.derive import derive
from assay.scanner.engine.judge import judge
from assay.scanner.model.finding import Finding

yaml: Any = pytest.importorskip("yaml")

RAY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ml}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: c
          image: rayproject/ray:2.9.0
          command: [ray, start, --head, --dashboard-host=0.0.0.0]
          ports: [{containerPort: 8265}]
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: ml%s}\nspec: {selector: {app: web}, %s}\n"
BALANCED = "type: LoadBalancer, ports: [{port: 8265}]"
INGRESS = (
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: ml}\nspec: {rules: [{host: a.b, "
    "http: {paths: [{path: /, backend: {service: {name: web, port: {number: %s}}}}]}}]}\n"
)
POLICY = "apiVersion: %s\nkind: NetworkPolicy\nmetadata: {name: n, namespace: ml}\nspec: {podSelector: %s%s}\n"
DENY = ", policyTypes: [Ingress, Egress]"
BINDING = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b%s}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: %s\n"
)
EVERYBODY = "[{kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:authenticated'}]"
OPEN = "code-tool-not-open-to-internet"
HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")


@cache
def book() -> Book:
    asked = SimpleNamespace(pack=[], rules=[], only=[], skip=[])
    return options.load_book(asked, Settings(), beside([]))  # type: ignore[arg-type]  # all that it asks for


def stated(*texts: str) -> list[Record]:
    """What the files `0.yaml`, `1.yaml` … state."""
    copy = PrivateCopy(root="/nowhere")
    documents = {
        f"{number}.yaml": list(yaml.load_all(text, Loader=manifest_loader())) for number, text in enumerate(texts)
    }
    return list(manifests.plain(documents, (), copy))


def findings(records: Iterable[Record]) -> Sequence[Finding]:
    return judge(derive(inventory.build(HEADER, (), records), DERIVATIONS), book())


def outcomes(rule: str, *texts: str) -> set[str]:
    return {one.outcome for one in findings(stated(*texts)) if one.rule == rule}


def told(records: Iterable[Record], rule: str = "malformed-object") -> list[EngineVerdict]:
    return [one for one in records if isinstance(one, EngineVerdict) and one.check == rule]


def test_a_tool_behind_a_load_balancer_is_open_and_one_without_is_not() -> None:
    assert outcomes(OPEN, RAY, SERVICE % ("", BALANCED)) == {"fail"}
    assert outcomes(OPEN, RAY) == {"pass"}


@pytest.mark.parametrize(
    ("more", "spec"),
    [
        (", annotations: {note: }", BALANCED),
        (", labels: {note: ~}", BALANCED),
        (", labels: ", BALANCED),
        ("", "type: LoadBalancer, ports: [{port: 8265.0, nodePort: ~, name: ~}]"),
        ("", "type: LoadBalancer, ports: [{port: 8265, targetPort: 8265.0, protocol: ~}]"),
        ("", "type: LoadBalancer, ports: [{port: 8265, appProtocol: !x y}]"),
        ("", "type: LoadBalancer, ports: [{port: 80, targetPort: 0o20111}]"),
        ("", "type: LoadBalancer, ports: [{port: 80, targetPort: 8.265e3}]"),
        (", annotations: {op: =}", BALANCED),
        (", annotations: {at: 2001-99-99}", BALANCED),
    ],
)
def test_what_go_reads_is_read(more: str, spec: str) -> None:
    records = stated(RAY, SERVICE % (more, spec))
    assert told(records) == []
    assert {one.outcome for one in findings(records) if one.rule == OPEN} == {"fail"}


@pytest.mark.parametrize(
    "spec",
    [
        "type: LoadBalancer, ports: [{port: '${PORT}', targetPort: 8265}]",
        "type: LoadBalancer, ports: {}",
        "type: LoadBalancer, ports: [null, {port: 8265}]",
        "type: LoadBalancer, ports: [{port: 8265}], loadBalancerSourceRanges: [~]",
        "type: [LoadBalancer], ports: [{port: 8265}]",
    ],
)
def test_a_tool_is_not_closed_where_a_service_could_not_be_read(spec: str) -> None:
    assert outcomes(OPEN, RAY, SERVICE % ("", spec)) == {"unknown"}
    assert outcomes(OPEN, RAY, SERVICE % (", ownerReferences: [{uid: 1}]", BALANCED)) == {"unknown"}


def test_a_tool_is_not_closed_where_a_route_could_not_be_read() -> None:
    service = SERVICE % ("", "ports: [{port: 80, targetPort: 8265}]")
    assert outcomes(OPEN, RAY, service, INGRESS % "80") == {"fail"}
    assert outcomes(OPEN, RAY, service, INGRESS % "'${P}'") == {"unknown"}


def test_network_rules_do_not_pass_where_a_policy_could_not_be_read() -> None:
    deny = POLICY % ("networking.k8s.io/v1", "{}", DENY)
    opens = POLICY % ("networking.k8s.io/v1", "[]", ", ingress: [{}], egress: [{}]")
    for rule in ("workload-not-open-to-cluster", "workload-egress-limited", "workload-not-reaching-metadata"):
        assert outcomes(rule, RAY, deny) == {"pass"}
        assert outcomes(rule, RAY, deny, opens) == {"unknown"}


@pytest.mark.parametrize(
    "policy",
    [
        POLICY % ("networking.k8s.io/v9", "{}", DENY),
        POLICY % ("extensions/v1beta1", "{}", DENY),
        POLICY % ("networking.k8s.io/v1", "{matchLabels: {app: 1}}", DENY),
        POLICY % ("networking.k8s.io/v1", "{matchLabels: {app: yes}}", DENY),
    ],
)
def test_a_policy_that_a_server_would_refuse_protects_nothing(policy: str) -> None:
    for rule in ("workload-ingress-limited", "workload-egress-limited", "workload-not-reaching-metadata"):
        assert outcomes(rule, RAY) == {"fail"}
        assert outcomes(rule, RAY, policy) == {"unknown"}


@pytest.mark.parametrize("api", APIS, ids=[api.id for api in APIS])
def test_every_version_that_is_served_is_read_and_no_other_version_counts(api: Any) -> None:
    for version in api.versions:
        document = {"apiVersion": f"{api.group}/{version}" if api.group else version, "kind": api.kind}
        assert decoding.identify(document) == api.id and decoding.unserved(api.id, document) is None
    unheard = {"apiVersion": f"{api.group}/v99" if api.group else "v99", "kind": api.kind}
    assert decoding.unserved(api.id, unheard)


def test_former_versions_are_read_of_what_exposes_and_grants_and_of_nothing_that_protects() -> None:
    granted = (BINDING % ("", EVERYBODY)).replace("/v1\n", "/v1beta1\n")
    assert outcomes("cluster-grant-not-administrator", granted) == {"fail"}
    for api_id in decoding._FORMER_VERSIONS:
        assert decoding._GUARDING.isdisjoint(BY_ID[api_id].states), api_id


def test_a_grant_is_read_with_a_null_note_and_open_where_it_could_not_be_read() -> None:
    assert outcomes("cluster-grant-not-administrator", BINDING % (", annotations: {note: }", EVERYBODY)) == {"fail"}
    records = stated(BINDING % ("", "{kind: Group}"))
    [verdict] = told(records)
    assert verdict.kinds == BY_ID["rbac.authorization.k8s.io/ClusterRoleBinding"].states
    [finding] = [one for one in findings(records) if one.rule == "malformed-object"]
    grants = [rule for rule in book().rules.values() if rule.kind in ("rbac.grant", "rbac.subject")]
    assert {name for rule in grants for name in rule.safeguards} <= set(finding.safeguards)
    assert {name for rule in grants for name in book().controls(rule.id, rule.safeguards)} <= set(finding.controls)


def test_a_malformed_object_leaves_open_only_what_its_kinds_bear_on() -> None:
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c, namespace: ml}\nspec: []\n"
    [finding] = [one for one in findings(stated(claim)) if one.rule == "malformed-object"]
    [policy] = [
        one for one in findings(stated(POLICY % ("networking.k8s.io/v1", "[]", ""))) if one.rule == "malformed-object"
    ]
    assert "network-isolation" in policy.safeguards and policy.safeguards != finding.safeguards


def test_files_that_are_read_whole_have_no_listing() -> None:
    assert [one for one in stated(RAY) if isinstance(one, Resource) and one.kind == "cluster.listing"] == []


def test_a_listing_of_files_says_which_object_of_which_file_could_not_be_read() -> None:
    resources = [one for one in stated(RAY, SERVICE % ("", "ports: {}")) if isinstance(one, Resource)]
    [world] = worlds(resources)
    assert world.unread("network.service") == "the Service of 1.yaml:1 could not be decoded"
    assert world.unread("network.policy", "rbac.binding") is None


def test_items_of_a_list_take_its_kind_and_version_as_with_kubectl() -> None:
    body = BINDING.partition("\n")[2].partition("\n")[2] % ("", EVERYBODY)
    item = "".join(f"  {line}\n" for line in body.splitlines())
    listed = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBindingList\nitems:\n-{item[1:]}"
    assert outcomes("cluster-grant-not-administrator", listed) == {"fail"}
    named = "apiVersion: v1\nkind: Whatever\nitems:\n" + "".join(
        f"{'- ' if not number else '  '}{line}\n"
        for number, line in enumerate((BINDING % ("", EVERYBODY)).splitlines())
    )
    assert outcomes("cluster-grant-not-administrator", named) == {"fail"}


def rendered(output: str, path: str = "", folder: str = "chart") -> list[Record]:
    bundle = Rendered(folder=folder, output=output.encode(), path=path)
    return list(manifests.rendered([bundle], PrivateCopy(root="/nowhere"), "kustomize" if path else "helm"))


def bindings(records: Iterable[Record]) -> dict[str, str | None]:
    """Bindings and where they are."""
    kept = [one for one in records if isinstance(one, Resource) and one.kind == "rbac.binding"]
    return {one.address: one.location and one.location.path for one in kept}


def test_no_text_of_a_kustomization_drops_an_object() -> None:
    for note in ("# Source: chart/x", "a\\n---\\n# Source: x"):
        output = f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s}}\ndata: {{a: "{note}"}}\n---\n'
        found = bindings(rendered(output + BINDING % ("", EVERYBODY), "k/kustomization.yaml", "k"))
        assert found == {"ClusterRoleBinding.b": "k/kustomization.yaml"}
    block = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata:\n  a: |\n    # Source: chart/x\n---\n"
    found = bindings(rendered(block + BINDING % ("", EVERYBODY), "k/kustomization.yaml", "k"))
    assert found == {"ClusterRoleBinding.b": "k/kustomization.yaml"}


def test_a_template_says_nothing_of_where_its_objects_come_from() -> None:
    header = "---\n# Source: chart/templates/a.yaml\n"
    inner = "# Source: chart/templates/other.yaml\n" + BINDING % (", annotations: {a: '# Source: z'}", EVERYBODY)
    assert bindings(rendered(header + inner)) == {"ClusterRoleBinding.b": "chart/templates/a.yaml"}


def test_a_document_without_a_template_is_read_all_the_same() -> None:
    assert bindings(rendered(BINDING % ("", EVERYBODY))) == {"ClusterRoleBinding.b": "chart/Chart.yaml"}


def test_a_template_that_cannot_be_read_leaves_every_kind_of_its_chart_open() -> None:
    header = "---\n# Source: chart/templates/%s.yaml\n"
    records = rendered(header % "a" + RAY + header % "b" + "a: [\n")
    [failure] = [one for one in records if isinstance(one, Failure)]
    assert failure.location is not None and failure.location.path == "chart/templates/b.yaml"
    [world] = worlds([one for one in records if isinstance(one, Resource)])
    assert all(world.unread(kind) for api in APIS for kind in api.states)
    assert {one.outcome for one in findings(records) if one.rule == OPEN} == {"unknown"}


def test_an_object_that_the_engine_passes_over_is_a_failed_look() -> None:
    header = "---\n# Source: chart/templates/a.yaml\n"
    assert not [one for one in rendered(header + RAY) if isinstance(one, Failure)]
    [failure] = [
        one for one in rendered(header + RAY.replace("name: c\n", "name: 'c{}'\n")) if isinstance(one, Failure)
    ]
    assert "a name in it is not plain text" in failure.reason


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "=", "${X}", "{{ x }}", "web"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "name", "labels", "selector", "ports", "items", "kind", "apiVersion"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(api=st.sampled_from(APIS), body=st.dictionaries(st.sampled_from(["metadata", "spec", "rules"]), _VALUES))
@settings(max_examples=300, deadline=None)
def test_every_document_of_a_kind_is_stated_or_told(api: Any, body: dict[str, Any]) -> None:
    version = f"{api.group}/{api.versions[0]}" if api.group else api.versions[0]
    document = {"apiVersion": version, "kind": api.kind, **body}
    records = list(manifests.plain({"m.yaml": [document]}, (), PrivateCopy(root="/nowhere")))
    [decoded] = [decoding.decode(api.id, document, None)]
    if isinstance(decoded, str):
        [world] = worlds([one for one in records if isinstance(one, Resource)])
        assert len(told(records)) == 1 and all(world.unread(kind) for kind in api.states)
    else:
        assert told(records) == []
    listings = [one for one in records if isinstance(one, Resource) and one.kind == "cluster.listing"]
    assert all(isinstance(one.facts["complete"], Unknown) for one in listings)


@given(_VALUES)
@settings(max_examples=200, deadline=None)
def test_any_documents_are_flattened_without_a_crash(value: Any) -> None:
    assert isinstance(list(manifests.plain({"m.yaml": [value, {"items": value}]}, (), PrivateCopy(root="/x"))), list)
