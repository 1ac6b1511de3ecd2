"""The journal survives what a disk and a kill can do to it."""

import asyncio
import errno
import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.tally import Tally
from engine.model.event import Acted, Event
from engine.model.ids import Ids
from engine.records.journal import Journal, read
from engine.records.trouble import RecordsDamaged, RecordsFailed, RecordsFull
from engine.redact import mask_event
from tests.clocks import StillClock
from tests.metrics.stories import MS, RUN, ended, intended, planned, stories


def journal_of(folder: Path, events: list[Event], segment_bytes: int = 1 << 20) -> Journal:
    journal = Journal(folder, RUN, StillClock(), segment_bytes=segment_bytes)
    for event in events:
        journal.write(event)
    return journal


def attempts(number: int) -> list[Event]:
    return [planned(), *(ended(at * MS, 0, at) for at in range(1, number))]


@given(stories())
@settings(max_examples=25)
def test_the_replay_of_a_journal_is_the_run(events: list[Event]) -> None:
    live, replayed = Tally(), Tally()
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder), RUN, StillClock(), segment_bytes=2000)
        for event in events:
            journal.write(event)
            live.apply(event)
        journal.close()
        for event in read(Path(folder)):
            replayed.apply(event)
    assert replayed.figures() == live.figures()


@given(st.data())
@settings(max_examples=60)
def test_a_tail_torn_at_any_byte_loses_no_earlier_line(data: st.DataObject) -> None:
    events = attempts(6)
    with TemporaryDirectory() as name:
        folder = Path(name)
        journal_of(folder, events).close()
        path = folder / "journal.000001.jsonl"
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut] + data.draw(st.sampled_from([b"", b"\0" * 40])))
        reading = read(folder)
        kept = list(reading)
        lines = whole[:cut].count(b"\n")
        assert kept[: max(0, lines - 1)] == events[: max(0, lines - 1)]
        assert len(kept) <= max(0, lines)
        # What is written afterwards is read, too.
        again = Journal(folder, RUN, StillClock())
        again.write(events[-1])
        again.close()
        assert list(read(folder)) == [*kept, events[-1]]


def test_an_event_is_on_the_disk_when_write_returns(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, [planned(), intended(1, 0, 1)])
    assert list(read(tmp_path)) == [planned(), intended(1, 0, 1)]
    journal.close()


def test_nothing_in_it_must_be_masked_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    journal_of(tmp_path, [Acted(1, Ids(RUN), "mark", "ann@example.com", "password=hunter2\x1b[2J")]).close()
    path = tmp_path / "journal.000001.jsonl"
    text = path.read_text(encoding="utf-8")
    assert "ann@" not in text
    assert "hunter2" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_segments_are_closed_compressed_and_read_in_order(tmp_path: Path) -> None:
    async def run() -> None:
        journal = journal_of(tmp_path, attempts(60), segment_bytes=3000)
        await journal.sync()
        journal.close()
        assert journal.compress_trouble == ""
        assert journal.bytes_written > 9000

    asyncio.run(run())
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0] == "journal.000001.jsonl.gz"
    assert [name for name in names if not name.endswith(".gz")] == [names[-1]]
    reading = read(tmp_path)
    assert list(reading) == [mask_event(event) for event in attempts(60)]
    assert [header.segment for header in reading.headers] == list(range(1, len(names) + 1))
    assert not reading.torn


