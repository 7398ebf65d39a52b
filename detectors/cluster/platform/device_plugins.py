"""How files declare that accelerators are shared: configurations of NVIDIA's device plugin.

See: https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-sharing.html and
https://github.com/NVIDIA/k8s-device-plugin#configuring-the-nvidia-device-plugin-binary
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.platform.device_plugin_objects import ConfigMap, OperatorPolicy
from assay.detectors.cluster.pods.objects import Container, PodSpec
from assay.detectors.cluster.pods.templates import templates
from assay.detectors.cluster.stating import is_live, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown
from assay.scanner.safe.yaml import Limits, YamlError, load

_LIMITS = Limits(bytes=64 << 10, depth=20, nodes=5_000)
_MOST = 1_000
"""Configurations that are parsed; no cluster has more than a handful."""
_SIGNS = ("timeSlicing", "mps", "migStrategy")
"""Of which one stands in each configuration that says anything about sharing."""
_WAYS = (("timeSlicing", "time-slicing"), ("mps", "mps"))
_PLUGIN = "k8s-device-plugin"
_SHARED_FILE = "CONFIG_FILE"
_DEFAULT_KEY = "DEFAULT_CONFIG"
_NAMED = "default"
"""The key that the plugin's chart falls back to, as it does to the only one.

See: https://github.com/NVIDIA/k8s-device-plugin/blob/main/deployments/helm/nvidia-device-plugin/values.yaml
"""
_NOWHERE = Unknown(reason="which nodes use this configuration isn't declared here")
_UNREAD = Unknown(reason="the device plugin's configuration can't be read")


class _Uses(Struct):
    """Who names a ConfigMap as the plugin's."""

    operator: dict[str, str] = field(default_factory=dict)
    """The default key by the ConfigMap's name; empty: none."""
    plugin: dict[tuple[str, str], set[str | None]] = field(default_factory=lambda: defaultdict(set))
    """The default keys by namespace and name; None: the chart's own fallback."""


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.device-plugin`, one for each key of a ConfigMap; of files only."""
    if is_live(objects):
        return
    uses = _uses(objects)
    left = _MOST
    for placed in objects.of("ConfigMap"):
        found: ConfigMap = placed.object
        texts = {key: text for key, text in (found.data or {}).items() if isinstance(text, str) and _speaks(text)}
        for key in sorted(texts):
            left -= 1
            sharing = _sharing(texts[key]) if left >= 0 else _UNREAD
            if sharing is not _OTHER:
                yield _plugin(objects, placed, key, sharing, uses)


def _plugin(objects: Objects, placed: Placed, key: str, sharing: str | Unknown | None, uses: _Uses) -> Resource:
    found: ConfigMap = placed.object
    facts = {"sharing": sharing, "everywhere": _everywhere(found, key, uses)}
    at = address("ConfigMap", found.metadata)
    name = "placeholder" if unresolved(key) else key[:100]
    return stated(objects, placed, "cluster.device-plugin", f"{at}/{name}", facts, (at,))


class _Other(Struct, frozen=True):
    """A text that only looks like a configuration of the plugin."""


_OTHER: Any = _Other()


def _speaks(text: str) -> bool:
    return "version:" in text and any(sign in text for sign in _SIGNS)


def _sharing(text: str) -> Any:
    """`_OTHER` where it is no configuration of the plugin."""
    try:
        config = load(text, _LIMITS)
    except YamlError:
        return _UNREAD if "sharing:" in text else _OTHER
    if not isinstance(config, Mapping) or config.get("version") != "v1" or not ({"sharing", "flags"} & config.keys()):
        return _OTHER
    sharing = config.get("sharing")
    if sharing is None:
        return None
    if not isinstance(sharing, Mapping):
        return _UNREAD
    return next((way for name, way in _WAYS if _replicates(sharing.get(name))), None)


def _replicates(way: object) -> bool:
    """Whether a device is given to several pods; a number that can't be read is taken for more than one."""
    resources = way.get("resources") if isinstance(way, Mapping) else None
    found = (
        [one.get("replicas", 2) for one in resources if isinstance(one, Mapping)] if isinstance(resources, list) else []
    )
    return any(not isinstance(number, int) or isinstance(number, bool) or number > 1 for number in found)


def _everywhere(found: ConfigMap, key: str, uses: _Uses) -> bool | Unknown:
    """Whether nodes use it that name no other."""
    name = found.metadata.name or ""
    if name in uses.operator:
        return uses.operator[name] == key
    defaults = uses.plugin.get((namespace_of(found.metadata), name))
    if not defaults:
        return _NOWHERE
    only = len(found.data or {}) == 1
    return any(default == key or (default is None and (only or key == _NAMED)) for default in defaults)


def _uses(objects: Objects) -> _Uses:
    uses = _Uses()
    for placed in objects.of("nvidia.com/ClusterPolicy"):
        policy: OperatorPolicy = placed.object
        plugin = policy.spec.device_plugin if policy.spec is not None else None
        config = plugin.config if plugin is not None else None
        if config is not None and config.name:
            uses.operator[config.name] = config.default or ""
    for template in templates(objects):
        if any(_PLUGIN in (one.image or "") for one in template.spec.containers or ()):
            default = _default(template.spec)
            for volume in template.spec.volumes or ():
                if volume.config_map is not None and volume.config_map.name:
                    uses.plugin[template.namespace, volume.config_map.name].add(default)
    return uses


def _default(spec: PodSpec) -> str | None:
    """The key that the plugin uses where a node's label names none."""
    containers: tuple[Container, ...] = (*(spec.containers or ()), *(spec.init_containers or ()))
    variables = {one.name: one.value for container in containers for one in container.env or ()}
    if variables.get(_DEFAULT_KEY):
        return variables[_DEFAULT_KEY]
    # A plugin without the chart's sidecar reads one file, which is the key of that name.
    named = (variables.get(_SHARED_FILE) or "").rpartition("/")[2]
    return named if named and _DEFAULT_KEY not in variables else None
