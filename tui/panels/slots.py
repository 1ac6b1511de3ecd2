"""Where it is full and where it fights: every slot with its bookings, or, when there are many, a map of them."""

from typing import ClassVar

from engine.model.detail import DetailKind
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot, SlotFace
from engine.model.turn import TurnEnd
from tui.format import turns_word
from tui.lines import Area, Ink, Line, Span, line
from tui.panel import Panel, Want
from tui.view import View

_LEGEND = ". free  ~ in flight  # filled  x exhausted  ! conflict"
_CELL = 33
_MARKS = {".": Ink.MUTED, "~": Ink.ACCENT, "#": Ink.FILLED, "x": Ink.CAPACITY, "!": Ink.CONTENTION}


def mark_of(slot: SlotFace) -> str:
    """The slot in one sign: what it is now."""
    if slot.end is TurnEnd.CAPPED or (slot.end is None and not slot.workers and slot.filled >= slot.cap):
        return "#"
    if slot.end is TurnEnd.EXHAUSTED:
        return "x"
    if slot.workers:
        return "~"
    return "." if not slot.filled else "#"


def _bar(slot: SlotFace, width: int) -> list[Span]:
    """A cell a booking: filled, in flight, then free, or `x` where it was exhausted."""
    cap = max(1, slot.cap, slot.filled)
    scale = min(1.0, width / cap)
    filled = min(width, round(slot.filled * scale) or (1 if slot.filled else 0))
    flying = min(width - filled, len(slot.workers))
    cells = max(filled + flying, round(cap * scale))
    free = min(width, cells) - filled - flying
    rest = "x" * free if slot.end is TurnEnd.EXHAUSTED else "." * free
    return [
        Span("#" * filled, Ink.FILLED),
        Span("~" * flying, Ink.ACCENT),
        Span(rest, Ink.CAPACITY if slot.end is TurnEnd.EXHAUSTED else Ink.MUTED),
        Span(" " * (width - filled - flying - free)),
    ]


def _key(slot: SlotFace) -> str:
    return f"turn:{slot.turn}"


def _cell(slot: SlotFace, cursor: str) -> list[Span]:
    """A slot in the list: `12:15 p4  ######~...  6/10 !2`; `>` before the one the cursor is on."""
    count = f"{slot.filled}/{slot.cap}"
    fights = f"!{slot.conflicts}" if slot.conflicts else ""
    return [
        Span(">" if _key(slot) == cursor else " ", Ink.ACCENT),
        Span(f"{slot.slot:<5}", Ink.MUTED if slot.end else Ink.TEXT),
        Span(f" p{slot.party:<2} ", Ink.MUTED),
        *_bar(slot, 10),
        Span(f" {count:>5} ", Ink.TEXT),
        Span(f"{fights:<{_CELL - 27}}", Ink.CONTENTION),
    ]


