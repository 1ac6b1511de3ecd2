"""What an event costs the engine, and what a recording takes: `python -m tests.benchmarks.records`. Judges nothing."""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from engine.clock import RunningClock
from engine.metrics.histogram import Histogram
from engine.metrics.tally import Tally
from engine.model.event import Event, StepTook
from engine.model.ids import WorkerId
from engine.model.outcome import Outcome
from engine.model.run_state import WorkerState
from engine.model.sample import Backend
from engine.model.snapshot import RunSnapshot, WorkerFace
from engine.model.step import Step
from engine.records.journal import Journal, read
from engine.records.recording import Recording
from engine.records.samples import Samples
from tests.metrics.stories import MS, RUN, ended, intended, planned, refused, snapshot_of
from tests.records.test_export import full

MANY = 50_000


def main() -> None:
    """Print nanoseconds an event, and bytes of ten minutes of recording."""
    five = tuple(StepTook(step, 1, MS, MS) for step in (Step.SUBMIT, Step.QUOTE, Step.HOLD, Step.CONFIRM, Step.COMMIT))
    filled = [msgspec.structs.replace(ended(at * 100_000, at % 15, at), steps=five) for at in range(1, MANY)]
    intents: list[Event] = [intended(at * 100_000, at % 15, at, Step.HOLD) for at in range(1, MANY)]
    refusals: list[Event] = [
        refused(at * 100_000, at % 15, at, Outcome.HOLD_CONFLICT, f"conflict at table {at % 2000}")
        for at in range(1, MANY // 10)
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        journal = Journal(folder, RUN, RunningClock())
        tally = Tally()
        tally.apply(planned())
        for what, events in (("Intended", intents), ("AttemptEnded", [*filled]), ("Refused", refusals)):
            _timed(f"Journal.write {what}", journal.write, events)
            _timed(f"Tally.apply {what}", tally.apply, events)
        journal.close()
        samples = Samples(folder)
        _timed("Samples.take", samples.take, filled)
        began = time.perf_counter_ns()
        events_read = sum(1 for _event in read(folder))
        print(f"{'reading an event':42}{(time.perf_counter_ns() - began) / events_read:10.0f} ns")
        each = Journal(folder, RUN, RunningClock(), fsync="each")
        _timed("Journal.write Intended, each synced", each.write, intents[:300])
        each.close()
        began = time.perf_counter_ns()
        for _ in range(20):
            tally.figures(600_000 * MS)
        print(f"{'Tally.figures, series of 600 s':42}{(time.perf_counter_ns() - began) / 20:10.0f} ns")
    histogram = Histogram()
    _timed("Histogram.record", histogram.record, [random.Random(1).randrange(10**9) for _ in range(MANY)])
    _recorded()


def _timed(what: str, call: Callable[[Any], object], over: Sequence[object]) -> None:
    began = time.perf_counter_ns()
    for one in over:
        call(one)
    print(f"{what:42}{(time.perf_counter_ns() - began) / len(over):10.0f} ns")


def _recorded() -> None:
    """32 workers and 24 backends that change all the time, 20 attempts and 5 conflicts a second."""
    source = random.Random(2)
    tally = Tally()
    tally.apply(planned())
    attempt = 0
    took_ns = 0
    with TemporaryDirectory() as name:
        recording = Recording(Path(name), RUN)
        for second in range(600):
            for part in range(20):
                attempt += 1
                at_ns = second * 1000 * MS + part * 50 * MS
                tally.apply(intended(at_ns, attempt % 32, attempt))
                if part % 4 == 0:
                    tally.apply(refused(at_ns, attempt % 32, attempt, Outcome.HOLD_CONFLICT))
                tally.apply(ended(at_ns + MS, attempt % 32, attempt, took_ns=source.randrange(1, 900 * MS)))
            snapshot = _busy(snapshot_of(tally, second * 1000 * MS + 999 * MS, second), source)
            began = time.perf_counter_ns()
            recording.write(snapshot)
            took_ns += time.perf_counter_ns() - began
        recording.close()
        print(f"{'Recording.write':42}{took_ns / 600:10.0f} ns")
        print(f"{'ten minutes of recording':42}{recording.bytes_written:10d} bytes")


def _busy(snapshot: RunSnapshot, source: random.Random) -> RunSnapshot:
    def worker(number: int) -> WorkerFace:
        return WorkerFace(
            worker=WorkerId(number), state=WorkerState.WORKING, step=source.choice(list(Step)),
            since_ns=source.randrange(10**9), slot=f"{source.randrange(12, 22)}:15", day="2026-03-04",
            party=source.randrange(1, 13), booking=f"{source.getrandbits(32):08x}", attempt=source.randrange(10**4),
            attempt_try=1, tables=(f"T{source.randrange(40)}",), zone="Terrace", last_outcome="filled",
            last_note=f"T{source.randrange(40)}", filled=source.randrange(99), failed=source.randrange(99),
            pid=40_000 + number, waits_for=source.choice(["", "Lock:advisory"]),
        )  # fmt: skip

    sample = full().sample
    assert sample is not None
    backends = tuple(
        Backend(
            pid=40_000 + number, application_name=f"slotfill {RUN} w{number:02d}", state="active",
            wait=source.choice(["", "Lock:advisory"]), age_ns=source.randrange(10**8),
            transaction_age_ns=source.randrange(10**8), query="SELECT " + "confirm_hold_assignment(" * 6,
            who=f"w{number:02d}",
        )
        for number in range(24)
    )  # fmt: skip
    return msgspec.structs.replace(
        snapshot,
        workers=tuple(worker(number) for number in range(32)),
        sample=msgspec.structs.replace(sample, backends=backends, at_ns=snapshot.run.elapsed_ns),
    )


if __name__ == "__main__":
    main()
