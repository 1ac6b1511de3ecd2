"""The runs of a folder as rows: what each was, how it ended, what it takes."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.model.run_state import RunState
from engine.records.archive import RESULT, RunEntry, list_runs
from engine.records.reading import content
from tui.format import size_of, tally
from tui.lines import Ink, Line, Span, label, line
from tui.table import Column, choose, head, row

_COLUMNS = (
    Column("", 1),
    Column("RUN", 10),
    Column("STATE", 10),
    Column("EXIT", 4, 3, right=True),
    Column("STARTED", 19, 5),
    Column("PLAN", 6, 4),
    Column("ATTEMPTS", 8, 2, right=True),
    Column("FILLED", 7, 1, right=True),
    Column("DISK", 7, 6, right=True),
    Column("MOSTLY", 30, 8),
    Column("NAME", 10, 7, grow=True),
)
_STATES = {RunState.FINISHED: Ink.FILLED, RunState.STOPPED: Ink.CAPACITY, RunState.CRASHED: Ink.FAULT}


class _Result(msgspec.Struct, frozen=True):
    attempts: int = 0
    outcomes: dict[str, int] = {}


class RunRow(msgspec.Struct, frozen=True):
    """One run among the others."""

    entry: RunEntry
    attempts: int | None = None
    """None where no result tells."""
    outcomes: dict[str, int] = {}

    @property
    def name(self) -> str:
        """Its id; the folder's name where it has none."""
        return self.entry.run_id

    @property
    def filled(self) -> int:
        """Attempts that were filled."""
        return self.outcomes.get("filled", 0)


def read_rows(root: Path) -> tuple[RunRow, ...]:
    """Every run, the newest first. Raises RecordsFailed; what cannot be read of one run is said in its row."""
    return tuple(_row(entry) for entry in reversed(list_runs(root)))


def _row(entry: RunEntry) -> RunRow:
    try:
        result = msgspec.json.decode(content(entry.path / RESULT), type=_Result)
    except (OSError, ValueError, RecursionError):  # msgspec's DecodeError is a ValueError
        return RunRow(entry)
    return RunRow(entry, result.attempts, result.outcomes)


def state_word(entry: RunEntry) -> str:
    """Its state, loud when something is wrong with it."""
    if entry.state is None:
        return "UNREADABLE"
    return "CRASHED" if entry.state is RunState.CRASHED else entry.state.value


def run_lines(rows: tuple[RunRow, ...], marked: frozenset[str], here: str, cursor: str, width: int) -> list[Line]:
    """The names of the columns and a row a run; `*` stands before a marked one, `>` before the one shown now."""
    chosen = choose(_COLUMNS, width)
    lines = [head(chosen)]
    for one in rows:
        lines.append(row(chosen, _cells(one, marked, here), f"run:{one.entry.folder}", cursor))
        if one.entry.trouble:
            lines.append(line(("      ", Ink.MUTED), (one.entry.trouble, Ink.UNKNOWN)))
    disk = size_of(sum(one.entry.bytes for one in rows))
    return [*lines, line((f"  {len(rows)} run{'s' * (len(rows) != 1)}, {disk}", Ink.MUTED))]


def _cells(one: RunRow, marked: frozenset[str], here: str) -> tuple[Span, ...]:
    entry, manifest = one.entry, one.entry.manifest
    live = entry.is_live
    ink = Ink.ACCENT if live else _STATES.get(entry.state, Ink.UNKNOWN) if entry.state else Ink.UNKNOWN
    others = sorted((pair for pair in one.outcomes.items() if pair[0] != "filled" and pair[1]), key=lambda p: -p[1])
    mostly = ", ".join(f"{label(word)} {tally(count)}" for word, count in others[:2])
    text: Callable[[str], Span] = lambda words: Span(words or "-", Ink.TEXT if words else Ink.MUTED)  # noqa: E731
    return (
        Span("*" if entry.folder in marked else " ", Ink.ACCENT),
        Span(one.name + (" <" if one.name == here else ""), Ink.STRONG),
        Span(state_word(entry), ink),
        text("" if entry.exit_code is None else str(entry.exit_code)),
        text(manifest.started_at[:19].replace("T", " ") if manifest else ""),
        text(manifest.plan if manifest else ""),
        text("" if one.attempts is None else tally(one.attempts)),
        text("" if not one.attempts else f"{100 * one.filled / one.attempts:.1f} %"),
        text(size_of(entry.bytes)),
        text(mostly),
        text(manifest.name if manifest else ""),
    )
