"""The way into a cluster: where it is, how it is trusted, and who asks."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assay.detectors.cluster.live.trouble import Unanswered
from assay.scanner.safe.text import one_line

if TYPE_CHECKING:
    from kubernetes.client import Configuration
    from urllib3 import PoolManager

PACKAGE_ERRORS = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""What the official package raises of itself for credentials that are not as it expects."""
_ASK_AGAIN_SECONDS = 30.0
"""A log-in program may be asked at most this often."""


class NotConnected(Exception):
    """There is no way into the cluster; the text says in one line why, and what to do next."""


class Connection:
    """A cluster's address and the credentials for it. Used by several threads."""

    def __init__(
        self, name: str, configuration: "Configuration", impersonation: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.name = name
        """The context, made one line."""
        self.base: str = configuration.host.rstrip("/")
        """A URL, which may have a path."""
        self.host = one_line(urlsplit(self.base).netloc.rpartition("@")[2], 120)
        """For messages, without credentials."""
        self.encrypted = self.base.startswith("https://")
        self.verified = self.encrypted and bool(configuration.verify_ssl)
        """The server's certificate is checked."""
        self._configuration = configuration
        self._impersonation = impersonation
        self._lock = threading.Lock()
        self._token: str | None = None
        self._asked = float("-inf")

    @property
    def certificate(self) -> Path | None:
        """The file of the client's certificate, where there is one."""
        return Path(self._configuration.cert_file) if self._configuration.cert_file else None

    def credentials(self) -> Sequence[tuple[str, str]]:
        """Headers that say who asks. Like kubectl, nothing secret is sent over a connection that isn't encrypted."""
        token = self._current_token() if self.encrypted else None
        return (*self._impersonation, *((("Authorization", token),) if token else ()))

    def pool(self) -> "PoolManager":
        """Connections with the client's certificate, where there is one. Raises NotConnected."""
        import urllib3

        # It is told with each listing, once, and not with each request.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return self._made()

    def anonymous_pool(self) -> "PoolManager":
        """Connections to the same server, trusted in the same way, that say nothing of who asks."""
        certificate = self._configuration.cert_file, self._configuration.key_file
        try:
            self._configuration.cert_file = self._configuration.key_file = None
            return self._made()
        finally:
            self._configuration.cert_file, self._configuration.key_file = certificate

    def _made(self) -> "PoolManager":
        from kubernetes.client.rest import RESTClientObject
        from urllib3.exceptions import HTTPError

        # What a proxy is called may hold a password.
        try:
            return RESTClientObject(self._configuration).pool_manager
        except ImportError:
            raise NotConnected(
                f"context {self.name}: SOCKS proxies are not supported; use an http or https one"
            ) from None
        except (HTTPError, OSError, *PACKAGE_ERRORS):
            raise NotConnected(f"context {self.name}: its proxy is not a URL that can be used; mend it") from None

    def _current_token(self) -> str | None:
        with self._lock:
            if time.monotonic() - self._asked > _ASK_AGAIN_SECONDS:
                token = self._renewed_token()
                self._token = token.strip() if token else None
                self._asked = time.monotonic()
            return self._token

    def _renewed_token(self) -> str | None:
        from kubernetes.config.config_exception import ConfigException

        try:
            return self._configuration.get_api_key_with_prefix("BearerToken")
        except (ConfigException, OSError, *PACKAGE_ERRORS):
            raise Unanswered("the credentials have expired, and could not be renewed") from None
