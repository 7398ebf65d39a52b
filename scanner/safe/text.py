"""Text from strangers, made harmless for a terminal, a log and a report."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""C0 and C1 controls, and the marks that reorder what a person reads (CVE-2021-42574)."""


def one_line(text: str, limit: int = 400) -> str:
    """The text on one line, control and bidirectional marks escaped, at most `limit` characters."""
    shown = _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
