"""What declares how accelerators are given out, decoded to what we need of it. Read of files only."""

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta


class ConfigMap(Struct, frozen=True, kw_only=True, rename="camel"):
    """A ConfigMap, of which only configurations of device plugins are looked at, and none is stated."""

    metadata: Meta = field(default_factory=Meta)
    data: dict[str, str | int | float | bool | None] | None = None


class PluginConfig(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which ConfigMap the operator's device plugin uses, and which of its keys where a node names none."""

    name: str | None = None
    default: str | None = None


class Plugin(Struct, frozen=True, kw_only=True, rename="camel"):
    """The operator's device plugin."""

    config: PluginConfig | None = None


class OperatorSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What NVIDIA's GPU operator installs."""

    device_plugin: Plugin | None = None


class OperatorPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """A ClusterPolicy of NVIDIA's GPU operator."""

    metadata: Meta = field(default_factory=Meta)
    spec: OperatorSpec | None = None
