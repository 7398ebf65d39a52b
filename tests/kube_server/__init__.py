"""An HTTPS Kubernetes API server for tests; see README.md."""

from tests.kube_server.apis import Api, custom
from tests.kube_server.server import KubeServer, Logged

__all__ = ["Api", "KubeServer", "Logged", "custom"]
