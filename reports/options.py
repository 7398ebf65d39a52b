"""How a report shall look: the few things a renderer may know of where its bytes will go."""

from collections.abc import Mapping

from msgspec import Struct

NARROWEST, WIDEST, PLAIN_WIDTH = 72, 200, 100


class RenderOptions(Struct, frozen=True, kw_only=True):
    """What the text report adapts to. Documents for machines look the same whatever this says."""

    width: int = PLAIN_WIDTH
    """Columns."""
    colour: bool = False
    """Whether escape sequences may be written at all."""
    unicode: bool = False
    """Whether rules, marks and dashes may be other than ASCII. Names and source lines are shown as they are."""
    verbose: bool = False
    """Show every finding in full, however many there are."""


def options_for(
    *, terminal: bool, columns: int | None, encoding: str | None, environment: Mapping[str, str], verbose: bool = False
) -> RenderOptions:
    """The options for a stream. Colour only on a terminal that isn't `dumb`, and never where `NO_COLOR` is set.

    See https://no-color.org: any value but the empty string counts.
    """
    if not terminal:
        return RenderOptions(verbose=verbose)
    return RenderOptions(
        width=min(max(columns or PLAIN_WIDTH, NARROWEST), WIDEST),
        colour=not environment.get("NO_COLOR") and environment.get("TERM") != "dumb",
        unicode=(encoding or "").lower().replace("-", "").replace("_", "") == "utf8",
        verbose=verbose,
    )
