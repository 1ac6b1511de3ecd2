"""Hold conflicts and zone-lock failures, folded from refusals."""

from collections import deque
from collections.abc import Mapping
from heapq import nsmallest

from engine.metrics.series import Counts
from engine.model.event import Refused
from engine.model.ids import WorkerId
from engine.model.snapshot import ConflictFace, ConflictFigures, ConflictsFace, ZoneLockFace
from engine.redact import mask

RECENT = 50
MOST = 40


class Conflicts:
    """Hold conflicts by table and slot, and the last of them."""

    def __init__(self) -> None:
        self._total = 0
        self._series = Counts()
        self._by_table: dict[str, tuple[int, int]] = {}
        self._by_slot: dict[str, tuple[int, int]] = {}
        self._recent: deque[ConflictFace] = deque(maxlen=RECENT)

    def take(self, event: Refused, slot: str, tables: tuple[str, ...]) -> None:
        """One hold conflict; slot and tables as a line names them."""
        self._total += 1
        self._series.record(event.at_ns)
        for name in tables:
            self._by_table[name] = (self._by_table.get(name, (0, 0))[0] + 1, event.at_ns)
        if slot:
            self._by_slot[slot] = (self._by_slot.get(slot, (0, 0))[0] + 1, event.at_ns)
        self._recent.appendleft(
            ConflictFace(
                at_ns=event.at_ns,
                worker=event.ids.worker or WorkerId(0),
                slot=slot,
                tables=tables,
                constraint=event.refusal.constraint or "",
                held_by=mask(event.refusal.held_by or ""),
            )
        )

    def face(self, now_ns: int) -> ConflictsFace:
        """All of it at one moment."""
        return ConflictsFace(
            total=self._total,
            series=self._series.until(now_ns),
            by_table=_most(self._by_table),
            by_slot=_most(self._by_slot),
            recent=tuple(self._recent),
        )


class ZoneLocks:
    """Zone-lock failures: how many, and the last of them."""

    def __init__(self) -> None:
        self.total = 0
        self._recent: deque[ZoneLockFace] = deque(maxlen=RECENT)

    def take(self, event: Refused, booking: str) -> None:
        """One failure; `booking` is the first eight characters of its id."""
        self.total += 1
        self._recent.appendleft(
            ZoneLockFace(
                at_ns=event.at_ns,
                worker=event.ids.worker or WorkerId(0),
                booking=booking,
                attempt=event.ids.attempt or 0,
                message=mask(event.refusal.message),
            )
        )

    def faces(self) -> tuple[ZoneLockFace, ...]:
        """The last ones, newest first."""
        return tuple(self._recent)


def _most(counted: Mapping[str, tuple[int, int]]) -> tuple[ConflictFigures, ...]:
    most = nsmallest(MOST, counted.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(ConflictFigures(name, count, last_at_ns) for name, (count, last_at_ns) in most)
