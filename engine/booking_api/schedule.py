"""The times of a day that can be booked: opening to closing in steps of the interval, less what would end too late."""

from collections.abc import Mapping
from datetime import date, time

import msgspec

from engine.allocator.window import CLOSED, OUTSIDE_HOURS, hours_on
from engine.booking_api.bodies import HoursClosed, HoursDetails, Reason, Schedule, Slot, Window
from engine.booking_api.rows import HouseRow
from engine.model.floor import Floor

DINNER_FROM = time(17, 0)
INVALID = "Selected time is invalid."
AFTER_CLOSE = "Selected time extends beyond closing hours."
LENGTHS = {"lunch": 90, "dinner": 120, "drinks": 60}
"""Where the catalogue of occasions has nothing to say."""


class House(msgspec.Struct, frozen=True):
    """A restaurant as the booking route sees it."""

    floor: Floor
    row: HouseRow
    lengths: Mapping[str, int]
    """Minutes of each occasion."""

    def length(self, occasion: str) -> int:
        """Minutes a booking of that occasion lasts."""
        return self.lengths.get(occasion) or LENGTHS.get(occasion, self.row.duration_minutes)


def occasion_at(at: time, wanted: str) -> str:
    """What a booking at that time is: drinks if one says so, else dinner from 17:00 and lunch before."""
    if wanted == "drinks":
        return wanted
    return "dinner" if at >= DINNER_FROM else "lunch"


def slots(house: House, on: date, wanted: str = "") -> tuple[time, ...]:
    """The times of that day that can be booked for that occasion; none when it is closed."""
    hours = hours_on(house.floor, on)
    if hours is None:
        return ()
    opens, closes = _minutes(hours[0]), _minutes(hours[1])
    times = (_time(minute) for minute in range(opens, closes, house.row.interval_minutes))
    return tuple(at for at in times if _minutes(at) + _needs(house, at, wanted) <= closes)


def is_slot(house: House, on: date, at: time, wanted: str) -> bool:
    """Whether that time is one of `slots`, without making the others."""
    hours = hours_on(house.floor, on)
    if hours is None or at.second or at.microsecond:
        return False
    asked, opens, closes = _minutes(at), _minutes(hours[0]), _minutes(hours[1])
    on_grid = asked >= opens and (asked - opens) % house.row.interval_minutes == 0
    return on_grid and asked < closes and asked + _needs(house, at, wanted) <= closes


def schedule(house: House, on: date) -> Schedule:
    """The day as the schedule route tells it."""
    hours = hours_on(house.floor, on)
    return Schedule(
        restaurant_id=house.row.id,
        restaurant_slug=house.row.slug,
        date=on,
        timezone=house.floor.timezone,
        interval_minutes=house.row.interval_minutes,
        default_duration_minutes=house.row.duration_minutes,
        last_seating_buffer_minutes=house.row.buffer_minutes,
        is_closed=hours is None,
        window=None if hours is None else Window(f"{hours[0]:%H:%M}", f"{hours[1]:%H:%M}"),
        slots=tuple(Slot(f"{at:%H:%M}", occasion_at(at, "")) for at in slots(house, on)),
    )


def refusal(house: House, on: date, at: time, wanted: str) -> HoursClosed | None:
    """Why that time cannot be booked, in the platform's words; None when it can."""
    reason: Reason
    if is_slot(house, on, at, wanted):
        return None
    open_slots = slots(house, on, wanted)
    hours = hours_on(house.floor, on)
    if hours is None:
        reason, text = "CLOSED", CLOSED
    elif not hours[0] <= at < hours[1]:
        reason, text = "OUTSIDE_WINDOW", OUTSIDE_HOURS
    elif _minutes(at) + _needs(house, at, wanted) > _minutes(hours[1]):
        reason, text = "AFTER_CLOSE", AFTER_CLOSE
    else:
        reason, text = "INVALID_TIME", INVALID
    return HoursClosed(
        error=text,
        code="OPERATING_HOURS_CLOSED",
        details=HoursDetails(
            reason=reason,
            requested_time=f"{at:%H:%M}",
            opens_at=f"{hours[0]:%H:%M}" if hours else None,
            closes_at=f"{hours[1]:%H:%M}" if hours else None,
            first_available_slot=f"{open_slots[0]:%H:%M}" if open_slots else None,
            last_available_slot=f"{open_slots[-1]:%H:%M}" if open_slots else None,
            timezone=house.floor.timezone,
        ),
    )


def _needs(house: House, at: time, wanted: str) -> int:
    """Minutes that must be left before closing."""
    return max(house.row.buffer_minutes, house.length(occasion_at(at, wanted)))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)
