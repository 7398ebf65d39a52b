"""The packs `pod-security-baseline` and `pod-security-restricted` say of pods what Kubernetes' own admission says.

Written from the fields and allowed values of the standard, version 1.37, control by control.
See: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from assay.policies import book as policy
from assay.scanner.engine.inventory import Header, build
from assay.scanner.engine.judge import judge
from tests.unit.pod_manifests import container, deployment, spec, stated

HEADER = Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
BOOK = policy.load(["pod-security-restricted"])
[PACK] = BOOK.packs
Pod = Mapping[str, Any]


def secured(**changes: Any) -> dict[str, Any]:
    """The security context of a container that the restricted level lets in, with changes."""
    return {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
        **changes,
    }


def pod(**fields: Any) -> dict[str, Any]:
    return spec(container(securityContext=secured()), **fields)


def of_pod(**context: Any) -> dict[str, Any]:
    return pod(securityContext=context)


def within(**fields: Any) -> dict[str, Any]:
    """A pod with one container that has these fields."""
    return spec(container(securityContext=secured(), **fields))


def own(**context: Any) -> dict[str, Any]:
    """A pod with one container whose security context has these fields."""
    return spec(container(securityContext=secured(**context)))


def noted(profile: str) -> dict[str, Any]:
    return {**pod(), "annotations": {"container.apparmor.security.beta.kubernetes.io/main": profile}}


def probe(kind: str, action: str, **fields: Any) -> dict[str, Any]:
    return within(**{kind: {action: {"port": 80, **fields}}})


def volume(**source: Any) -> dict[str, Any]:
    return pod(volumes=[{"name": "v", **source}])


def user_namespace(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "hostUsers": False}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in secured().items() if name not in names}


def windows(**context: Any) -> dict[str, Any]:
    return spec(container(securityContext=context), os={"name": "windows"})


INLINE = (
    "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd", "flexVolume", "cinder",
    "cephfs", "flocker", "fc", "azureFile", "vsphereVolume", "quobyte", "azureDisk", "portworxVolume",
    "photonPersistentDisk", "scaleIO", "storageos",
)  # fmt: skip
CLAIMED = (
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
)  # fmt: skip
SYSCTLS = (
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
)  # fmt: skip
ADDED = (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
)  # fmt: skip
HOOKED = ("livenessProbe", "readinessProbe", "startupProbe")

STANDARD: Mapping[str, tuple[str, list[Pod], list[Pod]]] = {
    "HostProcess": (
        "pods-no-host-process",
        [of_pod(windowsOptions={"hostProcess": True}), own(windowsOptions={"hostProcess": True})],
        [of_pod(windowsOptions={"hostProcess": False}), own(windowsOptions={"runAsUserName": "ContainerUser"})],
    ),
    "Host Namespaces": (
        "pods-no-host-network pods-no-host-pid pods-no-host-ipc",
        [pod(hostNetwork=True), pod(hostPID=True), pod(hostIPC=True)],
        [pod(hostNetwork=False, hostPID=False, hostIPC=False)],
    ),
    "Privileged Containers": ("containers-not-privileged", [own(privileged=True)], [own(privileged=False)]),
    "Capabilities": (
        "containers-no-dangerous-capabilities",
        [own(capabilities={"add": [name], "drop": ["ALL"]}) for name in ("NET_RAW", "SYS_ADMIN", "ALL", "BPF")],
        [own(capabilities={"add": list(ADDED)}), own(capabilities={"drop": ["ALL"]}), own(capabilities={})],
    ),
    "HostPath Volumes": (
        "pods-no-host-path",
        [volume(hostPath={"path": "/data"}), volume(hostPath={"path": "${DATA}"}), volume(hostPath={})],
        [volume(emptyDir={}), volume(nfs={"server": "s"})],
    ),
    "Host Ports": (
        "containers-no-host-port",
        [within(ports=[{"containerPort": 80, "hostPort": 80}])],
        [within(ports=[{"containerPort": 80}]), within(ports=[{"containerPort": 80, "hostPort": 0}])],
    ),
    "Host Probes / Lifecycle Hooks": (
        "containers-probe-themselves",
        [
            *(probe(kind, action, host="10.0.0.1") for kind in HOOKED for action in ("httpGet", "tcpSocket")),
            *(
                within(lifecycle={hook: {action: {"port": 80, "host": "localhost"}}})
                for hook in ("postStart", "preStop")
                for action in ("httpGet", "tcpSocket")
            ),
        ],
        [*(probe(kind, "httpGet") for kind in HOOKED), probe("livenessProbe", "tcpSocket", host="")],
    ),
    "AppArmor": (
        "containers-apparmor-on",
        [
            of_pod(appArmorProfile={"type": "Unconfined"}),
            own(appArmorProfile={"type": "Unconfined"}),
            noted("unconfined"),
            {**noted("unconfined"), "securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}},
        ],
        [
            of_pod(appArmorProfile={"type": "RuntimeDefault"}),
            own(appArmorProfile={"type": "Localhost", "localhostProfile": "p"}),
            noted("runtime/default"),
            noted("localhost/p"),
            noted(""),
        ],
    ),
    "SELinux": (
        "containers-selinux-confined",
        [
            of_pod(seLinuxOptions={"type": "spc_t"}),
            own(seLinuxOptions={"type": "unconfined_t"}),
            of_pod(seLinuxOptions={"user": "u"}),
            own(seLinuxOptions={"role": "r"}),
        ],
        [
            *(
                of_pod(seLinuxOptions={"type": name})
                for name in ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
            ),
            own(seLinuxOptions={"type": "", "user": "", "role": "", "level": "s0:c1"}),
        ],
    ),
    "/proc Mount Type": (
        "containers-proc-masked",
        [own(procMount="Unmasked")],
        [own(procMount="Default"), user_namespace(own(procMount="Unmasked"))],
    ),
    "Seccomp": (
        "containers-seccomp-on",
        [of_pod(seccompProfile={"type": "Unconfined"}), own(seccompProfile={"type": "Unconfined"})],
        [of_pod(seccompProfile={"type": "Localhost"}), spec(container())],
    ),
    "Sysctls": (
        "pods-safe-sysctls",
        [of_pod(sysctls=[{"name": name, "value": "1"}]) for name in ("kernel.shmmax", "net.core.somaxconn")],
        [of_pod(sysctls=[{"name": name, "value": "1"} for name in SYSCTLS]), of_pod(sysctls=[])],
    ),
    "Volume Types": (
        "pods-portable-volumes",
        [volume(hostPath={"path": "/data"}), *(volume(**{name: {}}) for name in INLINE)],
        [volume(**{name: {}}) for name in CLAIMED],
    ),
    "Privilege Escalation": (
        "containers-no-privilege-escalation",
        [
            spec(container()),
            own(allowPrivilegeEscalation=True),
            spec(container(), nodeSelector={"kubernetes.io/os": "windows"}),
        ],
        [own(allowPrivilegeEscalation=False), windows()],
    ),
    "Running as Non-root": (
        "pods-enforce-non-root",
        [
            own(runAsNonRoot=False),
            spec(container(securityContext=without("runAsNonRoot"))),
            of_pod(runAsNonRoot=False),
            spec(container(securityContext={"runAsNonRoot": False}), securityContext={"runAsNonRoot": True}),
            spec(container(securityContext={"runAsUser": 1000})),
        ],
        [
            own(runAsNonRoot=True),
            spec(container(), securityContext={"runAsNonRoot": True}),
            user_namespace(spec(container())),
            user_namespace(own(runAsNonRoot=False)),
        ],
    ),
    "Running as Non-root user": (
        "pods-no-root-user",
        [of_pod(runAsUser=0), own(runAsUser=0)],
        [of_pod(runAsUser=1), own(runAsUser=1000), pod(), user_namespace(own(runAsUser=0))],
    ),
    "Seccomp (restricted)": (
        "containers-seccomp-on containers-seccomp-set",
        [
            spec(container()),
            own(seccompProfile={"type": "Unconfined"}),
            of_pod(seccompProfile={"type": "Unconfined"}),
            spec(container(), nodeSelector={"kubernetes.io/os": "windows"}),
        ],
        [
            spec(container(), securityContext={"seccompProfile": {"type": "RuntimeDefault"}}),
            own(seccompProfile={"type": "Localhost"}),
            windows(),
        ],
    ),
    "Capabilities (restricted)": (
        "containers-drop-capabilities",
        [
            spec(container()),
            own(capabilities={"drop": ["NET_RAW"]}),
            own(capabilities={"drop": ["ALL"], "add": ["CHOWN"]}),
            spec(container(), nodeSelector={"kubernetes.io/os": "windows"}),
        ],
        [own(capabilities={"drop": ["ALL"]}), own(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
         windows()],
    ),
    "/proc Mount Type (restricted)": (
        "containers-proc-masked containers-proc-masked-in-user-namespaces",
        [own(procMount="Unmasked"), user_namespace(own(procMount="Unmasked"))],
        [own(procMount="Default"), user_namespace(own(procMount="Default"))],
    ),
}  # fmt: skip
"""Control → the rules that it rests on, pods that the plug-in refuses, and pods that it lets in."""


def outcomes(one: Pod) -> dict[str, set[str]]:
    """What the controls of the pack are told of one pod."""
    fields = dict(one)
    annotations = fields.pop("annotations", {})
    document = deployment(fields)
    document["spec"]["template"]["metadata"]["annotations"] = annotations
    found: dict[str, set[str]] = {control.id: set() for control in PACK.controls}
    for finding in judge(build(HEADER, (), tuple(stated([document]))), BOOK):
        for control in finding.controls:
            found[control.partition(":")[2]].add(finding.outcome)
    return found


def elsewhere(one: Pod) -> Iterator[Pod]:
    """The pod, and where a container makes it bad, pods in which an init or ephemeral container is so."""
    yield one
    if one["containers"] != pod()["containers"] and "os" not in one:
        bad = [{**other, "name": "other"} for other in one["containers"]]
        for field in ("initContainers", "ephemeralContainers"):
            yield {**one, "containers": pod()["containers"], field: bad}


def cases(number: int) -> list[tuple[str, Pod]]:
    return [(control, one) for control, row in STANDARD.items() for one in row[number]]


def test_each_control_of_the_standard_is_in_the_pack_and_rests_on_its_rules() -> None:
    assert {control.id: " ".join(control.include) for control in PACK.controls} == {
        control: rules for control, (rules, _, _) in STANDARD.items()
    }
    assert PACK.lineage == ("pod-security-baseline",)
    assert all(not control.safeguards for control in PACK.controls)


@pytest.mark.parametrize(("control", "one"), cases(1))
def test_a_pod_that_the_standard_refuses_fails(control: str, one: Pod) -> None:
    for bad in elsewhere(one):
        # A pod's annotation names one container.
        if "annotations" not in bad or bad is one:
            assert "fail" in outcomes(bad)[control], bad


@pytest.mark.parametrize(("control", "one"), cases(2))
def test_a_pod_that_the_standard_lets_in_passes(control: str, one: Pod) -> None:
    assert outcomes(one)[control] == {"pass"}


def test_a_pod_that_the_restricted_level_lets_in_passes_all_of_both() -> None:
    assert set().union(*outcomes(pod()).values()) == {"pass"}


def test_a_bare_pod_passes_the_baseline() -> None:
    baseline = {control.id for control in policy.load(["pod-security-baseline"]).packs[0].controls}
    found = outcomes(spec(container()))
    assert {name for name, told in found.items() if told != {"pass"}} == {
        "Privilege Escalation", "Running as Non-root", "Seccomp (restricted)", "Capabilities (restricted)",
    }  # fmt: skip
    assert all(found[name] == {"pass"} for name in baseline)


@pytest.mark.parametrize(
    ("control", "one"),
    [
        ("Volume Types", volume(newDisk={"size": 1})),
        ("Privilege Escalation", spec(container(), os={"name": "${OS}"})),
        ("AppArmor", noted("${PROFILE}")),
        ("Seccomp (restricted)", own(seccompProfile={"type": "${PROFILE}"})),
    ],
)
def test_what_isnt_known_is_no_pass(control: str, one: Pod) -> None:
    found = outcomes(one)[control]
    assert "unknown" in found and "fail" not in found
