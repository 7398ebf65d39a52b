"""Answers, and the Status bodies of failures as Kubernetes' API server words them."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from tests.kube_server.request import Request

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Answer(NamedTuple):
    """What is sent back. The last fields are for faults."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    content_type: str = "application/json"
    wait: float = 0
    """Seconds before anything is sent."""
    sent: int | None = None
    """The connection is closed after this many bytes of the body; the header promises all of it."""
    stream: Iterable[bytes] | None = None
    """Sent in chunks, instead of the body."""
    silent: bool = False
    """Nothing is sent; the connection is closed."""


def json(document: Any, status: int = 200) -> Answer:
    """An answer with a JSON document."""
    return Answer(status, orjson.dumps(document))


def failure(
    code: int,
    message: str,
    details: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A Status."""
    document: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": dict(metadata or {}),
        "status": "Failure",
        "message": message,
        "reason": REASONS[code],
    }
    if details:
        document["details"] = dict(details)
    document["code"] = code
    return json(document, code)._replace(headers=dict(headers or {}))


def bad_request(message: str) -> Answer:
    """400."""
    return failure(400, message)


def unauthorized() -> Answer:
    """401: bad credentials, or none where anonymous requests are refused."""
    return failure(401, "Unauthorized")


def forbidden(request: Request) -> Answer:
    """403: says who may not do what to which resource where."""
    if not request.resource:
        return failure(403, f'forbidden: User "{request.user}" cannot {request.verb} path "{request.path}"')
    what = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
    where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    named = f' "{request.name}"' if request.name else ""
    message = (
        f'{request.resource_name}{named} is forbidden: User "{request.user}" cannot {request.verb} resource "{what}" '
        f'in API group "{request.group}" {where}'
    )
    return failure(403, message, _details(request))


def not_found(request: Request) -> Answer:
    """404 for an object that isn't there."""
    return failure(404, f'{request.resource_name} "{request.name}" not found', _details(request))


def no_such_path() -> Answer:
    """404 for a path or resource that isn't served: not a Status."""
    return Answer(404, b"404 page not found\n", content_type="text/plain; charset=utf-8")


def unserved(request: Request) -> Answer:
    """404 as an aggregated API server words it for a resource that discovery lists."""
    return failure(404, "the server could not find the requested resource", _details(request))


def expired(again: str = "") -> Answer:
    """410 for a `continue` whose snapshot is gone; `again` goes on without the promise of one consistent list."""
    message = "The provided continue parameter is too old to display a consistent list result. You can start a new list"
    message += " without the continue parameter"
    if again:
        message += (
            ", or use the continue token in this response to retrieve the remainder of the results. Continuing with "
            "the provided token results in an inconsistent list - objects that were created, modified, or deleted "
            "between the time the first chunk was returned and now may show up in the list"
        )
    return failure(410, f"{message}.", metadata={"continue": again} if again else None)


def method_not_allowed() -> Answer:
    """405."""
    return failure(405, "the server does not allow this method on the requested resource")


def not_acceptable() -> Answer:
    """406."""
    accepted = "application/json"
    return failure(406, f"only the following media types are accepted: {accepted}")


def unsupported_media_type(given: str) -> Answer:
    """415."""
    known = "accepted media types include: application/json, application/vnd.kubernetes.protobuf"
    return failure(415, f'the body of the request was in an unknown format "{given}" - {known}')


def too_many_requests(seconds: int | None) -> Answer:
    """429; `seconds` goes into Retry-After, None leaves it out."""
    message = "The server has received too many requests and has asked us to try again later"
    if seconds is None:
        return failure(429, message)
    return failure(429, message, {"retryAfterSeconds": seconds}, headers={"Retry-After": str(seconds)})


def _details(request: Request) -> dict[str, str]:
    all_details = {"name": request.name, "group": request.group, "kind": request.resource}
    return {key: value for key, value in all_details.items() if value}
