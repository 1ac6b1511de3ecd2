"""What answers of the booking API mean. Pure; no message has anything of the guest in it."""

from collections.abc import Sequence
from datetime import time
from typing import Annotated
from uuid import UUID

import msgspec

from engine.api_problems import UNREADABLE, one_line, quoted, refused, unreadable
from engine.model.http import Answer
from engine.model.outcome import Phase, Refusal
from engine.model.step import Step
from engine.model.turn import Order
from engine.model.whole_rows import WholeRow
from engine.target import Heard, Submitted

INLINE = "inline"
"""The platform's word for an assignment within the request."""
_SOURCES = frozenset({INLINE, "job"})
_OPEN = frozenset({"pending", "pending_allocation"})
"""Statuses of a booking that may yet be given tables."""
_GIVEN_UP = "exhausted"
"""A reason that begins so ends the background job."""
_MOST_PLANNER_MS = 24 * 3600 * 1000
"""A note of a longer time in the request tells no time."""

# Longer ones are no answers of the contract; what they would fill is kept and shown for every attempt.
_Word = Annotated[str, msgspec.Meta(max_length=60)]
_Name = Annotated[str, msgspec.Meta(max_length=120)]
_Names = Annotated[tuple[_Name, ...], msgspec.Meta(max_length=1000)]
_Seats = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """`auto_assign_last_result`."""

    success: bool | None = None
    reason: str | None = None
    duration_ms: float | None = None
    source: str = ""


class Booking(msgspec.Struct, frozen=True):
    """A booking as the submit answers it: the platform's columns."""

    id: UUID
    status: _Word = "pending"
    auto_assign_last_result: msgspec.Raw = msgspec.Raw()


class Made(msgspec.Struct, frozen=True):
    """The answer to a submit."""

    booking: Booking
    duplicate: bool | None = None


class Progress(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a look."""

    id: UUID
    status: _Word
    tables: _Names = ()
    seats: _Seats = 0
    zone: _Name | None = None
    auto_assign_last_result: msgspec.Raw = msgspec.Raw()
    is_final: bool | None = None


class Found(msgspec.Struct, frozen=True):
    """The answer to a look-up by key, oldest first."""

    bookings: tuple[Progress, ...]


_MADE = msgspec.json.Decoder(Made)
_PROGRESS = msgspec.json.Decoder(Progress)
_FOUND = msgspec.json.Decoder(Found)


def body_of(order: Order) -> bytes:
    """The order as the body of a submit."""
    turn = order.turn
    return msgspec.json.encode(
        {
            "restaurantSlug": turn.restaurant,
            "date": turn.on.isoformat(),
            "time": f"{turn.at:%H:%M}",
            "party": turn.party,
            # What the platform makes of the clock itself.
            "bookingType": "dinner" if turn.at >= time(17, 0) else "lunch",
            "seating": "any",
            "name": order.name,
            "email": order.email,
            "phone": order.phone,
            "marketingOptIn": False,
        }
    )


def submitted(answer: Answer, order: Order) -> Submitted | Refusal:
    """What a submit came to. Only a rejection of the contract proves that no booking was made."""
    if answer.status not in (200, 201):
        return refused(answer, Step.SUBMIT, order)
    try:
        made = _MADE.decode(answer.body)
    except UNREADABLE as error:
        return unreadable(answer, Step.SUBMIT, error)
    booking = made.booking
    if made.duplicate if made.duplicate is not None else answer.status == 200:
        message = f"HTTP {answer.status}: a duplicate of booking {booking.id}, which is {one_line(booking.status)}"
        return Refusal(step=Step.SUBMIT, phase=Phase.ANSWERED, message=message)
    return Submitted(booking.id, heard=_heard(booking.status, _noted(booking.auto_assign_last_result)))


def looked(answer: Answer, order: Order | None = None) -> Heard | Refusal:
    """What a look told."""
    if answer.status != 200:
        return refused(answer, Step.INLINE_WAIT, order)
    try:
        told = _PROGRESS.decode(answer.body)
    except UNREADABLE as error:
        return unreadable(answer, Step.INLINE_WAIT, error)
    return heard_of(told)


def found(answer: Answer, order: Order) -> UUID | Refusal | None:
    """The oldest booking of a key; None when the platform says that there is none."""
    if answer.status != 200:
        return refused(answer, Step.SUBMIT, order)
    try:
        bookings = _FOUND.decode(answer.body).bookings
    except UNREADABLE as error:
        return unreadable(answer, Step.SUBMIT, error)
    return bookings[0].id if bookings else None


def heard_of(told: Progress) -> Heard:
    """A look at the API as what is known of the booking."""
    heard = _heard(told.status, _noted(told.auto_assign_last_result), told.tables, told.seats, told.zone)
    return heard if told.is_final is None else msgspec.structs.replace(heard, is_final=told.is_final)


def heard_from(row: WholeRow) -> Heard:
    """A row of the database as what is known of the booking."""
    noted = Result(
        success={"true": True, "false": False}.get(row.success or ""),
        reason=row.reason,
        duration_ms=_number(row.duration_ms),
        source=row.source or "",
    )
    return _heard(row.status, noted, row.tables, row.seats, row.zone)


def _heard(
    status: str,
    noted: Result,
    tables: Sequence[str] = (),
    seats: int = 0,
    zone: str | None = None,
) -> Heard:
    reason = None if noted.success or noted.reason is None else quoted(noted.reason)
    took_ms = noted.duration_ms if noted.source == INLINE else None
    return Heard(
        status=one_line(status),
        tables=tuple(map(one_line, tables)),
        seats=seats,
        zone=None if zone is None else one_line(zone),
        reason=reason,
        planner_ns=round(took_ms * 1e6) if took_ms is not None and 0 <= took_ms <= _MOST_PLANNER_MS else None,
        source=noted.source if noted.source in _SOURCES else "",
        is_final=status not in _OPEN or (reason or "").startswith(_GIVEN_UP),
    )


def _noted(raw: msgspec.Raw) -> Result:
    """A note of another shape is none: it decides nothing, as status and tables do."""
    try:
        return msgspec.json.decode(raw, type=Result | None) or Result() if raw else Result()
    except UNREADABLE:
        return Result()


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
