"""The plan `fill`: every slot is booked with one party size until a booking fails or it has had its share."""

from collections.abc import Mapping
from datetime import date, time, timedelta

import msgspec

from engine.allocator.window import hours_on
from engine.draws import Parties, draw, start_times
from engine.model.floor import Floor
from engine.model.ids import TurnId
from engine.model.turn import Turn, TurnEnd
from engine.plan import Done
from engine.rota import Page, Rota


class Caps(msgspec.Struct, frozen=True):
    """What an operator may change while the plan runs."""

    stress_max: int
    parties: Parties

    def checked(self) -> "Caps":
        """Itself, when the settings go together. Raises ValueError when they do not."""
        if self.stress_max < 1:
            raise ValueError(f"stress_max = {self.stress_max} books nothing; give 1 or more")
        self.parties.checked()
        return self


class FillPlan(Rota):
    """The turns of a fill, who works on them, and how they end. Make it with `of`."""

    def __init__(
        self, pages: Mapping[Page, float], caps: Caps, why_empty: str, *, share_slots: bool, by_day: bool = False
    ) -> None:
        super().__init__(pages, shares_turns=share_slots, by_day=by_day)
        self._caps = caps
        self._why_empty = why_empty
        self._draws = {page.turn.id: drawn for page, drawn in pages.items()}

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
        by_day: bool = False,
        done: Mapping[tuple[str, date, time], Done] | None = None,
        first_turn: int = 1,
    ) -> "FillPlan":
        """Turns for every restaurant, open day and slot from start to end, the end too when it falls on the grid.

        By day, then time, then restaurant in the order given, so that all restaurants come along together. A party
        size follows from seed, restaurant, date, time and the two party settings, and from nothing else: a longer
        window or another restaurant leaves the earlier sizes as they were.
        done: what earlier runs did, by restaurant, date and time. A turn that had ended, or has had stress_max, is
        not planned again; another goes on with its next ordinal, its party, and what is left of its share.
        Raises ValueError.
        """
        caps = Caps(stress_max, Parties(min_party, max_party)).checked()
        times = tuple(start_times(start, end, interval_min))
        pages: dict[Page, float] = {}
        closed: list[tuple[str, date]] = []
        left_out = 0
        for on in (first + timedelta(days=day) for day in range(days)):
            opened = [slug for slug, floor in floors.items() if hours_on(floor, on) is not None]
            closed += [(slug, on) for slug in floors if slug not in opened]
            for at, slug in ((at, slug) for at in times for slug in opened):
                had = (done or {}).get((slug, on, at), _NOTHING)
                if had.ended_turn or had.begun >= stress_max:
                    left_out += 1
                    continue
                drawn = draw(seed, slug, on, f"{at:%H:%M}")
                party = caps.parties.party(drawn) if had.party is None else had.party
                turn = Turn(TurnId(first_turn + len(pages)), slug, on, at, party)
                pages[Page(turn, stress_max - had.begun, had.begun)] = drawn
        return cls(pages, caps, _why_empty(closed, left_out), share_slots=share_slots, by_day=by_day)

    def cap(
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
            Parties(
                old.parties.min_party if min_party is None else min_party,
                old.parties.max_party if max_party is None else max_party,
            ),
        ).checked()
        capped = []
        for page in self._in_hand:
            if page.end is not None:
                continue
            page.cap = max(self._caps.stress_max - page.before, page.begun)
            if page.is_untouched:
                party = self._caps.parties.party(self._draws[page.turn.id])
                page.turn = msgspec.structs.replace(page.turn, party=party)
            elif page.is_full:
                self._close(page, TurnEnd.CAPPED)
                capped.append(page.turn.id)
        self._count_caps()
        return tuple(capped)

    @property
    def idle_reason(self) -> str:
        """Why `take` would give None now; empty when it would give a turn."""
        if not self._in_hand:
            return self._why_empty
        reason = super().idle_reason
        hint = "; share_slots lets more than one work on a slot" if reason.startswith("each open") else ""
        return f"{reason}{hint}"


_NOTHING = Done(begun=0, filled=0, ended_turn=False)


def _why_empty(closed: list[tuple[str, date]], left_out: int) -> str:
    """The words for a plan that has no turn."""
    if left_out:
        return f"there is no slot left to fill: {left_out} had ended before"
    if not closed:
        return "there is no slot to fill: no start time lies between start and end"
    slug, on = closed[0]
    more = f" and {len(closed) - 1} more" if len(closed) > 1 else ""
    return f"there is no slot to fill: closed are {slug} on {on:%A} {on}{more}; choose another date"
