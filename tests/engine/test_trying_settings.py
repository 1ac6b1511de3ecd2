"""What a setting would do is said before it does, by the engine that would do it; and nothing is changed by asking."""

import asyncio

import pytest
from msgspec.structs import replace

from engine.backends import Backends
from engine.config import FillSettings, RunSettings, Settings
from engine.effects import MEANINGS, Moment, effect
from engine.model.command import Answer, Command, Verb
from engine.steering import STEERABLE, STEERABLE_IN, Steering, Wheel
from tests.fill.crews import MS, Rehearsal, rehearse


def steering(rehearsal: Rehearsal, plan: str = "fill") -> Steering:
    settings = Settings(run=RunSettings(concurrency=4), fill=FillSettings(stress_max=3, min_party=1, max_party=8))
    wheel = Wheel(rehearsal.clock, rehearsal.events.append, lambda: None, plan, None)
    return Steering(settings, rehearsal.crew, wheel, Backends(None))


async def tried(steers: Steering, *assignments: str) -> Answer:
    return await steers.do(Command(Verb.TRY, assignments), "ana@jump1")


async def test_every_steerable_setting_has_its_sentence() -> None:
    assert set(MEANINGS) == {*STEERABLE, "run.faults", *(key for keys in STEERABLE_IN.values() for key in keys)}
    moment = Moment(4, 2, (1, 3))
    for key in MEANINGS:
        assert effect(key, Settings(), Settings(), moment) == MEANINGS[key]


async def test_what_a_change_would_do_is_said_and_not_done() -> None:
    rehearsal = rehearse(concurrency=4, slots=6, stress_max=3)
    steers = steering(rehearsal)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    try:
        before, events = steers.steerable(), len(rehearsal.events)
        answer = await tried(
            steers, "concurrency=1", "rate=30", "retries=2", "stress_max=1", "min_party=2", "max_party=8"
        )
        assert answer.done, answer.text
        assert answer.lines == (
            "3 workers leave after the attempt in hand",
            "a new schedule from now on: 30 attempts a second whatever the answers, till now at once",
            "from the next refusal on: up to 2 more tries, each one recorded, with backoff",
            "every open slot, from its next attempt on; 4 slots end, they have had as many",
            "2 slots in which nothing has begun, from 2 to 8; the others keep their party",
            MEANINGS["fill.max_party"],
        )
        assert (await tried(steers, "concurrency=+1")).lines == ("1 worker begins at once",)
        assert (steers.steerable(), len(rehearsal.events)) == (before, events)
    finally:
        await rehearsal.clock.play(task)


@pytest.mark.parametrize(
    ("assignments", "wrong"),
    [
        (("concurrency=0",), ("!concurrency = 0 starts nobody; give 1 to 256",)),
        (("concurrency=many", "retries=1"), ("!", "from the next refusal on")),
        (("min_party=9", "retries=1"), ("!min-party = 9 is above max-party = 8", "from")),
        (("stress_max=", "rate="), ("!stress_max = nothing is no value; it is 3", MEANINGS["run.rate"])),
        (("colour=blue",), ("!colour=blue cannot be set while it runs",)),
        (("faults=ledger-replay",), ("!faults=ledger-replay cannot be set while it runs",)),
    ],
)
async def test_what_cannot_be_set_is_said_at_the_value_it_is_about(
    assignments: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    answer = await tried(steering(rehearse()), *assignments)
    assert not answer.done
    assert answer.text
    assert len(answer.lines) == len(assignments)
    for line, begin in zip(answer.lines, wrong, strict=True):
        assert line.startswith(begin)


async def test_two_values_that_go_only_together_are_set_together_whichever_comes_first() -> None:
    steers = steering(rehearse())
    assert (await tried(steers, "min_party=9", "max_party=12")).done
    answer = await steers.do(Command(Verb.SET, ("min_party=9", "max_party=12")), "ana@jump1")
    assert answer.done, answer.text
    assert steers.settings.fill.min_party == 9


async def test_of_several_values_one_wrong_one_leaves_all_as_they_were() -> None:
    steers = steering(rehearse())
    answer = await steers.do(Command(Verb.SET, ("retries=3", "concurrency=0")), "ana@jump1")
    assert not answer.done
    assert steers.settings.run.retries == 0


async def test_sweeping_says_that_rows_of_anybody_go() -> None:
    answer = await tried(steering(rehearse(), "assign"), "sweep_holds=true", "clear_zone_locks=false")
    assert answer.lines == (
        "at each pass's end holds that are expired or leaked are DELETED, anybody's",
        MEANINGS["assign.clear_zone_locks"],
    )


def test_faults_that_go_on_and_off_are_named_with_what_they_do() -> None:
    old = Settings(run=RunSettings(faults=("immortal-holds", "ledger-replay=0.2")))
    new = replace(old, run=replace(old.run, faults=("ledger-replay=0.5", "restaurant-row-lock")))
    said = effect("run.faults", old, new, Moment(1, 0, ()))
    assert "restaurant-row-lock goes on: assignments of one restaurant deadlock" in said
    assert "ledger-replay gets another value" in said
    assert "immortal-holds goes off" in said
