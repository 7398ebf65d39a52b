"""Drives the IaC detector as the engine does, without the sandbox: `python iac_driver.py ROOT [WATCH]`.

Prints the records as JSON lines, part by part. With WATCH every file opened, program started and connection tried is
written to that file, and a connection fails.
"""

import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from msgspec import json, structs

from assay.detectors.iac.detector import IacDetector
from assay.scanner.api import Failure, Part, Record, Tree
from assay.scanner.safe.tree import list_tree


def main() -> None:
    root = Path(sys.argv[1]).resolve()
    tempfile.gettempdir()  # It tries the folder by writing to it, which is no business of the watch.
    if len(sys.argv) > 2:
        watch(sys.argv[2])
    scratch = tempfile.mkdtemp(prefix="iac-driver-")
    tempfile.tempdir = scratch
    os.environ["TMPDIR"] = scratch
    try:
        tree = list_tree(root).tree
        detector = IacDetector()
        plan = detector.plan(tree)
        detector.preload(plan.parts)
        for part in plan.parts:
            sys.stdout.buffer.write(observe(detector, tree, part))
    finally:
        shutil.rmtree(scratch)


def observe(detector: IacDetector, tree: Tree, part: Part) -> bytes:
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        with os.fdopen(writer, "wb") as out:

            def emit(record: Record) -> None:
                out.write(json.encode(record) + b"\n")

            try:
                detector.observe(tree, part, emit)
            except Exception as error:  # as in the engine: a crash of this part alone
                emit(Failure(detector="iac", part=part.id, reason=f"crashed: {error!r}"))
                out.flush()
                os._exit(1)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        sent = answers.read()
    _, status = os.wait()
    if status != 0 and part.again is not None:
        return observe(detector, tree, structs.replace(part, options=part.again, again=None))
    return sent


def watch(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(event: str, arguments: tuple[object, ...]) -> None:
        # A bare name is relative to a folder's descriptor (shutil.rmtree) or to the private copy, and stays below it.
        if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(("/", "./", "../")):
            os.write(descriptor, f"open {os.path.abspath(arguments[0])}\n".encode())
        elif event == "subprocess.Popen":
            os.write(descriptor, f"run {arguments[1]}\n".encode())
        elif event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
            os.write(descriptor, f"net {event}\n".encode())

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network in this test")

    sys.addaudithook(note)
    socket.socket.connect = refuse  # in this process only
    socket.getaddrinfo = refuse


if __name__ == "__main__":
    main()
