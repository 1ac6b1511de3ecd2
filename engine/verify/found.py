"""What one database has of a run, all of one moment, and what that moment proves."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from engine.database import STEP_ERRORS, Connection, describe
from engine.model.integrity import Place
from engine.model.outcome import Certainty
from engine.model.rows import SettingRow
from engine.model.verification import VerifyAssignment, VerifyBooking, VerifyMadeAt, VerifySnapshot, VerifyTransaction
from engine.verify.claims import Claim

CONFIRMED = "confirmed"
RESTAURANT = "app.restaurant_id"
"""The setting that the platform's row security reads."""
_OPEN = frozenset({"in progress", "unknown"})
_ASK_AGAIN_S = 0.1


class Looked(msgspec.Struct):
    """A booking with its tables, as they are stored."""

    booking: VerifyBooking
    tables: list[VerifyAssignment]

    @property
    def confirmed(self) -> bool:
        """Whether the booking's status says so."""
        return self.booking.status == CONFIRMED

    @property
    def seated(self) -> bool:
        """Confirmed, and with tables."""
        return self.confirmed and bool(self.tables)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Of its tables, in order."""
        return tuple(sorted(one.table for one in self.tables))

    @property
    def keys(self) -> set[str]:
        """Under which its tables were assigned, as far as that is stored."""
        return {one.key for one in self.tables if one.key}


class Found(msgspec.Struct):
    """What was found."""

    trouble: str = ""
    """Why nothing of it proves anything; empty when it does."""
    at: datetime | None = None
    database: str = ""
    rows: dict[UUID, Looked] = {}
    known: dict[int, VerifyTransaction] = {}
    """Transactions of the claims; the fate of a doubtful one is older than the moment, so that the moment has it."""
    is_later: bool = False
    """The moment is later than all that was claimed, and on a server that decides: it sees whatever was committed."""

    def has(self, xid: int | None) -> bool:
        """Whether it would have what that transaction did. What a later moment does not see, the server forgot."""
        return self.is_later or (xid in self.known and self.known[xid].visible)

    def fate(self, xid: int | None) -> str:
        """`committed`, `aborted`, `in progress`, `unknown` to the server; empty for one that nobody can tell of."""
        return self.known[xid].fate if xid in self.known else ""


class Wanted(msgspec.Struct):
    """What is to be looked for."""

    run: str
    claims: Collection[Claim]
    slugs: list[str]
    """Restaurants; none for all."""
    made_for_it: bool
    """The database was made for the run, so that a younger one is another."""
    wait_s: float
    told_at: datetime | None = None
    """When the first of the claims was told success; None where none was."""
    cleaned: dict[str, str] = {}
    """Databases that the run's rows were removed from, with who did it when."""


async def look(connection: Connection, wanted: Wanted) -> Found:
    """Read it in one REPEATABLE READ READ ONLY transaction, or in the one that the connection is in already."""
    given = connection.in_block
    doubtful = {one.xid for one in wanted.claims if one.xid is not None and one.certainty in (Certainty.INFO, None)}
    acknowledged = {one.xid for one in wanted.claims if one.xid is not None and one.acknowledged}
    try:
        settled = await _settled(connection, doubtful, 0.0 if given else wanted.wait_s)
        if not given:
            await connection.begin_looking()
            await connection.execute("verify/snapshot")
        try:
            found = await _read(connection, wanted, acknowledged)
        finally:
            if not given and connection.is_open:
                await connection.rollback()
    except STEP_ERRORS as error:
        return Found(trouble=f"the database could not be read: {describe(error)}")
    # Taken before the moment: what had been committed by then is in it.
    found.known.update(settled)
    found.is_later = found.is_later and not given
    return found


async def _settled(connection: Connection, xids: Iterable[int], wait_s: float) -> dict[int, VerifyTransaction]:
    """What became of doubtful transactions. Those that go on without their engine are given some time to end."""
    if not (asked := list(xids)):
        return {}
    clock = asyncio.get_running_loop().time
    until = clock() + wait_s
    while True:
        rows = await connection.rows("truth/verify_transactions", VerifyTransaction, asked)
        if clock() >= until or not any(row.fate in _OPEN for row in rows):
            return {row.xid: row for row in rows}
        await asyncio.sleep(_ASK_AGAIN_S)


async def _read(connection: Connection, wanted: Wanted, acknowledged: Collection[int]) -> Found:
    moment = await connection.row("truth/verify_snapshot", VerifySnapshot)
    if moment is None:
        return Found(trouble="the database gave no moment to look at")
    found = Found(at=moment.at, database=moment.database, is_later=not moment.in_recovery)
    rows = await connection.rows("truth/verify_transactions", VerifyTransaction, list(acknowledged))
    found.known = {row.xid: row for row in rows}
    if wanted.made_for_it and await _is_younger(connection, moment, wanted, acknowledged):
        found.trouble = f"{moment.database} was made anew since: it is younger than what the run committed in it"
    if done := wanted.cleaned.get(moment.database):
        found.trouble = f"the run's rows were removed from {moment.database} by {done}"
    if found.trouble:
        return found
    contexts: list[UUID | None] = [None]
    if moment.secured:
        contexts = [place.id for place in await connection.rows("verify/restaurants", Place, wanted.slugs)]
    bookings = list({one.booking_id for one in wanted.claims})
    # An API names a booking only in its answer: where none came, the key alone finds it.
    keys = list({one.key for one in wanted.claims if one.through_api and one.key and not one.acknowledged})
    for restaurant in contexts:
        if restaurant is not None:
            await connection.rows("fill/set_session", SettingRow, [RESTAURANT], [str(restaurant)], True)
        booked = await connection.rows(
            "truth/verify_bookings", VerifyBooking, wanted.run, f"sf-{wanted.run}-", bookings, keys
        )
        found.rows |= {one.booking_id: Looked(one, []) for one in booked}
        there = [one.booking_id for one in booked]
        for table in await connection.rows("truth/verify_assignments", VerifyAssignment, there):
            found.rows[table.booking_id].tables.append(table)
    return found


async def _is_younger(
    connection: Connection, moment: VerifySnapshot, wanted: Wanted, acknowledged: Collection[int]
) -> bool:
    """Whether the database was made after what was acknowledged in it."""
    if acknowledged:
        return moment.made > min(acknowledged)
    if wanted.told_at is None or not moment.tells_files:
        return False
    # An API tells of no transactions: of its runs only the clock tells.
    answer = await connection.row("truth/verify_made_at", VerifyMadeAt)
    return answer is not None and answer.made_at is not None and answer.made_at > wanted.told_at
