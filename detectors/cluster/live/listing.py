"""Lists one resource of the API page by page, and says of every piece that could not be read why."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from msgspec import Struct, structs

from assay.detectors.cluster.live import pages
from assay.detectors.cluster.live.access import Access
from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.live.transport import Transport
from assay.detectors.cluster.live.trouble import TooLarge, Unanswered, status_line
from assay.detectors.cluster.table import Api


class Trouble(Struct, frozen=True, kw_only=True):
    """Why a list, or a part of it, is missing."""

    namespace: str | None
    """None: in all, or there is none."""
    reason: str
    next: str = "run again, or look into the API server's own log"
    """What to do about it."""


class Listed(Struct, frozen=True, kw_only=True):
    """What one resource of the API came to."""

    api: Api
    served: bool
    objects: Sequence[Any]
    """In the server's order, pods folded. Where there is trouble, what came before it."""
    count: int
    """Before folding."""
    troubles: tuple[Trouble, ...] = ()


class Gathering(Protocol):
    """Takes the objects of a list as they come; one for each attempt."""

    def take(self, item: Any) -> None:
        """One more. Raises msgspec.ValidationError for one that turns out to be of another shape."""
        ...

    def gathered(self) -> Sequence[Any]:
        """All of them, or what they were folded to."""
        ...


class Gatherings(Protocol):
    """What makes a gathering for a resource."""

    def __call__(self, api: Api) -> Gathering: ...


_NEXT: Mapping[int, str] = {
    401: "log in anew",
    403: "`assay cluster role` prints a ClusterRole that suffices",
    404: "Kubernetes has it since 1.21 at the latest",
    410: "run again",
}


def refused(status: int, namespace: str | None) -> Trouble:
    """What a status other than success comes to."""
    trouble = Trouble(namespace=namespace, reason=status_line(status))
    return structs.replace(trouble, next=_NEXT[status]) if status in _NEXT else trouble


class Lister:
    """Lists resources of one cluster; used by several threads."""

    def __init__(self, transport: Transport, access: Access, limits: Limits, gatherings: Gatherings) -> None:
        self._transport = transport
        self._access = access
        self._limits = limits
        self._gatherings = gatherings

    def list(self, api: Api, version: str, namespaces: Sequence[str]) -> Listed:
        """Every object, of these namespaces where any are named and the resource has one. Never raises."""
        objects: list[Any] = []
        count = 0
        troubles: list[Trouble] = []
        for namespace in namespaces if namespaces and api.namespaced else (None,):
            if not self._access.allows(api, namespace):
                said = "denied to these credentials, by an access review"
                troubles.append(Trouble(namespace=namespace, reason=said, next=_NEXT[403]))
                continue
            attempt = _Attempt(self._gatherings(api))
            try:
                self._read(api, version, namespace, attempt)
                objects += attempt.gathering.gathered()
            except _Refused as error:
                troubles.append(refused(error.status, namespace))
                objects += attempt.gathering.gathered()
            except _Endless as error:
                # It may be the same page again and again, and none of it is worth stating.
                troubles.append(Trouble(namespace=namespace, reason=str(error)))
            except Unanswered as error:
                troubles.append(Trouble(namespace=namespace, reason=str(error)))
                objects += attempt.gathering.gathered()
            except MemoryError:
                troubles.append(Trouble(namespace=namespace, reason="its objects take more memory than there is"))
            count += attempt.count
        return Listed(api=api, served=True, objects=objects, count=count, troubles=tuple(troubles))

    def _read(self, api: Api, version: str, namespace: str | None, attempt: "_Attempt") -> None:
        """Raises Unanswered with what it could not read; the attempt holds the rest."""
        page_objects, restarts = self._limits.page_objects, 0
        while True:
            try:
                self._read_pages(api, version, namespace, page_objects, attempt)
            except TooLarge:
                if page_objects == self._limits.few_objects:
                    raise
                page_objects = self._limits.few_objects
            except _Refused as error:
                # What was gathered is of a state of the cluster that the server no longer has.
                if error.status != 410 or restarts >= self._limits.restarts:
                    raise
                restarts += 1
            else:
                return
            attempt.start_again(self._gatherings(api))

    def _read_pages(
        self, api: Api, version: str, namespace: str | None, page_objects: int, attempt: "_Attempt"
    ) -> None:
        following, seen = "", set[str]()
        size = 0
        for _ in range(self._limits.pages):
            query = [("limit", str(page_objects)), *([("continue", following)] if following else [])]
            answer = self._transport.get(_path(api, version, namespace), query, pages.accept(api))
            if answer.status != 200:
                raise _Refused(answer.status)
            size += len(answer.body)
            page = pages.decode(api, answer.body, self._limits.page_parts)
            del answer
            attempt.take(page)
            if attempt.count > self._limits.objects:
                raise _Endless(f"a list of more than {self._limits.objects} objects")
            if size > self._limits.listing_bytes:
                raise _Endless(f"a list of more than {self._limits.listing_bytes >> 20} MiB")
            if not page.following:
                break
            if page.following in seen:
                raise _Endless("a list that goes round in circles")
            following = page.following
            seen.add(following)
        else:
            raise _Endless(f"a list of more than {self._limits.pages} pages")
        if attempt.misfits:
            raise Unanswered(
                f"{attempt.misfits} of {attempt.count} objects are not of the shape that is known: {attempt.misfit}"
            )


class _Attempt:
    """What was gathered since the list was last started."""

    def __init__(self, gathering: Gathering) -> None:
        self.start_again(gathering)

    def start_again(self, gathering: Gathering) -> None:
        self.gathering = gathering
        self.count = 0
        self.misfits = 0
        self.misfit: str | None = None

    def take(self, page: pages.Page) -> None:
        self.count += len(page.objects) + page.misfits
        self.misfits += page.misfits
        self.misfit = self.misfit or page.misfit
        for item in page.objects:
            try:
                self.gathering.take(item)
            except msgspec.ValidationError as error:
                self.misfits += 1
                self.misfit = self.misfit or pages.misfit(error)


class _Refused(Unanswered):
    def __init__(self, status: int) -> None:
        super().__init__(status_line(status))
        self.status = status


class _Endless(Unanswered):
    """A list that no cluster has."""


def _path(api: Api, version: str, namespace: str | None) -> str:
    root = f"/apis/{api.group}/{version}" if api.group else f"/api/{version}"
    return f"{root}/namespaces/{quote(namespace, safe='')}/{api.plural}" if namespace else f"{root}/{api.plural}"
