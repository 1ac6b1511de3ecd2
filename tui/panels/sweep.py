"""A sweep while it goes on: the round in hand, what each level came to so far as a chart, and what is left."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from engine.model.round import RoundKind
from engine.model.snapshot import LegFace, RunSnapshot
from tui.format import elapsed
from tui.lines import Area, Ink, Line, Span, line
from tui.panel import Panel, Want
from tui.spark import bar
from tui.view import View

_LABEL, _FIGURES, _NS = 12, 24, 1e6


class _Level(NamedTuple):
    """One concurrency, as far as its rounds have come."""

    workers: int
    rates: tuple[float, ...]
    p95s_ms: tuple[float, ...]
    ended: int
    """Rounds that are over, also those that began from another state and so do not count."""
    in_hand: bool


class SweepPanel(Panel):
    """Throughput and length against workers."""

    NAME: ClassVar[str] = "sweep"
    TITLE: ClassVar[str] = "sweep"
    KEY: ClassVar[str] = "W"
    HELP: ClassVar[str] = (
        "A sweep runs its plan at each level, again and again, in an order of the seed. A row: workers, its rounds "
        "that are over, filled a second as a bar (`#` the mean of the rounds, `-` up to the best of them) with the "
        "least and the most, and p95 of filled bookings over the rounds in the same way. `>` is the level in hand. "
        "Warm-up, rounds with a delay and rounds that began from another state are in no row; below: what is left."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A line a level, and three about all of them; little of a run that is no sweep."""
        levels = len(_levels(snapshot.legs)) if snapshot else 0
        return Want(5, levels + 5, levels + 5) if levels else Want(2, 2, 2)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """Which round it is."""
        legs = _of_sweep(snapshot.legs)
        if not legs or legs[-1].round is None:
            return cls.TITLE
        terms, left = legs[-1].round, snapshot.run.left_ns
        rest = "" if left is None or snapshot.run.state.is_over else f", {elapsed(left)} left"
        return f"{cls.TITLE}: round {terms.number} of {terms.of}, {terms.label}{rest}"

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """The chart, then the round in hand, then what is left."""
        legs = _of_sweep(snapshot.legs)
        if not legs:
            return [line(("  no sweep: slotfill sweep runs a plan at several concurrencies", Ink.MUTED))]
        levels = _levels(legs)
        below = [_in_hand(legs[-1], over=snapshot.run.state.is_over), *_left(legs, snapshot)]
        room = max(1, area.height - 1 - len(below))
        most = max((rate for level in levels for rate in level.rates), default=0.0)
        slowest = max((p95 for level in levels for p95 in level.p95s_ms), default=0.0)
        columns = max(4, min(60, (area.width - _LABEL - 2 * _FIGURES - 2) // 2))
        head = line((f"{'  workers n':<{_LABEL}}", Ink.MUTED), *_heads(columns))
        rows = [_row(level, most, slowest, columns) for level in _nearest(levels, room)]
        return [head, *rows, *below][: area.height]


def is_sweep(snapshot: RunSnapshot) -> bool:
    """Whether the run is one, also before its first round; the layout that shows it best has the panel's name."""
    return bool(snapshot.run.says or _of_sweep(snapshot.legs))


def _of_sweep(legs: Sequence[LegFace]) -> list[LegFace]:
    return [leg for leg in legs if leg.round is not None]


def _levels(legs: Sequence[LegFace]) -> list[_Level]:
    """Every level that began, fewest workers first."""
    found: dict[int, list[LegFace]] = {}
    for leg in legs:
        if leg.round is not None and leg.round.kind is RoundKind.COUNTED:
            found.setdefault(leg.concurrency, []).append(leg)
    return [_level(workers, mine, legs[-1]) for workers, mine in sorted(found.items())]


def _level(workers: int, mine: Sequence[LegFace], last: LegFace) -> _Level:
    over = [leg for leg in mine if leg.is_over]
    counted = [leg for leg in over if leg.round is not None and not leg.round.differs]
    return _Level(
        workers,
        tuple(leg.fills_per_s for leg in counted if leg.fills_per_s is not None),
        tuple(leg.p95_ns / _NS for leg in counted if leg.p95_ns is not None),
        len(over),
        last in mine and not last.is_over,
    )


def _nearest(levels: list[_Level], room: int) -> list[_Level]:
    """As many levels as there is room for: where they do not all fit, first and last, and evenly between."""
    if len(levels) <= room:
        return levels
    if room == 1:
        return levels[-1:]
    return [levels[place * (len(levels) - 1) // (room - 1)] for place in range(room)]


def _heads(columns: int) -> tuple[Span, ...]:
    return (
        Span(f"{'fills/s':<{columns}}{'mean':>7}{'spread':>{_FIGURES - 7}}  ", Ink.MUTED),
        Span(f"{'p95 ms':<{columns}}{'mean':>7}{'spread':>{_FIGURES - 7}}", Ink.MUTED),
    )


def _row(level: _Level, most: float, slowest: float, columns: int) -> Line:
    mark = ">" if level.in_hand else " "
    spans = [
        Span(f"{mark} {level.workers:>7} ", Ink.ACCENT if level.in_hand else Ink.TEXT),
        Span(f"{level.ended:<2}", Ink.MUTED),
    ]
    for values, top, ink in ((level.rates, most, Ink.FILLED), (level.p95s_ms, slowest, Ink.BAR)):
        spans += _bar(values, top, columns, ink)
        spans.append(Span("  "))
    return Line(tuple(spans[:-1]))


def _bar(values: Sequence[float], top: float, columns: int, ink: Ink) -> list[Span]:
    """The mean as a bar, what the best round has beyond it as dashes, and both in figures."""
    if not values:
        return [Span(f"{'':<{columns}}{'-':>7}{'':>{_FIGURES - 7}}", Ink.MUTED)]
    mean = sum(values) / len(values)
    drawn = bar(mean / top if top else 0.0, columns)
    beyond = bar(max(values) / top if top else 0.0, columns)[len(drawn) :]
    spread = f"{min(values):.1f} to {max(values):.1f}" if len(values) > 1 else "one round"
    return [
        Span(drawn, ink),
        Span(f"{'-' * len(beyond):<{columns - len(drawn)}}", Ink.MUTED),
        Span(f"{mean:>7.1f}", Ink.STRONG),
        Span(f"{spread:>{_FIGURES - 7}}", Ink.MUTED),
    ]


def _in_hand(leg: LegFace, *, over: bool) -> Line:
    """The round that goes on, or the last one."""
    label = "" if leg.round is None else leg.round.label
    word = "last" if over or leg.is_over else "now"
    differs = "" if leg.round is None or not leg.round.differs else f"  does not count: {leg.round.differs}"
    return line(
        (f"  {word:<5} ", Ink.MUTED),
        (label, Ink.STRONG),
        (f"  {leg.attempts} attempts, {leg.filled} filled", Ink.TEXT),
        (differs, Ink.UNKNOWN),
    )


def _left(legs: Sequence[LegFace], snapshot: RunSnapshot) -> list[Line]:
    """Rounds there still are, and what the plan can show."""
    terms = legs[-1].round
    lines = []
    if terms is not None:
        rest = terms.of - terms.number
        word = "rounds" if rest != 1 else "round"
        lines.append(line(("  left  ", Ink.MUTED), (f"{rest} {word} of {terms.of}" if rest else "none", Ink.TEXT)))
    if snapshot.run.says:
        lines.append(line((f"  {snapshot.run.says}", Ink.MUTED)))
    return lines
