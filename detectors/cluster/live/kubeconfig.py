"""Reads kubeconfigs, and a pod's own service account, as kubectl does.

The official package does it, whose errors may quote credentials; ours never do.
"""

import logging
import os
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from assay.detectors.cluster.live.connection import PACKAGE_ERRORS, Connection, NotConnected
from assay.scanner.safe.text import one_line

if TYPE_CHECKING:
    from kubernetes.client import Configuration

IN_CLUSTER = "in-cluster"
"""The name of the cluster that a pod runs in, where no kubeconfig names one."""
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CREDENTIALS = frozenset(
    {"exec", "auth-provider", "token", "tokenFile", "username", "client-certificate", "client-certificate-data"}
)

File = Mapping[str, Any]


def wrong_use(contexts: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Why a context can't be looked at, as far as the kubeconfig alone tells, in one line. Connects to nothing."""
    try:
        files = _read(_paths(environ))
        for context in contexts:
            _locate(context, files, environ)
    except NotConnected as error:
        return str(error)
    return None


def connect(context: str, environ: Mapping[str, str], service_account: Path = _SERVICE_ACCOUNT) -> Connection:
    """The way into the cluster of a context; empty text: the current one, or else the cluster that this runs in.

    May run the log-in program that the kubeconfig names. Raises NotConnected.
    """
    files = _read(_paths(environ))
    place = _locate(context, files, environ)
    return _from_files(place, files) if place else _from_pod(environ, service_account)


class _Place(Struct, frozen=True):
    """A context, found in the kubeconfigs."""

    context: str
    name: str
    """Made one line."""
    where: str
    """In which files, for messages."""
    user: File


def _paths(environ: Mapping[str, str]) -> list[Path]:
    named = [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    home = environ.get("HOME", "")
    return [Path(path) for path in named] or [Path(home, ".kube", "config")]


def _read(paths: list[Path]) -> dict[str, File]:
    """The files that are there; of what several define, the first counts."""
    import yaml

    found: dict[str, File] = {}
    for path in paths:
        shown = one_line(str(path), 300)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise NotConnected(f"{shown}: {error.strerror}; make it readable, or set KUBECONFIG") from None
        except (yaml.YAMLError, ValueError, RecursionError):
            raise NotConnected(f"{shown} is not a kubeconfig: it is not valid YAML; mend it") from None
        if not isinstance(content, dict):
            raise NotConnected(f"{shown} is not a kubeconfig: it is not a mapping; mend it")
        found[str(path)] = content
    return found


def _current(files: Mapping[str, File]) -> str:
    # The official package takes the last file's; kubectl takes the first one's, and so do we.
    named = (file.get("current-context") for file in files.values())
    return next((name for name in named if isinstance(name, str) and name), "")


def _locate(context: str, files: Mapping[str, File], environ: Mapping[str, str]) -> _Place | None:
    """The context, with everything looked at that needs no connection; None: the cluster that this runs in."""
    paths = _paths(environ)
    context = context or _current(files)
    if not context:
        if environ.get("KUBERNETES_SERVICE_HOST"):
            return None
        shown = one_line(" or ".join(str(path) for path in paths), 300)
        what = "has no current context" if files else "is not there"
        raise NotConnected(f"{shown} {what}; name a context, as kube:CONTEXT, or set KUBECONFIG")
    name = one_line(context, 200)
    where = one_line(", ".join(files) or ", ".join(str(path) for path in paths), 300)
    if not files:
        raise NotConnected(f"{where} is not there; set KUBECONFIG to the file that has the context {name!r}")
    _, chosen = _entry(files, "contexts", "context", context)
    if chosen is None:
        there = one_line(", ".join(sorted(_names(files))), 300) or "none"
        raise NotConnected(f"no context is named {name!r} in {where}; there are: {there}")
    beside, cluster = _entry(files, "clusters", "cluster", chosen.get("cluster"))
    if cluster is None:
        raise NotConnected(f"context {name} in {where} names a cluster that is not there; mend the file")
    _check_cluster(cluster, beside, f"context {name} in {where}")
    user: File | None = {}
    if chosen.get("user"):
        beside, user = _entry(files, "users", "user", chosen["user"])
    if user is None:
        raise NotConnected(f"context {name} in {where} names a user that is not there; mend the file")
    token = () if user.get("token") else ("tokenFile",)
    _check_files(user, ("client-certificate", "client-key", *token), beside, f"context {name} in {where}")
    return _Place(context, name, where, user)


def _from_files(place: _Place, files: Mapping[str, File]) -> Connection:
    from kubernetes.client import Configuration

    configuration = Configuration()
    _load(place, files, configuration)
    name, where, user = place.name, place.where, place.user
    if _CREDENTIALS & user.keys() and not (configuration.api_key.get("BearerToken") or configuration.cert_file):
        raise NotConnected(f"context {name} in {where}: {_why_no_credentials(user)}")
    _check_token(configuration, name)
    return Connection(name, configuration, tuple(_impersonation(user)))


def _load(place: _Place, files: Mapping[str, File], configuration: "Configuration") -> None:
    import yaml
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

    unusable = (ConfigException, yaml.YAMLError, OSError, *PACKAGE_ERRORS)
    try:
        with _quietly():
            merged = KubeConfigMerger(os.pathsep.join(files)).config  # type: ignore[no-untyped-call]  # the package's
            # Nothing is written back: a scan changes no file of its user.
            loader = KubeConfigLoader(merged, place.context, config_base_path=None)  # type: ignore[no-untyped-call]  # also
            loader.load_and_set(configuration)  # type: ignore[no-untyped-call]  # also
    except unusable:
        raise NotConnected(
            f"context {place.name} in {place.where} can't be used: something in it is missing, or not valid; "
            f"`kubectl --context {shlex.quote(place.name)} version` says more"
        ) from None


def _from_pod(environ: Mapping[str, str], folder: Path) -> Connection:
    from kubernetes.client import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.incluster_config import InClusterConfigLoader

    configuration = Configuration()
    names = (str(folder / "token"), str(folder / "ca.crt"))
    try:
        loader = InClusterConfigLoader(*names, environ=environ)  # type: ignore[no-untyped-call]  # the package's
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]  # also
    except (ConfigException, OSError, *PACKAGE_ERRORS):
        raise NotConnected(
            f"this pod's service account can't be used: a token and ca.crt are expected in {folder}; leave "
            "automountServiceAccountToken on, or set KUBECONFIG"
        ) from None
    _check_token(configuration, IN_CLUSTER)
    return Connection(IN_CLUSTER, configuration)


def _names(files: Mapping[str, File]) -> set[str]:
    return {
        str(item["name"])
        for file in files.values()
        for item in (file["contexts"] if isinstance(file.get("contexts"), list) else ())
        if isinstance(item, dict) and "name" in item
    }


def _entry(files: Mapping[str, File], section: str, key: str, name: object) -> tuple[Path, File | None]:
    """The folder beside whose files it lies, and what is found."""
    for path, file in files.items():
        items = file.get(section)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and item.get("name") == name and isinstance(item.get(key), dict | None):
                return Path(path).parent, item.get(key) or {}
    return Path(), None


def _check_cluster(cluster: File, beside: Path, which: str) -> None:
    if not _is_url(cluster.get("server")):
        raise NotConnected(f"{which}: its cluster's server is not an http or https URL; mend the file")
    if cluster.get("proxy-url") and not _is_url(cluster["proxy-url"]):
        raise NotConnected(f"{which}: its proxy-url is not an http or https URL; go through such a proxy, or none")
    _check_files(cluster, ("certificate-authority",), beside, which)


def _is_url(text: object) -> bool:
    try:
        parsed = urlsplit(text) if isinstance(text, str) else None
        return parsed is not None and parsed.scheme in ("http", "https") and bool(parsed.hostname) and parsed.port != 0
    except ValueError:
        return False


def _check_files(entry: File, keys: Iterable[str], beside: Path, which: str) -> None:
    for key in keys:
        named = entry.get(key)
        if isinstance(named, str) and named and not entry.get(f"{key}-data") and not os.access(beside / named, os.R_OK):
            shown = one_line(str(beside / named), 300)
            raise NotConnected(f"{which}: its {key}, {shown}, is not there or can't be read; mend the file")


def _check_token(configuration: "Configuration", name: str) -> None:
    token = configuration.api_key.get("BearerToken") or ""
    if not (token.strip().isascii() and token.strip().isprintable()):
        raise NotConnected(f"context {name}: its token holds what no token may; log in anew")


def _why_no_credentials(user: File) -> str:
    plugin = user.get("exec")
    command = plugin.get("command") if isinstance(plugin, dict) else None
    if isinstance(command, str):
        program = one_line(Path(command).name, 80)
        if shutil.which(command) is None:
            return f"its log-in program {program} is not installed, or not on PATH; install it"
        return f"its log-in program {program} failed; run `kubectl get namespaces` with this context to see why"
    if "auth-provider" in user:
        return "its auth-provider gives no token; use an exec plugin, as kubectl does since 1.26"
    return "its user's credentials are empty; log in anew"


def _impersonation(user: File) -> Iterator[tuple[str, str]]:
    """As whom kubectl would act, as headers. Without it more might be read than the operator meant."""
    groups = user.get("as-groups") or []
    extra = user.get("as-user-extra") or {}
    if not user.get("as") and not groups and not extra and not user.get("as-uid"):
        return
    headers: list[tuple[str, object]] = [("Impersonate-User", user.get("as") or "")]
    if user.get("as-uid"):
        headers.append(("Impersonate-Uid", user["as-uid"]))
    headers += [("Impersonate-Group", group) for group in groups if isinstance(groups, list)]
    for key, values in extra.items() if isinstance(extra, dict) else ():
        headers += [(f"Impersonate-Extra-{quote(str(key), safe='')}", value) for value in values or ()]
    for header, value in headers:
        if not (isinstance(value, str) and value.isascii() and value.isprintable() and value):
            raise NotConnected("its user acts as another (`as`), but whom can't be read; mend the kubeconfig")
        yield header, value


@contextmanager
def _quietly() -> Iterator[None]:
    """The official package logs what a failed log-in program printed, which may be a secret."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
