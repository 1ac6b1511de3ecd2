"""T19 and T21: an engine that stood still, and a wall clock that was moved. Lengths are monotonic, and true."""

import asyncio
import datetime as dt
import itertools
import os
import signal
import time
from pathlib import Path

import msgspec
import pytest

import engine.clock
from engine.clock import RunningClock
from engine.metrics.ledger import ledger
from engine.metrics.words import Words
from engine.model.event import AttemptEnded, Event, Refused
from engine.model.ledger import Ledger
from engine.platform.cluster import Cluster
from engine.records.journal import Journal, read
from tests.faults.campaign import NIGHTS, SEEDS, Campaign
from tests.faults.criteria import criteria, of_ledger, result_of
from tests.faults.killing import rows
from tests.fill.crews import MS, rehearse
from tests.shell import Shell, wait_until

BUSY = (
    "run", "fill", "--concurrency", "8", "--share-slots", "--days", "60", "--stress-max", "12", "--min-party", "1",
    "--max-party", "4", "--fault", "slow-step=submit:40", "--set", "run.hold_ttl_s=1",
    "--set", "run.step_timeout_s=60",
)  # fmt: skip
STRANDED = """
    SELECT (SELECT count(*) FROM table_holds)
         - (SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'slotfill % w%' AND state <> 'idle')
"""
"""Holds that no transaction in hand is about to confirm: their engine has still to say so."""
EXPIRED = ("a hold expired between hold and confirm",)
LIVE = "(SELECT count(*) FROM table_holds WHERE expires_at > now())"


def frozen_with_holds(cluster: Cluster, database: str, engine_pid: int, stands_s: float) -> None:
    """Let the engine stand still for so long while it holds tables whose confirmation it has not asked for yet.

    It may be met in the middle of something else at first.
    """
    until = time.monotonic() + 90
    while time.monotonic() < until:
        os.kill(engine_pid, signal.SIGSTOP)
        try:
            # What it had sent is done before anybody counts.
            time.sleep(0.15)
            if rows(cluster, database, STRANDED)[0][0] > 0:
                time.sleep(stands_s)
                if rows(cluster, database, f"{STRANDED} - {LIVE}")[0][0] > 0:
                    return
        finally:
            os.kill(engine_pid, signal.SIGCONT)
        time.sleep(0.02)
    pytest.fail("the engine was never met with a hold in its hands")


def thawed(shell: Shell, cluster: Cluster, stands_s: float, seed: int = 1) -> Ledger:
    """Let it stand still for so long while it holds holds, go on, and look at what it says of it. Its ledger."""
    process = shell.begin_run(*BUSY, "--seed", str(seed))
    wait_until(lambda: shell.see().run.filled > 10, "some bookings")
    manifest = shell.manifest()
    frozen_with_holds(cluster, manifest["database"], manifest["pid"], stands_s)
    folder = shell.runs()[-1]
    before = shell.see().run.filled
    wait_until(lambda: shell.see().run.filled > before + 5, "the run to go on")
    snapshot = shell.see()
    stopped = shell.do("stop")
    assert stopped.code == 0, stopped.err
    process.communicate(timeout=60)
    # A client may have given it up for lost meanwhile; the engine ends its run all the same.
    wait_until((folder / "result.json").exists, "the run to end")
    criteria(result_of(folder), exit_code=130)
    events = list(read(folder))
    told = [one for one in events if isinstance(one, Refused) and "expired" in one.refusal.message]
    assert told, "what expired meanwhile is called so"
    assert {one.outcome for one in told} == {"persistence"}
    ends = [one for one in events if isinstance(one, AttemptEnded)]
    stalled = [one for one in ends if one.ended_ns - one.started_ns >= stands_s * 1e9]
    assert stalled, "whoever waited meanwhile has waited: nothing is taken out of a latency"
    assert all(sum(step.took_ns for step in one.steps if step.step != "total") <= one.steps[-1].took_ns for one in ends)
    assert in_order(events)
    assert snapshot.run.lag_max_ns >= stands_s * 0.9e9, "and the loop's own lateness says whose fault it was"
    return msgspec.convert(result_of(folder)["ledger"], Ledger, strict=False)


