"""The server's connections: by state and wait, used of allowed, rates, and the statements that take its time."""

from collections import Counter
from typing import ClassVar

from engine.model.sample import Backend, Sample
from engine.model.snapshot import RunSnapshot
from tui.format import size_of, steady, tally, took
from tui.lines import Area, Ink, Line, Span, line, part, squeeze
from tui.panel import Panel, Want
from tui.spark import bar
from tui.table import Column, choose, head, row
from tui.unseen import unseen, unseen_lines
from tui.view import View
from tui.worker_detail import NOT_OURS, backend_lines, section

_BACKENDS = (
    Column("PID", 7, right=True),
    Column("WHO", 12),
    Column("STATE", 20, 2),
    Column("WAITS FOR", 18, 1),
    Column("QUERY", 7, right=True),
    Column("IN TX", 7, 3, right=True),
    Column("STATEMENT", 24, 4, grow=True),
)


def _pressure(sample: Sample) -> Ink:
    """Colour by how near the server is to refusing connections."""
    share = sample.connections / max(1, sample.max_connections)
    return Ink.FAULT if share >= 0.95 else Ink.CONTENTION if share >= 0.8 else Ink.FILLED


def _summary(sample: Sample, width: int) -> list[Line]:
    """Used of allowed, states, waits, rates: a line each."""
    others = sample.connections - sample.ours
    room = max(8, min(40, width - 46))
    filled = bar(sample.connections / max(1, sample.max_connections), room)
    full = "  NEARLY FULL !" if _pressure(sample) is Ink.FAULT else ""
    lines = [
        line(
            ("  used    ", Ink.MUTED),
            (f"{sample.connections}/{sample.max_connections} ", Ink.STRONG),
            ("[", Ink.RULE),
            (filled, _pressure(sample)),
            ("." * (room - len(filled)), Ink.RULE),
            ("]", Ink.RULE),
            (f"  ours {sample.ours}  others {others}", Ink.TEXT),
            (full, Ink.FAULT),
        )
    ]
    states = sorted(sample.states.items(), key=lambda pair: -pair[1])
    lines.append(
        line(("  states  ", Ink.MUTED), "  ".join(f"{_short(name)} {count}" for name, count in states) or "none")
    )
    # A look tells them by state too: idle and idle in a transaction wait for the same.
    waits: Counter[str] = Counter()
    for one in sample.waits:
        if one.wait:
            waits[one.wait] += one.ours + one.others
    listed = [
        part(place, (f"{wait} {count}", Ink.CONTENTION if wait.startswith("Lock") else Ink.TEXT))
        for place, (wait, count) in enumerate(waits.most_common())
    ]
    title = part(0, (" waits ", Ink.MUTED))
    none = ("not seen ?", Ink.UNKNOWN) if "hidden" in sample.states else ("none", Ink.MUTED)
    lines.append(squeeze([title, *(listed or [part(0, none)])], width, "  "))
    if sample.commits_per_s is None:
        lines.append(line(("  rates   counted from the second look on", Ink.MUTED)))
    else:
        rates = [
            part(0, (" rates   ", Ink.MUTED), f"commit {steady(sample.commits_per_s)}"),
            part(3, f"rollback {steady(sample.rollbacks_per_s)}"),
            part(1, f"ins {steady(sample.inserts_per_s)}"),
            part(2, f"upd {steady(sample.updates_per_s)}"),
            part(4, (f"temp {size_of(sample.temp_bytes)}", Ink.CONTENTION)) if sample.temp_bytes else part(9),
            part(0, (f"deadlocks {sample.deadlocks} !", Ink.FAULT)) if sample.deadlocks else part(9),
        ]
        lines.append(squeeze(rates, width, "  "))
    return lines


def _short(state: str) -> str:
    return {"idle in transaction": "idle-tx", "idle in transaction (aborted)": "aborted-tx"}.get(state, state)


