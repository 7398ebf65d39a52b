"""Has checkov read what its YAML reader drops without a word: files with tags of their format, and with more than one
document, of which it takes the first that comes.

For the process of one part, as it changes checkov's modules.
"""

import importlib
from collections.abc import Callable
from typing import Any

import yaml

from assay.detectors.iac.failures import SkipLog
from assay.detectors.iac.manifest_yaml import manifest_loader, read_rendered_manifests
from assay.detectors.iac.syntax import Fault

_RENDERED = frozenset({"helm", "kustomize"})
_ONE_EACH = "put each into a file of its own, then scan again"


def read_documents(framework: str, log: SkipLog) -> None:
    """Bends checkov's readers for one framework."""
    if framework in _IS_REAL:
        _read_with_tags()
        _read_real_document(_IS_REAL[framework], log)
    elif framework == "kubernetes":
        manifest_loader()
        _note_refused_manifests(log)
    elif framework in _RENDERED:
        read_rendered_manifests()


def _read_with_tags() -> None:
    """Takes a value with a tag (`!vault`, `!unsafe`, `!reference`) for what stands behind the tag."""
    loader: Any = importlib.import_module("checkov.common.parsers.yaml.loader").SafeLineLoader
    loader.add_multi_constructor("!", _without_tag)


def _without_tag(loader: Any, tag: str, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if not isinstance(node, yaml.SequenceNode):
        return loader.construct_scalar(node)
    found = loader.construct_sequence(node, deep=True)
    # GitLab's stands among the lines of a script, which the checks take for text.
    return " ".join(str(one) for one in found) if tag == "reference" else found


def _read_real_document(is_real: Callable[[Any], bool], log: SkipLog) -> None:
    """Puts the first document that is of the framework before the others, such as the header of a GitLab component."""
    loader: Any = importlib.import_module("checkov.common.parsers.yaml.loader")

    def loads(content: str) -> list[Any]:
        try:
            documents = list(yaml.load_all(content, Loader=loader.SafeLineLoader))
        except Exception as error:  # noqa: BLE001  # as checkov does, which says nothing of it
            log.unread_in_hand(_fault_of(error))
            return [None]
        real = [document for document in documents if is_real(document)]
        if len(real) > 1:
            line = _line_of(real[1])
            reason = f"checkov only looks at the first of its {len(real)} documents"
            log.unread_in_hand(Fault(reason=reason, line=line, advice=_ONE_EACH))
        return real[:1] + [document for document in documents if not real or document is not real[0]]

    loader.loads = loads


def _fault_of(error: Exception) -> Fault:
    if isinstance(error, RecursionError):
        return Fault(reason="it is nested too deeply")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Fault(reason="checkov cannot parse it: a value in it is not what it looks like, such as a wrong date")
    return Fault(reason=f"checkov cannot parse it, from line {mark.line + 1} on", line=mark.line + 1)


def _line_of(document: Any) -> int | None:
    first = document[0] if isinstance(document, list) and document else document
    line = first.get("__startline__") if isinstance(first, dict) else None
    return line if isinstance(line, int) and line > 0 else None


def _note_refused_manifests(log: SkipLog) -> None:
    validator: Any = importlib.import_module("checkov.kubernetes.parser.validatior").K8sValidator
    is_valid = validator.is_valid_template

    def is_valid_template(template: Any) -> tuple[bool, str]:
        valid, why = is_valid(template)
        if not valid and isinstance(template, dict) and template.keys() >= {"apiVersion", "kind", "metadata"}:
            if "${" in why or "{{" in why:
                log.unrendered_in_hand()
            else:
                line = _line_of(template)
                where = f" from line {line} on" if line else ""
                reason = f"checkov does not take the manifest{where}, since a name in it is not plain text"
                log.unread_in_hand(Fault(reason=reason, line=line))
        return valid, why

    validator.is_valid_template = staticmethod(is_valid_template)


def _has(*keys: str) -> Callable[[Any], bool]:
    wanted = frozenset(keys)
    return lambda document: isinstance(document, dict) and not wanted.isdisjoint(document.keys())


def _is_play(document: Any) -> bool:
    return isinstance(document, list) and any(isinstance(one, dict) for one in document)


def _is_workflow(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    kind, version = str(document.get("kind")), str(document.get("apiVersion"))
    return kind.startswith("Workflow") and version.startswith("argoproj.io/")


def _has_jobs(document: Any) -> bool:
    # The `spec` of a component's header declares its inputs.
    return isinstance(document, dict) and any(
        key == "include" or (key != "spec" and isinstance(value, dict)) for key, value in document.items()
    )


_IS_REAL: dict[str, Callable[[Any], bool]] = {
    "ansible": _is_play,
    "argo_workflows": _is_workflow,
    "azure_pipelines": _has("extends", "jobs", "pool", "resources", "stages", "steps", "trigger"),
    "bitbucket_pipelines": _has("pipelines"),
    "circleci_pipelines": _has("commands", "executors", "jobs", "orbs", "workflows"),
    "gitlab_ci": _has_jobs,
    "openapi": _has("openapi", "swagger"),
}
"""Whether a document is what the framework is for."""
