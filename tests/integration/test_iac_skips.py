"""Comments that silence an engine: each is seen, and none hides anything without a word."""

from pathlib import Path

from tests.integration.iac_trees import observe, plant, verdicts

KEYS = """\
hidden: AKIAZZZZEXAMPLEKEY12  # pragma: allowlist secret
shown: AKIAZZZZEXAMPLEKEY14
"""


def test_what_an_allowlist_comment_hides_is_told_as_skipped(tmp_path: Path) -> None:
    records = observe(plant(tmp_path, {"keys.yaml": KEYS}))
    [skipped] = verdicts(records, "skipped")
    assert skipped.location is not None
    assert (skipped.location.start_line, skipped.reason) == (1, "pragma: allowlist secret")
    [failing] = verdicts(records, "fail")
    assert failing.location is not None
    assert failing.location.start_line == 2
