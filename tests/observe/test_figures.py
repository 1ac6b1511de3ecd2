"""Rates, statements, holds and zone locks, from a real server."""

from typing import Any

from engine.database import sql
from engine.observe.statements import shape
from tests.observe.stage import Stage


async def test_counters_become_rates_between_two_looks(stage: Stage) -> None:
    sampler = stage.sampler()
    first = await sampler.look()
    assert first.commits_per_s is None

    for number in range(20):
        await stage.admin.execute("INSERT INTO allowed_capacities VALUES ($1, $2)", stage.floor.restaurant, 50 + number)
    await stage.admin.execute("SELECT pg_stat_force_next_flush()")
    second = await sampler.look()

    seconds = (second.server_at - first.server_at).total_seconds()
    assert (second.inserts_per_s or 0) * seconds >= 18
    assert (second.commits_per_s or 0) * seconds >= 18
    assert (second.rollbacks_per_s, second.deadlocks, second.temp_bytes) == (0, 0, 0)


async def test_a_reset_of_the_counters_is_a_gap_and_not_a_negative_rate(stage: Stage) -> None:
    sampler = stage.sampler()
    await sampler.look()
    await stage.admin.execute("SELECT pg_stat_reset()")

    sample = await sampler.look()

    assert (sample.commits_per_s, sample.inserts_per_s) == (None, None)


async def test_stale_holds_live_holds_and_zone_locked_bookings_are_found(stage: Stage) -> None:
    floor = stage.floor
    hold = (
        "INSERT INTO table_holds (restaurant_id, zone_id, start_at, end_at, expires_at)"
        " VALUES ($1, $2, '2026-03-04 19:00Z', '2026-03-04 21:00Z', now() + $3::text::interval) RETURNING id"
    )
    stale = await stage.admin.fetchval(hold, floor.restaurant, floor.zone, "-1 minute")
    await stage.admin.execute("INSERT INTO table_hold_members (hold_id, table_id) VALUES ($1, $2)", stale, floor.table)
    live = [await stage.admin.fetchval(hold, floor.restaurant, floor.zone, "1 hour") for _ in range(2)]
    locked = await plant_booking(stage, "pending", floor.zone)
    await plant_booking(stage, "pending", None)
    seated = await plant_booking(stage, "pending", floor.zone)
    await stage.admin.execute(
        "INSERT INTO booking_table_assignments (booking_id, table_id) VALUES ($1, $2)", seated, floor.table
    )

    sample = await stage.sampler().look()

    (found,) = sample.stale_holds
    assert (found.hold_id, found.tables) == (str(stale), ("P1",))
    assert 59e9 < found.expired_for_ns < 120e9
    assert sample.live_holds == len(live)
    (booking,) = sample.zone_locked
    assert (booking.booking, booking.zone) == (str(locked)[:8], "Planted Terrace")


async def plant_booking(stage: Stage, status: str, zone: Any) -> Any:
    number = await stage.admin.fetchval("SELECT count(*) FROM customers")
    customer = await stage.admin.fetchval(
        "INSERT INTO customers (restaurant_id, full_name, email, phone) VALUES ($1, 'G', $2, $3) RETURNING id",
        stage.floor.restaurant,
        f"g{number}@example.org",
        f"+1555{number:06}",
    )
    await stage.admin.execute(
        "INSERT INTO booking_occasions (key, label, short_label) VALUES ('dinner', 'Dinner', 'Dinner')"
        " ON CONFLICT DO NOTHING"
    )
    return await stage.admin.fetchval(
        "INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, status,"
        " customer_name, customer_email, customer_phone, reference, assigned_zone_id)"
        " VALUES ($1, $2, '2026-03-04', '19:00', '21:00', 2, $3::text::booking_status, 'G', $4, '+15550000', $5, $6)"
        " RETURNING id",
        stage.floor.restaurant,
        customer,
        status,
        f"g{number}@example.org",
        f"PLANTED{number}",
        zone,
    )


async def test_top_statements_are_those_since_the_last_read_and_never_the_looks_own(stage: Stage) -> None:
    sampler = stage.sampler()
    await stage.admin.execute("SELECT 'before' FROM zones WHERE name = 'x'")
    first = await sampler.look()
    assert first.statements == ()

    for _ in range(3):
        await stage.admin.execute("-- Counts.\nSELECT count(*) FROM zones WHERE name = 'y'")
    sampler._due_ns.clear()
    second = await sampler.look()
    sampler._due_ns.clear()
    third = await sampler.look()

    calls = {statement.query: statement.calls for statement in second.statements}
    assert calls["SELECT count(*) FROM zones WHERE name = $1"] == 3
    assert not any(query.startswith("SELECT $1 FROM zones") for query in calls)
    own = {shape(sql(name))[:60] for name in stage.asked}
    assert not own & {shape(statement.query)[:60] for statement in (*second.statements, *third.statements)}
    # The server did count them; a COMMIT is the run's as much as the look's, so it stays.
    counted = await stage.admin.fetchval("SELECT count(*) FROM pg_stat_statements WHERE query LIKE 'SELECT a.pid%'")
    assert counted > 0
