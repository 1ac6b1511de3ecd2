"""The console on a real run: what the keys say is what the run does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.link_door import LinkDoor
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from engine.records.export import export
from tests.shell import PACED, Shell, alive, wait_until
from tui.app import SlotfillApp

WITHIN = 400
"""Looks of 50 ms each: what a real engine does is waited for, with a bound."""


async def until(pilot: Pilot[str], app: SlotfillApp, condition: Callable[[RunSnapshot], bool], what: str) -> None:
    for _ in range(WITHIN):
        if app.last is not None and condition(app.last):
            return
        await pilot.pause(0.05)
    pytest.fail(f"the console never showed {what}")


async def with_console(
    shell: Shell, size: tuple[int, int], use: Callable[[Pilot[str], SlotfillApp], Awaitable[None]]
) -> None:
    door = await LinkDoor.open(Path(shell.manifest()["socket"]))
    folder = shell.runs()[-1]

    async def keep(snapshot: RunSnapshot, svg: str) -> str:
        return str(await asyncio.to_thread(export, snapshot, folder, svg, datetime.now(UTC)))

    app = SlotfillApp(door, who="ana@test", refresh_s=0.05, export=keep)
    try:
        async with app.run_test(size=size) as pilot:
            await use(pilot, app)
    finally:
        await door.close()


@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((160, 50), marks=pytest.mark.campaign)], ids=["80x24", "160x50"]
)
async def test_pause_plus_minus_workers_export_leave_and_attach_again_on_a_live_run(
    shell: Shell, size: tuple[int, int]
) -> None:
    process = await asyncio.to_thread(shell.begin_run, *PACED)

    async def steer(pilot: Pilot[str], app: SlotfillApp) -> None:
        await until(pilot, app, lambda seen: seen.run.attempts > 3, "attempts")
        await pilot.press("P")
        await until(pilot, app, lambda seen: seen.run.state is RunState.PAUSED, "PAUSED")
        attempts = app.last.run.attempts if app.last else 0
        await pilot.press("plus", "plus", "minus")
        await until(pilot, app, lambda seen: seen.run.concurrency == 5, "five workers wanted")
        assert app.last is not None
        assert app.last.run.attempts == attempts
        await pilot.press("P")
        await until(pilot, app, lambda seen: seen.run.state is RunState.RUNNING, "RUNNING")
        await pilot.press("colon", *"workers", "space", "1", "2", "enter")
        await until(pilot, app, lambda seen: seen.run.workers == 12, "twelve workers")
        await pilot.press("E")
        for _ in range(WITHIN):
            if list((shell.runs()[-1] / "snapshots").glob("*/screen.svg")):
                break
            await pilot.pause(0.05)
        await pilot.press("q")

    await with_console(shell, size, steer)
    snapshot = next((shell.runs()[-1] / "snapshots").iterdir())
    assert len(list(snapshot.iterdir())) == 7
    assert "http" not in (snapshot / "screen.svg").read_text().replace("http://www.w3.org", "")
    assert alive(shell.manifest()["pid"])

    async def look_again(pilot: Pilot[str], app: SlotfillApp) -> None:
        await until(pilot, app, lambda seen: seen.run.workers == 12 and seen.run.attempts > 3, "the same run")
        # Its events are too many by now for the picture to hold the one of the resize: the journal below has it.
        assert app.last is not None
        assert app.last.run.settings["concurrency"] == "12"
        await pilot.press("X", "y")
        await until(pilot, app, lambda seen: seen.run.state.is_over, "its end")
        assert app.last is not None
        assert app.last.run.exit_code == 130

    await with_console(shell, size, look_again)
    await asyncio.to_thread(process.communicate, timeout=60)
    said = [json.loads(line) for line in shell.do("events").out.splitlines()]
    acts = [(one["command"], one["who"]) for one in said if one["type"] == "Acted"]
    assert ("pause", "ana@test") in acts
    assert ("set concurrency=12", "ana@test") in acts
    assert ("stop", "ana@test") in acts


async def test_three_consoles_on_one_run_see_the_same_and_are_counted(shell: Shell) -> None:
    process = await asyncio.to_thread(shell.begin_run, *PACED)
    doors = [await LinkDoor.open(Path(shell.manifest()["socket"])) for _ in range(3)]
    await asyncio.to_thread(wait_until, lambda: shell.see().run.consoles >= 3, "three consoles")
    snapshots = await asyncio.gather(*(door.snapshot() for door in doors))
    assert len({snapshot.run.run_id for snapshot in snapshots}) == 1
    for door in doors:
        await door.close()
    await asyncio.to_thread(shell.do, "stop")
    await asyncio.to_thread(process.communicate, timeout=60)
