"""Lines of coloured spans: what a panel draws, with no terminal and no widget in it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from engine.model.outcome import OUTCOMES, Kind
from tui.format import plain


class Ink(StrEnum):
    """What a span is, which decides its colour in `theme.tcss`; the text alone always says it too."""

    TEXT = "text"
    MUTED = "muted"
    STRONG = "strong"
    TITLE = "title"
    RULE = "rule"
    ACCENT = "accent"
    BAR = "bar"
    FILLED = "filled"
    CONTENTION = "contention"
    CAPACITY = "capacity"
    FAULT = "fault"
    UNKNOWN = "unknown"


def ink_of(kind: Kind | None) -> Ink:
    """The ink of an outcome's kind; plain text for what is neither good nor bad."""
    return Ink.TEXT if kind is None else Ink(kind.value)


def label(word: str) -> str:
    """An outcome's word as a screen says it."""
    outcome = OUTCOMES.get(word)
    return outcome.label if outcome else word.replace("_", " ")


class Span(NamedTuple):
    """Some text in one ink."""

    text: str
    ink: Ink = Ink.TEXT


class Line(NamedTuple):
    """One line of a panel. `row` names what the line is about, so that a cursor can stay on it while rows move."""

    spans: tuple[Span, ...]
    row: str = ""

    @property
    def text(self) -> str:
        """The line without its inks."""
        return "".join(span.text for span in self.spans)


class Area(NamedTuple):
    """Room to draw in, in cells."""

    width: int
    height: int


BLANK = Line(())


def width_of(text: str) -> int:
    """Cells the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def line(*parts: Span | str | tuple[str, Ink], row: str = "") -> Line:
    """A line of spans; a bare string is plain text."""
    return Line(
        tuple(
            Span(plain(part), Ink.TEXT) if isinstance(part, str) else Span(plain(part[0]), part[1]) for part in parts
        ),
        row,
    )


def cut(text: str, width: int) -> str:
    """The text in at most that many cells; `~` stands for what was cut off."""
    text = plain(text)
    if width_of(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "~" if width > 1 else set_cell_size(text, max(0, width))


def fit(given: Line, width: int) -> Line:
    """The line in exactly that many cells: cut at the right, or filled up with blanks.

    Whatever reaches the screen passes here, and is made safe for a terminal here.
    """
    spans: list[Span] = []
    left = width
    for raw in given.spans:
        text = raw.text
        if text.isascii() and text.isprintable():
            # What nearly all spans are, and this is asked of each one of every picture.
            span, size = raw, len(text)
        else:
            span = Span(plain(text), raw.ink)
            size = width_of(span.text)
        if size <= left:
            if size:
                spans.append(span)
            left -= size
            continue
        if left:
            spans.append(Span(cut(span.text, left), span.ink))
            left = 0
        break
    if left:
        spans.append(Span(" " * left))
    return Line(tuple(spans), given.row)


def fill(lines: Iterable[Line], area: Area) -> list[Line]:
    """Exactly the area's lines, each exactly its width."""
    fitted = [fit(one, area.width) for one, _ in zip(lines, range(area.height), strict=False)]
    return fitted + [fit(BLANK, area.width)] * (area.height - len(fitted))


def rule(title: str, width: int, focused: bool) -> Line:
    """A panel's title line: `─ title ────`; `> title ────` of the one that has the keys, as its row has a `>`."""
    text = cut(title, max(0, width - 4))
    begins, ink = (Span("> ", Ink.ACCENT), Ink.ACCENT) if focused else (Span("─ ", Ink.RULE), Ink.TITLE)
    spans = (begins, Span(text, ink), Span(" ", Ink.RULE))
    return Line((*spans, Span("─" * max(0, width - width_of(text) - 3), Ink.RULE)))


def beside(left: list[Line], right: list[Line], width: int, at: int) -> list[Line]:
    """Two blocks of lines next to each other, the right one beginning at column `at`. Rows are those of the left."""
    count = max(len(left), len(right))
    pairs = zip(left + [BLANK] * (count - len(left)), right + [BLANK] * (count - len(right)), strict=True)
    return [Line(fit(one, at).spans + fit(other, width - at).spans, one.row) for one, other in pairs]


class Part(NamedTuple):
    """A group of spans that is shown whole or not at all; the highest `priority` number goes first."""

    priority: int
    spans: tuple[Span, ...]


def part(priority: int, *spans: Span | str | tuple[str, Ink]) -> Part:
    """A part of a line."""
    return Part(priority, line(*spans).spans)


def squeeze(parts: Iterable[Part], width: int, gap: str = "   ") -> Line:
    """The parts that fit, the most needed first, in the order given with gaps between; only a lone part is ever cut."""
    given = [one for one in parts if one.spans]
    space = width_of(gap)
    sizes = [sum(width_of(span.text) for span in one.spans) + space for one in given]
    left = width - 1 + space
    kept: set[int] = set()
    for place in sorted(range(len(given)), key=lambda place: given[place].priority):
        if sizes[place] <= left or not kept:
            kept.add(place)
            left -= sizes[place]
    spans: list[Span] = [Span(" ")]
    for order, place in enumerate(sorted(kept)):
        if order:
            spans.append(Span(gap))
        spans.extend(given[place].spans)
    return fit(Line(tuple(spans)), width)
