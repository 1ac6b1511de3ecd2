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


class Victim(Deadlocking):
    """A seat whose first COMMIT, or first hold, is a victim."""

    def __init__(self, seat: Seat, step: Step) -> None:
        super().__init__(seat, 0)
        self.step = step
        self.left = 1

    def refused(self, step: Step) -> Refusal | None:
        if step is not self.step or not self.left:
            return None
        self.left -= 1
        return Refusal(step, Phase.ANSWERED, "could not serialize access", sqlstate="40001")

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> object:
        return self.refused(Step.HOLD) or await self._seat.hold(order, candidate, hold_id)

    async def commit(self, order: Order, candidate: Candidate) -> object:
        return self.refused(Step.COMMIT) or await self._seat.commit(order, candidate)


class Victims(RehearsalTarget):
    """A rehearsal target with such seats."""

    step = Step.COMMIT

    async def seat(self, application_name: str) -> Seat:
        return Victim(await super().seat(application_name), self.step)  # type: ignore[return-value]


async def cancelled_when(step: Step, refused: int, intents: int) -> tuple[RehearsalTarget, list[Event]]:
    """One booking whose first COMMIT or hold was refused, cancelled after so many refusals and intents of the step."""
    clock = StillClock()
    target = Victims({SLUG: white_horse()}, clock)
    target.step = step
    plan = CreatePlan([Page(Turn(TurnId(1), SLUG, MONDAY, NOON, 2))])
    events: list[Event] = []
    crew = crew_for(plan, target, events, concurrency=1, retries=3)
    task = asyncio.create_task(crew.run())
    for _ in range(100):
        await clock.advance(500_000)
        told = [event for event in events if isinstance(event, Refused)]
        sent = [event for event in events if isinstance(event, Intended) and event.ids.step is Step.CONFIRM]
        if len(told) >= refused and len(sent) >= intents:
            break
    crew.stop()
    crew.cancel()
    await clock.play(task)
    return target, events


async def test_a_cancel_in_the_try_after_a_refused_commit_gives_its_hold_back() -> None:
    target, events = await cancelled_when(Step.COMMIT, refused=1, intents=2)
    assert ended(events).tries == 2
    assert not target.busy, "the second try's hold was left to its expiry"


async def test_a_cancel_while_a_retry_waits_leaves_nothing_in_doubt() -> None:
    _, events = await cancelled_when(Step.HOLD, refused=1, intents=0)
    assert ended(events).certainty is Certainty.FAIL
    assert ended(events).outcome == "unknown"


async def test_the_waits_before_retries_do_not_grow_beyond_all_bounds() -> None:
    target = at_white_horse()
    target.victims = 20
    _, events = await played(target, retries=20)
    assert ended(events).outcome == "filled"
    assert target.clock.now_ns() < 60_000_000_000


async def test_retries_that_are_allowed_meanwhile_count_from_the_next_refusal_on() -> None:
    target = at_white_horse()
    target.victims = 1
    plan = CreatePlan([Page(Turn(TurnId(1), SLUG, MONDAY, NOON, 2))])
    events: list[Event] = []
    crew = crew_for(plan, target, events, concurrency=1)
    retries = 0
    crew.desk = crew.desk._replace(retries=lambda: retries)
    assert isinstance(target.clock, StillClock)
    task = asyncio.create_task(crew.run())
    await target.clock.advance(1_500_000)
    retries = 1
    await target.clock.play(task)
    assert ended(events).outcome == "filled"
