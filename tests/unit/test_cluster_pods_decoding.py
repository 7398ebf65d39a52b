"""Documents of files become objects whatever they hold, or one line says which field is wrong."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detectors.cluster.decoding import decode, identify, unserved
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.owners.owners import OWNERS
from assay.detectors.cluster.pods import workloads
from assay.detectors.cluster.table import APIS
from assay.scanner.kinds import registry
from tests.unit.pod_manifests import container, deployment, facts, spec


class Mapped(dict[Any, Any]):
    """As checkov's parser makes them."""


class Written(str):
    """As checkov's parser makes them."""


@pytest.mark.parametrize(
    ("pod", "field"),
    [
        (spec(container(securityContext={"privileged": "yes-s3cret"})), "privileged"),
        (spec(container(image=["s3cret"])), "image"),
        (spec(hostNetwork="s3cret"), "hostNetwork"),
        ({"containers": "s3cret"}, "containers"),
        ({"containers": [None]}, "containers"),
        (spec(volumes={"s3cret": 1}), "volumes"),
    ],
)
def test_a_wrong_type_is_told_by_its_field_and_never_by_its_value(pod: dict[str, Any], field: str) -> None:
    said = decode("apps/Deployment", deployment(pod), None)
    assert isinstance(said, str) and "\n" not in said
    assert field in said and "s3cret" not in said


def test_what_a_parser_notes_in_mappings_is_left_out() -> None:
    document = Mapped(
        apiVersion=Written("apps/v1"),
        kind=Written("Deployment"),
        __startline__=1,
        __endline__=9,
        metadata=Mapped(name=Written("web"), labels=Mapped(app=Written("web"), __startline__=3, __endline__=4)),
        spec=Mapped(template=Mapped(metadata=Mapped(labels=Mapped(__startline__=5, a=Written("b"))), spec=Mapped())),
    )
    placed = decode("apps/Deployment", document, None)
    assert isinstance(placed, Placed)
    assert placed.object.metadata.labels == {"app": "web"} and type(placed.object.metadata.name) is str
    assert placed.object.spec.template.metadata.labels == {"a": "b"}


def test_numbers_and_switches_where_text_is_meant_become_text() -> None:
    one = container(args=["--port", 8080, True], env=[{"name": "PORT", "value": 80}, {"name": "ON", "value": True}])
    document = deployment(spec(one, nodeSelector={"gpu": True}))
    document["metadata"] |= {"labels": {"version": 1.5}, "creationTimestamp": date(2026, 1, 1)}
    placed = decode("apps/Deployment", document, None)
    assert isinstance(placed, Placed)
    pod = placed.object.spec.template.spec
    assert pod.containers[0].args == ("--port", "8080", "true") and pod.node_selector == {"gpu": "true"}
    assert [variable.value for variable in pod.containers[0].env] == ["80", "true"]
    assert placed.object.metadata.labels == {"version": "1.5"}


def test_numbers_elsewhere_stay_numbers() -> None:
    assert facts(deployment(spec(container(securityContext={"runAsUser": 0}))))["containers"][0]["run_as_user"] == 0
    said = decode("apps/Deployment", deployment(spec(container(securityContext={"runAsUser": "0"}))), None)
    assert isinstance(said, str) and "runAsUser" in said


def test_null_is_what_it_is_to_go() -> None:
    document = deployment(spec(container(args=["a", None], env=None, ports=[{"containerPort": 80, "protocol": None}])))
    document["metadata"] |= {"labels": {"a": None}, "annotations": None}
    document["spec"]["selector"] = {"matchLabels": None}
    placed = decode("apps/Deployment", document, None)
    assert isinstance(placed, Placed)
    assert placed.object.metadata.labels == {"a": ""} and placed.object.metadata.annotations is None
    assert placed.object.spec.template.spec.containers[0].args == ("a", "")
    service = decode("Service", {"metadata": {"name": "s"}, "spec": {"selector": {"app": None}, "ports": None}}, None)
    assert isinstance(service, Placed) and service.object.spec.selector == {"app": ""}


@pytest.mark.parametrize(("port", "read"), [(80.0, 80), (8.0e1, 80), (80.5, None), (float("inf"), None), (1e300, None)])
def test_a_whole_number_is_one_however_it_is_written(port: float, read: int | None) -> None:
    placed = decode("Service", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": port}]}}, None)
    assert (placed.object.spec.ports[0].port if isinstance(placed, Placed) else None) == read


def test_documents_that_are_too_large_or_too_deep_are_refused() -> None:
    deep: Any = {}
    for _ in range(500):
        deep = {"a": deep}
    assert "larger or nested deeper" in str(decode("Pod", {"spec": deep}, None))
    laughs: Any = ["x"] * 10
    for _ in range(8):
        laughs = [laughs] * 10
    assert "larger or nested deeper" in str(decode("Pod", {"spec": {"volumes": laughs}}, None))
    endless: dict[str, Any] = {}
    endless["spec"] = endless
    assert "larger or nested deeper" in str(decode("Pod", endless, None))


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        ("apps/v1", "Deployment", "apps/Deployment"),
        ("apps/v1beta1", "Deployment", "apps/Deployment"),
        ("extensions/v1beta1", "Deployment", "apps/Deployment"),
        ("v1", "Pod", "Pod"),
        ("ray.io/v1alpha1", "RayCluster", "ray.io/RayCluster"),
        ("batch.volcano.sh/v1alpha1", "Job", "batch.volcano.sh/Job"),
        ("serving.knative.dev/v1", "Service", "serving.knative.dev/Service"),
        ("example.com/v1", "Deployment", None),
        ("v1", "Unheard", None),
        (1, "Pod", None),
        (None, None, None),
    ],
)
def test_documents_are_identified_by_group_and_kind(version: Any, kind: Any, expected: str | None) -> None:
    assert identify({"apiVersion": version, "kind": kind}) == expected


