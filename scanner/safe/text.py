"""Text from strangers, made harmless for a terminal, a log and a report."""

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of controls, of marks that reorder or hide what a person reads (CVE-2021-42574), and of no character."""


def one_line(text: str, limit: int = 400) -> str:
    """The text on one line, control and bidirectional marks escaped, at most `limit` characters."""
    shown = text if text.isascii() and text.isprintable() else "".join(map(_visible, text))
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def _visible(character: str) -> str:
    code = ord(character)
    if unicodedata.category(character) not in _HIDDEN and character not in "\u115f\u1160\u3164\uffa0":
        return character
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
