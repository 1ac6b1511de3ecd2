"""A run without a screen: baseline, progress lines, summary. A client like the console, and no more than that."""

import asyncio
import contextlib
import signal
from pathlib import Path

from engine.exit_code import ExitCode
from engine.front import LinkLost
from engine.launch import wait_for_end
from engine.link_door import LinkDoor
from engine.model.command import Command, Verb
from engine.model.ledger import Entry, Story
from engine.model.report import Result
from engine.model.snapshot import LegFace, RunSnapshot
from engine.model.truth_face import MissedFace
from engine.model.verdict import without_ids
from engine.records.archive import read_manifest
from engine.records.process import started
from engine.records.repeats import repeat_words
from engine.records.result import read_result
from engine.records.run_parts import burst_words
from engine.records.trouble import RunNotFound
from engine.spec import Ready
from engine.thresholds import told
from tui.format import elapsed, plain, took, turns_word
from tui.verbs.speak import say, say_json, tell, who, wrong

EVERY_S = 1.0
END_WITHIN_S = 30.0
HEARD_WITHIN_S = 0.5


async def watch(ready: Ready, *, as_json: bool, interrupts: int = 0) -> int:
    """Follow a run to its end. Ctrl-C drains and stops it, twice cancels; a hang-up leaves it alone.

    `interrupts`: so many came before it stood.
    """
    stops = asyncio.Queue[None]()
    for _ in range(interrupts):
        stops.put_nowait(None)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stops.put_nowait, None)
    unheard = False
    try:
        tell(f"run {ready.run_id}  {ready.folder}")
    except BrokenPipeError:
        unheard = True
    try:
        door = await LinkDoor.open(Path(ready.socket))
    except LinkLost:
        door = None  # it was over before we came
    last: RunSnapshot | None = None
    if door is not None:
        try:
            async with asyncio.TaskGroup() as group:
                stopping = group.create_task(_stop(ready, stops))
                try:
                    last = None if unheard else await _follow(door, ready)
                except BrokenPipeError:
                    unheard = True
                if unheard:
                    # A ctrl-C at `| tee` ends tee as well, and sooner than it is heard here: it is still sent.
                    await asyncio.wait((stopping,), timeout=HEARD_WITHIN_S)
                stopping.cancel()
        except* BrokenPipeError:
            unheard = True
        await door.close()
        if unheard:
            # Nobody reads what is said any more: that is a hang-up.
            raise BrokenPipeError
    ended = await asyncio.to_thread(wait_for_end, ready.pid, END_WITHIN_S)
    result = read_result(Path(ready.folder))
    if result is None and last is not None and last.run.exit_code is not None:
        return wrong(plain(last.run.reason), ExitCode(last.run.exit_code))
    if result is None and not ended:
        return wrong(
            f"the engine of run {ready.run_id} lives (process {ready.pid}) but does not answer; "
            f"slotfill attach {ready.run_id} tries again",
            ExitCode.UNREACHABLE,
        )
    if result is None:
        return wrong(
            f"the engine of run {ready.run_id} died; what it was doing is in {ready.folder}/engine.log, "
            f"and every intent in its journal: slotfill events {ready.run_id}",
            ExitCode.CRASHED,
        )
    if as_json:
        say_json(result)
    for line in summary(result):
        tell(plain(line)) if as_json else say(plain(line))
    return result.exit_code


async def _follow(door: LinkDoor, ready: Ready) -> RunSnapshot | None:
    """Print a line each second until the run is over or its engine is gone; the last that was seen of it.

    An engine that does not answer but lives is asked again: only the end of its process is its end.
    """
    snapshot: RunSnapshot | None = None
    printed_ns = 0
    told_legs = told_alerts = 0
    told_plan = told_lost = False
    pid, shares_slots = ready.pid, _shares_slots(Path(ready.folder))
    while snapshot is None or snapshot.run.exit_code is None:
        try:
            seen = await door.snapshot()
        except LinkLost as lost:
            if started(pid) is None:
                return snapshot
            tell(f"{plain(str(lost))}; the engine does not answer, but its process {pid} lives: asking again")
            await asyncio.sleep(EVERY_S)
            continue
        # What is planned is known a moment after the engine stands.
        first = not told_plan and (seen.run.turns > 0 or seen.run.exit_code is not None)
        snapshot = seen
        if first:
            told_plan = True
            for line in baseline(snapshot, shares_slots=shares_slots):
                tell(plain(line))
        over = [leg for leg in snapshot.legs if leg.is_over and leg.leg >= told_legs]
        if len(snapshot.legs) > 1 or any(leg.pending is not None for leg in over):
            for leg in over:
                for line in leg_lines(leg):
                    tell(plain(line))
                told_legs = leg.leg + 1
        if not told_lost and snapshot.truth.missed:
            tell(plain(first_lost(snapshot.truth.missed[0])))
            told_lost = True
        if snapshot.alerts.raised > told_alerts:
            for alert in snapshot.alerts.alerts[told_alerts - snapshot.alerts.raised :]:
                told = f"{alert.value:.4g} where {alert.says}{alert.where}"
                tell(plain(f"ALERT {alert.rule} ({alert.severity}): {told}"))
            told_alerts = snapshot.alerts.raised
        # Short runs end between two lines; looking more often than printing lets the command end with them.
        if first or snapshot.run.exit_code is not None or snapshot.run.elapsed_ns - printed_ns >= EVERY_S * 1e9:
            tell(plain(progress(snapshot)))
            printed_ns = snapshot.run.elapsed_ns
        if snapshot.run.exit_code is None:
            await asyncio.sleep(EVERY_S / 10)
    return snapshot


