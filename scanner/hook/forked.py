"""Starts a detector's host by forking this process, which has imported all that a host needs."""

import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from typing import NoReturn

from assay.scanner.engine.launch import Started


def fork(environment: Mapping[str, str], folder: str, given: int, writer: int, log: int) -> Started:
    """As a new interpreter would start: in a session of its own, with these descriptors and this environment alone."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _become_host(environment, folder, given, writer, log)
    return _Forked(pid)


class _Forked:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self) -> int:
        if self._code is None:
            _, status = os.waitpid(self.pid, 0)
            self._code = os.waitstatus_to_exitcode(status)
        return self._code


def _become_host(environment: Mapping[str, str], folder: str, given: int, writer: int, log: int) -> NoReturn:
    try:
        os.setsid()
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        # Nothing of the caller's stays open: not its terminal, not its files.
        for number, stream in enumerate((given, log, log)):
            os.dup2(stream, number)
        answers = os.dup2(writer, 3)
        os.closerange(4, 1 << 16)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        tempfile.tempdir = None  # It was found out for another environment.
        from assay.scanner.engine import host

        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        host.main([str(answers)])
    finally:
        os._exit(0)
