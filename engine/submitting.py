"""Making a booking: by the platform's own function where it works, by a plain pending insert where it cannot."""

from datetime import time

import msgspec

from engine.database import STEP_ERRORS, Connection, refusal_of
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.model.outcome import Phase, Refusal
from engine.model.rows import Created, Submission
from engine.model.step import Step
from engine.model.turn import Order
from engine.target import Submitted

DINNER_FROM = time(17, 0)
"""The platform re-types a booking from the clock: dinner from 17:00, else lunch."""
OCCASION_MINUTES = {"lunch": 90, "dinner": 120}
"""Length of the booking itself; the table's window follows the turn bands and is shorter."""
CANNOT_WORK = "42"
"""SQLSTATE class of a function that names what is not there, may not do what it does, or cannot be called."""
ASKS = 2
"""A guest whom another request makes at the same moment is found by the second ask."""


class FunctionBroken(Exception):
    """The creating function cannot work in this database; nothing was written."""


async def submit_plainly(connection: Connection, order: Order, floor: Floor, run: RunId) -> Submitted | Refusal:
    """Insert the booking, pending; it commits by itself."""
    arguments = _facts(order, floor)
    made: Submission | None = None
    try:
        for _ in range(ASKS):
            made = await connection.row(
                "fill/submit", Submission, order.booking_id, *arguments, order.key, _tag(order, run)
            )
            if made is None or made.booking_id or made.has_guest:
                break
    except STEP_ERRORS as error:
        return refusal_of(error, Step.SUBMIT, unanswered=Phase.IN_DOUBT)
    if made is None or made.booking_id is None:
        return _swallowed()
    if made.duplicate:
        return _duplicate(str(made.booking_id))
    return Submitted(made.booking_id, made.xid)


async def submit_by_function(connection: Connection, order: Order, floor: Floor, run: RunId) -> Submitted | Refusal:
    """Ask the platform's function for the booking; it commits by itself. Raises FunctionBroken."""
    made: Created | None = None
    try:
        for _ in range(ASKS):
            made = await connection.row(
                "fill/submit_checked",
                Created,
                *_facts(order, floor),
                order.key,
                str(order.booking_id),
                _tag(order, run),
            )
            if made is not None:
                break
    except STEP_ERRORS as error:
        if (getattr(error, "sqlstate", None) or "").startswith(CANNOT_WORK):
            raise FunctionBroken(str(error)) from error
        return refusal_of(error, Step.SUBMIT, unanswered=Phase.IN_DOUBT)
    if made is None:
        return _swallowed()
    if (made.sqlstate or "").startswith(CANNOT_WORK):
        raise FunctionBroken(f"{made.sqlstate} {made.message or ''}")
    if made.duplicate:
        return _duplicate(str(made.booking_id or "the same key"))
    if not made.success:
        word = made.error or "create_booking_with_capacity_check said no"
        return Refusal(
            step=Step.SUBMIT,
            phase=Phase.ANSWERED,
            message=f"{word}: {made.message or 'no reason given'}",
            sqlstate=made.sqlstate,
            detail=made.details,
        )
    return _swallowed() if made.booking_id is None else Submitted(made.booking_id, made.xid)


def _facts(order: Order, floor: Floor) -> tuple[object, ...]:
    """Restaurant, day, start, end, party, occasion, name, e-mail and phone, as both statements take them."""
    turn = order.turn
    occasion = "dinner" if turn.at >= DINNER_FROM else "lunch"
    return (
        floor.restaurant_id,
        turn.on,
        turn.at,
        later(turn.at, OCCASION_MINUTES[occasion]),
        turn.party,
        occasion,
        order.name,
        order.email,
        order.phone,
    )


def _tag(order: Order, run: RunId) -> str:
    return msgspec.json.encode({"run": run, "attempt": order.attempt, "turn": order.turn.id}).decode()


def later(start: time, minutes: int) -> time:
    """So many minutes later, within the same day: the platform stores a booking as a date and two times."""
    end = start.hour * 60 + start.minute + minutes
    return time(23, 59) if end >= 24 * 60 else time(end // 60, end % 60)


def _duplicate(of: str) -> Refusal:
    return Refusal(step=Step.SUBMIT, phase=Phase.ANSWERED, message=f"duplicate of booking {of}")


def _swallowed() -> Refusal:
    """A write was answered without its row: something on the server dropped it."""
    return Refusal(
        step=Step.SUBMIT, phase=Phase.ANSWERED, message="submit: the insert was answered but no row was written"
    )
