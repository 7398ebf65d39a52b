"""What Spark's own properties, `sparkConf` of a Spark application, decide about its pods.

See: https://spark.apache.org/docs/latest/running-on-kubernetes.html#configuration
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from assay.detectors.cluster.pods.objects import Env, Quantities, SecretKey, ValueFrom, VolumeMount
from assay.detectors.cluster.pods.volume_objects import (
    Claim,
    EmptyDir,
    HostPath,
    ReadOnly,
    SecretSource,
    Volume,
)

Properties = Mapping[str, str | int | float | bool | None]

_MADE_UP = ("OnDemand", "SPARK_EXECUTOR_ID", "SPARK_APPLICATION_ID")
"""In a claim's name: Spark makes a claim of its own for each executor or run."""
_VOLUMES = frozenset({"hostPath", "emptyDir", "nfs", "persistentVolumeClaim"})
_UNSEEN = ("podTemplateFile", "pod.featureSteps")
"""Properties of a role by which anything about its pods may be set elsewhere: in a file, or by code."""


class Added(Struct, frozen=True, kw_only=True):
    """What Spark adds to the pods of a role."""

    volumes: tuple[Volume, ...]
    mounts: tuple[VolumeMount, ...]
    env: tuple[Env, ...]
    labels: dict[str, str]
    devices: Quantities


class Conf:
    """The properties of one application."""

    def __init__(self, properties: Properties | None) -> None:
        self._properties = {key: _text(value) for key, value in sorted((properties or {}).items())}

    def text(self, *keys: str) -> str | None:
        """The first of these properties that is set."""
        return next((self._properties[key] for key in keys if self._properties.get(key)), None)

    def unseen(self, role: str) -> str | None:
        """The property by which the pods of a role may be anything, if there is one."""
        keys = (f"spark.kubernetes.{role}.{one}" for one in _UNSEEN)
        strange = (kind for kind in dict(self._under(f"spark.kubernetes.{role}.volumes.")) if not _is_volume(kind))
        if next(strange, None) is not None:
            return f"a volume in spark.kubernetes.{role}.volumes of a sort that isn't known"
        return next((key for key in keys if self.text(key) is not None), None)

    def added(self, role: str) -> Added:
        """`role` is `driver` or `executor`."""
        volumes = dict(self._volumes(role))
        for name, path in self._under(f"spark.kubernetes.{role}.secrets."):
            named = f"{name}-volume"
            source = Volume(name=named, secret=SecretSource(secret_name=name))
            volumes[named] = (source, VolumeMount(name=named, mount_path=path))
        return Added(
            volumes=tuple(volume for volume, _ in volumes.values()),
            mounts=tuple(mount for _, mount in volumes.values()),
            env=tuple(self._env(role)),
            labels=dict(self._under(f"spark.kubernetes.{role}.label.")),
            devices=dict(self._devices(role)),
        )

    def _under(self, prefix: str) -> Iterator[tuple[str, str]]:
        for key, value in self._properties.items():
            if key.startswith(prefix) and len(key) > len(prefix):
                yield key[len(prefix) :], value

    def _volumes(self, role: str) -> Iterator[tuple[str, tuple[Volume, VolumeMount]]]:
        found: dict[tuple[str, str], dict[str, str]] = {}
        for key, value in self._under(f"spark.kubernetes.{role}.volumes."):
            kind, _, rest = key.partition(".")
            name, _, option = rest.partition(".")
            found.setdefault((kind, name), {})[option] = value
        for (kind, name), options in found.items():
            # Spark refuses a volume without a path to mount it at.
            if "mount.path" in options and _is_volume(kind):
                read_only = options.get("mount.readOnly") == "true"
                mount = VolumeMount(name=name, mount_path=options["mount.path"], read_only=read_only)
                yield name, (_volume(kind, name, options), mount)

    def _env(self, role: str) -> Iterator[Env]:
        plain = "spark.kubernetes.driverEnv." if role == "driver" else "spark.executorEnv."
        for name, value in self._under(plain):
            yield Env(name=name, value=value)
        for name, reference in self._under(f"spark.kubernetes.{role}.secretKeyRef."):
            secret, _, key = reference.partition(":")
            yield Env(name=name, value_from=ValueFrom(secret_key_ref=SecretKey(name=secret, key=key)))

    def _devices(self, role: str) -> Iterator[tuple[str, str]]:
        prefix = f"spark.{role}.resource."
        for key, amount in self._under(prefix):
            name, _, what = key.rpartition(".")
            vendor = self._properties.get(f"{prefix}{name}.vendor")
            if what == "amount" and name and vendor:
                yield f"{vendor}/{name}", amount


def _volume(kind: str, name: str, options: Mapping[str, str]) -> Volume:
    if kind == "hostPath":
        return Volume(name=name, host_path=HostPath(path=options.get("options.path")))
    if kind == "emptyDir":
        return Volume(name=name, empty_dir=EmptyDir(medium=options.get("options.medium")))
    if kind == "nfs":
        return Volume(name=name, nfs=ReadOnly())
    claim = options.get("options.claimName")
    made_up = claim is None or any(mark in claim for mark in _MADE_UP)
    return Volume(name=name, persistent_volume_claim=Claim(claim_name=None if made_up else claim))


def _is_volume(key: str) -> bool:
    return key.partition(".")[0] in _VOLUMES


def _text(value: str | int | float | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
