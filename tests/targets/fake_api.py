"""A booking API in memory with the contract's rules; a test says what befalls each submit that comes."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid5

from tests.raw_server import Request, answer

CORRELATION = "x-booking-flow-correlation"
Trick = Callable[["FakeApi", Request], Awaitable[bytes]]


class FakeApi:
    """Give `rule` to `serving`. One key and one guest make one booking; without tricks every submit stays pending."""

    def __init__(self, *tricks: Trick) -> None:
        self.tricks = deque(tricks)
        """What befalls the submits, one after the other; after the last all goes well."""
        self.reads: deque[Trick] = deque()
        """The same for everything that is only read."""
        self.bookings: dict[str, dict[str, object]] = {}
        """By key."""
        self.submits: list[Request] = []

    async def rule(self, request: Request) -> bytes:
        path = urlsplit(request.target)
        if request.method == "POST" and path.path == "/api/bookings":
            self.submits.append(request)
            return await self.tricks.popleft()(self, request) if self.tricks else self.make(request)
        if self.reads:
            return await self.reads.popleft()(self, request)
        if path.path == "/api/bookings":
            return self.find(request, parse_qs(path.query)["idempotencyKey"][0])
        if path.path.startswith("/api/restaurants/"):
            return self.schedule(path.path.split("/")[3], parse_qs(path.query)["date"][0])
        return self.look(request, path.path.rsplit("/", 1)[1])

    def make(self, request: Request) -> bytes:
        """Make the booking, or give the one of the same key."""
        key = request.headers["idempotency-key"]
        if key in self.bookings:
            return answer(200, self._made(key, duplicate=True))
        self.bookings[key] = {
            "id": str(uuid5(NAMESPACE_URL, key)),
            "status": "pending",
            "auto_assign_last_result": None,
            "correlation": request.headers[CORRELATION],
            "customer_email": json.loads(request.body)["email"],
            "tables": [],
        }
        return answer(201, self._made(key, duplicate=False))

    def note(self, key: str, *, tables: list[str] | None = None, **result: object) -> None:
        """The platform notes an attempt to assign; with tables it was confirmed."""
        booking = self.bookings[key]
        booking["auto_assign_last_result"] = {
            "lastAttemptAt": "2027-03-01T12:00:00Z",
            "success": bool(tables),
            **result,
        }
        if tables:
            booking.update(status="confirmed", tables=tables)

    def look(self, request: Request, booking_id: str) -> bytes:
        for booking in self.bookings.values():
            if booking["id"] == booking_id:
                if request.headers.get(CORRELATION) != booking["correlation"]:
                    return answer(403, b'{"error":"somebody else\'s","code":"FORBIDDEN"}')
                return answer(200, json.dumps(_progress(booking)).encode())
        return answer(404, b'{"error":"Booking not found","code":"BOOKING_NOT_FOUND"}')

    def find(self, request: Request, key: str) -> bytes:
        booking = self.bookings.get(key)
        mine = booking is not None and request.headers[CORRELATION] == booking["correlation"]
        return answer(200, json.dumps({"bookings": [_progress(booking)] if booking and mine else []}).encode())

    def schedule(self, slug: str, on: str) -> bytes:
        if slug != "the-mill":
            return answer(404, b'{"error":"Restaurant not found","code":"RESTAURANT_NOT_FOUND"}')
        closed = on.endswith("-02")
        told = {
            "restaurantId": str(uuid5(NAMESPACE_URL, slug)),
            "restaurantSlug": slug,
            "date": on,
            "timezone": "Europe/London",
            "intervalMinutes": 15,
            "isClosed": closed,
            "window": None if closed else {"opensAt": "12:00", "closesAt": "22:00"},
            "slots": [{"value": "12:00", "bookingOption": "lunch"}],
        }
        return answer(200, json.dumps(told).encode())

    def _made(self, key: str, *, duplicate: bool) -> bytes:
        booking = {name: value for name, value in self.bookings[key].items() if name not in ("tables", "correlation")}
        return json.dumps(
            {"booking": booking, "bookings": [booking], "duplicate": duplicate, "capacity": None, "idempotencyKey": key}
        ).encode()


def says(status: int, body: object = None, headers: str = "content-type: application/json\r\n") -> Trick:
    """The submit is answered so, and makes nothing."""

    async def trick(api: FakeApi, request: Request) -> bytes:
        return answer(status, body if isinstance(body, bytes) else json.dumps(body or {}).encode(), headers)

    return trick


def raises(error: Exception, *, makes: bool) -> Trick:
    """The server hangs up as the error says; before or after it made the booking."""

    async def trick(api: FakeApi, request: Request) -> bytes:
        if makes:
            api.make(request)
        raise error

    return trick


def silent(*, makes: bool) -> Trick:
    """No answer ever comes."""

    async def trick(api: FakeApi, request: Request) -> bytes:
        if makes:
            api.make(request)
        await asyncio.Event().wait()
        return b""

    return trick


def _progress(booking: dict[str, object]) -> dict[str, object]:
    tables = booking["tables"]
    return {
        "id": booking["id"],
        "status": booking["status"],
        "tables": tables,
        "seats": 2 * len(tables) if isinstance(tables, list) else 0,
        "zone": "Main" if tables else None,
        "autoAssignLastResult": booking["auto_assign_last_result"],
        "isFinal": booking["status"] != "pending",
        "idempotencyKey": "k",
        "confirmationToken": "t",
    }
