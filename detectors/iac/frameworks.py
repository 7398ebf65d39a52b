"""The checkov frameworks that read files, and which files of a tree each of them takes up.

Every rule here repeats what the framework's runner does in checkov 3.3.30, so that a file counts as looked at exactly
where checkov looks: compare a runner's `_parse_file` or `get_scannable_file_paths` when the pin moves.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO

from msgspec import Struct

IGNORED_FOLDERS = frozenset({"node_modules", ".terraform", ".serverless"})
"""checkov's default of `CKV_IGNORED_DIRECTORIES`."""
SECRET_SUFFIXES = frozenset({".tf", ".yml", ".yaml", ".json", ".template", ".bicep", ".hcl"})
"""`SUPPORTED_FILE_EXTENSIONS`: what the secrets runner opens besides Dockerfiles."""
SECRET_MAX_BYTES = 5_000_000
"""`CHECKOV_MAX_FILE_SIZE`: the secrets runner does not open larger files."""
KUSTOMIZATION_NAMES = ("kustomization.yml", "kustomization.yaml", "Kustomization")
"""What kustomize takes for a kustomization, in the order in which checkov does, which does not know the last."""

_SECRETS_EXCLUDED = (*IGNORED_FOLDERS, ".external_modules", ".idea", ".git", "venv")
"""Anywhere in the path, even inside a name, as the runner's `EXCLUDED_PATHS` are searched for and not compared."""
YAML_SUFFIXES = (".yaml", ".yml")
_LOCK_FILES = frozenset({"Pipfile.lock", "yarn.lock", "package-lock.json", "requirements.txt", "go.sum"})
_DOCKERFILE = re.compile(r"(?:.+\.)?[Dd]ockerfile(?:\..+)?(?<!\.[Dd]ockerignore)")
_TASK_NAME = re.compile(rb"^[^\S\n]*-\s+name:\s", re.MULTILINE)
"""Stays on its line up to the dash, or a run of newlines would be read once for each of them."""
_ARGO_API = re.compile(rb"^apiVersion:\s*argoproj.io/", re.MULTILINE)
_ARGO_KIND = re.compile(rb"^kind:\s*Workflow", re.MULTILINE)
_LIST_STARTS = b"-[&!?"


class Seen(Struct, frozen=True, kw_only=True):
    """A file as a framework's rule sees it."""

    path: str
    """POSIX, relative to the scanned folder."""
    absolute: str
    """checkov looks for some folder names in the whole path, what lies above the scanned folder included."""
    content: bytes
    """Empty for files whose content no rule asks for."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class Framework(Struct, frozen=True, kw_only=True):
    """A checkov framework."""

    id: str
    """checkov's `check_type`; also our part's id and the surface of its verdicts."""
    runner: str
    """`module:Class`, imported only when the framework is present."""
    reads: Callable[[Seen], bool]
    """Whether its runner takes up the file."""


def visible(path: str, *included: str) -> bool:
    """Whether checkov's walk comes to the file: no hidden or ignored name on the way, `included` excepted."""
    return all(
        name not in IGNORED_FOLDERS and (not name.startswith(".") or name in included) for name in path.split("/")
    )


def is_dockerfile(name: str) -> bool:
    return _DOCKERFILE.fullmatch(name) is not None


def _terraform(file: Seen) -> bool:
    # `.tfvars` alone is no Terraform; it only matters beside a `.tf`.
    return visible(file.path) and file.name.endswith((".tf", ".hcl"))


def _terraform_plan(file: Seen) -> bool:
    named = file.name.endswith(".json") and file.name != "tsconfig.json"
    return named and visible(file.path) and b"terraform_version" in file.content


def _terraform_json(file: Seen) -> bool:
    return file.name.endswith(".tf.json")  # This runner walks hidden folders too.


def _cloudformation(file: Seen) -> bool:
    named = file.name.endswith((".json", ".yml", ".yaml", ".template"))
    return named and visible(file.path) and b"Resources" in file.content


