"""Which sets of tables could seat a party on an empty floor: everything about a quote that busy time cannot change."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import NamedTuple, TypeAlias

from engine.allocator.layout import Layout
from engine.allocator.score import standing_score
from engine.model.floor import Table, Weights

_VISITS_PER_ZONE = 20_000
"""Sets looked at in one zone for one party size. Forty tables that all touch have 10,660 pairs and triples."""
_KEPT = 2_500
"""Combinations kept of one floor, an equal share of each zone, best standing first: a saturated quote looks at all."""

_Growing: TypeAlias = tuple[tuple[int, ...], int, int, int]
"""A set that may grow: its tables, their seats, the tables it may take next, and all that it touches."""

RELAXATIONS = ("", "minimum party size", "overage")
"""The rules that give way, in this order and adding up, while nothing is free. Adjacency never does: the platform
enforces it when it confirms, so a quote without it would only be refused later."""


class Choice(NamedTuple):
    """A set of tables that could seat the party, with what is known of it before any time is."""

    standing: float
    """The part of its score that busy time cannot change."""
    overage: int
    capacity: int
    numbers: tuple[str, ...]
    tables: tuple[Table, ...]
    places: tuple[int, ...]
    mask: int
    """One bit a table, at its place."""
    zone: int
    """Its zone's place."""
    relaxation: int
    """The first of `RELAXATIONS` that allows it."""

    @property
    def order(self) -> tuple[float, int, int, int, tuple[str, ...]]:
        """Best standing first; then what decides between equal scores."""
        return self.standing, *self.tie

    @property
    def tie(self) -> tuple[int, int, int, tuple[str, ...]]:
        """What decides between equal scores: overage, table count, capacity, table numbers."""
        return self.overage, len(self.tables), self.capacity, self.numbers


class Stage(NamedTuple):
    """What one of `RELAXATIONS` adds: parallel tuples, best standing first."""

    masks: tuple[int, ...]
    ranks: tuple[int, ...]
    """Each choice's position when ties are broken, over all stages."""
    choices: tuple[Choice, ...]


class Menu(NamedTuple):
    """All choices for one party size and one set of weights."""

    stages: tuple[Stage, ...]
    """One for each of `RELAXATIONS`."""
    useful: tuple[int, ...]
    """Tables that are in any choice up to that stage, as a mask."""
    cut_from: int
    """The first stage that lacks combinations, as there are too many; the number of stages when none does."""


def menu(layout: Layout, party: int, weights: Weights) -> Menu:
    """Every choice for the party, by the relaxation that allows it.

    A single table needs no neighbour. In a combination each table's own minimum and maximum party do not count, and
    no table is superfluous: without any one of them the seats of the others are too few. (So a small table that only
    links two others is refused where those two have seats enough: the platform would call it connected, a host
    would not.)
    """
    choices = list(_singles(layout, party, weights))
    cut_from = len(RELAXATIONS)
    kept = _KEPT // max(1, len(layout.zone_members))
    for members in layout.zone_members:
        found, cut_short = _combinations(layout, members, party, weights)
        found.sort(key=lambda choice: (choice.relaxation, choice.order))
        if len(found) > kept:
            cut_from = min(cut_from, found[kept].relaxation)
        cut_from = 0 if cut_short else cut_from
        choices.extend(found[:kept])
    choices.sort(key=lambda choice: choice.order)
    ranks = {choice.mask: rank for rank, choice in enumerate(sorted(choices, key=lambda choice: choice.tie))}
    stages, useful, mask = [], [], 0
    for relaxation in range(len(RELAXATIONS)):
        fresh = tuple(choice for choice in choices if choice.relaxation == relaxation)
        stages.append(Stage(tuple(one.mask for one in fresh), tuple(ranks[one.mask] for one in fresh), fresh))
        mask = reduce(or_, stages[-1].masks, mask)
        useful.append(mask)
    return Menu(tuple(stages), tuple(useful), cut_from)


def _singles(layout: Layout, party: int, weights: Weights) -> Iterator[Choice]:
    for place, table in enumerate(layout.tables):
        largest = table.capacity if table.max_party is None else min(table.max_party, table.capacity)
        if party > largest:
            continue
        relaxation = 1 if party < table.min_party else 0
        yield _choice(layout, (place,), party, weights, relaxation)


def _combinations(layout: Layout, members: tuple[int, ...], party: int, weights: Weights) -> tuple[list[Choice], bool]:
    """Connected sets of two to `max_tables` tables of one zone that seat the party; and whether the search was cut.

    Each set is reached once: it grows from its first table by later ones, and by a table only through the first
    member that touches it. A set that has seats enough never grows: what came in would be superfluous.
    """
    if weights.max_tables < 2:
        return [], False
    part = [place for place in members if layout.neighbours[place] and layout.capacities[place] < party]
    most = max((layout.capacities[place] for place in part), default=0)
    eligible = sum(1 << place for place in part)
    found: list[Choice] = []
    visits = 0
    for root in part:
        allowed = eligible & -1 << (root + 1)
        near = layout.neighbours[root]
        stack: list[_Growing] = [((root,), layout.capacities[root], near & allowed, near)]
        while stack:
            chosen, seats, frontier, reached = stack.pop()
            while frontier:
                bit = frontier & -frontier
                frontier ^= bit
                visits += 1
                if visits > _VISITS_PER_ZONE:
                    return found, True
                place = bit.bit_length() - 1
                grown = (*chosen, place)
                capacity = seats + layout.capacities[place]
                if capacity >= party:
                    if capacity - min(layout.capacities[one] for one in grown) < party:
                        found.append(_choice(layout, grown, party, weights, 0))
                elif capacity + (weights.max_tables - len(grown)) * most >= party and len(grown) < weights.max_tables:
                    near = layout.neighbours[place]
                    stack.append((grown, capacity, frontier | (near & allowed & ~reached), reached | near))
    return found, False


def _choice(layout: Layout, places: tuple[int, ...], party: int, weights: Weights, relaxation: int) -> Choice:
    places = tuple(sorted(places))
    tables = tuple(layout.tables[place] for place in places)
    mask = sum(1 << place for place in places)
    capacity = sum(table.capacity for table in tables)
    touching = sum((layout.neighbours[place] & mask).bit_count() for place in places) // 2
    apart = len(places) * (len(places) - 1) // 2 - touching
    overage = capacity - party
    return Choice(
        standing=standing_score(overage, len(places), apart, weights),
        overage=overage,
        capacity=capacity,
        numbers=tuple(table.number for table in tables),
        tables=tables,
        places=places,
        mask=mask,
        zone=layout.zone_of[places[0]],
        relaxation=2 if overage > weights.max_overage else relaxation,
    )
