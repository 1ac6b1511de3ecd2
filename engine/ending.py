"""The end of a run: what the database holds is read back, the result is written, and only then is it over."""

import asyncio
import contextlib
from array import array
from collections.abc import Mapping

import msgspec

from engine.caveats import below_sight, loop_lag
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.exit_reasons import Held, checked, inconclusive, judged, paced
from engine.metrics.ledger import ledger, merged
from engine.metrics.rounds import rounds
from engine.metrics.words import Words
from engine.model.ledger import Ledger
from engine.model.levels import Level, Sweep
from engine.model.outcome import Outcome
from engine.model.report import Burst
from engine.model.run_state import RunState
from engine.model.verdict import Experiment
from engine.opening import Opened
from engine.records.journal import read
from engine.records.ledger_parts import LedgerParts
from engine.records.levels import RoundSamples, experiment_of, levels_of, sweep_of
from engine.records.result import Ending, Persisted, build_result, write_result
from engine.records.samples import read as read_samples
from engine.records.samples import read_rounds
from engine.records.trouble import RecordsDamaged, RecordsFailed
from engine.records.verdict import houses_of
from engine.records.waterfall import PLANS
from engine.run_waterfall import fallen, too_many
from engine.settlement import WHOLE
from engine.target import Capability
from engine.thresholds import held as held_to
from engine.thresholds import taken_in


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
                *loop_lag(run.lag.p99_ns()),
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
        result = msgspec.structs.replace(result, waterfall=await fallen(stands, result))
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


async def _alert(stands: Opened, state: RunState) -> None:
    """Judge the run's last picture, in which nobody looks any more; what is to be sent has its last seconds."""
    run = stands.run
    last = run.portrait(run.clock.now_ns())
    run.alerting.take(msgspec.structs.replace(last, run=msgspec.structs.replace(last.run, state=state)))
    await run.alerting.finish()


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


def _burst(stands: Opened) -> Burst | None:
    if stands.seatable is None:
        return None
    turns = stands.run.plan.turns
    twins = {turn.twin for turn in turns if turn.twin}
    # Every repeat asks for all of it once more; there is room once more only where it has a database of its own.
    repeats, databases = stands.run.passes.repeat, max(1, stands.checks.databases)
    outcomes = {figures.outcome: figures.count for figures in stands.run.tally.outcomes(stands.run.clock.now_ns())}
    return Burst(
        requests=repeats * len(turns),
        distinct=repeats * (sum(not turn.twin for turn in turns) + len(twins)),
        capacity=databases * stands.seatable,
        filled=outcomes.get(Outcome.FILLED.word, 0),
        duplicates=outcomes.get(Outcome.DUPLICATE.word, 0),
    )
