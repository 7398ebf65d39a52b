"""Makes text from a scanned tree safe to show: nothing in it moves a cursor, breaks a line or turns it around."""

import re
import unicodedata

_NOT_JSON_SAFE = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf")

_COMMAND = re.compile(r"##((?:vso)?\[)")
_HARMLESS = bytes(range(0x7F))


def one_line(text: str) -> str:
    """The text on one line, with whatever isn't printable spelt out (`\\n`, `\\x1b`, `\\u202e`)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _spelt_out(char) for char in text)


def paragraph(text: str) -> str:
    """As `one_line`, but line breaks stay, and blanks at the end of a line go."""
    if text.isprintable():
        return text.rstrip()
    return "\n".join(one_line(line).rstrip() for line in text.rstrip().replace("\r\n", "\n").split("\n"))


def source_line(text: str) -> str:
    """A line of code: as `one_line`, with tabs as four blanks so that it keeps its shape."""
    return one_line(text.expandtabs(4)).rstrip()


def no_command(line: str) -> str:
    """The line, as wide as it was, so that no CI takes it for a command: GitHub's runner takes what begins with `::` or
    has `##[` in it, that of Azure what has `##vso[` in it."""
    if line.lstrip().startswith("::"):
        line = line.replace(":", ".", 1)
    return _COMMAND.sub(r"#.\1", line) if "##" in line else line


def cut(text: str, length: int, mark: str = "...") -> str:
    """The text, or its beginning and a mark where it is longer than `length`."""
    return text if len(text) <= length else text[: max(length - len(mark), 0)].rstrip() + mark


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends in one."""
    text = text.rstrip()
    return text if not text or text[-1] in ".!?" else text + "."


def escape_json(document: bytes) -> bytes:
    """The same JSON value, with the characters that JSON allows and a terminal acts on (U+009B, U+202E) as escapes."""
    # Most documents hold little but ASCII, and are seen through faster by what is left without it.
    if document.isascii() and b"\x7f" not in document:
        return document
    if not _NOT_JSON_SAFE.search(document.translate(None, _HARMLESS)):
        return document
    return _NOT_JSON_SAFE.sub(lambda match: b"\\u%04x" % ord(match.group().decode()), document)


def _spelt_out(char: str) -> str:
    if char == "\n":
        return "\\n"
    if char == "\t" or unicodedata.category(char) == "Zs":
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
