"""What is set between two repeats is the next one's, too."""

from pathlib import Path
from typing import Any, cast

from engine.ground import EmbeddedGround, Ground
from engine.model.command import Command, Verb
from engine.model.ids import RunId
from engine.opening import Opened, opened
from engine.platform.cluster import Cluster
from engine.platform.databases import drop_all
from engine.platform.seed import SEEDED_DAY
from engine.renewal import Renewal
from engine.targets.postgres import PostgresTarget
from tests.engine.test_opening import own, spec_of

__all__ = ["own"]


class Steered:
    """A ground at which somebody sets something while the next database is made."""

    is_embedded = True

    def __init__(self, inner: Ground, stands: Opened) -> None:
        self.inner = inner
        self.stands = stands

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def renew(self, repeat: int) -> bool:
        renewed = await self.inner.renew(repeat)
        assert (await self.stands.run.act(Command(Verb.SET, ("stress_max=2",)), "ana")).done
        return renewed


async def test_what_is_set_while_the_next_database_is_made_is_the_next_plan_s(
    cluster: Cluster, own: str, tmp_path: Path
) -> None:
    try:
        async with opened(spec_of(cluster, tmp_path)) as stands:
            run = stands.run
            inner = EmbeddedGround(cluster, RunId(stands.manifest.run_id), "white-horse", SEEDED_DAY, own)
            ground = Steered(inner, stands)
            target = cast("PostgresTarget", run.target)
            spec = spec_of(cluster, tmp_path)
            await Renewal(spec, ground, target, stands.checks, run, None).begin()
            assert run.steering.steerable()["stress_max"] == "2"
            assert {run.plan.progress(turn.id).cap for turn in run.plan.turns} == {2}
    finally:
        await drop_all(cluster, own)
