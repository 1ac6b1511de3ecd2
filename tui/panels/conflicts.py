"""Hold conflicts: at which tables and slots, with whom, and the expired holds that still block."""

from typing import ClassVar

from engine.model.ids import worker_name
from engine.model.snapshot import ConflictFigures, RunSnapshot
from tui.format import moment, tally
from tui.left_behind import stale_hold_lines
from tui.lines import Area, Ink, Line, Span, cut, line
from tui.panel import Panel, Want
from tui.spark import bar, spark, window
from tui.unseen import unseen, unseen_lines
from tui.view import View
from tui.worker_detail import NOT_OURS


class ConflictsPanel(Panel):
    """Who wanted what another one held."""

    NAME: ClassVar[str] = "conflicts"
    TITLE: ClassVar[str] = "hold conflicts"
    KEY: ClassVar[str] = "5"
    FROM_LOOK: ClassVar[bool] = True
    HELP: ClassVar[str] = (
        "Tables and slots with the most hold conflicts, then the newest ones: who wanted which tables and who "
        "held them. A stale hold is past its time and still blocks its tables, as the constraint counts it until it "
        "is released: for how long it is over, when it was made, by which run and attempt, and for which booking."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Steady."""
        return Want(6, 7, 11)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many conflicts, holds and stale holds."""
        words = f"{cls.TITLE} {tally(snapshot.conflicts.total)}"
        if snapshot.sample is not None:
            stale = snapshot.sample.stale_count
            live = "?" if unseen(snapshot.sample, cls.NAME) else str(snapshot.sample.live_holds)
            words += f"   live holds {live}" + (f"   STALE {stale} !" if stale else "")
        return words

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """A line of bars, the worst tables and slots, stale holds, then the newest conflicts."""
        face = snapshot.conflicts
        lines: list[Line] = unseen_lines(snapshot, cls.NAME)
        stale = snapshot.sample.stale_holds if snapshot.sample else ()
        most = 20 if view.full else 2 if area.height > 3 else 1
        beyond = snapshot.sample.stale_count - len(stale) if snapshot.sample else 0
        lines += stale_hold_lines(stale, snapshot.run.run_id, area.width, (most, beyond), headed=area.height > 5)
        if not face.total:
            none = "no run here whose conflicts would be counted" if snapshot.run.watches else "no hold conflict so far"
            lines.append(line((f"  {none}", Ink.MUTED)))
            return lines
        columns = max(0, area.width - 14)
        values = window(face.series, columns, view.seconds)
        top = max((value for value in values if value), default=0)
        bars = spark([value or None for value in values], top, ascii_only=view.ascii)
        lines.append(line(("  each second ", Ink.MUTED), (bars, Ink.CONTENTION)))
        left = area.height - len(lines)
        worst = max(1, min(len(face.by_table), (left + 1) // 2 if not view.full else 20))
        lines += _worst(face.by_table, face.by_slot, area.width, worst)
        for one in face.recent[: max(0, area.height - len(lines))]:
            holder = one.held_by or "unknown"
            lines.append(
                line(
                    (f"  {moment(one.at_ns):>8} ", Ink.MUTED),
                    (f"{worker_name(one.worker):<4}", Ink.TEXT),
                    (f"{_without_year(one.slot):<12}", Ink.TEXT),
                    (cut("+".join(one.tables), 14), Ink.STRONG),
                    (" held by ", Ink.MUTED),
                    (holder, Ink.FAULT if holder.upper() == NOT_OURS else Ink.CONTENTION),
                    (f"  {one.constraint}" if area.width >= 70 else "", Ink.MUTED),
                )
            )
        return lines


def _worst(
    tables: tuple[ConflictFigures, ...], slots: tuple[ConflictFigures, ...], width: int, rows: int
) -> list[Line]:
    """Tables at the left, slots at the right, most first, with bars on one scale a side."""
    half = width // 2
    lines = []
    for index in range(rows):
        spans: list[Span] = []
        for side, label in ((tables, 8), (slots, 12)):
            if index < len(side):
                one = side[index]
                room = max(1, half - 10 - label)
                drawn = bar(one.count / max(1, side[0].count), room)
                name = cut(_without_year(one.name), label)
                spans += [Span(f"  {name:<{label}}", Ink.TEXT), Span(f"{drawn:<{room}}", Ink.CONTENTION)]
                spans.append(Span(f" {tally(one.count):>5}  ", Ink.STRONG))
            else:
                spans.append(Span(" " * max(0, half)))
        lines.append(Line(tuple(spans)))
    return lines


def _without_year(slot: str) -> str:
    """`2027-03-01 19:15` as `03-01 19:15`: all days of a run are near one another."""
    return slot[5:] if slot[4:5] == "-" and slot[7:8] == "-" else slot
