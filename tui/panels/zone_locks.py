"""Zone-lock failures: bookings that are locked to one zone and were tried in another."""

from typing import ClassVar

from engine.model.ids import worker_name
from engine.model.snapshot import RunSnapshot
from tui.format import moment, tally
from tui.left_behind import zone_lock_lines
from tui.lines import Area, Ink, Line, line
from tui.panel import Panel, Want
from tui.unseen import unseen_lines
from tui.view import View


class ZoneLocksPanel(Panel):
    """Which bookings would fail again."""

    NAME: ClassVar[str] = "zone_locks"
    TITLE: ClassVar[str] = "zone locks"
    KEY: ClassVar[str] = "6"
    FROM_LOOK: ClassVar[bool] = True
    HELP: ClassVar[str] = (
        "A booking keeps the zone it was first assigned in. One that is pending without tables and locked to a "
        "zone would fail again anywhere else: those stand first, with since when they are so and which run made "
        "them. Below, the failures of this run. Queues for a zone are in the locks panel (l)."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Steady."""
        return Want(4, 5, 7)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many failed, and how many would fail again."""
        pending = snapshot.sample.zone_locked_count if snapshot.sample else 0
        return f"{cls.TITLE}: {tally(snapshot.zone_lock_total)} failed" + (
            f"   {pending} WOULD FAIL AGAIN !" if pending else ""
        )

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """Locked bookings, then failures, newest first."""
        lines: list[Line] = []
        locked = snapshot.sample.zone_locked if snapshot.sample else ()
        # Half of the room at most, so that many locked bookings do not hide every failure.
        room = max(1, area.height // 2) if snapshot.zone_locks else area.height
        headed = room > 3
        lines += zone_lock_lines(locked[: room - headed], snapshot.run.run_id, area.width, headed=headed)
        if len(locked) > room - headed:
            more = len(locked) - room + headed + 1
            lines[-1] = line((f"  and {more} bookings more; :repair zone-locks", Ink.MUTED))
        for face in snapshot.zone_locks:
            lines.append(
                line(
                    (f"  {moment(face.at_ns):>8} ", Ink.MUTED),
                    f"{worker_name(face.worker):<4}",
                    (f"{face.booking[:8]} ", Ink.STRONG),
                    (face.message, Ink.CONTENTION),
                    (f"  (attempt {face.attempt})", Ink.MUTED),
                )
            )
        blind = unseen_lines(snapshot, cls.NAME)
        if lines or blind:
            return [*blind, *lines]
        return [line(("  no booking is locked to a zone it was not given", Ink.MUTED))]