class SlotsPanel(Panel):
    """The work, slot by slot."""

    NAME: ClassVar[str] = "slots"
    TITLE: ClassVar[str] = "slots"
    KEY: ClassVar[str] = "4"
    HELP: ClassVar[str] = (
        f"Signs: {_LEGEND}. The list shows a slot's bookings up to stress-max, `!` with the hold conflicts it had;"
        " with more slots than room, a map of two signs a slot, a row a day; `!` is the second where it fought. "
        "With the keys (tab): up and down go from slot to slot, enter opens its bookings."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A row a slot, in two columns or more."""
        count = len(snapshot.slots) if snapshot else 12
        days = len({slot.day for slot in snapshot.slots}) if snapshot else 1
        rows = max(3, (count + 1) // 2) if days == 1 else max(3, days)
        return Want(1 + min(7, rows), 1 + min(10, rows), 1 + min(14, rows))

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many are done, and the legend where there is room."""
        done = f"{turns_word(snapshot)} {snapshot.run.turns_ended}/{snapshot.run.turns} ended"
        if len(snapshot.legs) > 1:
            done = f"pass {snapshot.legs[-1].number}: {done}"
        return f"{done}   {_LEGEND}" if area.width >= len(done) + len(_LEGEND) + 12 else done

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Every slot of the picture, in the order they are taken."""
        return tuple(_key(slot) for slot in snapshot.slots)

    @classmethod
    def room(cls, snapshot: RunSnapshot, area: Area, view: View) -> int:
        """All are seen, several in a line; a page is a tenth of them."""
        return max(1, len(snapshot.slots) // 10) if area.height > 1 else 1

    @classmethod
    def asks(cls, snapshot: RunSnapshot, row: str) -> tuple[DetailKind, str] | None:
        """The one booking it stands for, or all that were tried in it."""
        slot = next((slot for slot in snapshot.slots if _key(slot) == row), None)
        if slot is None:
            return None
        return (DetailKind.BOOKING, slot.booking) if slot.booking else (DetailKind.TURN, str(slot.turn))

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """The list, or the map; with the keys, its last line tells the slot under the cursor."""
        if not snapshot.slots:
            starts = snapshot.run.state is RunState.STARTING
            return [line(("  not planned yet: the run starts" if starts else "  the plan has no slots", Ink.MUTED))]
        cursor = view.cursor if view.focused else ""
        chosen = next((slot for slot in snapshot.slots if cursor and _key(slot) == cursor), None)
        if chosen is None or area.height < 2:
            return cls._drawn(snapshot, area, "")
        above = cls._drawn(snapshot, Area(area.width, area.height - 1), cursor)[: area.height - 1]
        return [*above, _told(chosen)]

    @classmethod
    def _drawn(cls, snapshot: RunSnapshot, area: Area, cursor: str) -> list[Line]:
        columns = max(1, area.width // _CELL)
        if all(slot.cap == 1 for slot in snapshot.slots):
            lines = [*_passes(snapshot, area), *_bookings(snapshot.slots, area, cursor)]
            at = next((place for place, one in enumerate(lines) if Span(">", Ink.ACCENT) in one.spans), 0)
            return lines[max(0, min(at, at - area.height + 1)) :][: area.height]
        many_days = len({slot.day for slot in snapshot.slots}) > 1
        if len(snapshot.slots) <= columns * area.height and not many_days:
            columns = min(
                columns, -(-len(snapshot.slots) // max(1, min(area.height, 7))) if area.height > 7 else columns
            )
            height = -(-len(snapshot.slots) // columns)
            return [
                Line(tuple(span for slot in snapshot.slots[index::height][:columns] for span in _cell(slot, cursor)))
                for index in range(height)
            ]
        return _map(snapshot.slots, area, cursor)


def _told(slot: SlotFace) -> Line:
    """The slot under the cursor in words."""
    about = f"  booking {slot.booking}" if slot.booking else ""
    state = slot.end.value if slot.end else "in flight" if slot.workers else "free"
    fights = f", {slot.conflicts} conflicts" if slot.conflicts else ""
    return line(
        ("> ", Ink.ACCENT),
        (f"{slot.restaurant} {slot.day} {slot.slot} party {slot.party}{about}".strip(), Ink.STRONG),
        (f"  {slot.filled} of {slot.cap} filled, {slot.attempts} tried, {state}{fights}", Ink.TEXT),
        ("   enter opens it", Ink.MUTED),
    )


def _passes(snapshot: RunSnapshot, area: Area) -> list[Line]:
    """A line a pass that is over, the last three; none where a run has only one."""
    lines = []
    for leg in [leg for leg in snapshot.legs if leg.is_over][-min(3, max(0, area.height - 6)) or len(snapshot.legs) :]:
        there = "unread" if leg.persisted is None else str(leg.persisted)
        lost = leg.persisted is not None and leg.persisted < leg.acknowledged
        repeat = f" of repeat {leg.repeat}" if leg.repeat > 1 else ""
        lines.append(
            line(
                (f"  pass {leg.number}{repeat}: ", Ink.MUTED),
                (f"{leg.attempts} tried, {leg.acknowledged} confirmed, ", Ink.TEXT),
                (f"{there} there{' !' if lost else ''}", Ink.FAULT if lost else Ink.FILLED),
                ("" if leg.pending is None else f", {leg.pending} pending", Ink.TEXT),
            )
        )
    return lines


def _bookings(slots: tuple[SlotFace, ...], area: Area, cursor: str) -> list[Line]:
    """A sign a booking, a restaurant a row, in the order they are taken; a long row goes on in the next one."""
    rows: dict[str, list[SlotFace]] = {}
    for slot in slots:
        rows.setdefault(slot.restaurant, []).append(slot)
    wide = min(16, max((len(name) for name in rows), default=0)) + 3
    room = max(1, area.width - wide - 9)
    lines = []
    for name, mine in rows.items():
        ended = f"{sum(slot.end is not None for slot in mine)}/{len(mine)}"
        for start in range(0, len(mine), room):
            spans = [Span(f"  {name[: wide - 3] if not start else '':<{wide - 2}}", Ink.MUTED)]
            for slot in mine[start : start + room]:
                mark = mark_of(slot)
                spans.append(Span(">", Ink.ACCENT) if _key(slot) == cursor else Span(mark, _MARKS[mark]))
            if not start:
                spans.append(Span(f"  {ended}", Ink.MUTED))
            lines.append(Line(tuple(spans)))
    return lines


def _map(slots: tuple[SlotFace, ...], area: Area, cursor: str) -> list[Line]:
    """A row a day, two cells a slot; a day that is too long goes on in the next row."""
    days: dict[str, list[SlotFace]] = {}
    for slot in slots:
        days.setdefault(slot.day, []).append(slot)
    room = max(1, (area.width - 13) // 3)
    lines: list[Line] = []
    at = 0  # the row with the first slot that has not ended; the last row when all have
    found = False
    for day, of_day in days.items():
        for start in range(0, len(of_day), room):
            spans = [Span(f" {day if not start else '':<11}", Ink.MUTED)]
            if not found:
                at = len(lines)
                part = of_day[start : start + room]
                found = any(_key(slot) == cursor if cursor else slot.end is None for slot in part)
            for slot in of_day[start : start + room]:
                mark = mark_of(slot)
                spans.append(Span(">", Ink.ACCENT) if _key(slot) == cursor else Span(mark, _MARKS[mark]))
                spans.append(Span("! ", _MARKS["!"]) if slot.conflicts else Span(f"{mark} ", _MARKS[mark]))
            lines.append(Line(tuple(spans)))
    if len(lines) > area.height:
        shown = area.height - 1
        first = max(0, min(at - 2, len(lines) - shown))
        words = f"  {first} rows before, {len(lines) - first - shown} after; m shows this panel alone"
        lines = [*lines[first : first + shown], line((words, Ink.MUTED))]
    return lines
