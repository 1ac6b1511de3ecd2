"""The end of a run: what the database holds is read back, the result is written, and only then is it over."""

import asyncio
import contextlib
from array import array
from collections.abc import Mapping, Sequence

import msgspec

from engine.config import Settings
from engine.database import STEP_ERRORS, DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.judge.seatings import HouseRules, Taken
from engine.judge.sweep import CPU_FULL
from engine.judge.waterfall import Ground
from engine.metrics.ledger import Words, ledger, merged
from engine.metrics.rounds import rounds
from engine.model.client_floor import ClientFloor
from engine.model.ledger import Entry, Ledger
from engine.model.outcome import Outcome
from engine.model.report import Burst, Level, Result, Sweep
from engine.model.rows import TableTaken
from engine.model.run_state import RunState
from engine.model.verdict import Experiment
from engine.model.waterfall import Waterfall
from engine.opening import Opened
from engine.passes import WHOLE
from engine.records.journal import read
from engine.records.ledger_parts import LedgerParts
from engine.records.levels import RoundSamples, experiment_of, levels_of, sweep_of
from engine.records.result import Ending, Persisted, build_result, write_result
from engine.records.samples import read as read_samples
from engine.records.samples import read_rounds
from engine.records.trouble import RecordsDamaged, RecordsFailed
from engine.records.verdict import houses_of
from engine.records.waterfall import PLANS, attempted, fell, keep_ground
from engine.session import RESTAURANT, Session
from engine.target import Capability
from engine.thresholds import held as held_to
from engine.thresholds import taken_in
from engine.wanted import strategies

_GROUND_S = 10.0
"""Longest time to read what others had taken."""
MOST_FALLEN = WHOLE
"""Attempts of which a waterfall is computed when a run ends: the planner is asked once more for every one of them."""
BEHIND_S = 1.0
"""Who begins later than this after the due moment has lost the pace, and not only a moment."""
LAG_TO_MENTION_NS = 25_000_000
"""A loop later than this spoils what it measures: steps here take single milliseconds."""


class Held(msgspec.Struct, frozen=True):
    """Claims against what is there."""

    persisted: Persisted | None
    """This run's confirmed bookings that have tables; None when that could not be read."""
    ledger: Ledger = Ledger()
    trouble: str = ""
    """Why the database could not be read."""


class Swept(msgspec.Struct, frozen=True):
    """What a sweep came to; of a run that is none, nothing."""

    levels: list[Level] = []
    sweep: Sweep | None = None
    experiment: dict[str, Experiment] = {}
    samples: RoundSamples = {}


