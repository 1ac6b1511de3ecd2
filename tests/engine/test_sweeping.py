"""What a round of a sweep begins from: the same state as the first one, or it is marked."""

from engine.config import RunSettings, Settings, SweepSettings
from engine.database import Connection, DatabaseUnreachable
from engine.model.ids import RunId
from engine.restaurants import read_floors
from engine.schedule import schedule
from engine.sweeping import Sweeping, delayed_steps, faults_of, rounds_of
from engine.targets.postgres import PostgresTarget
from tests.platform.house import booking, confirm, hold
from tests.scratch import ScratchDatabase


async def test_a_planted_row_of_any_kind_marks_the_round_that_begins_with_it(database: ScratchDatabase) -> None:
    target = PostgresTarget("embedded", database.dsn, RunId("5eeb0001"), {})
    connection = await target.connect("test")
    floors = await read_floors(connection, ("all",))
    await connection.close()
    target = PostgresTarget("embedded", database.dsn, RunId("5eeb0001"), floors)
    sweeping = Sweeping(schedule((1, 2), 2, 1), target, target.connect)
    first, second = await sweeping.terms(1), await sweeping.terms(2)
    assert first.state == second.state
    assert first.state["bookings"] == 0
    assert (first.differs, second.differs) == ("", "")
    assert second.floor is not None
    assert second.floor.concurrency == second.concurrency
    c = await database.connect()
    try:
        planted = await booking(c)
        third = await sweeping.terms(3)
        assert third.differs == "fingerprints differ: 1 bookings instead of 0"
        held = await hold(c, planted, ["MD-01"])
        assert (await sweeping.terms(4)).differs.endswith("1 bookings instead of 0, 1 holds instead of 0")
        await confirm(c, held, planted)
        last = await sweeping.terms(5)
        for word in ("confirmed", "assignments", "keys"):
            assert f"1 {word} instead of 0" in last.differs
        await c.execute("DELETE FROM bookings")
        assert (await sweeping.terms(5)).differs == ""
    finally:
        await c.close()


async def test_a_state_that_cannot_be_read_is_another_one(database: ScratchDatabase) -> None:
    target = PostgresTarget("embedded", f"{database.dsn}_gone", RunId("5eeb0002"), {})
    terms = await Sweeping(schedule((1,), 1, 1), target, target.connect).terms(1)
    assert terms.differs.startswith("its state could not be read: ")
    blind = await Sweeping(schedule((1,), 1, 1), target, None).terms(1)
    assert blind.differs == "no database tells what it began from"


async def test_a_server_without_room_for_the_floor_gets_back_the_connections_it_gave(database: ScratchDatabase) -> None:
    target = PostgresTarget("embedded", database.dsn, RunId("5eeb0003"), {})
    given: list[Connection] = []

    async def connect(name: str) -> Connection:
        if name.endswith("floor 2"):
            raise DatabaseUnreachable("Postgres did not take a connection: 53300 sorry, too many clients already")
        given.append(await target.connect(name))
        return given[-1]

    terms = await Sweeping(schedule((4,), 1, 1), target, connect).terms(1)
    assert "too many clients" in terms.differs
    assert [one.is_open for one in given] == [False, False, False], "one for the state, two for the floor"


def test_a_delay_comes_on_top_of_the_one_that_is_there_and_beside_no_other() -> None:
    settings = Settings(
        run=RunSettings(faults=("slow-step=hold:20ms", "restaurant-row-lock")),
        sweep=SweepSettings(levels=(1, 2), experiment="on", delay_ms=5),
    )
    slowed = [one for one in rounds_of(settings, "fill") if one.step]
    assert {one.step for one in slowed} == {"hold"}
    assert faults_of(settings.run.faults, slowed[0]) == ("restaurant-row-lock", "slow-step=hold:25")
    plain = next(one for one in rounds_of(settings, "fill") if not one.step)
    assert faults_of(settings.run.faults, plain) == settings.run.faults
    assert delayed_steps((), "assign") == ("hold", "confirm", "commit"), "an assign submits nothing"
