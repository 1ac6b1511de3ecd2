"""The plan `fill`: every slot is booked with one party size until a booking fails or it has had its share.

The ledger of a run's turns. It awaits nothing and knows no clock: every answer is true the moment it is given, and the
workers' interleaving decides only who takes which turn, never what the turn asks for.
"""

import random
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta

import msgspec

from engine.allocator.window import hours_on
from engine.model.floor import Floor
from engine.model.ids import TurnId, WorkerId
from engine.model.turn import Turn, TurnEnd


class Caps(msgspec.Struct, frozen=True):
    """What an operator may change while the plan runs."""

    stress_max: int
    min_party: int
    max_party: int

    def checked(self) -> "Caps":
        """Itself, when the settings go together. Raises ValueError when they do not."""
        if self.stress_max < 1:
            raise ValueError(f"stress_max = {self.stress_max} books nothing; give 1 or more")
        if self.min_party < 1:
            raise ValueError(f"min_party = {self.min_party} seats nobody; give 1 or more")
        if self.max_party < self.min_party:
            raise ValueError(f"max_party = {self.max_party} is below min_party = {self.min_party}; give at least that")
        return self

    def party(self, draw: float) -> int:
        """The party size that a draw in [0, 1) comes to."""
        return self.min_party + int(draw * (self.max_party - self.min_party + 1))


class TurnProgress(msgspec.Struct, frozen=True):
    """How far a turn has come."""

    begun: int
    ended: int
    filled: int
    cap: int
    """Attempts it may begin; stays as it was when the turn ended."""
    workers: tuple[WorkerId, ...]
    end: TurnEnd | None


class _Page:
    """One turn's page of the ledger."""

    __slots__ = ("begun", "cap", "end", "ended", "filled", "turn", "workers")

    def __init__(self, turn: Turn, cap: int) -> None:
        self.turn = turn
        self.cap = cap
        self.begun = self.ended = self.filled = 0
        self.workers: set[WorkerId] = set()
        self.end: TurnEnd | None = None

    @property
    def takes_attempts(self) -> bool:
        return self.end is None and self.begun < self.cap

    @property
    def is_untouched(self) -> bool:
        return not self.begun and not self.workers

    @property
    def is_full(self) -> bool:
        """It has had its share, and every attempt in it was filled."""
        return self.begun >= self.cap and self.ended == self.begun


