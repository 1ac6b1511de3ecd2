"""The engine's own process, whose fills were planned beforehand: what `tests.benchmarks.pgbench` drives.

`python -P -m tests.benchmarks.preplanned <readiness pipe>` is `python -m engine` in all but two things. Each leg of its
run waits at a gate until the file `<room>/go-<n>` says `planned` or `planner`; and while it says `planned`, a quote is
a look into `<room>/plan.json`: the next free table of that day, whatever else the planner would weigh. Who waits at the
gate has left `<room>/at-<n>`, and what a leg took is left in `<room>/took-<n>`.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from engine.allocator.planner import Planner
from engine.fill.crew import Crew
from engine.model.floor import Busy, Candidate, PlannerStats, Quote, Window
from tests.benchmarks.processes import cpu_of_tree

ROOM = "SLOTFILL_BENCH_ROOM"
PLANNED, PLANNER = "planned", "planner"
_LOOK_S = 0.01


class Planned(msgspec.Struct, frozen=True):
    """Every fill of a leg: the days, each with its window, and the tables that a day is given, one after the other."""

    days: tuple[date, ...]
    windows: tuple[Window, ...]
    tables: tuple[UUID, ...]
    postmaster: int


class Took(msgspec.Struct, frozen=True):
    """What one leg took, from its first order to its last word."""

    mode: str
    wall_s: float
    engine_cpu_s: float
    server_cpu_s: float
    idle_s: float
    idle_cpu_s: float
    """Of this process while it waited at the gate, with everything beside the crew going on."""


class _Gate:
    """Where every leg waits, and the plan it looks its tables up in."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.plan = msgspec.json.decode((room / "plan.json").read_bytes(), type=Planned)
        self.windows = dict(zip(self.plan.days, self.plan.windows, strict=True))
        self.given: dict[date, int] = {}
        self.mode = PLANNER
        self.leg = 0

    async def opens(self) -> None:
        self.leg += 1
        self.given = {}
        (self.room / f"at-{self.leg}").touch()
        go = self.room / f"go-{self.leg}"
        while not go.exists():  # noqa: ASYNC110 - another process says so, and no event tells of it
            await asyncio.sleep(_LOOK_S)
        self.mode = go.read_text()


def _install(gate: _Gate) -> None:
    crew_run, planner_quote = Crew.run, Planner.quote
    # Set by name: a type checker takes what a class is given for a mistake, and here it is meant.

    async def run(crew: Crew) -> None:
        idle = time.perf_counter(), time.process_time()
        await gate.opens()
        waited = time.perf_counter() - idle[0], time.process_time() - idle[1]
        began: list[tuple[float, float, float]] = []
        orders_next = crew.orders.next

        def first(*order: Any) -> Any:
            began.append((time.perf_counter(), time.process_time(), cpu_of_tree(gate.plan.postmaster)))
            setattr(crew.orders, "next", orders_next)  # noqa: B010
            return orders_next(*order)

        setattr(crew.orders, "next", first)  # noqa: B010
        await crew_run(crew)
        wall_s, engine_s, server_s = began[0]
        took = Took(
            gate.mode,
            time.perf_counter() - wall_s,
            time.process_time() - engine_s,
            cpu_of_tree(gate.plan.postmaster) - server_s,
            *waited,
        )
        left = gate.room / f"took-{gate.leg}"
        left.with_suffix(".new").write_bytes(msgspec.json.encode(took))
        left.with_suffix(".new").rename(left)

    def quote(planner: Planner, on: date, at: Any, party: int, busy: Sequence[Busy], **asked: Any) -> Quote:
        if gate.mode == PLANNER:
            return planner_quote(planner, on, at, party, busy, **asked)
        place = gate.given.get(on, 0)
        gate.given[on] = place + 1
        wanted = gate.plan.tables[place]
        table = next(one for one in planner.floor.tables if one.id == wanted)
        return Quote(gate.windows[on], (Candidate((table,), 0.0, table.capacity),), PlannerStats())

    setattr(Crew, "run", run)  # noqa: B010
    setattr(Planner, "quote", quote)  # noqa: B010


if __name__ == "__main__":
    from engine.__main__ import main  # the words and the gate above are for whoever drives us, too

    _install(_Gate(Path(os.environ[ROOM])))
    sys.exit(main())
