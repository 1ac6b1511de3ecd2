"""How attempts ended, and what steps were told on the way, overcome or not."""

from typing import ClassVar

from engine.model.outcome import OUTCOMES
from engine.model.snapshot import OutcomeFigures, RefusalFigures, RunSnapshot
from tui.format import ratio, tally
from tui.lines import Area, Ink, Line, Span, ink_of, label, line
from tui.panel import Panel, Want
from tui.spark import bar, spark, window
from tui.table import Column, choose, follow, head, row
from tui.view import View
from tui.worker_detail import fact, section

_REFUSALS = (
    Column("REFUSED AT", 10),
    Column("AS", 14),
    Column("COUNT", 6, right=True),
    Column("OVERCOME", 8, 1, right=True),
    Column("CODE", 5, 2),
    Column("CONSTRAINT", 20, 4),
    Column("LAST MESSAGE", 20, 3, grow=True),
)


def _key(one: RefusalFigures) -> str:
    return f"refusal:{one.step}:{one.outcome}:{one.sqlstate}:{one.constraint}"


class OutcomesPanel(Panel):
    """Last words of attempts, and refusals of steps."""

    NAME: ClassVar[str] = "outcomes"
    TITLE: ClassVar[str] = "outcomes"
    KEY: ClassVar[str] = "3"
    HELP: ClassVar[str] = (
        "Above: the last word of every attempt, with its share and how many a second; `?` counts those in doubt, which "
        "may have taken effect: all others that were not filled failed for certain. Below: what steps were told"
        " on the way; OVERCOME counts those whose attempt was filled all the same. Full screen (e) shows codes, "
        "constraints and messages."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Steady, as classes come up while the run goes on."""
        return Want(5, 6, 10)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many attempts ended."""
        doubt = sum(one.in_doubt for one in snapshot.outcomes)
        words = f", {tally(doubt)} in doubt (?): they may be there" if doubt else ""
        return f"{cls.TITLE} of {tally(sum(one.count for one in snapshot.outcomes))} attempts{words}"

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Refusals, on the whole screen."""
        return tuple(_key(one) for one in sorted(snapshot.refusals, key=lambda one: -one.count)) if view.full else ()

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """Outcomes, most first, then refusals."""
        outcomes = sorted((one for one in snapshot.outcomes if one.count), key=lambda one: -one.count)
        if not outcomes and not snapshot.refusals:
            return [line(("  no attempt has ended yet", Ink.MUTED))]
        total = sum(one.count for one in outcomes)
        doubts = 7 if any(one.in_doubt for one in outcomes) else 0
        lines = [_outcome_line(one, total, (area.width, doubts), view) for one in outcomes]
        if not snapshot.refusals or area.height - len(lines) < 2:
            return lines
        refusals = sorted(snapshot.refusals, key=lambda one: -one.count)
        chosen = choose(_REFUSALS, area.width)
        cursor = view.cursor if view.focused else ""
        lines.append(head(chosen))
        for one in refusals:
            ink = ink_of(OUTCOMES[one.outcome].kind) if one.outcome in OUTCOMES else Ink.UNKNOWN
            cells = (
                Span(one.step.value.replace("_wait", "")),
                Span(label(one.outcome), ink),
                Span(tally(one.count), Ink.STRONG),
                Span(tally(one.overcome), Ink.FILLED if one.overcome else Ink.MUTED),
                Span(one.sqlstate or "-", Ink.MUTED),
                Span(one.constraint or "-", Ink.MUTED),
                Span(one.message, Ink.MUTED),
            )
            lines.append(row(chosen, cells, _key(one) if view.full else "", cursor))
        return follow(lines, cursor, area.height)

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """A refusal with its whole message."""
        one = next((one for one in snapshot.refusals if _key(one) == row), None)
        if one is None:
            return None
        return f"refusal: {label(one.outcome)}", [
            section(f"{one.step.value} was told"),
            line(f"  {one.message}"),
            line(""),
            fact("SQLSTATE", one.sqlstate),
            fact("constraint", one.constraint),
            fact("count", f"{one.count}, overcome {one.overcome}"),
        ]


def _outcome_line(one: OutcomeFigures, total: int, room_for: tuple[int, int], view: View) -> Line:
    """A row; `room_for` is the cells of the line, and of them those that tell doubt from certainty."""
    width, doubts = room_for
    ink = ink_of(one.kind)
    spans = [Span(f"  {label(one.outcome):<15}", ink), Span(f"{tally(one.count):>6}", Ink.STRONG)]
    spans.append(Span(f" {ratio(one.count, total):>8}  ", Ink.MUTED))
    if doubts:
        doubt = f"?{tally(one.in_doubt)}" if one.in_doubt else ""
        spans.append(Span(f"{doubt:<{doubts}}", Ink.UNKNOWN))
    room = width - 34 - doubts
    if room >= 8:
        wide = min(24, room // 2) if room >= 30 else 0
        if wide:
            spans.append(Span(f"{bar(one.count / total, wide):<{wide}}  ", ink))
        columns = room - wide - (2 if wide else 0)
        values = window(one.series, columns, view.seconds)
        top = max((value for value in values if value is not None), default=0)
        spans.append(Span(spark([value or None for value in values], top, ascii_only=view.ascii), ink))
    return Line(tuple(spans))
