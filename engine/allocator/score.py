"""How good a set of tables is. Lower is better.

score = overage x demand multiplier x `overage`
      + ((tables - 1) x `table_count` + pairs apart x `adjacency_cost`) x min(3, 1 + mean scarcity)
      + scarcity of all its tables x `scarcity`
      + its largest table's seats x `table_size` + its zone's place x `zone_order`                what stands
      + fragmentation x `fragmentation` + zone balance x `zone_balance`                           what busy time decides
      + upcoming bookings it leaves without a table x `lookahead_penalty`                         what is to come

Equal scores are decided by overage, table count, capacity, fragmentation, pairs apart and the table numbers.
"""

from collections.abc import Sequence

from engine.allocator.occupancy import SLOT_MINUTES
from engine.allocator.window import SHORTEST_SITTING_MINUTES
from engine.model.floor import Weights

DIGITS = 6
"""Scores are rounded to this many decimals, so that equal ones are equal whatever they were added up from."""
_MOST_SCALE = 3.0


def combination_penalty(tables: int, apart: int, scarcity: float, weights: Weights) -> float:
    """What it costs to be several. `apart` counts the pairs that do not touch, `scarcity` is that of all together."""
    scale = min(_MOST_SCALE, 1 + scarcity / tables)
    return ((tables - 1) * weights.table_count + apart * weights.adjacency_cost) * scale


def shortest_turn(buffer_minutes: int) -> int:
    """Slots of the shortest sitting with its buffer: a gap below that is lost."""
    return -(-(SHORTEST_SITTING_MINUTES + buffer_minutes) // SLOT_MINUTES)


def lost_slots(taken: int, first: int, after: int, shortest: int) -> int:
    """Slots that a sitting from `first` up to `after` spoils on one table: gaps too short for any sitting on its sides.

    `taken` has the table's busy slots and those it is closed in; a gap at either end that nothing bounds spoils
    nothing. A set's fragmentation is the sum of its tables' in shortest turns, so a table's lies in [0, 2).
    """
    before = first - (taken & ((1 << first) - 1)).bit_length()
    later = taken >> after
    behind = (later & -later).bit_length() - 1 if later else 0
    return (before if before < shortest else 0) + (behind if behind < shortest else 0)


def zone_balance(busy_seats: Sequence[int], seats: Sequence[int]) -> list[float]:
    """For each zone, how much fuller than the floor it is in the window: its share of busy seats less the floor's.

    In (-1, 1); below 0 where the zone is emptier, so that load spreads over zones, and over their locks with it.
    """
    total = sum(seats)
    floor_share = sum(busy_seats) / total if total else 0.0
    return [(busy / of if of else 0.0) - floor_share for busy, of in zip(busy_seats, seats, strict=True)]
