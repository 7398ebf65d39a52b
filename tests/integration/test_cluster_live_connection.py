"""The ways into a cluster, and what is said where there is none: one line, and never a credential."""

import base64
import datetime
import json
import ssl
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.detector import ClusterDetector
from assay.detectors.cluster.live.connection import NotConnected
from assay.detectors.cluster.live.expiry import expiry
from assay.detectors.cluster.live.kubeconfig import connect, wrong_use
from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.live.transport import Transport
from assay.scanner.api import Known, Part, Remote, Tree
from tests.integration.cluster_live import failures, listings, look
from tests.kube_server import KubeServer, certificates
from tests.kube_server.certificates import Authority

SECRET = "s3cret-t0ken-value"
AUTHORITY = "check certificate-authority in the kubeconfig, which must be the one that signed it"
ONE_HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def server() -> Iterator[KubeServer]:
    with KubeServer() as started:
        yield started


def write(path: Path, user: Mapping[str, Any], cluster: Mapping[str, Any] | None = None, **more: Any) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "c", "cluster": cluster or {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": dict(user)}],
        "contexts": [{"name": "it", "context": {"cluster": "c", "user": "u"}}],
        **more,
    }
    path.write_text(yaml.safe_dump(config))
    return path


def trusted(server: KubeServer) -> dict[str, Any]:
    return {"server": server.url, "certificate-authority-data": base64.b64encode(server.ca).decode()}


