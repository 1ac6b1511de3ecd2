"""One timer for call after call: what is late is ended, what is not goes on, and another's cancel stays a cancel."""

import asyncio
from collections.abc import Awaitable

import pytest

from engine.deadline import Deadline


async def bounded(deadline: Deadline, call: Awaitable[object]) -> str:
    begun = deadline.begins()
    try:
        await call
    except asyncio.CancelledError:
        if deadline.was_late(begun):
            return "late"
        raise
    finally:
        deadline.ended(begun)
    return "in time"


@pytest.fixture
def moved() -> list[float]:
    """Seconds by which the loop's clock is moved on."""
    return [0.0]


async def let_the_loop_look(moved: list[float], seconds: float) -> None:
    moved[0] += seconds
    for _ in range(5):
        await asyncio.sleep(0)


def move_clock(monkeypatch: pytest.MonkeyPatch, moved: list[float]) -> None:
    loop = asyncio.get_running_loop()
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + moved[0])


async def test_a_call_that_takes_too_long_is_ended_and_its_task_is_not_cancelled_for_it(
    monkeypatch: pytest.MonkeyPatch, moved: list[float]
) -> None:
    move_clock(monkeypatch, moved)
    calling = asyncio.create_task(bounded(Deadline(100), asyncio.Event().wait()))
    await let_the_loop_look(moved, 0)
    await let_the_loop_look(moved, 99)
    assert not calling.done()
    await let_the_loop_look(moved, 2)
    assert await calling == "late"
    assert calling.cancelling() == 0


async def test_the_timer_of_an_earlier_call_does_not_end_a_later_one(
    monkeypatch: pytest.MonkeyPatch, moved: list[float]
) -> None:
    move_clock(monkeypatch, moved)
    deadline = Deadline(100)
    assert await bounded(deadline, asyncio.sleep(0)) == "in time"
    await let_the_loop_look(moved, 60)
    calling = asyncio.create_task(bounded(deadline, asyncio.Event().wait()))
    await let_the_loop_look(moved, 0)
    await let_the_loop_look(moved, 60)  # the first one's time is over, and sixty seconds of the second one's
    assert not calling.done()
    await let_the_loop_look(moved, 60)
    assert await calling == "late"


async def test_a_call_that_ended_is_not_ended_again(monkeypatch: pytest.MonkeyPatch, moved: list[float]) -> None:
    move_clock(monkeypatch, moved)
    deadline = Deadline(100)
    assert await bounded(deadline, asyncio.sleep(0)) == "in time"
    await let_the_loop_look(moved, 1000)
    assert await bounded(deadline, asyncio.sleep(0)) == "in time"


async def test_a_cancel_by_somebody_else_stays_a_cancel() -> None:
    calling = asyncio.create_task(bounded(Deadline(100), asyncio.Event().wait()))
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling


async def test_a_cancel_at_the_very_moment_of_the_end_stays_a_cancel(
    monkeypatch: pytest.MonkeyPatch, moved: list[float]
) -> None:
    move_clock(monkeypatch, moved)
    deadline = Deadline(100)
    calling = asyncio.create_task(bounded(deadline, asyncio.Event().wait()))
    await let_the_loop_look(moved, 0)
    asyncio.get_running_loop().call_soon(calling.cancel)
    await let_the_loop_look(moved, 101)
    with pytest.raises(asyncio.CancelledError):
        await calling


async def test_calls_within_a_call_have_their_own_time(monkeypatch: pytest.MonkeyPatch, moved: list[float]) -> None:
    move_clock(monkeypatch, moved)
    deadline = Deadline(100)

    async def outer() -> str:
        inner = await bounded(deadline, let_the_loop_look(moved, 60))
        return f"{inner}, then {await bounded(deadline, let_the_loop_look(moved, 60))}"

    assert await outer() == "in time, then in time"
    deadline.close()
    deadline.close()


async def test_a_late_call_that_ends_by_another_error_leaves_no_cancel_behind(
    monkeypatch: pytest.MonkeyPatch, moved: list[float]
) -> None:
    move_clock(monkeypatch, moved)

    async def loses_count() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            raise LookupError("as asyncpg may") from cancelled

    calling = asyncio.create_task(bounded(Deadline(100), loses_count()))
    await let_the_loop_look(moved, 0)
    await let_the_loop_look(moved, 101)
    with pytest.raises(LookupError):
        await calling
    assert calling.cancelling() == 0
