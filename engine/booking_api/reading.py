"""Reading requests: bodies, parameters, headers; what is wrong with them is told as the contract tells it."""

import re
from datetime import date, time
from uuid import UUID

import msgspec
from starlette.requests import Request

from engine.booking_api.answers import CORRELATION, MOST_CORRELATION, Declined, problem
from engine.booking_api.bodies import Fields, InvalidPayload, NewBooking

_MOST_BYTES = 64 * 1024
_MOST_KEY = 1_000
_DECODER = msgspec.json.Decoder(NewBooking)
_WHERE = re.compile(r" - at `\$\.?(?P<field>\w*)[^`]*`$")
_TEXTS = ("date", "time", "name", "email", "phone")


async def new_booking(request: Request) -> tuple[NewBooking, date, time]:
    """The booking that is asked for, its day and time. Raises Declined."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _invalid("", f"the body has more than {_MOST_BYTES} bytes")
    try:
        wanted = _decoded(body)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _WHERE.search(text)
        raise _invalid(found["field"] if found else "", _WHERE.sub("", text)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise problem(400, "Invalid JSON payload") from None
    for field in _TEXTS:
        # Python lets `$` match before a last line feed.
        if getattr(wanted, field).endswith("\n"):
            raise _invalid(field, "ends with a line feed")
    try:
        return wanted, date.fromisoformat(wanted.date), time.fromisoformat(wanted.time)
    except ValueError as error:
        raise _invalid("date", str(error)) from None


def idempotency_key(request: Request) -> str | None:
    """The key, trimmed; None when it is not given or blank. Raises Declined for one that no index takes."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > _MOST_KEY:
        raise _invalid("Idempotency-Key", f"has more than {_MOST_KEY} characters")
    return key or None


def correlation(request: Request) -> str | None:
    """The correlation that is sent along, trimmed; None when there is none. Raises Declined for a longer one."""
    sent = request.headers.get(CORRELATION, "").strip()
    if len(sent) > MOST_CORRELATION:
        raise _invalid(CORRELATION, f"has more than {MOST_CORRELATION} characters")
    return sent or None


def bearer(request: Request) -> str | None:
    """The bearer token; None when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def booking_id(request: Request) -> UUID:
    """The id in the path. Raises Declined: what is no id is no booking's."""
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise problem(404, "Booking not found", "BOOKING_NOT_FOUND") from None


def day(request: Request, today: date) -> date:
    """The day in the query; today when there is none. Raises Declined."""
    text = request.query_params.get("date")
    if text is None:
        return today
    try:
        if len(text) != len("2027-03-01") or not text.isascii():
            raise ValueError(text)  # noqa: TRY301 - other forms of ISO 8601 are none of the contract's
        return date.fromisoformat(text)
    except ValueError:
        raise problem(400, "Invalid date: give YYYY-MM-DD", "INVALID_DATE") from None


def _decoded(body: bytearray) -> NewBooking:
    """Raises ValidationError, DecodeError. A party of 2.0 is one of 2, to JavaScript as to JSON Schema."""
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError:
        fields = msgspec.json.decode(body)
        party = fields.get("party") if isinstance(fields, dict) else None
        if not (isinstance(party, float) and party.is_integer()):
            raise
        return msgspec.convert({**fields, "party": int(party)}, NewBooking)


def _invalid(field: str, text: str) -> Declined:
    details = Fields(field_errors={field: (text,)}) if field else Fields(form_errors=(text,))
    return Declined(400, InvalidPayload("Invalid payload", details))
