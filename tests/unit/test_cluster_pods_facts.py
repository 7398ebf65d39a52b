"""Facts of pods and containers: as declared, as the API server fills in, unknown where a placeholder is left."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import container, deployment, facts, facts_of, first, running, spec, stated

NOT_SET = {
    "run_as_user": None, "run_as_non_root": None, "seccomp": None, "apparmor": None, "selinux_type": None,
    "selinux_user_or_role": False, "host_process": False,
}  # fmt: skip


def test_a_bare_template_has_the_api_servers_defaults() -> None:
    found = facts_of(spec())
    assert found["namespace"] == "ml" and found["controller"] == "Deployment" and found["role"] == ""
    assert found["service_account"] == "default" and found["token_declared"] is None
    assert found["replicas"] == 1 and found["update_strategy"] == "RollingUpdate" and found["long_running"] is True
    assert [found[name] for name in ("host_network", "host_pid", "host_ipc", "windows", "spread")] == [False] * 5
    assert found["host_users"] is True
    assert found["context"] == NOT_SET and found["sysctls"] == [] and found["volumes"] == []
    assert found["runtime_class"] is None and found["mesh"] is None
    assert found["nodes"] == [] and found["running"] == 0 and found["system"] is None and found["purpose"] == []
    [one] = found["containers"]
    assert one == {
        "name": "main", "type": "container", "image": "registry.example/team/app:1.2", "image_tag": "1.2",
        "image_pinned": False, "pull_policy": "IfNotPresent", "declared": NOT_SET, "runs_as_root": True,
        "run_as_user": None, "seccomp": None, "privileged": False, "privilege_escalation": True,
        "read_only_root": False, "capabilities_added": [], "capabilities_dropped": [], "proc_mount": "Default",
        "ports": [], "mounts": [], "cpu_requested": False, "cpu_limited": False, "memory_requested": False,
        "memory_limited": False, "gpus": 0, "liveness_probe": False, "readiness_probe": False,
        "startup_probe": False, "probe_hosts": False, "secret_environment": [], "plain_secret_environment": [],
        "fetches_at_start": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "name", "value", "expected"),
    [
        ("hostNetwork", "host_network", True, True),
        ("hostPID", "host_pid", True, True),
        ("hostIPC", "host_ipc", True, True),
        ("hostUsers", "host_users", False, False),
        ("hostUsers", "host_users", True, True),
        ("serviceAccountName", "service_account", "trainer", "trainer"),
        ("serviceAccount", "service_account", "older", "older"),
        ("automountServiceAccountToken", "token_declared", False, False),
        ("automountServiceAccountToken", "token_declared", True, True),
        ("os", "windows", {"name": "windows"}, True),
        ("os", "windows", {"name": "linux"}, False),
        # A node's labels may be anything, so that a selector exempts from nothing.
        ("nodeSelector", "windows", {"kubernetes.io/os": "windows"}, False),
        ("os", "windows", {"name": "${OS}"}, Unknown(reason="unresolved: ${OS}")),
        ("topologySpreadConstraints", "spread", [{"maxSkew": 1}], True),
        ("affinity", "spread", {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{}]}}, True),
        ("affinity", "spread", {"podAntiAffinity": {}}, False),
        ("affinity", "spread", {"nodeAffinity": {}}, False),
        ("runtimeClassName", "runtime_class", "gvisor", "gvisor"),
        ("runtimeClassName", "runtime_class", "kata-qemu", "kata-qemu"),
        ("runtimeClassName", "runtime_class", "nvidia", None),
        ("securityContext", "sysctls", {"sysctls": [{"name": "net.core.somaxconn"}, {"name": "a.b"}]},
         ["a.b", "net.core.somaxconn"]),
    ],
)  # fmt: skip
def test_what_a_pod_declares_is_its_fact(field: str, name: str, value: Any, expected: Any) -> None:
    assert facts_of(spec(**{field: value}))[name] == expected


def test_a_runtime_class_of_another_name_may_be_a_sandbox() -> None:
    assert isinstance(facts_of(spec(runtimeClassName="fast"))["runtime_class"], Unknown)


@pytest.mark.parametrize(
    ("pod", "own", "root", "user"),
    [
        ({}, {}, True, None),
        ({"runAsUser": 1000}, {}, False, 1000),
        ({"runAsUser": 1000}, {"runAsUser": 0}, True, 0),
        ({"runAsUser": 0}, {"runAsUser": 1000}, False, 1000),
        ({"runAsNonRoot": True}, {}, False, None),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, True, None),
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, True, 0),
    ],
)
def test_a_containers_user_goes_before_the_pods(
    pod: dict[str, Any], own: dict[str, Any], root: bool, user: int | None
) -> None:
    found = facts_of(spec(container(securityContext=own), securityContext=pod))
    assert (found["containers"][0]["runs_as_root"], found["containers"][0]["run_as_user"]) == (root, user)
    assert found["containers"][0]["declared"]["run_as_user"] == own.get("runAsUser")
    assert found["context"]["run_as_user"] == pod.get("runAsUser")


def test_seccomp_is_inherited_and_declared_apart() -> None:
    pod = {"seccompProfile": {"type": "RuntimeDefault"}}
    inherits = facts_of(spec(container(), securityContext=pod))["containers"][0]
    assert inherits["seccomp"] == "RuntimeDefault" and inherits["declared"]["seccomp"] is None
    own = {"seccompProfile": {"type": "Unconfined"}}
    sets = facts_of(spec(container(securityContext=own), securityContext=pod))["containers"][0]
    assert sets["seccomp"] == sets["declared"]["seccomp"] == "Unconfined"


@pytest.mark.parametrize(
    ("own", "name", "expected"),
    [
        ({"privileged": True}, "privileged", True),
        ({"allowPrivilegeEscalation": False}, "privilege_escalation", False),
        ({"allowPrivilegeEscalation": True}, "privilege_escalation", True),
        ({"readOnlyRootFilesystem": True}, "read_only_root", True),
        ({"capabilities": {"add": ["CAP_SYS_ADMIN", "net_raw"]}}, "capabilities_added", ["NET_RAW", "SYS_ADMIN"]),
        ({"capabilities": {"drop": ["ALL"]}}, "capabilities_dropped", ["ALL"]),
        ({"procMount": "Unmasked"}, "proc_mount", "Unmasked"),
    ],
)
def test_what_a_container_may_is_as_declared(own: dict[str, Any], name: str, expected: Any) -> None:
    assert first(securityContext=own)[name] == expected


def test_an_empty_selinux_type_is_none() -> None:
    assert first(securityContext={"seLinuxOptions": {"type": "", "user": "", "level": "s0"}})["declared"] == NOT_SET


def test_a_profile_without_a_type_is_not_known() -> None:
    found = facts_of(
        spec(
            container(securityContext={"seccompProfile": {}}),
            securityContext={"seccompProfile": {"type": "RuntimeDefault"}},
        )
    )
    assert isinstance(found["containers"][0]["seccomp"], Unknown)


def test_selinux_and_windows_options_are_declared() -> None:
    own = {"seLinuxOptions": {"type": "spc_t", "user": "u"}, "windowsOptions": {"hostProcess": True}}
    declared = first(securityContext=own)["declared"]
    assert declared == NOT_SET | {"selinux_type": "spc_t", "selinux_user_or_role": True, "host_process": True}
    pod = facts_of(spec(securityContext={"windowsOptions": {"hostProcess": True}}))
    assert pod["context"]["host_process"] is True and pod["containers"][0]["declared"]["host_process"] is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("runtime/default", "RuntimeDefault"),
        ("localhost/strict", "Localhost"),
        ("unconfined", "Unconfined"),
        ("", None),
    ],
)
def test_apparmor_is_read_from_the_annotation_too(value: str, expected: str | None) -> None:
    one = deployment()
    annotation = {"container.apparmor.security.beta.kubernetes.io/main": value}
    one["spec"]["template"]["metadata"]["annotations"] = annotation
    assert facts(one)["containers"][0]["declared"]["apparmor"] == expected


@pytest.mark.parametrize(
    ("pod", "own", "annotation", "expected"),
    [
        # The API server writes the annotation for what a container inherits by the field.
        ("RuntimeDefault", None, "runtime/default", None),
        ("Localhost", None, "localhost/strict", None),
        ("Unconfined", None, "unconfined", None),
        ("RuntimeDefault", None, "unconfined", "Unconfined"),
        ("Unconfined", None, "runtime/default", "RuntimeDefault"),
        ("RuntimeDefault", None, "odd", Unknown(reason="unreadable: the AppArmor annotation has no value that it may")),
        (None, "RuntimeDefault", "unconfined", "Unconfined"),
        (None, "Unconfined", "runtime/default", "Unconfined"),
        (None, "Localhost", "runtime/default", "Localhost"),
        ("RuntimeDefault", "Localhost", None, "Localhost"),
        ("RuntimeDefault", None, None, None),
    ],
)
def test_an_apparmor_annotation_counts_beside_the_fields(
    pod: str | None, own: str | None, annotation: str | None, expected: Any
) -> None:
    def context(profile: str | None) -> dict[str, Any]:
        return {} if profile is None else {"appArmorProfile": {"type": profile}}

    one = deployment(spec(container(securityContext=context(own)), securityContext=context(pod)))
    if annotation is not None:
        noted = {"container.apparmor.security.beta.kubernetes.io/main": annotation}
        one["spec"]["template"]["metadata"]["annotations"] = noted
    assert facts(one)["containers"][0]["declared"]["apparmor"] == expected
    assert facts(one)["context"]["apparmor"] == pod


def test_containers_come_in_the_order_in_which_they_start() -> None:
    pod = spec(
        container(name="main"),
        initContainers=[container(name="setup"), container(name="proxy", restartPolicy="Always")],
        ephemeralContainers=[container(name="debug")],
    )
    found = [(one["name"], one["type"]) for one in facts_of(pod)["containers"]]
    assert found == [("setup", "init"), ("proxy", "sidecar"), ("main", "container"), ("debug", "ephemeral")]


def test_ports_have_numbers_protocols_and_the_nodes_ports() -> None:
    ports: list[dict[str, Any]] = [
        {"containerPort": 80, "name": "http"},
        {"containerPort": "53", "protocol": "UDP", "hostPort": 53},
    ]
    assert first(ports=ports)["ports"] == [
        {"number": 80, "protocol": "tcp", "host_port": None, "name": "http"},
        {"number": 53, "protocol": "udp", "host_port": 53, "name": None},
    ]
    in_the_nodes_network = facts_of(spec(container(ports=ports[:1]), hostNetwork=True))["containers"][0]
    assert [one["host_port"] for one in in_the_nodes_network["ports"]] == [80]
    [unknown] = first(ports=[{"containerPort": "${PORT}"}])["ports"]
    assert unknown == Unknown(reason="unresolved: ${PORT}")


@pytest.mark.parametrize(
    ("resources", "pod", "expected"),
    [
        ({"requests": {"cpu": "1"}}, None, (True, False, False, False)),
        ({"limits": {"cpu": 1, "memory": "1Gi"}}, None, (True, True, True, True)),
        ({"limits": {"cpu": "0", "memory": 0}}, None, (False, False, False, False)),
        ({}, {"limits": {"memory": "1Gi"}}, (False, False, True, True)),
        ({}, {"requests": {"cpu": "100m"}}, (True, False, False, False)),
    ],
)
def test_limits_request_as_much_and_the_pods_bound_its_containers(
    resources: dict[str, Any], pod: dict[str, Any] | None, expected: tuple[bool, ...]
) -> None:
    one = facts_of(spec(container(resources=resources), resources=pod))["containers"][0]
    names = ("cpu_requested", "cpu_limited", "memory_requested", "memory_limited")
    assert tuple(one[name] for name in names) == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"nvidia.com/gpu": 2}, 2),
        ({"nvidia.com/gpu": "2", "amd.com/gpu": 1}, 3),
        ({"google.com/tpu": "4"}, 4),
        ({"habana.ai/gaudi": 1}, 1),
        ({"nvidia.com/mig-1g.5gb": 1}, 0),
        ({"nvidia.com/gpu.shared": 1}, 0),
        ({"example.com/gpux": 1}, 0),
        ({"cpu": 8}, 0),
    ],
)
def test_whole_accelerators_of_any_maker_are_counted(limits: dict[str, Any], expected: int) -> None:
    assert first(resources={"limits": limits})["gpus"] == expected


def test_accelerators_that_cant_be_counted_are_unknown() -> None:
    assert isinstance(first(resources={"limits": {"nvidia.com/gpu": "${GPUS}"}})["gpus"], Unknown)
    assert isinstance(first(resources={"claims": [{"name": "gpu"}]})["gpus"], Unknown)


@pytest.mark.parametrize("name", ["liveness", "readiness", "startup"])
def test_probes_are_there_or_not(name: str) -> None:
    found = first(**{f"{name}Probe": {"exec": {"command": ["true"]}}})
    probes = {one: found[f"{one}_probe"] for one in ("liveness", "readiness", "startup")}
    assert probes == {one: one == name for one in probes}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"livenessProbe": {"httpGet": {"port": 80}}}, False),
        ({"livenessProbe": {"httpGet": {"port": "http", "host": ""}}}, False),
        ({"livenessProbe": {"httpGet": {"port": 80, "host": "10.0.0.1"}}}, True),
        ({"startupProbe": {"tcpSocket": {"port": 80, "host": "db"}}}, True),
        ({"lifecycle": {"preStop": {"httpGet": {"port": 80, "host": "db"}}}}, True),
        ({"lifecycle": {"postStart": {"exec": {"command": ["true"]}}}}, False),
    ],
)
def test_probes_and_hooks_of_other_hosts_are_seen(fields: dict[str, Any], expected: bool) -> None:
    assert first(**fields)["probe_hosts"] is expected


@pytest.mark.parametrize(
    ("labels", "annotations", "names", "expected"),
    [
        ({}, {}, ["main"], None),
        ({}, {}, ["main", "istio-proxy"], "istio"),
        ({}, {}, ["main", "linkerd-proxy"], "linkerd"),
        ({"sidecar.istio.io/inject": "true"}, {}, ["main"], "istio"),
        ({"sidecar.istio.io/inject": "false"}, {}, ["main"], None),
        ({"istio.io/dataplane-mode": "ambient"}, {}, ["main"], "istio"),
        ({}, {"sidecar.istio.io/inject": "true"}, ["main"], "istio"),
        ({}, {"linkerd.io/inject": "enabled"}, ["main"], "linkerd"),
        ({}, {"linkerd.io/inject": "disabled"}, ["main"], None),
    ],
)
def test_a_mesh_is_known_by_its_proxy_or_by_who_asks_for_it(
    labels: dict[str, str], annotations: dict[str, str], names: list[str], expected: str | None
) -> None:
    one = deployment(spec(*(container(name=name) for name in names)))
    one["spec"]["template"]["metadata"] = {"labels": labels, "annotations": annotations}
    assert facts(one)["mesh"] == expected


@pytest.mark.parametrize(
    ("kind", "group", "fields", "replicas", "strategy", "lasting"),
    [
        ("Deployment", "apps/v1", {"replicas": 3, "strategy": {"type": "Recreate"}}, 3, "Recreate", True),
        ("Deployment", "apps/v1", {"replicas": 0}, 0, "RollingUpdate", True),
        ("StatefulSet", "apps/v1", {"updateStrategy": {"type": "OnDelete"}}, 1, "OnDelete", True),
        ("StatefulSet", "apps/v1", {}, 1, "RollingUpdate", True),
        ("DaemonSet", "apps/v1", {}, None, "RollingUpdate", True),
        ("DaemonSet", "apps/v1", {"updateStrategy": {"type": "OnDelete"}}, None, "OnDelete", True),
        ("ReplicaSet", "apps/v1", {"replicas": 2}, 2, None, True),
        ("ReplicationController", "v1", {}, 1, None, True),
        ("Job", "batch/v1", {"parallelism": 4}, None, None, False),
    ],
)
def test_controllers_say_how_many_and_how_they_are_replaced(
    kind: str, group: str, fields: dict[str, Any], replicas: int | None, strategy: str | None, lasting: bool
) -> None:
    found = facts(deployment(**fields) | {"kind": kind, "apiVersion": group})
    assert (found["replicas"], found["update_strategy"], found["long_running"]) == (replicas, strategy, lasting)
    assert found["controller"] == kind


def test_a_cron_jobs_template_is_inside_its_jobs() -> None:
    inner = {"spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": spec()}}}
    one = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "night"}, "spec": {"jobTemplate": inner}}
    [resource] = stated([one])
    assert resource.address == "CronJob.default.night" and resource.aliases == ()
    assert facts(one)["labels"] == {"a": "b"} and facts(one)["long_running"] is False


@pytest.mark.parametrize(
    ("policy", "lasting"), [(None, True), ("Always", True), ("Never", False), ("OnFailure", False)]
)
def test_a_bare_pod_runs_on_unless_it_says_otherwise(policy: str | None, lasting: bool) -> None:
    found = facts(running("one", spec(restartPolicy=policy)))
    assert found["controller"] == "Pod" and found["replicas"] == 1 and found["update_strategy"] is None
    assert found["long_running"] is lasting


def test_placeholders_are_unknown_where_they_decide() -> None:
    pod = spec(
        container(imagePullPolicy="{{ .Values.policy }}", securityContext={"procMount": "$(PROC)"}),
        serviceAccountName="${ACCOUNT}",
        runtimeClassName="{{ .Values.runtime }}",
        volumes=[{"name": "a", "persistentVolumeClaim": {"claimName": "${CLAIM}"}}],
    )
    one = deployment(pod, replicas="${REPLICAS}", strategy={"type": "{{ .Values.strategy }}"})
    found = facts(one)
    for name in ("service_account", "runtime_class", "replicas", "update_strategy"):
        assert isinstance(found[name], Unknown), name
    assert found["service_account"] == Unknown(reason="unresolved: ${ACCOUNT}")
    assert isinstance(found["containers"][0]["pull_policy"], Unknown)
    assert isinstance(found["containers"][0]["proc_mount"], Unknown)
    assert isinstance(found["volumes"][0]["claim"], Unknown)


def test_labels_that_no_label_may_be_are_not_shown() -> None:
    one = deployment()
    one["spec"]["template"]["metadata"]["labels"] = {"app": "web", "owner": "jane@example.com", "v": "${TAG}"}
    labels = facts(one)["labels"]
    assert labels["app"] == "web" and labels["v"] == Unknown(reason="unresolved: ${TAG}")
    assert isinstance(labels["owner"], Unknown) and "jane" not in labels["owner"].reason


def test_the_template_is_named_as_checkov_names_it() -> None:
    one = deployment()
    one["spec"]["template"]["metadata"]["labels"] = {"tier": "x", "app": "web", "__startline__": 4}
    [resource] = stated([one])
    assert resource.address == "Deployment.ml.web" and resource.aliases == ("Pod.ml.web.tier-x.app-web",)
    named = deployment()
    named["spec"]["template"]["metadata"] = {"name": "inner"}
    assert stated([named])[0].aliases == ("Pod.ml.inner",)
    unlabelled = deployment()
    unlabelled["spec"]["template"]["metadata"] = {}
    assert stated([unlabelled])[0].aliases == ()
    bare = running("x", spec())
    bare["metadata"] = {"generateName": "run-", "namespace": "ml", "labels": {"a": "b"}}
    assert [(one.address, one.aliases) for one in stated([bare])] == [("Pod.ml.run-*", ("Pod.ml.a-b",))]


def test_the_location_is_the_documents() -> None:
    places = [one.location for one in stated([deployment(name="a"), deployment(name="b")])]
    assert [place.start_line for place in places if place is not None] == [1, 2]
