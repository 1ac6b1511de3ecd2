"""One attempt: retries, the ladder of strategies, and a success that left no rows."""

import asyncio
import datetime as dt
from uuid import UUID

from engine.allocator.strategies import ladder
from engine.fill.crew import Crew
from engine.model.event import AttemptEnded, Event, Intended, Refused
from engine.model.floor import Candidate
from engine.model.ids import TurnId
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.step import Step
from engine.model.strategy import Strategy
from engine.model.turn import Order, Turn
from engine.plans.create import CreatePlan
from engine.rota import Page
from engine.target import Confirmed, Seat
from engine.targets.rehearsal import RehearsalTarget
from tests.allocator.floors import white_horse
from tests.clocks import StillClock
from tests.fill.crews import MONDAY, crew_for

SLUG = "white-horse-pub-waterbeach"
NOON = dt.time(12, 0)


class Deadlocking:
    """A seat whose first confirms are chosen as deadlock victims."""

    def __init__(self, seat: Seat, victims: int) -> None:
        self._seat = seat
        self.victims = victims

    def __getattr__(self, name: str) -> object:
        return getattr(self._seat, name)

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        if self.victims:
            self.victims -= 1
            return Refusal(Step.CONFIRM, Phase.ANSWERED, "deadlock detected", sqlstate="40P01")
        return await self._seat.confirm(order, candidate, hold_id)


class Replaying(Deadlocking):
    """A seat whose platform answers success with no rows, as its ledger has the key."""

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        return Confirmed(tables=())

    async def commit(self, order: Order, candidate: Candidate) -> object:
        from engine.target import Committed  # noqa: PLC0415

        return Committed()


class Target(RehearsalTarget):
    """A rehearsal target with such seats."""

    victims = 0
    replays = False

    async def seat(self, application_name: str) -> Seat:
        seat = await super().seat(application_name)
        kind = Replaying if self.replays else Deadlocking
        return kind(seat, self.victims)  # type: ignore[return-value]


async def played(
    target: Target, *, party: int = 2, strategies: tuple[Strategy, ...] | None = None, retries: int = 0
) -> tuple[Crew, list[Event]]:
    """One booking made at that target, and everything that was said."""
    plan = CreatePlan([Page(Turn(TurnId(1), SLUG, MONDAY, NOON, party))])
    events: list[Event] = []
    given = {} if strategies is None else {"ladder": strategies}
    crew = crew_for(plan, target, events, concurrency=1, retries=retries, **given)  # type: ignore[arg-type]
    assert isinstance(target.clock, StillClock)
    task = asyncio.create_task(crew.run())
    await target.clock.play(task)
    await task
    return crew, events


def at_white_horse() -> Target:
    return Target({SLUG: white_horse()}, StillClock())


def ended(events: list[Event]) -> AttemptEnded:
    return next(event for event in events if isinstance(event, AttemptEnded))


async def test_a_deadlock_ends_the_attempt_when_no_retry_is_asked_for() -> None:
    target = at_white_horse()
    target.victims = 1
    _, events = await played(target)
    assert ended(events).outcome == "deadlock"
    assert ended(events).tries == 1
    assert not target.busy, "the hold was given back"


async def test_a_retry_tries_the_same_tables_again_and_each_refusal_is_kept() -> None:
    target = at_white_horse()
    target.victims = 2
    _, events = await played(target, retries=3)
    assert ended(events).outcome == "filled"
    assert ended(events).tries == 3
    assert [event.outcome for event in events if isinstance(event, Refused)] == ["deadlock", "deadlock"]
    holds = [event for event in events if isinstance(event, Intended) and event.ids.step is Step.HOLD]
    assert len({event.tables for event in holds}) == 1
    assert len({event.hold_id for event in holds}) == 3


async def test_retries_run_out_and_the_last_refusal_decides() -> None:
    target = at_white_horse()
    target.victims = 9
    _, events = await played(target, retries=2)
    assert ended(events).outcome == "deadlock"
    assert ended(events).tries == 3


async def test_a_success_without_rows_is_acknowledged_and_is_no_fill() -> None:
    target = at_white_horse()
    target.replays = True
    _, events = await played(target)
    assert ended(events).outcome == "replay"
    assert ended(events).certainty is Certainty.OK
    assert ended(events).acknowledged
    assert ended(events).tables == ()
    assert ended(events).seats == 0


async def test_the_ladder_is_climbed_until_a_rung_holds() -> None:
    # Twelve guests: no single table of the White Horse seats them, two adjacent ones do.
    _, events = await played(at_white_horse(), party=12, strategies=ladder(3))
    assert ended(events).outcome == "filled"
    assert ended(events).strategy == "adjacent-x2"
    refused = [event for event in events if isinstance(event, Refused)]
    assert [event.strategy for event in refused] == ["adjacent-x1"]
    assert refused[0].outcome == "capacity"


async def test_a_ladder_that_ends_says_why_the_last_rung_did_not_hold() -> None:
    _, events = await played(at_white_horse(), party=90, strategies=ladder(2))
    assert ended(events).outcome == "capacity"
    assert [event.strategy for event in events if isinstance(event, Refused)] == [
        "adjacent-x1", "adjacent-x2", "relaxed-x1", "relaxed-x2",
    ]  # fmt: skip
