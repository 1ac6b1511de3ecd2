"""Two operators at one wheel: what one sets while the other's fault is being switched stays set."""

import asyncio
import datetime as dt

from engine.backends import Backends
from engine.config import RunSettings, Settings
from engine.database import Connection, DatabaseUnreachable
from engine.fault_switch import FaultSwitch, Where
from engine.model.command import Answer, Command, Verb
from engine.model.event import SettingsChanged
from engine.model.run_state import RunState
from engine.model.strategy import Rules
from engine.steering import Steering, Wheel
from tests.fill.crews import MS, Rehearsal, rehearse


class Slow(FaultSwitch):
    """A switch that waits for a lock of the fills, as one in a busy database does."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        async def connect(name: str) -> Connection:
            raise DatabaseUnreachable("nobody connects here")

        super().__init__(connect, rehearsal.target, Where(Rules(), 7, dt.date(2027, 3, 1)))
        self.lock = asyncio.Event()
        self.turned: list[tuple[str, ...]] = []

    async def turn(self, wanted: tuple[str, ...]) -> None:
        await self.lock.wait()
        self.turned.append(wanted)
        self._there = {one.partition("=")[0]: one.partition("=")[2] for one in wanted}


def wheel(rehearsal: Rehearsal) -> tuple[Steering, Slow]:
    switch = Slow(rehearsal)
    at = Wheel(rehearsal.clock, rehearsal.events.append, lambda: None, "fill", switch)
    return Steering(Settings(run=RunSettings(concurrency=2)), rehearsal.crew, at, Backends(None)), switch


def sets(steers: Steering, *assignments: str) -> "asyncio.Task[Answer]":
    return asyncio.create_task(steers.do(Command(Verb.SET, assignments), "ana@jump1"))


async def test_what_is_set_while_a_fault_is_switched_is_not_undone_by_it() -> None:
    rehearsal = rehearse(concurrency=2)
    steers, switch = wheel(rehearsal)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    switching, more = sets(steers, "fault.restaurant-row-lock=on"), sets(steers, "concurrency=+1", "retries=2")
    await rehearsal.clock.settle()
    assert more.done(), "who wants a worker more waits for no fault"
    switch.lock.set()
    assert (await switching).done
    assert (await more).done
    await rehearsal.clock.play(task)
    assert (steers.settings.run.concurrency, rehearsal.crew.concurrency) == (3, 3)
    assert steers.settings.run.retries == 2
    assert steers.settings.run.faults == ("restaurant-row-lock",)
    told = [(event.key, event.who) for event in rehearsal.events if isinstance(event, SettingsChanged)]
    assert sorted(told) == [(key, "ana@jump1") for key in ("concurrency", "faults", "retries")], "each once"


async def test_two_faults_that_are_switched_at_once_are_both_on() -> None:
    rehearsal = rehearse(concurrency=2)
    steers, switch = wheel(rehearsal)
    first, second = sets(steers, "fault.restaurant-row-lock=on"), sets(steers, "fault.immortal-holds=on")
    await rehearsal.clock.settle()
    switch.lock.set()
    assert (await first).done
    assert (await second).done
    assert set(switch.turned[-1]) == {"restaurant-row-lock", "immortal-holds"}
    assert set(steers.settings.run.faults) == {"restaurant-row-lock", "immortal-holds"}


async def test_the_round_of_a_sweep_that_begins_while_a_fault_is_switched_keeps_its_level() -> None:
    rehearsal = rehearse(concurrency=2)
    steers, switch = wheel(rehearsal)
    switching = sets(steers, "fault.restaurant-row-lock=on")
    await rehearsal.clock.settle()
    steers.resize(8)
    switch.lock.set()
    assert (await switching).done
    assert (steers.settings.run.concurrency, rehearsal.crew.concurrency) == (8, 8)


async def stops(steers: Steering, who: str) -> Answer:
    return await steers.do(Command(Verb.STOP), who)


async def test_a_second_stop_cancels_only_when_the_same_person_says_it_again_within_three_seconds() -> None:
    rehearsal = rehearse(concurrency=2)
    steers, _ = wheel(rehearsal)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    states = []
    assert (await stops(steers, "ana@jump1 pts/1")).done
    other = await stops(steers, "bo@jump1 pts/2")
    assert not other.done
    assert other.text.startswith("it drains already: 2 in flight; again within 3 s cancels them")
    assert other.text.endswith("ana@jump1 pts/1 has asked first")
    states.append(rehearsal.crew.state)
    assert (await stops(steers, "bo@jump1 pts/2")).done
    states.append(rehearsal.crew.state)
    assert states == [RunState.DRAINING, RunState.CANCELLING], "what one lets drain, another's same word does not end"
    await rehearsal.clock.play(task)


async def test_who_stopped_it_may_cancel_it_though_another_has_said_stop_in_between() -> None:
    rehearsal = rehearse(concurrency=2)
    steers, _ = wheel(rehearsal)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    assert [(await stops(steers, who)).done for who in ("ana", "bo", "ana")] == [True, False, True]
    assert rehearsal.crew.state is RunState.CANCELLING
    await rehearsal.clock.play(task)
