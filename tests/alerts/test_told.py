"""What a run tells the platform's own table of events, and what that may cost the run: nothing but a count."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from msgspec.structs import replace

from engine.database import Connection, DatabaseUnreachable
from engine.metrics.told import Telling
from engine.model.alert import Severity
from engine.model.event import Acted, AlertRaised, AlertResolved, Event, SettingsChanged, StepTook
from engine.model.ids import Ids
from engine.model.outcome import Outcome
from engine.model.step import Step
from engine.observability import BATCH, EventTable
from engine.redact import mask_event
from tests.metrics.stories import MS, RUN, TURNS, ended, ids, planned, refused, stories
from tests.scratch import ScratchDatabase

BEGAN = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
HOUSE = UUID(int=7)
EVENING: tuple[Event, ...] = (
    planned(),
    refused(2 * MS, 1, 1, Outcome.HOLD_CONFLICT),
    ended(5 * MS, 1, 1),
    ended(9 * MS, 2, 2, outcome=Outcome.TIMEOUT),
    Acted(10 * MS, Ids(RUN), "pause", "ada@tty1", "PAUSING"),
    Acted(10 * MS, Ids(RUN), "back off", "engine", "slower"),
    SettingsChanged(11 * MS, Ids(RUN), "concurrency", "4", "8", "ada@tty1"),
    AlertRaised(12 * MS, Ids(RUN), "deadlocks", Severity.CRITICAL, 3.0, "deadlocks > 0 in 1 min"),
    AlertResolved(13 * MS, Ids(RUN), "deadlocks", 0.0, 12 * MS, "deadlocks > 0 in 1 min"),
)


def telling() -> Telling:
    return Telling(BEGAN, {TURNS[0].restaurant: HOUSE})


def table(connect: Callable[[], Awaitable[Connection]], most: int = 1000) -> EventTable:
    return EventTable(telling(), connect, most)


def on(database: ScratchDatabase) -> EventTable:
    return table(lambda: Connection.open(database.dsn, application_name="told", timeout_s=10))


async def nowhere() -> Connection:
    raise DatabaseUnreachable("Postgres did not take a connection: refused; password=hunter2hunter2")


def test_success_conflict_override_quote_and_alert_are_told_once_each() -> None:
    made = telling()
    rows = [row for event in EVENING for row in made.rows(event)]
    assert [(row.type, row.severity) for row in rows if row.type != "slotfill.quote"] == [
        ("slotfill.conflict", "warning"),
        ("slotfill.success", "info"),
        ("slotfill.refused", "error"),
        ("slotfill.override", "info"),
        ("slotfill.override", "info"),
        ("slotfill.alert", "critical"),
        ("slotfill.alert", "info"),
    ]
    assert all(row.context["run"] == RUN for row in rows)
    success = next(row for row in rows if row.type == "slotfill.success")
    assert (success.restaurant, success.at.microsecond) == (HOUSE, 5000)
    assert success.booking is not None


def test_quotes_of_an_attempt_are_told_with_their_times() -> None:
    event = ended(90 * MS, 1, 1)
    steps = (StepTook(Step.QUOTE, 1, 0, 3 * MS, refused=True), StepTook(Step.QUOTE, 2, 5 * MS, 9 * MS))
    quote = telling().rows(replace(event, steps=steps))[0]
    assert quote.type == "slotfill.quote"
    told = {key: quote.context[key] for key in ("quotes", "none", "tookMs", "longestMs")}
    assert told == {"quotes": 2, "none": 1, "tookMs": 12.0, "longestMs": 9.0}


@settings(max_examples=20)
@given(stories())
def test_whatever_a_run_says_its_rows_are_what_the_table_takes_and_tell_nothing_private(story: list[Event]) -> None:
    made = telling()
    for event in story:
        for row in made.rows(mask_event(event)):
            assert row.severity in [one.value for one in Severity]
            assert row.type.startswith("slotfill.")
            assert not [one for one in ("ann@", "07700 900123", "hunter2") if one in repr(row)]


async def test_batches_reach_the_table_in_order_and_all_are_counted(database: ScratchDatabase) -> None:
    kept = on(database)
    for event in EVENING:
        kept.take(event)
    more = BATCH + 3
    for number in range(more):
        kept.take(Acted(20 * MS + number, Ids(RUN), f"mark {number}", "ada@tty1", "done"))
    await kept.close()
    assert kept.face is not None
    assert (kept.face.dropped, kept.face.queued, kept.face.trouble) == (0, 0, "")
    connection = await database.connect()
    rows = await connection.fetch(
        "SELECT event_type, severity, context::text, restaurant_id, created_at FROM observability_events "
        "WHERE source = 'slotfill' ORDER BY created_at"
    )
    await connection.close()
    assert len(rows) == kept.face.sent
    assert sum(row["event_type"] == "slotfill.override" for row in rows) == more + 2
    first = rows[0]
    assert (first["restaurant_id"], first["created_at"].microsecond) == (HOUSE, 2000)
    assert f'"attempt": {ids(1, 1).attempt}' in first["context"]


async def test_a_run_writes_while_it_goes_on_and_lets_go_when_a_repeat_is_over(database: ScratchDatabase) -> None:
    kept = on(database)
    kept.take(EVENING[0])
    kept.take(EVENING[2])
    task = asyncio.create_task(kept.run())
    for _ in range(2_000):
        if kept.face is not None and kept.face.sent:
            break
        await asyncio.sleep(0.005)
    await kept.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert kept.face is not None
    assert kept.face.sent > 0
    connection = await database.connect()
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'told'"
    )
    await connection.close()
    assert left == 0


async def test_a_database_that_is_gone_costs_the_events_and_nothing_else() -> None:
    kept = table(nowhere)
    for event in EVENING:
        kept.take(event)
    await kept.close()
    assert kept.face is not None
    assert kept.face.sent == 0
    assert kept.face.dropped >= 7
    assert "did not take a connection" in kept.face.trouble
    assert "hunter2" not in kept.face.trouble


async def test_a_queue_that_is_full_drops_and_counts() -> None:
    kept = table(nowhere, most=3)
    for number in range(10):
        kept.take(Acted(number, Ids(RUN), "mark", "ada@tty1", "done"))
    assert kept.face is not None
    assert (kept.face.queued, kept.face.dropped, kept.face.trouble) == (3, 7, "more than 3 events wait")


async def test_a_database_without_the_table_is_left_alone(database: ScratchDatabase) -> None:
    connection = await database.connect()
    await connection.execute("DROP TABLE observability_events CASCADE")
    await connection.close()
    kept = on(database)
    kept.take(EVENING[4])
    await kept.run()
    await kept.close()
    assert kept.face is None
    kept.take(EVENING[4])
    assert kept.face is None


async def test_a_statement_that_fails_costs_its_batch_and_the_next_one_is_written(database: ScratchDatabase) -> None:
    connection = await database.connect()
    await connection.execute(
        "ALTER TABLE observability_events ADD CONSTRAINT no_alerts CHECK (event_type <> 'slotfill.alert')"
    )
    kept = on(database)
    kept.take(EVENING[7])
    await kept.close()
    assert kept.face is not None
    assert (kept.face.sent, kept.face.dropped) == (0, 1)
    assert "no_alerts" in kept.face.trouble
    kept.take(EVENING[4])
    await kept.close()
    await connection.close()
    assert (kept.face.sent, kept.face.dropped, kept.face.trouble) == (1, 1, "")