async def test_a_segment_goes_only_when_its_compressed_form_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_of(tmp_path, attempts(60), segment_bytes=3000)
    synced: dict[int, int] = {}
    """Bytes that were on the disk, by file."""
    sync, unlink = os.fsync, Path.unlink

    def syncs(handle: int) -> None:
        sync(handle)
        known = os.fstat(handle)
        synced[known.st_ino] = known.st_size

    def unlinks(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".jsonl":
            packed = path.with_name(f"{path.name}.gz").stat()
            assert synced.get(packed.st_ino) == packed.st_size, f"{path.name} goes, and its other form may be empty"
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(os, "fsync", syncs)
    monkeypatch.setattr(Path, "unlink", unlinks)
    await journal.sync()
    journal.close()
    assert list(tmp_path.glob("*.gz"))


async def test_two_syncs_at_once_finish_each_segment_once(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, attempts(60), segment_bytes=3000)
    await asyncio.gather(journal.sync(), journal.sync())
    journal.close()
    assert len(list(read(tmp_path))) == 60


async def test_what_was_written_is_synced_every_200_ms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    clock = StillClock()
    journal = Journal(tmp_path, RUN, clock)
    keeping = asyncio.create_task(journal.keep_synced())
    await clock.advance(200 * MS)
    for _ in range(2000):  # a thread does it
        if synced:
            break
        await asyncio.sleep(0.001)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert len(synced) == 1
    journal.close()


def test_each_syncs_each_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    journal = Journal(tmp_path, RUN, StillClock(), fsync="each")
    journal.write(planned())
    assert len(synced) == 2
    journal.close()


def test_a_short_write_is_taken_back_and_the_next_one_begins_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_of(tmp_path, [planned()])
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, content: write(handle, bytes(content)[:10]))
        with pytest.raises(RecordsFull, match=r"took 10 of \d+ bytes"):
            journal.write(intended(1, 0, 1))
    journal.write(intended(2, 0, 2))
    journal.close()
    assert list(read(tmp_path)) == [planned(), intended(2, 0, 2)]


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = journal_of(tmp_path, [planned()], segment_bytes=1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(RecordsFull, match="No space left on device; free some space"):
            journal.write(intended(1, 0, 1))
    journal.write(intended(2, 0, 2))
    journal.close()
    assert list(read(tmp_path)) == [planned(), intended(2, 0, 2)]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordsFailed, match="could not be begun"):
        Journal(tmp_path / "gone", RUN, StillClock())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda lines: [*lines[:2], b"{}\n", *lines[2:]], "line 3: not a journal's line"),
        (lambda lines: lines[1:], "line 1: the header must be the first line"),
        (lambda lines: [*lines, lines[0]], "line 5: the header must be the first line"),
        (lambda lines: [lines[0].replace(b'"schema":1', b'"schema":99'), *lines[1:]], "line 1: schema 99 is newer"),
        (lambda lines: [lines[0].replace(b'"segment":1', b'"segment":7'), *lines[1:]], "this is segment 7"),
    ],
)
def test_any_other_damage_names_file_and_line(tmp_path: Path, damage: object, told: str) -> None:
    journal_of(tmp_path, attempts(3)).close()
    path = tmp_path / "journal.000001.jsonl"
    path.write_bytes(b"".join(damage(path.read_bytes().splitlines(keepends=True))))  # type: ignore[operator]
    with pytest.raises(RecordsDamaged, match=told) as raised:
        list(read(tmp_path))
    assert str(path) in str(raised.value)


def test_a_missing_segment_and_a_torn_earlier_one_are_damage(tmp_path: Path) -> None:
    journal_of(tmp_path, attempts(60), segment_bytes=3000).close()
    second = tmp_path / "journal.000002.jsonl"
    content = second.read_bytes()
    second.write_bytes(content[:-5])
    with pytest.raises(RecordsDamaged, match=r"journal\.000002\.jsonl line \d+"):
        list(read(tmp_path))
    second.unlink()
    with pytest.raises(RecordsDamaged, match=r"journal\.000002\.jsonl: this segment is missing"):
        list(read(tmp_path))


def test_a_compressed_segment_that_is_cut_short_is_damage(tmp_path: Path) -> None:
    async def run() -> None:
        journal = journal_of(tmp_path, attempts(60), segment_bytes=3000)
        await journal.sync()
        journal.close()

    asyncio.run(run())
    first = tmp_path / "journal.000001.jsonl.gz"
    first.write_bytes(first.read_bytes()[:-30])
    with pytest.raises(RecordsDamaged, match=r"journal\.000001\.jsonl\.gz"):
        list(read(tmp_path))


def test_no_journal_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordsDamaged, match="no journal"):
        list(read(tmp_path))


def test_events_are_plain_json_lines(tmp_path: Path) -> None:
    journal_of(tmp_path, [intended(1, 0, 1)]).close()
    line = (tmp_path / "journal.000001.jsonl").read_bytes().splitlines()[1]
    assert msgspec.json.decode(line)["type"] == "Intended"