def in_order(events: list[Event]) -> bool:
    return all(before.at_ns <= after.at_ns for before, after in itertools.pairwise(events) if _timely(before, after))


def _timely(*events: Event) -> bool:
    """Of a reading it is its begin that is told, and of an alert its picture's moment: neither is when it was written.

    Between the two lies as long as a busy machine takes.
    """
    told_later = ("Missed", "Reconciled", "AlertRaised", "AlertResolved")
    return all(type(event).__name__ not in told_later for event in events)


def test_an_engine_that_stood_still_for_three_seconds_tells_which_holds_expired(shell: Shell, cluster: Cluster) -> None:
    thawed(shell, cluster, 3)


@pytest.mark.campaign
@pytest.mark.timeout(180)
def test_t19_an_engine_that_stood_still_for_thirty_seconds(shell: Shell, cluster: Cluster, campaign: Campaign) -> None:
    campaign.note_seed(0, "T19", 1, thawed(shell, cluster, 30), EXPIRED)


@pytest.mark.campaign
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", NIGHTS)
def test_t19_an_engine_that_stood_still_while_it_held_tables(
    shell: Shell, cluster: Cluster, campaign: Campaign, seed: int
) -> None:
    campaign.note("T19", 1, thawed(shell, cluster, 1.5, seed), EXPIRED)


class Stepping(dt.datetime):
    """A wall clock that is a minute before or behind, another time whenever it is asked."""

    asked = 0

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "Stepping":
        cls.asked += 1
        found = dt.datetime.now(tz) + dt.timedelta(seconds=60 if cls.asked % 2 else -60)
        return cls.fromisoformat(found.isoformat())


@pytest.mark.parametrize("seed", SEEDS)
async def test_t21_a_wall_clock_that_jumps_by_a_minute_changes_no_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, campaign: Campaign, seed: int
) -> None:
    monkeypatch.setattr(engine.clock, "datetime", Stepping)
    clock = RunningClock()
    assert abs(clock.wall() - clock.wall()) > dt.timedelta(seconds=100), "it does jump"
    rehearsal = rehearse(concurrency=2, slots=3, stress_max=2, seed=seed)
    journal = Journal(tmp_path, "test", clock)
    # The same crew and target, but on the running clock: a step takes a millisecond of it.
    rehearsal.target.clock = clock
    monkeypatch.setattr(rehearsal.crew, "clock", clock)
    crew = rehearsal.crew
    crew.pace.begin(0)
    began = time.perf_counter_ns()
    monkeypatch.setattr(crew, "desk", crew.desk._replace(clock=clock, log=journal.write))
    async with asyncio.timeout(20):
        await crew.run()
    took_ns = time.perf_counter_ns() - began
    journal.close()
    events = list(read(tmp_path))
    ends = [one for one in events if isinstance(one, AttemptEnded)]
    assert len(ends) == 6
    assert in_order(events)
    for one in ends:
        assert 5 * MS <= one.ended_ns - one.started_ns <= took_ns
        assert all(0 < step.took_ns <= took_ns for step in one.steps)
    assert max(one.at_ns for one in events) <= clock.now_ns()
    words = Words(events)
    kept = ledger(words, await rehearsal.target.held(words.bookings, words.acknowledged), {})
    criteria(of_ledger(kept))
    campaign.note("T21", Stepping.asked, kept)


async def test_waiting_on_the_clock_is_waiting_for_a_length_and_not_for_a_time_of_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine.clock, "datetime", Stepping)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    clock = RunningClock()
    async with asyncio.timeout(10):
        await clock.sleep_until(clock.now_ns() + 20 * MS)
        assert clock.now_ns() >= 20 * MS
        assert not await clock.wait_for(asyncio.Event(), clock.now_ns() + 10 * MS)
