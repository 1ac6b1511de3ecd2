"""The success waterfall: demand, what the house can hold, the allocator alone, at n workers, said, and stayed. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from engine.allocator.planner import Planner
from engine.judge.alone import Alone, alone
from engine.judge.demand import Demand
from engine.judge.inventory import Bounded, Terms, bounded, words
from engine.judge.optimum import MISSING, SolverMissing
from engine.judge.replay import best_fit
from engine.judge.seatings import House, HouseRules, Taken
from engine.model.floor import Busy, Floor
from engine.model.ledger import Entry, Ledger, Story
from engine.model.strategy import Rules, Strategy
from engine.model.waterfall import STEPS, HouseFall, Loss, LostBooking, Waterfall

LIMIT_S = 3.0
"""Of the solver for one house, when a run ends: people wait for its result."""
MOST_BOOKINGS = 400
"""Of one house; more are left to `slotfill optimum`, which takes its time."""
_COVERS = "the platform's check of covers turns it away at the submit"
GONE = frozenset({Entry.LOST, Entry.TORN, Entry.ALTERED})


class Ground(msgspec.Struct, frozen=True):
    """What a waterfall is computed over, beside the journal: a run's folder keeps it, so that it can be had again."""

    floors: dict[str, Floor]
    taken: dict[str, tuple[Taken, ...]]
    """By restaurant: tables that others had."""
    rules: HouseRules
    planning: dict[str, Rules]
    """Each planner's own rules, as the run had them."""
    ladder: tuple[Strategy, ...]
    """The strategies of an attempt; none where the planner is not ours, and then nothing is replayed."""
    waiting: bool
    """The bookings were pending before the run: the planner spares tables for those to come."""
    terms: Terms = Terms(prices=False, limit_s=LIMIT_S, together=True)


class Said(NamedTuple):
    """What the platform and its database said."""

    ledger: Ledger
    is_read: bool
    """Whether the database told what stayed."""
    workers: int
    repeat: int = 1
    repeats: int = 1


class _Unheard(NamedTuple):
    """Bookings that came to a COMMIT whose end nobody heard."""

    there: frozenset[str] = frozenset()
    """The ledger has every one of them as recovered."""
    doubtful: frozenset[str] = frozenset()
    """It has some as recovered or unresolved, and does not tell which."""


def waterfall(
    ground: Ground, shares: Iterable[Demand], said: Said, known: Mapping[str, Bounded] | None = None
) -> Waterfall:
    """Each restaurant's waterfall, and all of them together; what is `known` of its bound is not solved again."""
    missing: dict[str, None] = {}
    shares = tuple(shares)
    unheard = _unheard(shares, said.ledger, missing)
    known = known or {}
    houses = tuple(_house(ground, one, _Beside(said, unheard, known.get(one.restaurant)), missing) for one in shares)
    bound, by_one, stayed = (_whole([getattr(one, name) for one in houses]) for name in ("bound", "alone", "persisted"))
    demand, placed, told = (sum(getattr(one, name) for one in houses) for name in ("demand", "placed", "acknowledged"))
    steps = (demand, bound, by_one, placed, told, stayed)
    losses = {
        loss.value: before - after
        for loss, before, after in zip(STEPS, steps, steps[1:], strict=False)
        if before is not None and after is not None
    }
    if bound is None and by_one is not None:
        losses = {Loss.UNTOLD.value: demand - by_one, **losses}
    if not said.is_read:
        missing["persisted is not known, as the database was not read for all of them: slotfill verify reads it"] = None
    return Waterfall(
        repeat=said.repeat,
        workers=said.workers,
        rules=words(ground.rules),
        demand=demand,
        bound=bound,
        alone=by_one,
        placed=placed,
        acknowledged=told,
        persisted=stayed,
        efficiency=stayed / bound if stayed is not None and bound else None,
        losses=losses,
        houses=houses,
        missing=tuple(missing),
        over=f"of {said.repeats} repeats the last one" if said.repeats > 1 else "",
    )


