"""A page of text: wraps to a width, indents, aligns and colours, as far as the place it is for can show it."""

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from assay.reports.options import RenderOptions
from assay.reports.visible_text import no_command, one_line
from assay.scanner.model.finding import Severity

if TYPE_CHECKING:
    from rich.text import Text

Span = str | tuple[str, str]
"""Text, or text and a style."""

SEVERITY_STYLES: dict[Severity, str] = {
    "critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim",
}  # fmt: skip


class Page:
    """Takes lines and gives bytes. Texts from a scanned tree are made safe here at the latest."""

    def __init__(self, options: RenderOptions) -> None:
        # rich takes 40 ms to import, which a run that writes JSON should not pay.
        from rich.console import Console

        self.width = options.width
        self.rule_glyph, self.bar, self.mark = ("─", "│", "▸") if options.unicode else ("-", "|", ">")
        self.ellipsis = "…" if options.unicode else "..."
        self._colour = options.colour
        self._out = StringIO()
        self._console = Console(
            file=self._out,
            width=options.width,
            force_terminal=options.colour,
            no_color=not options.colour,
            color_system="standard" if options.colour else None,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
            # The environment was read by whoever made the options.
            _environ={},
        )

    def blank(self) -> None:
        """An empty line."""
        self._out.write("\n")

    def line(self, *spans: Span, indent: int = 0, hang: int = 0) -> None:
        """A line, wrapped where it is too long; the lines that follow are indented by `hang` more."""
        self._write("", _text(spans), indent=indent, hang=hang)

    def item(self, label: str, *spans: Span, indent: int, width: int, style: str = "") -> None:
        """A label in a column of its own, and text beside it that wraps within its column."""
        from rich.cells import cell_len

        shown = self.fit(label, width)
        gap = " " * (width - cell_len(shown) + 2)
        self._write(_text([(shown, style), gap]), _text(spans), indent=indent, hang=width + 2)

    def code(self, number: str, text: str, *, marked: bool, gutter: int) -> None:
        """A source line behind its number, cut at the right edge."""
        mark = (self.mark, "red") if marked else " "
        room = self.width - gutter - 7
        self.line(
            "  ", mark, (f" {number:>{gutter}} {self.bar} ", "dim"), (self.fit(text, room), "" if marked else "dim")
        )

    def heading(self, left: str, right: str = "") -> None:
        """A title between blank lines, underlined over the whole width."""
        from rich.cells import cell_len

        shown = self.fit(left, self.width - cell_len(right) - 2)
        gap = " " * max(self.width - cell_len(shown) - cell_len(right), 1)
        self.blank()
        self.line((shown, "bold"), *((gap, (right, "dim")) if right else ()))
        self.line((self.rule_glyph * self.width, "dim"))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Span]], *, indent: int = 0) -> None:
        """Rows under a header. The first column is text and gives way where room is short; the others are numbers."""
        from rich.cells import cell_len

        widths = [max(cell_len(_plain(row[column])) for row in [header, *rows]) for column in range(1, len(header))]
        first = max(self.width - indent - sum(width + 2 for width in widths), 8)
        first = min(first, max(cell_len(_plain(row[0])) for row in [header, *rows]))
        for row, style in [(header, "dim"), *((row, "") for row in rows)]:
            text, own = _split(row[0])
            shown = self.fit(text, first)
            spans: list[Span] = [(shown + " " * (first - cell_len(shown)), own or style)]
            for cell, width in zip(row[1:], widths, strict=True):
                text, own = _split(cell)
                spans.append((" " * (width - cell_len(text) + 2) + text, own or style))
            self.line(*spans, indent=indent)

    def fit(self, text: str, room: int) -> str:
        """The text on one line, cut where it is wider than the room."""
        from rich.cells import cell_len, set_cell_size

        shown = one_line(text)
        if cell_len(shown) <= room:
            return shown
        return set_cell_size(shown, max(room - len(self.ellipsis), 0)).rstrip() + self.ellipsis

    def encode(self) -> bytes:
        """What was written, in UTF-8."""
        return self._out.getvalue().encode("utf-8", "backslashreplace")

    def _write(self, label: "Text | str", body: "Text", *, indent: int, hang: int) -> None:
        room = max(self.width - indent - hang, 20)
        lines = [body] if body.cell_len <= room else body.wrap(self._console, room)
        for number, wrapped in enumerate(lines):
            line = _text([" " * indent]) + (" " * hang if number else label) + wrapped
            line.rstrip()
            line.plain = no_command(line.plain)
            if self._colour:
                self._console.print(line, soft_wrap=True)
            else:
                # What the console would write, at a tenth of the time.
                self._out.write(line.plain + "\n")


def _text(spans: Sequence[Span]) -> "Text":
    from rich.text import Text

    text = Text(end="")
    for span in spans:
        shown, style = _split(span)
        text.append(one_line(shown), style)
    return text


def _plain(span: Span) -> str:
    return span if isinstance(span, str) else span[0]


def _split(span: Span) -> tuple[str, str]:
    return (span, "") if isinstance(span, str) else span
