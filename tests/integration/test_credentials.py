"""The operator's log-ins reach a detector whose line in the registry says so, and no other; in real child processes."""

from pathlib import Path

import pytest

from assay.scanner.engine.launch import HostProcess
from assay.scanner.engine.receive import Observed
from assay.scanner.model.detector import DetectorSpec, Tree
from assay.scanner.model.resource import Resource

TOYS = Path(__file__).parents[1] / "toys" / "toy_detectors.py"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A target beside the folder `outside`, where the kubeconfig lies, as it is named from within the target."""
    for name in ("tree", "outside", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "tree" / "port").write_text("9")
    (tmp_path / "outside" / "secret").write_text("s")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_PROFILE", "audit")
    monkeypatch.setenv("GITHUB_TOKEN", "worthless")
    monkeypatch.setenv("KUBECONFIG", "../outside/secret")
    monkeypatch.chdir(tmp_path / "tree")
    return tmp_path / "tree"


def said(tree: Path, *capabilities: str) -> tuple[Observed, set[str]]:
    spec = DetectorSpec(
        id="toy",
        entry=f"{TOYS}:Prisoner",
        targets=("path",),
        surfaces={},
        capabilities=frozenset(capabilities),  # type: ignore[arg-type]  # of its literals
    )
    observed = HostProcess(spec, Tree(root=str(tree), files=("port",)), (), (), 1).run()
    assert observed.outcome.status == "ok", observed.outcome.reason
    return observed, {one.address for one in observed.records if isinstance(one, Resource)}


def test_with_the_capability_variables_and_the_kubeconfigs_folder_are_there_and_no_more(tree: Path) -> None:
    observed, found = said(tree, "credentials")
    assert {"env:AWS_PROFILE", "env:KUBECONFIG", "could:secret-file", "could:home"} <= found
    assert "env:GITHUB_TOKEN" not in found
    if "landlock" in observed.outcome.isolation:
        assert not {"could:write-target", "could:passwd"} & found
    if {"netns", "tcp"} & set(observed.outcome.isolation.split("+")):
        assert "could:network" not in found


@pytest.mark.parametrize("capabilities", [(), ("network",)])
def test_without_it_neither_is(capabilities: tuple[str, ...], tree: Path) -> None:
    observed, found = said(tree, *capabilities)
    assert not {"env:AWS_PROFILE", "env:KUBECONFIG", "env:GITHUB_TOKEN"} & found
    if "landlock" in observed.outcome.isolation:
        assert not {"could:secret-file", "could:home"} & found
