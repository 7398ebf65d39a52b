"""A stand-in for the `helm` program where only the Python renderer is installed: what checkov's CLI asks of it."""

import re
import sys
from pathlib import Path

from helm_python.chart import Chart, dependency_list, package

KINDS = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
]
"""Helm's `InstallOrder`."""


def main() -> int:
    match sys.argv[1:]:
        case ["version"]:
            print('version.BuildInfo{Version:"v3.18.0", GitCommit:"", GitTreeState:"clean", GoVersion:"go1.24"}')
        case ["dependency", "list", chart]:
            for one in dependency_list(chart):
                print(one["name"], one["version"], one["repository"], one["status"], sep="\t")
        case ["template", "--dependency-update", chart]:
            update(Path(chart))
            print(template(chart), end="")
        case other:
            print(f"unknown: {other}", file=sys.stderr)
            return 1
    return 0


def update(chart: Path) -> None:
    for one in dependency_list(chart):
        if one["repository"].startswith("file://"):
            (chart / "charts").mkdir(exist_ok=True)
            package(chart / one["repository"].removeprefix("file://"), destination=chart / "charts")


def template(folder: str) -> str:
    with Chart.load(folder) as chart:
        rendered = chart.render(name="release-name", namespace="default")
    documents = [
        (path, document.strip())
        for path, text in sorted(rendered.items())
        if not path.endswith("NOTES.txt") and not path.rpartition("/")[2].startswith("_")
        for document in re.split(r"(?:^|\s*\n)---\s*", text)
        if document.strip()
    ]
    documents.sort(key=lambda one: _rank(one[1]))
    return "".join(f"---\n# Source: {path}\n{document}\n" for path, document in documents)


def _rank(document: str) -> int:
    kind = re.search(r"^kind:\s*[\"']?(\w+)", document, re.MULTILINE)
    return KINDS.index(kind[1]) if kind and kind[1] in KINDS else len(KINDS)


if __name__ == "__main__":
    sys.exit(main())
