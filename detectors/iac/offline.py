"""Keeps checkov away from the network, from credentials, from the caller's settings, and inside its private copy."""

import importlib
import os
from collections.abc import Callable
from typing import Any

_SETTINGS = {
    "BC_SKIP_MAPPING": "TRUE",  # no download of guidelines
    "CHECKOV_PARALLELIZATION_TYPE": "none",  # our parts are the processes
    "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false",
    "CKV_GITHUB_CONFIG_FETCH_DATA": "False",
    "CKV_GITLAB_CONFIG_FETCH_DATA": "False",
    "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
    "GIT_ALLOW_PROTOCOL": "none",  # kustomize fetches remote bases with git
    "GIT_TERMINAL_PROMPT": "0",
    "HCL_PARSE_TIMEOUT_SEC": "0",  # a loaded machine must not drop a slow file; the part's own limit still ends it
    "LOG_LEVEL": "WARNING",
}
_FOREIGN_PREFIXES = ("BC_", "CHECKOV_", "CKV_", "PRISMA_", "TF_VAR_", "TF_SPLIT_", "VCS_")
"""Settings of the caller's shell that change what checkov finds; a result must not depend on them."""
_FOREIGN = frozenset({"WORKDIR", "EXTERNAL_MODULES_DIR", "EVAL_TF_PLAN_AFTER_UNKNOWN", "MAX_WILDCARD_ARR_SIZE"})


def settle_environment() -> None:
    """Must come before the first import of checkov, which reads its environment while it is imported."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN_PREFIXES) or name in _FOREIGN:
            del os.environ[name]
    os.environ.update(_SETTINGS)


def confine(framework: str, root: str) -> None:
    """Makes the ways by which a scanned file can name another file end at the root of the private copy.

    For the process of one part, as it changes checkov's modules.
    """
    if framework in ("terraform", "terraform_plan", "terraform_json"):
        loader = importlib.import_module("checkov.terraform.module_loading.loaders.local_path_loader").LocalPathLoader
        load_module = loader._load_module

        def load_inside(self: Any, module_params: Any) -> Any:
            content = load_module(self, module_params)
            if not _is_inside(content.path(), root):
                raise FileNotFoundError(module_params.module_source)
            return content

        loader._load_module = load_inside
    elif framework == "serverless":
        parser: Any = importlib.import_module("checkov.serverless.parsers.parser")
        parser._load_file_data = _only_inside(parser._load_file_data, root)


def _only_inside(
    load: Callable[[str, dict[str, Any], str], Any], root: str
) -> Callable[[str, dict[str, Any], str], Any]:
    def load_inside(location: str, cache: dict[str, Any], folder: str) -> Any:
        if "~" in location or not _is_inside(os.path.join(folder, location), root):  # noqa: PTH118
            return {}
        return load(location, cache, folder)

    return load_inside


def _is_inside(path: str, root: str) -> bool:
    real = os.path.realpath(path)
    return real == root or real.startswith(f"{root}/")
