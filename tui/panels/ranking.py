"""Contention ranked: where it is fought most, whether that grows, and what would clear it."""

from collections.abc import Sequence
from typing import ClassVar

from engine.model.outcome import Outcome
from engine.model.ranking_face import Cure, Rank, RankingFace, Where
from engine.model.snapshot import RunSnapshot
from tui.format import tally
from tui.lines import Area, Ink, Line, Span, beside, label, line
from tui.panel import Panel, Want
from tui.spark import spark
from tui.table import Column, choose, head, row
from tui.view import View

_SHORT = {
    Outcome.HOLD_CONFLICT.word: "hold",
    Outcome.ZONE_LOCK.word: "zone",
    Outcome.OVERLAP.word: "over",
}
"""The beginnings of the words that the title has whole."""
_TREND = 12
_COLUMNS = (
    Column("", 8, grow=True),
    Column("by", 4),
    Column("tries", 5, right=True),
    Column("share", 5, 2, right=True),
    Column("2 minutes", _TREND, 1),
    Column("now", 4, 1, right=True),
)
_LONGEST = 20
_THREE, _TWO = 138, 72
"""So wide three, and two, lists stand side by side."""


class RankingPanel(Panel):
    """What is fought for most."""

    NAME: ClassVar[str] = "ranking"
    TITLE: ClassVar[str] = "contention"
    KEY: ClassVar[str] = "u"
    FROM_LOOK: ClassVar[bool] = True
    HELP: ClassVar[str] = (
        "Hold conflicts (hold), zone-lock failures (zone) and overlaps (over), each try counted, by table, zone and "
        "slot, the most first; the share is of all of its kind. The bars are ten seconds each, the last two minutes; "
        "now is the last minute against the one before. "
        "Above them what would clear it: how many (of conflicts those of the last minute), and the command."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Steady: two or three cures and a handful of places."""
        return Want(5, 8, 14, beside=11)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many of each kind, and the last minute against the one before."""
        face = snapshot.ranking
        parts = [cls.TITLE, *(f"{label(word)} {tally(count)}" for word, count in face.totals.items())]
        if face.trend:
            half = len(face.trend) // 2
            parts.append(f"last minute {tally(sum(face.trend[half:]))}, before {tally(sum(face.trend[:half]))}")
        while len(parts) > 1 and len("   ".join(parts)) > area.width - 8:
            parts.pop()
        return "   ".join(parts)

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """What comes, what would clear it, and the lists."""
        face = snapshot.ranking
        if not face.totals and not face.cures:
            return [line(("  nobody was in anybody's way so far", Ink.MUTED))]
        most = len(face.cures) if view.full else max(1, min(3, (area.height + 1) // 4))
        lines = [*_forecast(face), *_cures(face.cures[:most], area.width)]
        left = area.height - len(lines)
        if left < 2 or not face.ranks:
            return lines
        return [*lines, *_lists(face, Area(area.width, left), view)]


def _forecast(face: RankingFace) -> list[Line]:
    """`14 of the next 40 meet what was left behind: 9 zone lock, 5 stale hold`; nothing where none does."""
    ahead = face.forecast
    counts = [(ahead.zone_lock, "zone lock"), (ahead.stale_hold, "stale hold")]
    if not any(count for count, _ in counts):
        return []
    told = ", ".join(f"{count} {what}" for count, what in counts if count)
    return [
        line(
            ("! ", Ink.FAULT),
            (f"{sum(count for count, _ in counts)} of the next {ahead.turns}", Ink.STRONG),
            (f" meet what was left behind: {told}", Ink.TEXT),
        )
    ]


def _cures(cures: Sequence[Cure], width: int) -> list[Line]:
    """`9 bookings locked to a zone    :repair zone-locks   while paused`; the command never gives way."""
    what = max((len(cure.what) for cure in cures), default=0)
    command = max((len(cure.command) for cure in cures), default=0)
    lines = []
    for cure in cures:
        count = Span(f"{tally(cure.count):>6} ", Ink.STRONG)
        says = Span(f"{cure.what:<{what}}  ", Ink.TEXT)
        does = Span(f"{cure.command or 'no cure of ours':<{command}}  ", Ink.ACCENT if cure.command else Ink.MUTED)
        both = (says, does) if what + command + 12 <= width else (does, says)
        lines.append(Line((count, *both, Span(cure.needs, Ink.MUTED))))
    return lines


def _lists(face: RankingFace, area: Area, view: View) -> list[Line]:
    """By table, by zone and by slot: side by side where there is room, else below one another."""
    of = {where: [rank for rank in face.ranks if rank.where is where] for where in Where}
    if area.width >= _THREE:
        third = area.width // 3
        widths = (third, third, area.width - 2 * third)
        one, two, three = (
            _list(where, of[where], Area(width, area.height), face, view)
            for where, width in zip(Where, widths, strict=True)
        )
        return beside(one, beside(two, three, area.width - third, third), area.width, third)
    if area.width >= _TWO:
        half = area.width // 2
        left = _list(Where.TABLE, of[Where.TABLE], Area(half, area.height), face, view)
        right = _stacked((Where.ZONE, Where.SLOT), of, Area(area.width - half, area.height), face, view)
        return beside(left, right, area.width, half)
    return _stacked(tuple(Where), of, area, face, view)


def _stacked(
    wheres: Sequence[Where], of: dict[Where, list[Rank]], area: Area, face: RankingFace, view: View
) -> list[Line]:
    """One below the other, each with a fair share of the lines."""
    lines: list[Line] = []
    wheres = [where for where in wheres if of[where]]
    for place, where in enumerate(wheres):
        share = (area.height - len(lines)) // (len(wheres) - place)
        lines += _list(where, of[where], Area(area.width, max(1, share)), face, view)
    return lines


def _list(where: Where, ranks: Sequence[Rank], area: Area, face: RankingFace, view: View) -> list[Line]:
    """The worst places of one sort, on one scale."""
    if not ranks:
        return []
    # A name that cannot be read is worth less than its bars: they give way to it.
    name = min(_LONGEST, max(_COLUMNS[0].width, *(len(_without_year(rank.name)) for rank in ranks)))
    columns = (_COLUMNS[0]._replace(head=f"by {where.value}", width=name), *_COLUMNS[1:])
    chosen = choose(columns, area.width - 1)
    top = max(max(rank.trend, default=0) for rank in ranks)
    lines = [head(chosen)]
    for rank in ranks[: max(0, area.height - 1)]:
        lines.append(row(chosen, _cells(rank, face, top, ascii_only=view.ascii)))
    return lines


def _cells(rank: Rank, face: RankingFace, top: int, *, ascii_only: bool) -> list[Span]:
    bars = spark([value or None for value in rank.trend], top, ascii_only=ascii_only)
    grown = rank.last_minute - rank.minute_before
    total = face.totals.get(rank.outcome, 0)
    return [
        Span(_without_year(rank.name), Ink.TEXT),
        Span(_SHORT.get(rank.outcome, label(rank.outcome)), Ink.MUTED),
        Span(tally(rank.count), Ink.STRONG),
        Span(f"{100 * rank.count // total} %" if total else "-", Ink.MUTED),
        Span(bars, Ink.CONTENTION),
        Span(f"{grown:+d}" if grown else "same", Ink.CONTENTION if grown > 0 else Ink.MUTED),
    ]


def _without_year(name: str) -> str:
    """`2027-03-01 19:15` as `03-01 19:15`: all days of a run are near one another."""
    return name[5:] if name[4:5] == "-" and name[7:8] == "-" else name
