"""What a run tells the platform's own table of events."""

from datetime import datetime
from uuid import UUID

import msgspec


class ToldEvent(msgspec.Struct, frozen=True):
    """One row of `observability_events`."""

    at: datetime
    type: str
    """`slotfill.success`, `slotfill.refused`, `slotfill.conflict`, `slotfill.quote`, `slotfill.override`,
    `slotfill.alert`."""
    severity: str
    """One of the four that the table takes."""
    context: dict[str, object]
    """Always with the run's id under `run`, by which they are found again."""
    restaurant: UUID | None = None
    booking: UUID | None = None
