"""The lines that are always above: run, outcomes and server."""

import msgspec

from engine.model.run_state import RunState
from engine.model.snapshot import RunFace, RunSnapshot
from tui.age import look_age
from tui.format import about, elapsed, per_second, ratio, size_of, tally, took, turns_word
from tui.lines import BLANK, Ink, Line, Part, cut, fit, ink_of, label, line, part, squeeze, width_of
from tui.spark import bar
from tui.watching import holds_line, run_parts

_STATE_INKS = {
    RunState.STARTING: Ink.MUTED,
    RunState.RUNNING: Ink.FILLED,
    RunState.WATCHING: Ink.ACCENT,
    RunState.PAUSING: Ink.CONTENTION,
    RunState.PAUSED: Ink.CONTENTION,
    RunState.DRAINING: Ink.CAPACITY,
    RunState.CANCELLING: Ink.FAULT,
    RunState.FINISHED: Ink.FILLED,
    RunState.STOPPED: Ink.CAPACITY,
    RunState.CRASHED: Ink.FAULT,
}
_RECENT_S = 10


class Banner(msgspec.Struct, frozen=True):
    """What the console itself has to say."""

    frozen: bool = False
    lost: str = ""
    """Why the engine does not answer; empty when it does."""
    watch: bool = False
    pending: int = 0
    """Workers asked for with + and -, not sent yet."""
    preset: str = "overview"
    sieve: str = ""
    link: str = ""
    """How slow the way to the terminal is, and how often it is painted therefore; empty when it is quick enough."""
    past: str = ""
    """Where in the run's time the screen stands; empty at the present."""
    replay: bool = False
    ended: bool = False
    """The run is over, though the picture may be of before."""
    alerts: int = 0
    """Alerts that nobody has acknowledged."""
    message: str = ""
    ink: Ink = Ink.TEXT


def state_words(run: RunFace) -> str:
    """The state with what belongs to it: `PAUSING 3 in flight`, `FINISHED exit 0`."""
    word = run.state.value.upper()
    if run.state in (RunState.PAUSING, RunState.DRAINING, RunState.CANCELLING):
        return f"{word} {run.in_flight} in flight"
    if run.exit_code is not None:
        return f"{word} exit {run.exit_code}"
    return word


def worker_words(run: RunFace, pending: int = 0) -> str:
    """`workers 15`, `workers 15 -> 12, draining 3`."""
    if run.state.is_over:
        return f"workers {run.workers or 'gone'}"
    wanted = max(0, run.concurrency + pending)
    if run.workers == wanted:
        return f"workers {run.workers}"
    if run.turns_ended >= run.turns > 0 and not pending:
        # The plan is done: who has gone home does not come back.
        return f"workers {run.workers} of {wanted}"
    moving = f", draining {run.workers - wanted}" if run.workers > wanted and not pending else ""
    return f"workers {run.workers} -> {wanted}{moving}"


def attached_words(run: RunFace) -> str:
    """Who is there: `1 ana@jump1, 2 bo@jump1 watching`."""
    return ", ".join(f"{one.number} {one.who.split()[0]}{' watching' * one.watches}" for one in run.attached if one.who)


def fills_per_s(snapshot: RunSnapshot) -> float | None:
    """Fills a second, of the last ten seconds; of the whole run when it is over, and then the report's own figure."""
    if snapshot.run.fills_per_s is not None:
        return snapshot.run.fills_per_s
    if snapshot.run.state.is_over:
        return snapshot.run.filled / (snapshot.run.elapsed_ns / 1e9) if snapshot.run.elapsed_ns else None
    recent = snapshot.fills[-_RECENT_S:]
    return sum(recent) / len(recent) if recent else None


def status_lines(snapshot: RunSnapshot | None, banner: Banner, width: int, height: int) -> list[Line]:
    """The lines at the top: three, or one where there is no room for more."""
    if snapshot is None:
        waits = banner.lost or "waiting for the engine"
        return [fit(line((" slotfill  ", Ink.STRONG), (waits, Ink.FAULT if banner.lost else Ink.MUTED)), width)] + [
            fit(BLANK, width)
        ] * (height - 1)
    if height == 1:
        return [_one_line(snapshot, banner, width)]
    return [_run_line(snapshot.run, banner, width), _outcome_line(snapshot, width), _server_line(snapshot, width)]


def _state(run: RunFace, banner: Banner) -> tuple[tuple[str, Ink], ...]:
    """The run's state; of an engine that does not answer only what it was when last seen."""
    if banner.lost and not run.state.is_over and not banner.past:
        return (("ENGINE LOST", Ink.FAULT), (f" was {state_words(run)}", Ink.MUTED))
    return ((state_words(run), _STATE_INKS[run.state]),)