def _shares_slots(folder: Path) -> bool:
    """Whether several workers may be on one slot; of a run whose manifest cannot be read nothing is said."""
    try:
        return read_manifest(folder).settings.get("run.share_slots") == "true"
    except RunNotFound:
        return True


async def _stop(ready: Ready, stops: "asyncio.Queue[None]") -> None:
    """Send a stop for every Ctrl-C, over a link of its own: the other one may be waiting for an answer."""
    while True:
        await stops.get()
        with contextlib.suppress(LinkLost):
            door = await LinkDoor.open(Path(ready.socket))
            try:
                answer = await door.act(Command(Verb.STOP), who())
            finally:
                await door.close()
            tell(plain(answer.text))


def baseline(snapshot: RunSnapshot, *, shares_slots: bool = False) -> list[str]:
    """What is there before the first attempt."""
    run, sample = snapshot.run, snapshot.sample
    pace = f"{run.rate_per_s:g}/s" if run.rate_per_s is not None else "as fast as it goes"
    where = f"database {run.database}" if run.database else "no database"
    planned = f"{run.turns} {turns_word(snapshot)}"
    lines = [
        f"plan {run.plan}: {planned}, at most {run.most_attempts} attempts, seed {run.seed}, {pace}",
        f"target {run.target}, {where}, {run.concurrency} workers",
    ]
    if run.says:
        lines.append(plain(run.says))
    if run.fallback:
        lines.append(f"FALLBACK: {plain(run.fallback)}")
    if run.concurrency > run.turns > 0 and run.plan == "fill" and not shares_slots:
        lines.append(f"{run.turns} slots keep {run.turns} workers busy at most; --share-slots lets more work on one")
    if sample is not None:
        lines.append(
            f"Postgres {sample.server_version}: {sample.connections} of {sample.max_connections} connections, "
            f"{sum(count.waiting for count in sample.lock_counts)} waiting for locks, {sample.live_holds} holds"
        )
    return lines


def leg_lines(leg: LegFace) -> list[str]:
    """A pass or repeat that is over, with a table of its restaurants."""
    there = "unread" if leg.persisted is None else str(leg.persisted)
    head = f"pass {leg.number}" + (f" of repeat {leg.repeat}" if leg.repeat > 1 else "")
    if leg.round is not None:
        several = f", pass {leg.number}" if leg.number > 1 else ""
        head = f"round {leg.round.number} of {leg.round.of}, {leg.round.label}{several}"
    parts = [f"{leg.attempts} attempts", f"{leg.acknowledged} confirmed", f"{there} there"]
    if leg.round is not None and leg.fills_per_s is not None:
        parts.append(f"{leg.fills_per_s:.1f} fills/s")
    if leg.round is not None and leg.round.differs:
        parts.append(leg.round.differs)
    if leg.pending is not None:
        parts.append(f"{leg.pending} pending")
    if leg.swept_holds is not None:
        parts.append(f"{leg.swept_holds} holds swept")
    if leg.cleared_zone_locks is not None:
        parts.append(f"{leg.cleared_zone_locks} zone locks cleared")
    lines = [f"{head}: {', '.join(parts)}"]
    # A pass over what one restaurant has left says whose that was.
    if len(leg.restaurants) > 1 or (leg.restaurants and leg.pending is not None):
        width = max(len(one.restaurant) for one in leg.restaurants)
        lines.append(f"  {'restaurant':<{width}}  attempted  confirmed  filled")
        lines += [
            f"  {one.restaurant:<{width}}  {one.attempts:>9}  {one.acknowledged:>9}  {one.filled:>6}"
            for one in leg.restaurants
        ]
    return lines


def first_lost(one: MissedFace) -> str:
    """The first booking that a reading did not have as it was acknowledged; the rest is counted."""
    who = f"booking {one.booking} (attempt {one.attempt}, {one.worker}, {one.slot})"
    there = f"{one.status or 'gone'} {'+'.join(one.tables)}".strip()
    claimed = "+".join(one.claimed) or "no tables"
    return (
        f"LOST: {who} was acknowledged with {claimed} and is {there}, seen {took(one.after_ns)} after commit: "
        f"{plain(one.cause)}"
    )