def _statements(sample: Sample, area: Area) -> list[Line]:
    if not sample.statements:
        return []
    lines = [line((f"  {'calls':>6} {'mean':>7} {'total':>7}  statement", Ink.MUTED))]
    for one in sample.statements:
        query = " ".join(one.query.split())
        figures = f"  {tally(one.calls):>6} {took(one.mean_ns):>7} {took(one.total_ns):>7}  "
        lines.append(line(figures, (query[: max(0, area.width - 26)], Ink.MUTED)))
    return lines


def _backend_cells(backend: Backend) -> tuple[Span, ...]:
    stranger = backend.who.upper() == NOT_OURS
    return (
        Span(str(backend.pid), Ink.MUTED),
        Span(backend.who, Ink.FAULT if stranger else Ink.STRONG),
        Span(backend.state, Ink.CONTENTION if backend.state.startswith("idle in") else Ink.TEXT),
        Span(backend.wait or "-", Ink.CONTENTION if backend.wait.startswith("Lock") else Ink.MUTED),
        Span(took(backend.age_ns)),
        Span(took(backend.transaction_age_ns)),
        Span(" ".join(backend.query.split()), Ink.MUTED),
    )


class ConnectionsPanel(Panel):
    """What the server's connections do."""

    NAME: ClassVar[str] = "connections"
    TITLE: ClassVar[str] = "connections"
    KEY: ClassVar[str] = "8"
    FROM_LOOK: ClassVar[bool] = True
    HELP: ClassVar[str] = (
        "Client backends of the server by state and wait, used of max_connections, and how many are this run's. "
        "Rates are the database's own, a second. Statements are of the last look's interval. Full screen (c) "
        "lists backends; k cancels one."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Four lines, then statements."""
        return Want(5, 5, 9)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many of how many."""
        sample = snapshot.sample
        if sample is None:
            return cls.TITLE
        return f"{cls.TITLE} {sample.connections}/{sample.max_connections}" + (
            "   server " + sample.server_version if view.full else ""
        )

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Backends, on the whole screen."""
        return tuple(f"pid:{one.pid}" for one in snapshot.sample.backends) if view.full and snapshot.sample else ()

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """The summary, backends on the whole screen, then statements."""
        sample = snapshot.sample
        if sample is None:
            return [line((f"  {snapshot.sample_trouble or 'the server has not been looked at yet'}", Ink.MUTED))]
        lines = _summary(sample, area.width)
        lines[4:4] = unseen_lines(snapshot, cls.NAME)
        lines[4:4] = [line((f"  {snapshot.sample_trouble}", Ink.UNKNOWN))] if snapshot.sample_trouble else []
        statements = _statements(sample, area)
        if view.full:
            chosen = choose(_BACKENDS, area.width)
            cursor = view.cursor if view.focused else ""
            seen = sample.backends[view.top : view.top + cls.room(snapshot, Area(area.width, area.height + 1), view)]
            lines += [
                line(""),
                head(chosen),
                *(row(chosen, _backend_cells(one), f"pid:{one.pid}", cursor) for one in seen),
            ]
            if statements:
                lines += [line(""), section("statements of the last look")]
        return [*lines, *statements]

    @classmethod
    def room(cls, snapshot: RunSnapshot, area: Area, view: View) -> int:
        """What the summary above and a third of the screen for statements leave."""
        sample = snapshot.sample
        if sample is None:
            return 1
        above = 4 + len(unseen(sample, cls.NAME)) + bool(snapshot.sample_trouble) + 2
        below = min(len(sample.statements) + 3, area.height // 3) if sample.statements else 0
        return max(1, area.height - 1 - above - below)

    @classmethod
    def backend(cls, snapshot: RunSnapshot, row: str) -> Backend | None:
        """The backend under the cursor."""
        sample = snapshot.sample
        return next((one for one in sample.backends if f"pid:{one.pid}" == row), None) if sample else None

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """All that is known of the backend."""
        if not row.startswith("pid:"):
            return None
        return f"backend {row[4:]}", backend_lines(snapshot, int(row[4:]), cls.backend(snapshot, row))
