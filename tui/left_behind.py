"""What was left behind, as rows: stale holds and stale zone locks with age, who made them, and for which booking."""

from collections.abc import Sequence

from engine.model.ids import RunId
from engine.model.sample import StaleHold, ZoneLocked
from tui.format import age
from tui.lines import Ink, Line, Span, line
from tui.table import Column, choose, head, row

_HOLD_COLUMNS = (
    Column("STALE HOLD ON", 16),
    Column("WINDOW", 17, 3),
    Column("OVER FOR", 8, right=True),
    Column("MADE AGO", 8, 4, right=True),
    Column("BY", 16, 1),
    Column("BOOKING", 8, 2),
    Column("HOLD", 8, 5),
    Column("ZONE", 12, 6, grow=True),
)
_LOCK_COLUMNS = (
    Column("BOOKING", 8),
    Column("LOCKED TO", 18),
    Column("FOR", 15, 2),
    Column("PARTY", 5, 4, right=True),
    Column("SINCE", 7, right=True),
    Column("MADE BY", 14, 3, grow=True),
)


def stale_hold_lines(
    holds: Sequence[StaleHold], run: RunId, width: int, room: tuple[int, int], *, headed: bool
) -> list[Line]:
    """A row a hold, the one that is over for longest first, and how many more there are.

    `room` is how many rows, and how many holds there are beyond those that a look lists.
    """
    most, beyond = room
    if not holds:
        return []
    chosen = choose(_HOLD_COLUMNS, width)
    rows = [row(chosen, _hold_cells(hold, run)) for hold in holds[:most]]
    more = max(0, len(holds) - most) + beyond
    # The first two cells are the cursor's; a sign there says without colour that this is a finding.
    rows = [Line((Span("! ", Ink.FAULT), *one.spans[1:])) for one in rows]
    if more > 0:
        rows.append(line((f"  and {more} stale holds more; :repair holds", Ink.FAULT)))
    return [head(chosen), *rows] if headed else rows


def zone_lock_lines(locked: Sequence[ZoneLocked], run: RunId, width: int, *, headed: bool) -> list[Line]:
    """A row a booking that is locked to a zone and has no tables, the one that is so for longest first."""
    if not locked:
        return []
    chosen = choose(_LOCK_COLUMNS, width)
    rows = [row(chosen, _lock_cells(one, run)) for one in locked]
    return [head(chosen), *rows] if headed else rows


def _hold_cells(hold: StaleHold, run: RunId) -> list[Span]:
    return [
        Span("+".join(hold.tables) or "no table", Ink.FAULT),
        Span(f"{hold.day[5:]} {hold.starts}-{hold.ends}" if hold.starts else "-", Ink.TEXT),
        Span(age(hold.expired_for_ns), Ink.STRONG),
        Span(age(hold.age_ns), Ink.MUTED),
        Span(_maker(hold.run, run) + (f" #{hold.attempt}" if hold.attempt is not None else ""), Ink.CONTENTION),
        Span(hold.booking or "none", Ink.TEXT),
        Span(hold.hold_id[:8], Ink.MUTED),
        Span(hold.zone, Ink.MUTED),
    ]


def _lock_cells(one: ZoneLocked, run: RunId) -> list[Span]:
    return [
        Span(one.booking[:8], Ink.STRONG),
        Span(one.zone, Ink.CONTENTION),
        Span(f"{one.day[5:]} {one.slot}".strip() or "-", Ink.TEXT),
        Span(str(one.party or "-"), Ink.MUTED),
        Span(age(one.age_ns), Ink.STRONG),
        Span(_maker(one.run, run), Ink.MUTED),
    ]


def _maker(made_by: str, run: RunId) -> str:
    """Whose run made it: this one's, another one's, or no run's."""
    return "NOT OURS" if not made_by else "this run" if made_by == run else f"run {made_by[:8]}"
