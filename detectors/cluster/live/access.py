"""Asks before listing whether these credentials may: a denial is then known without being tried."""

import threading

import msgspec
from msgspec import Struct

from assay.detectors.cluster.live.transport import Transport
from assay.detectors.cluster.live.trouble import Unanswered
from assay.detectors.cluster.table import Api


class Access:
    """Access reviews of the one who asks. Where the reviews themselves fail, everything is tried."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._reviews = True

    def allows(self, api: Api, namespace: str | None) -> bool:
        """Whether to list a resource, in all namespaces where none is named."""
        if not self._reviews:
            return True
        asked = {"verb": "list", "group": api.group, "resource": api.plural, "namespace": namespace or ""}
        question = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        try:
            answer = self._transport.review(msgspec.json.encode(question))
            status = _DECODER.decode(answer.body).status
        except (Unanswered, msgspec.MsgspecError, ValueError, RecursionError):
            with self._lock:
                self._reviews = False
            return True
        # An authoriser that failed on the way says no without knowing.
        return status.allowed or bool(status.evaluation_error)


class _Status(Struct, rename="camel"):
    allowed: bool
    evaluation_error: str | None = None


class _Review(Struct):
    status: _Status


_DECODER = msgspec.json.Decoder(_Review)
"""Made before there are several threads, as `pages.prepare` says."""
