"""The table planner: for a party and a time, the sets of free tables that would seat it, best first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from itertools import groupby

from msgspec.structs import replace

from engine.allocator.candidates import RELAXATIONS, Found, Menu, arranged, relaxed, served, strict
from engine.allocator.demand import MULTIPLIERS, demand_multiplier
from engine.allocator.layout import PLAIN, Layout
from engine.allocator.lookahead import Look, in_view, look
from engine.allocator.moment import NOTHING_FREE, Moment, Ranked, Scored
from engine.allocator.strategies import OPTIMAL
from engine.allocator.window import service_window
from engine.model.floor import Busy, Candidate, Floor, PlannerStats, Quote, Skips, Upcoming, Weights, Window
from engine.model.strategy import AdjacencyMode, Rules, Strategy

NO_GLOBAL_CAPACITY = "Insufficient global capacity"
NO_TABLES_FOR_PARTY = "No tables meet the capacity requirements for this party size."
NO_TABLES_IN_WINDOW = "No tables available for requested window"
NO_FILTERED_CAPACITY = "Insufficient filtered capacity"
NO_SUITABLE_TABLES = "No suitable tables available"

_KEPT = 2_000
"""Menus remembered: a ladder of eight strategies for a dozen parties and four hours of demand, twice. And windows."""
_FIRST_LOOSE = RELAXATIONS.index("adjacency")
_STRICT = tuple(range(_FIRST_LOOSE))
_LOOSE = tuple(range(_FIRST_LOOSE, len(RELAXATIONS)))
"""What gives way from adjacency on is found apart: it is many sets, and most quotes never come to it."""


class Planner:
    """Plans for one floor. Make it once: choices that do not depend on busy time are found once per party size.

    Pure: equal arguments give equal quotes. A remembered menu changes only how long a quote takes.
    """

    def __init__(self, floor: Floor, rules: Rules = PLAIN) -> None:
        self.floor = floor
        self.rules = rules
        self._layout = Layout(floor, rules)
        self._windows: dict[tuple[date, time, int], Window | str] = {}
        self._found: dict[tuple[int, Strategy, bool], Found] = {}
        self._menus: dict[Strategy, dict[tuple[int, float, bool], Menu]] = {}
        """By strategy first: its hash is that of all its weights, and a quote looks up fifty of these."""
        self._kept = 0

    def prepare(self, parties: Iterable[int], strategy: Strategy = OPTIMAL) -> None:
        """Find the choices for these party sizes now, so that no timed quote has to."""
        for party in parties:
            for demand in MULTIPLIERS:
                self._menu(party, strategy, demand, loose=strategy.relaxes)

    def upcoming(self, on: date, at: time, party: int) -> Upcoming | None:
        """What a pending booking will want; None when it cannot be quoted, and so wants nothing."""
        window = self._window(on, at, party)
        return None if isinstance(window, str) else Upcoming(window.start, window.end, party)

    def quote(  # noqa: PLR0913 - a booking, what is taken, and three ways to look at it
        self,
        on: date,
        at: time,
        party: int,
        busy: Sequence[Busy],
        *,
        strategy: Strategy = OPTIMAL,
        spread: int = 0,
        upcoming: Sequence[Upcoming] = (),
    ) -> Quote:
        """Candidates for a party at that local time, or why there are none. Raises ValueError for a party below 1.

        `spread` rotates candidates of equal score by so many places: give each worker its own number and they do not
        all try the same tables first. 0, the default, gives everybody the platform's one order. `upcoming` are other
        bookings that still want tables; plans that would leave one of them without any come later.
        """
        _require(party)
        window = self._window(on, at, party)
        if isinstance(window, str):
            wants = strategy.adjacency is not AdjacencyMode.OFF
            stats = PlannerStats(total_tables=len(self._layout.tables))
            return Quote(None, (), stats, window, requires_adjacency=wants)
        return self.quote_window(window, party, busy, strategy=strategy, spread=spread, upcoming=upcoming)

    def quote_window(
        self,
        window: Window,
        party: int,
        busy: Sequence[Busy],
        *,
        strategy: Strategy = OPTIMAL,
        spread: int = 0,
        upcoming: Sequence[Upcoming] = (),
    ) -> Quote:
        """Candidates for a party in a window that is known already."""
        _require(party)
        coming = in_view(upcoming, window, strategy.weights)
        moment = Moment(self._layout, window, busy, max([one.end for one in coming], default=None))
        demand = demand_multiplier(window.start.astimezone(self._layout.timezone).time())
        stage = 0
        menu = self._menu(party, strategy, demand, loose=False)
        scored = self._scored(moment, menu, stage, strategy)
        while not scored.found and stage < _last_stage(strategy):
            stage += 1
            menu = self._menu(party, strategy, demand, loose=stage >= _FIRST_LOOSE)
            scored = self._scored(moment, menu, stage, strategy)
        adjacency = strategy.adjacency is not AdjacencyMode.OFF
        stats = self._stats(moment, menu, stage, scored)
        stats = replace(stats, combinations_enabled=strategy.weights.max_tables > 1, demand_multiplier=demand)
        if not scored.found:
            reason = self._reason(party, strategy, menu.useful[stage], moment.busy)
            return Quote(window, (), stats, reason, requires_adjacency=adjacency)
        best, skips = _limited(scored, strategy.weights, menu.skips)
        stats = replace(stats, candidates=len(best), relaxed=RELAXATIONS[stage], skips=skips)
        if coming:
            seen = self._look(moment, best, coming, strategy, demand)
            best = _put_back(best, seen.blocked, strategy.weights.lookahead_penalty)
            stats = replace(
                stats,
                blocking=sum([count > 0 for count in seen.blocked]),
                lookahead_evaluations=seen.evaluations,
                cut_short=stats.cut_short or seen.cut_short,
            )
        if spread:
            best = _rotated(best, spread)
        candidates = tuple([Candidate(row[4].tables, row[0], row[4].capacity) for row in best])
        return Quote(window, candidates, stats, requires_adjacency=adjacency and stage < _FIRST_LOOSE)

    def _window(self, on: date, at: time, party: int) -> Window | str:
        known = self._windows.get((on, at, party))
        if known is None:
            if len(self._windows) >= _KEPT:
                self._windows.clear()
            known = service_window(self.floor, on, at, party, fails_hard=self.rules.fails_hard)
            self._windows[on, at, party] = known
        return known

    def _scored(self, moment: Moment, menu: Menu, stage: int, strategy: Strategy) -> Scored:
        if not menu.useful[stage] & ~moment.busy:
            return NOTHING_FREE
        return moment.score(menu.stages[stage], strategy.weights)

    def _stats(self, moment: Moment, menu: Menu, stage: int, scored: Scored) -> PlannerStats:
        return PlannerStats(
            total_tables=len(self._layout.tables),
            busy_tables=moment.busy.bit_count(),
            filtered_tables=(menu.useful[stage] & ~moment.busy).bit_count(),
            combinations_tried=scored.tried,
            plans=len(scored.found) + scored.dropped,
            cut_short=stage >= menu.cut_from or scored.cut_short,
            skips=menu.skips,
        )

    def _menu(self, party: int, strategy: Strategy, demand: float, *, loose: bool) -> Menu:
        known = self._menus.get(strategy, {}).get((party, demand, loose))
        if known is None:
            if self._kept >= _KEPT:  # somebody turns the weights; old ones will not come back
                self._menus.clear()
                self._found.clear()
                self._kept = 0
            found = self._search(party, strategy, loose=loose)
            if loose:
                before = self._menu(party, strategy, demand, loose=False)
                known = arranged(found, _LOOSE, strategy.weights, demand, before.useful[_FIRST_LOOSE - 1])
                known = known._replace(
                    cut_from=min(before.cut_from, known.cut_from), skips=_together(before.skips, known.skips)
                )
            else:
                known = arranged(found, _STRICT, strategy.weights, demand)
            self._menus.setdefault(strategy, {})[party, demand, loose] = known
            self._kept += 1
        return known

    def _search(self, party: int, strategy: Strategy, *, loose: bool) -> Found:
        key = (party, strategy, loose)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = (relaxed if loose else strict)(self._layout, party, strategy)
        return known

    def _look(
        self, moment: Moment, best: list[Ranked], coming: list[Upcoming], strategy: Strategy, demand: float
    ) -> Look:
        stages, menus = range(_last_stage(strategy) + 1), self._menus.get(strategy, {})

        def options(party: int) -> Iterator[tuple[int, ...]]:
            for stage in stages:
                loose = stage >= _FIRST_LOOSE
                menu = menus.get((party, demand, loose)) or self._menu(party, strategy, demand, loose=loose)
                yield menu.stages[stage].masks

        plans = [row[4].mask for row in best[: strategy.weights.lookahead_plans]]
        return look(moment, plans, coming, options, strategy.weights.lookahead_evaluations)

    def _reason(self, party: int, strategy: Strategy, useful: int, busy: int) -> str:
        """Why nothing was found, the lasting causes first, in the platform's words."""
        eligible = served(self._layout, strategy.adjacency)
        if self._layout.seats < party:
            return NO_GLOBAL_CAPACITY
        if eligible and not useful:
            return NO_TABLES_FOR_PARTY
        if not eligible & ~busy:
            return NO_TABLES_IN_WINDOW
        left = useful & ~busy
        if sum(seats for place, seats in enumerate(self._layout.capacities) if left >> place & 1) < party:
            return NO_FILTERED_CAPACITY
        return NO_SUITABLE_TABLES


