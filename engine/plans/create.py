"""The plan `create`: so many bookings are made; each tries every strategy and every set of tables until confirmed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, time

from engine.draws import Parties, draw, open_at, start_times
from engine.model.floor import Floor
from engine.model.ids import TurnId
from engine.model.turn import PendingBooking, Turn
from engine.rota import Page, Rota


class CreatePlan(Rota):
    """Bookings to make, one turn with one attempt each. Make it with `of` or `cloned`."""

    noun = "booking"

    @classmethod
    def of(  # noqa: PLR0913 - these are the plan's settings, each named at the call
        cls,
        floors: Mapping[str, Floor],
        *,
        seed: int,
        on: date,
        count: int,
        start: time,
        end: time,
        interval_min: int,
        min_party: int,
        max_party: int,
        done: Collection[int] = (),
        first_turn: int = 1,
    ) -> "CreatePlan":
        """So many bookings of one day, the restaurants in turn, each at one of the times it is open from start to end.

        Time and party follow from the seed and the booking's number: a greater count leaves the earlier ones as they
        were. done: numbers, from 1, of bookings that an earlier run came to the end of; they are not made again, and
        the others keep their ids. Raises ValueError.
        """
        _check(count)
        parties = Parties(min_party, max_party).checked()
        open_times: dict[str, list[time]] = {}
        for at in start_times(start, end, interval_min):
            for slug in open_at(floors, on, at):
                open_times.setdefault(slug, []).append(at)
        opened = [slug for slug in floors if slug in open_times]
        if not opened:
            raise ValueError(
                f"no restaurant is open between {start:%H:%M} and {end:%H:%M} on {on:%A} {on}; choose another date"
            )
        pages = []
        for number in range(1, count + 1):
            slug = opened[(number - 1) % len(opened)]
            times = open_times[slug]
            at = times[int(draw(seed, "create", number, "time") * len(times))]
            party = parties.party(draw(seed, "create", number, "party"))
            if number not in done:
                pages.append(Page(Turn(TurnId(first_turn + number - 1), slug, on, at, party)))
        return cls(pages)

    @classmethod
    def cloned(
        cls,
        bookings: Sequence[PendingBooking],
        on: date,
        count: int,
        *,
        done: Collection[int] = (),
        first_turn: int = 1,
    ) -> "CreatePlan":
        """Copies of another day's bookings, by start and id: restaurant, time and party; at most count of them.

        done: as in `of`. Raises ValueError.
        """
        _check(count)
        if not bookings:
            raise ValueError(
                "there is no booking to clone; give a day that has some, or no day to draw them by the seed"
            )
        source = sorted(bookings, key=lambda one: (one.on, one.at, one.booking_id))[:count]
        turns = (
            Turn(TurnId(first_turn + number - 1), one.restaurant, on, one.at, one.party)
            for number, one in enumerate(source, start=1)
            if number not in done
        )
        return cls(map(Page, turns))


def _check(count: int) -> None:
    if count < 1:
        raise ValueError(f"count = {count} makes no booking; give 1 or more")
