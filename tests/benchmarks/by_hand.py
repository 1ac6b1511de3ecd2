"""What the reference API does for a booking, without HTTP: its desk and its assigner, called in this process."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import date
from datetime import time as time_of_day

import msgspec

from engine.booking_api.assigning import Assigner
from engine.booking_api.attempt import Wanted
from engine.booking_api.bodies import NewBooking
from engine.booking_api.desk import Facts
from engine.booking_api.hall import Hall, opened
from engine.booking_api.schedule import House, occasion_at
from engine.booking_api.spec import ApiSpec
from engine.config import FlagSettings
from engine.model.ids import TurnId
from engine.model.turn import Turn
from engine.submitting import later
from tests.benchmarks.wrk import Asked, Side


async def by_hand(dsn: str, requests: Sequence[Asked]) -> Side:
    """The bookings one after the other; raises RuntimeError when one is not given its tables."""
    took: list[tuple[float, float]] = []
    spec = ApiSpec(dsn, FlagSettings(rate_limit_per_minute=0), run="bench", seats=2)
    async with opened(spec) as hall:
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(hall.log.run(ended))
            assigner = Assigner(hall, group)
            cpu = time.process_time()
            for one in requests:
                wanted = msgspec.json.decode(one.body, type=NewBooking)
                began = time.perf_counter_ns()
                await _book(hall, assigner, wanted, one)
                took.append((began / 1e3, time.perf_counter_ns() / 1e3))
            cpu = time.process_time() - cpu
            ended.set()
    return Side(took, cpu / len(took) * 1e6)


async def _book(hall: Hall, assigner: Assigner, wanted: NewBooking, one: Asked) -> None:
    house = hall.houses[str(wanted.restaurant_slug)]
    on, at = date.fromisoformat(wanted.date), time_of_day.fromisoformat(wanted.time)
    async with hall.desks.one() as desk:
        made = await desk.make(house.row.slug, _facts(house, wanted, one, on, at), secrets.token_hex(32))
    turn = Turn(TurnId(0), house.row.slug, on, at, made.row.party_size, made.row.id)
    attempted, _ = await assigner.inline(Wanted(made.row.id, house.row.slug, house.row.id, turn, made.row.start_at))
    if not attempted.success:
        raise RuntimeError(f"no tables: {attempted.reason}")


def _facts(house: House, wanted: NewBooking, one: Asked, on: date, at: time_of_day) -> Facts:
    occasion = occasion_at(at, wanted.booking_type)
    return Facts(
        restaurant=house.row.id,
        on=on,
        start=at,
        end=later(at, house.length(occasion)),
        party=wanted.party,
        occasion=occasion,
        name=wanted.name,
        email=wanted.email,
        phone=wanted.phone[:20],
        seating=wanted.seating,
        notes=None,
        marketing=False,
        key=one.key,
        details="{}",
    )
