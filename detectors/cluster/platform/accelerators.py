"""Accelerators: under which names they are counted, and how a node shares them out."""

import re
from collections.abc import Mapping

from assay.scanner.api import Unknown

_NAME = re.compile(
    r"""(?:(?:requests|limits)\.)?(?:
        nvidia\.com/(?:gpu(?:\.shared)?|mig-.+)
        |amd\.com/gpu(?:\..+)?
        |gpu\.intel\.com/.+
        |google\.com/tpu
        |aws\.amazon\.com/neuron.*
        |habana\.ai/gaudi.*
    )""",
    re.VERBOSE,
)

_SHARED_BY_GKE = {"time-sharing": "time-slicing", "mps": "mps"}


def names_accelerator(resource: str) -> bool:
    """Whether it is the name of an accelerator, as containers ask for it or as quotas bound it."""
    return _NAME.fullmatch(resource[:200]) is not None


def capacity_of(capacity: Mapping[str, str | int | float]) -> dict[str, int | Unknown]:
    """The accelerators of a node, by resource; those of which there are none are left out."""
    found: dict[str, int | Unknown] = {}
    for name, amount in sorted(capacity.items()):
        if names_accelerator(name) and str(amount) != "0":
            found[name] = count(str(amount))
    return found


def count(text: str) -> int | Unknown:
    """A whole number of devices."""
    if text.isascii() and text.isdecimal() and len(text) < 7:
        return int(text)
    return Unknown(reason="the number of accelerators can't be read")


def sharing(capacity: Mapping[str, object], labels: Mapping[str, str]) -> str | Unknown | None:
    """How several pods come to one accelerator of a node: by the labels of NVIDIA's discovery or of GKE."""
    if not capacity:
        return None
    by_label = _by_label(labels)
    if by_label is not None:
        return by_label
    if _partitioned(capacity, labels):
        return "mig"
    nvidia = any(name.startswith(("nvidia.com/", "gpu.intel.com/")) for name in capacity)
    told = any(key.startswith(("nvidia.com/gpu.", "cloud.google.com/gke-accelerator")) for key in labels)
    # The plug-ins of other makers give out whole devices only.
    return (
        Unknown(reason="no labels of GPU feature discovery say whether it is shared") if nvidia and not told else None
    )


def whole(capacity: Mapping[str, int | Unknown], labels: Mapping[str, str]) -> int | Unknown:
    """How many devices there are, whatever they are split into."""
    split = _partitioned(capacity, labels) or _by_label(labels) is not None
    given = labels.get("nvidia.com/gpu.count")
    if given is not None and (split or not capacity):
        return count(given)
    numbers = list(capacity.values())
    unknown = next((one for one in numbers if isinstance(one, Unknown)), None)
    total = sum(one for one in numbers if isinstance(one, int))
    if unknown is not None:
        return unknown
    if split:
        return Unknown(reason="the devices are split, and no label says how many there are") if total else 0
    return total


def _by_label(labels: Mapping[str, str]) -> str | None:
    """Sharing without isolation; None where no label speaks of it."""
    strategy = labels.get("nvidia.com/gpu.sharing-strategy")
    if strategy in ("time-slicing", "mps"):
        return strategy
    google = labels.get("cloud.google.com/gke-gpu-sharing-strategy")
    if google in _SHARED_BY_GKE:
        return _SHARED_BY_GKE[google]
    if labels.get("nvidia.com/mps.capable") == "true":
        return "mps"
    replicas = count(labels.get("nvidia.com/gpu.replicas", "1"))
    if (isinstance(replicas, int) and replicas > 1) or labels.get("nvidia.com/gpu.product", "").endswith("-SHARED"):
        return "time-slicing"
    return None


def _partitioned(capacity: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    # `nvidia.com/mig.strategy` alone says how slices would be named; the product's name says that there are some.
    return (
        any("/mig-" in name for name in capacity)
        or "-MIG-" in labels.get("nvidia.com/gpu.product", "")
        or bool(labels.get("cloud.google.com/gke-gpu-partition-size"))
    )
