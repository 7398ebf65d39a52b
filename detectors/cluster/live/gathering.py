"""Gathers the objects of a list: pods are folded as they come, all others are kept."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from assay.detectors.cluster.live import pages
from assay.detectors.cluster.table import Api


class Kept:
    """Every object."""

    def __init__(self) -> None:
        self._kept: list[Any] = []

    def take(self, item: Any) -> None:
        """One more."""
        self._kept.append(item)

    def gathered(self) -> Sequence[Any]:
        """All of them, in the server's order."""
        return self._kept


class Folded:
    """Pods, one for each owner and template."""

    def __init__(self, api: Api) -> None:
        from assay.detectors.cluster.pods.fold import PodFold

        self._fold = PodFold(partial(pages.whole, api))

    def take(self, item: Any) -> None:
        """One more pod."""
        self._fold.take(item)

    def gathered(self) -> Sequence[Any]:
        """One pod for each that are alike."""
        return list(self._fold.folded())


def gathering(api: Api) -> Kept | Folded:
    """A new gathering for a resource."""
    return Folded(api) if api.id == "Pod" else Kept()
