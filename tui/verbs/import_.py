"""`slotfill import`: the platform's old reports become a run that can be looked at and compared like any other."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.exit_code import ExitCode
from engine.records.archive import runs_folder
from engine.records.historic.folder import Made, import_reports
from engine.records.historic.page import LEVEL_HEAD, level_rows, pass_rows
from engine.records.historic.report import ReportUnreadable
from engine.records.tables import Cell
from engine.records.trouble import RecordsFailed
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, wrong

_HEAD = (
    "pass",
    "restaurant",
    "processed",
    "success",
    "tables",
    "persisted",
    "p50 ms",
    "p95 ms",
    "max ms",
    "not filled",
)


def main(args: Namespace) -> int:
    """Import the files: 0 when they could be read, whatever they prove; that is `exit_code` in the result."""
    try:
        settings = settings_of(args)
        made = import_reports(
            [Path(file) for file in args.files], runs_folder(settings.records.runs), settings.run.name
        )
    except (SettingsInvalid, ReportUnreadable) as error:
        return wrong(str(error), ExitCode.USAGE)
    except RecordsFailed as error:
        return wrong(str(error), ExitCode.RECORDS)
    if args.json:
        say_json(made.result)
    else:
        for line in lines(made):
            say(line)
    return 0


def lines(made: Made) -> Iterator[str]:
    """What the reports come to, for people."""
    result = made.result
    passes, levels = len(result.passes), len(result.levels)
    parts = [f"{passes} pass{'' if passes == 1 else 'es'}"] * bool(passes)
    parts += [f"{levels} level{'' if levels == 1 else 's'}"] * bool(levels)
    yield f"run {result.run_id}: {' and '.join(parts) or 'nothing'}, {result.started_at[:19]} to {result.ended_at[:19]}"
    if result.passes:
        yield ""
        yield from _table(_HEAD, [_row(row) for one in result.passes for row in pass_rows(one)])
    if result.levels:
        yield ""
        yield from _table(LEVEL_HEAD, level_rows(result))
    yield ""
    yield from made.sentences
    kept = result.ledger
    yield f"{kept.equation}; {kept.acknowledged} acknowledged"
    yield from (f"note: {alert}" for alert in result.alerts)
    yield f"{made.folder / 'report.md'} names every booking that is not as it was claimed"


def _row(cells: Sequence[Cell]) -> Sequence[Cell]:
    """The failures last: nobody knows how long they get."""
    return [*cells[:6], *cells[7:], cells[6]]


def _table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Columns under their heads, numbers to the right."""
    texts = [[_text(cell) for cell in row] for row in rows]
    right = [all(not isinstance(row[at], str) for row in rows) for at in range(len(head))]
    widths = [max(len(name), *(len(row[at]) for row in texts)) for at, name in enumerate(head)]
    for line in [list(head), *texts]:
        cells = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(line, widths, right, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)
