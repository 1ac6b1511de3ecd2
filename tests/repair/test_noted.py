"""What an operator repairs in a run's own database is written down with the database it was done in."""

import asyncio
import json
from pathlib import Path

from engine.clock import RunningClock
from engine.config import Settings
from engine.mending import NOTES, Bench, Mending
from engine.platform.cluster import Cluster
from tests.controls.evening import target_in
from tests.verify.planting import confirmed_alone, plant
from tests.verify.repeated import repeated


def test_what_is_repaired_in_a_later_repeat_is_noted_with_that_repeats_database(
    cluster: Cluster, tmp_path: Path
) -> None:
    with repeated(cluster, tmp_path) as (folder, (first, second)):

        async def repair() -> str:
            target = await target_in(first.dsn, "test")
            mending = Mending(Bench(target.connect, target, RunningClock(), folder, Settings))
            target.move_to(second.dsn, "")
            return (await mending.do(["torn"], "ana@jump1")).text

        plant(second, confirmed_alone)
        assert asyncio.run(repair()).startswith("1 put right")
        assert json.loads((folder / NOTES).read_text())["database"] == second.name