def progress(snapshot: RunSnapshot) -> str:
    """The run in one line."""
    run = snapshot.run
    terms = snapshot.legs[-1].round if snapshot.legs else None
    parts = [
        f"{elapsed(run.elapsed_ns):>7}",
        run.state.value,
        *([f"round {terms.number}/{terms.of}: {terms.label}"] if terms is not None else []),
        f"{turns_word(snapshot)} {run.turns_ended}/{run.turns}",
        f"attempts {run.attempts}",
        f"filled {run.filled}",
        *([f"LOST {snapshot.truth.bad}"] if snapshot.truth.bad else []),
        f"conflicts {snapshot.conflicts.total}",
        f"in flight {run.in_flight}",
        f"workers {run.workers}",
        f"lag {took(run.lag_p99_ns)}",
        *([f"left {elapsed(run.left_ns)} by {run.left_says}"] if run.left_ns is not None else []),
    ]
    if run.reason:
        parts.append(plain(run.reason))
    return "  ".join(parts)


def level_lines(result: Result) -> list[str]:
    """What the levels of a sweep came to; none of a run that is no sweep."""
    if result.sweep is None:
        return []
    lines = []
    for workers in sorted({one.concurrency for one in result.levels}):
        mine = [one for one in result.levels if one.concurrency == workers]
        rates = [one.fills_per_s for one in mine if one.fills_per_s is not None]
        attempts, filled = sum(one.attempts for one in mine), sum(one.filled for one in mine)
        pace = f"{sum(rates) / len(rates):.1f} fills/s ({min(rates):.1f} to {max(rates):.1f})" if rates else "no fills"
        lines.append(f"{workers:>4} workers x {len(mine)}: {pace}, {filled} of {attempts} filled")
    lines += [
        f"{one.of} a second: contention {one.sigma:.3f} ({one.sigma_interval[0]:.3f} to {one.sigma_interval[1]:.3f}), "
        f"coherence {one.kappa:.4f} ({one.kappa_interval[0]:.4f} to {one.kappa_interval[1]:.4f})"
        for one in result.sweep.fits
    ]
    lines += [
        f"{one.step} +{one.delay_ms:g} ms: elasticity {one.elasticity:.2f} ({one.low:.2f} to {one.high:.2f})"
        for one in result.experiment.values()
    ]
    lines += [f"no estimate: {plain(why)}" for why in result.sweep.refusals]
    lines += [f"the generator was the limit at {plain(one)}" for one in result.sweep.generator_limited]
    return lines


def story_line(story: Story) -> str:
    """A booking that is not as it was claimed, in a line."""
    # Of one that is unresolved nobody knows whether it was ever there.
    absent = "no row of it was found" if story.entry is Entry.UNRESOLVED else "now gone"
    there = f"now {story.status}" if story.status else absent
    return f"  {story.entry.value}: {story.booking_id} (attempt {story.attempt}), {there}: {plain(story.cause)}"


def summary(result: Result) -> list[str]:
    """What the run came to."""
    outcomes = ", ".join(f"{word} {count}" for word, count in result.outcomes.items() if count)
    refusals = ", ".join(
        f"{step} {word} {count}" for step, words in result.refusals.items() for word, count in words.items()
    )
    lines = [
        f"{result.state}, exit {result.exit_code}" + (f": {plain(result.reason)}" if result.reason else ""),
        f"attempts {result.attempts}: {outcomes or 'none'}",
        f"refusals on the way: {refusals or 'none'}",
    ]
    lines.append(f"ledger: {result.ledger.equation}")
    lines += map(story_line, result.ledger.stories[:10])
    if len(result.ledger.stories) > 10:
        lines.append("  and more; result.json and report.md name them")
    if result.persisted is not None:
        where = "in the database" if result.database else "read back through the API"
        lines.append(f"{where}: {result.persisted} bookings confirmed with tables")
    lines += [f"burst: {burst_words(result)}"] if result.burst is not None else []
    lines += [varied] if (varied := repeat_words(result)) else []
    lines += level_lines(result)
    if result.fills_per_s is not None:
        lines.append(
            f"{result.fills_per_s:.1f} fills/s, effective concurrency {result.effective_concurrency:.2f}, "
            f"seat waste {result.seat_waste.total}"
        )
    lines += [f"threshold {plain(told(one))}" for one in result.thresholds]
    if result.verdict is not None:
        lines.append(f"verdict: {plain(without_ids(result.verdict.summary))}; slotfill report {result.run_id} says why")
    lines += [f"note: {plain(alert)}" for alert in result.alerts]
    for step, latency in result.latency_ms.items():
        p50 = "-" if latency.p50 is None else f"{latency.p50:.2f}"
        p95 = "-" if latency.p95 is None else f"{latency.p95:.2f}"
        p99 = "n too small" if latency.p99 is None else f"{latency.p99:.2f} ms"
        lines.append(f"  {step:<8} n {latency.count:<6} p50 {p50} ms  p95 {p95} ms  p99 {p99}")
    return lines