async def conclude(stands: Opened, state: RunState, code: ExitCode, reason: str) -> int:
    """Read back, judge, write, and let the run be over. Returns its exit code."""
    run = stands.run
    if code is ExitCode.UNREACHABLE:
        run.passes.patience_ns = 0  # it was waited for already, in vain
    held = await _held(stands)
    with contextlib.suppress(RecordsFailed):
        # What the disk does not take of the checks it does not take of the result either, and there it is said.
        await stands.checks.after()
    with contextlib.suppress(RecordsFailed):
        await _alert(stands, state)
    now_ns = run.clock.now_ns()
    code, reason = judged(held, code, reason)
    code, reason = checked(stands.checks.grew, stands.checks.files, code, reason)
    try:
        run.samples.flush()
        await run.journal.sync()
        samples = await asyncio.to_thread(read_samples, stands.folder)
        swept = await asyncio.to_thread(_swept, stands, samples)
        ending = Ending(
            state=state,
            reason=reason,
            ended_at=run.clock.wall().isoformat(timespec="seconds"),
            # What was read and judged after the last answer is no time of the attempts.
            ended_ns=run.tally.counts(now_ns).last_answer_ns or now_ns,
            exit_code=int(code),
            persisted=held.persisted,
            ledger=held.ledger,
            alerts=(
                *alerts(run.lag.p99_ns()),
                *below_sight(stands.manifest.client_floor, samples),
                *(too_many(run.tally.attempts) if stands.manifest.plan in PLANS and stands.sweep is None else ()),
                *stands.checks.alerts,
                *run.passes.alerts,
                *(stands.continued.alerts if stands.continued is not None else ()),
                *run.alerting.told(),
            ),
            raised=run.alerting.face.alerts,
            integrity=stands.checks.counts,
            faults=run.faults.there if run.faults is not None else (),
            burst=_burst(stands),
            continued=stands.continued,
            levels=swept.levels,
            sweep=swept.sweep,
            experiment=swept.experiment,
            houses=houses_of(run.target.floors),
        )
        # In a thread: the verdict reads the whole journal, and consoles are still there.
        result = build_result(stands.manifest, ending, run.tally, samples)
        bounds = await asyncio.to_thread(held_to, run.steering.settings.thresholds, result, samples)
        code, reason = taken_in(bounds, code, reason)
        # Of a sweep only what no bound decided: one that failed is known, whatever the levels carry.
        code, reason = inconclusive(swept.sweep, code, reason)
        code, reason = paced(run.crew.pace.rate, run.tally.counts(now_ns).late_ns, run.passes.busiest, code, reason)
        result = msgspec.structs.replace(result, exit_code=int(code), reason=reason, thresholds=list(bounds))
        result = msgspec.structs.replace(result, waterfall=await _fell(stands, result))
        await asyncio.to_thread(write_result, stands.folder, result, samples, swept.samples)
        run.exit_code = int(code)
        run.reason = reason
        run.crew.conclude(state, reason)
        run.recording.write(await run.snapshot())
    except (RecordsFailed, RecordsDamaged) as error:
        # The disk took no more; consoles are still told, and the exit code says it.
        run.exit_code = int(ExitCode.RECORDS)
        run.reason = str(error)
        run.crew.state = RunState.CRASHED
        return ExitCode.RECORDS
    return code


async def _fell(stands: Opened, result: Result) -> Waterfall | None:
    """The success waterfall; None where a bound makes no sense, or what was taken before cannot be read."""
    run, settings = stands.run, stands.run.steering.settings
    target = run.target
    if result.plan not in PLANS or stands.sweep is not None or Capability.VERIFY not in target.capabilities:
        return None
    if result.attempts > MOST_FALLEN:
        return None
    taken: dict[str, tuple[Taken, ...]] = {}
    ours = await asyncio.to_thread(attempted, stands.folder)
    try:
        async with asyncio.timeout(_GROUND_S):
            rows = await _taken_before(stands)
    except (*STEP_ERRORS, DatabaseFailed, DatabaseUnreachable, TimeoutError):
        return None
    for row in rows:
        if row.booking_id not in ours:
            taken[row.restaurant] = (*taken.get(row.restaurant, ()), Taken(row.table, row.start, row.end))
    planners = getattr(target, "planners", {})
    ground = Ground(
        floors=dict(target.floors),
        taken=taken,
        # A quote relaxes adjacency when nothing else is free, and then the platform is not asked to enforce it.
        rules=HouseRules(adjacency=False, max_tables=_most_tables(result.plan, settings)),
        planning={slug: planner.rules for slug, planner in planners.items()},
        ladder=strategies(result.plan, settings) if planners else (),
        waiting=result.plan == "assign",
    )
    await asyncio.to_thread(keep_ground, stands.folder, ground)
    if not settings.records.waterfall:
        return None
    return await asyncio.to_thread(fell, stands.folder, ground, result)


async def _taken_before(stands: Opened) -> list[TableTaken]:
    """What others had; restaurant by restaurant where row security wants it. Raises what connecting and asking do."""
    run, found = stands.run, dict[tuple[object, ...], TableTaken]()
    contexts: list[dict[str, str]] = [{}]
    if run.passes.apart:
        contexts = [{RESTAURANT: str(floor.restaurant_id)} for floor in run.target.floors.values()]
    connection = await stands.connect(f"slotfill {run.facts.run_id} waterfall")
    try:
        for context in contexts:
            await Session.of(connection).bring(context)
            for row in await connection.rows("truth/taken_before", TableTaken, run.facts.run_id):
                found[row.booking_id, row.table, row.start] = row
    finally:
        await connection.close()
    return list(found.values())


