"""What a running cluster adds to objects that somebody declared: defaults, ReplicaSets, Jobs, and pods on nodes."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Object = dict[str, Any]
NODE = "gpu-node-1"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_HASH = "5d9c7b8f64"
_RUN = "29110440"


def running(declared: Sequence[Object], replicas: int = 2) -> list[Object]:
    """The objects as the API server stores them, and after them what controllers make of them, `replicas` at most."""
    accounts = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one.get("automountServiceAccountToken", True)
        for one in declared
        if one["kind"] == "ServiceAccount"
    }
    stored = [_stored(one) for one in declared]
    made = [child for one in stored for child in _made(one, accounts, replicas)]
    return [*stored, *made]


def _stored(one: Object) -> Object:
    """With the defaults that a server fills in, of those fields that facts could rest on."""
    found = copy.deepcopy(one)
    spec = found.get("spec") or {}
    match found["kind"]:
        case "Deployment":
            spec.setdefault("replicas", 1)
            spec.setdefault(
                "strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
            )
            spec.setdefault("progressDeadlineSeconds", 600)
            spec["template"] = _defaulted(spec["template"])
            found["status"] = {"observedGeneration": 1, "replicas": spec["replicas"]}
        case "StatefulSet" | "DaemonSet":
            spec.setdefault("updateStrategy", {"type": "RollingUpdate"})
            spec["template"] = _defaulted(spec["template"])
        case "Service" if found["apiVersion"] == "v1":
            spec.setdefault("type", "ClusterIP")
            spec.setdefault("sessionAffinity", "None")
            spec.setdefault("clusterIP", "10.96.7.7")
            for port in spec.get("ports", ()):
                port.setdefault("protocol", "TCP")
                port.setdefault("targetPort", port["port"])
                if spec["type"] in ("LoadBalancer", "NodePort"):
                    port.setdefault("nodePort", 30000 + port["port"] % 2000)
            if spec["type"] == "LoadBalancer":
                found["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
        case "NetworkPolicy" if found["apiVersion"] == "networking.k8s.io/v1":
            types = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
            spec.setdefault("policyTypes", types)
            for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
                for port in rule.get("ports", ()):
                    port.setdefault("protocol", "TCP")
        case "PodDisruptionBudget":
            least = spec.get("minAvailable", 1)
            found.setdefault("status", {"expectedPods": 3, "desiredHealthy": least if isinstance(least, int) else 2})
        case "PersistentVolumeClaim":
            spec.setdefault("volumeMode", "Filesystem")
        case "Namespace":
            labels = found["metadata"].setdefault("labels", {})
            labels["kubernetes.io/metadata.name"] = found["metadata"]["name"]
            found["spec"], found["status"] = {"finalizers": ["kubernetes"]}, {"phase": "Active"}
            return found
        case "StorageClass":
            found.setdefault("reclaimPolicy", "Delete")
            found.setdefault("volumeBindingMode", "Immediate")
    if spec:
        found["spec"] = spec
    return found


def _defaulted(template: Object) -> Object:
    spec = template["spec"]
    for field, value in (
        ("restartPolicy", "Always"),
        ("dnsPolicy", "ClusterFirst"),
        ("schedulerName", "default-scheduler"),
        ("terminationGracePeriodSeconds", 30),
        ("securityContext", {}),
    ):
        spec.setdefault(field, value)
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        name = container["image"].rpartition("/")[2]
        latest = "@" not in name and (":" not in name or name.endswith(":latest"))
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault("resources", {})
        for port in container.get("ports", ()):
            port.setdefault("protocol", "TCP")
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if probe in container:
                container[probe] = {"timeoutSeconds": 1, "periodSeconds": 10, **container[probe]}
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    return template


def _made(owner: Object, accounts: Mapping[tuple[str, str], bool], most: int) -> Iterator[Object]:
    name, spec = owner["metadata"]["name"], owner.get("spec") or {}
    wanted = spec.get("replicas", 1)
    numbers = range(min(wanted, most) if isinstance(wanted, int) else 1)
    match owner["kind"]:
        case "Deployment" | "Rollout" if "template" in spec:
            replica_set = _owned(owner, "apps/v1", "ReplicaSet", f"{name}-{_HASH}")
            template = _labelled(spec["template"], {"pod-template-hash": _HASH})
            yield {**replica_set, "spec": {"replicas": wanted, "template": template}}
            for number in numbers:
                yield _pod(replica_set, f"{name}-{_HASH}-x{number}kzq", template, accounts)
        case "StatefulSet":
            for number in numbers:
                pod = f"{name}-{number}"
                labels = {"statefulset.kubernetes.io/pod-name": pod, "apps.kubernetes.io/pod-index": str(number)}
                yield _pod(owner, pod, _claiming(_labelled(spec["template"], labels), spec, pod), accounts)
        case "DaemonSet":
            labels = {"controller-revision-hash": _HASH, "pod-template-generation": "1"}
            yield _pod(owner, f"{name}-x1kzq", _labelled(spec["template"], labels), accounts)
        case "ReplicationController" | "ReplicaSet":
            for number in numbers:
                yield _pod(owner, f"{name}-x{number}kzq", spec["template"], accounts)
        case "Job" if owner["apiVersion"] == "batch/v1":
            labels = {"job-name": name, "batch.kubernetes.io/job-name": name, "controller-uid": "1f3a"}
            yield _pod(owner, f"{name}-x1kzq", _labelled(spec["template"], labels), accounts)
        case "CronJob":
            job = _owned(owner, "batch/v1", "Job", f"{name}-{_RUN}")
            job["spec"] = spec["jobTemplate"]["spec"]
            yield job
            yield from _made(job, accounts, most)
        case "Notebook":
            labels = {"statefulset": name, "notebook-name": name, **owner["metadata"].get("labels", {})}
            template = _labelled(spec["template"], labels)
            stateful = _owned(owner, "apps/v1", "StatefulSet", name)
            stateful["spec"] = {"replicas": 1, "template": template}
            yield stateful
            yield from _made(stateful, accounts, most)
        case "PyTorchJob":
            for role, one in spec["pytorchReplicaSpecs"].items():
                labels = {"training.kubeflow.org/job-name": name, "training.kubeflow.org/replica-type": role.lower()}
                for number in range(min(one.get("replicas", 1), most)):
                    index = {"training.kubeflow.org/replica-index": str(number)}
                    template = _labelled(one["template"], {**labels, **index})
                    yield _pod(owner, f"{name}-{role.lower()}-{number}", template, accounts)
        case "RayCluster":
            yield from _ray(owner, accounts, most)
        case "InferenceService":
            deployment = _owned(owner, "apps/v1", "Deployment", f"{name}-predictor")
            labels = {"app": f"isvc.{name}-predictor", **owner["metadata"].get("labels", {})}
            labels |= {**spec["predictor"].get("labels", {}), "component": "predictor"}
            labels["serving.kserve.io/inferenceservice"] = name
            predictor = {"metadata": {"labels": labels}, "spec": spec["predictor"]}
            deployment["spec"] = {"replicas": 1, "template": _defaulted(copy.deepcopy(predictor))}
            yield deployment
            yield from _made(deployment, accounts, most)


def _ray(owner: Object, accounts: Mapping[tuple[str, str], bool], most: int) -> Iterator[Object]:
    name, spec = owner["metadata"]["name"], owner["spec"]
    groups = [("head", "headgroup", spec["headGroupSpec"])]
    groups += [("worker", one["groupName"], one) for one in spec.get("workerGroupSpecs", ())]
    for kind, group, one in groups:
        labels = {"ray.io/is-ray-node": "yes", "ray.io/cluster": name, "ray.io/node-type": kind, "ray.io/group": group}
        template = _labelled(one["template"], labels)
        ray = template["spec"]["containers"][0]
        ray.setdefault("livenessProbe", {"exec": {"command": ["ray", "health-check"]}})
        ray.setdefault("readinessProbe", {"exec": {"command": ["ray", "health-check"]}})
        ray.setdefault("volumeMounts", []).append({"name": "shared-mem", "mountPath": "/dev/shm"})
        template["spec"].setdefault("volumes", []).append({"name": "shared-mem", "emptyDir": {"medium": "Memory"}})
        for number in range(min(one.get("replicas", 1), most)):
            yield _pod(owner, f"{name}-{group}-x{number}kzq", template, accounts)


def _owned_by(owner: Object) -> list[Object]:
    """What an object that a controller makes says of its owner."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
    return [{**reference, "uid": "6a1f", "controller": True, "blockOwnerDeletion": True}]


