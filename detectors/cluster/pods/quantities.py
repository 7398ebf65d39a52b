"""What containers ask for: CPU, memory and accelerators."""

import re
from typing import Any

from assay.detectors.cluster.pods.objects import Quantities, Resources
from assay.scanner.api import Unknown

_ACCELERATORS = re.compile(
    r"(?:nvidia|amd)\.com/(?:gpu|pgpu|gpu\.product|gpu-all)|gpu\.intel\.com/(?:i915|xe)|habana\.ai/gaudi\d?"
    r"|google\.com/tpu|cloud-tpus\.google\.com/[\w\-]+|aws\.amazon\.com/neuron(?:device)?|huawei\.com/Ascend\w+"
    r"|qualcomm\.com/qaic|cerebras\.net/cs|graphcore\.ai/ipu|furiosa\.ai/\w+|rebellions\.ai/\w+|tenstorrent\.com/\w+"
)
"""Whole devices. Slices of one (`nvidia.com/mig-…`, `nvidia.com/gpu.shared`) are not."""
_ZERO = re.compile(r"0*\.?0*[A-Za-z]*")
_WHOLE = re.compile(r"[0-9]{1,6}")


def requested(container: Resources | None, pod: Resources | None) -> dict[str, Any]:
    """Facts of a container. What isn't requested but limited is requested by its limit, as the API server fills in;
    and what the whole pod is limited to bounds the container, too."""
    limits = container.limits if container is not None else None
    requests = container.requests if container is not None else None
    whole = pod.limits if pod is not None else None
    asked = pod.requests if pod is not None else None
    facts: dict[str, Any] = {}
    for name in ("cpu", "memory"):
        limited = _some(limits, name) or _some(whole, name)
        facts[f"{name}_requested"] = limited or _some(requests, name) or _some(asked, name)
        facts[f"{name}_limited"] = limited
    facts["gpus"] = _accelerators(container)
    return facts


def _some(amounts: Quantities | None, name: str) -> bool:
    """An amount that isn't zero, which is no limit at all."""
    amount = (amounts or {}).get(name)
    return amount is not None and not (_ZERO.fullmatch(amount) if isinstance(amount, str) else amount == 0)


def _accelerators(resources: Resources | None) -> int | Unknown:
    if resources is None:
        return 0
    if resources.claims:
        return Unknown(reason="devices are asked for by a resource claim, which may hold any")
    total = 0
    for name, amount in {**(resources.requests or {}), **(resources.limits or {})}.items():
        if not _ACCELERATORS.fullmatch(name):
            continue
        if isinstance(amount, str) and not _WHOLE.fullmatch(amount):
            return Unknown(reason="unresolved: the number of accelerators isn't a whole number")
        if isinstance(amount, float) and not amount.is_integer():
            return Unknown(reason="unresolved: the number of accelerators isn't a whole number")
        total += int(amount)
    return total
