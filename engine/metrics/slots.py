"""The turns of a run with their attempts, folded from events."""

from engine.model.ids import TurnId, WorkerId
from engine.model.snapshot import SlotFace
from engine.model.turn import Turn, TurnEnd


class Slot:
    """One turn and what has come of it."""

    __slots__ = ("_face", "attempts", "cap", "conflicts", "end", "filled", "turn", "workers")

    def __init__(self, turn: Turn, cap: int) -> None:
        self.turn = turn
        self.cap = cap
        self.attempts = 0
        self.filled = 0
        self.conflicts = 0
        self.workers: set[WorkerId] = set()
        self.end: TurnEnd | None = None
        self._face: SlotFace | None = None

    def ends_attempt(self, *, filled: bool) -> None:
        """An attempt of it ended."""
        self.attempts += 1
        self.filled += filled
        self._face = None

    def meets(self) -> None:
        """A hold conflict was met."""
        self.conflicts += 1
        self._face = None

    def allows(self, cap: int) -> None:
        """So many attempts are allowed from now on."""
        self.cap = cap
        self._face = None

    def joins(self, worker: WorkerId) -> None:
        """The worker is on it now."""
        self.workers.add(worker)
        self._face = None

    def leaves(self, worker: WorkerId) -> None:
        """The worker is on it no more."""
        self.workers.discard(worker)
        self._face = None

    def finishes(self, end: TurnEnd) -> None:
        """It takes no more attempts, and nobody is on it."""
        self.end = end
        self.workers.clear()
        self._face = None

    def face(self) -> SlotFace:
        """The turn as the slots panel shows it; the same object until it changes, as most of a picture's do not."""
        if self._face is None:
            self._face = self.drawn()
        return self._face

    def is_out_of_sight(self) -> None:
        """No picture has it for now: nothing is kept for the next one."""
        self._face = None

    def drawn(self) -> SlotFace:
        """The turn as the slots panel shows it, and nothing is kept of that."""
        return SlotFace(
            turn=self.turn.id,
            day=self.turn.on.isoformat(),
            slot=self.turn.label,
            party=self.turn.party,
            attempts=self.attempts,
            filled=self.filled,
            cap=self.cap,
            workers=tuple(sorted(self.workers)),
            end=self.end,
            conflicts=self.conflicts,
            restaurant=self.turn.restaurant,
            booking=str(self.turn.booking_id)[:8] if self.turn.booking_id else "",
        )


SHOWN = 600
"""So many turns a picture holds at most; a screen of 250x80 shows fewer."""
SHOWN_BEFORE = 200
"""Of them, so many before the first that has not ended."""


class Slots:
    """All turns, and which worker is on which."""

    def __init__(self) -> None:
        self._slots: dict[TurnId, Slot] = {}
        self._place: dict[WorkerId, TurnId] = {}
        self._restaurants: set[str] = set()
        self._days: set[object] = set()
        self._order: list[Slot] = []
        self._first_open = 0
        self._seen_from = 0
        """The first slot of the last picture."""
        self._most_attempts = 0
        self.ended = 0

    def __len__(self) -> int:
        """Turns of the leg in hand."""
        return len(self._order)

    @property
    def most_attempts(self) -> int:
        """Attempts that all turns together allow."""
        return self._most_attempts

    def plan(self, turns: tuple[Turn, ...], most_attempts: int) -> None:
        """Take in a leg's turns; what they allow is shared out evenly, as a plan has one cap for all of its turns."""
        self._out_of_sight(self._seen_from + SHOWN)
        self.ended = 0
        self._first_open = self._seen_from = 0
        self._order = []
        for number, turn in enumerate(turns):
            slot = self._slots[turn.id] = Slot(
                turn, most_attempts // len(turns) + (number < most_attempts % len(turns))
            )
            self._restaurants.add(turn.restaurant)
            self._days.add(turn.on)
            self._order.append(slot)
        self._most_attempts += most_attempts

    def cap(self, most: int) -> None:
        """Turns that have not ended allow this many attempts from now on."""
        for slot in self._order:
            if slot.end is None:
                self._most_attempts += most - slot.cap
                slot.allows(most)

    def of(self, turn: TurnId | None) -> Slot | None:
        """The turn's slot; None for a turn that was not planned."""
        return None if turn is None else self._slots.get(turn)

    def name(self, turn: TurnId | None) -> str:
        """The slot as a line names it: `19:15`, with its date and restaurant where the run has several."""
        slot = self.of(turn)
        if slot is None:
            return ""
        day = f"{slot.turn.on.isoformat()} " if len(self._days) > 1 else ""
        where = f"{slot.turn.restaurant} " if len(self._restaurants) > 1 else ""
        return f"{where}{day}{slot.turn.label}"

    def table(self, turn: TurnId | None, number: str) -> str:
        """The table as a line names it, with its restaurant where the run has several."""
        slot = self.of(turn)
        return f"{slot.turn.restaurant} {number}" if slot is not None and len(self._restaurants) > 1 else number

    def put(self, worker: WorkerId, turn: TurnId | None) -> None:
        """The worker is on this turn now, or on none."""
        before = self._place.get(worker)
        if before == turn:
            return
        if before is not None:
            self._slots[before].leaves(worker)
            del self._place[worker]
        slot = self.of(turn)
        if turn is not None and slot is not None and slot.end is None:
            slot.joins(worker)
            self._place[worker] = turn

    def finish(self, turn: TurnId | None, end: TurnEnd) -> None:
        """The turn takes no more attempts."""
        slot = self.of(turn)
        if slot is None:
            return
        self.ended += slot.end is None
        for worker in slot.workers:
            del self._place[worker]
        slot.finishes(end)

    def faces(self) -> tuple[SlotFace, ...]:
        """Every turn of every leg, in the order they were planned."""
        return tuple(slot.drawn() for slot in self._slots.values())

    def around(self) -> tuple[SlotFace, ...]:
        """Of the leg in hand, at most SHOWN turns around the first that has not ended.

        A year's plan must not make every picture slow.
        """
        while self._first_open < len(self._order) and self._order[self._first_open].end is not None:
            self._first_open += 1
        begin = max(0, min(self._first_open - SHOWN_BEFORE, len(self._order) - SHOWN))
        self._out_of_sight(begin)
        return tuple(slot.face() for slot in self._order[begin : begin + SHOWN])

    def _out_of_sight(self, before: int) -> None:
        """Slots of the last picture up to this one are in no picture any more: of a million, six hundred are kept."""
        for slot in self._order[self._seen_from : before]:
            slot.is_out_of_sight()
        self._seen_from = before
