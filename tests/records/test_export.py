"""Exports, samples and results say what the tally says."""

import asyncio
import csv
import io
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event
from engine.model.ids import WorkerId
from engine.model.outcome import Outcome
from engine.model.run_state import RunState, WorkerState
from engine.model.sample import Blocking, LockCount, LockQueue, QueueMember, Sample
from engine.model.snapshot import RunSnapshot, WorkerFace
from engine.model.step import Step
from engine.records import samples as samples_room
from engine.records.archive import Manifest
from engine.records.export import export, summary
from engine.records.page import report_md
from engine.records.recording import Recording
from engine.records.result import (
    Ending,
    Persisted,
    build_result,
    persisted_of,
    read_result,
    write_result,
)
from engine.records.samples import Samples
from engine.records.tables import csv_text, markdown
from engine.records.trouble import RecordsFailed
from engine.records.writer import write_text
from engine.run import Run
from tests.clocks import StillClock
from tests.metrics.stories import MS, RUN, booking, ended, intended, planned, refused, snapshot_of, stories

S = 1000 * MS
WALL = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MANIFEST = Manifest(RUN, "fill", "embedded", "2026-03-04T12:00:00+00:00", settings={"concurrency": "2"})


def busy() -> Tally:
    tally = Tally()
    events: list[Event] = [
        planned(),
        intended(1, 0, 1),
        refused(2, 0, 1, Outcome.HOLD_CONFLICT, "=cmd|' /C calc'!A0 of ann@example.com\n| pipe"),
        ended(S, 0, 1),
        intended(S, 1, 2),
        ended(2 * S, 1, 2, outcome=Outcome.TIMEOUT),
    ]
    for event in events:
        tally.apply(event)
    return tally


def full() -> RunSnapshot:
    members = (
        QueueMember(1, "w00 12:00", "ExclusiveLock", True, None),
        QueueMember(2, "w01", "ExclusiveLock", False, S),
    )
    sample = Sample(
        at_ns=S, server_at=WALL, took_ns=MS, server_version="18.1", max_connections=100, connections=9, ours=4,
        states={"active": 2}, waits=(), backends=(), lock_counts=(LockCount("advisory", "ExclusiveLock", 1, 1),),
        queues=(LockQueue("Terrace 19:00", True, members),),
        blockings=(Blocking(2, "w01", 1, "w00", "transactionid", S, "COMMIT"),), commits_per_s=1.0, rollbacks_per_s=0.0,
        inserts_per_s=0.0, updates_per_s=0.0, deadlocks=0, temp_bytes=0, statements=(), stale_holds=(), live_holds=0,
        zone_locked=(),
    )  # fmt: skip
    worker = WorkerFace(
        worker=WorkerId(0), state=WorkerState.WORKING, step=Step.HOLD, since_ns=MS, slot="12:00", day="2026-03-04",
        party=4, booking="00000001", attempt=1, attempt_try=1, tables=("T1",), zone="Terrace", last_outcome="",
        last_note="=1+1", filled=1, failed=0, pid=77, waits_for="Lock:advisory",
    )  # fmt: skip
    return msgspec.structs.replace(snapshot_of(busy(), 2 * S), sample=sample, workers=(worker,))


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_an_export_has_every_format_and_agrees_with_the_snapshot(tmp_path: Path) -> None:
    folder = export(full(), tmp_path, "<svg>ann@example.com</svg>", WALL)
    assert folder == tmp_path / "snapshots" / "20260304T120000Z"
    names = ["snapshot.json", "summary.md", "workers.csv", "outcomes.csv", "latency.csv", "locks.csv", "screen.svg"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert msgspec.json.decode((folder / "snapshot.json").read_bytes(), type=RunSnapshot).run == full().run
    rows = rows_of(folder / "outcomes.csv")
    assert {row["outcome"]: int(row["attempts"]) for row in rows} == {"filled": 1, "timeout": 1}
    (worker,) = rows_of(folder / "workers.csv")
    assert (worker["worker"], worker["pid"], worker["last_note"]) == ("w00", "77", "'=1+1")
    locks = rows_of(folder / "locks.csv")
    assert [row["row"] for row in locks] == ["queue", "queue", "blocked", "count", "count"]
    for name in names:
        if name.endswith(".csv"):
            text = (folder / name).read_bytes()
            assert text.count(b"\n") == text.count(b"\r\n"), "RFC 4180"
    assert "since_ms" in worker
    assert "waited_ms" in locks[0]
    assert {"p50_ms", "p95_ms", "p99_ms", "max_ms", "population"} <= rows_of(folder / "latency.csv")[0].keys()
    assert "ann@" not in "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    assert {oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {"600"}


def test_numbers_of_tables_are_not_taken_for_a_phone_s(tmp_path: Path) -> None:
    still = full()
    worker = msgspec.structs.replace(still.workers[0], tables=("001", "002", "003"))
    folder = export(msgspec.structs.replace(still, workers=(worker,)), tmp_path, None, WALL)
    assert rows_of(folder / "workers.csv")[0]["tables"] == "001+002+003"


def test_two_exports_in_one_second_stand_beside_each_other(tmp_path: Path) -> None:
    first, second = (export(full(), tmp_path, None, WALL) for _ in range(2))
    assert second.name == f"{first.name}-2"
    assert not (second / "screen.svg").exists()


def test_an_export_that_the_disk_does_not_take_leaves_no_half_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = export(full(), tmp_path, None, WALL)
    left = iter((True, True, False))

    def fills_up(_handle: int) -> None:
        if not next(left):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fills_up)
    with pytest.raises(RecordsFailed, match="No space left on device; free some space"):
        export(full(), tmp_path, None, WALL)
    assert list(kept.parent.iterdir()) == [kept]


