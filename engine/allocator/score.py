"""How good a set of tables is. Lower is better.

score = overage x `overage` + (tables - 1) x `table_count` + pairs apart x `adjacency_cost`    what stands
      + fragmentation x `fragmentation` + zone balance x `zone_balance`                        what busy time decides

Deliberately not here yet: scarcity (weight 22 on the platform) and the look-ahead at future bookings (500 each). Both
need figures that a quote does not carry.
"""

from collections.abc import Sequence

from engine.allocator.occupancy import SLOT_MINUTES
from engine.allocator.window import SHORTEST_SITTING_MINUTES
from engine.model.floor import Weights

DIGITS = 6
"""Scores are rounded to this many decimals, so that equal ones are equal whatever they were added up from."""


def standing_score(overage: int, tables: int, apart: int, weights: Weights) -> float:
    """What busy time cannot change. `apart` counts the pairs of its tables that do not touch."""
    return round(
        overage * weights.overage + (tables - 1) * weights.table_count + apart * weights.adjacency_cost, DIGITS
    )


def shortest_turn(buffer_minutes: int) -> int:
    """Slots of the shortest sitting with its buffer: a gap below that is lost."""
    return -(-(SHORTEST_SITTING_MINUTES + buffer_minutes) // SLOT_MINUTES)


def fragmentation(taken: int, first: int, after: int, shortest: int) -> float:
    """What a sitting from `first` up to `after` spoils on one table: gaps too short for any sitting, left and right.

    In shortest turns, so it lies in [0, 2). `taken` has the table's busy slots and those it is closed in; a gap at
    either end that nothing bounds spoils nothing. A set's fragmentation is the sum of its tables'.
    """
    before = first - (taken & ((1 << first) - 1)).bit_length()
    later = taken >> after
    behind = (later & -later).bit_length() - 1 if later else 0
    return ((before if before < shortest else 0) + (behind if behind < shortest else 0)) / shortest


def zone_balance(busy_seats: Sequence[int], seats: Sequence[int]) -> list[float]:
    """For each zone, how much fuller than the floor it is in the window: its share of busy seats less the floor's.

    In (-1, 1); below 0 where the zone is emptier, so that load spreads over zones, and over their locks with it.
    """
    floor_share = sum(busy_seats) / sum(seats) if sum(seats) else 0.0
    return [(busy / of if of else 0.0) - floor_share for busy, of in zip(busy_seats, seats, strict=True)]
