"""A console on a run in memory, for a terminal of its own: `python -m tests.tui.fake_console`."""

import asyncio

from msgspec.structs import replace

from engine.model.snapshot import RunSnapshot
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tui.app import SlotfillApp


class BusyDoor(FakeDoor):
    """Each picture has a second more on its clock, so that each is another one."""

    async def snapshot(self) -> RunSnapshot:
        told = await super().snapshot()
        self.now = replace(
            told, run=replace(told.run, elapsed_ns=told.run.elapsed_ns + 1_000_000_000, attempts=self.asked)
        )
        return self.now


if __name__ == "__main__":
    print(asyncio.run(SlotfillApp(BusyDoor(stills.full()), who="ana@test", refresh_s=0.05).run_async()))
