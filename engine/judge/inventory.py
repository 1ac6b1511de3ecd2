"""The inventory bound of a run, house by house: what was possible, what a simple rule makes of it, what rules cost."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

import msgspec

from engine.judge.demand import Demand
from engine.judge.optimum import LIMIT_S, Optimum, apart, optimum
from engine.judge.replay import best_fit, infeasible, regrets
from engine.judge.seatings import House, HouseRules, Taken
from engine.model.floor import Floor
from engine.model.house_optimum import HouseOptimum, Price, Regret
from engine.model.optimum import RunOptimum

RELAXED: tuple[tuple[str, dict[str, bool | int]], ...] = (
    ("tables of one zone only", {"same_zone": False}),
    ("tables that touch", {"adjacency": False}),
    ("movable tables only", {"movable": False}),
    ("one table more in a set", {}),
)
"""Rules, and what stands in the model without them."""


def words(rules: HouseRules) -> str:
    """The rules of the model in one sentence's worth of words."""
    told = [f"at most {rules.max_tables} tables a booking"]
    told += [
        name
        for name, holds in (
            ("of one zone", rules.same_zone),
            ("each touching another", rules.adjacency),
            ("all movable when several", rules.movable),
        )
        if holds
    ]
    return ", ".join([*told, "enough seats, windows as the run had them"])


class Terms(msgspec.Struct, frozen=True):
    """How much is asked of the solver."""

    prices: bool = True
    """Each rule relaxed, one after the other."""
    limit_s: float = LIMIT_S
    """Of one part of the house's bookings; of all of them together where `together`."""
    together: bool = False
    everybody: bool = False
    """Some assignment is known to seat everybody that was wanted: that is the bound then, and nothing is solved."""


class Bounded(NamedTuple):
    """A restaurant's bound, and who has no seat in the assignment that reaches it."""

    optimum: HouseOptimum
    left_out: tuple[str, ...]


FULL = Terms()


def house_optimum(floor: Floor, demand: Demand, rules: HouseRules, taken: Iterable[Taken] = ()) -> HouseOptimum:
    """One restaurant's bound beside what it achieved. Raises SolverMissing."""
    return bounded(floor, demand, rules, taken).optimum


def bounded(
    floor: Floor, demand: Demand, rules: HouseRules, taken: Iterable[Taken] = (), terms: Terms = FULL
) -> Bounded:
    """One restaurant's bound, and whom it leaves out. Raises SolverMissing."""
    taken = tuple(taken)
    house = House(floor, rules, taken)
    wanted = list(demand.wanted.values())
    limit_s = terms.limit_s / max(1, 2 * len(apart(wanted))) if terms.together else terms.limit_s
    bad = infeasible(house, demand.wanted, demand.achieved)
    online = best_fit(house, wanted)
    seats = {table.number: table.capacity for table in floor.tables}
    parties = {name: demand.wanted[name].party for name in demand.achieved if name in demand.wanted}
    had = sum(seats.get(number, 0) for name in parties for number in demand.achieved[name])
    covers = sum(parties.values())
    if bad:
        withheld = (
            f"{len(bad)} achieved assignments are not in the model, so it is wrong: {bad[0].booking}: {bad[0].why}"
        )
        found = HouseOptimum(
            demand.restaurant, demand.bookings, demand.outside, len(demand.achieved), None, False, len(online),
            covers, None, had - covers, None, None, (), (), withheld,
        )  # fmt: skip
        return Bounded(found, ())
    if terms.everybody or len(online) == len(wanted) or len(demand.achieved) == len(wanted):
        guests = sum(one.party for one in wanted)
        best = Optimum(len(wanted), len(wanted), len(wanted), guests, None, ())
        if terms.prices:
            best = optimum(house, wanted, limit_s=limit_s)
    else:
        best = optimum(house, wanted, limit_s=limit_s)
    told = frozenset(demand.acknowledged)
    missed = regrets(house, demand.wanted, demand.achieved, told) if len(demand.achieved) < best.bound else ()
    found = HouseOptimum(
        restaurant=demand.restaurant,
        bookings=demand.bookings,
        outside=demand.outside,
        achieved=len(demand.achieved),
        bound=best.bound,
        is_proven=best.is_proven,
        online=len(online),
        covers=covers,
        optimal_covers=best.covers if best.is_proven else None,
        waste=had - covers,
        optimal_waste=best.waste,
        efficiency=len(demand.achieved) / best.bound if best.bound else None,
        prices=tuple(_prices(floor, demand, rules, taken, best)) if terms.prices else (),
        regrets=tuple(
            Regret(one.booking, one.party, one.start, one.tables, one.moved, one.moved_from, one.moved_to)
            for one in missed
        ),
    )
    seated = {one.booking for one in best.placed}
    # Everybody fits where as many were seated as were wanted, also where no assignment was asked for.
    left_out = () if best.accepted == len(wanted) else tuple(name for name in demand.wanted if name not in seated)
    return Bounded(found, left_out)


def bounds(
    floors: Mapping[str, Floor], shares: Iterable[Demand], rules: HouseRules, taken: Mapping[str, tuple[Taken, ...]]
) -> dict[str, Bounded]:
    """Each restaurant's bound, by its slug. Raises SolverMissing."""
    return {
        one.restaurant: bounded(floors[one.restaurant], one, rules, taken.get(one.restaurant, ())) for one in shares
    }


def run_optimum(
    run_id: str, floors: Mapping[str, Floor], found: Iterable[Demand], rules: HouseRules,
    taken: Mapping[str, tuple[Taken, ...]], known: Mapping[str, Bounded],
) -> RunOptimum:  # fmt: skip
    """All restaurants of a run by their bounds; how long those took is the caller's to say."""
    shares = tuple(found)
    houses = tuple(known[one.restaurant].optimum for one in shares)
    bound = None if any(one.bound is None for one in houses) else sum(one.bound or 0 for one in houses)
    achieved = sum(one.achieved for one in houses)
    text = msgspec.json.encode((rules, [floors[one.restaurant] for one in shares], shares, taken))
    return RunOptimum(
        run_id=run_id,
        rules=words(rules),
        data=sha256(text).hexdigest()[:16],
        took_ms=0.0,
        houses=houses,
        bookings=sum(one.bookings for one in houses),
        achieved=achieved,
        bound=bound,
        efficiency=achieved / bound if bound else None,
    )


def _prices(
    floor: Floor,
    demand: Demand,
    rules: HouseRules,
    taken: tuple[Taken, ...],
    best: Optimum,
    limit_s: float = LIMIT_S / 2,
) -> Iterable[Price]:
    """Each rule alone gives way, and the house is solved again; nothing is to be had where nobody was refused."""
    for name, change in RELAXED:
        changed = msgspec.structs.replace(rules, **(change or {"max_tables": rules.max_tables + 1}))
        if changed == rules:
            continue
        if best.bound == len(demand.wanted):
            yield Price(name, 0, is_proven=best.is_proven)
            continue
        without = optimum(House(floor, changed, taken), list(demand.wanted.values()), limit_s=limit_s, waste=False)
        # A rule less never seats fewer: what was found in the time may, and then it tells nothing.
        yield Price(name, max(0, without.accepted - best.bound), without.is_proven and best.is_proven)
