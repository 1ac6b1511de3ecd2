"""The statements of a fill over asyncpg and uvloop and nothing else: what Python itself costs beside pgbench.

`python -P -m tests.benchmarks.bare <dsn> <clients> <fills> <room>` prints a `Bare`. Nothing is planned, told, kept or
bounded in time, and what a booking is given comes from `<room>/bare.json`.
"""

import asyncio
import sys
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from engine import event_loop
from engine.database import sql

STATEMENTS = ("fill/submit_checked", "fill/busy", "fill/hold", "fill/confirm")


class Evenings(msgspec.Struct, frozen=True):
    """What every fill is made of."""

    restaurant: UUID
    timezone: str
    days: tuple[date, ...]
    at: time_of_day
    until: time_of_day
    """When the booking ends; its table is free again at the end of its window."""
    window: timedelta
    party: int
    tables: tuple[tuple[UUID, UUID], ...]
    """Each with its zone: what a day is given, one after the other."""


class Bare(msgspec.Struct, frozen=True):
    """What all fills took but the first quarter."""

    fills: int
    rate: float
    """Fills a second."""
    client_us: float
    """Processor of this process per fill."""


async def fill(connection: "asyncpg.Connection[asyncpg.Record]", plan: Evenings, numbers: list[int]) -> list[float]:
    """These fills, one after the other; when each was over."""
    submit, busy, hold, confirm = [await connection.prepare(sql(name)) for name in STATEMENTS]
    zone, took = ZoneInfo(plan.timezone), []
    for number in numbers:
        day, (table, table_zone) = plan.days[number // len(plan.tables)], plan.tables[number % len(plan.tables)]
        key, hold_id, unique = f"sf-bare-{number}", uuid4(), f"{number:012}"
        midnight = datetime.combine(day, time_of_day(0), zone).astimezone(UTC)
        start = datetime.combine(day, plan.at, zone).astimezone(UTC)
        end = start + plan.window
        made = await submit.fetchrow(
            plan.restaurant, day, plan.at, plan.until, plan.party, "dinner", f"Slotfill {number}",
            f"sf-{number}@example.invalid", f"+447000{unique}", key, str(uuid4()),
            '{"run": "bare", "attempt": 1, "turn": 1}',
        )  # fmt: skip
        if made is None or made["booking_id"] is None:
            raise SystemExit(f"fill {number} was not submitted: {made}")
        booking = made["booking_id"]
        await busy.fetch(plan.restaurant, midnight, midnight + timedelta(days=1))
        await hold.fetchrow(
            hold_id, plan.restaurant, booking, table_zone, start, end, timedelta(seconds=180), [table],
            '{"requireAdjacency": true, "slotfill": {"run": "bare", "attempt": 1}}', False,
        )  # fmt: skip
        await connection.execute("BEGIN")
        await confirm.fetchrow(hold_id, booking, key, False, start, end)
        await connection.execute("COMMIT")
        took.append(time.perf_counter())
    return took


async def main(dsn: str, clients: int, fills: int, room: Path) -> Bare:
    """Every client has days of its own, as pgbench's have."""
    plan = msgspec.json.decode((room / "bare.json").read_bytes(), type=Evenings)
    connections = [await asyncpg.connect(dsn, server_settings={"TimeZone": "UTC"}) for _ in range(clients)]
    a_day = len(plan.tables)
    days = [range(client, fills // a_day, clients) for client in range(clients)]
    each = [[day * a_day + place for day in own for place in range(a_day)] for own in days]
    ended: list[float] = []
    cpu_s = [0.0]

    async def client(connection: "asyncpg.Connection[asyncpg.Record]", numbers: list[int]) -> None:
        quarter = len(numbers) // 4
        ended.extend(await fill(connection, plan, numbers[:quarter]))
        cpu_s[0] = cpu_s[0] or time.process_time()
        ended.extend(await fill(connection, plan, numbers[quarter:]))

    await asyncio.gather(*map(client, connections, each))
    used_s = time.process_time() - cpu_s[0]
    for connection in connections:
        await connection.close()
    ended.sort()
    # Once all backends are warm and until the first client had none left, as the engine's fills are counted.
    warm, whole = len(ended) // 4, len(ended) - clients * a_day
    rate = (whole - warm) / (ended[whole - 1] - ended[warm - 1])
    return Bare(len(ended), rate, used_s / (len(ended) - warm) * 1e6)


if __name__ == "__main__":
    said = event_loop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
    print(msgspec.json.encode(said).decode())
