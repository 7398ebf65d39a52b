"""What a detector's process may not do, applied inside it before the detector is imported."""

import ctypes
import os
import platform
import re
import resource
import signal
import site
import sys
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from assay.scanner.engine import landlock, seccomp

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWPID = 0x10000000, 0x40000000, 0x20000000
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_CAP_DAC_READ_SEARCH, _LAST_CAPABILITY = 2, 63
_CAPABILITY_VERSION_3 = 0x20080522

_SYSTEM_PATHS = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt", "/nix/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types",
    "/etc/nsswitch.conf", "/etc/ssl", "/etc/alternatives",
    "/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/filesystems", "/proc/sys/vm",
    "/sys/devices/system/cpu", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage",
    "/dev/urandom", "/dev/random", "/dev/zero",
)  # fmt: skip
_NETWORK_PATHS = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
    "/run/systemd/resolve", "/etc/pki", "/etc/ca-certificates",
)  # fmt: skip
"""What it takes to find a host by its name and to check its certificate."""
_WRITABLE_DEVICES = ("/dev/null",)

MAX_PROCESSES = 1024
"""Of all parts of a detector together, threads included."""


class Limits(Struct, frozen=True, kw_only=True):
    """What one process of a detector may use."""

    memory_bytes: int
    """Address space."""
    cpu_seconds: int
    file_bytes: int = 512 << 20
    """Size of any one file that it writes."""


class Grants(Struct, frozen=True, kw_only=True):
    """What a detector's process is allowed beyond computing."""

    read: tuple[str, ...]
    """Files and folders of the target."""
    write: tuple[str, ...]
    """Its private temporary folder."""
    network: bool = False


class Entered(Struct, frozen=True):
    """What was given up."""

    level: str
    """Such as `landlock+netns`."""
    rules: int | None
    """Landlock's, as a descriptor: the parts submit to them once more."""


def enter(grants: Grants) -> Entered:
    """Gives up everything that isn't granted.

    Must run while the process has one thread. Children inherit it. What the machine can't do is left out of the
    level, never raised: the report states what was reached.
    """
    die_with_parent()
    levels: list[str] = []
    no_network = grants.network or _leave_network()
    rules = _file_rules(grants)
    if rules is not None and landlock.submit(rules):
        levels.append("landlock")
        if not no_network and landlock.blocks_tcp():
            levels.append("tcp")
    if no_network and not grants.network:
        levels.append("netns")
    return Entered("+".join(levels) or "none", rules)


def fork_apart() -> int:
    """As `os.fork`, but the child is the first of a process namespace, so that whatever it starts ends with it; where
    that isn't allowed, just as `os.fork`. For a process with one thread.

    `unshare` would take a second fork for the same, which of a process that is preloaded costs milliseconds.
    """
    number = _SYS_CLONE.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        python = ctypes.pythonapi
        python.PyOS_BeforeFork()
        # Through PyDLL, which keeps the interpreter's lock, as both sides go on with it.
        pid = int(ctypes.PyDLL(None).syscall(*map(ctypes.c_long, (number, _CLONE_NEWPID | signal.SIGCHLD, 0, 0, 0, 0))))
        if pid == 0:
            python.PyOS_AfterFork_Child()
            return 0
        python.PyOS_AfterFork_Parent()
        if pid > 0:
            return pid
    return os.fork()


def enter_part(host: Entered, network: bool) -> None:
    """Separates a part from its host and its siblings, on top of `enter`; what the machine can't do is left out.

    A second Landlock layer of the same rules: a process may not trace, signal or open the files of one outside its
    layer, so a part can't write frames in the host's name.
    """
    die_with_parent()
    if host.rules is not None:
        landlock.submit(host.rules)
        os.close(host.rules)  # Whoever has it could add to what the next part is granted.
    _drop_capabilities()
    seccomp.restrict(network)


def prepare() -> None:
    """Finds out what doesn't change, for a process that is forked often."""
    _python_paths()
    landlock.libc()


def limit(limits: Limits) -> None:
    """Sets this process's resource limits; children inherit them."""
    _lower(resource.RLIMIT_AS, limits.memory_bytes)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds)
    _lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    _lower(resource.RLIMIT_CORE, 0)


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent ends, so that nothing is left behind."""
    if sys.platform == "linux":
        landlock.libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _file_rules(grants: Grants) -> int | None:
    network = _NETWORK_PATHS if grants.network else ()
    read = (*_SYSTEM_PATHS, *network, *_python_paths(), *grants.read)
    return landlock.ruleset(read=read, write=(*_WRITABLE_DEVICES, *grants.write), network=grants.network)


def _drop_capabilities() -> None:
    """Leaves a root user the reading of others' files, which a scan needs, and nothing else."""
    if sys.platform != "linux":
        return
    libc = landlock.libc()
    for capability in range(_LAST_CAPABILITY + 1):
        if capability != _CAP_DAC_READ_SEARCH:
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    kept = (1 << _CAP_DAC_READ_SEARCH) if os.geteuid() == 0 else 0
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    libc.capset(header, sets)


def _lower(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


@cache
def _python_paths() -> Sequence[str]:
    """Where the interpreter, its libraries and Assay itself lie; they may be inside a home folder."""
    here = Path(__file__).resolve().parents[2]
    paths = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).resolve().parent)}
    paths |= set(sysconfig.get_paths().values()) | {path for path in sys.path if path}
    if site.ENABLE_USER_SITE:
        paths.add(site.getusersitepackages())
    paths |= {str(here / folder) for folder in ("scanner", "detectors", "policies", "reports")}
    return sorted(paths)


def _bound_processes() -> None:
    """Ends a fork bomb, where its processes are counted apart: in a user namespace of our own, since Linux 5.14.

    Elsewhere the limit counts all that the user runs, in other containers too, and would fail a sound scan on a busy
    machine; and it doesn't hold root at all.
    """
    release = [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]]
    if release >= [5, 14]:
        _lower(resource.RLIMIT_NPROC, MAX_PROCESSES)


def _leave_network() -> bool:
    """Moves into a network namespace that has no interface but a dead loopback. False where that isn't allowed."""
    if sys.platform != "linux":
        return False
    libc = landlock.libc()
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    _bound_processes()
    # Keep our own ids, so that what the user may read stays readable.
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    except OSError:
        pass  # Unmapped ids read as nobody; access is still decided by the real ones.
    return True
