"""Passes are ended and begun as they were: each end is said once, and what was read of one database stays read."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from engine.allocator.strategies import OPTIMAL
from engine.config import Settings
from engine.database import Connection
from engine.ending import _held
from engine.exit_code import ExitCode
from engine.exit_reasons import judged
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.tally import Tally
from engine.model.event import Event, LegEnded, RunPlanned
from engine.model.ids import RunId
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.step import Step
from engine.opening import Opened
from engine.passes import Passes
from engine.plans.assign import AssignPlan
from engine.records.journal import Journal
from engine.target import Target
from engine.targets.postgres import PostgresTarget
from tests.clocks import StillClock
from tests.controls.evening import evening, plan_for, target_in
from tests.faults.proxy import proxied
from tests.fill.test_passes import at_white_horse, waiting
from tests.scratch import ScratchDatabase


async def _nowhere(name: str) -> Connection:
    raise AssertionError(f"{name}: nothing here has a database")


@pytest.mark.parametrize("passes", [0, 2, 3], ids=["until none is pending", "two", "more than are needed"])
async def test_each_pass_is_said_to_have_ended_once_also_when_none_follows(tmp_path: Path, passes: int) -> None:
    target = at_white_horse(pending := waiting(5))
    clock = target.clock
    assert isinstance(clock, StillClock)
    journal, events = Journal(tmp_path, "test", clock), list[Event]()

    def log(event: Event) -> None:
        journal.write(event)
        events.append(event)

    plan = AssignPlan.of(pending, seed=1, max_iterations=3, passes=passes)
    desk = Desk(clock, log, Holders(), {})
    ends = Passes(cast("Target", target), _nowhere, desk, tmp_path, Settings)
    ends.on = pending[0].on
    crew = Crew(
        RunId("test"), Task(plan, (OPTIMAL,), 2, between=lambda: ends.between(plan, crew)), target, Pace(None), desk
    )

    async def work() -> None:
        ends.begin(plan, crew)
        await crew.run()
        await ends.finish(plan, crew)

    task = asyncio.create_task(work())
    while not task.done():
        await clock.advance(1_000_000)
        await asyncio.to_thread(lambda: None)
    await task
    journal.close()
    planned = [event.ids.leg for event in events if isinstance(event, RunPlanned)]
    ended = [event for event in events if isinstance(event, LegEnded)]
    assert [event.ids.leg for event in ended] == planned
    assert sum(event.persisted or 0 for event in ended) == len(target.confirmed) == 5


async def test_who_stops_while_a_pass_is_read_back_has_no_further_one_in_the_result(tmp_path: Path) -> None:
    target = at_white_horse(pending := waiting(60, party=8))
    clock = target.clock
    assert isinstance(clock, StillClock)
    journal, events = Journal(tmp_path, "test", clock), list[Event]()

    def log(event: Event) -> None:
        journal.write(event)
        events.append(event)
        if isinstance(event, LegEnded):
            crew.stop()

    plan = AssignPlan.of(pending, seed=1, max_iterations=3, passes=0)
    desk = Desk(clock, log, Holders(), {})
    ends = Passes(cast("Target", target), _nowhere, desk, tmp_path, Settings)
    ends.on = pending[0].on
    crew = Crew(
        RunId("test"), Task(plan, (OPTIMAL,), 2, between=lambda: ends.between(plan, crew)), target, Pace(None), desk
    )

    async def work() -> None:
        ends.begin(plan, crew)
        await crew.run()
        await ends.finish(plan, crew)

    task = asyncio.create_task(work())
    while not task.done():
        await clock.advance(1_000_000)
        await asyncio.to_thread(lambda: None)
    await task
    journal.close()
    assert [event.ids.leg for event in events if isinstance(event, RunPlanned)] == [0]
    assert [event.ids.leg for event in events if isinstance(event, LegEnded)] == [0]


async def test_a_booking_that_waited_and_was_recovered_is_among_those_that_are_there(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    """It carries no tag of the run, as `assign` makes none of its bookings: that it was tried is all that is known."""
    made = await evening(tmp_path / "run", await target_in(database.dsn, "passes"), concurrency=3)
    unheard, folder = made.acknowledged[0], tmp_path / "heard"
    connection = await database.connect()
    await connection.execute("UPDATE bookings SET details = '{}', idempotency_key = NULL")
    await connection.close()
    folder.mkdir()
    journal = Journal(folder, made.target.run, StillClock())
    lost = Refusal(step=Step.COMMIT, phase=Phase.IN_DOUBT, message="the connection was lost")
    for event in made.events:
        journal.write(
            msgspec.structs.replace(unheard, certainty=Certainty.INFO, outcome="connection", tables=(), refusal=lost)
            if event is unheard
            else event
        )
    journal.close()
    ends = Passes(made.target, made.target.connect, Desk(StillClock(), print, Holders(), {}), folder, Settings)
    ends._base = 0, None
    await ends.settle(cast("Crew", SimpleNamespace(leg=0)))
    (kept,) = ends.kept
    assert (kept.ledger.persisted, kept.ledger.recovered) == (len(made.acknowledged) - 1, 1)
    assert kept.persisted.total == sum(kept.persisted.shares.values()) == len(made.acknowledged)


async def test_what_an_earlier_repeat_lost_is_not_forgotten_when_the_last_one_cannot_be_read(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    """The first repeat had a database of its own, and was read back there."""
    made = await evening(tmp_path / "run", await target_in(database.dsn, "repeats"), concurrency=3)
    connection = await database.connect()
    await connection.execute("DELETE FROM bookings WHERE id = $1", made.acknowledged[0].booking_id)
    await connection.close()
    async with proxied(database.dsn) as proxy:
        target = PostgresTarget("embedded", proxy.dsn, made.target.run, made.target.floors)
        desk = Desk(StillClock(), made.events.append, Holders(), {})
        ends = Passes(target, target.connect, desk, made.folder, Settings)
        ends.patience_ns = 0
        ends._base = 0, None
        crew = cast("Crew", SimpleNamespace(leg=0, first_leg=0, run_id="repeats", concurrency=3))
        await ends.settle(crew)
        (first,) = ends.kept
        assert first.ledger.lost == 1
        # The next repeat is, as far as the journal goes, the same evening once more; then the server goes away.
        ends._base = 0, None
        proxy.refuses = True
        tally = Tally()
        for event in made.events:
            tally.apply(event)
        run = SimpleNamespace(passes=ends, plan=plan_for(target), crew=crew, target=target, tally=tally)
        stands = cast("Opened", SimpleNamespace(run=run, folder=made.folder))
        found = await _held(stands)
    attempts = len(made.ended)
    assert found.persisted is None
    assert (found.ledger.lost, found.ledger.unverified) == (1, attempts)
    assert found.ledger.attempts == 2 * attempts
    assert found.ledger.balanced
    code, reason = judged(found, ExitCode.PASSED, "")
    assert code is ExitCode.LOST, reason
    assert str(made.acknowledged[0].booking_id) in reason
    assert "could not be read" in reason
