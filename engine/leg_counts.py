"""What the journal says of one leg, counted when it is over."""

from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from engine.model.event import AttemptEnded
from engine.model.outcome import OUTCOMES, Certainty, Kind, Outcome
from engine.observe.load import Load
from engine.records.journal import Place, read
from engine.records.spool import Spool
from engine.settlement import WHOLE

_FILLED = Outcome.FILLED.word
_MAY_PASS = frozenset(word for word, one in OUTCOMES.items() if one.kind in (Kind.CONTENTION, Kind.FAULT, Kind.UNKNOWN))
"""Outcomes that another pass may not meet again."""


class LegCounts(NamedTuple):
    """What the journal says of one leg."""

    attempts: int
    filled: int
    claimed: Spool[UUID]
    """Bookings of which the platform said success, once for each time it was said."""
    acknowledged: int
    may_pass: int
    """Attempts that another pass may not refuse: contention, faults, and what nobody knows."""
    doubtful: frozenset[int]
    """Transactions whose COMMIT nobody answered."""
    spoilt: int = 0
    """Attempts that a stall of the client fell into."""


def leg_counts(folder: Path, leg: int, since: Place | None = None, load: Load | None = None) -> LegCounts:
    """Attempts of one leg, from the journal: memory is not trusted. Raises RecordsDamaged, RecordsFailed."""
    attempts = filled = acknowledged = may_pass = spoilt = 0
    claimed = Spool(UUID, folder, kept=WHOLE)
    doubtful: set[int] = set()
    for event in read(folder, since):
        if isinstance(event, AttemptEnded) and event.ids.leg == leg:
            attempts += 1
            spoilt += load is not None and load.spoilt(event.started_ns, event.ended_ns)
            filled += event.outcome == _FILLED
            may_pass += event.outcome in _MAY_PASS
            if event.acknowledged:
                acknowledged += 1
                claimed.append(event.booking_id)
            if event.certainty is Certainty.INFO and event.xid is not None:
                doubtful.add(event.xid)
    return LegCounts(attempts, filled, claimed, acknowledged, may_pass, frozenset(doubtful), spoilt)
