"""What the screens replay is what they saw."""

import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.tally import Tally
from engine.model.event import Event
from engine.model.outcome import Outcome
from engine.model.snapshot import RunSnapshot
from engine.records.recording import Recording, at, last, read
from engine.records.trouble import RecordsDamaged
from tests.metrics.stories import MS, RUN, ended, planned, snapshot_of, stories
from tests.records.precise import as_shown

S = 1000 * MS


def seen(events: list[Event]) -> list[RunSnapshot]:
    """A look each second of the run."""
    tally = Tally()
    looks: list[RunSnapshot] = []
    for event in events:
        while event.at_ns >= (len(looks) + 1) * S:
            looks.append(snapshot_of(tally, (len(looks) + 1) * S - 1, len(looks)))
        tally.apply(event)
    return [*looks, snapshot_of(tally, max(tally.at_ns, (len(looks) + 1) * S - 1), len(looks))]


def steady(seconds: int) -> list[Event]:
    return [planned(), *(ended(at * 250 * MS, at % 2, at) for at in range(1, seconds * 4))]


def record(folder: Path, looks: list[RunSnapshot], segment_bytes: int = 1 << 23) -> Recording:
    recording = Recording(folder, RUN, segment_bytes=segment_bytes)
    for look in looks:
        recording.write(look)
    recording.close()
    return recording


@settings(max_examples=20, deadline=None)
@given(stories())
def test_every_snapshot_comes_back_whole(events: list[Event]) -> None:
    looks = seen(events)
    with TemporaryDirectory() as folder:
        record(Path(folder), looks, segment_bytes=20_000)
        assert list(read(Path(folder))) == [as_shown(look) for look in looks]


def test_what_is_first_seen_late_has_been_blank_all_the_time(tmp_path: Path) -> None:
    looks = seen([*steady(20), ended(20 * S, 0, 99, outcome=Outcome.TIMEOUT)])
    record(tmp_path, looks)
    assert list(read(tmp_path)) == looks


def test_a_run_longer_than_its_series_comes_back_whole(tmp_path: Path) -> None:
    looks = seen(steady(700))[::20]
    record(tmp_path, looks)
    assert list(read(tmp_path)) == looks
    assert len(looks[-1].fills) == 600


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_torn_tail_loses_the_last_look_only(data: st.DataObject) -> None:
    looks = seen(steady(5))
    with TemporaryDirectory() as name:
        folder = Path(name)
        record(folder, looks)
        path = folder / "recording.000001.frames"
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        kept = list(read(folder))
        assert kept == looks[: len(kept)]


def test_a_torn_tail_of_one_byte_keeps_all_but_one(tmp_path: Path) -> None:
    looks = seen(steady(5))
    record(tmp_path, looks)
    path = tmp_path / "recording.000001.frames"
    path.write_bytes(path.read_bytes()[:-1])
    assert list(read(tmp_path)) == looks[:-1]


def test_damage_in_the_middle_names_file_and_byte(tmp_path: Path) -> None:
    record(tmp_path, seen(steady(5)))
    path = tmp_path / "recording.000001.frames"
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(RecordsDamaged, match=r"recording\.000001\.frames at byte \d+"):
        list(read(tmp_path))


def test_a_moment_is_found(tmp_path: Path) -> None:
    looks = seen(steady(10))
    record(tmp_path, looks)
    assert at(tmp_path, 4) == looks[4]
    assert last(tmp_path) == looks[-1]


def test_ten_minutes_of_many_workers_stay_below_two_megabytes(tmp_path: Path) -> None:
    looks = seen(steady(600))
    recording = record(tmp_path, looks)
    assert recording.bytes_written < 2_000_000
    assert stat.S_IMODE((tmp_path / "recording.000001.frames").stat().st_mode) == 0o600
