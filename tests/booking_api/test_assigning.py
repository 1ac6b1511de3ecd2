"""Tables given in the request, after its timeout, and in the background; judged by SQL once nothing is going on."""

import asyncio
import json
from datetime import date

import pytest
from msgspec.structs import replace

from engine.allocator.strategies import OPTIMAL
from engine.database import Connection
from engine.model.fault import parse
from engine.platform.faults import switch_on
from tests.booking_api.counter import CORRELATION, Counter, events, flags, serving, told, until
from tests.scratch import ScratchDatabase

SINGLES = replace(OPTIMAL, relaxes=False, weights=replace(OPTIMAL.weights, max_tables=1))
"""No sets of several tables, and no rule gives way: what fits can be counted in one line of SQL."""
FIT = """
SELECT count(*) AS n FROM table_inventory WHERE active AND min_party_size <= 2 AND max_party_size >= 2 AND capacity <= 6
"""
SEATED = """
SELECT count(*) AS bookings,
       count(*) FILTER (WHERE b.status = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE b.status = 'confirmed' AND a.n = 1) AS seated,
       count(*) FILTER (WHERE b.status = 'pending' AND a.n = 0) AS unseated,
       count(DISTINCT a.one) AS tables
  FROM bookings b
 CROSS JOIN LATERAL (SELECT count(*) AS n, min(t.table_id::text) AS one
                       FROM booking_table_assignments t WHERE t.booking_id = b.id) AS a
"""


async def noted(database: ScratchDatabase) -> list[tuple[str, dict[str, object]]]:
    """Each booking's status with its last result."""
    rows = await told(
        database, "SELECT status::text, auto_assign_last_result AS result FROM bookings ORDER BY created_at"
    )
    return [(row["status"], json.loads(row["result"] or "{}")) for row in rows]


async def slow(database: ScratchDatabase, value: str) -> None:
    fault, value = parse(f"slow-step={value}")
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    try:
        await switch_on(connection, fault, value, seed=1, on=date(2027, 3, 1))
    finally:
        await connection.close()


async def test_fifty_at_once_confirm_exactly_as_many_as_there_are_tables(database: ScratchDatabase) -> None:
    (fit,) = await told(database, FIT)
    assert 10 < fit["n"] < 50
    async with serving(database, strategy=SINGLES) as counter:
        answers = await asyncio.gather(*(counter.ask(n, key=f"k{n}") for n in range(50)))
        assert {answer.status_code for answer in answers} == {201}
        await counter.rests()
    (found,) = await told(database, SEATED)
    assert found["bookings"] == 50
    assert found["confirmed"] == found["seated"] == found["tables"] == fit["n"]
    assert found["unseated"] == 50 - fit["n"]
    for status, result in await noted(database):
        assert result["success"] is (status == "confirmed")
        assert (result["reason"] is None) is (status == "confirmed")
        if status == "pending":
            assert str(result["reason"]).startswith("exhausted")
    (held,) = await told(database, "SELECT count(*) AS n FROM table_holds")
    assert held["n"] == 0


@pytest.mark.parametrize("guests", [1, 20])
async def test_one_key_twenty_times_at_once_gives_one_booking(guests: int, database: ScratchDatabase) -> None:
    """Guests of their own do not meet in the index of guests: then it is the key's lock alone that keeps them apart."""
    async with serving(database, desks=8) as counter:
        answers = await asyncio.gather(*(counter.ask(n % guests, key="the same") for n in range(20)))
        await counter.rests()
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["booking"]["id"] for answer in answers}) == 1
    assert len({answer.json()["confirmationToken"] for answer in answers}) == 1
    (found,) = await told(database, SEATED)
    assert (found["bookings"], found["seated"]) == (1, 1)
    (known,) = await told(database, "SELECT count(*) AS n FROM customers")
    assert known["n"] == guests


@pytest.mark.parametrize("slowness", ["planner", "hold:300", "confirm:300", "commit:300"])
async def test_after_an_inline_timeout_the_booking_is_confirmed_late(slowness: str, database: ScratchDatabase) -> None:
    delay_ms = 300 if slowness == "planner" else 0
    if not delay_ms:
        await slow(database, slowness)
    hasty = flags(inline_auto_assign_timeout_ms=50)
    async with serving(database, flags=hasty, planner_delay_ms=delay_ms) as counter:
        answers = await asyncio.gather(*(counter.ask(n, key=f"k{n}", time=f"1{2 + n}:00") for n in range(3)))
        for answer in answers:
            shown = answer.json()["booking"]
            assert (answer.status_code, shown["status"]) == (201, "pending")
            assert shown["auto_assign_last_result"]["reason"] == "INLINE_TIMEOUT"
        await counter.rests()
    for status, result in await noted(database):
        assert status == "confirmed"
        assert (result["reason"], result["success"], result["source"]) == ("INLINE_TIMEOUT", False, "inline")
        # A loop's timer may go off a millisecond early, and how late is the machine's affair.
        assert int(str(result["durationMs"])) > 0
    (found,) = await told(database, SEATED)
    assert found["seated"] == 3
    said = await events(database)
    assert said["inline_auto_assign.timeout"] == said["inline_auto_assign.confirmed_late"] == 3
    assert said["auto_assign.exited_already_confirmed"] == said["auto_assign.summary"] == 3


