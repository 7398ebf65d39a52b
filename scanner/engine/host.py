"""The child process of one detector: enters the sandbox, imports the detector once, forks a child for each part.

Run as `python -I -m assay.scanner.engine.host FD`, with a Job on standard input; answers go to the descriptor.
"""

import importlib.util
import os
import selectors
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO, cast

import msgspec
from msgspec import Struct

from assay.scanner.engine import credentials, protocol, sandbox
from assay.scanner.engine.groups import PART_ENDS, grouped, records_of
from assay.scanner.model.detector import Detector, Doing, Part, Tree
from assay.scanner.model.resource import Record


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves one job, then ends."""
    answers = os.fdopen(int((arguments or sys.argv[1:])[0]), "wb", buffering=0)
    os.set_inheritable(answers.fileno(), False)
    try:
        _serve(protocol.decode_job(sys.stdin.buffer.readline()), answers)
    except msgspec.ValidationError as error:
        # Only the job is decoded here, and it is the operator's own registry that is wrong.
        _send(answers, protocol.Broken(reason=f"its line in the registry is not valid: {error}"))
    except MemoryError:
        _send(answers, protocol.Broken(reason="ran out of memory"))
    except Exception as error:  # noqa: BLE001  # the worker's boundary: whatever a detector raises becomes a frame
        _send(answers, protocol.Broken(reason=describe(error)))


def _serve(job: protocol.Job, answers: BinaryIO) -> None:
    network = "network" in job.spec.capabilities
    path_folders = tuple(folder for folder in os.environ.get("PATH", "").split(":") if folder.startswith("/"))
    plugin = (job.spec.entry.rpartition(":")[0],) if job.spec.entry.startswith("/") else ()
    target = (job.tree.root,) if job.tree.root else ()
    log_in = "credentials" in job.spec.capabilities
    named = job.tree.remote.names if job.tree.remote and "named-files" in job.spec.capabilities else ()
    kept = (job.tree.remote.keep,) if job.tree.remote and job.tree.remote.keep else ()
    grants = sandbox.Grants(
        read=(*target, *named, *path_folders, *plugin, *(credentials.readable() if log_in else ())),
        write=(job.scratch, *kept, *(credentials.writable() if log_in else ())),
        network=network,
    )
    entered = sandbox.enter(grants)
    limits = sandbox.Limits(memory_bytes=job.spec.memory_bytes, cpu_seconds=3600)
    sandbox.limit(limits)
    _send(answers, protocol.Started(isolation=entered.level))
    detector = _load(job.spec.entry)
    plan = detector.plan(job.tree)
    wanted = {part.id: _is_wanted(part, job) for part in plan.parts}
    parts = [part for part in plan.parts if wanted[part.id]]
    planned = protocol.Planned(
        parts=tuple(part.id for part in parts),
        seconds=sum(part.seconds for part in parts),
        reason=plan.reason if not plan.parts else None if parts else "every part was left out by --only or --skip",
        files=plan.files,
        left_out=tuple(part.id for part in plan.parts if not wanted[part.id] and part.of is None),
        keys={part.id: part.key for part in parts if part.key is not None},
        file_keys={part.id: part.keys for part in parts if part.keys is not None},
        read=plan.read,
    )
    _send(answers, planned)
    if job.asks:
        parts = list(_unknown(parts, protocol.decode_known(sys.stdin.buffer.readline())))
    if parts:
        detector.preload(parts)
        _run_parts(detector, job, parts, answers, entered)
    _send(answers, protocol.End())


def _unknown(parts: Iterable[Part], known: protocol.Known) -> Iterator[Part]:
    """The parts that are still to be looked at, and what of them isn't."""
    for part in parts:
        if part.id in known.parts:
            continue
        files = known.files.get(part.id, ())
        if not part.keys or set(part.keys) - set(files):
            yield msgspec.structs.replace(part, known=files)


def _is_wanted(part: Part, job: protocol.Job) -> bool:
    name = part.of or part.id
    return name not in job.skip and (not job.only or name in job.only)


