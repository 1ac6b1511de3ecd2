"""The bodies of the contract; the OpenAPI document is made of these."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

MOST_PARTY = 1_000
"""The platform names no limit; without one a single booking could overflow the sum of a restaurant's covers."""

# Postgres holds no NUL. And [0-9], as \d would take the digits of every script.
_TEXT = "^[^\\u0000]*$"
_SOLID = "^[^\\s\\u0000][^\\u0000]*[^\\s\\u0000]$"
_EMAIL = "^[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(\\.[A-Za-z0-9-]{1,63}){1,4}$"
_CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_DAY = "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

Name = Annotated[str, Meta(min_length=2, max_length=120, pattern=_TEXT)]
Email = Annotated[str, Meta(max_length=254, pattern=_EMAIL)]
Phone = Annotated[str, Meta(min_length=7, max_length=50, pattern=_SOLID)]
Notes = Annotated[str, Meta(max_length=500, pattern=_TEXT)]
Clock = Annotated[str, Meta(max_length=5, pattern=_CLOCK, description="Local time of the restaurant, HH:MM.")]
Day = Annotated[str, Meta(max_length=10, pattern=_DAY, extra_json_schema={"format": "date"})]
Slug = Annotated[str, Meta(min_length=1, max_length=120, pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
Reason = Literal["CLOSED", "INVALID_TIME", "OUTSIDE_WINDOW", "AFTER_CLOSE"]
Party = Annotated[int, Meta(ge=1, le=MOST_PARTY)]


class BookingType(StrEnum):
    """What is booked; all but drinks are typed anew from the clock."""

    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"
    DRINKS = "drinks"


class Seating(StrEnum):
    """Where the guests would like to sit."""

    ANY = "any"
    INDOOR = "indoor"
    OUTDOOR = "outdoor"
    WINDOW = "window"
    BOOTH = "booth"
    BAR = "bar"
    QUIET = "quiet"


class NewBooking(msgspec.Struct, frozen=True, rename="camel"):
    """A request for a booking. The slug wins over the id; without either it is for the default restaurant."""

    date: Day
    time: Clock
    party: Party
    booking_type: BookingType
    seating: Seating
    name: Name
    email: Email
    phone: Phone
    restaurant_id: UUID | UnsetType = UNSET
    restaurant_slug: Slug | UnsetType = UNSET
    notes: Notes | None = None
    marketing_opt_in: bool = False


class AssignStrategy(msgspec.Struct, frozen=True, rename="camel"):
    """How tables were looked for."""

    max_tables: int
    require_adjacency: bool


class LastResult(msgspec.Struct, frozen=True, rename="camel"):
    """What the platform noted of its last attempt to assign tables: `auto_assign_last_result`.

    It is a note, not the truth: a confirm that was sent before an INLINE_TIMEOUT may still commit.
    """

    source: str
    """`inline` or `job`."""
    last_attempt_at: datetime
    success: bool
    reason: str | None
    """INLINE_TIMEOUT, a planner's or the database's text; begins with `exhausted` when nobody will try again."""
    strategy: AssignStrategy
    trigger: str
    alternates: int
    """Candidates beside the best."""
    duration_ms: int
    """From the start of the attempt, the wait for its turn included."""
    attempt_id: str
    email_sent: bool = False
    email_variant: str | None = None


class Booking(msgspec.Struct, frozen=True):
    """A booking, its columns named as in the database."""

    id: UUID
    restaurant_id: UUID
    booking_date: date
    start_time: str
    end_time: str
    start_at: datetime
    end_at: datetime
    party_size: int
    booking_type: str
    seating_preference: str
    status: str
    reference: str
    customer_name: str
    customer_email: str
    customer_phone: str
    notes: str | None
    source: str
    client_request_id: str
    idempotency_key: str | None
    loyalty_points_awarded: int
    assigned_zone_id: UUID | None
    auto_assign_last_result: LastResult | None
    created_at: datetime


class BookingMade(msgspec.Struct, frozen=True, rename="camel"):
    """201 for a new booking, 200 for one that was there."""

    booking: Booking
    confirmation_token: str
    loyalty_points_awarded: int
    bookings: tuple[Booking, ...]
    """The guest's newest bookings, this one first."""
    client_request_id: str
    idempotency_key: str | None
    duplicate: bool
    capacity: None = None


class Progress(msgspec.Struct, frozen=True, rename="camel"):
    """What has become of a booking."""

    id: UUID
    status: str
    tables: tuple[str, ...]
    seats: int
    zone: str | None
    auto_assign_last_result: LastResult | None
    is_final: bool
    """Nobody will try to assign it any more: it is not pending, or the background job has given up."""
    idempotency_key: str | None
    confirmation_token: str


class Found(msgspec.Struct, frozen=True):
    """The bookings made with one key and one correlation."""

    bookings: tuple[Progress, ...]


class Window(msgspec.Struct, frozen=True, rename="camel"):
    """Opening and closing, local time."""

    opens_at: str
    closes_at: str


class Slot(msgspec.Struct, frozen=True, rename="camel"):
    """A time that can be booked."""

    value: str
    booking_option: str


class Schedule(msgspec.Struct, frozen=True, rename="camel"):
    """The times of one day that can be booked, and no others."""

    restaurant_id: UUID
    restaurant_slug: str
    date: date
    timezone: str
    interval_minutes: int
    default_duration_minutes: int
    last_seating_buffer_minutes: int
    is_closed: bool
    window: Window | None
    slots: tuple[Slot, ...]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong."""

    error: str
    code: str = ""


class Fields(msgspec.Struct, frozen=True, rename="camel"):
    """What is wrong with a body, by field."""

    form_errors: tuple[str, ...] = ()
    field_errors: dict[str, tuple[str, ...]] = {}


class InvalidPayload(msgspec.Struct, frozen=True):
    """The body is JSON and not a booking."""

    error: Literal["Invalid payload"]
    details: Fields


class HoursDetails(msgspec.Struct, frozen=True, rename="camel"):
    """Why a time cannot be booked, and which could be."""

    reason: Reason
    requested_time: str
    opens_at: str | None
    closes_at: str | None
    first_available_slot: str | None
    last_available_slot: str | None
    timezone: str


class HoursClosed(msgspec.Struct, frozen=True):
    """The restaurant takes no booking at that time."""

    error: str
    code: Literal["OPERATING_HOURS_CLOSED"]
    details: HoursDetails


class PoolUse(msgspec.Struct, frozen=True, rename="camel"):
    """How a bounded pool of connections is used."""

    size: int
    in_use: int
    waiting: int
    """Who wants one and has none."""


class Backlog(msgspec.Struct, frozen=True, rename="camel"):
    """Bookings that the platform has yet to finish with."""

    inline: int
    """Requests that wait for their tables."""
    late: int
    """Attempts that go on although their request was answered."""
    waiting: int
    """Background jobs between two attempts."""
    running: int
    """Background jobs in an attempt or on their way to it."""


class EventLog(msgspec.Struct, frozen=True, rename="camel"):
    """The event log, which is written off the requests' path."""

    queued: int
    written: int
    dropped: int


class Health(msgspec.Struct, frozen=True, rename="camel"):
    """How the server is."""

    status: Literal["ok"]
    run: str
    uptime_s: float
    backlog: Backlog
    seats: PoolUse
    desks: PoolUse
    events: EventLog
