"""The end of a run that is not in its recording, as when its engine died: its journal lacks nothing."""

from pathlib import Path

from msgspec.structs import replace

from engine.metrics.tally import Tally
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from engine.records.journal import read


def last_moments(folder: Path, seen: RunSnapshot) -> RunSnapshot:
    """The last picture brought to the journal's end: figures are those of then, workers and looks those last seen.

    Raises RecordsDamaged when the journal cannot be read.
    """
    tally = Tally()
    for event in read(folder):
        tally.apply(event)
    now_ns = max(tally.at_ns, seen.run.elapsed_ns)
    counts = tally.counts(now_ns)
    lacking = (now_ns - seen.run.elapsed_ns) / 1e9
    state, reason = counts.state, counts.reason
    if not state.is_over:
        state, reason = RunState.CRASHED, "the engine died"
    if lacking >= 0.01:
        told = f"figures of the last {lacking:.1f} s are the journal's, workers and locks as seen before"
        reason = f"{reason}; {told}" if reason else told
    return replace(
        seen,
        tick=seen.tick + 1,
        run=replace(
            seen.run,
            state=state,
            reason=reason,
            elapsed_ns=now_ns,
            turns=counts.turns,
            turns_ended=counts.turns_ended,
            attempts=counts.attempts,
            most_attempts=counts.most_attempts,
            filled=counts.filled,
            in_flight=counts.in_flight,
            effective_concurrency=counts.effective_concurrency,
        ),
        steps=tally.steps(now_ns),
        outcomes=tally.outcomes(now_ns),
        refusals=tally.refusals(),
        fills=tally.fills(now_ns),
        slots=tally.slots_around(),
        conflicts=tally.conflicts(now_ns),
        zone_locks=tally.zone_locks(),
        zone_lock_total=tally.zone_lock_total,
        events=tally.events(),
        legs=tally.legs(),
        paths=tally.paths(now_ns),
        truth=tally.truth(),
    )
