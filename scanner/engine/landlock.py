"""Landlock (Linux 5.13 and later): the process gives up every file and TCP port that it doesn't name.

Numbers and structures are the kernel's: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

_SYS_CREATE_RULESET, _SYS_ADD_RULE, _SYS_RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | (1 << 14)
"""Rights that make sense on a file; truncate (1 << 14) is ABI 3's."""
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_RIGHTS_BY_ABI = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_TCP_BY_ABI = (4, 3)
_SCOPE_BY_ABI = (6, 3)
"""Abstract Unix sockets and signals to processes outside."""


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


@cache
def libc() -> Any:
    """The C library, in which the kernel's calls are."""
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *args: object) -> int:
    result: int = libc().syscall(ctypes.c_long(number), *args)
    return result


def abi() -> int:
    """The version that the kernel offers; 0: none."""
    if sys.platform != "linux":
        return 0
    version = _syscall(_SYS_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_CREATE_RULESET_VERSION))
    return max(version, 0)


def blocks_tcp() -> bool:
    """Whether the kernel's Landlock can refuse TCP."""
    return abi() >= _TCP_BY_ABI[0]


def ruleset(read: Iterable[str], write: Iterable[str], network: bool = False) -> int | None:
    """Rules that processes may submit to, as a descriptor. Paths that do not exist are passed over. `network` leaves
    TCP. None where the kernel has no Landlock or refuses."""
    version = abi()
    if not version:
        return None
    every = 0
    for since, rights in _RIGHTS_BY_ABI:
        every |= rights if version >= since else 0
    attr = _RulesetAttr(
        fs=every,
        net=_TCP_BY_ABI[1] if version >= _TCP_BY_ABI[0] and not network else 0,
        scoped=_SCOPE_BY_ABI[1] if version >= _SCOPE_BY_ABI[0] else 0,
    )
    size = 24 if version >= _SCOPE_BY_ABI[0] else 16 if version >= _TCP_BY_ABI[0] else 8
    made = _syscall(_SYS_CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if made < 0:
        return None
    for paths, rights in ((read, _READ), (write, every)):
        for path in paths:
            _allow(made, path, rights & every)
    return made


def submit(rules: int) -> bool:
    """Restricts this process and its children for ever, in a layer of its own on top of those that it has.

    False where the kernel refuses; then nothing was changed.
    """
    if libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return _syscall(_SYS_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0)) == 0


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _FILE_RIGHTS
        beneath = _PathBeneath(access=rights, parent=place)
        _syscall(
            _SYS_ADD_RULE,
            ctypes.c_int(rules),
            ctypes.c_int(_RULE_PATH_BENEATH),
            ctypes.byref(beneath),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(place)
