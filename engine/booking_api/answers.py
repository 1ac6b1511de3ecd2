"""From rows to bodies, and bodies to answers."""

import math
from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from engine.booking_api.bodies import Booking, LastResult, Problem, Progress
from engine.booking_api.limiting import Allowance
from engine.booking_api.rows import BookingRow, LookRow

CORRELATION = "X-Booking-Flow-Correlation"
MOST_CORRELATION = 200
EXHAUSTED = "exhausted"
_ENCODER = msgspec.json.Encoder()
_SHARED = tuple(field for field in Booking.__struct_fields__ if field != "auto_assign_last_result")


class Declined(Exception):
    """A request is answered with a problem, here and now."""

    def __init__(self, status: int, body: msgspec.Struct, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def answer(status: int, body: msgspec.Struct, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(_ENCODER.encode(body), status, dict(headers or {}), "application/json")


def problem(status: int, error: str, code: str = "") -> Declined:
    """A problem that is told in one sentence."""
    return Declined(status, Problem(error, code))


def last_result(text: str | None) -> LastResult | None:
    """The note of the last attempt; None when there is none, or one of another shape, which somebody else made."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=LastResult)
    except (msgspec.MsgspecError, RecursionError):
        return None


def booking(row: BookingRow) -> Booking:
    """A booking as the contract shows it."""
    shared = {field: getattr(row, field) for field in _SHARED}
    return Booking(**shared, auto_assign_last_result=last_result(row.auto_assign_last_result))


def progress(row: LookRow) -> Progress:
    """What has become of a booking."""
    noted = last_result(row.auto_assign_last_result)
    given_up = noted is not None and noted.reason is not None and noted.reason.startswith(EXHAUSTED)
    return Progress(
        id=row.id,
        status=row.status,
        tables=tuple(row.tables),
        seats=row.seats,
        zone=row.zone,
        auto_assign_last_result=noted,
        is_final=given_up or row.status not in ("pending", "pending_allocation"),
        idempotency_key=row.idempotency_key,
        confirmation_token=row.confirmation_token or "",
    )


def limit_headers(allowance: Allowance | None) -> dict[str, str]:
    """What a client is told of the rate limit; nothing when there is none."""
    if allowance is None:
        return {}
    resets = str(max(1, math.ceil(allowance.resets_in_s)))
    told = {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": resets,
    }
    return told if allowance.allowed else {**told, "Retry-After": resets}
