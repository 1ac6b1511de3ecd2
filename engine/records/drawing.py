"""Small functions that draw: scales, axes, lines and texts of an SVG, in the colours of the page around it. Pure.

Whatever is drawn can be told without colour: by place, by pattern or dash, and by the text beside it.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from math import ceil, floor, log10

import msgspec

WIDTH, LEFT, RIGHT, TOP = 720.0, 64.0, 16.0, 34.0
DASHES = ("", "6 3", "2 3", "8 3 2 3")

Scale = Callable[[float], float]
"""From a value to a place."""


class Plot(msgspec.Struct, frozen=True):
    """Where values are drawn, in the units of the picture."""

    height: float = 260.0
    bottom: float = 44.0

    @property
    def low(self) -> float:
        """The place of the horizontal axis."""
        return self.height - self.bottom

    def across(self, most: float) -> Scale:
        """0 to `most`, from left to right."""
        return lambda value: LEFT + (WIDTH - LEFT - RIGHT) * (value / most if most else 0.0)

    def up(self, most: float) -> Scale:
        """0 to `most`, from the bottom up."""
        return lambda value: self.low - (self.low - TOP) * (value / most if most else 0.0)


def svg(title: str, told: str, height: float, parts: Iterable[str]) -> str:
    """A picture with a title, which also stands above it, and what it shows in words for those who cannot see it."""
    return (
        '<figure><div class="wide">'
        f'<svg viewBox="0 0 {_n(WIDTH)} {_n(height)}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>"
        f"{text(0, 16, title, 'title')}{''.join(parts)}</svg></div><figcaption>{escape(told)}</figcaption></figure>\n"
    )


def text(x: float, y: float, said: str, kind: str = "") -> str:
    """Words at a place; `kind` is their class: title, right, middle, value."""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{_n(x)}" y="{_n(y)}"{named}>{escape(said)}</text>'


def line(start: tuple[float, float], end: tuple[float, float], kind: str = "axis", dash: str = "") -> str:
    """A straight line."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{_n(start[0])}" y1="{_n(start[1])}" x2="{_n(end[0])}" y2="{_n(end[1])}"'
    return f'<line {ends} class="{kind}"{dashed}/>'


def path(points: Sequence[tuple[float, float]], kind: str, dash: str = "") -> str:
    """A line through points."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in points)}" class="{kind}"{dashed}/>'


def box(corner: tuple[float, float], size: tuple[float, float], fill: str, kind: str = "bar") -> str:
    """A box from its upper left corner."""
    place = f'x="{_n(corner[0])}" y="{_n(corner[1])}" width="{_n(size[0])}" height="{_n(size[1])}"'
    return f'<rect {place} fill="{fill}" class="{kind}"/>'


def dot(x: float, y: float, kind: str) -> str:
    """A round mark."""
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3.5" class="{kind}"/>'


def square(x: float, y: float, kind: str) -> str:
    """A square mark."""
    return f'<rect x="{_n(x - 3)}" y="{_n(y - 3)}" width="6" height="6" class="{kind}"/>'


def upright(plot: Plot, scale: Scale, most: float) -> str:
    """The vertical axis: round values, each with a line across."""
    parts = []
    for value in rounded(most):
        y = scale(value)
        parts.append(line((LEFT, y), (WIDTH - RIGHT, y), "grid"))
        parts.append(text(LEFT - 6, y + 4, short(value), "right"))
    return "".join(parts) + line((LEFT, plot.low), (WIDTH - RIGHT, plot.low))


def flat(plot: Plot, scale: Scale, values: Iterable[float], unit: str) -> str:
    """The horizontal axis: these values, and what they are of."""
    parts = [text(scale(value), plot.low + 16, short(value), "middle") for value in values]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, plot.low + 36, unit, "middle"))
    return "".join(parts)


def ceiling(value: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten at or above it."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if value <= power * factor * (1 + 1e-9))


def rounded(most: float) -> list[float]:
    """Four or five round values from 0 to it."""
    return [most * step / 4 for step in range(5)]


def moments(length: float) -> list[float]:
    """Round moments from 0 on within a length, six at most."""
    power = 10.0 ** floor(log10(length / 5))
    step = next(power * factor for factor in (1, 2, 5, 10) if length / (power * factor) <= 6)
    return [step * at for at in range(int(length / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """Powers of ten from at or below the one to at or above the other."""
    first, last = floor(log10(low) + 1e-9), ceil(log10(high) - 1e-9)
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def short(value: float) -> str:
    """A value on an axis: no more digits than it needs."""
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _n(value: float) -> str:
    """A place, to the tenth."""
    return f"{value:.1f}".removesuffix(".0")
