"""What a run may write to: nothing off this machine, nothing without our marker, nothing off the allow-list."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Settings, TargetSettings
from engine.database import Connection
from engine.local_only import VARIABLE
from engine.safety import (
    GuardRefused,
    first_look,
    guard_database,
    guard_restaurants,
    guard_target,
    is_marked,
    target_of,
)
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
        "postgresql://me@10.0.0.1@127.0.0.1/db",
        "postgresql://10.0.0.1/db?host=127.0.0.1",
        "postgresql:///db?service=production",
        "host=10.0.0.1 dbname=db",
        "mysql://127.0.0.1/db",
    ],
)
def test_what_may_be_elsewhere_is_refused_in_one_sentence(dsn: str) -> None:
    with pytest.raises(GuardRefused) as told:
        guard_target(of(dsn), {})
    assert "\n" not in str(told.value)
    assert re.search("nothing was (sent|written)", str(told.value))


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
        {"kind": "api", "dsn": "postgresql://127.0.0.1/db"},
        {"kind": "api", "base_url": "http://127.0.0.1:3000", "fallback_base_url": "http://192.0.2.1"},
        {"kind": "mysql"},
        {"kind": "embedded", "base_url": "http://127.0.0.1:3000"},
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


# Remote: what settings and what was said can tell

FAR = "postgresql://me:secret@192.0.2.1:6543/shop"
AGREED: dict[str, object] = {
    "kind": "postgres",
    "dsn": FAR,
    "restaurants": ("pub-1",),
    "meant_for": ("192.0.2.1/shop",),
}


def refusal(said: str | None, environ: dict[str, str] | None = None, **changed: object) -> str:
    """What the first look says no with; empty when it lets through."""
    text = ""
    try:
        guard_target(settings(**AGREED | changed), environ or {}, said=said)
    except GuardRefused as error:
        text = str(error)
    assert "\n" not in text
    assert "secret" not in text
    return text


def test_a_remote_target_is_let_through_only_by_its_name() -> None:
    assert refusal("shop") == ""
    for said in (None, "", "yes", "Shop", "shop2", "theirs"):
        assert "--yes=shop" in refusal(said), said


def test_everything_a_remote_target_lacks_stands_in_one_sentence() -> None:
    text = refusal(None, restaurants=(), meant_for=(), connection_share=2.0, bookings=0)
    for word in ("192.0.2.1", "`restaurants`", "allow_remote", "connection_share", "bookings", "--yes=shop"):
        assert word in text


def test_a_remote_target_that_does_not_say_what_it_is_for_counts_as_production() -> None:
    assert "allow_remote" in refusal("shop", meant_for=())
    assert refusal("shop", meant_for=(), allow_remote=True) == ""


def test_a_target_meant_for_another_place_is_refused_whatever_is_allowed() -> None:
    text = refusal("shop", meant_for=("test.example.com/shop",), allow_remote=True)
    assert "leads to 192.0.2.1/shop" in text
    assert refusal("shop", meant_for=("192.0.2.1/other",), allow_remote=True)


@pytest.mark.parametrize(
    "environ",
    [
        {"APP_ENV": "production"},
        {"PRODUCTION_SUPABASE_DB_URL": "postgresql://boss:other@192.0.2.1:6543/shop?sslmode=require"},
    ],
)
def test_production_needs_allow_remote_and_the_name_as_well(environ: dict[str, str]) -> None:
    assert "allow_remote" in refusal("shop", environ)
    assert refusal("shop", environ, allow_remote=True) == ""
    assert "--yes=shop" in refusal("", environ, allow_remote=True)


def test_a_restaurant_off_the_list_is_refused_before_anybody_is_asked() -> None:
    far = settings(**AGREED)
    wanted = msgspec.structs.replace(far, run=msgspec.structs.replace(far.run, restaurants=("cafe-3",)))
    with pytest.raises(GuardRefused, match="cafe-3"):
        guard_target(wanted, {}, said="shop")


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1@192.0.2.1/",
        "http://192.0.2.1\\@127.0.0.1/",
        "ftp://127.0.0.1",
        "127.0.0.1:3000",
        "http://[::1",
    ],
)
def test_a_base_url_that_two_readers_may_read_differently_is_refused(base_url: str) -> None:
    with pytest.raises(GuardRefused, match="nothing was sent"):
        guard_target(settings(kind="api", base_url=base_url, restaurants=("pub-1",), allow_remote=True), {}, said="x")


def test_a_booking_api_goes_by_its_host_and_is_remote_until_its_database_is_known() -> None:
    alone = settings(kind="api", base_url="http://127.0.0.1:3000", restaurants=("pub-1",), meant_for=("127.0.0.1",))
    look = first_look(alone, {})
    assert look.name == "127.0.0.1"
    assert "which database" in look.reasons[0]
    known = settings(kind="api", base_url="http://127.0.0.1:3000", dsn="postgresql://127.0.0.1/db")
    assert first_look(known, {}).reasons == ()
    far = settings(kind="api", base_url="https://book.example.com/api", dsn="postgresql://127.0.0.1/db")
    with pytest.raises(GuardRefused, match=r"--yes=book\.example\.com"):
        first_look(far, {})


def test_the_reference_api_is_the_embedded_cluster_s() -> None:
    assert first_look(settings(kind="api"), {}).reasons == ()


def test_who_was_told_to_stay_here_looks_at_nothing_remote_either() -> None:
    with pytest.raises(GuardRefused, match=VARIABLE):
        target_of(settings(**AGREED), {VARIABLE: "1"})
    target_of(settings(**AGREED), {VARIABLE: "0"})
    target_of(of("postgresql://127.0.0.1/db"), {VARIABLE: "1"})
