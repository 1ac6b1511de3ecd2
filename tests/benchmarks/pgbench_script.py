"""A pgbench script of one fill, generated from the statements in `queries/fill` in the order a seat sends them."""

import json
import re
from collections.abc import Sequence
from datetime import date, time, timedelta

from engine.database import sql
from engine.model.floor import Floor
from engine.model.turn import Turn
from engine.submitting import OCCASION_MINUTES, later
from tests.benchmarks.preplanned import Planned

_PARAMETER = re.compile(r"\$(\d+)")
_COMMENT = re.compile(r"--[^\n]*")
_UNIQUE = "lpad(:n::text, 12, '0')"
_HOLD_ID = f"('00000000-0000-4000-8000-' || {_UNIQUE})::uuid"
_KEY = "('sf-bench-' || :n::text)"
_TAG = json.dumps({"run": "bench", "attempt": 1, "turn": 1})
FILL = ("fill/submit_checked", "fill/busy", "fill/hold", "BEGIN", "fill/confirm", "COMMIT")
"""What a seat sends for one fill on the reference platform, each a way there and back."""


def script(plan: Planned, turn: Turn, floor: Floor, clients: int) -> str:
    """One fill for each time it is run: client by client each day of its own, and its tables one after the other.

    All that a seat computes beforehand is looked up in constants, so that the server is asked for no more.
    """
    if list(plan.days) != [_open_day(plan.days[0], number) for number in range(len(plan.days))]:
        raise SystemExit("the days of the plan are not Mondays to Fridays, as the script takes them to be")
    parts = [
        f"\\set open (:i / {len(plan.tables)}) * {clients} + :client_id",
        "\\set day :open / 5 * 7 + mod(:open, 5)",
        f"\\set place mod(:i, {len(plan.tables)}) + 1",
        f"\\set n :i * {clients} + :client_id",
        "\\set i :i + 1",
    ]
    arguments = _arguments(plan, turn, floor)
    for name in FILL:
        # pgbench keeps what the booking was given, as a seat does: the function chooses it.
        ends = "\\gset" if name == "fill/submit_checked" else ";"
        parts.append(f"{_filled(name, arguments[name]) if name in arguments else name} {ends}")
    return "\n".join(parts) + "\n"


def _open_day(first: date, number: int) -> date:
    """The house is open from Monday to Friday."""
    return first + timedelta(days=number // 5 * 7 + number % 5)


def _filled(name: str, arguments: Sequence[str]) -> str:
    text = _COMMENT.sub("", sql(name)).strip()
    return _PARAMETER.sub(lambda found: arguments[int(found[1]) - 1], text)


def _arguments(plan: Planned, turn: Turn, floor: Floor) -> dict[str, tuple[str, ...]]:
    restaurant = f"'{floor.restaurant_id}'"
    opened, window = plan.days[0], plan.windows[0]
    # Day after day without end, at the same local time: how many fills there will be is pgbench's to say.
    day = f"('{opened.isoformat()}'::date + :day::int)"
    midnight = f"timezone('{floor.timezone}', {day}::timestamp)"
    start = f"timezone('{floor.timezone}', {day} + {_time(turn.at)}::time)"
    end = f"({start} + interval '{(window.end - window.start).seconds} seconds')"
    table = _one_of([str(one) for one in plan.tables], "uuid", ":place")
    zones = {one.id: one.zone_id for one in floor.tables}
    zone = _one_of([str(zones[one]) for one in plan.tables], "uuid", ":place")
    until = later(turn.at, OCCASION_MINUTES["dinner"])
    return {
        "fill/submit_checked": (
            restaurant,
            day,
            _time(turn.at),
            _time(until),
            str(turn.party),
            "'dinner'",
            "('Slotfill ' || :n::text)",
            "('sf-' || :n::text || '@example.invalid')",
            f"('+447000' || {_UNIQUE})",
            _KEY,
            _HOLD_ID,
            f"'{_TAG}'",
        ),
        "fill/busy": (restaurant, midnight, f"({midnight} + interval '24 hours')"),
        "fill/hold": (
            _HOLD_ID,
            restaurant,
            ":booking_id",
            zone,
            start,
            end,
            "interval '180 seconds'",
            f"ARRAY[{table}]",
            f"'{json.dumps({'requireAdjacency': True, 'slotfill': {'run': 'bench', 'attempt': 1}})}'",
            "false",
        ),
        "fill/confirm": (_HOLD_ID, ":booking_id", _KEY, "false", start, end),
    }


def _one_of(values: Sequence[str], kind: str, place: str) -> str:
    """One of these, by its place: a constant array, which is made once."""
    listed = ",".join(values)
    return f"('{{{listed}}}'::{kind}[])[{place}::int]"


def _time(at: time) -> str:
    """Without a colon, which pgbench may take for the beginning of a variable."""
    return f"'{at:%H%M%S}'"