def _alarm(banner: Banner, run: RunFace) -> tuple[Part, ...]:
    told = [part(0, (banner.past, Ink.CONTENTION))] if banner.past else []
    if banner.alerts:
        told.append(part(1, (f"ALERTS {banner.alerts} !", Ink.FAULT)))
    if banner.lost and not run.state.is_over and not banner.past:
        told.append(part(0, ("trying to reach it; q leaves", Ink.MUTED)))
    elif banner.frozen:
        told.append(part(0, (f"VIEW FROZEN since {elapsed(run.elapsed_ns)}", Ink.CONTENTION), (" (space)", Ink.MUTED)))
    return tuple(told)


def _fallback(run: RunFace, head: Part, width: int, gap: int) -> tuple[Part, ...]:
    """That a local address is used instead of the one asked for: cut to the room beside the head, never left out."""
    if not run.fallback:
        return ()
    left = width - 1 - sum(width_of(span.text) for span in head.spans) - gap
    text = f"FALLBACK: {run.fallback}"
    return (part(-1, (cut(text, left) if left >= 12 else "FALLBACK", Ink.FAULT)),)


def _run_line(run: RunFace, banner: Banner, width: int) -> Line:
    lag = Ink.CONTENTION if run.lag_p99_ns > 25_000_000 else Ink.TEXT
    reason = f"  {run.reason}" if run.reason else ""
    head = part(0, ("slotfill  ", Ink.STRONG), *_state(run, banner), (f" {elapsed(run.elapsed_ns)}", Ink.STRONG))
    return squeeze(
        [
            head,
            *_fallback(run, head, width, 3),
            *_alarm(banner, run),
            part(4, (reason.strip(), Ink.MUTED)) if reason else part(9),
            part(3, (f"{run.name} " if run.name else "", Ink.ACCENT), (run.run_id, Ink.MUTED)),
            *(run_parts(run, width - 30) if run.watches else _plan_parts(run, banner)),
            part(5, ("lag ", Ink.MUTED), (about(run.lag_p99_ns) + (" !" if lag is Ink.CONTENTION else ""), lag)),
            part(8, (f"{run.consoles} consoles" if run.consoles != 1 else "1 console", Ink.MUTED)),
            part(10, (attached_words(run), Ink.MUTED)) if len(run.attached) > 1 else part(10),
            part(9, (f"journal {size_of(run.journal_bytes)}", Ink.MUTED)),
            part(2, ("WATCHING", Ink.ACCENT)) if banner.watch and not banner.replay else part(9),
        ],
        width,
    )


def _plan_parts(run: RunFace, banner: Banner) -> list[Part]:
    return [
        part(7, run.plan, (f" seed {run.seed}", Ink.MUTED)),
        part(6, ("on ", Ink.MUTED), run.target),
        part(1, (worker_words(run, banner.pending), Ink.STRONG if run.workers != run.concurrency else Ink.TEXT)),
    ]


def _outcome_line(snapshot: RunSnapshot, width: int) -> Line:
    run = snapshot.run
    if run.watches:
        return holds_line(snapshot, width)
    ended = sum(one.count for one in snapshot.outcomes)
    others = sorted(
        (one for one in snapshot.outcomes if one.count and one.outcome != "filled"), key=lambda one: -one.count
    )
    parts = [
        part(0, ("fills ", Ink.MUTED), (tally(run.filled), Ink.FILLED), (f" {ratio(run.filled, ended)}", Ink.TEXT)),
        *_lost(snapshot),
        part(1, (f"{per_second(fills_per_s(snapshot))}", Ink.STRONG)),
        part(2, (f"{tally(run.attempts)} of {tally(run.most_attempts)} attempts", Ink.TEXT)),
    ]
    if snapshot.paths.late:
        parts.append(part(3, ("late ", Ink.MUTED), (tally(snapshot.paths.late), Ink.CONTENTION)))
    for place, one in enumerate(others):
        parts.append(part(3 + place, (f"{label(one.outcome)} ", Ink.MUTED), (tally(one.count), ink_of(one.kind))))
    parts += _left(run)
    if run.turns:
        drawn = bar(run.turns_ended / run.turns, 16)
        blanks = "." * (16 - len(drawn))
        parts.append(
            part(
                12,
                (f"{turns_word(snapshot)} [", Ink.MUTED),
                (drawn, Ink.FILLED),
                (blanks, Ink.RULE),
                (f"] {run.turns_ended}/{run.turns}", Ink.MUTED),
            )
        )
    return squeeze(parts, width)


