"""A look that is stopped goes on where it was."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.aws.api import Account
from assay.detectors.aws.collector import Collector, call
from assay.detectors.aws.gathering import Listing
from assay.detectors.aws.journal import RESUMED_WITHIN, Journal
from assay.detectors.aws.reading import Item, Read, Trouble, plain, restored
from assay.scanner.api import Unknown
from tests.aws_server.looking import ASSAY, REGION, look, populate
from tests.aws_server.proxy import Fault
from tests.aws_server.running import Aws, running

ACCOUNT = Account(id="111122223333", partition="aws", home=REGION)
COLLECTOR = Collector(id="x.things", call="x:ListThings", items="Things", kinds=("k",), type="t", shape={}, arn="{Arn}")
LISTING = Listing(call("x:ListThings"), REGION, (COLLECTOR,))
READ = Read(
    collector="x.things",
    region=REGION,
    items=(Item(address="a", region=REGION, arguments={"b": [1, {"c": Unknown(reason="denied")}]}, names=("n",)),),
)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running() as found:
        populate(found)
        yield found


def journal(folder: Path, now: float | None = None, caller: str = "arn:aws:iam::111122223333:role/audit") -> Journal:
    made = Journal(str(folder), ACCOUNT, caller)
    made.open(now)
    return made


@pytest.mark.parametrize("after", [5, 25, 60])
def test_killed_and_started_again_it_says_the_same_and_hardly_repeats_a_call(
    aws: Aws, tmp_path: Path, after: int
) -> None:
    """Killed once so many calls have been answered."""
    environment = {**os.environ, **aws.environment}
    command = [ASSAY, "scan", "aws:", "--regions", REGION, "--format", "json", "--cache"]
    aws.proxy.calls.clear()
    whole = json.loads(subprocess.run([*command, str(tmp_path / "w")], env=environment, capture_output=True).stdout)
    needed = len(aws.proxy.calls)
    aws.proxy.calls.clear()
    aws.proxy.latency = 0.05
    first = subprocess.Popen(
        [*command, str(tmp_path / "r")], env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while len(aws.proxy.calls) < after and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    time.sleep(0.5)
    aws.proxy.latency = 0.0
    before = list(aws.proxy.calls)
    aws.proxy.calls.clear()
    again = json.loads(subprocess.run([*command, str(tmp_path / "r")], env=environment, capture_output=True).stdout)
    assert again["findings"] == whole["findings"]
    assert again["complete"]
    assert len(before) + len(aws.proxy.calls) - 2 <= needed * 1.05 + 50  # in flight when it was killed
    assert not list((tmp_path / "r" / "unfinished").iterdir())


def test_what_expired_credentials_left_unread_is_read_with_new_ones_and_the_rest_is_not(
    aws: Aws, tmp_path: Path
) -> None:
    aws.proxy.calls.clear()
    whole = look(aws)
    needed = len(aws.proxy.calls)
    aws.proxy.calls.clear()
    with aws.proxy.fault(lambda called: called.service == "sagemaker", Fault(400, "ExpiredTokenException")):
        assert look(aws, keep=str(tmp_path)) != whole
    assert look(aws, keep=str(tmp_path)) == whole
    assert len(aws.proxy.calls) <= needed * 1.05 + 50  # in flight when the first was refused
    assert not list(tmp_path.iterdir())


def test_a_listing_of_many_that_was_stopped_goes_on_at_its_items(aws: Aws, tmp_path: Path) -> None:
    s3 = aws.client("s3")
    names = [f"acme-many-{number:03}" for number in range(60)]
    for name in names:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    try:
        aws.proxy.calls.clear()
        whole = look(aws, services=("s3",))
        needed = len(aws.proxy.calls)
        stopped = Fault(500, "InternalError")
        with aws.proxy.fault(lambda called: "acme-many-059" in called.operation, stopped):
            look(aws, services=("s3",), keep=str(tmp_path))
        aws.proxy.calls.clear()
        assert look(aws, services=("s3",), keep=str(tmp_path)) == whole
        assert len(aws.proxy.calls) < needed * 0.05 + 5
    finally:
        for name in names:
            s3.delete_bucket(Bucket=name)


def test_a_look_that_ends_leaves_nothing(aws: Aws, tmp_path: Path) -> None:
    look(aws, keep=str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_what_was_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.add(LISTING, [READ])
    first.close(whole=False)
    assert journal(tmp_path).known(LISTING) == [READ]


@pytest.mark.parametrize("spoilt", [b"", b"x", b'{"key":'])
def test_a_line_that_was_cut_off_counts_for_nothing_and_what_follows_does(tmp_path: Path, spoilt: bytes) -> None:
    first = journal(tmp_path)
    first.add(LISTING, [READ])
    first.close(whole=False)
    (file,) = tmp_path.iterdir()
    line = file.read_bytes()
    file.write_bytes(line[: len(line) // 2] + spoilt)
    second = journal(tmp_path)
    assert second.known(LISTING) is None
    second.add(LISTING, [READ])
    second.close(whole=False)
    assert journal(tmp_path).known(LISTING) == [READ]


def test_another_caller_another_account_and_an_old_look_are_not_gone_by(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.add(LISTING, [READ])
    first.close(whole=False)
    assert journal(tmp_path, caller="arn:aws:iam::111122223333:role/other").known(LISTING) is None
    assert journal(tmp_path, now=time.time() + RESUMED_WITHIN + 10).known(LISTING) is None


def test_what_may_be_mended_by_asking_again_is_not_kept(tmp_path: Path) -> None:
    first = journal(tmp_path)
    trouble = Trouble(call="x:ListThings", reason="throttled to the end", advice="scan again")
    first.add(LISTING, [Read(collector="x.things", region=REGION, items=(), troubles=(trouble,))])
    first.close(whole=False)
    assert journal(tmp_path).known(LISTING) is None


def test_only_the_user_can_read_what_is_kept_and_it_names_nobody(tmp_path: Path) -> None:
    first = journal(tmp_path, caller="arn:aws:iam::111122223333:user/ada.lovelace")
    first.add(LISTING, [READ])
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"ada" not in file.read_bytes() and "ada" not in file.name


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=5)
    | st.builds(Unknown, reason=st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_arguments_survive(value: object) -> None:
    assert restored(plain(value)) == value
