"""Services that watch an account as a whole."""

from msgspec import Struct


class Detection(Struct, frozen=True, kw_only=True):
    """One sort of watching over an account in one region. Of a live account, that nothing watches is stated too."""

    provider: str
    type: str
    """`threats` (GuardDuty), `posture` (Security Hub), `personal-data` (Macie), `vulnerabilities` (Inspector),
    `external-access` (Access Analyzer), `configuration` (Config), or `api-log` (whether a trail records the region)."""
    active: bool
    """It is there, and switched on. Of `api-log`: a trail is there; whether it records is said of the trail."""
    covers: list[str]
    """What it looks at, where that is a choice. Of `threats`: `object-storage`, `clusters`, `databases`, `malware`,
    `functions`, `processes`. Of `vulnerabilities`: `instances`, `images`, `functions`, `code`. Of `posture`: the
    standards by name. Of `configuration`: `everything`, `global`."""
    open_findings: int | None
    """Of `threats`: those of high severity that nobody archived. Of `external-access`: those that are active. None:
    infrastructure code and what isn't on have none."""
    region: str | None
    """As of a bucket."""
