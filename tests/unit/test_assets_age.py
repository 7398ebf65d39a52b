"""How old an export is: what it says, or a bound, or unknown."""

import json

from assay.scanner.model.resource import Resource
from tests.unit.assets_source import google, lines, observed, plain, policy

BUCKET = "storage.googleapis.com/Bucket"


def export(root, *elements):
    (root / "export.ndjson").write_bytes(lines(*elements))
    [found] = [one for one in observed(root) if isinstance(one, Resource) and one.kind == "cloud.export"]
    return {name: plain(fact) for name, fact in found.facts.items()}


def changed(moment):
    return google(BUCKET, "b", {"name": "b"}, updateTime=moment)


def test_the_newest_change_bounds_the_age(tmp_path):
    found = export(tmp_path, changed("2026-11-01T00:00:00Z"), changed("2026-11-20T00:00:00.123456789Z"))
    assert found["age_days_at_most"] == 3
    assert found["age_days"].startswith("? not-collected")
    assert (found["resources"], found["scopes"], found["contents"]) == (2, 1, ["resource"])


def test_nothing_tells_of_the_moment(tmp_path):
    found = export(tmp_path, google(BUCKET, "b", {"name": "b"}))
    assert found["age_days"].startswith("?")
    assert found["age_days_at_most"].startswith("?")


def test_moments_that_are_none_or_yet_to_come_tell_nothing(tmp_path):
    for moment in ("soon", "2027-11-20T00:00:00Z", "9" * 4000):
        assert export(tmp_path, changed(moment))["age_days_at_most"].startswith("?"), moment


def test_an_answer_tells_of_which_moment_it_is(tmp_path):
    answer = {"readTime": "2026-11-13T12:00:00Z", "assets": [changed("2026-11-01T00:00:00Z")]}
    (tmp_path / "a.json").write_text(json.dumps(answer))
    [found] = [one for one in observed(tmp_path) if isinstance(one, Resource) and one.kind == "cloud.export"]
    assert plain(found.facts["age_days"]) == 10


def test_who_made_it_can_say_when_and_that_it_is_whole(tmp_path):
    said = {
        "assay_export": 1,
        "taken_at": "2026-11-22T12:00:00Z",
        "every_type": True,
        "content": ["resource", "iam-policy"],
    }
    bucket = google(BUCKET, "b", {"name": "b", "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}})
    found = export(tmp_path, said, bucket)
    assert (found["age_days"], found["age_days_at_most"], found["every_type"]) == (1, 1, True)
    [stated] = [one for one in observed(tmp_path) if isinstance(one, Resource) and one.kind == "storage.bucket"]
    assert plain(stated.facts["public_read"]) is False


def test_a_policy_is_content(tmp_path):
    assert export(tmp_path, policy(BUCKET, "b", "roles/viewer", "user:a@acme.example"))["contents"] == ["iam-policy"]
