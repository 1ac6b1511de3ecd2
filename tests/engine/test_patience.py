"""A database that goes away when a run is read back is waited for: a restart must not cost a run its result."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from engine.clock import Clock, RunningClock
from engine.config import Settings
from engine.database import DatabaseFailed, DatabaseLost, DatabaseUnreachable
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.model.event import Event, LegEnded
from engine.passes import Passes
from engine.patience import PATIENCE_NS, patiently
from engine.targets.postgres import PostgresTarget
from tests.clocks import SkippingClock
from tests.controls.evening import Evening, evening, plan_for, target_in
from tests.faults.proxy import Proxy, proxied
from tests.faults.rules import Act, Rule
from tests.scratch import ScratchDatabase

CREW = cast("Crew", SimpleNamespace(leg=0, first_leg=0, run_id="parts", concurrency=3))


async def an_evening(database: ScratchDatabase, tmp_path: Path) -> Evening:
    return await evening(tmp_path / "run", await target_in(database.dsn, "parts"), concurrency=3)


class Readers:
    """Reads an evening back through a proxy, and keeps what it was told meanwhile."""

    def __init__(self, made: Evening, proxy: Proxy) -> None:
        self.proxy = proxy
        self.said: list[Event] = []
        self.waited: list[str] = []
        behind = made.target
        self.target = PostgresTarget("embedded", proxy.dsn, behind.run, behind.floors)
        desk = Desk(RunningClock(), self.said.append, Holders(), {})
        self.passes = Passes(self.target, self.target.connect, desk, made.folder, Settings)
        self.passes.told = self.hears
        self.passes._base = 0, None

    def hears(self, why: str) -> None:
        """Who waits is told why, and by then the server has begun again."""
        self.waited.append(why)
        self.proxy.refuses = False


async def test_what_a_server_holds_is_read_when_it_takes_connections_again(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    made = await an_evening(database, tmp_path)
    async with proxied(database.dsn) as proxy:
        proxy.refuses = True
        readers = Readers(made, proxy)
        await readers.passes.finish(plan_for(made.target), CREW)
        assert readers.waited[-1] == ""
        proxy.refuses = True
        await readers.passes.settle(CREW)
    (kept,) = readers.passes.kept
    assert kept.ledger.balanced
    assert kept.ledger.persisted == kept.persisted.total == len(made.acknowledged) > 0
    assert [event.persisted for event in readers.said if isinstance(event, LegEnded)] == [len(made.acknowledged)]
    assert proxy.refused >= 2
    assert all("did not take a connection" in why for why in readers.waited if why)


@pytest.mark.parametrize("looks", ["ledger", "truth"])
@pytest.mark.parametrize("act", [Act.CUT, Act.SWALLOW])
async def test_a_reading_whose_connection_breaks_is_begun_anew(
    database: ScratchDatabase, tmp_path: Path, looks: str, act: Act
) -> None:
    made = await an_evening(database, tmp_path)
    async with proxied(database.dsn, Rule(act, begins="SELECT", name=looks, most=1)) as proxy:
        readers = Readers(made, proxy)
        await readers.passes.settle(CREW)
        assert proxy.count(act) == 1
    (kept,) = readers.passes.kept
    assert kept.ledger.balanced
    assert kept.ledger.persisted == len(made.acknowledged)
    assert readers.waited[-1] == ""


async def test_nobody_is_waited_for_whose_patience_is_spent(database: ScratchDatabase, tmp_path: Path) -> None:
    made = await an_evening(database, tmp_path)
    async with proxied(database.dsn) as proxy:
        proxy.refuses = True
        readers = Readers(made, proxy)
        readers.passes.patience_ns = 0
        with pytest.raises(DatabaseUnreachable):
            await readers.passes.settle(CREW)
    assert not readers.waited


@pytest.mark.parametrize("error", [DatabaseUnreachable("nobody there"), DatabaseLost("it broke")])
async def test_a_server_that_stays_away_is_waited_for_so_long_and_no_longer(error: Exception) -> None:
    clock = SkippingClock()
    heard: list[str] = []

    async def ask() -> None:
        raise error

    with pytest.raises(type(error)):
        await patiently(ask, cast("Clock", clock), told=heard.append)
    assert clock.now_ns() == PATIENCE_NS
    assert heard == [str(error)] * 60


async def test_what_a_server_refuses_is_refused_at_once() -> None:
    clock, asked = SkippingClock(), []

    async def ask() -> None:
        asked.append(1)
        raise DatabaseFailed("42501 permission denied for table bookings")

    with pytest.raises(DatabaseFailed):
        await patiently(ask, cast("Clock", clock))
    assert len(asked) == 1
    assert not clock.waits_s
