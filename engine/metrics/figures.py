"""What a tally says."""

import msgspec

from engine.model.paths_face import PathsFace
from engine.model.run_state import RunState
from engine.model.snapshot import (
    ConflictsFace,
    EventLine,
    LegFace,
    OutcomeFigures,
    RefusalFigures,
    SlotFace,
    StepFigures,
    ZoneLockFace,
)


class RunCounts(msgspec.Struct, frozen=True):
    """Counts of the whole run."""

    state: RunState
    reason: str
    concurrency: int
    """Workers wanted, as far as events say."""
    turns: int
    turns_ended: int
    most_attempts: int
    attempts: int
    """Those that ended; the outcomes add up to it."""
    filled: int
    in_flight: int
    certainties: dict[str, int]
    seat_waste: int
    """Seats given beyond the parties, of all filled."""
    tables: int
    """Tables given, of all filled."""
    first_send_ns: int | None
    last_answer_ns: int | None
    late_ns: int
    """How far behind its schedule the last ended attempt began."""
    effective_concurrency: float

    @property
    def fills_per_s(self) -> float | None:
        """Filled by the time from first send to last answer; None before there is one."""
        if self.first_send_ns is None or self.last_answer_ns is None or self.last_answer_ns <= self.first_send_ns:
            return None
        return self.filled * 1e9 / (self.last_answer_ns - self.first_send_ns)


class Figures(msgspec.Struct, frozen=True):
    """Everything a tally says at one moment; equal for a run and for the replay of its journal."""

    at_ns: int
    counts: RunCounts
    steps: tuple[StepFigures, ...]
    outcomes: tuple[OutcomeFigures, ...]
    refusals: tuple[RefusalFigures, ...]
    fills: tuple[int, ...]
    slots: tuple[SlotFace, ...]
    conflicts: ConflictsFace
    zone_locks: tuple[ZoneLockFace, ...]
    zone_lock_total: int
    events: tuple[EventLine, ...]
    legs: tuple[LegFace, ...] = ()
    paths: PathsFace = PathsFace()
