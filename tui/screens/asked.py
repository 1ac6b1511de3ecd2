"""One thing closely: a booking, a slot, a worker, the server. Asks for it again and again while it is open."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from engine.details import REPLAYED
from engine.front import LinkLost
from engine.model.detail import AttemptTold, Detail, DetailKind
from engine.model.snapshot import RunSnapshot
from tui.booking_detail import booking_lines, booking_name
from tui.format import moment, took
from tui.lines import Area, Ink, Line, line
from tui.screens.rows import RowSheet, folded
from tui.server_detail import server_lines
from tui.waterfall import heading, strips, waterfall
from tui.worker_detail import section, worker_detail

Ask = Callable[[str, str], Awaitable[Detail]]
GONE = "the engine does not answer: this is from the run's journal, and its database is not asked"
"""What stands in place of the database's half, where the journal was read because nobody answered."""
_AGAIN_S = {DetailKind.WORKER: 1.0, DetailKind.POSTGRES: 5.0}
_USUAL_S = 2.0


class AskedScreen(RowSheet):
    """A kind of thing, and which one; whatever stands between it and an answer is said."""

    def __init__(
        self, kind: DetailKind, wanted: str, ask: Ask, snapshot: RunSnapshot | None, *, ascii_only: bool = False
    ) -> None:
        super().__init__(ascii_only=ascii_only)
        self.snapshot = snapshot
        self.kind = kind
        self.wanted = wanted
        self.told: Detail | None = None
        self.lost = ""
        self._ask = ask
        self._frozen = False
        self._picture: list[Line] = []
        """The last one of a worker; it may go while it is looked at."""

    @property
    def crumb(self) -> str:  # type: ignore[override]
        """What it is, for the title of whatever is opened from it too."""
        match self.kind:
            case DetailKind.BOOKING:
                return booking_name(self.told, self.wanted)
            case DetailKind.WORKER:
                return f"worker {self.wanted}"
            case DetailKind.TURN:
                newest = self._attempts[0] if self._attempts else None
                return f"slot {newest.day} {newest.slot}" if newest is not None and newest.slot else "slot"
            case _:
                return "Postgres"

    def on_mount(self) -> None:
        """Begin to ask."""
        self.run_worker(self._watch(), name="asking", exit_on_error=True)

    async def _watch(self) -> None:
        """Ask, draw, sleep: a slow answer only lowers the rate. What is hidden or frozen is not asked for again."""
        while True:
            if self.told is None or (self.is_current and not self._frozen):
                await self.ask()
            await asyncio.sleep(_AGAIN_S.get(self.kind, _USUAL_S))

    async def ask(self) -> None:
        """Ask once, and draw the answer."""
        try:
            self.told = await self._ask(self.kind.value, self.wanted)
            self.lost = ""
        except LinkLost as lost:
            self.lost = str(lost) or "it does not answer"
        self.redraw()

    def freeze(self, *, frozen: bool) -> None:
        """Ask no more, or again."""
        self._frozen = frozen

    @property
    def _attempts(self) -> Sequence[AttemptTold]:
        return self.told.attempts if self.told is not None else ()

    def draw(self, area: Area) -> list[Line]:
        """How the answer stands, then the answer."""
        lines = [self._standing(), line("")]
        if self.told is not None and self.told.journal_trouble:
            lines.append(line(("  journal: ", Ink.MUTED), (self.told.journal_trouble, Ink.UNKNOWN)))
        body = self._body(area.width)
        if not body:
            words = "" if self.lost else "  waiting for the engine's answer"
            body = [line((words, Ink.MUTED))]
        return [part for one in [*lines, *body] for part in folded(one, area.width)]

    def _standing(self) -> Line:
        if self.lost and self.told is None:
            return line((" NO ANSWER: ", Ink.FAULT), (self.lost, Ink.TEXT))
        if self.lost:
            was = f"; this was so at {moment(self.told.at_ns)}" if self.told is not None else ""
            return line((" NO ANSWER: ", Ink.FAULT), (f"{self.lost}{was}", Ink.TEXT))
        if self.told is None:
            return line((" asking the engine", Ink.MUTED))
        run = self.snapshot.run if self.snapshot is not None else None
        if self.kind is DetailKind.POSTGRES and self.told.database_trouble == REPLAYED:
            return line((" nobody is asked: what is below was seen by the look in the recording", Ink.MUTED))
        if self.told.database_trouble in (GONE, REPLAYED):
            until = f" from the run's journal, up to {moment(self.told.at_ns)}"
            return line((f"{until}, read in {took(self.told.took_ns)}", Ink.MUTED))
        state = f"   run {run.state.value.upper()}" if run is not None else ""
        asked = f" asked at {moment(self.told.at_ns)}, answered in {took(self.told.took_ns)}"
        again = "   view FROZEN: not asked again" if self._frozen else ""
        return line((f"{asked}{state}", Ink.MUTED), (again, Ink.CONTENTION))

    def _body(self, width: int) -> list[Line]:
        match self.kind:
            case DetailKind.BOOKING:
                return self._booking(width)
            case DetailKind.TURN:
                return self._turn(width)
            case DetailKind.WORKER:
                return self._worker(width)
            case _:
                sample = self.snapshot.sample if self.snapshot is not None else None
                return server_lines(self.told, sample, width) if self.told is not None else []

    def _booking(self, width: int) -> list[Line]:
        if self.told is None:
            return []
        lines = booking_lines(self.told, width)
        if self.told.others:
            lines += [line(""), section("other bookings that begin so")]
            lines += [
                line(("> " if f"booking:{one}" == self.cursor else "  ", Ink.ACCENT), str(one), row=f"booking:{one}")
                for one in self.told.others
            ]
        return lines

    def _turn(self, width: int) -> list[Line]:
        if self.told is None:
            return []
        if not self._attempts:
            return [line(("  no attempt has been made in it yet", Ink.MUTED))]
        count = f"{len(self._attempts)} attempts, newest first; enter opens the booking"
        lines = [section(count), *strips(self._attempts, width, self.told.at_ns, self.cursor)]
        if self.told.more_attempts:
            lines.append(line((f"  and {self.told.more_attempts} earlier ones", Ink.MUTED)))
        return lines

    def _worker(self, width: int) -> list[Line]:
        found = worker_detail(self.snapshot, self.wanted) if self.snapshot is not None else None
        if found is not None:
            self._picture = found[1]
        lines = self._picture
        gone = [line(("  it is gone; this was its last picture", Ink.CONTENTION))] if found is None else []
        # What it does now, then what it did: its totals and its backend come after.
        first = next((place for place, one in enumerate(lines) if not one.text), len(lines))
        now, rest = [*gone, *lines[:first]], lines[first:]
        if self.told is None:
            return [*now, line(""), line((" asking for its last attempts", Ink.MUTED)), *rest]
        if not self._attempts:
            return [*now, line(""), line(("  no attempt of it is remembered", Ink.MUTED)), *rest]
        attempts = self._attempts[:8]
        newest = attempts[0]
        return [
            *now,
            line(""),
            section("its last attempts, step by step; enter opens the booking"),
            *strips(attempts, width, self.told.at_ns, self.cursor),
            line(""),
            heading(newest, self.told.at_ns),
            *waterfall(newest, width),
            *rest,
        ]

    def opened(self, row: str) -> None:
        """The booking of that attempt."""
        kind, _, name = row.partition(":")
        if self.kind is DetailKind.BOOKING and kind != "booking":
            return
        wanted = f"#{name}" if kind == "attempt" else name
        booking = next((one.booking_id for one in self._attempts if f"attempt:{one.attempt}" == row), None)
        found = str(booking) if booking is not None else wanted
        screen = AskedScreen(DetailKind.BOOKING, found, self._ask, self.snapshot, ascii_only=self.sheet.ascii_only)
        self.app.push_screen(screen)
