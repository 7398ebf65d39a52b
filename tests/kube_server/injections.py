"""Which requests meet a fault, and how often."""

import threading
from collections.abc import Sequence
from fnmatch import fnmatchcase

from tests.kube_server.faults import Fault
from tests.kube_server.request import Request


class Injection:
    """A fault, and the requests that meet it."""

    def __init__(
        self,
        what: str,
        fault: Fault,
        verbs: Sequence[str] | None,
        namespace: str | None,
        times: int | None,
        after: int,
        continued: bool | None,
        denies: bool,
    ) -> None:
        self.hits = 0
        """Requests that met it."""
        self.fault = fault
        self.denies = denies
        """Access reviews tell of it."""
        self._what, self._verbs, self._namespace = what, verbs, namespace
        self._times, self._after, self._continued = times, after, continued
        self._lock = threading.Lock()

    def concerns(self, request: Request) -> bool:
        """It is about this request, whether or not its turn has come."""
        if self._what.startswith("/"):
            named = not request.resource and fnmatchcase(request.path, self._what)
        else:
            named = bool(request.resource) and self._what in ("*", request.resource_name)
        return (
            named
            and (self._verbs is None or request.verb in self._verbs)
            and (self._namespace is None or request.namespace == self._namespace)
            and (self._continued is None or ("continue" in request.query) is self._continued)
        )

    def meets(self, request: Request) -> bool:
        """It is this request's turn; counts it."""
        if not self.concerns(request):
            return False
        with self._lock:
            if self._after > 0:
                self._after -= 1
                return False
            if self._times is not None and self.hits >= self._times:
                return False
            self.hits += 1
            return True
