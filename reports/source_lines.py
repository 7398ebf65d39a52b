"""Looks up source lines in a report's excerpts."""

from collections.abc import Iterable

from assay.scanner.model.resource import Excerpt

REDACTED = "[redacted]"
"""What detectors put in the place of a secret or a personal datum."""


class SourceLines:
    """The lines of all excerpts, by path and line number. Where excerpts overlap, the one that shows less counts:
    what one detector masked, another may not have known for a secret."""

    def __init__(self, excerpts: Iterable[Excerpt]) -> None:
        self._files: dict[str, dict[int, str]] = {}
        for excerpt in excerpts:
            lines = self._files.setdefault(excerpt.path, {})
            for number, text in enumerate(excerpt.lines, excerpt.start_line):
                known = lines.get(number)
                lines[number] = text if known is None else max(known, text, key=_masked)

    def at(self, path: str, number: int) -> str | None:
        """One line, or None where no excerpt has it."""
        return self._files.get(path, {}).get(number)

    def between(self, path: str, first: int, last: int) -> tuple[str, ...]:
        """The lines from `first` to `last`, up to the first that no excerpt has."""
        lines = self._files.get(path)
        if lines is None:
            return ()
        found: list[str] = []
        for number in range(first, last + 1):
            text = lines.get(number)
            if text is None:
                break
            found.append(text)
        return tuple(found)

    def around(self, path: str, first: int, last: int, margin: int) -> tuple[int, int]:
        """The range widened by up to `margin` known lines on either side."""
        lines = self._files.get(path, {})
        start, end = first, last
        while first - start < margin and start - 1 in lines:
            start -= 1
        while end - last < margin and end + 1 in lines:
            end += 1
        return start, end


def _masked(line: str) -> tuple[bool, int]:
    return line.strip() == REDACTED, line.count(REDACTED)