def _unheard(shares: Sequence[Demand], kept: Ledger, missing: dict[str, None]) -> _Unheard:
    """The ledger names what is unresolved and only counts what was there after all."""
    told = {name for one in shares for name in one.acknowledged}
    names = {one.attempts[attempt] for one in shares for attempt in one.unheard} - told
    names &= {name for one in shares for name in one.placed}
    if not names or not (kept.recovered or kept.unresolved):
        return _Unheard()
    if len(names) == kept.recovered and not kept.unresolved:
        return _Unheard(there=frozenset(names))
    missing[
        f"persisted is not known: {len(names)} attempts whose COMMIT nobody heard may be there, and the ledger counts "
        f"{kept.recovered} as recovered and {kept.unresolved} as unresolved"
    ] = None
    return _Unheard(doubtful=frozenset(names))


class _Beside(NamedTuple):
    """What a house's waterfall rests on, beside its ground and what was asked for."""

    said: Said
    unheard: _Unheard
    known: Bounded | None


def _house(ground: Ground, demand: Demand, beside: _Beside, missing: dict[str, None]) -> HouseFall:
    said, unheard, known = beside
    floor, taken = ground.floors[demand.restaurant], ground.taken.get(demand.restaurant, ())
    by_one = _alone(ground, demand, floor, taken)
    if by_one is None:
        missing[f"{demand.restaurant}: what one worker would have seated is not known: its planner is not ours"] = None
    found = known or _bounded(ground, demand, by_one, missing)
    if found is not None and found.optimum.bound is None:
        missing[f"{demand.restaurant}: the bound is withheld: {found.optimum.withheld}"] = None
    if demand.turned_away:
        missing[
            f"{demand.restaurant}: {len(demand.turned_away)} were turned away at the submit by the platform's check of "
            "covers, which the bound over tables does not know: one worker is taken to be told the same"
        ] = None
    stories = [story for story in said.ledger.stories if story.attempt in demand.attempts]
    gone = {demand.attempts[story.attempt]: story for story in stories if story.entry in GONE}
    return HouseFall(
        restaurant=demand.restaurant,
        demand=demand.bookings,
        alone=None if by_one is None else len(by_one.placed),
        placed=len(demand.placed),
        acknowledged=len(demand.acknowledged),
        persisted=_stayed(demand, gone, unheard) if said.is_read else None,
        optimum=None if found is None else found.optimum,
        lost=tuple(_lost(demand, _unplaced(demand, found, by_one), gone, unheard)),
    )


def _stayed(demand: Demand, gone: Collection[str], unheard: _Unheard) -> int | None:
    placed = frozenset(demand.placed)
    if placed & unheard.doubtful:
        return None
    return len(demand.acknowledged) - len(gone) + len(placed & unheard.there)


def _alone(ground: Ground, demand: Demand, floor: Floor, taken: Sequence[Taken]) -> Alone | None:
    if not ground.ladder:
        return None
    planner = Planner(floor, ground.planning.get(demand.restaurant, Rules()))
    ids = {table.number: table.id for table in floor.tables}
    busy = [Busy(ids[one.table], one.start, one.end) for one in taken if one.table in ids]
    # No table was looked for: what the planner would have said of those is not to be held against anybody else.
    away = frozenset(demand.turned_away)
    asked = [one for one in demand.arrivals if one.booking not in away]
    found = alone(planner, ground.ladder, asked, busy, waiting=ground.waiting)
    return Alone(found.placed, found.refused | dict.fromkeys(away, _COVERS))


