"""What a dead run left behind: backends that still work, holds, and bookings that nobody goes on with."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from engine.clock import Clock
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.model.continued import InFlight, RunBackend
from engine.model.repair import Counted, LockedHold
from engine.model.rows import BookingRow
from engine.repair.transaction import repairing

PATIENCE_NS = 1_000_000_000
"""A backend whose client has gone ends by itself within milliseconds, unless it waits for a lock or computes."""
_LOOK_NS = 30_000_000


class StillWorking(Exception):
    """A backend of a dead run could not be ended: what it does can still take effect. The message names it."""


class GivenUp(NamedTuple):
    """What was undone."""

    cancelled: tuple[UUID, ...]
    released: int


async def quieten(connection: Connection, runs: Collection[str], clock: Clock) -> int:
    """See that no backend of these runs works any more; how many had to be ended.

    What a killed client had sent, COMMIT too, may still lie in its backend's socket: only the backend's end proves that
    nothing more comes of it. Raises StillWorking, DatabaseFailed.
    """
    try:
        # Behind a pooler an idle backend belongs to everybody.
        wanted = list(runs), not connection.pooled
        until_ns = clock.now_ns() + PATIENCE_NS
        while await connection.rows("act/run_backends", RunBackend, *wanted):
            if clock.now_ns() >= until_ns:
                break
            await clock.sleep_until(clock.now_ns() + _LOOK_NS)
        else:
            return 0
        ended = await connection.row("act/end_run_backends", Counted, *wanted)
        left = await connection.rows("act/run_backends", RunBackend, *wanted)
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"who still works for run {', '.join(runs)} is not told: {describe(error)}") from error
    if left:
        names = ", ".join(f"{one.pid} ({one.application_name}, {one.state})" for one in left)
        raise StillWorking(f"backend {names} does not end")
    return ended.count if ended else 0


async def give_up(
    connection: Connection,
    runs: Collection[str],
    lost: Iterable[InFlight],
    contexts: Iterable[Mapping[str, str]] = ({},),
) -> GivenUp:
    """Give back every hold of these runs, and cancel the bookings that lost attempts made, in one transaction.

    Only once nobody works for them any more. Bookings that are there with tables keep everything. `contexts` are the
    session settings of each group of restaurants that row security shows together. Raises DatabaseFailed.
    """
    left = list(lost)
    holds = [hold for one in left for hold in one.holds]
    made = [one for one in left if one.makes_booking]
    cancelled: list[UUID] = []
    released = 0
    async with repairing(connection, "giving up what was in flight"):
        for settings in contexts:
            if settings:
                await connection.execute("fill/set_session", list(settings), list(settings.values()), True)
            found = await connection.rows("repair/run_holds", LockedHold, list(runs), holds)
            locked = [row.hold_id for row in found]
            if locked:
                await connection.execute("fill/release_members", locked)
                await connection.execute("fill/release_holds", locked)
            released += len(locked)
            # By key too: the platform's own function draws a booking's id, and the engine died before it heard of it.
            gone = await connection.rows(
                "repair/give_up", BookingRow, [one.booking_id for one in made], [one.key for one in made]
            )
            cancelled += [row.booking_id for row in gone]
    return GivenUp(tuple(cancelled), released)
