"""A line on the terminal that tells what is going on; nothing where standard error isn't one."""

import sys
import threading
from shutil import get_terminal_size


class Progress:
    """Shows which detectors are at work. May be called from several threads."""

    def __init__(self, quiet: bool) -> None:
        self._shown = sys.stderr.isatty() and not quiet
        self._states: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, detector: str, state: str) -> None:
        """Replaces the detector's part of the line."""
        if not self._shown:
            return
        with self._lock:
            self._states[detector] = state
            self._write(", ".join(f"{name}: {now}" for name, now in self._states.items()))

    def clear(self) -> None:
        """Takes the line away, so that the report starts on a clean one."""
        if self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        # A line that breaks can't be taken back.
        width = get_terminal_size().columns - 1
        shown = text if len(text) <= width else f"{text[: width - 1]}…"
        sys.stderr.write(f"\r\x1b[K{shown}")
        sys.stderr.flush()
