"""T1, T12 and T13: without faults all is heard; what the server refuses is a fail of the right class, to the last."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.database import Connection
from engine.http import HttpClient, refusal_of
from engine.model.fault import FAULTS
from engine.model.outcome import Certainty, Outcome, Phase, certainty_of, classify
from engine.model.step import Step
from engine.platform import faults
from tests.faults.campaign import SEEDS, Campaign
from tests.faults.night import MONDAY, Night, Plans, play
from tests.faults.proxy import Proxy, proxied
from tests.raw_server import Request, answer, serving
from tests.scratch import ScratchDatabase

WORDS = {"40001": "serialization", "40P01": "deadlock", "55P03": "lock_timeout", "57014": "timeout"}
"""What each code is classified to."""
PLANTED = """
CREATE SEQUENCE asked;
CREATE SEQUENCE raised_40001;
CREATE SEQUENCE raised_40p01;
CREATE SEQUENCE raised_55p03;
CREATE SEQUENCE raised_57014;
CREATE FUNCTION raise_now_and_then() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- Sequences do not roll back: what was raised stays counted.
    turn bigint := nextval('asked') + TG_ARGV[0]::bigint;
    code text := (ARRAY['40001', '40P01', '55P03', '57014'])[1 + turn / 3 % 4];
BEGIN
    IF turn % 3 = 0 THEN
        PERFORM nextval('raised_' || lower(code));
        RAISE EXCEPTION 'planted by a test' USING ERRCODE = code;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER planted AFTER INSERT ON table_holds FOR EACH ROW EXECUTE FUNCTION raise_now_and_then(SEED);
