"""What our backends wait for: average active sessions by wait event and step, and who is in the way."""

from collections.abc import Iterable
from typing import ClassVar

from engine.model.snapshot import RunSnapshot
from engine.model.waits import CPU, Blocker, Counters, WaitCell, Waits
from tui.format import size_of, tally
from tui.lines import Area, Ink, Line, Span, cut, line
from tui.panel import Panel, Want
from tui.spark import bar
from tui.view import View
from tui.worker_detail import section

_NAME = 24
_STEP = 9
_FIGURE = 7
_INSUFFICIENT = "insufficient"


class WaitsPanel(Panel):
    """Average active sessions."""

    NAME: ClassVar[str] = "waits"
    TITLE: ClassVar[str] = "waits"
    KEY: ClassVar[str] = "w"
    HELP: ClassVar[str] = (
        "Our backends, looked at some ten times a second in the pass in hand. A row: what they wait for, how many do "
        "at a time on average, and in which steps. CPU or unaccounted: it runs, or waits where the server has no word "
        "for it. client and idle in transaction, below: the server waits for us. Then who is in the way of locks, at "
        f"the end of the chain. {_INSUFFICIENT}: seen fewer than 30 times. Full screen (m): every step on its own, "
        "what the server's counters rose by, and its log, once the pass is over."
    )
    ABOVE: ClassVar[int] = 0

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Steady."""
        return Want(4, 8, 16)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many are active, and how well that is known."""
        waits = snapshot.waits
        if waits is None or not waits.samples:
            return cls.TITLE
        of = "" if snapshot.run.watches else f" of {snapshot.run.concurrency}"
        said = f"{waits.sessions:.1f} active{of}, {tally(waits.samples)} samples"
        over = snapshot.run.state.is_over
        when = (" until the end" if snapshot.run.watches else " of the last pass") if over else ""
        return f"{cls.TITLE}{when}: {said} at {waits.hz:.1f}/s"

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """Waits, what waits for us, blockers, and what is missing."""
        waits = snapshot.waits
        if waits is None:
            return [line(("  nobody looks at what our backends wait for", Ink.MUTED))]
        missing = [line((f"  {text}", Ink.UNKNOWN)) for text in waits.missing]
        if not waits.samples:
            return missing or [line(("  nothing was seen yet", Ink.MUTED))]
        if view.full:
            return [*missing, *_full(waits, area.width)][: area.height]
        blockers = _blocker_lines(waits.blockers, waits.samples)
        # What is missing says how far the rest is to be believed: it is never pushed out.
        room = max(1, area.height - len(missing))
        rows = _wait_lines(waits, area.width)
        if len(rows) + len(blockers) > room:
            rows = rows[: max(1, room - min(len(blockers), room // 3))]
        return [*[*rows, *blockers][:room], *missing][: area.height]


def _ordered(cells: Iterable[WaitCell]) -> dict[str, list[WaitCell]]:
    """Cells by wait: the server's first, then where it waits for us; most sessions first in each."""
    by_wait: dict[str, list[WaitCell]] = {}
    for cell in cells:
        by_wait.setdefault(cell.wait, []).append(cell)
    sessions = {wait: sum(cell.sessions for cell in found) for wait, found in by_wait.items()}
    return {
        wait: sorted(by_wait[wait], key=lambda cell: -cell.sessions)
        for wait in sorted(by_wait, key=lambda wait: (not by_wait[wait][0].is_active, -sessions[wait], wait))
    }


def _wait_lines(waits: Waits, width: int) -> list[Line]:
    by_wait = _ordered(waits.cells)
    most = max((sum(cell.sessions for cell in cells) for cells in by_wait.values()), default=0.0)
    columns = max(6, min(30, (width - _NAME - _FIGURE - 4) // 2))
    said = _NAME + _FIGURE + columns + 4
    lines = []
    for wait, cells in by_wait.items():
        steps = _whole([f"{cell.step or 'between'} {cell.sessions:.2f}" for cell in cells], width - said)
        lines.append(_row(f"{cut(wait, _NAME):<{_NAME}}", cells, steps, most, columns))
    return lines


def _whole(words: list[str], room: int) -> str:
    """As many as there is room for, none of them cut: a figure cut short is another figure."""
    text = words[0] if words else ""
    for place, word in enumerate(words[1:], start=2):
        if len(f"{text}, {word}") + (4 if place < len(words) else 0) > room:
            return f"{text}, .."
        text = f"{text}, {word}"
    return text


def _row(name: str, cells: list[WaitCell], words: str, most: float, columns: int) -> Line:
    sessions, seen = sum(cell.sessions for cell in cells), sum(cell.samples for cell in cells)
    few = all(cell.insufficient for cell in cells)
    ink = Ink.MUTED if few or not cells[0].is_active else _ink_of(cells[0].wait)
    drawn = "" if few else bar(sessions / most if most else 0.0, columns)
    said = f"{_INSUFFICIENT}, seen {_times(seen)}" if few else words
    return line(
        (f"  {name}", Ink.MUTED if few else Ink.TEXT),
        (f"{sessions:>{_FIGURE}.2f} ", Ink.MUTED if few else Ink.STRONG),
        (f"{drawn:<{columns}} " if drawn else "", ink),
        (said, Ink.MUTED),
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _ink_of(wait: str) -> Ink:
    return Ink.CONTENTION if wait.startswith(("Lock:", "LWLock:")) else Ink.FILLED if wait == CPU else Ink.BAR


def _blocker_lines(blockers: tuple[Blocker, ...], looks: int) -> list[Line]:
    """Who was in the way, most first: `confirm waits for w04 at confirm`."""
    lines = []
    for one in blockers:
        ours = one.by_who not in ("NOT OURS", "other run")
        lines.append(
            line(
                (f"  {one.step or 'between'} waits for ", Ink.MUTED),
                (one.by_who, Ink.STRONG if ours else Ink.FAULT),
                (f" at {one.by_step}" if one.by_step else "", Ink.TEXT),
                (f", {one.wait}", Ink.MUTED),
                (f"  {one.samples / max(1, looks):.2f}", Ink.CONTENTION),
            )
        )
    return lines


def _full(waits: Waits, width: int) -> list[Line]:
    most = max((cell.sessions for cell in waits.cells), default=0.0)
    columns = max(6, min(40, (width - _NAME - _STEP - _FIGURE - 20) // 2))
    lines = [section("by wait and step")]
    for cell in (cell for cells in _ordered(waits.cells).values() for cell in cells):
        name = f"{cell.step or 'between':<{_STEP}}{cut(cell.wait, _NAME):<{_NAME}}"
        lines.append(_row(name, [cell], f"seen {_times(cell.samples)}", most, columns))
    lines += [line(""), section("in the way"), *(_blocker_lines(waits.blockers, waits.samples) or [_nobody()])]
    if waits.counters is not None:
        lines += [line(""), section("the server's own counters, in this pass"), *_counter_lines(waits.counters)]
    if waits.server_log:
        lines += [line(""), section("the server's log")]
        lines += [line((f"  {text}", Ink.MUTED)) for text in waits.server_log]
    return lines


def _nobody() -> Line:
    return line(("  nobody was", Ink.MUTED))


def _counter_lines(counters: Counters) -> list[Line]:
    figures = (
        ("commits", counters.commits, tally),
        ("rollbacks", counters.rollbacks, tally),
        ("deadlocks", counters.deadlocks, tally),
        ("conflicts", counters.conflicts, tally),
        ("temporary files", counters.temp_bytes, size_of),
        ("WAL, whole server", counters.wal_bytes, size_of),
    )
    spans: list[Span] = []
    for name, value, word in figures:
        spans += [Span(f"  {name} ", Ink.MUTED), Span("-" if value is None else word(value), Ink.TEXT)]
    statements = [
        line((f"{one.calls:>8} x {one.mean_ms:>8.2f} ms  ", Ink.STRONG), (one.query, Ink.MUTED))
        for one in counters.statements
    ]
    return [Line(tuple(spans)), *statements]
