"""Pass by pass and repeat by repeat: what was tried, what the platform said, and what was there afterwards."""

from typing import ClassVar

from engine.model.snapshot import LegFace, RunSnapshot
from tui.lines import Area, Ink, Line, line
from tui.panel import Panel, Want
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
        "it is less than confirmed, bookings were claimed and are not there (`!`). N goes on to the next pass."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A line a leg, and a line for each restaurant of the last one."""
        legs = len(snapshot.legs) if snapshot else 1
        restaurants = len(snapshot.legs[-1].restaurants) if snapshot and snapshot.legs else 1
        rows = max(3, 2 + legs + (restaurants if restaurants > 1 else 0))
        return Want(3, min(rows, 10), rows)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many there were."""
        over = sum(leg.is_over for leg in snapshot.legs)
        return f"{cls.TITLE}: {over} over" if snapshot.legs else cls.TITLE

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """The newest leg with its restaurants, then the older ones."""
        if not snapshot.legs:
            return [line(("  no pass has begun", Ink.MUTED))]
        newest, *older = reversed(snapshot.legs)
        lines = [line((_HEAD, Ink.MUTED)), _leg(newest)]
        if len(newest.restaurants) > 1:
            for one in newest.restaurants:
                counts = f"{one.planned:>8}{one.attempts:>7}{one.acknowledged:>11}{one.filled:>8}"
                lines.append(line((f"    {one.restaurant[:17]:<18}", Ink.MUTED), (counts, Ink.MUTED)))
        lines += [_leg(leg) for leg in older]
        return lines[: area.height]


def _leg(leg: LegFace) -> Line:
    name = f"pass {leg.number}" + (f", repeat {leg.repeat}" if leg.repeat > 1 else "")
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
