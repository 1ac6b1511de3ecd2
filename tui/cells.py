"""What the terminal shows and what it is to show: only cells that differ are sent, in as few bytes as they take."""

import re
from collections.abc import Iterator
from typing import TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from tui.sgr import Sgr

_UNSURE = re.compile("[^ -\u02ff\u2500-\u259f\u2800-\u28ff]")
"""Signs that are not one cell wide on every terminal."""
Parts: TypeAlias = dict[int, Strip | None]
"""The strips of a row by where they begin; None for what is not painted this time."""
_GAP = 4
"""Equal cells that are written again rather than stepped over: stepping takes as many bytes."""


class Cells:
    """The screen twice. It takes what Textual would paint, and gives what has to be sent for it.

    Textual sends every refreshed span from the left edge of its widget, each piece with its colours and a reset, and
    the whole screen at each change of layout; a picture of 64 workers took 14 KB so.
    """

    def __init__(self) -> None:
        self.width = self.height = 0
        self.dirty: set[int] = set()
        """Rows that may differ from what the terminal shows."""
        self._wanted: list[list[str]] = []
        self._inks: list[list[int]] = []
        self._shown: list[list[str]] = []
        self._shown_inks: list[list[int]] = []
        self._laid: list[Parts] = []
        """The strips of each row as they were taken last, so that the same ones cost nothing."""
        self._sgr = Sgr()

    def resize(self, width: int, height: int) -> None:
        """The terminal has another size: nothing that was on it counts."""
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self._wanted = [[" "] * width for _ in range(height)]
            self._inks = [[0] * width for _ in range(height)]
            self._laid = [{} for _ in range(height)]
            self.forget()

    def forget(self) -> None:
        """What the terminal shows is not known any more; all of it will be sent."""
        # No cell holds nothing, so each one differs.
        self._shown = [[""] * self.width for _ in range(self.height)]
        self._shown_inks = [[-1] * self.width for _ in range(self.height)]
        self.dirty = set(range(self.height))

    # -- what is wanted --------------------------------------------------------------------------------------

    def take(self, update: ChopsUpdate | LayoutUpdate, colours: str | None) -> set[int]:
        """Take what Textual would paint, in as many colours as its console has. Returns the rows that it changed."""
        self._sgr.use(colours)
        changed = set()
        for y, parts in _rows(update):
            if 0 <= y < self.height and self._take_row(y, parts):
                changed.add(y)
        self.dirty |= changed
        return changed

    def _take_row(self, y: int, parts: Parts) -> bool:
        before, self._laid[y] = self._laid[y], parts
        same_cuts = before.keys() == parts.keys()
        if not same_cuts:
            # Widgets stand elsewhere now, and what was laid under other cuts says nothing about these.
            before = {}
        changed = False
        for x, strip in parts.items():
            if strip is None:
                # Not painted this time: what was laid there stays.
                if (kept := before.get(x)) is not None:
                    parts[x] = kept
            elif before.get(x) is not strip:
                changed = self._lay(y, x, strip) or changed
        return changed

    def _lay(self, y: int, x: int, strip: Strip) -> bool:
        texts: list[str] = []
        inks: list[int] = []
        for segment in strip:
            if segment.control or not segment.text:
                continue
            cells = _split(segment)
            texts += cells
            inks += [self._sgr.number(segment.style)] * len(cells)
        end = min(self.width, x + len(texts))
        texts, inks = texts[: end - x], inks[: end - x]
        wanted, wanted_inks = self._wanted[y], self._inks[y]
        if wanted[x:end] == texts and wanted_inks[x:end] == inks:
            return False
        wanted[x:end] = texts
        wanted_inks[x:end] = inks
        return True

    # -- what is sent ----------------------------------------------------------------------------------------

    def paint(self, most_bytes: int, first: set[int]) -> str:
        """What to send so that the terminal shows what is wanted; empty when it does.

        Whole rows, those of `first` before others, until `most_bytes` are reached; the rest stays dirty.
        """
        out: list[str] = []
        sent = ink = 0
        for y in sorted(self.dirty, key=lambda y: (y not in first, y)):
            text, ink = self._row(y, ink)
            self.dirty.discard(y)
            if text:
                out.append(text)
                sent += len(text) if text.isascii() else len(text.encode())
            if sent >= most_bytes:
                break
        if ink:
            out.append("\x1b[m")
        return "".join(out)

    def _row(self, y: int, ink: int) -> tuple[str, int]:
        wanted, inks = self._wanted[y], self._inks[y]
        if self._shown[y] == wanted and self._shown_inks[y] == inks:
            return "", ink
        out: list[str] = []
        for start, end in self._runs(y):
            out.append(f"\x1b[{start + 1}G" if out else f"\x1b[{y + 1};{start + 1}H")
            at = start
            while at < end:
                if inks[at] != ink:
                    out.append(self._sgr.change(ink, inks[at]))
                    ink = inks[at]
                until = at + 1
                while until < end and inks[until] == ink:
                    until += 1
                out.append("".join(wanted[at:until]))
                at = until
        self._shown[y], self._shown_inks[y] = wanted.copy(), inks.copy()
        return "".join(out), ink

    def _runs(self, y: int) -> Iterator[tuple[int, int]]:
        """Stretches of cells to send, from the left."""
        wanted, inks, shown, shown_inks = self._wanted[y], self._inks[y], self._shown[y], self._shown_inks[y]
        differ = [
            x
            for x, (new, old, ink, old_ink) in enumerate(zip(wanted, shown, inks, shown_inks, strict=True))
            if new != old or ink != old_ink
        ]
        if not (text := "".join(wanted)).isascii() and _UNSURE.search(text):
            # Terminals do not agree how wide such signs are: the row is sent from its first difference to its end.
            start = differ[0]
            while wanted[start] == "" and start:
                start -= 1
            yield start, self.width
            return
        start = end = differ[0]
        for x in differ:
            if x - end > _GAP or (x > end and len(set(inks[end - 1 : x + 1])) > 1):
                yield start, end
                start = x
            end = x + 1
        yield start, end


def _rows(update: ChopsUpdate | LayoutUpdate) -> Iterator[tuple[int, Parts]]:
    """Each row of an update with its strips, by where they begin."""
    if isinstance(update, ChopsUpdate):
        for y in sorted({y for y, _, _ in update.spans}):
            yield y, dict(update.chops[y])
        return
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        parts: Parts = {}
        for strip in strips:
            parts[x] = strip
            x += strip.cell_length
        yield y, parts


def _split(segment: Segment) -> list[str]:
    """One string a cell; a sign of two cells is followed by nothing, one of none belongs to the sign before it."""
    text = segment.text
    if text.isascii() or cell_len(text) == len(text):
        return list(text)
    cells: list[str] = []
    for sign in text:
        size = cell_len(sign)
        if not size:
            if cells:
                cells[-1] += sign
            continue
        cells += [sign, *[""] * (size - 1)]
    return cells
