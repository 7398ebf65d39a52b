"""Rewrites `built_in.json` from roles and bindings as Kubernetes makes them:
`python -m assay.detectors.rbac.built_in_update VERSION=FOLDER …`, oldest version first.

A folder holds YAML lists of roles and bindings: the test data of Kubernetes' own bootstrap policy, or what
`kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o yaml` prints for a cluster that `kubeadm init`
has just made. What the newest folder with a role no longer has is kept under `before`.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml

TARGET = Path(__file__).with_name("built_in.json")
_CORE = "core"


def main(argv: Sequence[str]) -> int:
    """Writes the file; the exit code."""
    table: dict[str, Any] = {"versions": [], "roles": {}, "bindings": {}}
    for argument in argv:
        version, _, folder = argument.partition("=")
        table["versions"].append(version)
        for one in _objects(Path(folder)):
            if one["kind"] in ("ClusterRole", "Role"):
                _add_role(table["roles"], one)
            elif one["kind"] in ("ClusterRoleBinding", "RoleBinding"):
                _add_binding(table["bindings"], one)
    TARGET.write_bytes(orjson.dumps(table, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    return 0


def _objects(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield from document["items"] if document["kind"] == "List" else [document]


def _address(one: dict[str, Any]) -> str:
    meta = one["metadata"]
    place = f".{meta['namespace']}" if one["kind"] in ("Role", "RoleBinding") else ""
    return f"{one['kind']}{place}.{meta['name']}"


def _add_role(roles: dict[str, Any], one: dict[str, Any]) -> None:
    selectors = (one.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    # The controller fills in the rules of a role that aggregates.
    rules = [] if selectors else sorted({_rule(rule) for rule in one.get("rules") or ()})
    earlier = roles.get(_address(one), {"rules": [], "before": []})
    labels = one["metadata"].get("labels") or {}
    roles[_address(one)] = {
        "labels": {key: value for key, value in labels.items() if key.startswith("rbac.authorization.k8s.io/")},
        "aggregates": sorted(key for selector in selectors for key in selector["matchLabels"]),
        "rules": rules,
        "before": sorted({*earlier["rules"], *earlier["before"]} - set(rules)),
    }


def _rule(rule: dict[str, Any]) -> str:
    """`verbs|URLs`, `verbs|groups|resources` or `verbs|groups|resources|names`."""
    verbs = ",".join(sorted(rule["verbs"]))
    if rule.get("nonResourceURLs"):
        return f"{verbs}|{','.join(sorted(rule['nonResourceURLs']))}"
    groups = ",".join(sorted(group or _CORE for group in rule["apiGroups"]))
    text = f"{verbs}|{groups}|{','.join(sorted(rule['resources']))}"
    names = rule.get("resourceNames")
    return f"{text}|{','.join(sorted(names))}" if names else text


def _add_binding(bindings: dict[str, Any], one: dict[str, Any]) -> None:
    reference, place = one["roleRef"], one["metadata"].get("namespace")
    role = f"{reference['kind']}.{place}.{reference['name']}" if reference["kind"] == "Role" else ""
    subjects = {_subject(subject) for subject in one.get("subjects") or ()}
    earlier = bindings.get(_address(one), {"subjects": []})
    bindings[_address(one)] = {
        "role": role or f"ClusterRole.{reference['name']}",
        "subjects": sorted({*earlier["subjects"], *subjects}),
    }


def _subject(subject: dict[str, Any]) -> str:
    place = f"{subject['namespace']}/" if subject["kind"] == "ServiceAccount" else ""
    return f"{subject['kind']}:{place}{subject['name']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
