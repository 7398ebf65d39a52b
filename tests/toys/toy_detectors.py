"""Detectors that behave and misbehave, run by the engine's tests in real child processes."""

import ctypes
import os
import signal
import socket
import time
from pathlib import Path

from assay.scanner.api import EngineVerdict, Excerpt, Failure, Known, Location, Part, Plan, Resource


def _bucket(name: str) -> Resource:
    facts = {"encrypted_at_rest": Known(value=True), "provider": Known(value="aws")}
    location = Location(path="main.tf", start_line=1, end_line=2)
    return Resource(kind="storage.bucket", address=name, surface="terraform", facts=facts, location=location)


class _Toy:
    parts = ("first", "second", "third")
    seconds = 30.0

    def plan(self, tree):
        return Plan(parts=tuple(Part(id=name, seconds=self.seconds) for name in self.parts))

    def preload(self, parts):
        pass

    def observe(self, tree, part, emit):
        for number in range(3):
            emit(_bucket(f"{part.id}.{number}"))
        if part.id == "second":
            self.misbehave(tree, emit)

    def misbehave(self, tree, emit):
        pass


class Sound(_Toy):
    def misbehave(self, tree, emit):
        emit(Excerpt(path="main.tf", start_line=1, lines=("resource",)))
        emit(
            EngineVerdict(
                engine="checkov", check="CKV_AWS_18", result="fail", resource="second.0", title="logs",
                framework="terraform", location=Location(path="main.tf", start_line=1, end_line=2),
            )
        )  # fmt: skip


class _Joining(_Toy):
    """One process for the first two parts; the third says where it was, and so do they."""

    def plan(self, tree):
        joins = {"second": "first"}
        return Plan(parts=tuple(Part(id=name, seconds=self.seconds, joins=joins.get(name)) for name in self.parts))

    def observe(self, tree, part, emit):
        seen.append(part.id)
        emit(_bucket(f"{part.id} after {'+'.join(seen[:-1]) or 'none'}"))
        if part.id == "second":
            self.misbehave(tree, emit)


seen = []
"""The parts that were looked at in this process."""


class Joins(_Joining):
    pass


class JoinsAndRaises(_Joining):
    def misbehave(self, tree, emit):
        raise RuntimeError("secret-in-the-message")


class JoinsAndIsKilled(_Joining):
    def misbehave(self, tree, emit):
        ctypes.string_at(0)


class JoinsAndSleeps(_Joining):
    seconds = 1.0

    def misbehave(self, tree, emit):
        time.sleep(600)


class Raises(_Toy):
    def misbehave(self, tree, emit):
        raise RuntimeError("secret-in-the-message")


class Killed(_Toy):
    def misbehave(self, tree, emit):
        time.sleep(0.2)
        # The first process of a namespace can't send itself a fatal signal; the kernel can.
        ctypes.string_at(0)


class Sleeps(_Toy):
    seconds = 1.0

    def misbehave(self, tree, emit):
        time.sleep(600)


class LeavesSleepingChild(_Toy):
    def misbehave(self, tree, emit):
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)


class Hungry(_Toy):
    def misbehave(self, tree, emit):
        held = []
        while True:
            held.append(bytearray(64 << 20))


class Garbage(_Toy):
    def misbehave(self, tree, emit):
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b'{"record":"resource","kind":7}\n')
            except OSError:
                continue


class WrongFact(_Toy):
    def misbehave(self, tree, emit):
        emit(Resource(kind="storage.bucket", address="x", surface="terraform", facts={"versioned": Known(value="yes")}))


class OutsidePath(_Toy):
    def misbehave(self, tree, emit):
        emit(Failure(detector="toy", part="second", reason="r", location=Location(path="../../etc/passwd")))


class Floods(_Toy):
    def misbehave(self, tree, emit):
        while True:
            emit(_bucket("x" * 10_000))


class ForgesFrames(_Toy):
    def misbehave(self, tree, emit):
        host = Path(f"/proc/{os.getppid()}/fd") if os.getppid() else Path("/proc/self/../../proc/1/fd")
        for folder in (host, *Path("/proc").glob("[0-9]*/fd")):
            try:
                links = list(folder.iterdir())
            except OSError:
                continue
            for link in links:
                try:
                    if "pipe:" in str(link.readlink()):
                        with open(link, "wb", buffering=0) as pipe:
                            pipe.write(b'{"frame":"end"}\n')
                except OSError:
                    continue
        time.sleep(0.5)


class Escapes(_Toy):
    """Leaves its group, its session and its parents, and would go on for ever."""

    def misbehave(self, tree, emit):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)


class StopsHost(_Toy):
    seconds = 3.0

    def misbehave(self, tree, emit):
        for pid in {os.getppid(), *(int(p.name) for p in Path("/proc").glob("[0-9]*"))} - {0, os.getpid()}:
            try:
                os.kill(pid, signal.SIGSTOP)
            except OSError:
                continue


class SleepsInPlan(_Toy):
    def plan(self, tree):
        time.sleep(600)


class BreaksPlan(_Toy):
    def plan(self, tree):
        raise KeyError("secret-in-the-message")


class DiesInPreload(_Toy):
    def preload(self, parts):
        os._exit(7)


class NothingToDo(_Toy):
    def plan(self, tree):
        return Plan(reason="no such files here")


class Prisoner(_Toy):
    """Tries what a sandboxed detector may not do, and states what worked as addresses."""

    parts = ("second",)

    def misbehave(self, tree, emit):
        for name, attempt in {
            "network": lambda: socket.create_connection(("127.0.0.1", int(Path(tree.root, "port").read_text())), 2),
            "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 53)),
            "secret-file": lambda: Path(tree.root, "../outside/secret").resolve().read_text(),
            "write-target": lambda: Path(tree.root, "written").write_text("x"),
            "hostname": lambda: socket.sethostname("pwned"),
            "unix": lambda: socket.socket(socket.AF_UNIX).connect(str(Path(tree.root, "../outside/socket").resolve())),
            "chmod": lambda: os.chmod(tree.root, 0o777),
            "passwd": lambda: Path("/etc/shadow").read_text(),
            "home": lambda: os.listdir(Path(tree.root, "../outside").resolve()),
        }.items():
            try:
                attempt()
            except OSError:
                continue
            emit(_bucket(f"could:{name}"))
        for name in sorted(os.environ):
            emit(_bucket(f"env:{name}"))
        Path(os.environ["TMPDIR"], "scratch").write_text("may")
        emit(_bucket(f"read:{Path(tree.root, 'port').exists()}"))


class RaisesOnce(_Toy):
    def plan(self, tree):
        return Plan(parts=tuple(Part(id=name, again={"careful": True}) for name in self.parts))

    def observe(self, tree, part, emit):
        emit(_bucket(f"{part.id}.{len(part.options)}"))
        if part.id == "second" and not part.options:
            raise RuntimeError("secret-in-the-message")


class RaisesTwice(RaisesOnce):
    def observe(self, tree, part, emit):
        super().observe(tree, part, emit)
        if part.id == "second":
            raise RuntimeError("again")


class CannotLook(_Toy):
    def misbehave(self, tree, emit):
        for reason in ("x", "y", "z"):
            emit(Failure(detector="toy", part="second", reason=reason, location=Location(path="main.tf")))
        emit(Failure(detector="toy", part="second", reason="install the tool"))
