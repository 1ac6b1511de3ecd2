"""What a simple rule would have made of the bookings in the order they came, and who else would have fitted. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from engine.judge.optimum import Placed, Wanted
from engine.judge.seatings import House

MOST_REGRETS = 20
"""Of one house: so many are found, and no more are looked for."""


class Swap(msgspec.Struct, frozen=True):
    """A booking that was refused, and how it would have fitted."""

    booking: str
    party: int
    start: datetime
    tables: tuple[str, ...]
    """Where it would have sat."""
    moved: str = ""
    """The booking that would have had to sit elsewhere; empty when the tables were free."""
    moved_from: tuple[str, ...] = ()
    moved_to: tuple[str, ...] = ()


class Infeasible(msgspec.Struct, frozen=True):
    """An assignment that the model does not allow: then the model is wrong, and its bound is withheld."""

    booking: str
    why: str


class Diary:
    """When each table is taken."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._taken: list[list[tuple[datetime, datetime, str]]] = [[] for _ in house.tables]

    def take(self, tables: Iterable[int], one: Wanted) -> None:
        """The booking has these tables."""
        for place in tables:
            self._taken[place].append((one.start, one.end, one.booking))

    def others(self, tables: Iterable[int], one: Wanted) -> set[str]:
        """Other bookings that have one of these tables at some time of its window."""
        return {
            booking
            for place in tables
            for start, end, booking in self._taken[place]
            if start < one.end and end > one.start and booking != one.booking
        }


def best_fit(house: House, arrivals: Sequence[Wanted]) -> tuple[Placed, ...]:
    """First come, first served, each at the free set with the fewest empty seats, then the fewest tables."""
    diary = Diary(house)
    found: list[Placed] = []
    for one in arrivals:
        for seating in sorted(
            house.free(one.party, one.start, one.end), key=lambda seating: (seating.seats, len(seating.tables))
        ):
            if not diary.others(seating.tables, one):
                diary.take(seating.tables, one)
                numbers = tuple(house.tables[place].number for place in seating.tables)
                found.append(Placed(one.booking, numbers, seating.seats))
                break
    return tuple(found)


def infeasible(
    house: House, wanted: Mapping[str, Wanted], achieved: Mapping[str, Sequence[str]]
) -> tuple[Infeasible, ...]:
    """Assignments (booking: table numbers) that the model does not allow, each with why."""
    diary = Diary(house)
    found: list[Infeasible] = []
    for booking, numbers in achieved.items():
        one = wanted.get(booking)
        strange = [number for number in numbers if number not in house.places]
        if one is None or strange:
            what = "the booking is not among those that were wanted" if one is None else f"no table {strange[0]} here"
            found.append(Infeasible(booking, what))
            continue
        places = [house.places[number] for number in numbers]
        why = house.allows(places, one.party)
        others = diary.others(places, one)
        if others:
            why = f"{'+'.join(numbers)} is taken by {min(others)} at that time"
        elif house.blocked(places, one.start, one.end):
            why = f"{'+'.join(numbers)} was taken before the run"
        if why:
            found.append(Infeasible(booking, why))
        diary.take(places, one)
    return tuple(found)


def regrets(
    house: House, wanted: Mapping[str, Wanted], achieved: Mapping[str, Sequence[str]], told: Collection[str] = ()
) -> tuple[Swap, ...]:
    """Bookings that were refused though they would have fitted, at once or by moving one other, in order of start.

    `told` were told success, whatever became of them: nobody refused those. Each is found by itself, in the house as
    it was: a restaurateur can check it by eye.
    """
    diary = Diary(house)
    sits: dict[str, list[int]] = {}
    for booking, numbers in achieved.items():
        sits[booking] = [house.places[number] for number in numbers]
        diary.take(sits[booking], wanted[booking])
    found: list[Swap] = []
    refused = sorted(
        (one for one in wanted.values() if one.booking not in achieved and one.booking not in told),
        key=lambda one: one.start,
    )
    for one in refused:
        swap = _swap(house, diary, one, sits, wanted)
        if swap is not None:
            found.append(swap)
        if len(found) == MOST_REGRETS:
            break
    return tuple(found)


def _swap(
    house: House, diary: Diary, one: Wanted, sits: Mapping[str, Sequence[int]], wanted: Mapping[str, Wanted]
) -> Swap | None:
    def numbers(places: Iterable[int]) -> tuple[str, ...]:
        return tuple(house.tables[place].number for place in places)

    best: Swap | None = None
    for seating in house.free(one.party, one.start, one.end):
        others = diary.others(seating.tables, one)
        if not others:
            return Swap(one.booking, one.party, one.start, numbers(seating.tables))
        if len(others) > 1 or best is not None:
            continue
        (other,) = others
        mover = wanted[other]
        for place in house.free(mover.party, mover.start, mover.end):
            meets = one.start < mover.end and one.end > mover.start
            if diary.others(place.tables, mover) or (meets and set(place.tables) & set(seating.tables)):
                continue
            best = Swap(
                one.booking, one.party, one.start, numbers(seating.tables), other, numbers(sits[other]),
                numbers(place.tables),
            )  # fmt: skip
            break
    return best
