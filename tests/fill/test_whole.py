"""An attempt where the platform assigns: confirmed in the answer, while it is asked after, late, or not at all."""

import asyncio
import datetime as dt
from uuid import UUID, uuid4

from engine.allocator.strategies import OPTIMAL
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders, Windows
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.model.event import AttemptEnded, Event, Intended, Refused
from engine.model.floor import Floor
from engine.model.ids import RunId, TurnId
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.path import Path
from engine.model.step import Step
from engine.model.turn import Order, Turn
from engine.plans.create import CreatePlan
from engine.rota import Page
from engine.target import Capability, Heard, Submitted
from tests.allocator.floors import white_horse
from tests.clocks import StillClock
from tests.fill.crews import MONDAY

S = 1_000_000_000
SLUG = "white-horse-pub-waterbeach"
CONFIRMED = Heard("confirmed", ("MD-01",), seats=4, zone="Main Dining")
PENDING = Heard("pending")


class Api:
    """A platform that assigns by itself: an answer to the submit, and then what a booking is at which second."""

    name = "api"
    capabilities: frozenset[Capability] = frozenset()
    steps = (Step.SUBMIT, Step.INLINE_WAIT, Step.BACKGROUND_WAIT, Step.TOTAL)
    pid: int | None = None
    overcome: tuple[Refusal, ...] = ()
    rested_ns = 0

    def __init__(self, answer: Heard | Refusal | None, story: dict[int, Heard | Refusal], found: UUID | None) -> None:
        self.clock = StillClock()
        self.floors: dict[str, Floor] = {SLUG: white_horse()}
        self.answer = answer
        self.story = story
        self.found = found
        self.booking = uuid4()
        self.looks = 0

    async def seat(self, application_name: str) -> "Api":
        return self

    async def submit(self, order: Order) -> Submitted | Refusal:
        await self.clock.sleep_until(self.clock.now_ns() + S)
        return self.answer if isinstance(self.answer, Refusal) else Submitted(self.booking, heard=self.answer)

    async def look(self, order: Order, booking_id: UUID) -> Heard | Refusal:
        self.looks += 1
        now = self.clock.now_ns() // S
        return next((told for since, told in sorted(self.story.items(), reverse=True) if since <= now), PENDING)

    async def find(self, order: Order) -> UUID | Refusal | None:
        return self.found

    async def close(self) -> None:
        """Nothing is held."""


async def made(
    answer: Heard | Refusal | None = None, story: dict[int, Heard | Refusal] | None = None, found: UUID | None = None
) -> tuple[AttemptEnded, list[Event]]:
    """One booking, with an inline window of 10 s and a background window of 30 s."""
    return await made_at(Api(answer, story or {}, found))


async def made_at(api: Api, every_s: int = 1) -> tuple[AttemptEnded, list[Event]]:
    """The same at that platform."""
    events: list[Event] = []
    desk = Desk(api.clock, events.append, Holders(), {}, windows=Windows(10 * S, 30 * S, every_s * S))
    plan = CreatePlan([Page(Turn(TurnId(1), SLUG, MONDAY, dt.time(12, 0), 2))])
    crew = Crew(RunId("test"), Task(plan, (OPTIMAL,), 1), api, Pace(None), desk)  # type: ignore[arg-type]
    task = asyncio.create_task(crew.run())
    await api.clock.play(task)
    await task
    return next(event for event in events if isinstance(event, AttemptEnded)), events


