"""Reads one cluster: what is there, what of it could be listed, and what stood in the way."""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec
from msgspec import Struct

from assay.detectors.cluster.live import pages
from assay.detectors.cluster.live.access import Access
from assay.detectors.cluster.live.connection import Connection, NotConnected
from assay.detectors.cluster.live.discovery import Discovery, discover
from assay.detectors.cluster.live.expiry import expiry
from assay.detectors.cluster.live.gathering import gathering
from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.live.listing import Listed, Lister, Trouble, refused
from assay.detectors.cluster.live.transport import Transport
from assay.detectors.cluster.live.trouble import Unanswered, status_line
from assay.detectors.cluster.live.wanted import VERSION, wanted, wants_version
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.table import APIS, Api
from assay.scanner.api import NOT_COLLECTED


class Reading(Struct, frozen=True, kw_only=True):
    """What a look at a cluster came to."""

    objects: Objects
    listed: Sequence[Listed]
    """One for each resource that was wanted, in the table's order."""
    failures: Sequence[str]
    """What failed besides listings, a line each."""


def read(connection: Connection, kinds: Collection[str] | None, namespaces: Sequence[str], limits: Limits) -> Reading:
    """Lists what `kinds` of ours rest on; None: everything. Raises NotConnected where the server can't be asked."""
    transport = Transport(connection, limits)
    contact = _first_contact(connection, transport)
    apis = wanted(kinds)
    discovery = discover(transport, apis)
    failures = [f"{line}; what it serves was tried one by one" for line in discovery.troubles()]
    failures += _missing_namespaces(transport, namespaces)
    listed = _list(transport, discovery, apis, namespaces, limits)
    objects = Objects(f"kube:{connection.name}")
    for one in listed:
        for item in one.objects:
            objects.add(one.api.id, Placed(object=item))
        if one.troubles:
            objects.miss(one.api.id, reason(one))
    for api in APIS:
        if api not in apis:
            objects.miss(api.id, NOT_COLLECTED)
    if wants_version(kinds):
        failures += _state_version(connection, transport, contact, objects)
    return Reading(objects=objects, listed=listed, failures=failures)


def reason(listed: Listed) -> str:
    """Why a listing isn't whole, in one line."""
    told = [f"list {name_in(listed.api, trouble.namespace)}: {trouble.reason}" for trouble in listed.troubles]
    return "; ".join([*told[:3], *([f"and {len(told) - 3} namespaces more"] if len(told) > 3 else [])])


def name_in(api: Api, namespace: str | None) -> str:
    """`networkpolicies.networking.k8s.io in ml`."""
    return f"{api.name} in {namespace}" if namespace else api.name


class _Contact(Struct, frozen=True):
    git_version: str | None
    trouble: str | None


def _first_contact(connection: Connection, transport: Transport) -> _Contact:
    where = f"context {connection.name}: the API server at {connection.host}"
    try:
        answer = transport.get("/version")
    except Unanswered as error:
        said, advice = _expired(connection) or ("", error.advice)
        raise NotConnected(f"{where} does not answer: {error}{said}; {advice}") from None
    if answer.status == 401:
        said, advice = _expired(connection) or ("", "log in anew")
        raise NotConnected(f"{where} does not know these credentials (401 Unauthorized){said}; {advice}")
    if answer.status != 200:
        return _Contact(None, status_line(answer.status))
    try:
        return _Contact(msgspec.json.decode(answer.body, type=_Version).git_version, None)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Contact(None, "the answer is not a version")


def _expired(connection: Connection) -> tuple[str, str] | None:
    """That it may be for the client's certificate, and what to do then."""
    if connection.certificate is None:
        return None
    end = expiry(connection.certificate)
    if end is None or end > datetime.now(UTC):
        return None
    return f"; the client's certificate in the kubeconfig expired on {end:%Y-%m-%d}", "renew it"


