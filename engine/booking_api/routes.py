"""The routes: what each request is answered with."""

import hmac
import secrets
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from engine.allocator.window import instant
from engine.booking_api import document, reading
from engine.booking_api.answers import (
    CORRELATION,
    Declined,
    answer,
    booking,
    limit_headers,
    problem,
    progress,
)
from engine.booking_api.assigning import PENDING, Assigner
from engine.booking_api.attempt import Attempted, Wanted
from engine.booking_api.bodies import Booking, BookingMade, Found, Health, NewBooking, Problem
from engine.booking_api.desk import Facts, Made
from engine.booking_api.hall import Hall
from engine.booking_api.limiting import Allowance
from engine.booking_api.schedule import House, occasion_at, refusal, schedule
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.model.ids import TurnId
from engine.model.turn import Turn
from engine.redact import mask
from engine.submitting import later

GRACE = timedelta(minutes=5)
"""So long a time that has passed can still be booked where past times are refused."""
_MOST_PHONE = 20
"""Characters a guest's phone number may have in the database; the contract takes more."""


class Routes:
    """The handlers, over one hall."""

    def __init__(self, hall: Hall, assigner: Assigner) -> None:
        self._hall = hall
        self._assigner = assigner
        self._document = document.encoded()

    async def bookings(self, request: Request) -> Response:
        """POST and GET of /api/bookings."""
        return await (self.create if request.method == "POST" else self.find)(request)

    async def create(self, request: Request) -> Response:
        """POST /api/bookings."""
        began_ns = self._hall.clock.now_ns()
        wanted, on, at = await reading.new_booking(request)
        key, correlation = reading.idempotency_key(request), reading.correlation(request)
        house = self._house(wanted)
        allowance = self._allowed(house, request)
        occasion = self._bookable(house, wanted, on, at)
        facts = self._facts(house, wanted, on, at, occasion)
        tag = {"run": self._hall.spec.run, "correlation": correlation}
        details = msgspec.json.encode({"slotfill": tag}).decode()
        made = await self._make(house, msgspec.structs.replace(facts, key=key, details=details))
        made_ns = self._hall.clock.now_ns()
        attempted, shown = await self._assign(house, made, on, at)
        headers = limit_headers(allowance)
        headers["Set-Cookie"] = f"sr_confirm={made.row.confirmation_token}; Path=/; HttpOnly; SameSite=Lax"
        if self._hall.flags.debug_capacity_profiling:
            headers["Server-Timing"] = _timing(made_ns - began_ns, attempted)
        body = BookingMade(
            booking=shown,
            confirmation_token=made.row.confirmation_token or "",
            loyalty_points_awarded=shown.loyalty_points_awarded,
            bookings=(shown, *map(booking, made.others)),
            client_request_id=shown.client_request_id,
            idempotency_key=shown.idempotency_key,
            duplicate=made.duplicate,
        )
        return answer(200 if made.duplicate else 201, body, headers)

    async def look(self, request: Request) -> Response:
        """GET /api/bookings/{id}, for whoever has its confirmation token or its correlation."""
        wanted = reading.booking_id(request)
        token, correlation = reading.bearer(request), reading.correlation(request)
        if token is None and correlation is None:
            raise Declined(401, Problem("Confirmation token or correlation needed", "UNAUTHENTICATED"), _BEARER)
        async with self._hall.desks.one() as desk:
            row = await desk.look(wanted)
        if row is None:
            raise problem(404, "Booking not found", "BOOKING_NOT_FOUND")
        # A token that is sent must be right, whatever else is sent with it.
        if not (_same(correlation, row.correlation) if token is None else _same(token, row.confirmation_token)):
            raise problem(403, "This booking is somebody else's", "FORBIDDEN")
        return answer(200, progress(row))

    async def find(self, request: Request) -> Response:
        """GET /api/bookings?idempotencyKey=…, for whoever sent the same correlation with it."""
        key = request.query_params.get("idempotencyKey", "").strip()
        if not key or "\0" in key:
            raise problem(400, "idempotencyKey is needed in the query", "INVALID_QUERY")
        correlation = reading.correlation(request)
        if correlation is None:
            raise Declined(401, Problem(f"{CORRELATION} is needed: that of the booking", "UNAUTHENTICATED"), _BEARER)
        async with self._hall.desks.one() as desk:
            rows = await desk.find(key, correlation)
        return answer(200, Found(tuple(map(progress, rows))))

    async def schedule(self, request: Request) -> Response:
        """GET /api/restaurants/{slug}/schedule?date=…"""
        house = self._hall.houses.get(request.path_params["slug"])
        if house is None:
            raise problem(404, "Restaurant not found", "RESTAURANT_NOT_FOUND")
        today = self._hall.clock.wall().astimezone(ZoneInfo(house.floor.timezone)).date()
        return answer(200, schedule(house, reading.day(request, today)))

    async def health(self, _request: Request) -> Response:
        """GET /api/health: backlog, pools, event log."""
        hall = self._hall
        body = Health(
            status="ok",
            run=hall.spec.run,
            uptime_s=round(hall.clock.now_ns() / 1e9, 3),
            backlog=self._assigner.backlog,
            seats=hall.seats.use,
            desks=hall.desks.use,
            events=hall.log.use,
        )
        return answer(200, body)

    async def openapi(self, _request: Request) -> Response:
        """GET /openapi.json."""
        return Response(self._document, media_type="application/json")

    def _house(self, wanted: NewBooking) -> House:
        """The restaurant: by slug, else by id, else the default one."""
        if wanted.restaurant_slug is not UNSET:
            house = self._hall.houses.get(wanted.restaurant_slug)
        elif wanted.restaurant_id is not UNSET:
            house = self._hall.by_id.get(wanted.restaurant_id)
        else:
            house = self._hall.default
        if house is None:
            raise problem(404, "Restaurant not found", "RESTAURANT_NOT_FOUND")
        return house

    def _allowed(self, house: House, request: Request) -> Allowance | None:
        # Deliberately not X-Forwarded-For: nobody stands between, and anybody could say anything.
        address = request.client.host if request.client else "?"
        allowance = self._hall.limit.take(house.row.slug, address, self._hall.clock.now_ns() / 1e9)
        if allowance is not None and not allowance.allowed:
            body = Problem("Too many booking requests. Please try again in a moment.", "RATE_LIMITED")
            raise Declined(429, body, limit_headers(allowance))
        return allowance

    def _bookable(self, house: House, wanted: NewBooking, on: date, at: time) -> str:
        """The occasion of a time that can be booked. Raises Declined."""
        starts = instant(ZoneInfo(house.floor.timezone), on, at)
        if self._hall.flags.booking_past_time_blocking and starts < self._hall.clock.wall() - GRACE:
            raise problem(422, "Booking time is in the past", "BOOKING_IN_PAST")
        closed = refusal(house, on, at, wanted.booking_type)
        if closed is not None:
            raise Declined(400, closed)
        return occasion_at(at, wanted.booking_type)

    def _facts(self, house: House, wanted: NewBooking, on: date, at: time, occasion: str) -> Facts:
        return Facts(
            restaurant=house.row.id,
            on=on,
            start=at,
            end=later(at, house.length(occasion)),
            party=wanted.party,
            occasion=occasion,
            name=wanted.name,
            email=wanted.email.lower(),
            phone=wanted.phone[:_MOST_PHONE].strip().ljust(7, "0"),
            seating=wanted.seating,
            notes=wanted.notes,
            marketing=wanted.marketing_opt_in,
            key=None,
            details="{}",
        )

    async def _make(self, house: House, facts: Facts) -> Made:
        log, restaurant = self._hall.log, house.row.id
        try:
            async with self._hall.desks.one() as desk:
                made = await desk.make(house.row.slug, facts, secrets.token_hex(32))
        except (DatabaseFailed, DatabaseUnreachable) as error:
            log.event("booking", "booking.creation.failure", restaurant, None, severity="error", error=mask(str(error)))
            raise
        if made.duplicate:
            log.event("booking", "booking.creation.duplicate", restaurant, made.row.id)
            return made
        if made.fallback:
            why = mask(made.fallback)
            log.event("booking", "booking.creation.fallback_insert", restaurant, made.row.id, why=why)
        log.event("booking", "booking.creation.success", restaurant, made.row.id)
        word = "suppressed" if self._hall.flags.suppress_emails else "would_send"
        log.event("booking", f"booking.email.{word}", restaurant, made.row.id, variant="created")
        return made

    async def _assign(self, house: House, made: Made, on: date, at: time) -> tuple[Attempted | None, Booking]:
        """Assign tables where the flag wants it; the booking as it is afterwards, as far as the request has seen it."""
        row = made.row
        if made.duplicate or not self._hall.flags.auto_assign_on_booking or row.status not in PENDING:
            return None, booking(row)
        turn = Turn(TurnId(0), house.row.slug, on, at, row.party_size, row.id)
        wanted = Wanted(row.id, house.row.slug, house.row.id, turn, row.start_at)
        attempted, said = await self._assigner.inline(wanted)
        shown = msgspec.structs.replace(booking(row), auto_assign_last_result=said)
        if attempted.success:
            shown = msgspec.structs.replace(shown, status="confirmed", assigned_zone_id=attempted.zone)
        return attempted, shown


_BEARER = {"WWW-Authenticate": "Bearer"}


def _same(given: str | None, kept: str | None) -> bool:
    """Whether a secret is the right one, in a time that does not tell how much of it is."""
    return given is not None and kept is not None and hmac.compare_digest(given.encode(), kept.encode())


def _timing(made_ns: int, attempted: Attempted | None) -> str:
    steps = (("create", made_ns), *(attempted.times if attempted else ()))
    return ", ".join(f"{step};dur={took / 1e6:.3f}" for step, took in steps)
