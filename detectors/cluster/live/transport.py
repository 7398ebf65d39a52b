"""Asks an API server, and takes answers of bounded size in bounded time. It can read, and ask for access reviews."""

import threading
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msgspec import Struct

from assay.detectors.cluster.live.connection import Connection
from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.live.trouble import TooLarge, Unanswered, connection_trouble, status_line

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

JSON = "application/json"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_CALM_DOWN, _PASSING = frozenset({429, 503}), frozenset({500, 502, 504})
_CHUNK = 1 << 14
"""What a TLS record holds; there is never more at a time."""
_ERROR_BYTES = 64 << 10
"""Of an error's body: it is never quoted, as it names the caller, and read only to keep the connection."""


class Answer(Struct, frozen=True, kw_only=True):
    """What the server said."""

    status: int
    body: bytes | bytearray
    """Empty for an error."""


class Transport:
    """Requests to one cluster, from several threads."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._pool = connection.pool()
        self._end = time.monotonic() + limits.seconds
        self._patience = limits.waiting_seconds
        self._lock = threading.Lock()

    def get(self, path: str, query: Iterable[tuple[str, str]] = (), accept: str = JSON) -> Answer:
        """The answer, whatever its status. Raises Unanswered, and TooLarge."""
        return self._persist("GET", self._url(path, query), accept, None)

    def review(self, question: bytes) -> Answer:
        """The answer to a SelfSubjectAccessReview, which is posted and changes nothing."""
        return self._persist("POST", self._url(_REVIEWS, ()), JSON, question)

    def get_anonymously(self, path: str) -> Answer:
        """As `get`, without credentials and without asking again."""
        pool = self._connection.anonymous_pool()
        try:
            return self._once(pool, "GET", self._url(path, ()), [("Accept", JSON)], None)
        except _network_errors() as error:
            raise connection_trouble(error, self._limits) from None
        finally:
            pool.clear()

    def _url(self, path: str, query: Iterable[tuple[str, str]]) -> str:
        asked = urlencode(list(query))
        return f"{self._connection.base}{path}{'?' if asked else ''}{asked}"

    def _persist(self, method: str, url: str, accept: str, body: bytes | None) -> Answer:
        """Asks again where the server wants to be left alone for a while, and once where something broke."""
        broken = waits = 0
        while True:
            headers = [("Accept", accept), ("Accept-Encoding", "gzip"), *self._connection.credentials()]
            if body is not None:
                headers.append(("Content-Type", JSON))
            try:
                answer = self._once(self._pool, method, url, headers, body)
            except _network_errors() as error:
                broken += 1
                if broken > 1:
                    raise connection_trouble(error, self._limits) from None
                continue
            except _CalmDown as wish:
                waits += 1
                self._wait(wish, waits)
                continue
            if answer.status in _PASSING and not broken:
                broken += 1
                continue
            return answer

    def _wait(self, wish: "_CalmDown", waits: int) -> None:
        seconds = wish.seconds if wish.seconds is not None else float(2 ** (waits - 1))
        said = status_line(wish.status)
        if waits > self._limits.waits:
            raise Unanswered(f"{said}, {waits} times")
        if seconds > self._limits.wait_seconds:
            raise Unanswered(f"{said}, and it asks to wait for {seconds:.0f} s")
        with self._lock:
            self._patience -= seconds
            if self._patience < 0:
                raise Unanswered(f"{said}, and all waiting took more than {self._limits.waiting_seconds:.0f} s")
        time.sleep(seconds)

    def _once(
        self, pool: "PoolManager", method: str, url: str, headers: list[tuple[str, str]], body: bytes | None
    ) -> Answer:
        from urllib3 import HTTPHeaderDict, Timeout

        if time.monotonic() > self._end:
            raise Unanswered(f"the look at this cluster took more than {self._limits.seconds:.0f} s")
        response = pool.request(
            method,
            url,
            body=body,
            headers=HTTPHeaderDict(headers),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(connect=self._limits.connect_seconds, read=self._limits.silent_seconds),
        )
        try:
            if response.status in (200, 201):
                return Answer(status=response.status, body=self._read(response, self._limits.page_bytes))
            with suppress(Unanswered):  # An error is an error, whatever its text.
                self._read(response, _ERROR_BYTES)
            if response.status in _CALM_DOWN:
                raise _CalmDown(response.status, response.headers.get("Retry-After"))
            return Answer(status=response.status, body=b"")
        finally:
            response.close()  # One that was read to its end has given its connection back, and that stays open.

    def _read(self, response: "BaseHTTPResponse", most: int) -> bytearray:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", ""):
            raise Unanswered("the answer is packed in a way that was not asked for")
        unpacker = zlib.decompressobj(31) if encoding == "gzip" else None
        found = bytearray()
        end = min(time.monotonic() + self._limits.answer_seconds, self._end)
        while piece := response.read1(_CHUNK):
            if time.monotonic() > end:
                raise Unanswered("the answer came too slowly")
            if unpacker is not None and unpacker.eof:
                raise Unanswered("the answer is not packed as it says")
            try:
                # One byte more than is allowed shows that there is more.
                found += unpacker.decompress(piece, most + 1 - len(found)) if unpacker else piece
            except zlib.error:
                raise Unanswered("the answer is not packed as it says") from None
            if len(found) > most:
                raise TooLarge(f"an answer of more than {most >> 20} MiB")
        if unpacker is not None and not unpacker.eof:
            raise Unanswered("the answer was cut short")
        return found


class _CalmDown(Exception):
    def __init__(self, status: int, after: str | None) -> None:
        super().__init__(status)
        self.status = status
        self.seconds = float(after) if after is not None and after.isascii() and after.isdigit() else None


def _network_errors() -> tuple[type[Exception], ...]:
    from urllib3.exceptions import HTTPError

    # A host name that isn't one raises UnicodeError; a certificate's file that has gone, OSError.
    return (HTTPError, UnicodeError, OSError)
