"""Whether whoever takes over a container gets hold of its node."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.answers import any_of
from assay.scanner.api import Unknown, is_unknown, reason_of

FREEING = frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF"})
"""Capabilities that suffice: mounting the node's disks, loading code into its kernel, reading its memory, opening its
files by handle past the container's root, reading its memory from programs in the kernel."""
FREEING_WITH_HOST_PID = frozenset({"SYS_PTRACE"})
"""Capabilities that suffice where the node's processes are in sight: code is put into one of them."""

_CONTROLLED = (
    "/boot", "/dev", "/proc", "/sys", "/root", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt/cni/bin", "/home",
    "/etc/cron.d", "/etc/crontab", "/etc/systemd", "/etc/ssh", "/etc/passwd", "/etc/shadow", "/etc/sudoers",
    "/etc/sudoers.d", "/etc/ld.so.preload", "/etc/cni", "/etc/kubernetes", "/etc/containerd", "/etc/docker",
    "/etc/pam.d",
    "/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/lib/etcd",
    "/var/lib/rancher", "/var/lib/k0s", "/var/lib/cloud", "/var/spool/cron", "/run/systemd",
)  # fmt: skip
"""Whoever writes there, above or below has the node run his code, or changes what others run."""
_READ = ("/etc/kubernetes", "/etc/shadow", "/root", "/proc", "/dev", "/var/lib/kubelet", "/var/lib/etcd", "/home",
         "/var/lib/rancher", "/var/lib/k0s", "/etc/ssh")  # fmt: skip
"""Whoever reads there, above or below has credentials of the node, or those of the pods on it."""
_SOCKETS = (
    "/run/docker.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/cri-dockerd.sock",
    "/run/k3s/containerd/containerd.sock", "/run/podman/podman.sock", "/run/dbus/system_bus_socket",
)  # fmt: skip
"""Whoever talks to one starts privileged containers; a mount that is read-only doesn't keep from talking."""
_HARMLESS = (
    "/var/lib/kubelet/device-plugins", "/var/lib/kubelet/plugins", "/var/lib/kubelet/plugins_registry",
    "/var/lib/kubelet/pod-resources", "/dev/shm", "/dev/dri", "/dev/infiniband", "/dev/kfd", "/dev/fuse",  # noqa: S108
    "/dev/vfio", "/dev/net", "/dev/hugepages", "/sys/class", "/sys/devices", "/sys/bus", "/usr/share", "/usr/src",
    "/usr/local/nvidia", "/usr/local/cuda", "/lib/modules", "/usr/lib/modules", "/usr/lib/locale",
)  # fmt: skip
"""Folders below the others that drivers and plugins share with their pods."""
_LONGEST = 40
"""Of a folder's name in a message."""
_SANDBOXES = ("kata", "gvisor", "runsc")


class Escape(Struct, frozen=True):
    """Whether a container lets somebody out to its node."""

    sure: bool | Unknown
    by: str = ""
    """What lets him out, or may: `privileged container web`."""


_NONE = Escape(False)


def escape(facts: Mapping[str, Any], host_paths: Iterable[str | Unknown] = ()) -> Escape:
    """For the facts of `workload.pods`, values or Unknown; `host_paths` are those behind its claims."""
    found = [_by_privilege(facts), _by_volumes(facts)]
    for path in host_paths:
        if isinstance(path, Unknown):
            found.append(Escape(path, "a folder of the node behind a claim"))
        elif sensitive(path, writable=True):
            found.append(Escape(True, f"the node's {_shown(path)} behind a claim"))
    return _first(found)


def sensitive(path: str, writable: bool) -> bool:
    """Whether a folder or socket of the node gives control over it to whoever has it."""
    path = posixpath.normpath("/" + path.lstrip("/"))
    path = path.replace("/var/run", "/run", 1) if path == "/var/run" or path.startswith("/var/run/") else path
    if any(_below(path, harmless) for harmless in _HARMLESS):
        return False
    # A folder above a sensitive one holds it.
    held = any(_below(socket, path) or _below(path, socket) for socket in _SOCKETS)
    return held or any(_below(path, one) or _below(one, path) for one in (_CONTROLLED if writable else _READ))


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _by_privilege(facts: Mapping[str, Any]) -> Escape:
    containers = facts.get("containers")
    if is_unknown(containers):
        return Escape(Unknown(reason=reason_of(containers)), "a container")
    found = _first(_privileged(one, facts.get("host_pid")) for one in _elements(containers))
    if found.sure is False:
        return _NONE
    users, runtime = facts.get("host_users"), facts.get("runtime_class")
    if users is False:  # root in the container is nobody on the node, whatever its capabilities
        return _NONE
    if isinstance(runtime, str) and runtime.lower().startswith(_SANDBOXES):
        reason = f"what a privileged container reaches in the sandbox {runtime} isn't known"
        return Escape(Unknown(reason=reason), found.by)
    for doubt in (users, runtime):
        if is_unknown(doubt):
            return Escape(Unknown(reason=reason_of(doubt)), found.by)
    return found