def _kubernetes(file: Seen) -> bool:
    named = file.name.endswith((".json", ".yml", ".yaml"))
    return named and visible(file.path) and b"apiVersion" in file.content and b"kind" in file.content


def _helm(file: Seen) -> bool:
    return file.name == "Chart.yaml" and visible(file.path)


def _kustomize(file: Seen) -> bool:
    return file.name in ("kustomization.yaml", "kustomization.yml") and visible(file.path)


def _dockerfile(file: Seen) -> bool:
    return is_dockerfile(file.name) and visible(file.path)


def _arm(file: Seen) -> bool:
    marked = b"$schema" in file.content and b"contentVersion" in file.content
    return file.name.endswith(".json") and visible(file.path) and marked


def _bicep(file: Seen) -> bool:
    return file.name.endswith(".bicep")  # This runner walks hidden folders too.


def _ansible(file: Seen) -> bool:
    # The runner takes any YAML with a `- name:`, but its checks only speak of plays and tasks, which are lists.
    named = file.name.endswith(YAML_SUFFIXES) and visible(file.path)
    return named and _TASK_NAME.search(file.content) is not None and _may_be_list(file.content)


def _may_be_list(content: bytes) -> bool:
    """Whether the first line with more than a comment, of any document, begins as a list may: with an anchor or a tag
    included."""
    begins = True
    for line in BytesIO(content):
        if line.startswith(b"---"):
            begins, line = True, line[3:]
        elif not begins:
            continue
        start = line.lstrip()
        if start and not start.startswith((b"#", b"%")):
            if start[:1] in _LIST_STARTS:
                return True
            begins = False
    return False


def _serverless(file: Seen) -> bool:
    return file.name in ("serverless.yml", "serverless.yaml") and visible(file.path)


def _openapi(file: Seen) -> bool:
    named = file.name.endswith((".json", ".yml", ".yaml")) and visible(file.path)
    return named and (b"swagger" in file.content or b"openapi" in file.content)


def _github_actions(file: Seen) -> bool:
    in_workflows = ".github/workflows/" in file.absolute and file.name.endswith(("yml", "yaml"))
    return in_workflows and visible(file.path, ".github")


def _gitlab_ci(file: Seen) -> bool:
    names = (".gitlab-ci.yml", ".gitlab-ci.yaml")
    return file.name.endswith(names) and visible(file.path, *names)


def _azure_pipelines(file: Seen) -> bool:
    return file.name.endswith(("azure-pipelines.yml", "azure-pipelines.yaml")) and visible(file.path)


def _circleci_pipelines(file: Seen) -> bool:
    named = file.name.endswith(("config.yml", "config.yaml")) and "circleci" in file.absolute
    return named and visible(file.path, ".circleci")


def _bitbucket_pipelines(file: Seen) -> bool:
    return file.name.endswith(("bitbucket-pipelines.yml", "bitbucket-pipelines.yaml")) and visible(file.path)


def _argo_workflows(file: Seen) -> bool:
    named = file.name.endswith(YAML_SUFFIXES) and visible(file.path)
    return named and _ARGO_API.search(file.content) is not None and _ARGO_KIND.search(file.content) is not None


def _secrets(file: Seen) -> bool:
    named = file.name not in _LOCK_FILES and f".{file.name.rpartition('.')[2]}" in SECRET_SUFFIXES
    excluded = any(text in file.path for text in _SECRETS_EXCLUDED)
    return (named or is_dockerfile(file.name)) and visible(file.path) and not excluded


