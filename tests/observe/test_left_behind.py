"""Stale holds and stale zone locks with who made them, on a real server."""

import json
from typing import Any

from engine.observe.changes import Changes
from tests.observe.stage import Stage

_HOLD = (
    "INSERT INTO table_holds (restaurant_id, zone_id, booking_id, start_at, end_at, expires_at, created_at, metadata)"
    " VALUES ($1, $2, $3, '2031-03-05 00:00Z', '2031-03-05 01:30Z', {expires}, now() - interval '20 minutes', $4)"
    " RETURNING id"
)


async def plant_hold(stage: Stage, expires: str, booking: Any = None, metadata: object = None) -> Any:
    text = None if metadata is None else json.dumps(metadata)
    floor = stage.floor
    found = await stage.admin.fetchval(_HOLD.format(expires=expires), floor.restaurant, floor.zone, booking, text)
    await stage.admin.execute("INSERT INTO table_hold_members (hold_id, table_id) VALUES ($1, $2)", found, floor.table)
    return found


async def plant_booking(stage: Stage, details: object = None) -> Any:
    customer = await stage.admin.fetchval(
        "INSERT INTO customers (restaurant_id, full_name, email, phone)"
        " VALUES ($1, 'A', 'a@example.com', '07700900123') RETURNING id",
        stage.floor.restaurant,
    )
    return await stage.admin.fetchval(
        "INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, status,"
        " customer_name, customer_email, customer_phone, reference, assigned_zone_id, details)"
        " VALUES ($1, $2, '2031-03-04', '19:00', '20:30', 4, 'pending', 'A', 'a@example.com', '07700900123', '', $3,"
        " $4) RETURNING id",
        stage.floor.restaurant,
        customer,
        stage.floor.zone,
        None if details is None else json.dumps(details),
    )


async def test_a_stale_hold_names_its_run_attempt_booking_and_window_in_local_time(stage: Stage) -> None:
    booking = await plant_booking(stage, {"slotfill": {"run": "0b7c9d10", "attempt": 17}})
    await plant_hold(stage, "now() - interval '1 minute'", booking, {"slotfill": {"run": "0b7c9d10", "attempt": 17}})
    sample = await stage.sampler().look()
    (hold,) = sample.stale_holds
    assert (hold.restaurant, hold.zone, hold.tables) == ("planted", "Planted Terrace", ("P1",))
    assert (hold.day, hold.starts, hold.ends) == ("2031-03-04", "19:00", "20:30")
    assert (hold.booking, hold.run, hold.attempt) == (str(booking)[:8], "0b7c9d10", 17)
    assert hold.age_ns is not None
    assert hold.age_ns > hold.expired_for_ns > 59e9
    (locked,) = sample.zone_locked
    assert (locked.restaurant, locked.day, locked.slot, locked.party) == ("planted", "2031-03-04", "19:00", 4)
    assert (locked.booking, locked.run) == (str(booking)[:8], "0b7c9d10")


async def test_a_hold_that_outlasts_its_dinner_is_stale_once_its_time_to_live_is_over(stage: Stage) -> None:
    """Made twenty minutes ago: three minutes beyond the window are over, half an hour is not."""
    over = await plant_hold(stage, "'2031-03-05 01:33Z'")
    await plant_hold_elsewhere(stage)
    sample = await stage.sampler().look()
    assert [hold.hold_id for hold in sample.stale_holds] == [str(over)]
    assert sample.live_holds == 1


async def plant_hold_elsewhere(stage: Stage) -> None:
    """Without a table, as no two holds may lie on one."""
    await stage.admin.execute(
        _HOLD.format(expires="'2031-03-05 02:00Z'"), stage.floor.restaurant, stage.floor.zone, None, None
    )


async def test_a_stranger_s_hold_with_anything_in_its_metadata_breaks_no_look(stage: Stage) -> None:
    await plant_hold(stage, "now() - interval '1 minute'", None, {"slotfill": {"run": ["x"], "attempt": "17; DROP"}})
    sample = await stage.sampler().look()
    (hold,) = sample.stale_holds
    assert (hold.attempt, hold.booking) == (None, "")
    await stage.admin.execute("UPDATE table_holds SET metadata = '[1]'")
    await stage.sampler().look()


async def test_of_more_than_a_look_lists_all_are_counted(stage: Stage) -> None:
    """As on a platform that nobody sweeps: the hundred that are listed are not all there are."""
    await stage.admin.execute(
        "INSERT INTO table_holds (restaurant_id, zone_id, start_at, end_at, expires_at)"
        " SELECT $1, $2, '2031-03-05 00:00Z', '2031-03-05 01:30Z', now() - interval '1 minute' * n"
        " FROM generate_series(1, 130) AS n",
        stage.floor.restaurant,
        stage.floor.zone,
    )
    booking = await plant_booking(stage)
    await stage.admin.execute(
        "INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, status,"
        " customer_name, customer_email, customer_phone, reference, assigned_zone_id)"
        " SELECT restaurant_id, customer_id, booking_date, start_time, end_time, party_size, status, customer_name,"
        " customer_email, customer_phone, '', assigned_zone_id FROM bookings, generate_series(1, 104) WHERE id = $1",
        booking,
    )

    sample = await stage.sampler().look()

    assert (len(sample.stale_holds), sample.stale_count) == (100, 130)
    assert (len(sample.zone_locked), sample.zone_locked_count) == (100, 105)
    oldest_s = sample.stale_holds[0].expired_for_ns / 1e9
    holds = f"130 holds on no table, no table, no table and 127 more past expiry, by {oldest_s:.1f} s at most"
    assert [change.text for change in Changes().take(sample) if change.word in ("hold", "zone")] == [
        f"{holds}, and still blocking",
        "105 bookings without tables locked to a zone (Planted Terrace)",
    ]
