"""The engine's loop lag, by a clock that oversleeps as it is told."""

import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from engine.observe.lag import SLEEP_NS, WINDOW_NS, LoopLag
from engine.observe.load import LoadMeter


class Oversleeping:
    """Each sleep ends late by the next length given; the last one never ends."""

    def __init__(self, late_ns: list[int]) -> None:
        self._late = iter(late_ns)
        self._now_ns = 0
        self.done = asyncio.Event()

    def now_ns(self) -> int:
        return self._now_ns

    async def sleep_until(self, at_ns: int) -> None:
        late_ns = next(self._late, None)
        if late_ns is None:
            self.done.set()
            await asyncio.Event().wait()
        else:
            self._now_ns = at_ns + late_ns

    async def wait_for(self, event: asyncio.Event, at_ns: int) -> bool:
        await self.sleep_until(at_ns)
        return event.is_set()

    def wall(self) -> datetime:
        return datetime.fromtimestamp(0, UTC)


async def test_it_keeps_by_how_much_each_sleep_was_longer() -> None:
    clock = Oversleeping([1_000, 3_000, 2_000])
    lag = LoopLag(clock)
    running = asyncio.create_task(lag.run())
    await clock.done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert (lag.p99_ns(), lag.max_ns()) == (3_000, 3_000)


def test_before_the_first_sleep_there_is_no_lag() -> None:
    assert (LoopLag(Oversleeping([])).p99_ns(), LoopLag(Oversleeping([])).max_ns()) == (0, 0)


def test_one_stall_counts_for_everything_that_fell_due_in_it() -> None:
    lag = LoopLag(Oversleeping([]))
    for number in range(200):
        lag.record(number * SLEEP_NS, 0)
    stall_ns = 2_000_000_000
    lag.record(200 * SLEEP_NS + stall_ns, stall_ns)

    assert lag.p99_ns() > stall_ns * 0.9


def test_what_is_older_than_the_window_no_longer_counts_but_the_longest_is_kept() -> None:
    lag = LoopLag(Oversleeping([]))
    lag.record(0, 70_000_000)
    lag.record(WINDOW_NS + 1, 5)

    assert (lag.p99_ns(), lag.max_ns()) == (5, 70_000_000)


@given(st.lists(st.integers(min_value=0, max_value=60_000_000_000), min_size=1, max_size=60))
def test_memory_is_bounded_and_p99_never_above_the_longest(late_ns: list[int]) -> None:
    lag = LoopLag(Oversleeping([]))
    at_ns = 0
    for late in late_ns:
        at_ns += SLEEP_NS + late
        lag.record(at_ns, late)

    assert 0 <= lag.p99_ns() <= lag.max_ns()
    assert len(lag._waits) <= 2 * WINDOW_NS // SLEEP_NS + 2


async def test_what_a_stall_falls_into_is_tainted_unless_it_took_ten_times_as_long() -> None:
    clock = Oversleeping([1_000_000, 30_000_000, 2_000_000])
    lag = LoopLag(clock)
    meter = LoadMeter(clock, lag)
    meter.begin()
    running = asyncio.create_task(lag.run())
    await clock.done.wait()
    running.cancel()
    load = meter.end()
    assert load.lag_p99_ns == 30_000_000
    ((from_ns, until_ns),) = load.stalls
    assert until_ns - from_ns == 30_000_000
    short, before, after = (from_ns - 5, from_ns + 5), (0, from_ns), (until_ns, until_ns + 9)
    long = (from_ns - 200_000_000, until_ns + 200_000_000)
    assert load.of([short, before, after, long]).tainted == 1
    meter.begin()
    assert meter.end().stalls == ()