def _privileged(container: Any, host_pid: Any) -> Escape:
    if is_unknown(container):
        return Escape(Unknown(reason=reason_of(container)), "a container")
    if not isinstance(container, dict):
        return _NONE
    declared = container.get("declared")
    process = declared.get("host_process") if isinstance(declared, dict) else declared
    added = container.get("capabilities_added")
    name = container.get("name")
    of = f"container {name}" if isinstance(name, str) else "a container"
    found = [Escape(_value(container.get("privileged")), f"privileged {of}"), Escape(_value(process), f"host {of}")]
    for one in _elements(added):
        if is_unknown(one):
            found.append(Escape(Unknown(reason=reason_of(one)), f"a capability of {of}"))
        else:
            answer = True if one in FREEING else _and(one in FREEING_WITH_HOST_PID, host_pid)
            found.append(Escape(answer, f"{one} of {of}"))
    if is_unknown(added):
        found.append(Escape(Unknown(reason=reason_of(added)), f"capabilities of {of}"))
    return _first(found)


def _by_volumes(facts: Mapping[str, Any]) -> Escape:
    volumes = facts.get("volumes")
    if is_unknown(volumes):
        return Escape(Unknown(reason=reason_of(volumes)), "a volume")
    mounts = _writable_mounts(facts.get("containers"))
    return _first(Escape(_by_volume(one, mounts), _of_node(one)) for one in _elements(volumes))


def _of_node(volume: Any) -> str:
    path = volume.get("host_path") if isinstance(volume, dict) else None
    return f"the node's {_shown(path)}" if isinstance(path, str) else "a volume"


def _shown(path: str) -> str:
    return path if len(path) <= _LONGEST else f"{path[:_LONGEST]}…"


def _by_volume(volume: Any, mounts: Mapping[str, bool | Unknown]) -> bool | Unknown:
    if is_unknown(volume):
        return Unknown(reason=reason_of(volume))
    if not isinstance(volume, dict):
        return False
    for field in ("type", "host_path", "name"):
        if is_unknown(volume.get(field)):
            return Unknown(reason=reason_of(volume.get(field)))
    path, name = volume.get("host_path"), volume.get("name")
    if not isinstance(path, str):
        return False
    writable = mounts.get(str(name), mounts.get("", False) if str(name) not in mounts else False)
    if name not in mounts and writable is False:
        return False  # no container has it
    if isinstance(writable, Unknown):
        return writable if sensitive(path, writable=True) else False
    return sensitive(path, writable)


def _writable_mounts(containers: Any) -> Mapping[str, bool | Unknown]:
    """Volume → whether some container can write to it; the empty name stands for mounts that couldn't be read."""
    found: dict[str, bool | Unknown] = {}
    if is_unknown(containers):
        return {"": Unknown(reason=reason_of(containers))}
    for container in _elements(containers):
        mounts = container if is_unknown(container) or not isinstance(container, dict) else container.get("mounts")
        for mount in [mounts] if is_unknown(mounts) else _elements(mounts):
            if is_unknown(mount):
                found[""] = Unknown(reason=reason_of(mount))
            elif isinstance(mount, dict):
                read_only = mount.get("read_only")
                name = str(mount.get("volume"))
                writes = Unknown(reason=reason_of(read_only)) if is_unknown(read_only) else not read_only
                found[name] = any_of([found.get(name, False), writes])
    return found


def _elements(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _value(fact: Any) -> bool | Unknown:
    return Unknown(reason=reason_of(fact)) if is_unknown(fact) else fact is True


def _and(sure: bool, fact: Any) -> bool | Unknown:
    return _value(fact) if sure else False


def _first(found: Iterable[Escape]) -> Escape:
    """The first that is sure, or else that may be."""
    maybe: Escape | None = None
    for one in found:
        if one.sure is True:
            return one
        if isinstance(one.sure, Unknown):
            maybe = maybe or one
    return maybe or _NONE
