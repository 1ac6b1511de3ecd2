"""Which tables of one zone can seat a party together: every set once, and none with a table too many.

No table of a set is superfluous: without any one of them the seats of the others are too few. (So a small table that
only links two others is refused where those two have seats enough: the platform would call it connected, a host would
not.) A set that has seats enough therefore never grows. Each table's own smallest and largest party do not count.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from engine.allocator.layout import Layout
from engine.model.floor import Weights
from engine.model.strategy import AdjacencyMode

Places: TypeAlias = tuple[int, ...]
_Growing: TypeAlias = tuple[Places, int, int, int]
"""A set that may grow: its tables, their seats, the tables it may take next, and all that it touches."""
_Loose: TypeAlias = tuple[Places, int, int]
"""A set that may grow by any table: its tables, their seats, the next table's position in order of size."""


class Found(NamedTuple):
    """The sets of one zone."""

    sets: list[tuple[Places, int]]
    """Places and seats."""
    cut_short: bool
    """The budget ended before all had been looked at. Sets of fewer tables are looked at first."""


def touching(
    layout: Layout, eligible: int, party: int, weights: Weights, mode: AdjacencyMode, skips: Counter[str]
) -> Found:
    """Sets of two to `max_tables` of these tables (a mask) that touch as the mode wants.

    Each set is reached once: it grows from its first table by later ones, and by a table only through the first
    member that touches it.
    """
    pairwise = mode is AdjacencyMode.PAIRWISE
    part = [place for place in _members(eligible) if layout.neighbours[place] and layout.capacities[place] < party]
    most = max((layout.capacities[place] for place in part), default=0)
    allowed_all = sum(1 << place for place in part)
    level: list[_Growing] = []
    for root in part:
        near = layout.neighbours[root]
        level.append(((root,), layout.capacities[root], near & allowed_all & -1 << (root + 1), near))
    found = Found([], cut_short=False)
    visits = 0
    for size in range(2, weights.max_tables + 1):
        grown: list[_Growing] = []
        for chosen, seats, near_by, reached in level:
            frontier = near_by
            if not frontier:
                skips["adjacency_frontier"] += 1
            allowed = allowed_all & -1 << (chosen[0] + 1)
            while frontier:
                bit = frontier & -frontier
                frontier ^= bit
                visits += 1
                if visits > weights.max_enumeration:
                    skips["timeout"] += 1
                    return found._replace(cut_short=True)
                place = bit.bit_length() - 1
                capacity = seats + layout.capacities[place]
                if capacity >= party:
                    _keep(layout, found, (*chosen, place), capacity, party)
                elif size == weights.max_tables:
                    skips["kmax"] += 1
                elif capacity + (weights.max_tables - size) * most < party:
                    skips["capacity_upper_bound"] += 1
                else:
                    near = layout.neighbours[place]
                    then = frontier & near if pairwise else frontier | (near & allowed & ~reached)
                    grown.append(((*chosen, place), capacity, then, reached | near))
        level = grown
    if mode is AdjacencyMode.NEIGHBORS:
        stars = [one for one in found.sets if touches(layout, one[0], mode)]
        skips["adjacency_neighbors"] += len(found.sets) - len(stars)
        return found._replace(sets=stars)
    return found


def apart(layout: Layout, eligible: int, party: int, weights: Weights, skips: Counter[str]) -> Found:
    """All sets of two to `max_tables` of these tables (a mask), whether they touch or not.

    They grow from the largest table down. As what comes last is the smallest, no set has a table too many.
    """
    capacities = layout.capacities
    members = [one for one in _members(eligible) if layout.tables[one].movable and capacities[one] < party]
    members.sort(key=lambda place: (-capacities[place], place))
    found = Found([], cut_short=False)
    level: list[_Loose] = [((), 0, 0)]
    visits = 0
    for size in range(1, weights.max_tables + 1):
        grown: list[_Loose] = []
        for chosen, seats, position in level:
            for after, place in enumerate(members[position:], start=position + 1):
                capacity = seats + capacities[place]
                if seats + (weights.max_tables - size + 1) * capacities[place] < party:
                    skips["kmax" if size == weights.max_tables else "capacity_upper_bound"] += len(members) + 1 - after
                    break  # every later one is as small or smaller
                visits += 1
                if visits > weights.max_enumeration:
                    skips["timeout"] += 1
                    return found._replace(cut_short=True)
                if capacity >= party:
                    found.sets.append(((*chosen, place), capacity))
                elif size < weights.max_tables:
                    grown.append(((*chosen, place), capacity, after))
        level = grown
    return found


def touches(layout: Layout, places: Places, mode: AdjacencyMode) -> bool:
    """Whether tables of one zone touch as the mode wants; a single table always does."""
    if len(places) == 1 or mode is AdjacencyMode.OFF:
        return True
    neighbours = layout.neighbours
    if len(places) == 2:  # the modes agree
        return bool(neighbours[places[0]] >> places[1] & 1)
    if len(places) == 3:  # by far the most; of three, two pairs make a path, and its middle touches both others
        one, other, third = places
        near = neighbours[one]
        pairs = (near >> other & 1) + (near >> third & 1) + (neighbours[other] >> third & 1)
        return pairs == 3 or (pairs == 2 and mode is not AdjacencyMode.PAIRWISE)
    whole = sum([1 << place for place in places])
    if mode is AdjacencyMode.PAIRWISE:
        return all(whole & ~(1 << place) & ~neighbours[place] == 0 for place in places)
    if mode is AdjacencyMode.NEIGHBORS:
        return any(whole & ~(1 << place) & ~neighbours[place] == 0 for place in places)
    reached, rest = 1 << places[0], set(places)
    while rest:
        place = next((one for one in rest if reached >> one & 1), None)
        if place is None:
            return False
        reached |= neighbours[place]
        rest.remove(place)
    return True


def _keep(layout: Layout, found: Found, places: Places, capacity: int, party: int) -> None:
    if capacity - min([layout.capacities[one] for one in places]) < party:
        found.sets.append((places, capacity))


def _members(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        mask ^= bit
        yield bit.bit_length() - 1
