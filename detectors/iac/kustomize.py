"""Builds the private copy's kustomizations without network, home or plugins, in the place of checkov's own build."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from assay.detectors.iac.failures import failure
from assay.detectors.iac.frameworks import KUSTOMIZATION_NAMES, visible
from assay.detectors.iac.modules import REMOTE_REFERENCE, REMOTE_TITLE
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.programs import ProgramError, run_program
from assay.detectors.iac.rendered import Rendered
from assay.detectors.iac.syntax import read_syntax
from assay.detectors.iac.verdicts import unknown
from assay.detectors.redact import mask_address
from assay.scanner.api import EngineVerdict, Failure, Location
from assay.scanner.safe.text import one_line
from assay.scanner.safe.yaml import YamlError, load

FRAMEWORK = "kustomize"
_TIMEOUT_SECONDS = 120
_MAX_MEMORY = 4 << 30
"""Of address space."""
_REFERENCE_LISTS = (
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
)
_PROGRAM_LISTS = ("generators", "transformers", "validators", "helmCharts", "helmChartInflationGenerator")
"""Lists that name programs or charts; kustomize runs them only with flags that are not given here."""
_REMOTE = re.compile(
    r"^(?:[a-z][a-z0-9+.\-]*::|[a-z][a-z0-9+.\-]*://|git@|github\.com[/:]|[\w.\-]+@[\w.\-]+:)", re.IGNORECASE
)


class Kustomizations:
    """The kustomizations of a tree, on a copy of their own, which this changes."""

    def __init__(self, folders: Sequence[str], copy: PrivateCopy) -> None:
        self._folders = folders
        self._copy = copy
        self._program = "kubectl" if shutil.which("kubectl") else "kustomize"
        self._remote: dict[str, list[str]] = {}
        self._local: dict[str, list[str]] = {}
        self._failed: dict[str, str] = {}
        self._paths = {folder: _path(folder, copy) for folder in folders}
        self._built: dict[str, Rendered] = {}
        self._metas: Mapping[str, Mapping[str, object]] = {}

    def missing_tool(self) -> str | None:
        """The line that says what to install, if nothing here can build a kustomization."""
        if shutil.which(self._program):
            return None
        folders = ", ".join(one_line(folder or ".", 80) for folder in self._folders[:5])
        more = f" and {len(self._folders) - 5} more" if len(self._folders) > 5 else ""
        return f"cannot build the kustomizations in {folders}{more}: install kubectl or kustomize"

    def prepare(self, runner: Any) -> Any:
        """Strikes references that lead out of the tree, and gives checkov's runner our build."""
        for folder in self._folders:
            self._settle(folder)
            if folder in self._failed:
                # One that checkov cannot read would take the others down with it.
                self._remove(folder)
        runner.templateRendererCommand = self._program
        runner._get_kubectl_output = self._output
        runner.run_kustomize_to_k8s = lambda *arguments: _build_in_turn(runner, self._give_up, *arguments)
        self._metas = runner.kustomizeProcessedFolderAndMeta
        return runner

    @property
    def rendered(self) -> Sequence[Rendered]:
        """What each kustomization comes to that none of the others builds upon, once the runner has run."""
        bases = {base for folder in self._built for base in self._below(folder)}
        return [one for folder, one in sorted(self._built.items()) if folder not in bases]

    def unknowns(self) -> list[EngineVerdict]:
        """For each kustomization with references that lead out of the tree."""
        found = []
        reached = self._reached()
        for folder, references in sorted(self._remote.items()):
            if references and folder in reached:
                names = ", ".join(one_line(mask_address(reference), 100) for reference in references)
                reason = f"{names}: not in the scanned folder, and nothing is downloaded or run"
                location = Location(path=self._paths[folder], start_line=1, end_line=1)
                found.append(unknown(REMOTE_REFERENCE, folder or ".", REMOTE_TITLE, FRAMEWORK, reason, location))
        return found

    def failures(self) -> Iterator[Failure]:
        """For each kustomization that could not be built, unless a reference that leads out of the tree explains it."""
        reached = self._reached()
        for folder, reason in sorted(self._failed.items()):
            if folder in reached and not self._leads_out(folder, set()):
                yield failure(FRAMEWORK, self._paths[folder], f"the kustomization cannot be built: {reason}")

    def _output(self, file_path: str, *_: Any) -> bytes | None:
        """In the place of checkov's `_get_kubectl_output`."""
        folder = self._copy.relative(file_path)
        if folder in self._failed:
            return None
        arguments = [self._program, "kustomize" if self._program == "kubectl" else "build"]
        with tempfile.TemporaryDirectory() as home:
            # In case it still takes something for a repository: this stands before git, and does nothing.
            Path(home, "git").touch(0o700)
            environment = {
                "PATH": f"{home}:{os.environ.get('PATH', '')}",
                "HOME": home,
                "TMPDIR": home,
                "KUBECONFIG": os.devnull,
            }
            environment |= {"XDG_CONFIG_HOME": home, "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}
            # In case it still finds something to fetch and no sandbox stands in its way.
            environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
            try:
                done = run_program(arguments, environment, _TIMEOUT_SECONDS, _MAX_MEMORY, file_path)
            except ProgramError as error:
                self._failed[folder] = f"{self._program} {error}"
                return None
        if done.status != 0:
            # What it says may quote the files.
            self._failed[folder] = f"{self._program} refuses it (exit {done.status}); build it by hand to see why"
            return None
        fault = read_syntax("rendered.yaml", done.output).fault
        if fault is not None and fault.hostile:
            self._failed[folder] = f"of what it comes to: {fault.reason}"
            return None
        meta = self._metas.get(file_path, {})
        sort, name = str(meta.get("type", "base")), str(meta.get("overlay_name", ""))
        prefix = f"{sort}:{name}:" if "overlay" in sort else f"{sort}:"
        self._built[folder] = Rendered(folder=folder, output=done.output, path=self._paths[folder], prefix=prefix)
        return done.output

    def _settle(self, folder: str) -> None:
        self._local[folder] = []
        self._remote[folder] = []
        for name in KUSTOMIZATION_NAMES:
            path = Path(self._copy.root, folder, name)
            if path.is_file():
                self._settle_file(folder, path)

    def _settle_file(self, folder: str, path: Path) -> None:
        try:
            content = load(path.read_bytes())
        except (YamlError, OSError):
            self._failed[folder] = "it is not valid YAML"
            return
        if content is None:
            # As with any other empty file, there is nothing in it to look at.
            path.unlink()
            return
        if not isinstance(content, dict):
            self._failed[folder] = "it is not a mapping"
            return
        remote: list[str] = []
        for key in _REFERENCE_LISTS:
            entries = content.get(key)
            if entries is None:
                continue
            if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
                self._failed[folder] = f"its {key} is not a list of names"
                return
            kept = [entry for entry in entries if self._is_inside(folder, entry)]
            remote += [entry for entry in entries if entry not in kept]
            self._local[folder] += kept
            content[key] = kept
        for key in _PROGRAM_LISTS:
            if content.get(key):
                remote.append(f"{key} (a chart or a program)")
                del content[key]
        schema = content.get("openapi")
        if isinstance(schema, dict) and isinstance(schema.get("path"), str) and _REMOTE.match(schema["path"]):
            remote.append(schema["path"])
            del content["openapi"]
        self._remote[folder] += remote
        if remote:
            path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value != []}), "utf-8")

    def _give_up(self, path: str) -> None:
        self._failed.setdefault(self._copy.relative(path), "checkov cannot read it; correct the file, then scan again")

    def _remove(self, folder: str) -> None:
        for name in KUSTOMIZATION_NAMES:
            Path(self._copy.root, folder, name).unlink(missing_ok=True)

    def _is_inside(self, folder: str, reference: str) -> bool:
        if _REMOTE.match(reference) or reference.startswith("/"):
            return False
        target = os.path.normpath(os.path.join(self._copy.root, folder, reference))  # noqa: PTH118
        # A repository without a scheme (`host.example/org/repo//path`) also names nothing here.
        first, slash, _ = reference.removeprefix("./").partition("/")
        looks_remote = "//" in reference or "?" in reference or ":" in reference or ("." in first.strip(".") and slash)
        return (target == self._copy.root or target.startswith(f"{self._copy.root}/")) and (
            not looks_remote or os.path.exists(target)  # noqa: PTH110
        )

    def _leads_out(self, folder: str, seen: set[str]) -> bool:
        if folder in seen:
            return False
        seen.add(folder)
        if self._remote.get(folder):
            return True
        return any(self._leads_out(base, seen) for base in self._below(folder))

    def _reached(self) -> set[str]:
        """The folders that checkov builds, and those that they are built upon."""
        waiting = [folder for folder in self._folders if visible(self._paths[folder])]
        reached: set[str] = set()
        while waiting:
            folder = waiting.pop()
            if folder not in reached:
                reached.add(folder)
                waiting += self._below(folder)
        return reached

    def _below(self, folder: str) -> Iterator[str]:
        for reference in self._local.get(folder, ()):
            base = os.path.normpath(os.path.join(folder, reference))  # noqa: PTH118
            yield "" if base == "." else base


