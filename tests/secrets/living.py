"""A run that lives among sentinels, looked at in every way, and engines that die there."""

import asyncio
import os
import signal

import msgspec

from engine.link_door import LinkDoor
from tests.scratch import ScratchDatabase
from tests.secrets import planting
from tests.secrets.hearing import Heard, do
from tests.secrets.sentinels import BEARER, BROKEN, EMAIL, PASSWORD, PHONES, PLAIN
from tests.shell import PACED, Shell, alive, wait_until
from tui.app import SlotfillApp
from tui.picture import picture

LAYOUTS = ("1", "2", "3", "l", "escape", "h", "escape", "c", "escape", "z", "escape", "e", "escape", "v", "escape")
"""Keys that show every panel once."""


async def watched(shell: Shell, heard: Heard, size: tuple[int, int]) -> None:
    """Every panel of the live run as a picture, and every byte that came over the socket for it."""
    door = await LinkDoor.open(shell.socket())
    try:
        app = SlotfillApp(door, who="ana@test", refresh_s=0.05, watch=True)
        async with app.run_test(size=size) as pilot:
            for key in LAYOUTS:
                await pilot.press(key)
                await pilot.pause(0.15)
                heard.take(f"picture after {key} at {size}", picture(app, "slotfill"))
        heard.take("socket: snapshot", msgspec.json.encode(await door.snapshot()))
        _, events = await door.events(0)
        assert any(type(event).__name__ == "Refused" for event in events), "nothing was refused: nothing was tried"
        heard.take("socket: events", msgspec.json.encode(events))
    finally:
        await door.close()


SIZES = ((160, 50), (80, 24))


async def a_run(
    shell: Shell, database: ScratchDatabase, heard: Heard, sizes: tuple[tuple[int, int], ...] = SIZES
) -> None:
    """A paced run with strangers about, looked at in every way while it goes on, and stopped."""
    name = f"for {EMAIL} {PHONES[0]}"
    async with planting.strangers(database):
        process = await asyncio.to_thread(
            *(shell.begin_run, *PACED, "--rate", "12", "--stress-max", "60", "--target", "theirs"),
            *("--name", name, "--set", "observe.interval_s=0.1"),
        )
        seen = await asyncio.to_thread(shell.see)
        await asyncio.to_thread(wait_until, lambda: shell.see().run.attempts > 20, "attempts")
        await asyncio.to_thread(
            wait_until, lambda: (found := shell.see().sample) and found.statements and found.backends, "strangers"
        )
        # A house that is full ends its run: it waits for us from here on.
        await do(shell, heard, "pause")
        for size in sizes:
            await watched(shell, heard, size)
        assert seen.run.run_id
        await do(shell, heard, "snapshot")
        await do(shell, heard, "snapshot", "--json", "--out", str(shell.home / "elsewhere"))
        await do(shell, heard, "ls")
        await do(shell, heard, "ls", "--json")
        await do(shell, heard, "set", "concurrency=6", "rate=30")
        await do(shell, heard, "set", f"name={EMAIL} password={PASSWORD}")
        await do(shell, heard, "set", f"{PLAIN}={BEARER}")
        await do(shell, heard, "attach")
        await do(shell, heard, "stop")
        out, err = await asyncio.to_thread(process.communicate, timeout=60)
    heard.take("run fill", out, err)


async def crashes(shell: Shell, heard: Heard) -> None:
    """An engine with a bug whose exception holds everything; and one that is aborted."""
    shell.environ["SENTINEL_BUG"] = f"{planting.SECRETS}\n{planting.PEOPLE} {BROKEN}"
    done = await do(shell, heard, "run", "fill", "--target", "theirs", "--headless")
    del shell.environ["SENTINEL_BUG"]
    assert done.code == 70, done
    log = (shell.runs()[-1] / "engine.log").read_text()
    assert "Traceback" in log
    assert "could not go on with" in log
    process = await asyncio.to_thread(shell.begin_run, *PACED, "--target", "theirs")
    engine = shell.manifest()["pid"]
    os.kill(engine, signal.SIGABRT)
    heard.take("run fill that is aborted", *await asyncio.to_thread(process.communicate, timeout=60))
    await asyncio.to_thread(wait_until, lambda: not alive(engine), "the engine to be gone")
    assert "Fatal Python error" in (shell.runs()[-1] / "engine.log").read_text()
    await do(shell, heard, "ls")
    await do(shell, heard, "attach")
