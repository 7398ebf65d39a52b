"""Sources in, facts out: parses small trees with checkov as the detector does, and shows facts as plain values."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.detectors.iac.facts import cloudformation, terraform
from assay.scanner.kinds.registry import check
from assay.scanner.model.fact import Known, Unknown
from assay.scanner.model.resource import Resource

os.environ.setdefault("CHECKOV_PARALLELIZATION_TYPE", "none")
logging.getLogger("checkov").setLevel(logging.ERROR)

Shown = dict[str, Any]


def from_terraform(root: Path, *texts: str, **files: str) -> dict[str, Shown]:
    """Address → facts. Keyword `a__b` is the file `a/b.tf`."""
    for index, text in enumerate(texts):
        (root / f"main{index}.tf").write_text(text)
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ("" if "." in name else ".tf"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return shown(terraform_resources(root))


def from_cloudformation(root: Path, text: str) -> dict[str, Shown]:
    (root / "template.yaml").write_text(text)
    return shown(cloudformation_resources(root))


def from_plan(root: Path, plan: Mapping[str, Any]) -> dict[str, Shown]:
    (root / "plan.json").write_text(json.dumps(plan, indent=1))
    return shown(plan_resources(root))


def terraform_resources(root: Path) -> list[Resource]:
    from checkov.common.graph.db_connectors.networkx.networkx_db_connector import NetworkxConnector
    from checkov.terraform.graph_manager import TerraformGraphManager

    manager = TerraformGraphManager(db_connector=NetworkxConnector())
    graph, _ = manager.build_graph_from_source_directory(str(root))
    return checked(terraform.resources(graph, str(root)))


def cloudformation_resources(root: Path) -> list[Resource]:
    from checkov.cloudformation.cfn_utils import create_definitions
    from checkov.cloudformation.graph_manager import CloudformationGraphManager
    from checkov.common.graph.db_connectors.networkx.networkx_db_connector import NetworkxConnector

    definitions, _ = create_definitions(str(root))
    manager = CloudformationGraphManager(db_connector=NetworkxConnector())
    return checked(cloudformation.resources(manager.build_graph_from_definitions(definitions), str(root)))


def plan_resources(root: Path) -> list[Resource]:
    from checkov.common.graph.db_connectors.networkx.networkx_db_connector import NetworkxConnector
    from checkov.runner_filter import RunnerFilter
    from checkov.terraform.graph_manager import TerraformGraphManager
    from checkov.terraform.plan_utils import create_definitions

    definitions, _ = create_definitions(str(root), None, RunnerFilter(), {})
    manager = TerraformGraphManager(db_connector=NetworkxConnector())
    graph = manager.build_graph_from_definitions(definitions, render_variables=False)
    return checked(terraform.resources(graph, str(root)))


def checked(resources: Any) -> list[Resource]:
    found = list(resources)
    for resource in found:
        check(resource)
    return found


def shown(resources: list[Resource]) -> dict[str, Shown]:
    """Known facts as their values, unknown ones as `? reason`; by address, and by kind where an address has two."""
    result: dict[str, Shown] = {}
    for resource in resources:
        name = resource.address if resource.address not in result else f"{resource.address} {resource.kind}"
        result[name] = {"kind": resource.kind, **{key: plain(fact) for key, fact in resource.facts.items()}}
    return result


def plain(value: Any) -> Any:
    if isinstance(value, Known):
        return plain(value.value)
    if isinstance(value, Unknown):
        return f"? {value.reason}"
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def expect(found: Mapping[str, Shown], address: str, **facts: Any) -> None:
    """Asserts the facts named, and that there is such a resource."""
    assert address in found, sorted(found)
    resource = found[address]
    assert {name: resource.get(name, "not stated") for name in facts} == facts
