"""The plan `burst`: many requests for one moment at once, some of them the same request sent again."""

from collections.abc import Mapping
from datetime import date, time

from engine.draws import Parties, draw, open_at
from engine.model.floor import Floor
from engine.model.ids import TurnId
from engine.model.turn import Turn
from engine.rota import Page, Rota


class BurstPlan(Rota):
    """Requests for one moment, one turn with one attempt each. Make it with `of`."""

    noun = "request"

    @classmethod
    def of(  # noqa: PLR0913 - these are the plan's settings, each named at the call
        cls,
        floors: Mapping[str, Floor],
        *,
        seed: int,
        on: date,
        at: time,
        requests: int,
        duplicates: int,
        min_party: int,
        max_party: int,
        first_turn: int = 1,
    ) -> "BurstPlan":
        """So many requests, the restaurants that are open in turn; a party follows from the seed and its number.

        duplicates of them repeat others, dealt out evenly from the first request on, each right behind the one it
        repeats, so that the two are in flight together. What repeats and what is repeated share `Turn.twin`, the id
        of the first of them: unique over the run, as ids are. Raises ValueError.
        """
        if requests < 1:
            raise ValueError(f"requests = {requests} asks for nothing; give 1 or more")
        if not 0 <= duplicates < requests:
            raise ValueError(
                f"duplicates = {duplicates} of {requests} requests leaves none to repeat; give 0 to {requests - 1}"
            )
        parties = Parties(min_party, max_party).checked()
        opened = open_at(floors, on, at)
        if not opened:
            raise ValueError(f"no restaurant is open at {at:%H:%M} on {on:%A} {on}; choose another moment")
        distinct = requests - duplicates
        turns: list[Turn] = []
        for number in range(distinct):
            slug = opened[number % len(opened)]
            party = parties.party(draw(seed, "burst", number + 1))
            copies = 1 + duplicates // distinct + (number < duplicates % distinct)
            first = first_turn + len(turns)
            twin = first if copies > 1 else 0
            turns += [Turn(TurnId(first + copy), slug, on, at, party, twin=twin) for copy in range(copies)]
        return cls(map(Page, turns))