def test_a_summary_says_whose_percentiles_these_are() -> None:
    text = summary(full())
    assert "service time, closed model, 2 workers" in text
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(line) for line in lines}) <= 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert csv_text(["a"], [[f"{start}1"]]).splitlines()[1].lstrip('"').startswith("'")


def test_an_empty_table_is_a_word() -> None:
    assert markdown(["a"], []) == "None.\n"


@settings(max_examples=30, deadline=None)
@given(stories())
def test_a_result_adds_up(events: list[Event]) -> None:
    tally = Tally()
    lengths: dict[str, list[int]] = {}
    for event in events:
        tally.apply(event)
        if isinstance(event, AttemptEnded):
            lengths.setdefault("total", []).append(event.ended_ns - event.due_ns)
    bookings = {event.booking_id for event in events if isinstance(event, AttemptEnded) and event.tables}
    persisted = persisted_of(bookings, events)
    ending = Ending(RunState.FINISHED, "", "later", tally.at_ns, 0, persisted)
    result = build_result(MANIFEST, ending, tally, lengths)
    assert sum(result.outcomes.values()) == result.attempts == sum(result.certainties.values())
    assert sum(one.attempts for one in result.passes) == result.attempts
    assert sum(one.persisted or 0 for one in result.by_restaurant.values()) == result.persisted
    assert sum(one.confirmed for one in result.by_restaurant.values()) == result.outcomes.get("filled", 0)
    assert sum(slot.attempts for slot in result.slots) == result.attempts
    assert report_md(result, lengths).startswith(f"# Run {RUN}")


def test_a_booking_the_journal_does_not_know_is_counted_but_nobodys() -> None:
    known, strange = booking(1), UUID(int=5)
    assert persisted_of({known, strange}, [planned(), ended(1, 0, 1)]) == Persisted(
        2, {(0, "white-horse-pub-waterbeach"): 1}
    )


def test_a_result_is_written_and_read_back(tmp_path: Path) -> None:
    tally = busy()
    result = build_result(MANIFEST, Ending(RunState.STOPPED, "asked", "later", tally.at_ns, 130), tally, {"hold": [MS]})
    write_result(tmp_path, result, {"hold": [MS]})
    assert read_result(tmp_path) == result
    assert json.loads((tmp_path / "result.json").read_text())["passes"][0]["pass"] == 1
    assert "the database could not be read" in (tmp_path / "report.md").read_text()
    assert read_result(tmp_path / "none") is None


@given(st.lists(st.tuples(st.sampled_from([Step.HOLD, Step.TOTAL]), st.integers(0, 2**63), st.booleans())))
@settings(max_examples=30, deadline=None)
def test_samples_come_back_as_they_were(taken: list[tuple[Step, int, bool]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        samples = Samples(folder)
        wanted: dict[str, list[int]] = {}
        for number, (step, took_ns, refused_) in enumerate(taken):
            samples.record(step, took_ns, refused=refused_)
            wanted.setdefault(f"{step.value}.refused" if refused_ else step.value, []).append(took_ns)
            if number % 5 == 4:
                samples.flush()
        samples.flush()
        assert {name: list(values) for name, values in samples_room.read(folder).items()} == wanted
        header = json.loads((folder / "samples.json").read_text())
        assert (header["unit"], header["count"]) == ("ns", {key: len(values) for key, values in wanted.items()})


async def test_no_attempt_waits_for_the_disk_while_samples_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = Samples(tmp_path)
    samples.take(ended(S, 0, 1))
    waited: list[threading.Thread] = []
    monkeypatch.setattr(os, "fsync", lambda _: waited.append(threading.current_thread()))

    async def look() -> RunSnapshot:
        return full()

    run = SimpleNamespace(
        snapshot=look,
        alerting=SimpleNamespace(take=lambda _: None),
        recording=Recording(tmp_path, RUN),
        samples=samples,
        clock=StillClock(),
    )
    recording = asyncio.create_task(Run.record(cast("Run", run)))
    for _ in range(2000):  # a thread packs the picture first
        if (tmp_path / "samples.json").exists():
            break
        await asyncio.sleep(0.001)
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recording
    run.recording.close()
    assert threading.main_thread() not in waited
    samples.flush()
    assert waited == [threading.main_thread()]


def test_a_torn_sample_is_left_out(tmp_path: Path) -> None:
    samples = Samples(tmp_path)
    samples.take(ended(S, 0, 1))
    samples.flush()
    path = tmp_path / "samples.hold.u64"
    path.write_bytes(path.read_bytes() + b"\1\2\3")
    assert list(samples_room.read(tmp_path)["hold"]) == [5 * MS // 2]


def test_an_artifact_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.md"
    write_text(path, "first")

    def fails(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(RecordsFailed, match="No space left on device; free some space"):
        write_text(path, "second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
