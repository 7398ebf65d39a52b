"""Calls to AWS: those that are declared, and no others."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from assay.detectors.aws.collector import Call
from assay.detectors.aws.trouble import Refused, told


class Limits(Struct, frozen=True, kw_only=True):
    """How much a look at AWS may take."""

    threads: int = 50
    """Calls in flight. More bring nothing: one process makes some 500 calls a second."""
    attempts: int = 6
    """Of one call, where it is throttled or the connection breaks."""
    connect_seconds: float = 10
    read_seconds: float = 60
    waits: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30)
    """Seconds between the times that what has to be made first is asked for."""
    items: int = 50_000
    """Of one listing; what is beyond is told, and not read."""
    pages: int = 5_000
    """Of one answer: one that gives the same page for ever ends here."""


class Account(Struct, frozen=True, kw_only=True):
    """An account that is looked at."""

    id: str
    partition: str
    """`aws`, `aws-cn` or `aws-us-gov`."""
    home: str
    """The region in which what has none is read."""
    name: str = ""
    """What the organisation calls it."""

    @property
    def shown(self) -> str:
        """For messages."""
        return f"account {self.id} ({self.name})" if self.name else f"account {self.id}"


class Api:
    """The APIs of one account. Clients are made when they are first needed, one for each service and region."""

    def __init__(self, session: Any, allowed: frozenset[Call], limits: Limits) -> None:
        """`session` is botocore's, with the account's credentials; `allowed` is all that may be called."""
        self._session = session
        self._allowed = allowed
        self._limits = limits
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def pages(self, call: Call, region: str, parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The pages of an answer; one, where it isn't paged. Raises Refused."""
        from botocore import xform_name

        if call not in self._allowed:
            raise AssertionError(f"{call} is not declared")
        method = xform_name(call.operation)
        with told(call):
            client = self._client(call.service, region)
            if not client.can_paginate(method):
                yield getattr(client, method)(**parameters)
                return
            for number, page in enumerate(client.get_paginator(method).paginate(**parameters)):
                if number == self._limits.pages:
                    raise Refused(call, f"more than {number} pages", advice="leave it out by --services", lasting=True)
                yield page

    def offered(self, service: str, region: str) -> bool:
        """Whether this version of botocore knows that a service is in a region. It may be there all the same."""
        partition = self._session.get_partition_for_region(region)
        known = self._session.get_available_regions(service, partition_name=partition, allow_non_regional=True)
        return not known or region in known

    def _client(self, service: str, region: str) -> Any:
        from botocore.config import Config

        key = (service, region)
        with self._lock:
            if key not in self._clients:
                attempts = self._limits.attempts if self.offered(service, region) else 1
                config = Config(
                    connect_timeout=self._limits.connect_seconds,
                    read_timeout=self._limits.read_seconds,
                    max_pool_connections=self._limits.threads,
                    # A bucket of tokens for each client, which is each account, region and service, and which fills
                    # more slowly for a while after an answer that was throttled.
                    retries={"mode": "adaptive", "total_max_attempts": attempts},
                    user_agent_extra="assay",
                )
                self._clients[key] = self._session.create_client(service, region_name=region, config=config)
            return self._clients[key]
