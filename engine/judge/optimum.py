"""How many bookings a house could have seated at most: exact, by HiGHS. Needs the `analysis` extra. Pure.

One 0/1 variable a booking and seating; a booking has one seating at most, and at every start no table has two. Windows
are intervals, so starts are all moments that need a look, and the rows are cliques: the linear bound is almost tight.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from engine.judge.seatings import House, Seating

LIMIT_S = 20.0
MISSING = "the proven optimum needs scipy: pip install 'slotfill[analysis]'"


class SolverMissing(Exception):
    """scipy is not installed. The message is one sentence with the cure."""


class Wanted(msgspec.Struct, frozen=True):
    """A booking that wants tables for [start, end), UTC."""

    booking: str
    party: int
    start: datetime
    end: datetime


class Placed(msgspec.Struct, frozen=True):
    """A booking and the tables that a solution gives it, by number."""

    booking: str
    tables: tuple[str, ...]
    seats: int


class Optimum(msgspec.Struct, frozen=True):
    """What is possible, and what of it is proven."""

    demand: int
    bound: int
    """No assignment seats more bookings than this."""
    accepted: int
    """So many are seated by the solution that was found."""
    covers: int
    """Guests of those."""
    waste: int | None
    """Seats beyond the parties, the least that so many bookings can have; None where that was not proven."""
    placed: tuple[Placed, ...]

    @property
    def is_proven(self) -> bool:
        """Whether the solution is as good as any can be."""
        return self.accepted == self.bound


def optimum(house: House, wanted: Sequence[Wanted], *, limit_s: float = LIMIT_S, waste: bool = True) -> Optimum:
    """The most bookings that fit; with `waste`, among those solutions the one with the fewest empty seats.

    Bookings whose windows never meet, not even through others, are solved apart, each part twice within `limit_s`.
    Raises SolverMissing.
    """
    parts = [_solved(house, part, limit_s, waste) for part in apart(wanted)]
    return Optimum(
        demand=len(wanted),
        bound=sum(part.bound for part in parts),
        accepted=sum(part.accepted for part in parts),
        covers=sum(part.covers for part in parts),
        waste=None if any(part.waste is None for part in parts) else sum(part.waste or 0 for part in parts),
        placed=tuple(one for part in parts for one in part.placed),
    )


def apart(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    """Bookings whose windows meet, through others too, together: what is solved by itself."""
    parts: list[list[Wanted]] = []
    until: datetime | None = None
    for one in sorted(wanted, key=lambda one: (one.start, one.end, one.booking)):
        if until is None or one.start >= until:
            parts.append([])
            until = one.end
        parts[-1].append(one)
        until = max(until, one.end)
    return parts


def _solved(house: House, wanted: Sequence[Wanted], limit_s: float, waste: bool) -> Optimum:
    columns = [
        (index, seating) for index, one in enumerate(wanted) for seating in house.free(one.party, one.start, one.end)
    ]
    if not columns:
        return Optimum(len(wanted), 0, 0, 0, 0, ())
    solve = _model(wanted, columns)
    chosen, dual = solve([-1.0] * len(columns), None, limit_s)
    bound = min(len(wanted), int(-dual + 1e-6))
    accepted = len(chosen)
    least: int | None = None
    if waste and accepted == bound and accepted:
        empty = [float(seating.seats - wanted[index].party) for index, seating in columns]
        better, dual = solve(empty, accepted, limit_s)
        if better:
            chosen = better
            found = sum(empty[column] for column in chosen)
            least = round(found) if found - dual < 1 - 1e-6 else None
    elif not accepted:
        least = 0
    placed = tuple(
        Placed(
            wanted[columns[column][0]].booking,
            tuple(house.tables[place].number for place in columns[column][1].tables),
            columns[column][1].seats,
        )
        for column in chosen
    )
    covers = sum(wanted[columns[column][0]].party for column in chosen)
    return Optimum(len(wanted), bound, accepted, covers, least, placed)


_Solve = Callable[[list[float], int | None, float], tuple[list[int], float]]


def _model(wanted: Sequence[Wanted], columns: Sequence[tuple[int, Seating]]) -> _Solve:
    """The rows of the model; what it gives solves for costs, with so many bookings seated where a number is given."""
    try:
        from scipy import optimize, sparse  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise SolverMissing(MISSING) from error
    rows: list[list[int]] = [[] for _ in wanted]
    for column, (index, _) in enumerate(columns):
        rows[index].append(column)
    cliques: defaultdict[tuple[int, datetime], list[int]] = defaultdict(list)
    starts = sorted({one.start for one in wanted})
    for column, (index, seating) in enumerate(columns):
        one = wanted[index]
        for start in starts:
            if one.start <= start < one.end:
                for place in seating.tables:
                    cliques[place, start].append(column)
    rows += [list(clique) for clique in {tuple(clique) for clique in cliques.values()} if len(clique) > 1]
    places = [(number, column) for number, row in enumerate(rows) for column in row]
    matrix = sparse.csr_array(
        ([1.0] * len(places), ([row for row, _ in places], [column for _, column in places])),
        shape=(len(rows), len(columns)),
    )
    at_most = optimize.LinearConstraint(matrix, -float("inf"), 1.0)

    def solve(costs: list[float], accepted: int | None, limit_s: float) -> tuple[list[int], float]:
        constraints: list[Any] = [at_most]
        if accepted is not None:
            whole = sparse.csr_array([[1.0] * len(columns)])
            constraints.append(optimize.LinearConstraint(whole, float(accepted), float(accepted)))
        found = optimize.milp(
            costs, integrality=1, bounds=optimize.Bounds(0, 1), constraints=constraints,
            options={"time_limit": limit_s, "mip_rel_gap": 0},
        )  # fmt: skip
        dual = found.mip_dual_bound if found.mip_dual_bound is not None else -float(len(wanted))
        chosen = [] if found.x is None else [column for column, value in enumerate(found.x) if value > 0.5]
        return chosen, float(dual)

    return solve