CREATE TRIGGER planted AFTER INSERT ON capacity_outbox FOR EACH ROW EXECUTE FUNCTION raise_now_and_then(SEED);
CREATE CONSTRAINT TRIGGER planted AFTER INSERT ON booking_table_assignments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_now_and_then(SEED)
"""


def all_fail_and_each_is_counted(night: Night, proxy: Proxy) -> int:
    """Nothing is in doubt, and the classes have as many refusals as the server sent errors; how many."""
    assert not night.info
    assert {one.certainty for one in night.ended if one.outcome != "filled"} <= {Certainty.FAIL}
    sent = {WORDS[code]: count for code, count in proxy.errors.items() if code in WORDS}
    assert {word: count for word, count in night.refusals.items() if word in WORDS.values()} == sent
    assert "unknown" not in night.refusals
    return sum(sent.values())


@pytest.mark.parametrize("workers", [1, 4, 8, 15])
@pytest.mark.parametrize("seed", SEEDS)
async def test_t1_without_faults_what_is_acknowledged_is_there_and_nothing_is_in_doubt(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int, workers: int
) -> None:
    night = await play(database, database.dsn, tmp_path, Plans(seed, workers, slots=8, max_party=8))
    assert not night.info
    assert night.kept.acknowledged == night.kept.persisted == night.outcomes["filled"] > 0
    connection = await database.connect()
    overlaps = await connection.fetchval(
        "SELECT count(*) FROM booking_table_assignments a JOIN booking_table_assignments b "
        "ON a.table_id = b.table_id AND a.id < b.id AND a.assignment_window && b.assignment_window"
    )
    assert overlaps == 0
    await connection.close()
    campaign.note("T1", 0, night.kept)


@pytest.mark.parametrize("retries", [0, 3])
@pytest.mark.parametrize("seed", SEEDS)
async def test_t12_errors_planted_at_hold_confirm_and_commit_are_counted_to_the_last_one(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int, retries: int
) -> None:
    connection = await database.connect()
    await connection.execute(PLANTED.replace("SEED", str(seed)))
    async with proxied(database.dsn, seed=seed) as proxy:
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, slots=20, retries=retries))
        injected = all_fail_and_each_is_counted(night, proxy)
    raised = {code: await _count(connection, f"raised_{code.lower()}") for code in WORDS}
    met = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    raised["40P01"] += met
    assert {code: proxy.errors[code] for code in WORDS} == raised
    assert injected > 0
    await connection.close()
    campaign.note("T12", injected, night.kept)


@pytest.mark.parametrize(("setting", "word"), [("lock_timeout", "lock_timeout"), ("statement_timeout", "timeout")])
@pytest.mark.parametrize("seed", SEEDS)
async def test_t12_timers_of_the_server_that_fire_are_fails_that_name_their_timer(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int, setting: str, word: str
) -> None:
    blocker = await database.connect()
    await blocker.execute("BEGIN; LOCK TABLE table_holds IN EXCLUSIVE MODE")
    async with proxied(database.dsn, seed=seed) as proxy:
        plans = Plans(seed, slots=4, session={setting: "40ms"})
        freed = asyncio.get_running_loop().call_later(30, blocker.terminate)
        night = await play(database, proxy.dsn, tmp_path, plans)
        freed.cancel()
        injected = all_fail_and_each_is_counted(night, proxy)
    assert set(night.outcomes) == {word}
    assert {one.refusal.timer for one in night.ended if one.refusal is not None} == {setting}
    await blocker.execute("ROLLBACK")
    await blocker.close()
    campaign.note("T12", injected, night.kept)


@pytest.mark.parametrize("seed", SEEDS)
async def test_t12_real_deadlocks_are_counted_as_the_server_counts_them(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    fault = next(one for one in FAULTS.values() if one.name == "restaurant-row-lock")
    ours = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    await faults.switch_on(ours, fault, fault.default, seed=seed, on=MONDAY)
    await ours.close()
    async with proxied(database.dsn, seed=seed) as proxy:
        plans = Plans(seed, slots=8, session={"deadlock_timeout": "30ms"}, apart=True, retries=seed % 3)
        night = await play(database, proxy.dsn, tmp_path, plans)
        injected = all_fail_and_each_is_counted(night, proxy)
    connection = await database.connect()
    met = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert night.refusals["deadlock"] == met
    # Whether two meet is the machine's doing, once in twenty seeds they did not; nothing counted proves nothing.
    assert met > 0 or seed != SEEDS[0]
    await connection.close()
    campaign.note("T12", injected, night.kept, ["a deadlock"] if met else [])


@pytest.mark.parametrize("seed", SEEDS)
async def test_t12_a_storm_of_serialization_failures_is_made_of_fails(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    async with proxied(database.dsn, seed=seed) as proxy:
        session = {"default_transaction_isolation": "serializable"}
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, 8, slots=8, session=session, apart=True))
        injected = all_fail_and_each_is_counted(night, proxy)
    assert night.refusals["serialization"] > 0
    campaign.note("T12", injected, night.kept)


@pytest.mark.parametrize("seed", SEEDS)
async def test_an_exclusion_that_comes_at_commit_is_a_fail_at_commit(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    fault = next(one for one in FAULTS.values() if one.name == "deferred-overlap")
    ours = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    await faults.switch_on(ours, fault, "90", seed=seed, on=MONDAY)
    await ours.close()
    async with proxied(database.dsn, seed=seed) as proxy:
        # Long enough for a table to be given a second time.
        night = await play(database, proxy.dsn, tmp_path, Plans(seed, 4, slots=36, max_party=6))
    late = [one for one in night.ended if one.refusal is not None and one.refusal.step is Step.COMMIT]
    assert {(one.refusal.sqlstate, one.certainty) for one in late if one.refusal is not None} <= {
        ("23P01", Certainty.FAIL)
    }
    assert late
    campaign.note("T12", len(late), night.kept, ["an exclusion at COMMIT"])


@pytest.mark.parametrize("seed", SEEDS)
async def test_t13_a_server_without_a_connection_left_is_no_timeout(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    connection = await database.connect()
    role = f"guest_{database.name}"
    await connection.execute(
        f"CREATE ROLE {role} LOGIN BYPASSRLS; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; "
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
    )
    try:
        async with proxied(database.dsn, seed=seed) as proxy:
            through = proxy.dsn.replace("://slotfill@", f"://{role}@")
            playing = asyncio.ensure_future(play(database, through, tmp_path, Plans(seed, slots=90)))
            await _booked(connection, 5, playing)
            await connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT 1")
            cut = proxy.cut_all()
            while proxy.errors["53300"] < 3 and not playing.done():  # noqa: ASYNC110 - a real server
                await asyncio.sleep(0.002)
            await connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
            night = await playing
            refused = proxy.errors["53300"]
        assert night.refusals["pool_exhausted"] == refused
        assert "timeout" not in night.outcomes
        mine = [one for one in night.ended if one.outcome == "pool_exhausted"]
        # Now and then every refusal is overcome before its attempt ends.
        assert {one.certainty for one in mine} <= {Certainty.FAIL}
        assert {one.refusal.phase for one in mine if one.refusal is not None} <= {Phase.BEFORE_SEND}
        reached = {f"info at {one.refusal.step.value}" for one in night.info if one.refusal is not None}
        # While nobody was let in, a worker waited longer for its connection than a fill takes.
        campaign.note("T13", cut + refused, night.kept, reached | {"a pool wait"})
    finally:
        await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        await connection.close()


async def test_t13_a_pool_without_a_connection_left_is_no_timeout() -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def rule(request: Request) -> bytes:
        arrived.set()
        await go.wait()
        return answer(200)

    async with serving(rule) as server:
        client = HttpClient(server.base_url, timeout_s=0.1, connections=1)
        patient = HttpClient(server.base_url, timeout_s=5, connections=1, transport=client._transport)
        holding = asyncio.create_task(patient.get("/first"))
        await arrived.wait()
        with pytest.raises(httpx.PoolTimeout) as caught:
            await client.get("/second")
        go.set()
        await holding
        await client.close()
    refusal = refusal_of(caught.value, Step.SUBMIT)
    assert classify(refusal) is Outcome.POOL_EXHAUSTED
    assert certainty_of(refusal) is Certainty.FAIL


async def _count(connection: Any, sequence: str) -> int:
    found = await connection.fetchrow(f"SELECT last_value, is_called FROM {sequence}")
    return int(found[0]) if found[1] else 0


async def _booked(connection: Any, count: int, playing: "asyncio.Future[Night]") -> None:
    """Until so many are confirmed, or all is over."""
    query = "SELECT count(*) FROM bookings WHERE status = 'confirmed'"
    while await connection.fetchval(query) < count and not playing.done():  # noqa: ASYNC110 - a real server
        await asyncio.sleep(0.002)
