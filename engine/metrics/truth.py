"""Folds the readings that are made during a run."""

from collections import deque
from collections.abc import Callable

from engine.model.event import Missed, Reconciled
from engine.model.ids import TurnId, worker_name
from engine.model.truth_face import MissedFace, TruthFace

MOST = 64


class Truth:
    """The ledger so far. Bounded: the newest 64 missed bookings are kept by name, all are counted."""

    def __init__(self, slot_name: Callable[[TurnId | None], str]) -> None:
        self._slot_name = slot_name
        self._missed: deque[MissedFace] = deque(maxlen=MOST)
        self._last: Reconciled | None = None
        self._readings = 0

    def missed(self, event: Missed) -> None:
        """Take in a booking that is not as it was acknowledged."""
        seen = event.seen_ns
        self._missed.append(
            MissedFace(
                booking=str(event.booking_id)[:8],
                entry=event.entry,
                slot=self._slot_name(event.ids.turn),
                attempt=event.ids.attempt,
                worker="" if event.ids.worker is None else worker_name(event.ids.worker),
                claimed=event.claimed,
                status=event.status,
                tables=event.tables,
                after_ns=event.at_ns - event.acknowledged_ns,
                seen_ns=None if seen is None else seen - event.acknowledged_ns,
                cause=event.cause,
            )
        )

    def reconciled(self, event: Reconciled) -> None:
        """Take in a reading's counts."""
        self._last = event
        self._readings += 1

    def face(self) -> TruthFace:
        """What a screen shows of it."""
        last = self._last
        if last is None:
            return TruthFace(missed=tuple(self._missed))
        return TruthFace(
            at_ns=last.at_ns,
            took_ns=last.took_ns,
            readings=self._readings,
            acknowledged=last.acknowledged,
            checked=last.checked,
            persisted=last.persisted,
            lost=last.lost,
            torn=last.torn,
            altered=last.altered,
            trouble=last.trouble,
            missed=tuple(self._missed),
        )