def _missing_namespaces(transport: Transport, namespaces: Sequence[str]) -> Iterator[str]:
    """A list in a namespace that isn't there is empty, and would look like a sound one."""
    for namespace in namespaces:
        try:
            is_there = _is_there(transport, namespace)
        except (Unanswered, msgspec.MsgspecError, ValueError, RecursionError) as error:
            why = str(error) if isinstance(error, Unanswered) else "the answer is not a list of namespaces"
            yield f"whether a namespace is named {namespace} is not known ({why}); allow `get` on it"
            continue
        if not is_there:
            yield f"no namespace is named {namespace}; name one that is there"


def _is_there(transport: Transport, namespace: str) -> bool:
    """By a list of that one, which the printed role allows, or else by itself, as the role `view` does."""
    listed = transport.get("/api/v1/namespaces", [("fieldSelector", f"metadata.name={namespace}")])
    if listed.status == 200:
        found = msgspec.json.decode(listed.body, type=_Namespaces)
        if found.kind != "NamespaceList":
            raise Unanswered("the answer is not a list of namespaces")
        return any(one.metadata.name == namespace for one in found.items or ())
    status = transport.get(f"/api/v1/namespaces/{quote(namespace, safe='')}").status
    if status not in (200, 404):
        raise Unanswered(status_line(status))
    return status == 200


def _list(
    transport: Transport, discovery: Discovery, apis: Sequence[Api], namespaces: Sequence[str], limits: Limits
) -> Sequence[Listed]:
    pages.prepare(apis)
    lister = Lister(transport, Access(transport), limits, gathering)
    pool = ThreadPoolExecutor(max_workers=limits.in_flight)
    listed: dict[str, Listed] = {}
    pending: dict[str, Future[Listed]] = {}
    for api in apis:
        serving = discovery.find(api)
        if serving.version is not None:
            pending[api.id] = pool.submit(lister.list, api, serving.version, namespaces)
        elif serving.absent:
            listed[api.id] = _nothing(api, None if api.optional else refused(404, None), served=False)
        else:
            listed[api.id] = _nothing(api, Trouble(namespace=None, reason=serving.reason or "", next="update Assay"))
    wait(pending.values(), timeout=limits.seconds)
    # A thread that still waits for a server which trickles is left behind; it ends with the process.
    pool.shutdown(wait=False, cancel_futures=True)
    late = Trouble(namespace=None, reason=f"not read within {limits.seconds:.0f} s")
    for api in apis:
        if api.id in pending:
            future = pending[api.id]
            listed[api.id] = future.result() if future.done() and not future.cancelled() else _nothing(api, late)
    return [listed[api.id] for api in apis]


def _nothing(api: Api, why: Trouble | None = None, served: bool = True) -> Listed:
    return Listed(api=api, served=served, objects=(), count=0, troubles=(why,) if why else ())


def _state_version(connection: Connection, transport: Transport, contact: _Contact, objects: Objects) -> Iterator[str]:
    from assay.detectors.cluster.platform.objects import Version

    anonymous, why = _anonymous(connection, transport)
    version = Version(git_version=contact.git_version or "", anonymous=anonymous, anonymous_reason=why)
    objects.add(VERSION, Placed(object=version))
    if contact.trouble is not None:
        objects.miss(VERSION, f"get /version: {contact.trouble}")
        yield f"get /version: {contact.trouble}; these credentials need `get` on the URL /version"


def _anonymous(connection: Connection, transport: Transport) -> tuple[bool | None, str | None]:
    """Whether callers without credentials are let in as `system:anonymous`, if only to be denied everything."""
    if not connection.encrypted:
        return None, "the connection is not encrypted, so that something between may add credentials"
    try:
        status = transport.get_anonymously("/apis").status
    except Unanswered as error:
        return None, f"a request without credentials: {error}"
    if status == 401:
        return False, None
    if status in (200, 403):
        return True, None
    return None, f"a request without credentials: {status_line(status)}"


class _Version(Struct, rename="camel"):
    git_version: str


class _Name(Struct):
    name: str


class _Namespace(Struct):
    metadata: _Name


class _Namespaces(Struct):
    kind: str
    items: list[_Namespace] | None