class FillPlan:
    """The turns of a fill, who works on them, and how they end. Make it with `of`."""

    def __init__(
        self, turns: Mapping[Turn, float], closed_days: tuple[tuple[str, date], ...], caps: Caps, *, share_slots: bool
    ) -> None:
        self.closed_days = closed_days
        """Restaurant and day, for each day without turns."""
        self._caps = caps
        self._share_slots = share_slots
        self._draws = {turn.id: draw for turn, draw in turns.items()}
        self._pages = {turn.id: _Page(turn, caps.stress_max) for turn in turns}
        self._fresh = deque(self._pages)
        self._given_back: deque[TurnId] = deque()
        self._at: dict[WorkerId, TurnId] = {}
        self._open = len(self._pages)
        self._most_attempts = sum(page.cap for page in self._pages.values())

    @classmethod
    def of(  # noqa: PLR0913 - these are the plan's settings, each named at the call
        cls,
        floors: Mapping[str, Floor],
        *,
        seed: int,
        first: date,
        days: int,
        start: time,
        end: time,
        interval_min: int,
        stress_max: int,
        min_party: int,
        max_party: int,
        share_slots: bool,
    ) -> "FillPlan":
        """Turns for every restaurant, open day and slot from start to end, the end too when it falls on the grid.

        By day, then time, then restaurant in the order given, so that all restaurants come along together. A party
        size follows from seed, restaurant, date, time and the two party settings, and from nothing else: a longer
        window or another restaurant leaves the earlier sizes as they were. Raises ValueError.
        """
        if interval_min < 1:
            raise ValueError(f"interval_min = {interval_min} never leaves the first slot; give 1 or more")
        caps = Caps(stress_max, min_party, max_party).checked()
        turns: dict[Turn, float] = {}
        closed: list[tuple[str, date]] = []
        for on in (first + timedelta(days=day) for day in range(days)):
            opened = [slug for slug, floor in floors.items() if hours_on(floor, on) is not None]
            closed += [(slug, on) for slug in floors if slug not in opened]
            for at in _grid(start, end, interval_min):
                for slug in opened:
                    draw = random.Random(f"{seed}/{slug}/{on}/{at:%H:%M}").random()  # noqa: S311 - repeatable, not secret
                    turns[Turn(TurnId(len(turns) + 1), slug, on, at, caps.party(draw))] = draw
        return cls(turns, tuple(closed), caps, share_slots=share_slots)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns, in the order they are taken. A change of party sizes shows here for turns not yet touched."""
        return tuple(page.turn for page in self._pages.values())

    @property
    def most_attempts(self) -> int:
        """Attempts the plan allows altogether; it may end with fewer."""
        return self._most_attempts

    @property
    def is_done(self) -> bool:
        """Whether every turn has ended. True at once for a plan without turns."""
        return not self._open

    def progress(self, turn_id: TurnId) -> TurnProgress:
        """How far that turn has come."""
        page = self._pages[turn_id]
        return TurnProgress(page.begun, page.ended, page.filled, page.cap, tuple(sorted(page.workers)), page.end)

    def take(self, worker: WorkerId) -> Turn | None:
        """A turn for the worker, or None while there is none (`idle_reason` says why).

        One that was given back, else the next that nobody works on. With share_slots, when all are worked on, the
        one with the fewest workers that can still begin an attempt. A worker has one turn: another gives it back.
        """
        if worker in self._at:
            self.leave(worker, self._at[worker])
        page = self._next_free(remove=True) or self._shared()
        if page is None:
            return None
        page.workers.add(worker)
        self._at[worker] = page.turn.id
        return page.turn

    def begin(self, turn_id: TurnId) -> int | None:
        """Which attempt of its turn the next one is, from 1; None when the turn has ended or has had its share.

        Every attempt that began must come to `ended`, a cancelled one too.
        """
        page = self._pages[turn_id]
        if not page.takes_attempts:
            return None
        page.begun += 1
        return page.begun

    def ended(self, turn_id: TurnId, filled: bool) -> TurnEnd | None:
        """Enter an attempt's end. The turn's own end, when this was what ended it: given once for each turn.

        The first attempt that was not filled ends it for all its workers; those still in flight are only counted.
        """
        page = self._pages[turn_id]
        if page.ended >= page.begun:
            raise ValueError(f"turn {turn_id}: {page.ended} attempts ended already and {page.begun} began")
        page.ended += 1
        page.filled += filled
        if page.end is not None:
            return None
        if not filled:
            return self._close(page, TurnEnd.EXHAUSTED)
        return self._close(page, TurnEnd.CAPPED) if page.is_full else None

    def leave(self, worker: WorkerId, turn_id: TurnId) -> None:
        """The worker works on that turn no more; while it is open and nobody else does, it is taken next."""
        page = self._pages[turn_id]
        if worker not in page.workers:
            return  # it has ended, and its end let everybody go
        page.workers.discard(worker)
        del self._at[worker]
        if not page.workers:
            self._given_back.append(turn_id)

    def reconfigure(
        self, *, stress_max: int | None = None, min_party: int | None = None, max_party: int | None = None
    ) -> tuple[TurnId, ...]:
        """Other settings for what has not begun. The turns that this capped: they ended now, and here is the only word.

        stress_max: for every open turn; attempts in flight go on, and a turn that has had its new share and none in
        flight is capped. A capped turn stays so when it is raised.
        Party sizes: for turns that no worker has and no attempt has begun in; the same draw on the new range.
        Raises ValueError, and changes nothing, when the settings do not go together.
        """
        old = self._caps
        self._caps = Caps(
            old.stress_max if stress_max is None else stress_max,
            old.min_party if min_party is None else min_party,
            old.max_party if max_party is None else max_party,
        ).checked()
        capped = []
        for turn_id, page in self._pages.items():
            if page.end is not None:
                continue
            page.cap = max(self._caps.stress_max, page.begun)
            if page.is_untouched:
                page.turn = msgspec.structs.replace(page.turn, party=self._caps.party(self._draws[turn_id]))
            elif page.begun and page.is_full:
                self._close(page, TurnEnd.CAPPED)
                capped.append(turn_id)
        self._most_attempts = sum(page.cap for page in self._pages.values())
        return tuple(capped)

    @property
    def idle_reason(self) -> str:
        """Why `take` would give None now; empty when it would give a turn."""
        if not self._pages:
            return f"there is no slot to fill{self._closed_words()}"
        if self.is_done:
            return "every slot has ended"
        if self._next_free(remove=False) or self._shared():
            return ""
        if not self._share_slots and any(page.takes_attempts for page in self._pages.values()):
            return f"each open slot has its worker ({self._open} open); share_slots lets more than one work on a slot"
        return f"the last attempts of {self._open} open slots are in flight"

    def _next_free(self, *, remove: bool) -> _Page | None:
        """The page that is taken next, of those nobody works on."""
        for queue in (self._given_back, self._fresh):
            for turn_id in queue:
                page = self._pages[turn_id]
                if page.takes_attempts:
                    if remove:
                        queue.remove(turn_id)
                    return page
        return None

    def _shared(self) -> _Page | None:
        if not self._share_slots:
            return None
        worked_on = [self._pages[turn_id] for turn_id in dict.fromkeys(self._at.values())]
        able = [page for page in worked_on if page.takes_attempts]
        return min(able, key=lambda page: (len(page.workers), page.turn.id), default=None)

    def _close(self, page: _Page, end: TurnEnd) -> TurnEnd:
        page.end = end
        self._open -= 1
        for worker in page.workers:
            del self._at[worker]
        page.workers.clear()
        if page.turn.id in self._given_back:
            self._given_back.remove(page.turn.id)
        return end

    def _closed_words(self) -> str:
        if not self.closed_days:
            return ": no start time lies between start and end"
        slug, on = self.closed_days[0]
        more = f" and {len(self.closed_days) - 1} more" if len(self.closed_days) > 1 else ""
        return f": closed are {slug} on {on:%A} {on}{more}; choose another date"


def _grid(start: time, end: time, interval_min: int) -> Iterator[time]:
    """Start times of one day; none past midnight."""
    at = datetime.combine(date.min, start)
    last = datetime.combine(date.min, end)
    while at <= last:
        yield at.time()
        at += timedelta(minutes=interval_min)