def _path(folder: str, copy: PrivateCopy) -> str:
    """The folder's kustomization."""
    paths = [f"{folder}/{name}" if folder else name for name in KUSTOMIZATION_NAMES]
    # One that is too broken for the copy is named by another failure.
    return next((path for path in paths if Path(copy.root, path).is_file()), paths[1])


def _build_in_turn(
    runner: Any, give_up: Callable[[str], None], root_folder: str | None, files: Any, runner_filter: Any
) -> None:
    """checkov's `run_kustomize_to_k8s` without its manager process, which talks through a socket."""
    from checkov.kustomize.runner import Runner, find_kustomize_directories

    folders = find_kustomize_directories(root_folder, files, runner_filter.excluded_paths)
    if not folders:
        return
    metas = runner.kustomizeProcessedFolderAndMeta
    runner.target_folder_path = tempfile.mkdtemp()

    def each(do: Callable[[str], None], among: Iterable[str]) -> None:
        for folder in among:
            try:
                do(folder)
            except Exception:  # noqa: BLE001  # checkov trusts their contents; one must not end the others
                metas.pop(folder, None)
                give_up(folder)

    def parse(folder: str) -> None:
        metas[folder] = runner._parseKustomization(folder)

    def build(folder: str) -> None:
        output, _ = runner.get_binary_output(folder, metas, runner.templateRendererCommand)
        if output:
            Runner._parse_output(output, folder, metas, runner.target_folder_path, runner.kustomizeFileMappings)

    each(parse, folders)
    each(runner._handle_overlay_case, [folder for folder, meta in metas.items() if meta.get("type") == "overlay"])
    each(build, list(metas))
