"""The OpenAPI document, made of the bodies' Structs."""

import functools

import msgspec

from engine import __version__
from engine.booking_api.answers import CORRELATION
from engine.booking_api.bodies import (
    BookingMade,
    Found,
    Health,
    HoursClosed,
    InvalidPayload,
    NewBooking,
    Problem,
    Progress,
    Schedule,
)

_TYPES = (BookingMade, Found, Health, HoursClosed, InvalidPayload, NewBooking, Problem, Progress, Schedule)
_ABOUT = """The booking platform's contract on slotfill's reference platform, for load tests on one's own machine.

Where it goes beyond the platform: on the platform a booking is read with a login; here with the confirmation token of
its 201 as bearer token, or with the correlation header it was made with, so that a load test can follow its bookings
without the database. `inline_auto_assign_timeout_ms` may be any number from 1; the platform keeps to 2,000 to 20,000.
No mail is sent, whatever the flags say."""
_EXAMPLE: "Json" = {
    "date": "2027-03-01",
    "time": "12:30",
    "party": 2,
    "bookingType": "lunch",
    "seating": "any",
    "name": "Ann Other",
    "email": "ann@example.com",
    "phone": "07700 900123",
}
Json = dict[str, "Json"] | list["Json"] | str | int | bool | None


@functools.cache
def encoded() -> bytes:
    """The document, OpenAPI 3.1, as JSON."""
    _, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    told = {
        "openapi": "3.1.0",
        "info": {"title": "slotfill reference booking API", "version": __version__, "description": _ABOUT},
        "paths": _paths(),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "confirmationToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The confirmationToken of the booking's answer; one that is sent must be right.",
                },
            },
        },
    }
    return msgspec.json.encode(told)


def _paths() -> Json:
    return {
        "/api/bookings": {"post": _create(), "get": _find()},
        "/api/bookings/{id}": {"get": _look()},
        "/api/restaurants/{slug}/schedule": {"get": _schedule()},
        "/api/health": {
            "get": {
                "operationId": "health",
                "summary": "Backlog, pools and event log",
                "responses": {"200": _answer("How the server is", Health)},
            }
        },
    }


def _create() -> Json:
    limits: Json = {
        name: {"schema": {"type": "integer"}}
        for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    }
    token: Json = {"Set-Cookie": {"description": "sr_confirm: the confirmation token", "schema": {"type": "string"}}}
    retry: Json = {"Retry-After": {"schema": {"type": "integer"}}}
    return {
        "operationId": "createBooking",
        "summary": "Make a booking; by flag, its tables are assigned before the answer",
        "parameters": [
            _header("Idempotency-Key", "Trimmed; the same key at a restaurant gives the same booking.", 1_000),
            _header(CORRELATION, "Echoed, and kept: see GET.", 200),
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(NewBooking), "examples": {"lunch": {"value": _EXAMPLE}}}},
        },
        "responses": {
            "201": _linked(_answer("A new booking, pending or confirmed", BookingMade, headers=_both(limits, token))),
            "200": _linked(_answer("The booking of the same key", BookingMade, headers=_both(limits, token))),
            "400": _answer("Not a booking, not JSON, or not at that time", InvalidPayload, HoursClosed, Problem),
            "404": _answer("RESTAURANT_NOT_FOUND", Problem),
            "422": _answer("BOOKING_IN_PAST, with the flag booking_past_time_blocking", Problem),
            "429": _answer("RATE_LIMITED, with the flag rate_limit_per_minute", Problem, headers=_both(limits, retry)),
            "500": _answer("The database refused", Problem),
        },
    }


def _look() -> Json:
    return {
        "operationId": "lookBooking",
        "summary": "What has become of a booking",
        "description": "For whoever sends the booking's token, or without any token its correlation.",
        "security": [{"confirmationToken": []}, {}],
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
            _header(CORRELATION, "That of the booking, where its token is not at hand.", 200),
        ],
        "responses": {
            "200": _answer("Status, tables and the last attempt's note", Progress),
            "400": _answer("A correlation that is too long", InvalidPayload),
            "401": _answer("Neither token nor correlation was sent", Problem),
            "403": _answer("They are not this booking's", Problem),
            "404": _answer("BOOKING_NOT_FOUND", Problem),
            "500": _answer("The database refused", Problem),
        },
    }


def _find() -> Json:
    return {
        "operationId": "findBookings",
        "summary": "The bookings of an idempotency key, to reconcile a request whose answer never came",
        "description": "Only those made with the correlation that is sent now; nobody learns whether there are others.",
        "parameters": [
            {**_header(CORRELATION, "That of the bookings.", 200), "required": True},
            {
                "name": "idempotencyKey",
                "in": "query",
                "required": True,
                "schema": {"type": "string", "minLength": 1},
            },
        ],
        "responses": {
            "200": _answer("None, or those there are, oldest first", Found),
            "400": _answer("No key was given, or a correlation that is too long", Problem, InvalidPayload),
            "401": _answer("No correlation was sent", Problem),
            "500": _answer("The database refused", Problem),
        },
    }


def _schedule() -> Json:
    return {
        "operationId": "schedule",
        "summary": "The times of a day that can be booked, and no others",
        "parameters": [
            {"name": "slug", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
            {
                "name": "date",
                "in": "query",
                "description": "Default: today.",
                "schema": {"type": "string", "format": "date"},
            },
        ],
        "responses": {
            "200": _answer("The day", Schedule),
            "400": _answer("No date", Problem),
            "404": _answer("RESTAURANT_NOT_FOUND", Problem),
        },
    }


def _answer(text: str, *types: type[msgspec.Struct], headers: Json = None) -> Json:
    schemas: list[Json] = [_ref(one) for one in types]
    schema: Json = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    told: dict[str, Json] = {"description": text, "content": {"application/json": {"schema": schema}}}
    return {**told, "headers": headers} if headers else told


def _linked(answer: Json) -> Json:
    links: Json = {
        "look": {
            "operationId": "lookBooking",
            "parameters": {"id": "$response.body#/booking/id", CORRELATION: f"$request.header.{CORRELATION}"},
        }
    }
    return _both(answer, {"links": links})


def _header(name: str, text: str, most: int) -> dict[str, Json]:
    schema: Json = {"type": "string", "maxLength": most}
    return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}


def _both(one: Json, other: Json) -> Json:
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise TypeError("only what is told by name goes together")
    return {**one, **other}


def _ref(one: type[msgspec.Struct]) -> Json:
    return {"$ref": f"#/components/schemas/{one.__name__}"}
