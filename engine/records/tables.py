"""Figures as Markdown tables and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV, whose line ends are put right where it is written.

    A text that a spreadsheet would take for a formula gets an apostrophe before it; a row is one line.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_defused(cell) for cell in row] for row in rows)
    return out.getvalue()


def markdown(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as an aligned Markdown table, numbers to the right; a sentence when there are none."""
    listed = [list(row) for row in rows]
    if not listed:
        return "None.\n"
    numeric = [all(not isinstance(row[at], str) for row in listed) for at in range(len(head))]
    texts = [[_plain(cell) for cell in row] for row in listed]
    widths = [max(3, len(name), *(len(row[at]) for row in texts)) for at, name in enumerate(head)]
    rule = ["-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, numeric, strict=True)]
    lines = [_line(list(head), widths, numeric), _line(rule, widths, numeric)]
    lines += [_line(row, widths, numeric) for row in texts]
    return "\n".join(lines) + "\n"


def _line(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _plain(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.1f}"
    return " ".join(str(cell).split()).replace("|", "\\|")


def _defused(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    return " ".join(f"{chr(39) * cell.startswith(_FORMULA)}{cell}".splitlines())
