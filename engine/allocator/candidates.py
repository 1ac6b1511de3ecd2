"""Which sets of tables could seat a party on an empty floor: everything about a quote that busy time cannot change."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from heapq import nsmallest
from itertools import groupby
from operator import itemgetter, or_
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from engine.allocator.combinations import Places, apart, touches, touching
from engine.allocator.layout import Layout
from engine.allocator.score import DIGITS, combination_penalty
from engine.model.floor import Skips, Table, Weights
from engine.model.strategy import AdjacencyMode, Strategy

_LOOSE_VISITS = 60_000
"""Sets looked at on one floor where adjacency gave way, an equal share of each zone: every table goes with every other
then, and twenty zones of fifty tables have 400,000 pairs and triples."""
_KEPT = 2_500
"""Combinations kept of one floor, an equal share of each zone, best standing first: a saturated quote looks at all."""

RELAXATIONS = ("", "minimum party size", "adjacency", "overage")
"""The rules that give way while nothing is free, adding up, in the platform's order.

The platform's third step, smallest party and adjacency both, comes to the first two in turn here, as no set is kept
out by both: a combination knows no smallest party and a single table no adjacency.
"""
_MINIMUM_PARTY, _ADJACENCY, _OVERAGE = 1, 2, 3

_RATED = 4
"""Of a zone's sets at most so many times what is kept of it are rated."""


Pick: TypeAlias = Callable[[Sequence[int]], tuple[int, ...]]


class Choice(NamedTuple):
    """A set of tables that could seat the party, with what is known of it before any time is."""

    relaxation: int
    """The first of `RELAXATIONS` that allows it."""
    base: float
    """The part of its score that neither the hour nor busy time can change."""
    overage: int
    capacity: int
    apart: int
    """Pairs of its tables that do not touch."""
    numbers: tuple[str, ...]
    tables: tuple[Table, ...]
    places: Places
    mask: int
    """One bit a table, at its place."""
    zone: int
    """Its zone's place."""
    pick: Pick
    """Its tables' things out of a list with one a table, and 0 after the last."""


class Found(NamedTuple):
    """Choices of some relaxations, with what decides between equal scores; parallel tuples, in no order."""

    choices: tuple[Choice, ...]
    coarse: tuple[int, ...]
    """The rank by overage, table count and capacity, which decides first."""
    fine: tuple[int, ...]
    """The rank by pairs apart and table numbers, which decides last, after fragmentation. No two have the same."""
    cut_from: int
    """The first relaxation that lacks combinations, as there are too many; `len(RELAXATIONS)` when none does."""
    skips: Skips


Row: TypeAlias = tuple[int, Pick, int, int, Choice]
"""A choice as it is scored: its mask, what picks its tables, its coarse and its fine rank, and itself."""


class Run(NamedTuple):
    """Choices of one standing, zone and size, next to one another: on a large floor hundreds are alike."""

    standing: float
    zone: int
    size: int
    """Tables of each."""
    masks: tuple[int, ...]
    rows: tuple[Row, ...]


class Stage(NamedTuple):
    """What one of `RELAXATIONS` adds, best standing first."""

    masks: tuple[int, ...]
    runs: tuple[Run, ...]


class Menu(NamedTuple):
    """The choices of some relaxations at one hour's demand."""

    stages: dict[int, Stage]
    """By relaxation."""
    useful: dict[int, int]
    """Tables that are in any of its choices up to that relaxation, as a mask."""
    cut_from: int
    skips: Skips


