"""What a detector that the operator lets log in somewhere gets of the operator's environment and home."""

import os
from collections.abc import Mapping
from pathlib import Path

_VARIABLES = frozenset(
    {
        "HOME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "USE_GKE_GCLOUD_AUTH_PLUGIN",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "USER", "LOGNAME",
    }
)  # fmt: skip
_PREFIXES = ("AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "ARM_", "OIDC_")
_CACHES = (".kube/cache", ".aws/cli/cache", ".aws/sso/cache", ".azure", ".config/gcloud")
"""Below the home folder: where log-in programs that a kubeconfig names keep what they were given for a while."""
_IN_CLUSTER = "/var/run/secrets"


def environment() -> Mapping[str, str]:
    """The variables that log-ins go by, paths made absolute."""
    found = {name: text for name, text in os.environ.items() if name in _VARIABLES or name.startswith(_PREFIXES)}
    if kubeconfig := os.environ.get("KUBECONFIG"):
        paths = (path for path in kubeconfig.split(os.pathsep) if path)
        # Unlike Path's, this leaves the home of a user that there isn't as it is written.
        found["KUBECONFIG"] = os.pathsep.join(str(Path.cwd() / os.path.expanduser(path)) for path in paths)  # noqa: PTH111
    return found


def readable() -> tuple[str, ...]:
    """Files and folders, by the variables of `environment`; runs inside the detector's process."""
    named = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    # Certificates, keys and tokens that a kubeconfig names by a relative path lie beside it.
    folders = [str(Path(path).parent) for path in named]
    token = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE", "")
    return tuple(path for path in (os.environ.get("HOME", ""), *named, *folders, _IN_CLUSTER, token) if path)


def writable() -> tuple[str, ...]:
    """The caches of log-in programs, where there are any."""
    home = os.environ.get("HOME")
    return tuple(str(Path(home, cache)) for cache in _CACHES) if home else ()
