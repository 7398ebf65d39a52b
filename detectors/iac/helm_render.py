"""Renders one Helm chart without network, home or plugins, and in bounds of its own."""

import importlib
import os
import re
import resource
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path

from assay.detectors.iac.programs import ProgramError, lower_limit, read_bounded, run_program
from assay.scanner.safe.text import one_line

MAX_SECONDS = 60
"""For one chart."""
MAX_MEMORY = 4 << 30
"""Of address space, of which the renderer and the interpreter around it take a quarter before they begin."""
_GAVE_UP = "the renderer gave up; run `helm template` on it to see why"
_SEPARATOR = re.compile(r"(?:^|\s*\n)---\s*")
"""Where Helm splits a rendered template into documents (`releaseutil.SplitManifests`)."""
_PLACE = re.compile(r"(?:template: |\()(?P<file>[\w./\-]{1,300}):(?P<line>\d{1,7})\b")


class RenderError(Exception):
    """A chart that cannot be rendered; the text is one line that quotes nothing but the names of files."""


def render(chart: Path) -> bytes:
    """What `helm template CHART` prints."""
    return _render_with_program(chart) if shutil.which("helm") else _render_apart(chart)


def _render_with_program(chart: Path) -> bytes:
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "TMPDIR": home, "KUBECONFIG": os.devnull}
        environment |= {f"HELM_{name}_HOME": home for name in ("CACHE", "CONFIG", "DATA")}
        environment |= {"HELM_PLUGINS": f"{home}/none", "HELM_REPOSITORY_CONFIG": f"{home}/none.yaml"}
        try:
            done = run_program(["helm", "template", str(chart)], environment, MAX_SECONDS, MAX_MEMORY)
        except ProgramError as error:
            raise RenderError(f"helm {error}") from None
    if done.status != 0:
        raise RenderError(_where(done.complaint.decode("utf-8", "replace"), chart))
    return done.output


def _render_apart(chart: Path) -> bytes:
    """In a process of its own: a chart may end its renderer, and a Go runtime does not survive a fork."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(chart, writer)
    os.close(writer)
    try:
        answer = read_bounded(reader, MAX_SECONDS)
    except ProgramError as error:
        raise RenderError(f"it {error}") from None
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if answer[:1] == b"+":
        return answer[1:]
    raise RenderError(answer[1:].decode("utf-8", "replace") or "the renderer crashed or ran out of memory")


def _answer(chart: Path, writer: int) -> None:
    """In the child, which ends here: `+` and the output, or `-` and the reason."""
    try:
        lower_limit(resource.RLIMIT_AS, MAX_MEMORY)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 2)  # A Go runtime that ends for lack of memory prints its whole state.
        with os.fdopen(writer, "wb") as out:
            try:
                out.write(b"+" + _render_with_package(chart))
            except RenderError as error:
                out.write(b"-" + str(error).encode())
    finally:
        os._exit(0)


def _render_with_package(chart: Path) -> bytes:
    helm = importlib.import_module("helm_python")
    try:
        with importlib.import_module("helm_python.chart").Chart.load(chart) as loaded:
            rendered: Mapping[str, str] = loaded.render(name="release-name", namespace="default")
    except helm.HelmError as error:
        raise RenderError(_where(str(error), chart)) from None
    return template_output(rendered).encode("utf-8", "replace")


def template_output(rendered: Mapping[str, str]) -> str:
    """The rendered templates as `helm template` prints them, though by path and not by kind, which checkov undoes."""
    printed = []
    for path, text in sorted(rendered.items()):
        name = path.rpartition("/")[2]
        if name.startswith("_") or name.endswith("NOTES.txt"):
            continue
        # A name with a line break in it must not begin a line of its own.
        header = f"---\n# Source: {one_line(path)}\n"
        printed += [f"{header}{part.strip()}\n" for part in _SEPARATOR.split(text) if part.strip()]
    return "".join(printed)


def _where(said: str, chart: Path) -> str:
    """The template and the line that the renderer names. Nothing else of its text: `fail` prints any value."""
    for place in _PLACE.finditer(said[:20_000]):
        # It puts the chart's name before a path below the chart.
        file = place["file"].partition("/")[2]
        if file and ".." not in file and (chart / file).is_file():
            return f"{one_line(file, 200)}, line {place['line']}: {_GAVE_UP}"
    return _GAVE_UP
