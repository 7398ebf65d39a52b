"""Renders the private copy's Helm charts without network, home or plugins, and puts that in the place of checkov's
own `helm template --dependency-update`."""

import importlib
import importlib.util
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from assay.detectors.iac.failures import failure
from assay.detectors.iac.helm_render import RenderError, render
from assay.detectors.iac.modules import REMOTE_REFERENCE, REMOTE_TITLE
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.rendered import Rendered
from assay.detectors.iac.syntax import read_syntax
from assay.detectors.iac.verdicts import unknown
from assay.detectors.redact import mask_line
from assay.scanner.api import EngineVerdict, Failure, Location
from assay.scanner.safe.text import one_line
from assay.scanner.safe.yaml import YamlError, load

FRAMEWORK = "helm"


class HelmCharts:
    """The charts of a tree, on a copy of their own, which this changes."""

    def __init__(self, folders: Sequence[str], copy: PrivateCopy) -> None:
        self._folders = folders
        self._copy = copy
        self._remote: dict[str, list[str]] = {}
        self._failed: dict[str, str] = {}
        self.rendered: list[Rendered] = []
        """What each chart comes to, once the runner has run."""

    def missing_tool(self) -> str | None:
        """The line that says what to install, if nothing here can render a chart."""
        if shutil.which("helm") or importlib.util.find_spec("helm_python"):
            return None
        charts = ", ".join(one_line(folder or ".", 80) for folder in self._folders[:5])
        more = f" and {len(self._folders) - 5} more" if len(self._folders) > 5 else ""
        return (
            f"cannot render the Helm charts in {charts}{more}: "
            "install helm, or the renderer that comes with `pip install 'assay-scanner[helm]'`"
        )

    def prepare(self, runner: Any) -> Any:
        """Vendors what the tree holds of the charts' dependencies, and gives checkov's runner our renderer."""
        for folder in self._folders:
            try:
                self._remote[folder] = _settle_dependencies(Path(self._copy.root, folder), Path(self._copy.root))
            except (YamlError, OSError, tarfile.TarError):
                self._failed[folder] = "its Chart.yaml cannot be read"
                # checkov would end at it, and with it the part.
                Path(self._copy.root, folder, "Chart.yaml").unlink(missing_ok=True)
        module = importlib.import_module(type(runner).__module__)
        module.Runner.get_binary_output = staticmethod(self._output)
        parse = _keep_templates(module.Runner._parse_output, runner, self._copy)
        module.Runner._parse_output = staticmethod(parse)
        # Its rule against hidden folders looks at the whole path, of which the temporary folder is a part.
        kubernetes: Any = importlib.import_module("checkov.kubernetes.kubernetes_utils")
        kubernetes.should_include_path = lambda *_: True
        return runner

    def unknowns(self) -> list[EngineVerdict]:
        """For each chart with dependencies that are not in the tree."""
        found = []
        for folder, missing in sorted(self._remote.items()):
            if missing:
                path = f"{folder}/Chart.yaml" if folder else "Chart.yaml"
                names = ", ".join(one_line(mask_line(name), 60) for name in missing)
                reason = f"its dependencies {names} are not in the scanned folder, and nothing is downloaded"
                location = Location(path=path, start_line=1, end_line=1)
                found.append(unknown(REMOTE_REFERENCE, folder or ".", REMOTE_TITLE, FRAMEWORK, reason, location))
        return found

    def failures(self) -> Iterator[Failure]:
        """For each chart that could not be rendered, unless a dependency that is not here explains it."""
        for folder, reason in sorted(self._failed.items()):
            if not self._remote.get(folder):
                path = f"{folder}/Chart.yaml" if folder else "Chart.yaml"
                yield failure(FRAMEWORK, path, f"the chart cannot be rendered: {reason}")

    def _output(self, chart_item: Any, *_: Any, **__: Any) -> tuple[bytes, Any] | tuple[None, None]:
        """In the place of checkov's `get_binary_output`."""
        folder = self._copy.relative(os.path.abspath(chart_item[0]))  # noqa: PTH100
        try:
            output = render(Path(self._copy.root, folder))
        except RenderError as error:
            self._failed[folder] = str(error)
            return None, None
        fault = read_syntax("rendered.yaml", output).fault
        if fault is not None and fault.hostile:
            self._failed[folder] = f"of what it renders to: {fault.reason}"
            return None, None
        self.rendered.append(Rendered(folder=folder, output=output))
        return output, chart_item


def _settle_dependencies(chart: Path, root: Path) -> list[str]:
    """Packs dependencies of the same tree into `charts/`, as `helm dependency update` does, and strikes those that are
    nowhere in it from the chart, so that the rest can be rendered. Returns their names."""
    path = chart / "Chart.yaml"
    meta = load(path.read_bytes())
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        raise YamlError("it is not a mapping with a name")
    declared_in = path
    dependencies = meta.get("dependencies")
    if dependencies is None and (chart / "requirements.yaml").is_file():
        declared_in = chart / "requirements.yaml"
        meta = load(declared_in.read_bytes())
        dependencies = meta.get("dependencies") if isinstance(meta, dict) else None
    if not isinstance(dependencies, list):
        return []
    kept, missing = [], []
    for dependency in dependencies:
        name = str(dependency.get("name", "?")) if isinstance(dependency, dict) else "?"
        repository = str(dependency.get("repository") or "") if isinstance(dependency, dict) else ""
        if _is_vendored(chart, name) or _pack(chart, name, repository, root):
            kept.append(dependency)
        else:
            missing.append(name)
    if missing:
        declared_in.write_text(yaml.safe_dump({**meta, "dependencies": kept}), "utf-8")
        for lock in ("Chart.lock", "requirements.lock"):
            (chart / lock).unlink(missing_ok=True)
    return missing


def _is_vendored(chart: Path, name: str) -> bool:
    charts = chart / "charts"
    if not re.fullmatch(r"[\w.\-]+", name) or not charts.is_dir():
        return False
    return (charts / name / "Chart.yaml").is_file() or any(charts.glob(f"{name}-*.tgz"))


def _pack(chart: Path, name: str, repository: str, root: Path) -> bool:
    if not repository.startswith("file://") or not re.fullmatch(r"[\w.\-]+", name):
        return False
    source = (chart / repository.removeprefix("file://")).resolve()
    if not source.is_relative_to(root) or not (source / "Chart.yaml").is_file() or chart.is_relative_to(source):
        return False
    (chart / "charts").mkdir(exist_ok=True)
    with tarfile.open(chart / "charts" / f"{name}-0.tgz", "w:gz") as archive:
        archive.add(source, arcname=name)
    return True


def _keep_templates(parse_output: Any, runner: Any, copy: PrivateCopy) -> Any:
    # checkov's CLI names a finding's file after the chart, though the chart's folder may be called otherwise: it runs
    # this in a child process, where the mapping to the templates is lost. The name is kept, as parity is promised, and
    # the template is put there for the lines that are shown.
    def parse(target_dir: str, output: bytes, chart_dir: str, _: dict[str, str]) -> None:
        templates: dict[str, str] = {}
        parse_output(target_dir, output, chart_dir, templates)
        for rendered, template in templates.items():
            named = Path(copy.root, os.path.relpath(rendered, runner.target_folder_path))
            if not named.exists():
                named.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(template, named)

    return parse