def _most_tables(plan: str, settings: Settings) -> int:
    return settings.create.max_tables if plan == "create" else settings.allocator.max_tables


async def _alert(stands: Opened, state: RunState) -> None:
    """Judge the run's last picture, in which nobody looks any more; what is to be sent has its last seconds."""
    run = stands.run
    last = run.portrait(run.clock.now_ns())
    run.alerting.take(msgspec.structs.replace(last, run=msgspec.structs.replace(last.run, state=state)))
    await run.alerting.finish()


def alerts(lag_p99_ns: int) -> tuple[str, ...]:
    """What a reader of the figures must know before believing them."""
    if lag_p99_ns <= LAG_TO_MENTION_NS:
        return ()
    late = f"the engine's own loop was late by {lag_p99_ns / 1e6:.0f} ms (p99 of the last ten seconds)"
    cure = "use fewer workers or a lower rate to measure the platform"
    return (f"{late}: latencies of this run are partly the engine's; {cure}",)


def too_many(attempts: int) -> tuple[str, ...]:
    """What is not in the result, as it would take too long when a run ends."""
    if attempts <= MOST_FALLEN:
        return ()
    most = f"{attempts} attempts are too many for a success waterfall at the end of a run, which takes {MOST_FALLEN}"
    return (f"{most} at most: slotfill optimum takes the time",)


