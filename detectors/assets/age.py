"""How old an export is, and of what it tells."""

from collections.abc import Iterator
from datetime import UTC, datetime

from assay.detectors.assets.blocks import SURFACE
from assay.detectors.assets.gathering import Export, providers
from assay.detectors.assets.shape import not_collected
from assay.scanner.api import Fact, Known, Resource

_SKEW = 1.0
"""Days that clocks may differ by."""
_UNDATED = not_collected("nothing in the export tells of when it is; say it in a file with `assay_export` beside it")
_AT_MOST = not_collected("the export doesn't say when it was taken; its newest change is a bound only")


def facts(export: Export, name: str, now: datetime) -> Iterator[Resource]:
    """One `cloud.export` for each provider."""
    for provider in providers(export):
        said = export.declared.taken_at if export.declared else ""
        exact = _days(said or export.read_time, now)
        newest = _days(export.updated.get(provider, ""), now)
        bounds = [one for one in (exact, newest) if one is not None]
        age: Fact = Known(value=exact) if exact is not None else _AT_MOST if newest is not None else _UNDATED
        most: Fact = Known(value=exact if exact is not None else min(bounds)) if bounds else _UNDATED
        declared = export.declared
        yield Resource(
            kind="cloud.export",
            address=f"{SURFACE}:{name}" + (f"#{provider}" if len(providers(export)) > 1 else ""),
            surface=SURFACE,
            facts={
                "provider": Known(value=provider),
                "scopes": Known(value=len(export.scopes.get(provider, ()))),
                "resources": Known(value=export.counts[provider]),
                "contents": Known(value=sorted(export.contents[provider])),
                "every_type": Known(value=declared is not None and declared.every_type),
                "age_days": age,
                "age_days_at_most": most,
            },
        )


def _days(moment: str, now: datetime) -> int | None:
    """Whole days since a moment; None for one that can't be read or is yet to come."""
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    days = (now - then).total_seconds() / 86400
    return None if days < -_SKEW else max(int(days), 0)
