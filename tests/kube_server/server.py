"""The test API server: real sockets and TLS around `answers`, with a log of every request."""

import ssl
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import yaml

from tests.kube_server import bootstrap, faults, status
from tests.kube_server.answers import Answers
from tests.kube_server.apis import Api
from tests.kube_server.certificates import Authority
from tests.kube_server.identity import Identities, Identity
from tests.kube_server.injections import Injection
from tests.kube_server.kubeconfig import add_context
from tests.kube_server.request import Request
from tests.kube_server.slow_rbac import MASTERS
from tests.kube_server.sockets import Http
from tests.kube_server.storage import Object, Storage

Seeds = Iterable[Object] | str
_REVIEWS = ("selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews", "subjectaccessreviews")


class Logged(NamedTuple):
    """A request that was answered."""

    method: str
    path: str
    query: str
    """As it stood in the target, still encoded."""
    user: str | None
    """None: 401."""
    accept: str
    status: int
    """0: the connection was closed without an answer."""


class KubeServer:
    """Kubernetes' API, read-only, for tests; a context manager.

    `objects` are dictionaries or YAML text. The bootstrap roles and namespaces are there besides, unless `bare`.
    """

    def __init__(
        self,
        objects: Seeds = (),
        *,
        apis: Iterable[Api] = (),
        anonymous: bool = True,
        version: str = "v1.33.1",
        bare: bool = False,
    ) -> None:
        own = [] if bare else bootstrap.objects()
        self.storage = Storage(chain(own, seeds(objects)), apis)
        self.identities = Identities(anonymous)
        self.log: list[Logged] = []
        self.errors: list[str] = []
        """Traces of the server's own mistakes; leaving the context raises them."""
        self.most_at_once = 0
        """The most requests that were ever being answered at one time."""
        self.closing = threading.Event()
        self._answers = Answers(self.storage, version, self._denied)
        self._injections: list[Injection] = []
        self._authority = Authority()
        self._lock = threading.Lock()
        self._at_once = 0

    @property
    def url(self) -> str:
        """https://127.0.0.1:PORT."""
        return f"https://127.0.0.1:{self._http.server_port}"

    @property
    def ca(self) -> bytes:
        """The authority's certificate, as PEM."""
        return self._authority.pem

    @property
    def writes(self) -> list[Logged]:
        """Requests that were no reads and no access reviews."""
        return [
            one
            for one in self.log
            if one.method not in ("GET", "HEAD", "OPTIONS")
            and not (one.method == "POST" and one.path.rsplit("/", 1)[-1] in _REVIEWS)
        ]

    def kubeconfig(
        self,
        path: Path,
        user: str | None = "admin",
        context: str = "test",
        groups: Sequence[str] | None = None,
        certificate: bool = False,
        namespace: str | None = None,
    ) -> Path:
        """Writes a kubeconfig, or adds a context to the one that is there; the first context is the current one.

        `user` is any name, `system:serviceaccount:NS:NAME` among them; None gives no credentials. `groups` defaults to
        `system:masters` for `admin` and to none for others. `certificate` takes a client certificate, not a token.
        """
        credentials: Mapping[str, bytes | str] = {}
        if user is not None:
            chosen = ((MASTERS,) if user == "admin" else ()) if groups is None else tuple(groups)
            if certificate:
                public, secret = self._authority.client(user, chosen)
                credentials = {"client-certificate-data": public, "client-key-data": secret}
            else:
                credentials = {"token": self.identities.token(user, chosen)}
        return add_context(path, context, self.url, self.ca, credentials, namespace)

    def token(self, user: str, groups: Sequence[str] = ()) -> str:
        """A bearer token for a user."""
        return self.identities.token(user, groups)

    def inject(
        self,
        what: str,
        fault: faults.Fault,
        *,
        verbs: Sequence[str] | None = None,
        namespace: str | None = None,
        times: int | None = None,
        after: int = 0,
        continued: bool | None = None,
        denies: bool = False,
    ) -> Injection:
        """Lets requests meet a fault; the fault that was given last comes first.

        `what`: a resource as kubectl writes it (`pods`, `networkpolicies.networking.k8s.io`), `*` for every one, or a
        path that is no resource, with wildcards (`/apis`, `/version`, `/apis/*`). `namespace`: requests in this one;
        empty: cluster-wide ones; None: both. `times`: how many meet it; None: all. `after`: how many pass before.
        `continued`: only pages that go on (True), or only first ones (False). `denies`: the fault is not used, as the
        request is denied as if by RBAC, in access reviews too.
        """
        injection = Injection(what, fault, verbs, namespace, times, after, continued, denies)
        self._injections.insert(0, injection)
        return injection

    def deny(
        self,
        what: str,
        code: int = 403,
        *,
        verbs: Sequence[str] | None = None,
        namespace: str | None = None,
        times: int | None = None,
        after: int = 0,
        continued: bool | None = None,
        retry_after: int | None = None,
        reviewed: bool = True,
    ) -> Injection:
        """Refuses with a Status. A 403 is as if RBAC said so, in access reviews too unless not `reviewed`."""
        return self.inject(
            what,
            faults.refuse(code, retry_after=retry_after),
            verbs=verbs,
            namespace=namespace,
            times=times,
            after=after,
            continued=continued,
            denies=code == 403 and reviewed and times is None and not after and continued is None,
        )

    def heal(self, injection: Injection | None = None) -> None:
        """Takes a fault away; None: all of them."""
        self._injections = [one for one in self._injections if injection is not None and one is not injection]

    def answer(self, request: Request, who: Identity | None) -> status.Answer:
        """The answer, by way of the first fault that the request meets."""
        if who is None:
            return status.unauthorized()
        request = request._replace(user=who.user)
        for one in self._injections:
            if one.denies:
                continue
            if one.meets(request):
                return one.fault(request, lambda asked: self._answers.answer(asked, who))
        return self._answers.answer(request, who)

    def _denied(self, request: Request) -> bool:
        return any(one.denies and one.concerns(request) for one in self._injections)

    def record(self, method: str, target: str, user: str | None, accept: str, answer: status.Answer) -> None:
        """Logs a request, before its answer is sent."""
        path, _, query = target.partition("?")
        self.log.append(Logged(method, path, query, user, accept, 0 if answer.silent else answer.status))

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Around a request: how many there are at once."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def __enter__(self) -> Self:
        self._http = Http(self, self._context())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._http.disconnect()
        if kind is None and self.errors:
            raise AssertionError("the test server itself failed:\n" + "\n".join(self.errors))

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self._authority.server()
        # ssl reads its own certificate from a file only.
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(certificate + key)
            file.flush()
            context.load_cert_chain(file.name)
        context.load_verify_locations(cadata=self.ca.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


def seeds(objects: Seeds) -> Iterable[Object]:
    """Objects of YAML text, Lists taken apart; dictionaries as they are."""
    parsed = yaml.load_all(objects, yaml.CSafeLoader) if isinstance(objects, str) else objects
    for one in parsed:
        if one and one.get("kind") == "List":
            yield from one.get("items") or ()
        elif one:
            yield one