def _left(run: RunFace) -> list[Part]:
    """About how long it goes on and what that is based on; or why it is not known."""
    if run.state.is_over or not run.left_says:
        return []
    if run.left_ns is None:
        return [part(3, ("left: ", Ink.MUTED), (run.left_says, Ink.MUTED))]
    return [
        part(2, ("left ", Ink.MUTED), (f"~{elapsed(run.left_ns)}", Ink.TEXT)),
        part(12, (f"by {run.left_says}", Ink.MUTED)),
    ]


def _lost(snapshot: RunSnapshot) -> tuple[Part, ...]:
    """That acknowledged bookings are not as acknowledged: lost, torn, altered; never left out for want of room."""
    bad = snapshot.truth.bad
    return (part(-2, (f"LOST {tally(bad)} !", Ink.FAULT)),) if bad else ()


def _busy(run: RunFace) -> Part:
    if run.watches:
        return part(9)
    words = f"{run.effective_concurrency:.1f} at work"
    if run.late_ns:
        return part(4, (words, Ink.TEXT), (f", {took(run.late_ns)} behind schedule", Ink.CONTENTION))
    return part(4, (words, Ink.TEXT))


def _idle(run: RunFace) -> tuple[Part, ...]:
    if not run.idle_workers or run.state.is_over:
        return ()
    cure = "; --share-slots" if run.settings.get("share_slots", "false") == "false" else ""
    return (
        part(2, (f"{run.idle_workers} idle", Ink.CONTENTION)),
        part(5, (f"fewer slots than workers{cure}", Ink.CONTENTION)),
    )


def _server_line(snapshot: RunSnapshot, width: int) -> Line:
    run, sample = snapshot.run, snapshot.sample
    if sample is None:
        text = snapshot.sample_trouble or "not looked at yet"
        return squeeze([part(0, ("pg ", Ink.MUTED), (text, Ink.MUTED)), _busy(run), *_idle(run)], width)
    waiting = sum(one.ours + one.others for one in sample.waits if one.wait.startswith("Lock"))
    # A role that sees no backend's wait sees the queues all the same.
    waiting = waiting or len({one.pid for queue in sample.queues for one in queue.members if not one.granted})
    hidden = sample.states.get("hidden", 0)
    oldest = max(
        [member.waited_ns or 0 for queue in sample.queues for member in queue.members]
        + [edge.waited_ns or 0 for edge in sample.blockings],
        default=0,
    )
    if waiting or oldest:
        since = (f" oldest {took(oldest)}", Ink.CONTENTION) if oldest else ""
        locks = part(1, (f"LOCK {waiting or 1}", Ink.CONTENTION), since, (" !", Ink.CONTENTION))
    else:
        locks = part(7, ("lock 0", Ink.MUTED))
    return squeeze(
        [
            part(0, ("pg ", Ink.MUTED), (f"{sample.connections}/{sample.max_connections}", Ink.TEXT)),
            part(3, (f"{hidden} hidden ?", Ink.UNKNOWN)) if hidden else part(9),
            part(3, ("active ", Ink.MUTED), str(sample.states.get("active", 0))) if not hidden else part(9),
            part(6, ("idle-tx ", Ink.MUTED), str(sample.states.get("idle in transaction", 0)))
            if not hidden
            else part(9),
            locks,
            part(7, ("deadlocks ", Ink.MUTED), (str(sample.deadlocks), Ink.FAULT if sample.deadlocks else Ink.TEXT)),
            _busy(run),
            *_idle(run),
            part(8, (f"look {about(sample.took_ns)}", Ink.MUTED)),
            part(-1, (look_age(snapshot), Ink.MUTED if run.state.is_over else Ink.UNKNOWN))
            if look_age(snapshot)
            else part(9),
            part(5, (f"STALE LOOK: {snapshot.sample_trouble}", Ink.UNKNOWN)) if snapshot.sample_trouble else part(9),
        ],
        width,
    )


def _one_line(snapshot: RunSnapshot, banner: Banner, width: int) -> Line:
    run = snapshot.run
    head = part(0, *_state(run, banner), (f" {elapsed(run.elapsed_ns)}", Ink.STRONG))
    lost = _lost(snapshot)
    taken = sum(width_of(span.text) + 2 for one in lost for span in one.spans)
    return squeeze(
        [
            head,
            *lost,
            *_fallback(run, head, width - taken, 2),
            *_alarm(banner, run),
            part(1, f"{run.filled}/{run.attempts}"),
            part(2, per_second(fills_per_s(snapshot))),
            part(3, f"{run.workers}w"),
        ],
        width,
        "  ",
    )
