"""The cache's folder: what was kept comes back whole or not at all, and nothing that goes wrong with it does harm."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.scanner.cache.store import Store, Usage

KEY = "ab" * 32
OTHER = "cd" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def test_what_was_kept_comes_back(store: Store) -> None:
    store.put(KEY, b"found")
    assert store.get(KEY) == b"found"
    assert store.get(OTHER) is None


def test_nothing_is_made_before_something_is_kept(store: Store) -> None:
    assert store.get(KEY) is None
    assert store.usage() == Usage(entries=0, bytes=0)
    assert not store.folder.exists()


def test_folder_and_entries_are_the_users_alone(store: Store) -> None:
    store.put(KEY, b"found")
    places = [store.folder, *store.folder.rglob("*")]
    assert len(places) == 3
    assert all(place.stat().st_mode & 0o077 == 0 for place in places)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_entry_is_a_miss_and_goes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    store = Store(tmp_path_factory.mktemp("damaged"))
    value = data.draw(st.binary(max_size=200))
    store.put(KEY, value)
    (entry,) = (path for path in store.folder.rglob("*") if path.is_file())
    whole = entry.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(st.sampled_from([whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]]))
    entry.write_bytes(damaged)
    assert store.get(KEY) is None
    assert not entry.exists()


def test_an_entry_under_anothers_name_is_a_miss(store: Store) -> None:
    store.put(KEY, b"found")
    store.put(OTHER, b"something else")
    os.replace(store.folder / KEY[:2] / KEY, store.folder / OTHER[:2] / OTHER)
    assert store.get(OTHER) is None


@pytest.mark.parametrize("trick", ["link", "pipe", "folder"])
def test_what_is_no_file_is_a_miss(store: Store, trick: str) -> None:
    store.put(OTHER, b"x")
    place = store.folder / KEY[:2] / KEY
    place.parent.mkdir()
    if trick == "link":
        place.symlink_to(store.folder / OTHER[:2] / OTHER)
    elif trick == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    assert store.get(KEY) is None


def test_a_folder_that_others_may_write_to_is_not_used(store: Store) -> None:
    store.put(KEY, b"found")
    store.folder.chmod(0o777)
    assert store.refusal() == "others may write to it"
    assert store.get(KEY) is None
    store.put(OTHER, b"x")
    assert not (store.folder / OTHER[:2]).exists()


def test_a_folder_that_is_a_link_is_not_used(store: Store, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    store.folder.symlink_to(tmp_path / "elsewhere")
    store.put(KEY, b"found")
    assert store.refusal() == "it is no folder"
    assert not any((tmp_path / "elsewhere").iterdir())


def test_a_home_that_cannot_be_written_is_harmless() -> None:
    store = Store(Path("/proc/no-such-place/assay"))
    store.put(KEY, b"found")
    store.trim()
    assert store.get(KEY) is None
    assert store.clear() == Usage(entries=0, bytes=0)


FULL = """
import resource, signal, sys
from pathlib import Path
from assay.scanner.cache.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # what a full disk does: a write that ends half way
Store(Path(sys.argv[1])).put("ab" * 32, b"x" * 100_000)
"""


def test_a_full_disk_leaves_nothing(store: Store) -> None:
    subprocess.run([sys.executable, "-c", FULL, str(store.folder)], check=True, timeout=60)
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_writers_at_the_same_time_leave_one_whole_entry(store: Store) -> None:
    values = [bytes([number]) * 100_000 for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda value: store.put(KEY, value), values))
    assert store.get(KEY) in values
    assert store.usage().entries == 1


def test_the_oldest_go_first_and_use_makes_young(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", most_bytes=5_000, kept_bytes=3_000)
    keys = [f"{number:02}" * 32 for number in range(6)]
    for number, key in enumerate(keys):
        store.put(key, b"x" * 900)
        os.utime(store.folder / key[:2] / key, (number, number))
    assert store.get(keys[0]) is not None
    store.trim()
    assert store.usage().bytes <= 3_000
    assert [key for key in keys if store.get(key)] == [keys[0], keys[4], keys[5]]


def test_who_wrote_little_soon_after_a_trim_leaves_it_to_others(tmp_path: Path) -> None:
    def written(size: int) -> int:
        store = Store(tmp_path / "cache", most_bytes=5_000, kept_bytes=3_000)
        for number in range(6):
            store.put(f"{number:02}" * 32, b"x" * size)
        store.trim()
        return store.usage().bytes

    assert written(900) <= 3_000
    assert written(900) > 5_000
    os.utime(tmp_path / "cache" / "trimmed", (0, 0))
    assert written(900) <= 3_000
    assert written(200_000) <= 3_000


def test_what_is_too_large_is_not_kept(store: Store) -> None:
    store.put(KEY, b"x" * (64 << 20))
    assert not store.folder.exists()


def test_clearing_takes_all_and_says_how_much(store: Store) -> None:
    store.put(KEY, b"x" * 100)
    store.put(OTHER, b"y" * 100)
    held = store.usage()
    assert store.clear() == held
    assert held.entries == 2
    assert store.usage() == Usage(entries=0, bytes=0)


def test_clearing_leaves_what_is_not_ours(store: Store) -> None:
    store.put(KEY, b"x")
    (store.folder / "notes.txt").write_text("mine")
    store.clear()
    assert (store.folder / "notes.txt").exists()