def below_sight(floor: ClientFloor | None, samples: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Steps whose median is within twice what the client itself costs: of those it cannot tell much."""
    if floor is None:
        return ()
    found = []
    for step in ("submit",):
        took = sorted(samples.get(step, ()))
        p50_ns = took[len(took) // 2] if took else 0
        if took and not floor.sees(p50_ns):
            found.append(
                f"{step} is below what this client can see: p50 {p50_ns / 1e6:.2f} ms, and an empty answer costs it "
                f"{floor.p50_ns / 1e6:.2f} ms at {floor.concurrency} at once"
            )
    return tuple(found)


def _swept(stands: Opened, samples: "Mapping[str, array[int]]") -> Swept:
    """The levels of a sweep, from its journal and its raw samples. Raises RecordsDamaged."""
    if stands.sweep is None:
        return Swept()
    settings = stands.run.steering.settings
    found = rounds(read(stands.folder))
    by_round = read_rounds(stands.folder, samples)
    # Where rounds share a database, there is one ledger of all of them.
    kept = stands.run.passes.kept
    ledgers = {one.repeat: one.ledger for one in kept} if len(kept) == len(found) else {}
    levels = levels_of(found, by_round, ledgers)
    seed, repeats = settings.run.seed, settings.run.repeat
    return Swept(levels, sweep_of(found, levels, seed, repeats), experiment_of(found, seed), by_round)


def inconclusive(sweep: Sweep | None, code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with a sweep taken in: what its levels do not carry is no answer."""
    if sweep is None or code is not ExitCode.PASSED:
        return code, reason
    if sweep.refusals:
        return ExitCode.INCONCLUSIVE, f"no estimate of how it scales: {sweep.refusals[0]}"
    if sweep.limited_at_most:
        return ExitCode.INCONCLUSIVE, f"the generator was the limit at {sweep.generator_limited[-1]}"
    return code, reason


def paced(rate: float | None, late_ns: int, busiest: float, code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with the rate taken in: where the engine could not keep it, its figures are of another load.

    `late_ns` is how late the last attempt began, `busiest` what the engine took of its one core. Falling behind with
    a core that is not used up is the platform's doing, or for want of workers, and a result like any other.
    """
    late_s = late_ns / 1e9
    if rate is None or code is not ExitCode.PASSED or late_s <= BEHIND_S or busiest <= CPU_FULL:
        return code, reason
    told = f"the last attempt began {late_s:.1f} s after it was due, and the engine took {busiest:.0%} of its one core"
    return ExitCode.INCONCLUSIVE, f"the generator was the limit at {rate:g} attempts a second: {told}; ask for fewer"


async def _held(stands: Opened) -> Held:
    try:
        passes = stands.run.passes
        await passes.finish(stands.run.plan, stands.run.crew)
        await passes.settle(stands.run.crew)
        shares = {share: count for one in passes.kept for share, count in one.persisted.shares.items()}
        persisted = Persisted(sum(one.persisted.total for one in passes.kept), shares)
        return Held(persisted, merged([one.ledger for one in passes.kept]))
    except (DatabaseFailed, DatabaseUnreachable, RecordsDamaged, RecordsFailed) as error:
        # What earlier repeats came to was read in databases of their own, and stays proven.
        unread = await asyncio.to_thread(_unread, stands)
        return Held(None, trouble=str(error), ledger=merged([*(one.ledger for one in passes.kept), unread]))


def _unread(stands: Opened) -> Ledger:
    """The ledger of what could not be read in the database: nothing in it is verified; of unreadable records, none."""
    run = stands.run
    attempts = run.tally.attempts
    through_api = Capability.STEPS not in run.target.capabilities
    with contextlib.suppress(RecordsDamaged, RecordsFailed):
        if attempts <= WHOLE:
            return ledger(Words(run.passes.unsettled(), through_api=through_api), None, {})
        with contextlib.closing(LedgerParts(stands.folder, attempts)) as parts:
            parts.hear(run.passes.unsettled(), through_api=through_api)
            return parts.unread()
    return Ledger(balanced=False)


def checked(grew: Mapping[str, int], files: Sequence[str], code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with the integrity checks taken in: what was broken before the run is not held against it.

    `files` have the rows.
    """
    if not grew or code not in (ExitCode.PASSED, ExitCode.STOPPED, ExitCode.INCONCLUSIVE):
        return code, reason
    names = ", ".join(f"{name} {more}" for name, more in grew.items())
    where = f"{', '.join(files)} {'names' if len(files) == 1 else 'name'} the rows"
    return ExitCode.LOST, f"integrity is broken since the run began: {names}; {where}"


def _burst(stands: Opened) -> Burst | None:
    if stands.seatable is None:
        return None
    turns = stands.run.plan.turns
    twins = {turn.twin for turn in turns if turn.twin}
    outcomes = {figures.outcome: figures.count for figures in stands.run.tally.outcomes(stands.run.clock.now_ns())}
    return Burst(
        requests=len(turns),
        distinct=sum(not turn.twin for turn in turns) + len(twins),
        capacity=stands.seatable,
        filled=outcomes.get(Outcome.FILLED.word, 0),
        duplicates=outcomes.get(Outcome.DUPLICATE.word, 0),
    )


def judged(held: Held, code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with the ledger taken in; a worse one of before stays."""
    if code not in (ExitCode.PASSED, ExitCode.STOPPED):
        return code, reason
    kept = held.ledger
    unread = "" if held.persisted is not None else f"what the database holds could not be read: {held.trouble}"
    bad = {"lost": kept.lost, "torn": kept.torn, "altered": kept.altered, "duplicate": kept.duplicate}
    if any(bad.values()):
        counts = ", ".join(f"{count} {word}" for word, count in bad.items() if count)
        told = [story for story in kept.stories if story.entry is not Entry.UNRESOLVED]
        names = ", ".join(str(story.booking_id) for story in told[:3])
        causes = dict.fromkeys(story.cause for story in told)
        why = f"; likeliest: {next(iter(causes))}" if causes else ""
        beside = f"; beside that, {unread}" if unread else ""
        named = f": {names}" if names else ""
        return ExitCode.LOST, f"{counts} of {kept.acknowledged} acknowledged{named}{why}{beside}"
    if unread:
        return ExitCode.INCONCLUSIVE, unread
    if kept.unresolved:
        return ExitCode.INCONCLUSIVE, f"{kept.unresolved} attempts ended unknown: they may or may not have been booked"
    if kept.phantom:
        return ExitCode.LOST, f"{kept.phantom} bookings are confirmed that nobody was told of"
    if kept.unverified or not kept.balanced:
        return ExitCode.INCONCLUSIVE, f"the ledger does not close: {kept.equation}"
    return code, reason
