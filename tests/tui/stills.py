"""Hand-built snapshots: the same picture every time, for drawing and for screens."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event, Intended, StepTook
from engine.model.ids import AttemptId, Ids, RunId, WorkerId
from engine.model.ledger import Entry
from engine.model.outcome import OUTCOMES, Certainty, Kind, Outcome, Phase, Refusal, certainty_of, classify
from engine.model.path import Path
from engine.model.run_state import RunState, WorkerState
from engine.model.sample import (
    Backend,
    Blocking,
    LockCount,
    LockQueue,
    QueueMember,
    Sample,
    StaleHold,
    Statement,
    Waiting,
    ZoneLocked,
)
from engine.model.snapshot import (
    ConflictFace,
    ConflictFigures,
    ConflictsFace,
    EventLine,
    LegFace,
    LegShare,
    OutcomeFigures,
    RefusalFigures,
    RunFace,
    RunSnapshot,
    SlotFace,
    StepFigures,
    WorkerFace,
    ZoneLockFace,
)
from engine.model.step import Step
from engine.model.truth_face import MissedFace, TruthFace
from engine.model.turn import TurnEnd
from tests.metrics.evening import map_face, ranking_face

MS = 1_000_000
S = 1_000_000_000
DAY = "2026-03-04"
_SLOTS = [f"{12 + quarter // 4}:{15 * (quarter % 4):02d}" for quarter in range(13)]


def _wave(seed: int, count: int, low: int, high: int) -> tuple[int, ...]:
    """A series that looks like a measured one and is the same each time."""
    value, state, out = (low + high) / 2, seed * 2654435761 % 2**32 or 1, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        value += (state / 2**31 - 0.5) * (high - low) * 0.4
        value = min(high, max(low, value))
        out.append(round(value))
    return tuple(out)


def face(**changes: object) -> RunFace:
    run = RunFace(
        run_id=RunId("7f3a91c2"),
        name="first-run",
        plan="fill",
        target="embedded",
        database="slotfill_run_7f3a91c2",
        state=RunState.RUNNING,
        reason="",
        seed=42,
        started_at="2026-03-04T11:02:09Z",
        elapsed_ns=221 * S,
        turns=13,
        turns_ended=5,
        attempts=412,
        most_attempts=650,
        filled=371,
        in_flight=12,
        concurrency=15,
        workers=15,
        effective_concurrency=11.4,
        idle_workers=3,
        rate_per_s=None,
        late_ns=0,
        lag_p99_ns=3 * MS,
        lag_max_ns=11 * MS,
        consoles=2,
        journal_bytes=1_214_000,
        settings={"concurrency": "15", "stress_max": "10", "min_party": "1", "max_party": "12", "share_slots": "false"},
    )
    return replace(run, **changes)


def _worker(number: int, **changes: object) -> WorkerFace:
    worker = WorkerFace(
        worker=WorkerId(number),
        state=WorkerState.IDLE,
        step=None,
        since_ns=12 * S,
        slot="",
        day="",
        party=0,
        booking="",
        attempt=0,
        attempt_try=0,
        tables=(),
        zone="",
        last_outcome="filled",
        last_note="T05+T06",
        filled=20 + number % 7,
        failed=number % 3,
        pid=20268 + number,
        waits_for="",
    )
    return replace(worker, **changes)


def workers(count: int = 15) -> tuple[WorkerFace, ...]:
    rows = []
    busy = [
        (Step.CONFIRM, 2140 * MS, "Lock:advisory", "hold_conflict", "T12 held by w03"),
        (Step.CONFIRM, 1800 * MS, "Lock:advisory", "filled", "T05+T06"),
        (Step.COMMIT, 1700 * MS, "", "filled", "T11"),
        (Step.HOLD, 410 * MS, "", "hold_conflict", "T03 held by w11"),
        (Step.QUOTE, 320 * MS, "", "filled", "T02"),
        (Step.QUOTE, 210 * MS, "", "filled", "T07+T08+T09"),
        (Step.SUBMIT, 90 * MS, "", "zone_lock", "locked to Snug"),
        (Step.HOLD, 60 * MS, "", "filled", "T04"),
        (Step.CONFIRM, 40 * MS, "", "overlap", "T10"),
        (Step.HOLD, 33 * MS, "", "filled", "T01"),
        (Step.QUOTE, 12 * MS, "", "timeout", "client step, 10 s"),
        (Step.COMMIT, 4 * MS, "", "filled", "T14"),
    ]
    zones = ["Terrace", "Main Bar", "Snug", "Dining Room"]
    for number in range(1, count + 1):
        if number % 5 == 0:
            rows.append(_worker(number))
            continue
        step, since, wait, outcome, note = busy[number % len(busy)]
        rows.append(
            _worker(
                number,
                state=WorkerState.WORKING,
                step=step,
                since_ns=since + number * MS,
                slot=_SLOTS[number % 13],
                day=DAY,
                party=1 + number % 9,
                booking=f"{(number * 2654435761) % 2**32:08x}",
                attempt=400 + number,
                attempt_try=1 + number % 3 if step is not Step.SUBMIT else 0,
                tables=(f"T{number:02d}",) if step in (Step.HOLD, Step.CONFIRM, Step.COMMIT) else (),
                zone=zones[number % 4] if step is not Step.SUBMIT else "",
                last_outcome=outcome,
                last_note=note,
                waits_for=wait,
            )
        )
    return tuple(rows)


def steps(seconds: int = 120) -> tuple[StepFigures, ...]:
    rows = []
    for place, (step, low, high, refused) in enumerate(
        [
            (Step.SUBMIT, 3, 31, 0),
            (Step.QUOTE, 20, 94, 4),
            (Step.HOLD, 12, 190, 23),
            (Step.CONFIRM, 60, 900, 18),
            (Step.COMMIT, 2, 60, 0),
            (Step.TOTAL, 140, 1400, 41),
        ]
    ):
        series: list[int | None] = [value * MS for value in _wave(place + 1, seconds, low, high)]
        if seconds > 40:
            series[-30:-26] = [None] * 4  # the run was paused
        rows.append(
            StepFigures(
                step=step,
                count=1208 - 140 * place,
                refused=refused,
                p50_ns=low * 2 * MS,
                p95_ns=high * 7 // 10 * MS,
                p99_ns=high * 9 // 10 * MS if place < 5 else None,
                max_ns=high * 11 // 10 * MS,
                series=tuple(series),
            )
        )
    return tuple(rows)


def outcomes() -> tuple[OutcomeFigures, ...]:
    counts = {
        "filled": 371,
        "hold_conflict": 23,
        "zone_lock": 9,
        "capacity": 4,
        "overlap": 3,
        "timeout": 1,
        "unknown": 1,
    }
    return tuple(
        OutcomeFigures(
            word,
            OUTCOMES[word].kind,
            count,
            tuple(max(0, value) for value in _wave(place + 9, 120, -1, max(1, count // 60))),
        )
        for place, (word, count) in enumerate(counts.items())
    )


def refusals() -> tuple[RefusalFigures, ...]:
    return (
        RefusalFigures(
            Step.HOLD,
            "hold_conflict",
            "23P01",
            "thw_no_overlap",
            "conflicting key value violates exclusion constraint",
            61,
            38,
        ),
        RefusalFigures(Step.CONFIRM, "zone_lock", "23514", "", "Booking is locked to zone Snug", 9, 0),
        RefusalFigures(
            Step.CONFIRM,
            "overlap",
            "23P01",
            "bta_no_overlap",
            "conflicting key value violates exclusion constraint",
            5,
            2,
        ),
        RefusalFigures(Step.QUOTE, "capacity", "", "", "No suitable tables available", 4, 0),
        RefusalFigures(Step.HOLD, "timeout", "57014", "", "canceling statement due to statement timeout", 1, 0),
    )


def slots() -> tuple[SlotFace, ...]:
    rows = []
    for place, slot in enumerate(_SLOTS):
        ended = TurnEnd.CAPPED if place in (0, 2) else TurnEnd.EXHAUSTED if place in (1, 3, 4) else None
        filled = 10 if ended is TurnEnd.CAPPED else 7 - place % 4 if place < 9 else 0
        flying = (WorkerId(place), WorkerId(place + 1)) if ended is None and place < 11 else ()
        rows.append(SlotFace(place, DAY, slot, 1 + place % 9, filled + 1, filled, 10, flying, ended, (place * 5) % 4))
    return tuple(rows)


def conflicts() -> ConflictsFace:
    return ConflictsFace(
        total=23,
        series=tuple(max(0, value) for value in _wave(31, 120, -2, 3)),
        by_table=tuple(
            ConflictFigures(name, count, 200 * S)
            for name, count in [("T03", 8), ("T12", 5), ("T07", 4), ("T01", 3), ("T15", 2)]
        ),
        by_slot=tuple(
            ConflictFigures(name, count, 200 * S)
            for name, count in [("12:30", 9), ("13:15", 7), ("14:00", 4), ("12:45", 3)]
        ),
        recent=tuple(
            ConflictFace(
                (220 - 7 * place) * S,
                WorkerId(1 + place),
                _SLOTS[place],
                (f"T{3 + place:02d}", "T12")[: 1 + place % 2],
                "thw_no_overlap",
                "NOT OURS" if place == 2 else f"w{place + 4:02d} #{380 - place}",
            )
            for place in range(12)
        ),
    )


def queues() -> tuple[LockQueue, ...]:
    def member(pid: int, who: str, waited: int | None) -> QueueMember:
        return QueueMember(pid, who, "ExclusiveLock", waited is None, waited)

    return (
        LockQueue(
            "Terrace 19:00",
            True,
            (
                member(20273, "w05 19:00", None),
                member(20275, "w07 19:00", 2140 * MS),
                member(20271, "w03 19:00", 1800 * MS),
                member(20276, "w08 19:15", 900 * MS),
                member(20279, "w11 19:15", 310 * MS),
            ),
        ),
        LockQueue("Main Bar 12:15", True, (member(20280, "w12 12:15", None),)),
        LockQueue("Snug 13:00", True, (member(20301, "NOT OURS", None), member(20277, "w09 13:00", 640 * MS))),
    )


def sample() -> Sample:
    backends = tuple(
        Backend(pid, name, state, wait, age * MS, tx, query, who)
        for pid, name, state, wait, age, tx, query, who in [
            (
                20273,
                "sf-7f3a91c2-w05",
                "idle in transaction",
                "Client:ClientRead",
                1700,
                3000 * MS,
                "select confirm_hold_assignment($1)",
                "w05 19:00",
            ),
            (
                20275,
                "sf-7f3a91c2-w07",
                "active",
                "Lock:advisory",
                2140,
                2200 * MS,
                "select confirm_hold_assignment($1)",
                "w07 19:00",
            ),
            (
                20271,
                "sf-7f3a91c2-w03",
                "active",
                "Lock:advisory",
                1800,
                1850 * MS,
                "select confirm_hold_assignment($1)",
                "w03 19:00",
            ),
            (
                20277,
                "sf-7f3a91c2-w09",
                "active",
                "Lock:advisory",
                640,
                700 * MS,
                "select confirm_hold_assignment($1)",
                "w09 13:00",
            ),
            (
                20301,
                "psql",
                "idle in transaction",
                "Client:ClientRead",
                95_000,
                95_200 * MS,
                "update bookings set notes = $1 where id = $2",
                "NOT OURS",
            ),
            (20268, "slotfill console", "active", "", 1, None, "select pid from pg_stat_activity", "console"),
        ]
    )
    return Sample(
        at_ns=220 * S,
        server_at=datetime(2026, 3, 4, 11, 5, 50, tzinfo=UTC),
        took_ns=2 * MS,
        server_version="18.1",
        max_connections=100,
        connections=31,
        ours=17,
        states={"active": 12, "idle": 11, "idle in transaction": 4},
        waits=(
            Waiting("active", "Lock:advisory", 7, 0),
            Waiting("idle", "Client:ClientRead", 11, 4),
            Waiting("active", "IO:WALSync", 1, 0),
        ),
        backends=backends,
        lock_counts=(
            LockCount("advisory", "ExclusiveLock", 3, 5),
            LockCount("relation", "AccessShareLock", 210, 0),
            LockCount("relation", "RowExclusiveLock", 64, 0),
            LockCount("transactionid", "ExclusiveLock", 12, 0),
            LockCount("transactionid", "ShareLock", 0, 2),
            LockCount("tuple", "ExclusiveLock", 1, 0),
        ),
        queues=queues(),
        blockings=(
            Blocking(
                20281,
                "w13 14:00",
                20301,
                "NOT OURS",
                "transactionid bookings",
                2900 * MS,
                "update bookings set status = $1",
            ),
            Blocking(
                20282, "w14 14:15", 20281, "w13 14:00", "tuple bookings", 600 * MS, "update bookings set status = $1"
            ),
        ),
        commits_per_s=61.2,
        rollbacks_per_s=9.1,
        inserts_per_s=120.0,
        updates_per_s=88.4,
        deadlocks=0,
        temp_bytes=0,
        statements=(
            Statement("select confirm_hold_assignment($1, $2, $3)", 39, 210 * MS, 8190 * MS),
            Statement(
                "insert into table_hold_windows (hold_id, table_id, window) values ($1, $2, $3)", 61, 12 * MS, 732 * MS
            ),
            Statement(
                "insert into bookings (id, restaurant_id, start_at, party_size) values ($1, $2, $3, $4)",
                41,
                4 * MS,
                164 * MS,
            ),
        ),
        stale_holds=(
            StaleHold(
                "88ab12cd-0000", ("PT-07", "PT-08"), 240 * S, age_ns=420 * S, restaurant="white-horse",
                zone="Patio", day=DAY, starts="14:00", ends="15:35", booking="5f21aa00",
                run="0b7c9d10", attempt=17,
            ),
        ),
        live_holds=18,
        zone_locked=(
            ZoneLocked("b31c77aa", "Snug", 130 * S, "white-horse", DAY, "12:45", 6, "0b7c9d10"),
            ZoneLocked("4f00d1ce", "Terrace", 41 * S, "white-horse", DAY, "14:30", 2, "7f3a91c2"),
        ),
    )  # fmt: skip


def events() -> tuple[EventLine, ...]:
    lines = [
        (2, "run", None, "engine", "RUNNING: 13 slots, at most 650 attempts, 12 workers"),
        (60, "operator", None, "ana@jump1", "concurrency 12 to 15"),
        (141, "look", Kind.FAULT, "engine", "a look at the server took longer than 2 s and was given up"),
        (190, "unknown", Kind.UNKNOWN, "w04", "XX000 cache lookup failed for relation 16604"),
        (201, "filled", Kind.FILLED, "w02", "12:30 party 5 on T05+T06, 480 ms"),
        (205, "no capacity", Kind.CAPACITY, "w12", "13:45 party 9: No suitable tables available"),
        (213, "hold conflict", Kind.CONTENTION, "w11", "T03 12:45 held by 88ab12cd, expired 4 min ago, still blocking"),
        (
            218,
            "zone lock",
            Kind.CONTENTION,
            "w09",
            "booking b31c77aa is locked to Snug, wanted Main Bar (will fail again)",
        ),
        (220, "filled", Kind.FILLED, "w01", "14:00 party 2 on T04, 212 ms"),
    ]
    return tuple(EventLine(at * S + 221 * MS, word, kind, who, text) for at, word, kind, who, text in lines)


def full(count: int = 15) -> RunSnapshot:
    """A run in full flight, with contention and a stranger."""
    seen = sample()
    return RunSnapshot(
        schema=1,
        tick=884,
        run=face(workers=count, concurrency=count),
        workers=workers(count),
        steps=steps(),
        outcomes=outcomes(),
        refusals=refusals(),
        fills=tuple(max(0, value) for value in _wave(77, 120, 0, 4)),
        slots=slots(),
        conflicts=conflicts(),
        zone_locks=(
            ZoneLockFace(218 * S, WorkerId(9), "b31c77aa", 408, "locked to zone Snug, wanted Main Bar"),
            ZoneLockFace(150 * S, WorkerId(2), "4f00d1ce", 301, "locked to zone Terrace, wanted Snug"),
        ),
        zone_lock_total=9,
        sample=seen,
        sample_trouble="",
        events=events(),
        map=map_face(seen),
        ranking=ranking_face(seen, slots(), {}),
        truth=TruthFace(
            at_ns=220_300 * MS, took_ns=9 * MS, readings=214, acknowledged=371, checked=368, persisted=368
        ),
    )  # fmt: skip


def empty() -> RunSnapshot:
    """The first picture of a run that has done nothing yet."""
    return RunSnapshot(
        schema=1,
        tick=1,
        run=face(
            state=RunState.STARTING, elapsed_ns=0, turns=0, turns_ended=0, attempts=0, most_attempts=0, filled=0,
            in_flight=0,
            workers=0, concurrency=4, effective_concurrency=0.0, idle_workers=0, consoles=1, name="",
        ),
        workers=(),
        steps=(),
        outcomes=(),
        refusals=(),
        fills=(),
        slots=(),
        conflicts=ConflictsFace(0, (), (), (), ()),
        zone_locks=(),
        zone_lock_total=0,
        sample=None,
        sample_trouble="",
        events=(),
    )  # fmt: skip


def paused() -> RunSnapshot:
    """Everyone rests."""
    still = full()
    resting = tuple(
        replace(
            one,
            state=WorkerState.RESTING,
            step=None,
            slot="",
            day="",
            booking="",
            tables=(),
            zone="",
            waits_for="",
            attempt_try=0,
        )
        for one in still.workers
    )
    return replace(still, run=face(state=RunState.PAUSED, in_flight=0, idle_workers=0), workers=resting)


def draining() -> RunSnapshot:
    """Fewer workers were asked for, and three are still at their attempt."""
    return replace(full(), run=face(concurrency=12, workers=15, idle_workers=0))


def finished() -> RunSnapshot:
    """It is over, and passed."""
    still = full()
    return replace(
        still,
        run=face(
            state=RunState.FINISHED, in_flight=0, workers=0, turns_ended=13, exit_code=0, idle_workers=0, attempts=412
        ),
        workers=(),
        slots=tuple(replace(slot, workers=(), end=slot.end or TurnEnd.EXHAUSTED) for slot in still.slots),
        sample=replace(sample(), queues=(), blockings=(), stale_holds=(), zone_locked=()),
    )


def plain_role() -> RunSnapshot:
    """A login that sees locks and no activity."""
    seen = sample()
    hidden = tuple(
        replace(one, state="hidden", wait="", age_ns=None, transaction_age_ns=None, query="") for one in seen.backends
    )
    return replace(
        full(),
        sample=replace(seen, backends=hidden, states={}, waits=(), statements=(), commits_per_s=None,
                       missing=("states, waits and queries of other sessions: needs pg_monitor",)),
    )  # fmt: skip


def hostile() -> RunSnapshot:
    """Names that would recolour the screen, move its cursor, or be read as markup."""
    still = full()
    nasty = "\x1b[31mred\x1b[0m [bold]x[/bold] \u202e\u200b\n\t宴会場 \x9b2J"
    return replace(
        still,
        run=face(name=nasty, reason=nasty, database=nasty),
        workers=tuple(replace(one, zone=nasty, last_note=nasty, slot=nasty[:5]) for one in still.workers),
        events=tuple(replace(one, text=nasty, who=nasty[:6], word=nasty[:9]) for one in still.events),
        sample=replace(sample(), queues=tuple(replace(queue, name=nasty) for queue in queues())),
        sample_trouble=nasty,
        truth=TruthFace(
            readings=1, lost=1, trouble=nasty,
            missed=(MissedFace(nasty, Entry.LOST, nasty, 1, nasty, (nasty,), nasty, (nasty,), S, None, nasty),),
        ),
    )  # fmt: skip


_HOUSES = {"cafe-3": 30, "finedining-4": 19, "finedining-5": 20, "pub-1": 23, "pub-2": 13}


def assigning() -> RunSnapshot:
    """The second pass of an assign; what the first one was told and what was there part."""
    rows: list[SlotFace] = []
    for house, count in _HOUSES.items():
        for number in range(count // 2):
            ended = TurnEnd.CAPPED if number < count // 4 else None
            flying = (WorkerId(number),) if number == count // 4 else ()
            filled = int(ended is not None and number % 3 != 1)
            rows.append(
                SlotFace(
                    len(rows), DAY, f"{12 + number % 9}:15", 2 + number % 5, int(ended is not None), filled,
                    1, flying, TurnEnd.EXHAUSTED if ended and number % 3 == 1 else ended, 0, house, "3adbd467",
                )
            )  # fmt: skip
    shares = tuple(LegShare(house, count, count, count // 5, count // 2) for house, count in _HOUSES.items())
    first = LegFace(0, 1, 1, 5, 105, 105, 19, 58, True, 14, 91, 3, 21, shares)
    second = LegFace(1, 1, 2, 5, len(rows), 40, 5, 22, False, None, None, None, None, shares)
    still = full()
    over = sum(row.end is not None for row in rows)
    return replace(
        still, run=face(plan="assign", turns=len(rows), turns_ended=over), slots=tuple(rows), legs=(first, second)
    )


def _api_story() -> Tally:
    """Fifteen workers through the API, as the platform was seen: planner times in two groups, late confirmations."""
    tally = Tally()
    state = 7
    attempt = 0
    free = [(number * 700 * MS, number) for number in range(15)]
    told: list[tuple[int, int, Event]] = []

    def draw(low: int, high: int) -> int:
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return low + (state >> 8) % (high - low)

    while free[0][0] < 200 * S:
        begins, worker = free.pop(0)
        attempt += 1
        ids = Ids(RunId("7f3a91c2"), 0, WorkerId(worker), None, AttemptId(attempt))
        timed_out = draw(0, 100) < 39
        planner = draw(11_995, 12_025) * MS if timed_out else draw(4_900, 6_300) * MS
        submit = planner + draw(300, 2_500) * MS
        lot = draw(0, 100)
        inline, background, refused = 0, 0, None
        if not timed_out and lot >= 84:
            path, background = Path.CONFIRMED_BACKGROUND, draw(5_000, 8_000) * MS
        elif not timed_out:
            path = Path.CONFIRMED_INLINE_API if lot < 79 else Path.FAILED_INLINE_TERMINAL
            refused = None if lot < 79 else Refusal(Step.SUBMIT, Phase.PLANNED, "No suitable tables available")
        elif lot < 45:
            path, inline = Path.CONFIRMED_INLINE_POLL, draw(250, 2_000) * MS
        elif lot < 85:
            path, background = Path.CONFIRMED_BACKGROUND, draw(5_000, 20_000) * MS
        else:
            path, background = Path.FAILED_BACKGROUND_TIMEOUT, 40 * S
            refused = Refusal(Step.BACKGROUND_WAIT, Phase.IN_DOUBT, "not confirmed; noted INLINE_TIMEOUT")
        ends = begins + submit + inline + background
        took = [StepTook(Step.SUBMIT, 0, begins, submit)]
        if inline:
            took.append(StepTook(Step.INLINE_WAIT, 0, begins + submit, inline))
        if background:
            took.append(StepTook(Step.BACKGROUND_WAIT, 0, ends - background, background, refused is not None))
        party = draw(2, 7)
        seats = party + (8 if attempt in (61, 140, 201) else draw(0, 3) // 2)
        booking = UUID(int=(attempt * 2654435761 % 2**32) << 96)
        sent = replace(ids, attempt_try=None, step=Step.SUBMIT)
        told.append((begins, attempt, Intended(begins, sent, f"sf-7f3a91c2-{attempt}", booking)))
        ended = AttemptEnded(
            at_ns=ends, ids=ids, due_ns=begins, started_ns=begins, ended_ns=ends,
            outcome=(classify(refused) if refused else Outcome.FILLED).word,
            certainty=certainty_of(refused) if refused else Certainty.OK,
            booking_id=booking, ordinal=attempt, tries=0, steps=tuple(took), tables=() if refused else ("T05", "T06"),
            seats=0 if refused else seats, party=party, zone="Terrace", refusal=refused, path=path, planner_ns=planner,
            late=timed_out and refused is None,
        )  # fmt: skip
        told.append((ends, attempt, ended))
        free = sorted([*free, (ends + 50 * MS, worker)])
    for at_ns, _, event in sorted(told, key=lambda one: one[:2]):
        if at_ns <= 221 * S:
            tally.apply(event)
    return tally


def losing() -> RunSnapshot:
    """Bookings that were acknowledged and are not there: lost at COMMIT, undone late, torn, altered."""
    undone = "a late undo: a reading had it whole"
    swallowed = "it is pending and without tables: the rows were swallowed at COMMIT, or undone after it"
    replay = "ledger replay: the key had been used, and the platform answered success with no rows"
    halved = "confirmed and without all its tables: something took them back, at COMMIT or after it"
    moved = "something gave it other tables after COMMIT was acknowledged"
    missed = (
        MissedFace("0a1b2c3d", Entry.LOST, "12:30", 17, "w03", ("T03",), "pending", (), 420 * MS, None, swallowed),
        MissedFace("4f00d1ce", Entry.LOST, "12:45", 58, "w05", ("T07", "T08"), "", (), 5200 * MS, 4100 * MS, undone),
        MissedFace("b31c77aa", Entry.LOST, "13:00", 91, "w01", (), "pending", (), 830 * MS, None, replay),
        MissedFace("77aa4f00", Entry.TORN, "13:15", 140, "w09", ("T11",), "confirmed", (), 610 * MS, None, halved),
        MissedFace(
            "c3d4e5f6", Entry.ALTERED, "14:00", 171, "w12", ("T01",), "confirmed", ("T02",), 9 * S, 8 * S, moved
        ),
    )
    truth = TruthFace(
        at_ns=220_300 * MS, took_ns=12 * MS, readings=214, acknowledged=371, checked=368, persisted=363, lost=3,
        torn=1, altered=1, missed=missed,
    )  # fmt: skip
    return replace(full(), truth=truth)


def through_api() -> RunSnapshot:
    """A run through the API: inline, background, late and undecided bookings, planner times in two humps."""
    tally = _api_story()
    figures = tally.figures(221 * S)
    waits = (Step.SUBMIT, Step.SUBMIT, Step.INLINE_WAIT, Step.BACKGROUND_WAIT)
    at_work = tuple(
        replace(one, step=waits[place % 4], tables=(), attempt_try=0, waits_for="")
        if one.state is WorkerState.WORKING
        else one
        for place, one in enumerate(workers())
    )
    flags = {
        "inline_auto_assign_timeout_ms": "5000 (platform: 12000)",
        "rate_limit_per_minute": "0 (platform: 60)",
        "allocator_v2_enabled": "on",
        "debug_capacity_profiling": "off",
    }
    return replace(
        full(),
        run=face(
            target="api", flags=flags, fallback="http://127.0.0.1:3000 is used, as https://staging.example.com is gone",
            attempts=figures.counts.attempts, filled=figures.counts.filled, in_flight=figures.counts.in_flight,
        ),
        workers=at_work,
        steps=figures.steps,
        outcomes=figures.outcomes,
        refusals=(),
        fills=figures.fills,
        paths=figures.paths,
    )  # fmt: skip


STILLS: dict[str, Callable[[], RunSnapshot]] = {
    "full": full,
    "empty": empty,
    "paused": paused,
    "draining": draining,
    "finished": finished,
    "plain_role": plain_role,
    "hostile": hostile,
    "assigning": assigning,
    "losing": losing,
    "through_api": through_api,
}
