"""What a run may write to: nothing off this machine, nothing without our marker, nothing off the allow-list."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Settings, TargetSettings
from engine.database import Connection
from engine.safety import GuardRefused, guard_database, guard_restaurants, guard_target, is_marked
from tests.scratch import ScratchDatabase


def settings(**target: object) -> Settings:
    run = msgspec.structs.replace(Settings().run, target="theirs")
    return Settings(run=run, targets={"theirs": TargetSettings(**target)})  # type: ignore[arg-type]


def of(dsn: str) -> Settings:
    return settings(kind="postgres", dsn=dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me@127.0.0.1/db",
        "postgresql://me:secret@127.9.8.7:6543/db",
        "postgres://me@[::1]:5432/db",
        "postgresql://me@localhost/db",
        "postgresql:///db?host=/var/run/postgresql",
        "postgresql://me@%2Ftmp%2Fsockets/db",
        "postgresql:///db",
        "postgresql://me@127.0.0.1,localhost:5433/db",
    ],
)
def test_what_is_on_this_machine_is_let_through(dsn: str) -> None:
    assert guard_target(of(dsn), {}).dsn == dsn


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me@db.example.com/db",
        "postgresql://me@10.0.0.1/db",
        "postgresql://me@0.0.0.0/db",
        "postgresql://me@127.0.0.1,10.0.0.1/db",
        "postgresql:///db?host=10.0.0.1",
        "postgresql://me@127.0.0.1/db?host=10.0.0.1",
        "postgresql://me@[fe80::1]/db",
        "postgresql://me@localhost.example.com/db",
        "postgresql://me@127.0.0.1.example.com/db",
        # The part before the first @ is the login, as the driver reads it, so the host is what follows that.
        "postgresql://me@10.0.0.1@127.0.0.1/db",
        "postgresql:///db?service=production",
        "host=10.0.0.1 dbname=db",
        "mysql://127.0.0.1/db",
    ],
)
def test_what_may_be_elsewhere_is_refused_in_one_sentence(dsn: str) -> None:
    with pytest.raises(GuardRefused) as told:
        guard_target(of(dsn), {})
    assert "\n" not in str(told.value)
    assert "nothing was sent" in str(told.value)


@given(st.ip_addresses())
def test_an_address_is_let_through_only_if_it_is_loopback(address: object) -> None:
    host = f"[{address}]" if ":" in str(address) else str(address)
    is_loopback = getattr(address, "is_loopback", False)
    try:
        guard_target(of(f"postgresql://me@{host}/db"), {})
    except GuardRefused:
        assert not is_loopback
    else:
        assert is_loopback


def test_the_environment_cannot_lead_elsewhere() -> None:
    with pytest.raises(GuardRefused):
        guard_target(of("postgresql:///db"), {"PGHOST": "db.example.com"})
    with pytest.raises(GuardRefused):
        guard_target(of("postgresql:///db"), {"PGSERVICE": "production"})
    named = settings(kind="postgres", dsn_env="THEIR_DSN")
    assert guard_target(named, {"THEIR_DSN": "postgresql://127.0.0.1/db"}).dsn_env == "THEIR_DSN"
    with pytest.raises(GuardRefused, match="THEIR_DSN"):
        guard_target(named, {})
    with pytest.raises(GuardRefused):
        guard_target(named, {"THEIR_DSN": "postgresql://10.0.0.1/db"})


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "postgres"},
        {"kind": "api", "base_url": "http://127.0.0.1:3000"},
        {"kind": "embedded", "dsn": "postgresql://127.0.0.1/db"},
        {"kind": "postgres", "dsn": "postgresql://127.0.0.1/db", "base_url": "http://127.0.0.1"},
        {"kind": "postgres", "dsn": "postgresql://10.0.0.1/db", "allow_remote": True},
    ],
)
def test_a_target_that_is_half_something_else_is_refused(target: dict[str, object]) -> None:
    with pytest.raises(GuardRefused):
        guard_target(settings(**target), {})


def test_only_restaurants_on_the_allow_list_are_written_to() -> None:
    listed = TargetSettings(restaurants=("pub-1",))
    guard_restaurants("theirs", listed, ["pub-1"])
    guard_restaurants("theirs", TargetSettings(), ["anything"])
    with pytest.raises(GuardRefused, match="cafe-3"):
        guard_restaurants("theirs", listed, ["pub-1", "cafe-3"])


async def test_a_marker_counts_only_for_this_very_database_on_this_very_server(database: ScratchDatabase) -> None:
    c = await database.connect()
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    try:
        with pytest.raises(GuardRefused, match="db init"):
            await guard_database(connection, "theirs")
        await connection.execute("platform/admin/mark_this")
        await guard_database(connection, "theirs")
        await c.execute("UPDATE slotfill_marker SET database = 'another'")
        assert not await is_marked(connection)
        await c.execute("UPDATE slotfill_marker SET database = current_database(), system_identifier = '1'")
        assert not await is_marked(connection)
        await c.execute("DROP TABLE slotfill_marker")
        assert not await is_marked(connection)
    finally:
        await connection.close()
        await c.close()