async def test_nobody_sees_a_late_confirmation_without_its_timeout(database: ScratchDatabase) -> None:
    await slow(database, "confirm:200")
    async with serving(database, flags=flags(inline_auto_assign_timeout_ms=20)) as counter:
        await counter.ask()
        connection = await database.connect()
        try:
            seen: list[tuple[str, str | None]] = []
            while not seen or seen[-1][0] == "pending":
                row = await connection.fetchrow(
                    "SELECT status::text, auto_assign_last_result ->> 'reason' AS reason FROM bookings"
                )
                assert row is not None
                seen.append((row["status"], row["reason"]))
        finally:
            await connection.close()
    assert seen[-1] == ("confirmed", "INLINE_TIMEOUT")


async def test_a_job_goes_on_until_it_succeeds(database: ScratchDatabase) -> None:
    """Every table is held; the holds go away between two of its attempts."""
    await told(
        database,
        """
        WITH held AS (
            INSERT INTO table_holds (restaurant_id, zone_id, start_at, end_at, expires_at)
            SELECT restaurant_id, zone_id, '2027-03-01 12:00Z', '2027-03-01 16:00Z', '2030-01-01Z'
              FROM table_inventory RETURNING id, zone_id
        ), numbered AS (
            SELECT id, zone_id, row_number() OVER (PARTITION BY zone_id) AS n FROM held
        )
        INSERT INTO table_hold_members (hold_id, table_id)
        SELECT numbered.id, t.id
          FROM numbered
          JOIN (SELECT id, zone_id, row_number() OVER (PARTITION BY zone_id) AS n FROM table_inventory) AS t
            ON t.zone_id = numbered.zone_id AND t.n = numbered.n
        """,
    )
    patient = flags(auto_assign_retry_delays_ms=(1500,))
    async with serving(database, flags=patient) as counter:
        answer = await counter.ask(key="k")
        assert answer.json()["booking"]["status"] == "pending"
        assert answer.json()["booking"]["auto_assign_last_result"]["success"] is False
        await waits(counter)
        await told(database, "DELETE FROM table_hold_members")
        await told(database, "DELETE FROM table_holds")
        await counter.rests()
    ((status, result),) = await noted(database)
    assert (status, result["source"], result["success"], result["reason"]) == ("confirmed", "job", True, None)
    said = await events(database)
    assert said["auto_assign.attempt"] == 2
    assert said["auto_assign.attempt_error"] == said["auto_assign.succeeded"] == 1


async def waits(counter: Counter) -> None:
    async def waiting() -> bool:
        return bool((await counter.health())["backlog"]["waiting"])

    await until(waiting, "the job to wait")


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (3, 2)])
async def test_a_job_gives_up_after_its_attempts_and_says_so(
    retries: int, attempts: int, database: ScratchDatabase
) -> None:
    """The planner found nothing in the request: two attempts at most."""
    async with serving(database, flags=flags(auto_assign_max_retries=retries)) as counter:
        made = (await counter.ask(party=900)).json()
        await counter.rests()
        url = f"/api/bookings/{made['booking']['id']}"
        found = (await counter.client.get(url, headers={"Authorization": f"Bearer {made['confirmationToken']}"})).json()
    assert (found["status"], found["isFinal"], found["tables"]) == ("pending", True, [])
    assert found["autoAssignLastResult"]["source"] == "job"
    assert found["autoAssignLastResult"]["reason"] == "exhausted: Insufficient global capacity"
    said = await events(database)
    assert (said["auto_assign.attempt"], said["auto_assign.failed"]) == (attempts, 1)
    (row,) = await told(
        database, "SELECT context->>'result' AS word FROM observability_events WHERE event_type = 'auto_assign.summary'"
    )
    assert row["word"] == "exhausted"


async def test_a_job_does_not_begin_shortly_before_the_booking(database: ScratchDatabase) -> None:
    async with serving(database) as counter:
        await counter.ask(party=900, date="2024-03-04")
        await counter.rests()
    ((_, result),) = await noted(database)
    assert str(result["reason"]).startswith("exhausted: the booking begins in less than 10 minutes")
    said = await events(database)
    assert said["auto_assign.cutoff_skipped"] == 1
    assert "auto_assign.attempt" not in said


