"""From a request and who asks to an answer: pure but for the storage that it reads."""

from collections.abc import Callable

import orjson

from tests.kube_server import discovery, reviews, slow_rbac, status, tables
from tests.kube_server.apis import REVIEW, Api
from tests.kube_server.identity import Identity
from tests.kube_server.negotiation import Form, accepted
from tests.kube_server.request import Request
from tests.kube_server.selectors import SelectorError, by_fields, by_labels
from tests.kube_server.status import Answer
from tests.kube_server.storage import Expired, Malformed, Page, Row, Storage

_LISTS = {"PartialObjectMetadataList": Form.METADATA, "Table": Form.TABLE}
_OBJECTS = {"PartialObjectMetadata": Form.METADATA, "Table": Form.TABLE}
_DISCOVERY = {"APIGroupDiscoveryList": Form.DISCOVERY}
_HEALTH = ("/healthz", "/livez", "/readyz")


class Answers:
    """Reads only: everything that would write is refused once it was authorised, but for access reviews."""

    def __init__(self, storage: Storage, version: str, denied: Callable[[Request], bool]) -> None:
        self._storage = storage
        self._version = version
        self._denied = denied
        """Denials that tests ask for, so that reviews tell the same as the requests meet."""

    def may(self, who: Identity, request: Request) -> bool:
        """By RBAC, and by what tests deny. Also answers reviews, whose groups are exactly those given."""
        if self._denied(request):
            return False
        objects = self._storage.rbac()
        if not request.resource:
            return slow_rbac.url_allowed_exactly(objects, *who, request.verb, request.path)
        return slow_rbac.allowed_exactly(
            objects,
            *who,
            request.verb,
            request.group,
            request.resource,
            request.subresource,
            request.name,
            request.namespace,
        )

    def answer(self, request: Request, who: Identity) -> Answer:
        """Authorisation comes first, so that a 403 doesn't tell what there is."""
        if not self.may(who, request):
            return status.forbidden(request)
        return self._resource(request, who) if request.resource else self._path(request)

    def _path(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            return status.method_not_allowed()
        apis = self._storage.apis
        path = request.path.rstrip("/")
        if path == "/version":
            return status.json(discovery.version(self._version))
        if path in _HEALTH:
            return Answer(200, b"ok", content_type="text/plain; charset=utf-8")
        if path in ("/api", "/apis"):
            form = accepted(request.accept, _DISCOVERY)
            if form is None:
                return status.not_acceptable()
            if form is Form.DISCOVERY:
                made = status.json(discovery.aggregated(apis, core=path == "/api"))
                return made._replace(
                    content_type="application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
                )
            return status.json(discovery.core_versions("127.0.0.1") if path == "/api" else discovery.groups(apis))
        parts = path.strip("/").split("/")
        found = None
        if parts[0] == "api" and len(parts) == 2:
            found = discovery.resources(apis, "", parts[1])
        elif parts[0] == "apis" and len(parts) == 2:
            found = discovery.group(apis, parts[1])
        elif parts[0] == "apis" and len(parts) == 3:
            found = discovery.resources(apis, parts[1], parts[2])
        return status.json(found) if found else status.no_such_path()

    def _resource(self, request: Request, who: Identity) -> Answer:
        api = self._api(request)
        if api is None or request.subresource:
            return status.no_such_path()
        if api.verbs == REVIEW:
            if request.verb != "create":
                return status.method_not_allowed()
            return reviews.answer(request, who, self.may, self._storage.rbac())
        if request.verb == "get":
            return self._get(request, api)
        if request.verb == "list":
            return self._list(request, api)
        return status.method_not_allowed()

    def _api(self, request: Request) -> Api | None:
        for api in self._storage.apis:
            if (api.group, api.version, api.plural) == (request.group, request.version, request.resource):
                # A cluster-scoped resource isn't to be found below a namespace; a single Namespace is its own.
                below = request.namespace and not (api.plural == "namespaces" and not api.group)
                return api if api.namespaced or not below else None
        return None

    def _get(self, request: Request, api: Api) -> Answer:
        form = accepted(request.accept, _OBJECTS)
        if form is None:
            return status.not_acceptable()
        if api.namespaced and not request.namespace:
            return status.no_such_path()
        row = self._storage.get(api, request.namespace, request.name)
        if row is None:
            return status.not_found(request)
        if form is Form.METADATA:
            return Answer(200, row.metadata())
        if form is Form.TABLE:
            return status.json(tables.table(api, [row], {}, request.query.get("includeObject", "Metadata")))
        return status.json({"kind": api.kind, "apiVersion": api.group_version, **row.decoded()})

    def _list(self, request: Request, api: Api) -> Answer:
        form = accepted(request.accept, _LISTS)
        if form is None:
            return status.not_acceptable()
        query = request.query
        token, version = query.get("continue", ""), query.get("resourceVersion", "")
        if token and version not in ("", "0"):
            return status.bad_request("specifying resource version is not allowed when using continue")
        try:
            limit = int(query.get("limit") or 0)
            wanted = _filter(request, api)
            # The watch cache holds everything and knows no pages; with a token the list comes from etcd after all.
            page = self._storage.page(api, wanted, limit, token, cached=version == "0" and not token)
        except SelectorError as error:
            return status.bad_request(str(error))
        except Malformed as error:
            return status.bad_request(str(error))
        except ValueError:
            return status.bad_request(f"strconv.ParseInt: parsing {query['limit']!r}: invalid syntax")
        except Expired as error:
            return status.expired(error.again)
        return _encoded(page, api, form, query)


def _filter(request: Request, api: Api) -> Callable[[Row], bool] | None:
    """None: everything."""
    tests: list[Callable[[Row], bool]] = []
    if request.namespace and api.namespaced:
        tests.append(lambda row: row.namespace == request.namespace)
    if labels := request.query.get("labelSelector"):
        labelled = by_labels(labels)
        tests.append(lambda row: labelled(row.labels))
    if fields := request.query.get("fieldSelector"):
        chosen = by_fields(fields, api)
        tests.append(lambda row: chosen(row.decoded()))
    return (lambda row: all(test(row) for test in tests)) if tests else None


def _encoded(page: Page, api: Api, form: Form, query: dict[str, str]) -> Answer:
    metadata: dict[str, object] = {"resourceVersion": str(page.version)}
    if page.again:
        metadata["continue"] = page.again
        # The real server doesn't count what a selector would still take.
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            metadata["remainingItemCount"] = page.remaining
    if form is Form.TABLE:
        return status.json(tables.table(api, page.rows, metadata, query.get("includeObject", "Metadata")))
    if form is Form.METADATA:
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        items = [row.metadata() for row in page.rows]
    else:
        head = {"kind": f"{api.kind}List", "apiVersion": api.group_version, "metadata": metadata}
        items = [row.raw for row in page.rows]
    return Answer(200, b'%s,"items":[%s]}' % (orjson.dumps(head)[:-1], b",".join(items)))