FRAMEWORKS: tuple[Framework, ...] = (
    Framework(id="terraform", runner="checkov.terraform.runner:Runner", reads=_terraform),
    Framework(id="terraform_plan", runner="checkov.terraform.plan_runner:Runner", reads=_terraform_plan),
    Framework(id="terraform_json", runner="checkov.terraform_json.runner:TerraformJsonRunner", reads=_terraform_json),
    Framework(id="cloudformation", runner="checkov.cloudformation.runner:Runner", reads=_cloudformation),
    Framework(id="kubernetes", runner="checkov.kubernetes.runner:Runner", reads=_kubernetes),
    Framework(id="helm", runner="checkov.helm.runner:Runner", reads=_helm),
    Framework(id="kustomize", runner="checkov.kustomize.runner:Runner", reads=_kustomize),
    Framework(id="dockerfile", runner="checkov.dockerfile.runner:Runner", reads=_dockerfile),
    Framework(id="arm", runner="checkov.arm.runner:Runner", reads=_arm),
    Framework(id="bicep", runner="checkov.bicep.runner:Runner", reads=_bicep),
    Framework(id="ansible", runner="checkov.ansible.runner:Runner", reads=_ansible),
    Framework(id="serverless", runner="checkov.serverless.runner:Runner", reads=_serverless),
    Framework(id="openapi", runner="checkov.openapi.runner:Runner", reads=_openapi),
    Framework(id="github_actions", runner="checkov.github_actions.runner:Runner", reads=_github_actions),
    Framework(id="gitlab_ci", runner="checkov.gitlab_ci.runner:Runner", reads=_gitlab_ci),
    Framework(id="azure_pipelines", runner="checkov.azure_pipelines.runner:Runner", reads=_azure_pipelines),
    Framework(id="circleci_pipelines", runner="checkov.circleci_pipelines.runner:Runner", reads=_circleci_pipelines),
    Framework(id="bitbucket_pipelines", runner="checkov.bitbucket_pipelines.runner:Runner", reads=_bitbucket_pipelines),
    Framework(id="argo_workflows", runner="checkov.argo_workflows.runner:Runner", reads=_argo_workflows),
    Framework(id="secrets", runner="checkov.secrets.runner:Runner", reads=_secrets),
)
"""In the order of checkov's own documentation. Not here: `json` and `yaml`, which run only custom checks; `sast`, `cdk`
and `sca_*`, which do nothing without the vendor's platform; `github_configuration` and its kin, which call an API."""

BY_FILE = frozenset(
    {
        "azure_pipelines",
        "bitbucket_pipelines",
        "circleci_pipelines",
        "dockerfile",
        "github_actions",
        "gitlab_ci",
        "secrets",
    }
)
"""Those that say of a file what they would say if there were no other."""

BY_ID = {framework.id: framework for framework in FRAMEWORKS}

NEEDED_KEYS = {
    "arm": frozenset({"$schema"}),
    "cloudformation": frozenset({"Resources"}),
    "kubernetes": frozenset({"kind"}),
    "openapi": frozenset({"openapi", "swagger"}),
    "terraform_plan": frozenset({"terraform_version"}),
}
"""Top-level keys of which a file that parses must have one for its framework to find anything in it."""

_SURE_KEYS: Mapping[str, tuple[frozenset[str], ...]] = {
    "cloudformation": (frozenset({"AWSTemplateFormatVersion", "Resources"}),),
    "kubernetes": (frozenset({"apiVersion", "kind", "metadata"}),),
    "arm": (frozenset({"$schema", "contentVersion", "resources"}),),
    "github_actions": (frozenset({"on", "jobs"}),),
    "openapi": (frozenset({"openapi", "info"}), frozenset({"swagger", "info"})),
    "terraform_plan": (frozenset({"terraform_version", "planned_values"}),),
}
_SURE_NAMES = frozenset({"gitlab_ci", "azure_pipelines", "circleci_pipelines", "bitbucket_pipelines"})
"""Frameworks for which the file's name says it."""


def is_surely(framework: str, documents: Iterable[frozenset[str] | None]) -> bool:
    """Whether a file that the framework takes up is one of its own beyond doubt, by the keys at its documents' tops."""
    if framework in _SURE_NAMES or framework == "argo_workflows":
        return any(documents)
    sure = _SURE_KEYS.get(framework, ())
    return any(document is not None and document >= keys for document in documents for keys in sure)
