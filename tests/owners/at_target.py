"""slotfill's target on the owners' database, and an attempt's steps as short words."""

import datetime as dt
from uuid import UUID, uuid4

from engine.contract import Terms, page
from engine.database import Connection
from engine.model.floor import Candidate, Quote
from engine.model.ids import AttemptId, RunId, TurnId
from engine.model.outcome import Certainty, Refusal, certainty_of
from engine.model.strategy import Strategy
from engine.model.turn import Order, Turn
from engine.probe import probe
from engine.restaurants import read_floors
from engine.target import Held, Seat, Submitted
from engine.targets.postgres import PostgresTarget

SLUG = "white-horse-pub-waterbeach"
MONDAY, SUNDAY = dt.date(2027, 3, 1), dt.date(2027, 3, 7)
STRATEGY = Strategy("test")


async def opened(dsn: str) -> PostgresTarget:
    """A target as a run would open it: probed first, floors read on the probe's terms."""
    connection = await Connection.open(dsn, application_name="probe", timeout_s=10, pooled=True)
    try:
        contract = await probe(connection)
        assert contract.unfit == (), page(contract)
        floors = await read_floors(connection, ("all",), contract)
    finally:
        await connection.close()
    return PostgresTarget("owners", dsn, RunId("test"), floors, contract, Terms(step_timeout_s=10, hold_ttl_s=180))


def order(attempt: int, *, party: int = 2, at: dt.time = dt.time(13, 0), on: dt.date = MONDAY) -> Order:
    key = f"sf-test-{attempt}"
    turn = Turn(TurnId(attempt), SLUG, on, at, party)
    guest = ("Guest", f"{key}@example.invalid", f"+447000{attempt:09d}")
    return Order(AttemptId(attempt), turn, attempt, uuid4(), key, *guest, (STRATEGY,))


async def submitted(seat: Seat, wanted: Order) -> UUID:
    """A booking that a plain insert made: its id is the order's."""
    made = await seat.submit(wanted)
    assert isinstance(made, Submitted), made
    assert isinstance(await seat.quote(wanted, STRATEGY), Quote)
    return made.booking_id


def candidate(target: PostgresTarget, *numbers: str) -> Candidate:
    """These tables, whatever the planner thinks of them."""
    by_number = {table.number: table for table in target.floors[SLUG].tables}
    chosen = tuple(by_number[number] for number in numbers)
    return Candidate(chosen, 0.0, sum(table.capacity for table in chosen))


async def confirm_refused(seat: Seat, wanted: Order, tables_wanted: Candidate) -> Refusal:
    """Holds the tables and gives the refusal that confirming them meets."""
    held = uuid4()
    assert isinstance(await seat.hold(wanted, tables_wanted, held), Held)
    told = await seat.confirm(wanted, tables_wanted, held)
    assert isinstance(told, Refusal), told
    assert certainty_of(told) is Certainty.FAIL
    return told