def _load(entry: str) -> Detector:
    module, _, name = entry.rpartition(":")
    if not module.startswith("/"):
        return cast(Detector, getattr(importlib.import_module(module), name)())
    spec = importlib.util.spec_from_file_location("assay_plugin", module)
    if spec is None or spec.loader is None:
        raise ImportError(f"{module} is not a Python file")
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    return cast(Detector, getattr(plugin, name)())


class _Running(Struct):
    group: tuple[Part, ...]
    """Mostly one."""
    pid: int
    pipe: int
    started: float
    received: bytearray
    failure: str | None = None
    again: bool = False
    """It crashed once."""
    told: bool = False
    """Among what was received are lines that say what it is at."""

    @property
    def seconds(self) -> float:
        """The wall-clock limit."""
        return min(part.seconds for part in self.group)


def _run_parts(
    detector: Detector, job: protocol.Job, parts: list[Part], answers: BinaryIO, entered: sandbox.Entered
) -> None:
    waiting: list[tuple[tuple[Part, ...], float | None]] = [(group, None) for group in reversed(grouped(parts))]
    running: dict[int, _Running] = {}
    with selectors.DefaultSelector() as selector:
        while waiting or running:
            while waiting and len(running) < max(1, job.jobs):
                group, began = waiting.pop()
                child = _start(detector, job, group, (answers.fileno(), *running), entered)
                if began is not None:
                    child.started, child.again = began, True  # One limit holds for both looks.
                running[child.pipe] = child
                selector.register(child.pipe, selectors.EVENT_READ)
            ended: list[_Running] = []
            for key, _ in selector.select(timeout=0.2):
                child = running[key.fd]
                chunk = os.read(child.pipe, 1 << 20)
                child.received += chunk
                if doing := _doing(child.received, len(chunk)):
                    child.told = True
                    _send(answers, protocol.Doing(text=doing))
                if len(child.received) > job.spec.output_bytes:
                    child.failure = f"sent more than {job.spec.output_bytes >> 20} MiB and was stopped"
                if not chunk or child.failure:
                    ended.append(child)
            for child in running.values():
                if child not in ended and time.monotonic() - child.started > child.seconds:
                    child.failure = f"took longer than {child.seconds:.0f} s and was stopped"
                    ended.append(child)
                elif child not in ended and _has_exited(child.pid):
                    # Something that it started may hold the pipe open for ever; what it said itself is all there.
                    child.received += _drain(child.pipe)
                    ended.append(child)
            for child in ended:
                selector.unregister(child.pipe)
                del running[child.pipe]
                again = _finish(child, answers, job.spec.output_bytes)
                if len(child.group) > 1:
                    waiting += [((part,), None) for part in again]
                else:
                    waiting += [((part,), child.started) for part in again]


