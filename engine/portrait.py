"""The run at this moment as one RunSnapshot: tally, board and last look put together."""

import msgspec

from engine.config import FlagSettings
from engine.fill.crew import Crew
from engine.metrics.left import Bounds, Pace, left
from engine.metrics.tally import Tally
from engine.model.attached import Attached
from engine.model.ids import SCHEMA_VERSION, RunId
from engine.model.run_state import WorkerState
from engine.model.sample import Sample
from engine.model.snapshot import RunFace, RunSnapshot
from engine.model.waits import Waits
from engine.redact import mask


class RunFacts(msgspec.Struct, frozen=True):
    """What does not change in a run and every snapshot says."""

    run_id: RunId
    name: str
    plan: str
    target: str
    database: str
    seed: int
    started_at: str
    flags: dict[str, str] = {}
    """As `flags_of` gives them."""
    fallback: str = ""
    """The sentence that a local address is used instead of the one that was asked for; empty when it is not."""
    says: str = ""
    """Of a sweep: what its plan can show."""


PLATFORM_FLAGS = FlagSettings(auto_assign_on_booking=False, rate_limit_per_minute=60, suppress_emails=False)
"""What the platform does when nobody sets a flag; our own defaults differ where a load run needs it."""


def flags_of(flags: FlagSettings) -> dict[str, str]:
    """Every flag as a text, those that differ from the platform's own defaults first, which they name."""
    differing, same = {}, {}
    for name in flags.__struct_fields__:
        value, usual = _flag(getattr(flags, name)), _flag(getattr(PLATFORM_FLAGS, name))
        if value == usual:
            same[name] = value
        else:
            differing[name] = f"{value} (platform: {usual})"
    return differing | same


def _flag(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


class Gauges(msgspec.Struct, frozen=True):
    """What neither tally nor crew knows."""

    tick: int
    now_ns: int

    lag_p99_ns: int
    lag_max_ns: int
    consoles: int
    attached: tuple[Attached, ...]
    journal_bytes: int
    most_attempts: int
    settings: dict[str, str]
    exit_code: int | None
    reason: str
    waits: Waits | None = None
    ran_ns: int = 0
    """How long the leg in hand has been going on, pauses left out."""
    bounds: Bounds = Bounds()


def portrait(facts: RunFacts, crew: Crew, tally: Tally, look: tuple[Sample | None, str], gauges: Gauges) -> RunSnapshot:
    """Everything any panel may draw, at `gauges.now_ns`."""
    now_ns = gauges.now_ns
    sample, trouble = look
    # What was waited for when the server last answered says nothing of now.
    fresh = sample if sample and not trouble else None
    waits = {backend.pid: backend.wait for backend in fresh.backends if backend.wait} if fresh else {}
    rows = [row for _, row in sorted(crew.rows.items())]
    workers = tuple(row.face(now_ns, waits.get(row.pid or 0, "")) for row in rows)
    there = [row for row in rows if row.state is not WorkerState.GONE]
    working: dict[int, list[int]] = {}
    for row in rows:
        if row.turn is not None:
            working.setdefault(row.turn.id, []).append(row.worker)
    slots = tally.slots_around()
    counts = tally.counts(now_ns)
    legs = tally.legs()
    noun = {"fill": "slots", "burst": "requests"}.get(facts.plan, "bookings")
    pace = Pace(now_ns, gauges.ran_ns, counts.turns_ended, counts.turns, slots, noun)
    rest = left(crew.state, pace, legs, gauges.bounds)
    return RunSnapshot(
        schema=SCHEMA_VERSION,
        tick=gauges.tick,
        run=RunFace(
            run_id=facts.run_id,
            name=mask(facts.name),
            plan=facts.plan,
            target=facts.target,
            database=facts.database,
            state=crew.state,
            reason=mask(gauges.reason or crew.reason or crew.trouble),
            seed=facts.seed,
            started_at=facts.started_at,
            elapsed_ns=now_ns,
            turns=counts.turns,
            turns_ended=counts.turns_ended,
            attempts=counts.attempts,
            most_attempts=gauges.most_attempts,
            filled=counts.filled,
            in_flight=crew.in_flight,
            concurrency=crew.concurrency,
            workers=len(there),
            # Once it is over as the result says it: what was read and judged after the last answer is left out.
            effective_concurrency=counts.effective_concurrency if crew.state.is_over else crew.effective_concurrency,
            idle_workers=sum(row.state is WorkerState.IDLE for row in there),
            rate_per_s=crew.pace.rate,
            late_ns=max(crew.late_ns, crew.behind_ns),
            lag_p99_ns=gauges.lag_p99_ns,
            lag_max_ns=gauges.lag_max_ns,
            consoles=gauges.consoles,
            attached=gauges.attached,
            journal_bytes=gauges.journal_bytes,
            settings=gauges.settings,
            exit_code=gauges.exit_code,
            left_ns=rest.ns,
            left_says=rest.says,
            flags=facts.flags,
            fallback=facts.fallback,
            says=facts.says,
            fills_per_s=counts.fills_per_s if crew.state.is_over else None,
        ),
        workers=workers,
        steps=tally.steps(now_ns),
        outcomes=tally.outcomes(now_ns),
        refusals=tally.refusals(),
        fills=tally.fills(now_ns),
        slots=tuple(
            msgspec.structs.replace(slot, workers=tuple(working[slot.turn])) if slot.turn in working else slot
            for slot in slots
        ),
        conflicts=tally.conflicts(now_ns),
        zone_locks=tally.zone_locks(),
        zone_lock_total=tally.zone_lock_total,
        sample=sample,
        sample_trouble=trouble,
        events=tally.events(),
        legs=legs,
        paths=tally.paths(now_ns),
        truth=tally.truth(),
        map=tally.map(sample, now_ns),
        ranking=tally.ranking(now_ns, sample, gauges.settings, slots),
        waits=gauges.waits,
    )