def waits(ended: AttemptEnded) -> dict[str, int]:
    return {took.step.value: took.took_ns // S for took in ended.steps}


async def test_a_booking_confirmed_in_the_answer_is_never_asked_after() -> None:
    ended, events = await made(CONFIRMED)
    assert (ended.outcome, ended.path, ended.late) == ("filled", Path.CONFIRMED_INLINE_API, False)
    assert ended.tables == ("MD-01",)
    assert ended.seat_waste == 2
    assert list(waits(ended)) == ["submit", "total"]
    assert [event.ids.step for event in events if isinstance(event, Intended)] == [Step.SUBMIT]


async def test_one_confirmed_while_the_inline_window_is_open_was_confirmed_inline() -> None:
    ended, _ = await made(None, {4: CONFIRMED})
    assert ended.path is Path.CONFIRMED_INLINE_POLL
    assert waits(ended)["inline_wait"] == 3


async def test_an_inline_timeout_that_is_confirmed_all_the_same_is_late_and_no_failure() -> None:
    timed_out = Heard("pending", reason="INLINE_TIMEOUT", planner_ns=50_000_000)
    ended, _ = await made(timed_out, {5: CONFIRMED})
    assert (ended.outcome, ended.path, ended.late) == ("filled", Path.CONFIRMED_BACKGROUND, True)
    assert ended.certainty is Certainty.OK
    assert ended.planner_ns == 50_000_000
    assert "background_wait" in waits(ended)
    assert "inline_wait" not in waits(ended)


async def test_one_confirmed_after_the_inline_window_was_confirmed_in_the_background() -> None:
    ended, _ = await made(None, {20: CONFIRMED})
    assert ended.path is Path.CONFIRMED_BACKGROUND
    assert waits(ended)["inline_wait"] <= 10
    assert waits(ended)["submit"] + waits(ended)["inline_wait"] + waits(ended)["background_wait"] >= 19


async def test_however_seldom_it_is_asked_after_it_is_so_once_more_when_a_window_closes() -> None:
    ended, _ = await made_at(Api(None, {10: CONFIRMED}, None), every_s=8)
    assert (ended.path, waits(ended)["inline_wait"]) == (Path.CONFIRMED_INLINE_POLL, 9)
    ended, _ = await made_at(Api(None, {28: CONFIRMED}, None), every_s=8)
    assert (ended.outcome, ended.path) == ("filled", Path.CONFIRMED_BACKGROUND)


async def test_when_the_platform_gives_up_its_own_reason_decides() -> None:
    ended, _ = await made(None, {3: Heard("pending", reason="Insufficient filtered capacity", is_final=True)})
    assert (ended.outcome, ended.path) == ("capacity", Path.FAILED_INLINE_TERMINAL)
    assert ended.certainty is Certainty.FAIL


async def test_a_window_that_closes_leaves_it_unknown_as_it_may_be_confirmed_yet() -> None:
    ended, _ = await made(Heard("pending", reason="INLINE_TIMEOUT"))
    assert (ended.outcome, ended.path) == ("inline_timeout", Path.FAILED_BACKGROUND_TIMEOUT)
    assert ended.certainty is Certainty.INFO
    ended, _ = await made(None)
    assert (ended.outcome, ended.certainty) == ("timeout", Certainty.INFO)


async def test_a_lost_answer_is_looked_up_by_its_key_and_goes_on_when_it_is_there() -> None:
    lost = Refusal(Step.SUBMIT, Phase.IN_DOUBT, "no answer came within 30 s", exception="TimeoutError")
    there = uuid4()
    ended, _ = await made(lost, {3: CONFIRMED}, found=there)
    assert (ended.outcome, ended.booking_id) == ("filled", there)


async def test_a_lost_answer_whose_booking_is_not_there_did_not_happen() -> None:
    lost = Refusal(Step.SUBMIT, Phase.IN_DOUBT, "no answer came within 30 s", exception="TimeoutError")
    ended, _ = await made(lost)
    assert (ended.outcome, ended.certainty) == ("timeout", Certainty.FAIL)
    assert ended.path is Path.FAILED_INLINE_TERMINAL


async def test_a_question_that_is_not_answered_is_asked_again() -> None:
    unheard = Refusal(Step.INLINE_WAIT, Phase.UNCOMMITTED, "HTTP 503", exception="ServerError")
    ended, events = await made(None, {1: unheard, 4: CONFIRMED})
    assert ended.outcome == "filled"
    assert sum(isinstance(event, Refused) for event in events) >= 2


async def test_a_rejected_booking_is_refused_at_the_submit() -> None:
    told = Refusal(Step.SUBMIT, Phase.ANSWERED, "OPERATING_HOURS_CLOSED: Restaurant is closed on the selected date.")
    ended, _ = await made(told)
    assert (ended.outcome, ended.certainty, ended.path) == (
        "outside_hours",
        Certainty.FAIL,
        Path.FAILED_INLINE_TERMINAL,
    )


async def test_waiting_out_a_rate_limit_takes_nothing_from_the_windows() -> None:
    class Limited(Api):
        """It lets the booking in after twenty seconds, longer than the inline window."""

        async def submit(self, order: Order) -> Submitted | Refusal:
            began_ns = self.clock.now_ns()
            await self.clock.sleep_until(began_ns + 20 * S)
            self.rested_ns = 20 * S
            return await super().submit(order)

    api = Limited(None, {25: CONFIRMED}, None)
    ended, _ = await made_at(api)
    assert waits(ended)["submit"] == 1
    assert ended.path is Path.CONFIRMED_INLINE_POLL
    assert waits(ended)["inline_wait"] == 4
