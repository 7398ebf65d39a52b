"""What a test lets the server do wrong. A fault gets the request, and the way to the answer that would be usual."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.kube_server import status
from tests.kube_server.request import Request
from tests.kube_server.status import Answer

Usual = Callable[[Request], Answer]
Fault = Callable[[Request, Usual], Answer]
_CHUNK = 1 << 16


def refuse(code: int, message: str = "", retry_after: int | None = None) -> Fault:
    """A Status with this code, worded as the real server's; `retry_after` adds a Retry-After header."""

    def fault(request: Request, usual: Usual) -> Answer:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        if message:
            return status.failure(code, message, headers=headers)
        if code == 401:
            return status.unauthorized()
        if code == 403:
            return status.forbidden(request)
        if code == 404:
            return status.unserved(request)
        if code == 405:
            return status.method_not_allowed()
        if code == 410:
            return status.expired()
        if code == 429:
            return status.too_many_requests(retry_after)
        return status.failure(code, _WORDS.get(code, status.REASONS[code]), headers=headers)

    return fault


_WORDS = {
    500: "Internal error occurred: etcdserver: request timed out",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted",
}


def expired() -> Fault:
    """410 with a token that goes on inconsistently, as the real server has it once a snapshot was compacted."""

    def fault(request: Request, usual: Usual) -> Answer:
        return status.expired(again=request.query.get("continue", ""))

    return fault


def hang(seconds: float = 3600) -> Fault:
    """Nothing is sent for so long, or until the server is closed; then the usual answer."""
    return lambda request, usual: usual(request)._replace(wait=seconds)


def reset() -> Fault:
    """The connection is closed without an answer."""
    return lambda request, usual: Answer(0, b"", silent=True)


def cut_short() -> Fault:
    """The connection is closed halfway through the body."""

    def fault(request: Request, usual: Usual) -> Answer:
        answer = usual(request)
        return answer._replace(sent=len(answer.body) // 2)

    return fault


def truncated() -> Fault:
    """Half of the JSON, and a Content-Length that says that this is all."""

    def fault(request: Request, usual: Usual) -> Answer:
        answer = usual(request)
        return answer._replace(body=answer.body[: len(answer.body) // 2])

    return fault


def not_json() -> Fault:
    """200 with the log-in page of some proxy."""
    page = b"<!doctype html><html><title>Sign in</title><body>Please sign in.</body></html>"
    return lambda request, usual: Answer(200, page, content_type="text/html")


def not_utf_8() -> Fault:
    """JSON with bytes in a string that are no text."""

    def fault(request: Request, usual: Usual) -> Answer:
        return _with_first_item(usual(request), {"test": "PLACE"}, (b'"PLACE"', b'"\xff\xfe\xc3("'))

    return fault


def deep(levels: int = 100_000) -> Fault:
    """A list with an item that is nested so deep."""

    def fault(request: Request, usual: Usual) -> Answer:
        nested = b"[" * levels + b"]" * levels
        return _with_first_item(usual(request), {"test": "PLACE"}, (b'"PLACE"', nested))

    return fault


def wrong_types() -> Fault:
    """A list whose items are no objects, and whose first has metadata of other types."""

    def fault(request: Request, usual: Usual) -> Answer:
        answer = usual(request)
        document = _listed(answer)
        if document is None:
            return answer
        document["items"] = [{"metadata": {"name": 7, "labels": ["x"], "namespace": {}}}, "text", 7, None, []]
        return answer._replace(body=orjson.dumps(document))

    return fault


def huge_annotation(size: int = 1 << 18) -> Fault:
    """The first item has an annotation of that many bytes; 256 KiB are what the real server allows in all."""

    def fault(request: Request, usual: Usual) -> Answer:
        return _with_first_item(usual(request), {"test/huge": "x" * size})

    return fault


def endless() -> Fault:
    """Every page has a fresh `continue`; what comes after it is the first page once more."""
    made = iter(range(1, 1 << 62))

    def fault(request: Request, usual: Usual) -> Answer:
        return _continued(request, usual, f"endless-{next(made)}")

    return fault


def repeating() -> Fault:
    """Every page has the same `continue`."""
    return lambda request, usual: _continued(request, usual, "again")


def enormous(size: int = 1 << 30) -> Fault:
    """A list with one string of that many bytes, sent in chunks."""

    def stream() -> Iterator[bytes]:
        yield b'{"kind":"List","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"'
        for _ in range(size // _CHUNK):
            yield b"x" * _CHUNK
        yield b'"}}]}'

    return lambda request, usual: Answer(200, b"", stream=stream())


def bomb(size: int = 1 << 30) -> Fault:
    """A small gzip body that becomes that large."""
    member = gzip.compress(b" " * (1 << 24), 9)

    def fault(request: Request, usual: Usual) -> Answer:
        answer = usual(request)
        body = gzip.compress(answer.body) + member * (size >> 24)
        return answer._replace(body=body, headers={**answer.headers, "Content-Encoding": "gzip"})

    return fault


def drip(pause: float = 0.2) -> Fault:
    """The body comes byte by byte."""

    def fault(request: Request, usual: Usual) -> Answer:
        answer = usual(request)
        pieces = (answer.body[at : at + 1] for at in range(len(answer.body)))
        return answer._replace(stream=pieces, wait=pause)

    return fault


def redirect(to: str) -> Fault:
    """307 to another address, with the request's path."""
    return lambda request, usual: Answer(307, b"", {"Location": to + request.path})


def whole_objects() -> Fault:
    """The Accept header is passed over: whole objects, whatever form was asked for."""
    return lambda request, usual: usual(request._replace(accept="application/json"))


def _listed(answer: Answer) -> dict[str, Any] | None:
    document = orjson.loads(answer.body) if answer.status == 200 else None
    return document if isinstance(document, dict) and document.get("items") else None


def _with_first_item(answer: Answer, annotations: dict[str, str], put: tuple[bytes, bytes] | None = None) -> Answer:
    """With annotations in the first item; `put` then replaces bytes of the encoded body, once."""
    document = _listed(answer)
    if document is None:
        return answer
    metadata = document["items"][0]["metadata"]
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
    body = orjson.dumps(document)
    return answer._replace(body=body.replace(*put, 1) if put else body)


def _continued(request: Request, usual: Usual, token: str) -> Answer:
    first = {key: value for key, value in request.query.items() if key != "continue"}
    answer = usual(request._replace(query=first))
    document = _listed(answer)
    if document is None:
        return answer
    document["metadata"]["continue"] = token
    return answer._replace(body=orjson.dumps(document))