def strict(layout: Layout, party: int, strategy: Strategy) -> Found:
    """Choices that need no relaxation, or only that of the smallest party."""
    weights, mode, skips = strategy.weights, strategy.adjacency, Counter[str]()
    skips["zone"] = layout.zone_rows
    eligible = served(layout, mode)
    singles = list(_singles(layout, eligible, party, strategy, skips))
    choices = [one for one in singles if one.relaxation < _ADJACENCY]
    skips["overage"] += len(singles) - len(choices)
    kept, cut_from = _share(layout), len(RELAXATIONS)
    for members in layout.zone_members if weights.max_tables > 1 else ():
        zone = sum(1 << place for place in members) & eligible
        if mode is AdjacencyMode.OFF:
            found = apart(layout, zone, party, weights, skips)
        else:
            found = touching(layout, zone, party, weights, mode, skips)
        fitting = [one for one in found.sets if one[1] - party <= weights.max_overage]
        skips["overage"] += len(found.sets) - len(fitting)
        skips["limit"] += max(0, len(fitting) - kept)
        if found.cut_short or len(fitting) > kept:
            cut_from = 0
        choices.extend(_best(layout, [(0, *one) for one in fitting], party, weights, kept))
    return _ranked(choices, cut_from, Skips(**skips))


def relaxed(layout: Layout, party: int, strategy: Strategy) -> Found:
    """Choices that need adjacency to give way, or the overage."""
    weights, mode, skips = strategy.weights, strategy.adjacency, Counter[str]()
    eligible = served(layout, mode)
    choices = [one for one in _singles(layout, eligible, party, strategy, skips) if one.relaxation == _OVERAGE]
    skips.clear()  # the strict ones have counted them
    visits = min(weights.max_enumeration, _LOOSE_VISITS // max(1, len(layout.zone_members)))
    bounded = replace(weights, max_enumeration=visits)
    kept, cut_from = _share(layout), len(RELAXATIONS)
    for members in layout.zone_members if weights.max_tables > 1 else ():
        found = apart(layout, sum(1 << place for place in members) & eligible, party, bounded, Counter())
        loose: list[tuple[int, Places, int]] = []
        for places, capacity in found.sets:
            if capacity - party > weights.max_overage:
                loose.append((_OVERAGE, places, capacity))
            elif not touches(layout, places, mode):
                loose.append((_ADJACENCY, places, capacity))
                if mode is AdjacencyMode.PAIRWISE and touches(layout, places, AdjacencyMode.CONNECTED):
                    skips["adjacency_pairwise"] += 1
                else:
                    skips["adjacency"] += 1
        best = _best(layout, loose, party, weights, kept)
        if found.cut_short:
            skips["timeout"] += 1
            cut_from = _ADJACENCY
        if len(loose) > kept:
            skips["limit"] += len(loose) - kept
            cut_from = min(cut_from, best[-1].relaxation)
        choices.extend(best)
    return _ranked(choices, cut_from, Skips(**skips))


def arranged(found: Found, relaxations: tuple[int, ...], weights: Weights, demand: float, useful: int = 0) -> Menu:
    """The choices in the order of an hour with that demand multiplier; `useful` has the tables of earlier ones."""
    per_seat = weights.overage * demand
    rows: dict[int, list[tuple[float, int, int, Choice]]] = {relaxation: [] for relaxation in relaxations}
    for choice, coarse, fine in zip(found.choices, found.coarse, found.fine, strict=True):
        standing = round(choice.base + choice.overage * per_seat, DIGITS)
        rows[choice.relaxation].append((standing, coarse, fine, choice))
    stages, known = {}, {}
    for relaxation, some in rows.items():
        some.sort()
        stages[relaxation] = Stage(tuple([row[3].mask for row in some]), tuple(_runs(some)))
        useful = known[relaxation] = reduce(or_, stages[relaxation].masks, useful)
    return Menu(stages, known, found.cut_from, found.skips)


def _runs(rows: list[tuple[float, int, int, Choice]]) -> Iterator[Run]:
    for (standing, zone, size), some in groupby(rows, lambda row: (row[0], row[3].zone, len(row[3].places))):
        made = tuple([(choice.mask, choice.pick, coarse, fine, choice) for _, coarse, fine, choice in some])
        yield Run(standing, zone, size, tuple([row[0] for row in made]), made)


def _ranked(choices: list[Choice], cut_from: int, skips: Skips) -> Found:
    classes = [(one.overage, len(one.places), one.capacity) for one in choices]
    coarse = {key: rank for rank, key in enumerate(sorted(set(classes)))}
    fine = [0] * len(choices)
    keys = [(one.apart, one.numbers, one.places) for one in choices]
    for rank, place in enumerate(sorted(range(len(choices)), key=keys.__getitem__)):
        fine[place] = rank
    return Found(tuple(choices), tuple([coarse[key] for key in classes]), tuple(fine), cut_from, skips)


def served(layout: Layout, mode: AdjacencyMode) -> int:
    """Tables that may serve anybody, as a mask: lone ones do not where the rules drop them and adjacency is wanted."""
    whole = (1 << len(layout.tables)) - 1
    drops = layout.rules.drops_lone_tables and mode is not AdjacencyMode.OFF
    return whole & ~layout.lone if drops else whole


def _share(layout: Layout) -> int:
    return _KEPT // max(1, len(layout.zone_members))


def _singles(layout: Layout, eligible: int, party: int, strategy: Strategy, skips: Counter[str]) -> Iterator[Choice]:
    for place, table in enumerate(layout.tables):
        if not eligible >> place & 1:
            continue
        largest = table.capacity if table.max_party is None else min(table.max_party, table.capacity)
        if party > largest:
            skips["capacity"] += 1
            continue
        relaxation = _MINIMUM_PARTY if party < table.min_party else 0
        skips["capacity"] += relaxation
        if table.capacity - party > strategy.weights.max_overage:
            relaxation = _OVERAGE
        base, pairs = _base(layout, (place,), strategy.weights)
        yield _choice(layout, (relaxation, (place,), table.capacity), party, base, pairs)


def _best(layout: Layout, sets: list[tuple[int, Places, int]], party: int, weights: Weights, kept: int) -> list[Choice]:
    """So many of them as choices, those that need least to give way and stand best first.

    Of very many only the tightest are rated: to rate all would take longer than to find them.
    """
    if len(sets) > _RATED * kept:
        sets = nsmallest(_RATED * kept, sets, key=lambda one: (one[0], one[2], len(one[1])))
    rated = []
    for relaxation, places, capacity in sets:
        base, pairs = _base(layout, places, weights)
        standing = base + (capacity - party) * weights.overage
        rated.append((relaxation, round(standing, DIGITS), capacity, sorted(places), base, pairs))
    best = sorted(rated) if len(rated) <= kept else nsmallest(kept, rated)
    return [
        _choice(layout, (relaxation, tuple(places), capacity), party, base, pairs)
        for relaxation, _, capacity, places, base, pairs in best
    ]


def _base(layout: Layout, places: Places, weights: Weights) -> tuple[float, int]:
    """The part of the score that nothing changes, and how many pairs do not touch."""
    rare, seats, near = layout.scarcities, layout.capacities, layout.neighbours
    count, pairs = len(places), 0
    if count == 1:
        (one,) = places
        scarcity, largest = rare[one], seats[one]
    elif count == 2:
        one, other = places
        scarcity, largest = rare[one] + rare[other], max(seats[one], seats[other])
        pairs = 1 - (near[one] >> other & 1)
    else:
        scarcity, largest = 0.0, 0
        for place in places:
            scarcity += rare[place]
            largest = max(largest, seats[place])
        mask = sum([1 << place for place in places])
        pairs = count * (count - 1) // 2 - sum([(near[place] & mask).bit_count() for place in places]) // 2
    base = scarcity * weights.scarcity + largest * weights.table_size
    base += layout.zone_ranks[layout.zone_of[places[0]]] * weights.zone_order
    return base + combination_penalty(count, pairs, scarcity, weights), pairs


def _choice(layout: Layout, one: tuple[int, Places, int], party: int, base: float, pairs: int) -> Choice:
    relaxation, places, capacity = one
    tables = tuple([layout.tables[place] for place in places])
    return Choice(
        relaxation=relaxation,
        base=base,
        overage=capacity - party,
        capacity=capacity,
        apart=pairs,
        numbers=tuple([table.number for table in tables]),
        tables=tables,
        places=places,
        mask=sum([1 << place for place in places]),
        zone=layout.zone_of[places[0]],
        pick=itemgetter(*places) if len(places) > 1 else itemgetter(places[0], -1),
    )
