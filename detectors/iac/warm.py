"""Imports what any part may need, once, and rehearses, for a process from which one is forked for each hook."""

import os
import pkgutil
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from assay.detectors import cloud
from assay.detectors.iac import detector, facts, manifests, offline
from assay.detectors.iac.failures import SkipLog
from assay.detectors.iac.frameworks import FRAMEWORKS
from assay.detectors.iac.grammar_tables import build_parser_tables
from assay.detectors.iac.graph_facts import resources
from assay.detectors.iac.imports.loading import lean_imports, load_everything
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.runners import run
from assay.detectors.iac.speed.ways import know_originals

_OURS = (detector, manifests)
_SECRETS = (
    "checkov.secrets.plugins",
    "detect_secrets.filters",
    "detect_secrets.plugins",
    "detect_secrets.transformers",
)
"""Packages whose modules the secrets engine imports when it begins to look."""
_REHEARSED = {
    "terraform": {
        "main.tf": 'variable "name" {\n  default = "a"\n}\n\nlocals {\n  tags = { Owner = "${var.name}-team" }\n}\n\n'
        'resource "aws_s3_bucket" "data" {\n  bucket = "${var.name}-data"\n  tags   = merge(local.tags, { Of = "x" })\n'
        "  versioning {\n    enabled = length(var.name) > 3 ? true : false\n  }\n}\n\n"
        'resource "aws_s3_bucket_public_access_block" "data" {\n  bucket = aws_s3_bucket.data.id\n}\n'
    },
    "secrets": {"settings.tf": 'db_password = "not-a-secret"\nname = "plain"\n'},
    "dockerfile": {"Dockerfile": "FROM python:3.11\nRUN pip install x\n"},
    "cloudformation": {
        "stack.yaml": "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Data:\n    Type: AWS::S3::Bucket\n"
    },
}
"""What the most common frameworks are tried on. What a process does first costs it several times what it does again."""


def warm() -> None:
    """It changes this process's environment as a part's own process would."""
    offline.settle_environment()
    load_everything(framework.id for framework in FRAMEWORKS)
    with lean_imports():
        for package in map(import_module, _SECRETS):
            for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                import_module(module.name)
    for package in (cloud, facts):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    know_originals()
    with lean_imports():
        build_parser_tables()
    for framework, files in _REHEARSED.items():
        _rehearse(framework, files)


def _rehearse(framework: str, files: Mapping[str, str]) -> None:
    """Without what changes checkov's modules for the process of one part."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="assay-warm-") as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        copy = PrivateCopy(root=os.path.realpath(folder), original=folder)
        try:
            with lean_imports():
                ran = run(framework, copy, SkipLog(copy, files))
            for _ in resources(framework, ran.graphs, copy):
                pass
        finally:
            os.chdir(here)
