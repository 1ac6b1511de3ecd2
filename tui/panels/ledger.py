"""The ledger so far: acknowledged bookings against what readings during the run found of them."""

from typing import ClassVar

from engine.model.detail import DetailKind
from engine.model.ledger import Entry
from engine.model.snapshot import RunSnapshot
from engine.model.truth_face import MissedFace, TruthFace
from tui.format import about, age, tally, took
from tui.lines import Area, Ink, Line, Span, line, part, squeeze
from tui.panel import Panel, Want
from tui.table import Column, choose, head, row
from tui.view import View
from tui.worker_detail import fact

_COLUMNS = (
    Column("", 9),
    Column("AFTER", 6, right=True),
    Column("W", 4),
    Column("SLOT", 11, 3),
    Column("CLAIMED", 11, 1),
    Column("NOW", 18, 2),
    Column("BOOKING", 8, 4),
    Column("LIKELIEST CAUSE", 16, grow=True),
)
_BAD = (Entry.LOST, Entry.TORN, Entry.ALTERED)


class LedgerPanel(Panel):
    """What is not as it was claimed, while it happens."""

    NAME: ClassVar[str] = "ledger"
    TITLE: ClassVar[str] = "ledger"
    KEY: ClassVar[str] = "b"
    HELP: ClassVar[str] = (
        "Bookings of which the platform said success, read back about once a second: the new ones, and some of the "
        "earlier ones in turn. Persisted is there as acknowledged; lost has neither confirmation nor tables; torn has "
        "one without the other, or too few tables; altered has other tables, time or party. AFTER is from commit to "
        "the reading that did not have it. What is read at the end of the run decides. Enter tells all of a booking."
    )
    ABOVE: ClassVar[int] = 3

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Steady until a booking is missed; then some rows more."""
        if snapshot is not None and snapshot.truth.missed:
            return Want(3, 7, 12)
        return Want(3, 3, 4)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many are not as acknowledged."""
        face = snapshot.truth
        if not face.bad:
            return cls.TITLE
        return f"{cls.TITLE}: {tally(face.bad)} NOT AS ACKNOWLEDGED !" + (f", {view.top} newer above" * bool(view.top))

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Every missed booking that is known by name, newest first."""
        return tuple(_key(one) for one in reversed(snapshot.truth.missed))

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """The counts, the last reading, then the missed bookings."""
        face = snapshot.truth
        lines = [_counts(face, area.width), _reading(snapshot, area.width)]
        if not face.missed:
            return lines
        chosen = choose(_COLUMNS, area.width)
        cursor = view.cursor if view.focused else ""
        newest = face.missed[::-1]
        shown = newest[view.top : view.top + max(0, area.height - cls.ABOVE)]
        return [*lines, head(chosen), *(row(chosen, _cells(one), _key(one), cursor) for one in shown)]

    @classmethod
    def asks(cls, snapshot: RunSnapshot, row: str) -> tuple[DetailKind, str] | None:
        """The booking, from both sides."""
        one = next((one for one in snapshot.truth.missed if _key(one) == row), None)
        if one is None:
            return None
        return DetailKind.BOOKING, f"#{one.attempt}" if one.attempt else one.booking

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """All that the reading told of a missed booking."""
        one = next((one for one in snapshot.truth.missed if _key(one) == row), None)
        if one is None:
            return None
        return f"{one.entry.value}: booking {one.booking}", [
            fact("attempt", f"{one.attempt or ''}  {one.worker}".strip()),
            fact("slot", one.slot),
            fact("claimed", "+".join(one.claimed) or "success, and no tables"),
            fact("there now", _there(one), Ink.FAULT),
            fact("missed", _between(one)),
            line(""),
            fact("likeliest", one.cause),
        ]


def _key(one: MissedFace) -> str:
    return f"missed:{one.attempt}:{one.booking}"


def _counts(face: TruthFace, width: int) -> Line:
    counts = {entry: getattr(face, entry.value) for entry in _BAD}
    waiting = face.acknowledged - face.checked
    parts = [
        part(1, ("acknowledged ", Ink.MUTED), (tally(face.acknowledged), Ink.STRONG)),
        part(2, ("persisted ", Ink.MUTED), (tally(face.persisted), Ink.FILLED)),
        *(
            part(
                0 if count else 4, (f"{entry.value} ", Ink.MUTED), (f"{tally(count)}{' !' * bool(count)}", _ink(count))
            )
            for entry, count in counts.items()
        ),
        part(3, ("not yet checked ", Ink.MUTED), (tally(waiting), Ink.TEXT)),
    ]
    return Line((Span(" "), *squeeze(parts, max(0, width - 1)).spans))


def _ink(count: int) -> Ink:
    return Ink.FAULT if count else Ink.TEXT


def _reading(snapshot: RunSnapshot, width: int) -> Line:
    """How old the last reading is and what it cost; or why there is none."""
    face = snapshot.truth
    if not face.readings:
        return line(("  no acknowledged booking has been read back yet", Ink.MUTED))
    age_ns = max(0, snapshot.run.elapsed_ns - face.at_ns)
    if face.trouble:
        words = (f"NOT READ {age(age_ns)} ago: {face.trouble}", Ink.UNKNOWN)
        return Line((Span(" "), *squeeze([part(0, words)], max(0, width - 1)).spans))
    return line((f"  last reading {age(age_ns)} ago, took {about(face.took_ns)}", Ink.MUTED))


def _cells(one: MissedFace) -> tuple[Span, ...]:
    return (
        Span(f"! {one.entry.value}", Ink.FAULT),
        Span(took(one.after_ns), Ink.STRONG),
        Span(one.worker or "-", Ink.TEXT),
        Span(_without_year(one.slot) or "-", Ink.TEXT),
        Span("+".join(one.claimed) or "no tables", Ink.STRONG if one.claimed else Ink.MUTED),
        Span(_there(one), Ink.FAULT),
        Span(one.booking, Ink.MUTED),
        Span(one.cause, Ink.TEXT),
    )


def _there(one: MissedFace) -> str:
    """`gone`, `pending`, `confirmed T3`."""
    return f"{one.status or 'gone'} {'+'.join(one.tables)}".strip()


def _between(one: MissedFace) -> str:
    if one.seen_ns is None:
        return f"between commit and {took(one.after_ns)} after it, by the first reading there was"
    return f"between {took(one.seen_ns)} and {took(one.after_ns)} after commit: a reading had it whole before"


def _without_year(slot: str) -> str:
    """`2027-03-01 19:15` as `03-01 19:15`: all days of a run are near one another."""
    return slot[5:] if slot[4:5] == "-" and slot[7:8] == "-" else slot