def _start(
    detector: Detector, job: protocol.Job, group: tuple[Part, ...], private: tuple[int, ...], entered: sandbox.Entered
) -> _Running:
    """Forks. `private` are the host's own descriptors, which a part must not be able to write to or read from."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = sandbox.fork_apart()
    if pid == 0:
        for descriptor in (reader, *private):
            os.close(descriptor)
        os.setpgid(0, 0)  # so that whatever it starts can be ended with it where there is no namespace
        sandbox.enter_part(entered, "network" in job.spec.capabilities)
        os._exit(_observe(detector, job.tree, group, writer))
    os.close(writer)
    return _Running(group=group, pid=pid, pipe=reader, started=time.monotonic(), received=bytearray())


def _observe(detector: Detector, tree: Tree, group: tuple[Part, ...], writer: int) -> int:
    """The process of a part, or of a group. The exit status is 0 only if every record was sent."""
    seconds = min(part.seconds for part in group)
    sandbox.limit(sandbox.Limits(memory_bytes=1 << 62, cpu_seconds=int(seconds * 2) + 10))
    # Closed by the kernel as this process ends: the host kills whatever goes on after that.
    out = os.fdopen(writer, "wb", buffering=1 << 16, closefd=False)

    def emit(record: Record | Doing) -> None:
        if isinstance(record, Doing):
            out.write(_DOING + record.text.encode("utf-8", "replace").replace(b"\n", b" ") + b"\n")
            out.flush()
            return
        out.write(protocol.encode(record))
        out.write(b"\n")

    try:
        for part in group:
            detector.observe(tree, part, emit)
            if len(group) > 1:
                out.write(PART_ENDS + b"\n")
    except MemoryError:
        out.write(b"!ran out of memory\n")
        return 1
    except Exception as error:  # noqa: BLE001  # the worker's boundary: a crash of this part alone
        out.write(b"!" + describe(error).encode("utf-8", "backslashreplace") + b"\n")
        return 1
    finally:
        out.flush()
    return 0


def _finish(child: _Running, answers: BinaryIO, most: int) -> tuple[Part, ...]:
    """Sends what the parts found and how they ended, but for those that are to be observed again, which it returns."""
    os.close(child.pipe)
    _kill(child.pid)
    _, status = os.waitpid(child.pid, 0)
    if child.told:
        lines = child.received.splitlines(keepends=True)
        child.received = bytearray().join(line for line in lines if not line.startswith(_DOING))
    if len(child.group) > 1:
        whole = records_of(bytes(child.received), child.group) if status == 0 and not child.failure else None
        if whole is None:
            return child.group
        for part, found in zip(child.group, whole, strict=True):
            _tell(protocol.PartDone(id=part.id, bytes=len(found), failure=None), found, answers)
        return ()
    [part] = child.group
    records, failure = _split(bytes(child.received[:most]))
    if child.failure:
        failure = child.failure
    elif failure is None and status != 0:
        code = os.waitstatus_to_exitcode(status)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        failure = f"{how} before it was done"
    elif failure is not None:
        failure = f"crashed: {failure}"
    if failure is not None and child.failure is None and part.again is not None:
        return (msgspec.structs.replace(part, options=part.again, again=None),)
    _tell(protocol.PartDone(id=part.id, bytes=len(records), failure=failure, again=child.again), records, answers)
    return ()


def _tell(done: protocol.PartDone, records: bytes, answers: BinaryIO) -> None:
    _send(answers, done)
    view = memoryview(records)
    while view:
        view = view[answers.write(view) :]


def _split(received: bytes) -> tuple[bytes, str | None]:
    """The whole record lines, and the crash line that may end them. A line that was cut off is dropped."""
    whole = received[: received.rfind(b"\n") + 1]
    last = whole.rfind(b"\n!", 0, len(whole) - 1) + 1
    if whole.startswith(b"!", last):
        return whole[:last], whole[last + 1 : -1].decode("utf-8", "replace")
    return whole, None


_DOING = b"~"
"""Begins a line that is no record, but says what the part is at."""


def _doing(received: bytearray, length: int) -> str:
    """What the last whole line of such a sort says that lies in the last bytes that were received; empty: none."""
    last = received.rfind(b"\n", 0, len(received) - 1) + 1
    if last < len(received) - length or not received.startswith(_DOING, last) or not received.endswith(b"\n"):
        return ""
    return received[last + 1 : -1].decode("utf-8", "replace")


def _has_exited(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill(pid: int) -> None:
    """Ends a part that has not been waited for, and its group; its namespace, where it has one, ends with it."""
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            end(pid, signal.SIGKILL)


def _drain(pipe: int) -> bytes:
    os.set_blocking(pipe, False)
    found = bytearray()
    with suppress(BlockingIOError):
        while chunk := os.read(pipe, 1 << 20):
            found += chunk
    return bytes(found)


def describe(error: BaseException) -> str:
    """The error's type and place. Never its text, which may quote what was scanned; an import error's is our own."""
    if isinstance(error, ImportError):
        return f"{type(error).__name__}: {error}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    number = f" (errno {error.errno})" if isinstance(error, OSError) and error.errno else ""
    return f"{type(error).__name__}{number} at {os.path.basename(code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119


def _send(answers: BinaryIO, frame: protocol.Frame) -> None:
    answers.write(protocol.encode(frame) + b"\n")


if __name__ == "__main__":
    main()