def _require(party: int) -> None:
    if party < 1:
        raise ValueError(f"party = {party} seats nobody; give 1 or more")


def _last_stage(strategy: Strategy) -> int:
    return len(RELAXATIONS) - 1 if strategy.relaxes else 0


def _limited(scored: Scored, weights: Weights, skips: Skips) -> tuple[list[Ranked], Skips]:
    """The best of them, at most so many of one slack and so many in all; with what was left out counted."""
    found = fit = sorted(scored.found)
    if weights.max_plans_per_slack < min(weights.max_candidates, len(found)):
        seen, fit = Counter[int](), []
        for row in found:
            seen[row[4].overage] += 1
            if seen[row[4].overage] <= weights.max_plans_per_slack:
                fit.append(row)
    best = fit[: weights.max_candidates]
    limit, bucket = scored.dropped + len(fit) - len(best), len(found) - len(fit)
    return best, replace(skips, limit=skips.limit + limit, bucket=skips.bucket + bucket) if limit or bucket else skips


def _put_back(best: list[Ranked], blocked: list[int], penalty: float) -> list[Ranked]:
    """The same plans, each with its penalty for every booking it would leave without a table, in their new order."""
    if not any(blocked):
        return best
    head = [(row[0] + penalty * count, *row[1:]) for row, count in zip(best, blocked, strict=False)]
    return sorted([*head, *best[len(head) :]])


def _rotated(found: list[Ranked], spread: int) -> list[Ranked]:
    """The same order, with every run of equal scores turned by `spread` places."""
    turned: list[Ranked] = []
    for _, run in groupby(found, key=lambda row: row[0]):
        equals = list(run)
        by = spread % len(equals)
        turned += equals[by:] + equals[:by]
    return turned


def _together(one: Skips, other: Skips) -> Skips:
    return Skips(*(getattr(one, name) + getattr(other, name) for name in Skips.__struct_fields__))
