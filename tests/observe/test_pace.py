"""The sampler gets out of the way of a server that is slow to answer, and comes back when it is quick again."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.database import Connection
from engine.model.sample import Sample
from engine.observe.changes import Changes
from engine.observe.pace import MOST_NS, SHARE, Pace
from engine.observe.rows import Limits, ServerFacts
from engine.observe.sampler import Sampler
from tests.clocks import StillClock
from tests.observe.stage import nobody

MS = 1_000_000
MOMENT = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
LENGTHS = st.integers(0, 5_000 * MS)


@given(st.lists(LENGTHS, min_size=1))
def test_it_is_never_quicker_than_asked_nor_slower_than_a_lost_server(looks: list[int]) -> None:
    pace = Pace(500 * MS)
    for took_ns in looks:
        before_ns = pace.pause_ns
        pace.take(took_ns)
        assert 500 * MS <= pace.pause_ns <= MOST_NS
        assert pace.pause_ns >= min(took_ns * SHARE, MOST_NS)
        assert pace.pause_ns >= before_ns // 2
        assert bool(pace.says()) is (pace.pause_ns > 500 * MS)


def test_a_look_of_200_ms_makes_the_next_ones_rarer_and_cheap_ones_bring_them_back() -> None:
    pace = Pace(500 * MS)
    pauses = []
    for took_ns in (10 * MS, 200 * MS, 10 * MS, 10 * MS, 10 * MS):
        pace.take(took_ns)
        pauses.append((pace.pause_ns // MS, pace.says()))
    assert pauses == [
        (500, ""),
        (2000, "looks every 0.5 s: one took 200 ms, so the next begins after 2.0 s"),
        (1000, "looks every 0.5 s: one took 200 ms, so the next begins after 1.0 s"),
        (500, ""),
        (500, ""),
    ]


def test_the_way_to_a_far_server_costs_it_nothing_but_half_of_a_look_counts() -> None:
    pace = Pace(500 * MS)
    pace.take(90 * MS, way_ns=40 * MS)
    assert (pace.pause_ns, pace.says()) == (500 * MS, "")
    pace.take(90 * MS)
    assert pace.pause_ns == 900 * MS
    pace.take(200 * MS, way_ns=300 * MS)
    assert pace.pause_ns == 1000 * MS


def test_who_asks_for_a_look_a_minute_is_not_made_to_look_more_often() -> None:
    pace = Pace(60_000 * MS)
    pace.take(1000 * MS)
    assert pace.pause_ns == 60_000 * MS


class Server(Connection):
    """A server of which nothing is known but how long its answers take; on the test's own clock."""

    def __init__(self, clock: StillClock, answers_ms: Iterator[int]) -> None:
        self._clock = clock
        self._answers_ms = answers_ms
        self.begun_ms: list[int] = []
        self._under_way = False

    @property
    def is_open(self) -> bool:
        return True

    async def begin_looking(self) -> None:
        assert not self._under_way, "two looks overlap"
        self._under_way = True
        self.begun_ms.append(self._clock.now_ns() // MS)

    async def row(self, name: str, into: type[Any], *args: object) -> Any:
        if into is Limits:
            return Limits("", "", 1, MOMENT)
        return ServerFacts("17.0", 100, 3, is_monitor=True, reads_all_stats=True, has_statements=True)

    async def rows(self, name: str, into: type[Any], *args: object) -> list[Any]:
        if name == "observe/activity":
            await self._clock.sleep_until(self._clock.now_ns() + next(self._answers_ms) * MS)
        return []

    async def commit(self) -> str:
        self._under_way = False
        return "COMMIT"

    async def close(self) -> None:
        return


async def test_a_dear_look_is_said_on_the_screen_and_in_the_record_until_looks_are_cheap_again() -> None:
    clock = StillClock()
    server = Server(clock, chain([5, 200, 200], repeat(5)))
    looks: list[Sample] = []

    async def connect() -> Connection:
        return server

    sampler = Sampler(connect, clock, nobody, 0.5, 5.0)
    running = asyncio.create_task(sampler.run(looks.append, lambda trouble: None))
    await clock.advance(8_000 * MS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert server.begun_ms == [0, 500, 2500, 4500, 5500, 6000, 6500, 7000, 7500, 8000]
    assert [one.missing for one in looks[:6]] == [
        (),
        ("looks every 0.5 s: one took 200 ms, so the next begins after 2.0 s",),
        ("looks every 0.5 s: one took 200 ms, so the next begins after 2.0 s",),
        ("looks every 0.5 s: one took 200 ms, so the next begins after 1.0 s",),
        (),
        (),
    ]
    changes = Changes()
    said = [change.text for look in looks for change in changes.take(look)]
    assert said[1:] == ["looks every 0.5 s: one took 200 ms, so the next begins after 2.0 s"]


async def test_looks_that_are_asked_for_at_once_come_one_after_the_other() -> None:
    clock = StillClock()
    server = Server(clock, repeat(30))

    async def connect() -> Connection:
        return server

    sampler = Sampler(connect, clock, nobody, 0.5, 5.0)
    three = asyncio.gather(*(sampler.look() for _ in range(3)))
    await clock.advance(100 * MS)
    assert [look.took_ns for look in await three] == [30 * MS] * 3
    assert server.begun_ms == [0, 30, 60]
