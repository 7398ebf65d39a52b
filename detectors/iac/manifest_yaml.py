"""Has checkov read the YAML of manifests as Kubernetes' own tools do, where PyYAML refuses it or takes it otherwise.

A value that PyYAML refuses, such as `=`, a date that is none, or one with a tag, is text to these tools; checkov drops
the whole file for it, of what was rendered without a word.
"""

import base64
import importlib
import re
from pathlib import Path
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_OCTAL = re.compile(r"^[-+]?0o[0-7_]*[0-7]$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
"""As Go's YAML has it. PyYAML wants a dot, and a sign before the exponent."""


def manifest_loader() -> Any:
    """The loader with which checkov reads manifests, which also notes the lines; bent at the first call."""
    loader: Any = importlib.import_module("checkov.kubernetes.parser.k8_yaml").SafeLineLoader
    if "yaml_constructors" not in vars(loader):
        _bend(loader)
    return loader


def read_rendered_manifests() -> None:
    """Bends what checkov reads charts' and kustomizations' output with. For the process of one part."""
    # The runner for kustomizations reads each object with PyYAML's own loader first.
    _bend(yaml.SafeLoader)
    manifests: Any = importlib.import_module("checkov.kubernetes.parser.k8_yaml")
    loader = manifest_loader()

    def load(filename: Any) -> tuple[list[Any], list[tuple[int, str]]]:
        # checkov's passes over what looks like a template. What was rendered is none, whatever text it holds.
        content = Path(filename).read_text("utf-8", "replace")
        return list(yaml.load_all(content, Loader=loader)), list(enumerate(content.splitlines(keepends=True), 1))

    manifests.load = load


def takes_manifest(document: Any) -> bool:
    """Whether checkov looks at an object of what was rendered, or passes over it without a word."""
    validator: Any = importlib.import_module("checkov.kubernetes.parser.validatior").K8sValidator
    return not document.keys() >= {"apiVersion", "kind", "metadata"} or bool(validator.is_valid_template(document)[0])


def _bend(loader: Any) -> None:
    loader.add_constructor(f"{_TAG}value", _as_text)
    loader.add_constructor(f"{_TAG}timestamp", _as_text)
    loader.add_constructor(f"{_TAG}binary", _from_base64)
    loader.add_constructor(f"{_TAG}set", lambda self, node: self.construct_mapping(node, deep=True))
    for kind in ("int", "float"):
        loader.add_constructor(f"{_TAG}{kind}", _number)
    loader.add_implicit_resolver(f"{_TAG}int", _OCTAL, list("-+0"))
    loader.add_implicit_resolver(f"{_TAG}float", _FLOAT, list("-+.0123456789"))
    loader.add_multi_constructor("", _without_tag)


def _without_tag(loader: Any, _: str, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else _as_text(loader, node)


def _as_text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


def _from_base64(loader: Any, node: Any) -> Any:
    text = loader.construct_scalar(node)
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return text


def _number(loader: Any, node: Any) -> Any:
    """A number that is one to Kubernetes' tools: `1:30` is ninety only to PyYAML, and `0o17` fifteen only to them."""
    text = loader.construct_scalar(node)
    try:
        if _OCTAL.match(text):
            return int(text.replace("_", ""), 8)
        if ":" in text:
            return text
        return loader.construct_yaml_int(node) if node.tag.endswith(":int") else loader.construct_yaml_float(node)
    except (ValueError, IndexError):
        return text
