"""The service window: how long a booking takes its tables, from the restaurant's local time to UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.model.floor import Floor, Hours, Policy, Window

_BANDS = ((2, 60), (4, 75), (6, 85))
"""Largest party of a band and the minutes it sits, at lunch and at dinner alike."""
_LARGER = {"lunch": 85, "dinner": 90}
"""Minutes of a party larger than every band."""
SHORTEST_SITTING_MINUTES = min(minutes for _, minutes in _BANDS)

DEFAULT_POLICY = Policy(time(12), time(15), time(17), time(22), clean_buffer_minutes=5)
"""The platform's own, where it stores no service policy."""

CLOSED = "Restaurant is closed on the selected date."
OUTSIDE_HOURS = "Selected time is outside operating hours."


def service_window(floor: Floor, on: date, at: time, party: int, *, fails_hard: bool = False) -> Window | str:
    """The time a booking takes its tables, or in the platform's words why there is none.

    A start in neither service sits by lunch's turn times while the house is open, as on the platform, unless it
    `fails_hard`; and lunch may overrun its end. A dinner sitting is shortened to dinner's end; the cleaning buffer
    comes after the sitting and may pass it.
    """
    hours = hours_on(floor, on)
    if hours is None:
        return CLOSED
    if not hours[0] <= at < hours[1]:
        return OUTSIDE_HOURS
    policy = floor.policy
    service = _service_at(policy, at)
    if service is None:
        if fails_hard:
            return f"No service window matches {at:%H:%M}"
        service = "lunch"
    zone = ZoneInfo(floor.timezone)
    start = instant(zone, on, at)
    sits_until = start + timedelta(minutes=turn_minutes(service, party))
    if service == "dinner":
        sits_until = min(sits_until, instant(zone, on, policy.dinner_end))
        if sits_until <= start:
            return f"Reservation would overrun dinner service (end {policy.dinner_end:%H:%M})."
    return Window(service=service, start=start, end=sits_until + timedelta(minutes=policy.clean_buffer_minutes))


def turn_minutes(service: str, party: int) -> int:
    """How long a party sits, without the buffer."""
    return next((minutes for largest, minutes in _BANDS if party <= largest), _LARGER[service])


def hours_on(floor: Floor, on: date) -> tuple[time, time] | None:
    """Opening and closing time of that day, local; None when it is closed, or when no hours are stored for it.

    Where a row is stored for the very date, only such rows count.
    """
    rows = [row for row in floor.hours if row.effective_date == on]
    if not rows:
        day_of_week = on.isoweekday() % 7  # the platform counts from Sunday, 0
        rows = [row for row in floor.hours if row.effective_date is None and row.day_of_week == day_of_week]
    return next((times for row in rows if (times := _open(row))), None)


def instant(zone: ZoneInfo, on: date, at: time) -> datetime:
    """That local time in UTC, read as Postgres reads it.

    Postgres takes the time that a change of clocks repeats as its second occurrence, and carries one that the change
    leaves out over the gap; both are the later of the two readings that `fold` offers.
    """
    local = datetime.combine(on, at, zone)
    return max(local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC))


def _open(row: Hours) -> tuple[time, time] | None:
    if row.is_closed or row.opens_at is None or row.closes_at is None:
        return None
    return row.opens_at, row.closes_at


def _service_at(policy: Policy, at: time) -> str | None:
    if policy.dinner_start <= at <= policy.dinner_end:  # its very end counts, so that it is refused as an overrun
        return "dinner"
    if policy.lunch_start <= at < policy.lunch_end:
        return "lunch"
    return None
