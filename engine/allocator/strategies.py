"""Every strategy by its name, and the ladder of them that `create` climbs."""

from msgspec.structs import replace

from engine.model.floor import Weights
from engine.model.strategy import AdjacencyMode, Strategy

_MOST_TABLES = 5

STRATEGIES: dict[str, Strategy] = {
    one.name: one
    for one in (
        Strategy("optimal-fit"),
        Strategy("adjacency", Weights(adjacency_cost=30)),
        Strategy("zone-preference", Weights(zone_order=100)),
        Strategy("load-balancing", Weights(zone_balance=100)),
        Strategy("largest-first", Weights(table_size=-20)),
        Strategy("smallest-first", Weights(table_size=20)),
        Strategy("fewest-tables", Weights(table_count=100)),
    )
}
"""In the order they are shown. All obey the same rules and differ in what they try first:

optimal-fit       the platform's own score
adjacency         sets of which the most pairs touch
zone-preference   the floor's first zone, then its second
load-balancing    the zone that is emptier than the floor
largest-first     the largest tables that are not too large
smallest-first    the smallest tables, two small ones before one large
fewest-tables     one table before two, whatever it wastes
"""

OPTIMAL = STRATEGIES["optimal-fit"]


def ladder(max_tables: int) -> tuple[Strategy, ...]:
    """One strategy after the other: sets that touch, of at most 1, 2, … tables, then sets that need not.

    On the adjacent rungs no rule gives way, else the first of them would already be the last; on the relaxed ones the
    smallest party and the overage do. Raises ValueError for a number of tables that is not 1 to 5.
    """
    _require_tables(max_tables)
    sizes = [Weights(max_tables=most) for most in range(1, max_tables + 1)]
    return (
        *(Strategy(f"adjacent-x{one.max_tables}", one, AdjacencyMode.CONNECTED, relaxes=False) for one in sizes),
        *(Strategy(f"relaxed-x{one.max_tables}", one, AdjacencyMode.OFF) for one in sizes),
    )


def strategy_of(name: str, adjacency: str, max_tables: int, max_overage: int, lookahead: bool) -> Strategy:
    """The strategy of that name with these settings. Raises ValueError with one sentence for what does not go."""
    if name not in STRATEGIES:
        raise ValueError(f"strategy = {name!r} is not known; give one of {', '.join(STRATEGIES)}")
    modes = [mode.value for mode in AdjacencyMode]
    if adjacency not in modes:
        raise ValueError(f"adjacency = {adjacency!r} is not known; give one of {', '.join(modes)}")
    _require_tables(max_tables)
    if max_overage < 0:
        raise ValueError(f"max_overage = {max_overage} would seat people on no chair; give 0 or more")
    known = STRATEGIES[name]
    penalty = known.weights.lookahead_penalty if lookahead else 0
    weights = replace(known.weights, max_tables=max_tables, max_overage=max_overage, lookahead_penalty=penalty)
    return replace(known, weights=weights, adjacency=AdjacencyMode(adjacency))


def _require_tables(most: int) -> None:
    if not 1 <= most <= _MOST_TABLES:
        raise ValueError(f"max_tables = {most} makes no set of tables; give 1 to {_MOST_TABLES}")