def _owned(owner: Object, version: str, kind: str, name: str) -> Object:
    metadata = {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": _owned_by(owner),
    }
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def pod(
    owner: Object | None, name: str, namespace: str, template: Object, accounts: Mapping[tuple[str, str], bool]
) -> Object:
    """A pod on the node, as admission leaves it; `accounts` says which of them mount their token."""
    made = _defaulted(copy.deepcopy(template))
    spec = made["spec"]
    account = spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = account
    spec.update(nodeName=NODE, enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority", priority=0)
    spec["tolerations"] = [
        *spec.get("tolerations", ()),
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
    ]
    if spec.get("automountServiceAccountToken", accounts.get((namespace, account), True)):
        token = f"kube-api-access-{name[-5:].replace('-', 'x')}"
        sources = [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]
        sources += [{"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]
        spec.setdefault("volumes", []).append({"name": token, "projected": {"defaultMode": 420, "sources": sources}})
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            mount = {"name": token, "readOnly": True, "mountPath": _ACCOUNT}
            container.setdefault("volumeMounts", []).append(mount)
    metadata = {**made["metadata"], "name": name, "namespace": namespace}
    if owner is not None:
        metadata["ownerReferences"] = _owned_by(owner)
    statuses = [{"name": one.get("name", "main"), "ready": True} for one in spec["containers"]]
    status = {"phase": "Running", "podIP": "10.244.0.7", "qosClass": "Burstable", "containerStatuses": statuses}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def _pod(owner: Object, name: str, template: Object, accounts: Mapping[tuple[str, str], bool]) -> Object:
    return pod(owner, name, owner["metadata"]["namespace"], template, accounts)


def _labelled(template: Object, labels: Mapping[str, str]) -> Object:
    found = copy.deepcopy(template)
    metadata = found.setdefault("metadata", {})
    metadata["labels"] = {**metadata.get("labels", {}), **labels}
    return found


def _claiming(template: Object, spec: Object, pod_name: str) -> Object:
    for claim in spec.get("volumeClaimTemplates", ()):
        name = claim["metadata"]["name"]
        volume = {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{pod_name}"}}
        template["spec"].setdefault("volumes", []).append(volume)
    return template
