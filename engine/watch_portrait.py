"""A watch at this moment as one RunSnapshot: where a run would be there is nothing, and it says what is looked at."""

import msgspec

from engine.metrics.tally import Tally
from engine.model.attached import Attached
from engine.model.ids import SCHEMA_VERSION, RunId
from engine.model.run_state import RunState
from engine.model.sample import Sample
from engine.model.snapshot import RunFace, RunSnapshot
from engine.model.waits import Waits
from engine.records.archive import LOOKED_AT
from engine.redact import mask

WATCH = LOOKED_AT
"""The word that stands where a run has its plan."""


class Watched(msgspec.Struct, frozen=True):
    """What does not change in a watch."""

    run_id: RunId
    name: str
    started_at: str
    target: str
    database: str
    place: str
    """Database, role and server, in words."""


class Gauges(msgspec.Struct, frozen=True):
    """How the watch itself fares."""

    tick: int
    now_ns: int
    state: RunState
    reason: str
    exit_code: int | None
    consoles: int
    attached: tuple[Attached, ...]
    journal_bytes: int
    lag_p99_ns: int
    lag_max_ns: int


def watch_portrait(
    watched: Watched, gauges: Gauges, look: tuple[Sample | None, str], waits: Waits, tally: Tally
) -> RunSnapshot:
    """Everything that panels about a database may draw."""
    sample, trouble = look
    return RunSnapshot(
        schema=SCHEMA_VERSION,
        tick=gauges.tick,
        run=RunFace(
            run_id=watched.run_id,
            name=mask(watched.name),
            plan=WATCH,
            target=watched.target,
            database=watched.database,
            state=gauges.state,
            reason=mask(gauges.reason),
            seed=0,
            started_at=watched.started_at,
            elapsed_ns=gauges.now_ns,
            turns=0,
            turns_ended=0,
            attempts=0,
            most_attempts=0,
            filled=0,
            in_flight=0,
            concurrency=0,
            workers=0,
            effective_concurrency=0.0,
            idle_workers=0,
            rate_per_s=None,
            late_ns=0,
            lag_p99_ns=gauges.lag_p99_ns,
            lag_max_ns=gauges.lag_max_ns,
            consoles=gauges.consoles,
            journal_bytes=gauges.journal_bytes,
            settings={},
            exit_code=gauges.exit_code,
            attached=gauges.attached,
            watches=mask(watched.place),
        ),
        workers=(),
        steps=(),
        outcomes=(),
        refusals=(),
        fills=(),
        slots=(),
        conflicts=tally.conflicts(gauges.now_ns),
        zone_locks=(),
        zone_lock_total=0,
        sample=sample,
        sample_trouble=trouble,
        events=tally.events(),
        waits=waits,
    )
