"""Pass by pass and repeat by repeat: what was tried, what the platform said, and what was there afterwards."""

from collections.abc import Sequence
from typing import ClassVar

from engine.model.round import RoundKind
from engine.model.snapshot import LegFace, RunSnapshot
from tui.format import elapsed
from tui.lines import Area, Ink, Line, line
from tui.panel import Panel, Want
from tui.spark import bar
from tui.view import View

_HEAD = f"  {'':<20}{'planned':>8}{'tried':>7}{'confirmed':>11}{'filled':>8}{'there':>8}{'pending':>9}"


class PassesPanel(Panel):
    """The legs of the run, each with its restaurants."""

    NAME: ClassVar[str] = "passes"
    TITLE: ClassVar[str] = "passes"
    KEY: ClassVar[str] = "0"
    HELP: ClassVar[str] = (
        "A pass takes every booking that is pending once; a repeat is the whole plan again. `confirmed` is what the "
        "platform said, `filled` what came with tables, `there` what the database held when the pass was over: where "
        "it is less than confirmed, bookings were claimed and are not there (`!`). N goes on to the next pass. Of a "
        "sweep: fills a second against workers, from the rounds that are over."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A line a leg, and a line for each restaurant of the last one."""
        legs = len(snapshot.legs) if snapshot else 1
        legs += len(_levels(snapshot.legs)) + 1 if snapshot else 0
        restaurants = len(snapshot.legs[-1].restaurants) if snapshot and snapshot.legs else 1
        rows = max(3, 2 + legs + (restaurants if restaurants > 1 else 0))
        return Want(3, min(rows, 10), rows)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many there were."""
        over = sum(leg.is_over for leg in snapshot.legs)
        terms = snapshot.legs[-1].round if snapshot.legs else None
        if terms is not None:
            left = snapshot.run.left_ns
            return (
                f"{cls.TITLE}: round {terms.number} of {terms.of}, {terms.label}"
                f"{'' if left is None else f', {elapsed(left)} left'}"
            )
        return f"{cls.TITLE}: {over} over" if snapshot.legs else cls.TITLE

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """The newest leg with its restaurants, then the older ones."""
        if not snapshot.legs:
            return [line(("  no pass has begun", Ink.MUTED))]
        newest, *older = reversed(snapshot.legs)
        lines = [*_chart(snapshot.legs, area.width), line((_HEAD, Ink.MUTED)), _leg(newest)]
        if len(newest.restaurants) > 1:
            for one in newest.restaurants:
                counts = f"{one.planned:>8}{one.attempts:>7}{one.acknowledged:>11}{one.filled:>8}"
                lines.append(line((f"    {one.restaurant[:17]:<18}", Ink.MUTED), (counts, Ink.MUTED)))
        lines += [_leg(leg) for leg in older]
        return lines[: area.height]


def _levels(legs: Sequence[LegFace]) -> dict[int, list[float]]:
    """Fills a second of the rounds that are over and count, by workers, fewest first."""
    found: dict[int, list[float]] = {}
    for leg in sorted(legs, key=lambda one: one.concurrency):
        counts = leg.round is not None and leg.round.kind is RoundKind.COUNTED and not leg.round.differs
        if counts and leg.is_over and leg.fills_per_s is not None:
            found.setdefault(leg.concurrency, []).append(leg.fills_per_s)
    return found


def _chart(legs: Sequence[LegFace], width: int) -> list[Line]:
    """Fills a second against workers, so far: a bar a level, as long as the mean of its rounds."""
    levels = _levels(legs)
    most = max((sum(rates) / len(rates) for rates in levels.values()), default=0.0)
    columns = max(6, min(40, width - 56))
    lines = []
    for workers, rates in levels.items():
        mean = sum(rates) / len(rates)
        between = f"{min(rates):.1f} to {max(rates):.1f} in {len(rates)} rounds" if len(rates) > 1 else "one round"
        lines.append(
            line(
                (f"  {workers:>4} {'workers' if workers != 1 else 'worker '} ", Ink.TEXT),
                (f"{bar(mean / most if most else 0.0, columns):<{columns}}", Ink.FILLED),
                (f"{mean:>8.1f} fills/s", Ink.STRONG),
                (f"  {between}", Ink.MUTED),
            )
        )
    return lines


def _leg(leg: LegFace) -> Line:
    name = f"{leg.round.label}{f', pass {leg.number}' if leg.number > 1 else ''}"[:20] if leg.round else _name(leg)
    lost = leg.persisted is not None and leg.persisted < leg.acknowledged
    there = "" if leg.persisted is None else f"{leg.persisted}{'!' if lost else ''}"
    tidied = []
    if leg.swept_holds is not None:
        tidied.append(f"{leg.swept_holds} holds swept")
    if leg.cleared_zone_locks is not None:
        tidied.append(f"{leg.cleared_zone_locks} zone locks cleared")
    return line(
        (f"  {name:<20}", Ink.STRONG if not leg.is_over else Ink.TEXT),
        (f"{leg.turns:>8}{leg.attempts:>7}", Ink.TEXT),
        (f"{leg.acknowledged:>11}", Ink.TEXT),
        (f"{leg.filled:>8}", Ink.FILLED),
        (f"{there:>8}", Ink.FAULT if lost else Ink.TEXT),
        (f"{'' if leg.pending is None else leg.pending:>9}", Ink.TEXT),
        (f"   {', '.join(tidied)}" if tidied else "", Ink.MUTED),
    )


def _name(leg: LegFace) -> str:
    return f"pass {leg.number}" + (f", repeat {leg.repeat}" if leg.repeat > 1 else "")