async def test_without_the_flag_nothing_is_assigned(database: ScratchDatabase) -> None:
    async with serving(database, flags=flags(auto_assign_on_booking=False)) as counter:
        await counter.ask()
        await counter.rests()
    assert await noted(database) == [("pending", {})]


async def test_with_the_old_allocator_the_status_comes_in_a_second_transaction(database: ScratchDatabase) -> None:
    async with serving(database, flags=flags(allocator_v2_enabled=False)) as counter:
        answers = await asyncio.gather(*(counter.ask(n) for n in range(5)))
        await counter.rests()
    assert {answer.json()["booking"]["status"] for answer in answers} == {"confirmed"}
    (found,) = await told(database, SEATED)
    assert found["seated"] == 5
    rows = await told(
        database,
        "SELECT (SELECT min(a.xmin::text) FROM booking_table_assignments a WHERE a.booking_id = b.id) AS tables,"
        "       (SELECT min(h.xmin::text) FROM booking_state_history h WHERE h.booking_id = b.id) AS status"
        "  FROM bookings b",
    )
    assert all(row["tables"] and row["status"] and row["tables"] != row["status"] for row in rows)
    (left,) = await told(database, "SELECT count(*) AS n FROM table_holds")
    assert left["n"] == 0


async def test_fail_hard_refuses_a_start_in_no_service(database: ScratchDatabase) -> None:
    async with serving(database) as counter:
        soft = (await counter.ask(1, time="16:30")).json()["booking"]
    async with serving(database, flags=flags(allocator_service_fail_hard=True)) as counter:
        hard = (await counter.ask(2, time="16:30")).json()["booking"]
    assert soft["status"] == "confirmed"
    assert hard["status"] == "pending"
    assert hard["auto_assign_last_result"]["reason"] == "No service window matches 16:30"


async def test_adjacency_off_is_told_and_done(database: ScratchDatabase) -> None:
    await told(database, "DELETE FROM table_adjacencies")
    strict = replace(OPTIMAL, relaxes=False)
    async with serving(database, strategy=strict, flags=flags(auto_assign_max_retries=0)) as counter:
        needs = (await counter.ask(1, party=12)).json()["booking"]
    off = flags(allocator_require_adjacency=False)
    async with serving(database, strategy=strict, flags=off) as counter:
        free = (await counter.ask(2, party=12)).json()["booking"]
    assert (needs["status"], free["status"]) == ("pending", "confirmed")
    assert needs["auto_assign_last_result"]["strategy"]["requireAdjacency"] is True
    assert free["auto_assign_last_result"]["strategy"]["requireAdjacency"] is False


async def test_profiling_tells_the_time_of_each_step(database: ScratchDatabase) -> None:
    async with serving(database, flags=flags(debug_capacity_profiling=True)) as counter:
        answer = await counter.ask()
        await counter.rests()
    told_steps = [part.split(";dur=")[0] for part in answer.headers["Server-Timing"].split(", ")]
    assert told_steps == ["create", "seat", "planner", "hold", "confirm", "commit"]
    (row,) = await told(
        database,
        "SELECT context->'stepsMs' AS steps FROM observability_events WHERE event_type LIKE 'inline%'",
    )
    assert set(json.loads(row["steps"])) == {"seat", "planner", "hold", "confirm", "commit"}
    async with serving(database) as counter:
        assert "Server-Timing" not in (await counter.ask(1)).headers


@pytest.mark.parametrize(("suppressed", "word"), [(True, "suppressed"), (False, "would_send")])
async def test_no_mail_is_sent_and_the_log_says_whether_one_would_be(
    suppressed: bool, word: str, database: ScratchDatabase
) -> None:
    async with serving(database, flags=flags(suppress_emails=suppressed)) as counter:
        await counter.ask()
        await counter.rests()
    said = {name: n for name, n in (await events(database)).items() if name.startswith("booking.email.")}
    assert said == {f"booking.email.{word}": 2}
    ((_, result),) = await noted(database)
    assert (result["emailSent"], result["emailVariant"]) == (False, None)


async def test_the_last_result_has_the_platform_s_shape(database: ScratchDatabase) -> None:
    async with serving(database) as counter:
        await counter.client.post("/api/bookings", json={}, headers={CORRELATION: "c"})
        await counter.ask()
        await counter.rests()
    ((_, result),) = await noted(database)
    assert sorted(result) == [
        "alternates",
        "attemptId",
        "durationMs",
        "emailSent",
        "emailVariant",
        "lastAttemptAt",
        "reason",
        "source",
        "strategy",
        "success",
        "trigger",
    ]
