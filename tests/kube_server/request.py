"""What a request asks for, read from its method and target as Kubernetes' API server reads them."""

from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Request(NamedTuple):
    """A request. `resource` is empty for a path that is no resource."""

    method: str
    path: str
    query: dict[str, str]
    accept: str = ""
    content_type: str = ""
    body: bytes = b""
    user: str = ""
    """Whoever asks, once that is known."""
    verb: str = ""
    """RBAC's verb; for a path that is no resource the method in lower case."""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    namespace: str = ""
    """Of a Namespace its own name, as RBAC sees it."""

    @property
    def resource_name(self) -> str:
        """As kubectl writes it: `deployments.apps`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def parse(method: str, target: str, accept: str = "", content_type: str = "", body: bytes = b"") -> Request:
    """A path has four parts or more with a group, three or more in the core group; everything else is no resource."""
    url = urlsplit(target)
    path = unquote(url.path)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    plain = Request(method, path, query, accept, content_type, body, verb=method.lower())
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        return _resource(plain._replace(version=parts[1]), parts[2:])
    if parts[0] == "apis" and len(parts) >= 4:
        return _resource(plain._replace(group=parts[1], version=parts[2]), parts[3:])
    return plain


def _resource(request: Request, parts: list[str]) -> Request:
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in ("status", "finalize"):
            parts = parts[2:]
    resource, name, subresource = (*parts, "", "")[:3]
    verb = _VERBS.get(request.method, "")
    if not name and verb == "get":
        verb = "watch" if request.query.get("watch", "false").lower() not in ("false", "0") else "list"
        name = named_by_selector(request.query.get("fieldSelector", ""))
    elif not name and verb == "delete":
        verb = "deletecollection"
    return request._replace(verb=verb, resource=resource, subresource=subresource, name=name, namespace=namespace)


def named_by_selector(selector: str) -> str:
    """A list with the field selector `metadata.name=x` counts as one that names x; empty where it doesn't."""
    for part in selector.split(","):
        key, _, value = part.replace("==", "=").partition("=")
        if key == "metadata.name":
            return value
    return ""


def is_list(request: Request) -> bool:
    """The path names a collection."""
    return request.verb in ("list", "watch")
