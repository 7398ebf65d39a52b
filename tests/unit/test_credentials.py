"""What of the operator's environment a detector that logs in somewhere may have."""

import os
from pathlib import Path

import pytest

from assay.scanner.engine import credentials


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with nothing in it but a home, and another folder to be in."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize(
    "name",
    ["AWS_PROFILE", "AZURE_TENANT_ID", "CLOUDSDK_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY", "no_proxy"],
)
def test_what_log_ins_go_by_is_handed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "text")
    assert credentials.environment()[name] == "text"


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "DATABASE_URL", "PYTHONPATH", "LD_PRELOAD", "SSH_AUTH_SOCK", "MY_AWS_KEY", "aws_profile"]
)
def test_nothing_else_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "text")
    assert credentials.environment().keys() == {"HOME"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("config", "{here}/config"),
        ("../home/config", "{here}/../home/config"),
        ("~/.kube/config", "{home}/.kube/config"),
        ("/etc/config", "/etc/config"),
        ("a::b:", "{here}/a:{here}/b"),
        ("~nobody-by-that-name/config", "{here}/~nobody-by-that-name/config"),
    ],
)
def test_a_kubeconfig_is_named_by_absolute_paths(
    given: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", given)
    expected = found.format(here=tmp_path / "here", home=tmp_path / "home")
    assert credentials.environment()["KUBECONFIG"] == expected


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_kubeconfig_none_is_made_up(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if given is not None:
        monkeypatch.setenv("KUBECONFIG", given)
    assert "KUBECONFIG" not in credentials.environment()


def test_the_folders_of_kubeconfigs_may_be_read_and_only_caches_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = str(tmp_path / "home")
    monkeypatch.setenv("KUBECONFIG", "/a/one:/b/two")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/c/token")
    assert {home, "/a/one", "/a", "/b/two", "/b", "/c/token"} < set(credentials.readable())
    assert credentials.writable()
    assert all(path.startswith(f"{home}/.") for path in credentials.writable())


def test_without_a_home_nothing_may_be_written_and_no_path_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert credentials.writable() == ()
    assert all(path.startswith("/") for path in credentials.readable())
