"""The table planner: for a party and a time, the sets of free tables that would seat it, best first."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from itertools import groupby

from engine.allocator.candidates import RELAXATIONS, Choice, Menu, menu
from engine.allocator.layout import Layout
from engine.allocator.moment import Moment
from engine.allocator.window import service_window
from engine.model.floor import Busy, Candidate, Floor, PlannerStats, Quote, Weights, Window

DEFAULT_WEIGHTS = Weights()

NO_GLOBAL_CAPACITY = "Insufficient global capacity"
NO_TABLES_FOR_PARTY = "No tables meet the capacity requirements for this party size."
NO_TABLES_IN_WINDOW = "No tables available for requested window"
NO_FILTERED_CAPACITY = "Insufficient filtered capacity"
NO_SUITABLE_TABLES = "No suitable tables available"

_MENUS_KEPT = 64


class Planner:
    """Plans for one floor. Make it once: choices that do not depend on busy time are found once per party size.

    Pure: equal arguments give equal quotes. A remembered menu changes only how long a quote takes.
    """

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self._layout = Layout(floor)
        self._menus: dict[tuple[int, Weights], Menu] = {}

    def prepare(self, parties: Iterable[int], weights: Weights = DEFAULT_WEIGHTS) -> None:
        """Find the choices for these party sizes now, so that no timed quote has to."""
        for party in parties:
            self._menu(party, weights)

    def quote(
        self,
        on: date,
        at: time,
        party: int,
        busy: Sequence[Busy],
        weights: Weights = DEFAULT_WEIGHTS,
        spread: int = 0,
    ) -> Quote:
        """Candidates for a party at that local time, or why there are none. Raises ValueError for a party below 1.

        `spread` rotates candidates of equal score by so many places: give each worker its own number and they do not
        all try the same tables first. 0, the default, gives everybody the platform's one order.
        """
        _require(party)
        window = service_window(self.floor, on, at, party)
        if isinstance(window, str):
            return Quote(None, (), PlannerStats(total_tables=len(self._layout.tables)), window)
        return self.quote_window(window, party, busy, weights, spread)

    def quote_window(
        self,
        window: Window,
        party: int,
        busy: Sequence[Busy],
        weights: Weights = DEFAULT_WEIGHTS,
        spread: int = 0,
    ) -> Quote:
        """Candidates for a party in a window that is known already."""
        _require(party)
        choices = self._menu(party, weights)
        moment = Moment(self._layout, window, busy)
        stage, scored = 0, moment.score(choices.stages[0], weights)
        while not scored.found and stage + 1 < len(choices.stages):
            stage += 1
            scored = moment.score(choices.stages[stage], weights)
        found = scored.found
        stats = PlannerStats(
            total_tables=len(self._layout.tables),
            busy_tables=moment.busy.bit_count(),
            filtered_tables=(choices.useful[stage] & ~moment.busy).bit_count(),
            combinations_tried=scored.tried,
            candidates=len(found),
            cut_short=stage >= choices.cut_from or scored.cut_short,
            relaxed=RELAXATIONS[stage] if found else "",
        )
        if not found:
            return Quote(window, (), stats, self._reason(party, choices, moment.busy))
        found.sort()
        best = found if spread == 0 else _rotated(found, spread)
        return Quote(
            window,
            tuple(Candidate(one.tables, points, one.capacity) for points, _, one in best[: weights.max_candidates]),
            stats,
        )

    def _menu(self, party: int, weights: Weights) -> Menu:
        known = self._menus.get((party, weights))
        if known is None:
            if len(self._menus) >= _MENUS_KEPT:  # somebody turns the weights; old ones will not come back
                self._menus.clear()
            known = self._menus[party, weights] = menu(self._layout, party, weights)
        return known

    def _reason(self, party: int, choices: Menu, busy: int) -> str:
        """Why nothing was found, the lasting causes first, in the platform's words."""
        if self._layout.seats < party:
            return NO_GLOBAL_CAPACITY
        if not choices.useful[-1]:
            return NO_TABLES_FOR_PARTY
        free = [place for place in range(len(self._layout.tables)) if not busy >> place & 1]
        if not free:
            return NO_TABLES_IN_WINDOW
        if sum(self._layout.capacities[place] for place in free if choices.useful[-1] >> place & 1) < party:
            return NO_FILTERED_CAPACITY
        return NO_SUITABLE_TABLES


def _require(party: int) -> None:
    if party < 1:
        raise ValueError(f"party = {party} seats nobody; give 1 or more")


def _rotated(found: list[tuple[float, int, Choice]], spread: int) -> list[tuple[float, int, Choice]]:
    """The same order, with every run of equal scores turned by `spread` places."""

    def turned() -> Iterator[tuple[float, int, Choice]]:
        for _, run in groupby(found, key=lambda pair: pair[0]):
            equals = list(run)
            by = spread % len(equals)
            yield from equals[by:]
            yield from equals[:by]

    return list(turned())