def _bounded(ground: Ground, demand: Demand, by_one: Alone | None, missing: dict[str, None]) -> Bounded | None:
    """The bound; None where there is none, and then why is missing."""
    floor, taken = ground.floors[demand.restaurant], ground.taken.get(demand.restaurant, ())
    house, wanted = House(floor, ground.rules, taken), list(demand.wanted.values())
    seats_all = by_one is not None and all(name in by_one.placed for name in demand.wanted)
    is_hurried = ground.terms.limit_s <= LIMIT_S
    if is_hurried and not seats_all and len(wanted) > MOST_BOOKINGS and len(best_fit(house, wanted)) < len(wanted):
        missing[
            f"{demand.restaurant}: {len(wanted)} bookings are too many to prove a bound of at the end of a run: "
            f"slotfill optimum takes the time"
        ] = None
        return None
    try:
        return bounded(floor, demand, ground.rules, taken, _terms(ground.terms, everybody=seats_all))
    except SolverMissing:
        missing[MISSING] = None
        return None


def _terms(terms: Terms, *, everybody: bool) -> Terms:
    return msgspec.structs.replace(terms, everybody=everybody)


def _lost(
    demand: Demand, unplaced: Mapping[str, tuple[Loss, str]], gone: Mapping[str, Story], unheard: _Unheard
) -> Iterator[LostBooking]:
    """Every booking that is not there, once, in the plan's order: where it was lost, and why."""
    placed, told = frozenset(demand.placed), frozenset(demand.acknowledged)
    for one in demand.arrivals:
        name = one.booking
        if name in gone:
            where = Loss.AFTER, f"{gone[name].entry.value}: {gone[name].cause}"
        elif name in told or name in unheard.there:
            continue
        elif name in unheard.doubtful:
            where = Loss.COMMIT, "nobody heard its COMMIT, and whether it is there is not known"
        elif name in placed:
            where = Loss.COMMIT, f"its COMMIT ended {demand.words.get(name, '')}"
        else:
            where = unplaced[name]
        wanted = demand.wanted.get(name)
        yield LostBooking(name, one.party, None if wanted is None else wanted.start, *where)


def _unplaced(demand: Demand, found: Bounded | None, by_one: Alone | None) -> dict[str, tuple[Loss, str]]:
    """Those that never came to a COMMIT: as many are the inventory's as it cannot hold, whoever that happened to be.

    Which ones the house has no room for is nobody's to say: those first that one worker and the best assignment leave
    out, too. So the names come to the counts of the waterfall.
    """
    placed = frozenset(demand.placed)
    names = [one.booking for one in demand.arrivals if one.booking not in placed]
    seated = {} if by_one is None else by_one.placed
    left_out = frozenset(found.left_out) if found is not None else frozenset()
    bound = None if found is None else found.optimum.bound
    no_room = sum(name not in demand.wanted for name in names) if bound is None else demand.bookings - bound
    ranked = sorted(names, key=lambda name: (name in demand.wanted, name in seated, name not in left_out))
    # Several workers may seat another one in its place: then nothing was lost between the two.
    contended = max(0, len(seated) - len(placed))
    # Without a bound nothing says that there was room for those whom one worker leaves out.
    left = Loss.UNTOLD if bound is None else Loss.ALLOCATOR
    whys: dict[str, tuple[Loss, str]] = {}
    for place, name in enumerate(ranked):
        word = demand.words.get(name, "")
        if name not in demand.wanted:
            whys[name] = Loss.INVENTORY, "the house serves nobody at that time"
        elif place < no_room:
            whys[name] = Loss.INVENTORY, f"ended {word}; {bound} of {demand.bookings} fit, and it was one too many"
        elif name in seated and contended:
            contended -= 1
            whys[name] = Loss.CONTENTION, f"ended {word}; one worker gives it {'+'.join(seated[name])}"
        elif name in seated:
            whys[name] = left, f"ended {word}; one worker seats it, and leaves out another one for it"
        elif by_one is not None:
            whys[name] = left, f"ended {word}; one worker is told: {by_one.refused.get(name, '')}"
        else:
            whys[name] = Loss.EARLY, f"ended {word}; how one worker fares is not known"
    return whys


def _whole(values: Sequence[int | None]) -> int | None:
    """Their sum, if each is known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
