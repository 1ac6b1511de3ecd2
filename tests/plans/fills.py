"""Small fills for tests."""

from datetime import date, time
from typing import Any

from engine.model.ids import TurnId, WorkerId
from engine.model.turn import TurnEnd
from engine.plan import Done, Plan
from engine.plans.fill import FillPlan
from tests.allocator.floors import EVERY_DAY, MONDAY, floor, table, white_horse

PUB = {"pub": white_horse()}
TWO = PUB | {"cafe": floor([table("A", 2)], hours=EVERY_DAY)}
ONE, OTHER, THIRD = WorkerId(1), WorkerId(2), WorkerId(3)


def fill_of(**named: Any) -> FillPlan:
    standard: dict[str, Any] = {
        "seed": 1,
        "first": MONDAY,
        "days": 1,
        "start": time(12),
        "end": time(13),
        "interval_min": 15,
        "stress_max": 3,
        "min_party": 1,
        "max_party": 12,
        "share_slots": False,
    }
    return FillPlan.of(named.pop("floors", PUB), **standard | named)


def sizes(plan: FillPlan) -> dict[tuple[str, date, time], int]:
    return {(turn.restaurant, turn.on, turn.at): turn.party for turn in plan.turns}


def fill_up(plan: Plan, turn_id: TurnId) -> TurnEnd | None:
    end = None
    while plan.begin(turn_id) is not None:
        end = plan.ended(turn_id, True)
    return end


def done(label: str, begun: int, **named: Any) -> dict[tuple[str, date, time], Done]:
    standard: dict[str, Any] = {"filled": begun, "ended_turn": False}
    return {("pub", MONDAY, time.fromisoformat(label)): Done(begun, **standard | named)}
