"""Restaurants as the schedule route tells them, for a target whose database cannot be read."""

from collections.abc import Sequence
from datetime import date, time
from typing import Annotated
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from engine.api_problems import UNREADABLE, absent, one_line, refused, why_unreadable
from engine.http import HTTP_ERRORS, HttpClient, describe
from engine.model.floor import Floor, Hours, Policy
from engine.model.http import Answer
from engine.model.step import Step

_Clock = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?\\Z")]


class ScheduleUnread(Exception):
    """A restaurant's day could not be read. The message is one sentence."""


class Open(msgspec.Struct, frozen=True, rename="camel"):
    """Opening and closing, local time."""

    opens_at: _Clock
    closes_at: _Clock


class Schedule(msgspec.Struct, frozen=True, rename="camel"):
    """A day of a restaurant, as the schedule route tells it."""

    restaurant_id: UUID
    timezone: str
    interval_minutes: Annotated[int, msgspec.Meta(ge=1, le=24 * 60)]
    is_closed: bool
    window: Open | None = None


_SCHEDULE = msgspec.json.Decoder(Schedule)


async def read_schedules(client: HttpClient, slugs: Sequence[str], days: Sequence[date]) -> dict[str, Floor]:
    """These restaurants on these days, as far as the API tells them. A slug that is not there is left out.

    The API has no list of restaurants: `all` names none here. Raises ScheduleUnread.
    """
    if "all" in slugs:
        raise ScheduleUnread(
            "the API names no restaurants: give their slugs in run.restaurants, or the target a dsn to read them with"
        )
    floors = {}
    for slug in slugs:
        told = [(on, await _day(client, slug, on)) for on in days]
        known = [(on, one) for on, one in told if one is not None]
        if known:
            floors[slug] = floor_of(slug, known)
    return floors


async def _day(client: HttpClient, slug: str, on: date) -> Schedule | None:
    path = f"/api/restaurants/{quote(slug, safe='')}/schedule?date={on.isoformat()}"
    try:
        answer = await client.get(path)
        return None if absent(answer) else schedule(answer)
    except HTTP_ERRORS as error:
        raise ScheduleUnread(f"{path} of {client.base_url} gave no answer: {describe(error)}") from error
    except ValueError as error:
        raise ScheduleUnread(f"{path} of {client.base_url}: {error}") from error


def schedule(answer: Answer) -> Schedule:
    """A day as the schedule route tells it. Raises ValueError with one sentence."""
    if answer.status != 200:
        raise ValueError(refused(answer, Step.SUBMIT).message)
    try:
        told = _SCHEDULE.decode(answer.body)
    except UNREADABLE as error:
        raise ValueError(f"HTTP 200, but its body cannot be read: {why_unreadable(answer, error)}") from error
    try:
        ZoneInfo(told.timezone)
    except (ValueError, OSError) as error:
        raise ValueError(f"timezone {one_line(repr(told.timezone[:60]))} is none; give one of the IANA list") from error
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"timezone {one_line(repr(told.timezone[:60]))} is not known here") from error
    return told


def floor_of(slug: str, days: Sequence[tuple[date, Schedule]]) -> Floor:
    """A restaurant as far as its schedule tells it: its opening hours on those days, and not a single table.

    That is all that a plan asks of a floor where the platform gives the tables. On any other day it is closed.
    """
    first = days[0][1]
    return Floor(
        restaurant_id=first.restaurant_id,
        slug=slug,
        name=slug,
        timezone=first.timezone,
        reservation_interval_minutes=first.interval_minutes,
        zones=(),
        tables=(),
        adjacency=(),
        hours=tuple(_hours(on, told) for on, told in days),
        policy=Policy(time(12), time(15), time(17), time(22), 5),
    )


def _hours(on: date, told: Schedule) -> Hours:
    weekday = on.isoweekday() % 7
    if told.is_closed or told.window is None:
        return Hours(weekday, None, None, is_closed=True, effective_date=on)
    opens, closes = (time.fromisoformat(text) for text in (told.window.opens_at, told.window.closes_at))
    return Hours(weekday, opens, closes, is_closed=False, effective_date=on)
