"""Renders one Helm chart without network, home or plugins, and in bounds of its own."""

import importlib
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from assay.scanner.safe.text import one_line

MAX_SECONDS = 60
"""For one chart."""
MAX_MEMORY = 4 << 30
"""Of address space, of which the renderer and the interpreter around it take a quarter before they begin."""
MAX_OUTPUT = 64 << 20
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
            done = subprocess.run(
                ["helm", "template", str(chart)],
                capture_output=True,
                env=environment,
                timeout=MAX_SECONDS,
                check=False,
                preexec_fn=_confine_memory,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise RenderError(f"helm did not answer ({type(error).__name__})") from None
    if done.returncode != 0:
        raise RenderError(_where(done.stderr.decode("utf-8", "replace"), chart))
    return done.stdout


def _render_apart(chart: Path) -> bytes:
    """In a process of its own: a chart may end its renderer, and a Go runtime does not survive a fork."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(chart, writer)
    os.close(writer)
    try:
        answer = _read_answer(reader)
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
        _confine_memory()
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 2)  # A Go runtime that ends for lack of memory prints its whole state.
        with os.fdopen(writer, "wb") as out:
            try:
                out.write(b"+" + _render_with_package(chart))
            except RenderError as error:
                out.write(b"-" + str(error).encode())
    finally:
        os._exit(0)


def _read_answer(reader: int) -> bytes:
    answer = bytearray()
    deadline = time.monotonic() + MAX_SECONDS
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise RenderError(f"it takes longer than {MAX_SECONDS} seconds")
        chunk = os.read(reader, 1 << 20)
        if not chunk:
            return bytes(answer)
        answer += chunk
        if len(answer) > MAX_OUTPUT:
            raise RenderError(f"it renders to more than {MAX_OUTPUT >> 20} MB")


def _confine_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


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
        printed += [f"---\n# Source: {path}\n{part.strip()}\n" for part in _SEPARATOR.split(text) if part.strip()]
    return "".join(printed)


def _where(said: str, chart: Path) -> str:
    """The template and the line that the renderer names. Nothing else of its text: `fail` prints any value."""
    for place in _PLACE.finditer(said[:20_000]):
        # It puts the chart's name before a path below the chart.
        file = place["file"].partition("/")[2]
        if file and ".." not in file and (chart / file).is_file():
            return f"{one_line(file, 200)}, line {place['line']}: {_GAVE_UP}"
    return _GAVE_UP