def who(server: KubeServer, kubeconfig: Path, context: str = "", **environ: str) -> str | None:
    """As whom the server sees the one who connects."""
    connection = connect(context, {"KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent), **environ})
    assert Transport(connection, Limits()).get("/version").status == 200
    return server.log[-1].user


def refusal(kubeconfig: Path | str, context: str = "", **environ: str) -> str:
    with pytest.raises(NotConnected) as caught:
        connect(context, {"KUBECONFIG": str(kubeconfig), "HOME": "/nonexistent", **environ})
    text = str(caught.value)
    assert SECRET not in text and "\n" not in text
    return text


def program(path: Path, lines: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{lines}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def plugin(command: Path) -> dict[str, Any]:
    return {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(command), "interactiveMode": "Never"}
    }


@pytest.mark.parametrize("certificate", [True, False])
def test_tokens_and_client_certificates_log_in(server: KubeServer, tmp_path: Path, certificate: bool) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config", user="auditor", certificate=certificate)
    assert who(server, kubeconfig) == "auditor"


def test_a_log_in_program_is_run(server: KubeServer, tmp_path: Path) -> None:
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": server.token("auditor")},
    }
    command = program(tmp_path / "log-in", f"print({json.dumps(json.dumps(answer))})")
    assert who(server, write(tmp_path / "config", plugin(command), trusted(server))) == "auditor"


def test_a_token_file_is_read_beside_the_kubeconfig(server: KubeServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(server.token("auditor") + "\n")
    assert who(server, write(tmp_path / "config", {"tokenFile": "token"}, trusted(server))) == "auditor"


def test_a_pod_is_who_its_service_account_is(server: KubeServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(server.token("system:serviceaccount:audit:assay"))
    (tmp_path / "ca.crt").write_bytes(server.ca)
    host, port = server.url.removeprefix("https://").split(":")
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    connection = connect("", environ, service_account=tmp_path)
    assert connection.name == "in-cluster"
    assert Transport(connection, Limits()).get("/version").status == 200
    assert server.log[-1].user == "system:serviceaccount:audit:assay"


def test_of_several_files_the_first_current_context_counts_as_for_kubectl(server: KubeServer, tmp_path: Path) -> None:
    first = server.kubeconfig(tmp_path / "one", user="first", context="a")
    second = server.kubeconfig(tmp_path / "two", user="second", context="b")
    environ = {"KUBECONFIG": f"{tmp_path / 'none'}:{first}:{second}"}
    assert connect("", environ).name == "a"
    assert connect("b", environ).name == "b"


def test_a_client_certificate_is_not_sent_with_the_anonymous_request(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config", user="auditor", certificate=True)
    transport = Transport(connect("", {"KUBECONFIG": str(kubeconfig)}), Limits())
    transport.get_anonymously("/apis")
    assert server.log[-1].user == "system:anonymous"
    transport.get("/version")
    assert server.log[-1].user == "auditor"


def test_the_one_whom_the_kubeconfig_acts_as_is_named(tmp_path: Path) -> None:
    user = {"token": SECRET, "as": "auditor", "as-groups": ["readers", "viewers"], "as-user-extra": {"team": ["ml"]}}
    connection = connect("", {"KUBECONFIG": str(write(tmp_path / "config", user))})
    assert list(connection.credentials()) == [
        ("Impersonate-User", "auditor"),
        ("Impersonate-Group", "readers"),
        ("Impersonate-Group", "viewers"),
        ("Impersonate-Extra-team", "ml"),
        ("Authorization", f"Bearer {SECRET}"),
    ]


def test_nothing_secret_goes_over_an_unencrypted_connection(tmp_path: Path) -> None:
    kubeconfig = write(tmp_path / "config", {"token": SECRET}, {"server": "http://127.0.0.1:1"})
    connection = connect("", {"KUBECONFIG": str(kubeconfig)})
    assert list(connection.credentials()) == [] and not connection.verified


def test_a_certificate_that_is_not_trusted_is_a_failure_and_no_token_is_sent(
    server: KubeServer, tmp_path: Path
) -> None:
    seen = len(server.log)
    kubeconfig = write(tmp_path / "config", {"token": server.token("auditor")}, {"server": server.url})
    [failure] = failures(look(kubeconfig))
    assert "context it: the API server at 127.0.0.1:" in failure and "certificate is not trusted" in failure
    assert len(server.log) == seen


def test_a_kubeconfig_that_does_not_check_the_certificate_is_honoured_and_told(
    server: KubeServer, tmp_path: Path
) -> None:
    cluster = {"server": server.url, "insecure-skip-tls-verify": True}
    user = {"token": server.token("admin", ["system:masters"])}
    found = listings(look(write(tmp_path / "config", user, cluster), kinds=["rbac.role"]))
    assert {one.facts["verified"] for one in found.values()} == {Known(value=False)}
    kubeconfig = server.kubeconfig(tmp_path / "verified")
    found = listings(look(kubeconfig, kinds=["rbac.role"]))
    assert {one.facts["verified"] for one in found.values()} == {Known(value=True)}


def test_another_server_name_is_checked_where_the_kubeconfig_names_one(server: KubeServer, tmp_path: Path) -> None:
    cluster = {**trusted(server), "tls-server-name": "somewhere.example"}
    [failure] = failures(look(write(tmp_path / "config", {"token": SECRET}, cluster)))
    assert "certificate is not trusted" in failure


def test_a_proxy_is_used_where_the_kubeconfig_names_one(server: KubeServer, tmp_path: Path) -> None:
    seen = len(server.log)
    cluster = {**trusted(server), "proxy-url": "http://127.0.0.1:1"}
    [failure] = failures(look(write(tmp_path / "config", {"token": SECRET}, cluster)))
    assert "the proxy could not be reached" in failure and len(server.log) == seen


def test_credentials_that_the_server_does_not_know_are_one_failure(server: KubeServer, tmp_path: Path) -> None:
    records = look(write(tmp_path / "config", {"token": SECRET}, trusted(server)))
    assert len(records) == 1
    [failure] = failures(records)
    assert "does not know these credentials (401 Unauthorized); log in anew" in failure and SECRET not in failure


def test_without_any_kubeconfig_the_line_says_where_it_was_looked_for(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == (
        f"{tmp_path / 'none'} is not there; name a context, as kube:CONTEXT, or set KUBECONFIG"
    )
    assert "/nonexistent/.kube/config is not there" in refusal("")


def test_an_unknown_context_is_answered_with_those_that_are_there(tmp_path: Path) -> None:
    kubeconfig = write(tmp_path / "config", {"token": SECRET})
    assert refusal(kubeconfig, "prod") == f"no context is named 'prod' in {kubeconfig}; there are: it"


def test_a_hostile_context_name_stays_on_one_line(tmp_path: Path) -> None:
    kubeconfig = write(tmp_path / "config", {"token": SECRET})
    assert "\\x1b" in refusal(kubeconfig, "a\n\x1b[31mb")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not valid YAML"),
        ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "is not a mapping"),
        ("", "is not a mapping"),
        ("- a", "is not a mapping"),
        ("contexts: 7", "has no current context"),
        ("current-context: it", "no context is named 'it'"),
        ("current-context: [it]", "has no current context"),
        ("current-context: it\ncontexts: [{name: it, context: {cluster: c}}]", "names a cluster that is not there"),
        (
            "current-context: it\ncontexts: [{name: it, context: {cluster: c, user: u}}]\n"
            "clusters: [{name: c, cluster: {server: https://a.example}}]",
            "names a user that is not there",
        ),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    text = refusal(path)
    assert said in text and str(path) in text


@pytest.mark.parametrize(
    ("user", "cluster", "said"),
    [
        ({"token": SECRET}, {"server": "ftp://x"}, "server is not an http or https URL"),
        ({"token": SECRET}, {"server": f"https://[{SECRET}"}, "server is not an http or https URL"),
        ({"token": SECRET}, {"server": 7}, "server is not an http or https URL"),
        ({"token": SECRET + "\nX: y"}, None, "its token holds what no token may"),
        ({"token": SECRET}, {"server": "https://a", "certificate-authority": "gone.pem"}, "certificate-authority, /"),
        ({"token": SECRET, "client-certificate-data": 7}, None, "`kubectl --context it version` says more"),
        ({"token": SECRET}, {"server": "https://a", "proxy-url": f"socks5://u:{SECRET}@p:1"}, "proxy-url is not an"),
        ({"token": SECRET}, {"server": "https://a", "proxy-url": [SECRET]}, "proxy-url is not an"),
        ({"client-certificate": "gone.crt", "client-key": "gone.key"}, None, "/gone.crt, is not there"),
        ({"exec": {"command": "no-such-program", "apiVersion": "x"}}, None, "no-such-program is not installed"),
        ({"exec": SECRET}, None, "credentials are empty"),
        (
            {"auth-provider": {"name": "azure", "config": {"access-token": SECRET}}},
            None,
            "auth-provider gives no token",
        ),
        ({"auth-provider": {"name": "oidc", "config": {"id-token": SECRET}}}, None, "auth-provider gives no token"),
        ({"tokenFile": "gone"}, None, "/gone, is not there"),
        ({"token": SECRET, "as-groups": ["x"]}, None, "acts as another"),
        ({"token": SECRET, "as": "a\nb"}, None, "acts as another"),
    ],
)
def test_what_cannot_be_used_is_said_without_what_is_secret(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any] | None, said: str
) -> None:
    text = refusal(write(tmp_path / "config", user, cluster))
    assert said in text and "Error" not in text and "Exception" not in text and "…" not in text


def test_what_the_kubeconfig_alone_tells_is_wrong_use_and_nothing_else_is(server: KubeServer, tmp_path: Path) -> None:
    environ = {"KUBECONFIG": str(write(tmp_path / "config", {"exec": {"command": "no-such-program"}}))}
    assert wrong_use(["", "it"], environ) is None
    assert "no context is named 'gone'" in (wrong_use(["it", "gone"], environ) or "")
    assert "is not there" in (wrong_use([""], {"KUBECONFIG": str(tmp_path / "none")}) or "")
    assert wrong_use([""], {"KUBECONFIG": str(tmp_path / "none"), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}) is None


def test_a_proxy_of_the_environment_that_cannot_be_used_is_one_failure(
    server: KubeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"socks5://u:{SECRET}@127.0.0.1:1")
    [failure] = failures(look(server.kubeconfig(tmp_path / "config")))
    assert "SOCKS proxies are not supported" in failure and SECRET not in failure


def contact(kubeconfig: Path) -> str:
    """The one failure of a look that gets no answer."""
    records = look(kubeconfig)
    assert len(records) == 1
    return failures(records)[0]


def test_a_server_that_refuses_at_once_is_not_said_to_be_slow(tmp_path: Path) -> None:
    failure = contact(write(tmp_path / "config", {"token": SECRET}, {"server": "https://127.0.0.1:9"}))
    assert "the server refused it" in failure and failure.endswith("; check its address, and the way to it")


def test_trouble_with_certificates_says_whose_and_what_to_do(server: KubeServer, tmp_path: Path) -> None:
    cluster = trusted(server)
    other = Authority()
    foreign, key = (base64.b64encode(one).decode() for one in other.client("auditor", []))
    _, another = (base64.b64encode(one).decode() for one in other.client("auditor", []))
    garbage = base64.b64encode(b"garbage").decode()
    client = {"client-certificate-data": foreign, "client-key-data": key}
    for user, changes, said in (
        ({"token": SECRET}, {"certificate-authority-data": base64.b64encode(other.pem).decode()}, AUTHORITY),
        ({"token": SECRET}, {"tls-server-name": "elsewhere.example"}, "or set tls-server-name in the kubeconfig"),
        ({"token": SECRET}, {"certificate-authority-data": garbage}, "a certificate or key can't be read; check"),
        ({**client, "client-certificate-data": garbage}, {}, "a certificate or key can't be read; check"),
        ({**client, "client-key-data": another}, {}, "the client's key is not that of its certificate; check client-"),
        (client, {}, "check client-certificate and client-key"),
    ):
        failure = contact(write(tmp_path / "config", user, {**cluster, **changes}))
        assert said in failure and "check its address" not in failure


def test_an_expired_certificate_is_told_as_such_on_either_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority()
    with monkeypatch.context() as patched:
        patched.setattr(certificates, "_LIFE", datetime.timedelta(minutes=-10))
        certificate, key = authority.client("auditor", [])
    path = tmp_path / "client.crt"
    path.write_bytes(certificate)
    end = expiry(path)
    assert end is not None and datetime.timedelta(0) < datetime.datetime.now(datetime.UTC) - end < ONE_HOUR
    user = {"client-certificate-data": base64.b64encode(certificate), "client-key-data": base64.b64encode(key)}
    with KubeServer() as server:
        text = {name: data.decode() for name, data in user.items()}
        failure = contact(write(tmp_path / "config", text, trusted(server)))
    assert f"the client's certificate in the kubeconfig expired on {end:%Y-%m-%d}; renew it" in failure


def test_an_expired_certificate_of_the_server_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = Authority.server

    def expired(authority: Authority) -> tuple[bytes, bytes]:
        with monkeypatch.context() as patched:
            patched.setattr(certificates, "_LIFE", datetime.timedelta(minutes=-10))
            return sign(authority)

    monkeypatch.setattr(Authority, "server", expired)
    with KubeServer() as server:
        failure = contact(write(tmp_path / "config", {"token": SECRET}, trusted(server)))
    assert "has expired; renew it on the server" in failure


@given(st.binary(max_size=80))
def test_a_certificate_that_is_none_has_no_end(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "client.crt")
        path.write_text(ssl.DER_cert_to_PEM_cert(data))
        assert expiry(path) is None


def test_a_log_in_program_that_fails_is_named_and_what_it_prints_is_not(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = program(tmp_path / "log-in", f"import sys; sys.exit('{SECRET}')")
    text = refusal(write(tmp_path / "config", plugin(command)))
    assert "its log-in program log-in failed" in text
    assert SECRET not in "".join(capfd.readouterr())


def test_a_log_in_program_that_waits_for_a_person_is_not_waited_for(tmp_path: Path) -> None:
    command = program(tmp_path / "log-in", "import time; time.sleep(5)")
    kubeconfig = write(tmp_path / "config", plugin(command))
    [failure] = failures(look(kubeconfig, limits=Limits(log_in_seconds=0.5)))
    assert failure.startswith("context (current): logging in took more than 0 s; ")


def test_parts_are_chosen_by_the_surface_whatever_the_contexts_are_called() -> None:
    remote = Remote(names=("prod", "dev", "a\nb", "dev"))
    parts = ClusterDetector().plan(Tree(root="", files=(), remote=remote)).parts
    assert [(part.id, part.of) for part in parts] == [
        ("cluster", None),
        ("cluster:dev", "cluster"),
        ("cluster:a\\x0ab", "cluster"),
    ]
    assert ClusterDetector().plan(Tree(root="/x", files=("a",))).parts == ()


def test_a_part_without_its_context_in_the_kubeconfig_says_so(tmp_path: Path) -> None:
    kubeconfig = write(tmp_path / "config", {"token": SECRET})
    tree = Tree(root="", files=(), remote=Remote(names=("gone",)))
    found: list[Any] = []
    detector = ClusterDetector(environ={"KUBECONFIG": str(kubeconfig)})
    detector.observe(tree, Part(id="cluster", options={"context": "gone"}), found.append)
    assert [(one.detector, one.part) for one in found] == [("cluster", "cluster")]
