"""Takes system calls away that no reader of files needs, and that Landlock doesn't cover.

A classic BPF program compares the call's number with a list: https://docs.kernel.org/userspace-api/seccomp_filter.html
Numbers are the kernel's, by architecture; elsewhere nothing is filtered, and the report says so.
"""

import ctypes
import platform
import struct
import sys
from collections.abc import Mapping
from functools import cache

from assay.scanner.engine import landlock

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001
_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET = 0, 4
_X32_BIT = 0x40000000

_NEVER: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "perf_event_open": 298,
            "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250, "add_key": 248, "request_key": 249,
            "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "setns": 308, "unshare": 272,
            "sethostname": 170, "setdomainname": 171, "clock_settime": 227, "settimeofday": 164, "adjtimex": 159,
            "reboot": 169, "kexec_load": 246, "init_module": 175, "finit_module": 313, "swapon": 167,
            "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452, "chown": 92, "fchown": 93, "lchown": 94,
            "fchownat": 260, "utime": 132, "utimes": 235, "futimesat": 261, "utimensat": 280, "setxattr": 188,
            "lsetxattr": 189, "fsetxattr": 190,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "perf_event_open": 241,
            "userfaultfd": 282, "io_uring_setup": 425, "keyctl": 219, "add_key": 217, "request_key": 218,
            "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "setns": 268, "unshare": 97,
            "sethostname": 161, "setdomainname": 162, "clock_settime": 112, "settimeofday": 170, "adjtimex": 171,
            "reboot": 142, "kexec_load": 104, "init_module": 105, "finit_module": 273, "swapon": 224,
            "fchmod": 52, "fchmodat": 53, "fchmodat2": 452, "fchown": 55, "fchownat": 54, "utimensat": 88,
            "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7,
        },
    ),
}  # fmt: skip
_SOCKET = {"x86_64": 41, "aarch64": 198}
"""Creating a socket of any family; pairs of connected ones (`socketpair`) are another call, and harmless."""


def restrict(network: bool) -> bool:
    """Filters this thread and its children for ever. False where that isn't possible; then nothing was changed."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _NEVER:
        return False
    architecture, never = _NEVER[machine]
    refused = tuple(sorted({*never.values(), *(() if network else (_SOCKET[machine],))}))
    program = _program(architecture, refused)
    buffer = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = landlock.libc()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(fprog), 0, 0) == 0)


@cache
def _program(architecture: int, refused: tuple[int, ...]) -> bytes:
    """Refused calls, and every call of a foreign architecture, return EPERM."""
    steps = [
        (_LOAD_WORD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_EQUAL, 0, len(refused) + 3, architecture),
        (_LOAD_WORD, 0, 0, _NUMBER_OFFSET),
        (_JUMP_AT_LEAST, len(refused) + 1, 0, _X32_BIT),
        *((_JUMP_EQUAL, len(refused) - at, 0, number) for at, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