_KEYS = [
    "metadata", "spec", "template", "containers", "initContainers", "volumes", "name", "namespace", "labels", "image",
    "env", "value", "valueFrom", "secretKeyRef", "args", "command", "ports", "containerPort", "securityContext",
    "resources", "limits", "nvidia.com/gpu", "cpu", "replicas", "ownerReferences", "kind", "apiVersion", "annotations",
    "jobTemplate", "headGroupSpec", "workerGroupSpecs", "groupName", "predictor", "model", "storageUri", "templates",
    "script", "source", "container", "tasks", "replicatedJobs", "driver", "executor", "pytorchReplicaSpecs", "Worker",
    "volumeClaimTemplates", "persistentVolumeClaim", "claimName", "hostPath", "path", "volumeMounts", "mountPath",
    "rayClusterSpec", "rayClusterConfig", "predictors", "graph", "children", "componentSpecs", "components", "trainer",
    "leaderWorkerTemplate", "workerTemplate", "deployment", "workflowSpec", "capabilities", "add", "restartPolicy",
]  # fmt: skip
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 99999)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["${X}", "{{ x }}", "$(Y)", "nginx:1", "Always", "True", "1", "org/model", "s3://b/m", "PASSWORD", "Deployment"]
    )
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6),
    max_leaves=40,
)
_POD_LIKE = st.fixed_dictionaries(
    {"containers": st.lists(st.dictionaries(st.sampled_from(_KEYS), _SCALARS | _JSON, max_size=5), max_size=2)}
)
_PODS = [api.id for api in APIS if api.id in OWNERS or api.id == "Pod"]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(_PODS),
    st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=6),
    st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=6),
    st.booleans(),
)
def test_no_document_crashes_decoding_or_stating(
    api_id: str, document: dict[str, Any], inner: dict[str, Any], live: bool
) -> None:
    shapes: list[dict[str, Any]] = [
        document,
        {"spec": inner},
        {"spec": {"template": inner}},
        {"spec": {"template": {"spec": inner}}},
    ]
    found = Objects("kube:x" if live else "manifests")
    for shape in shapes:
        placed = decode(api_id, shape, None)
        if isinstance(placed, Placed):
            found.add(api_id, placed)
        else:
            assert placed and "\n" not in placed
    for resource in workloads.state(found):
        registry.check(resource)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_POD_LIKE, _POD_LIKE)
def test_no_pod_crashes_stating(pod: dict[str, Any], other: dict[str, Any]) -> None:
    holders: list[tuple[str, dict[str, Any]]] = [
        ("Pod", {"metadata": {"name": "p"}, "spec": pod}),
        ("apps/StatefulSet", deployment(pod)),
        ("ray.io/RayCluster", {"spec": {"headGroupSpec": {"template": {"spec": pod}},
                                        "workerGroupSpecs": [{"template": {"spec": other}}]}}),
        ("serving.kserve.io/InferenceService", {"spec": {"predictor": pod | {"model": {"storageUri": "s3://a/b"}}}}),
        ("serving.kserve.io/InferenceService", {"metadata": {"name": "served"}, "spec": {
            "predictor": pod | {"model": {"runtime": "r"}}}}),
        ("serving.kserve.io/ServingRuntime", {"metadata": {"name": "r"}, "spec": other}),
        ("mlops.seldon.io/Server", {"spec": {"serverConfig": "c", "podSpec": pod}}),
        ("mlops.seldon.io/ServerConfig", {"metadata": {"name": "c"}, "spec": {"podSpec": other}}),
        ("argoproj.io/Workflow", {"spec": {"templates": [{"container": one} for one in pod["containers"]]}}),
        ("monitoring.coreos.com/Prometheus", {"spec": pod}),
        ("machinelearning.seldon.io/SeldonDeployment", {"spec": {"predictors": [{"componentSpecs": [{"spec": pod}]}]}}),
    ]  # fmt: skip
    for source in ("manifests", "kube:x"):
        found = Objects(source)
        for api_id, document in holders:
            placed = decode(api_id, document, None)
            if isinstance(placed, Placed):
                found.add(api_id, placed)
        for resource in workloads.state(found):
            registry.check(resource)


@pytest.mark.parametrize(
    ("api_id", "body"),
    [
        ("Namespace", {"metadata": {"labels": {"zone": 4711}}}),
        ("networking.k8s.io/NetworkPolicy", {"spec": {"podSelector": {"matchLabels": {"tier": 4711}}}}),
        ("policy/PodDisruptionBudget", {"spec": {"selector": {"matchLabels": {"tier": True}}}}),
    ],
)
def test_what_would_speak_for_others_is_refused_where_a_server_refuses_it(api_id: str, body: dict[str, Any]) -> None:
    said = decode(api_id, body, None)
    assert isinstance(said, str) and "abels" in said and "4711" not in said
    assert isinstance(decode("apps/Deployment", {"metadata": {"labels": {"zone": 4711}}}, None), Placed)


@pytest.mark.parametrize(
    ("version", "kind", "served"),
    [
        ("networking.k8s.io/v1", "NetworkPolicy", True),
        ("extensions/v1beta1", "NetworkPolicy", False),
        ("networking.k8s.io/v1beta1", "Ingress", True),
        ("networking.k8s.io/v9", "Ingress", False),
        ("apps/v1beta1", "StatefulSet", True),
        ("v1", "Route", True),
    ],
)
def test_only_what_exposes_or_grants_may_have_a_version_of_older_servers(version: str, kind: str, served: bool) -> None:
    document = {"apiVersion": version, "kind": kind}
    api_id = identify(document)
    assert api_id is not None
    assert (unserved(api_id, document) is None) is served
