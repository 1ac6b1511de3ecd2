"""Hand-built pictures of a database without a run."""

from msgspec.structs import replace

from engine.model.outcome import Kind
from engine.model.run_state import RunState
from engine.model.sample import Backend, LockCount, LockQueue, QueueMember, Sample
from engine.model.snapshot import ConflictsFace, EventLine, RunSnapshot
from engine.model.waits import Blocker, WaitCell, Waits
from tests.tui.stills import MS, S, face, full

_PLAIN = (
    "states, waits and queries of other roles: needs pg_monitor",
    "top statements: needs pg_stat_statements",
    "live holds: permission denied for table table_holds",
    "stale holds: permission denied for table table_holds",
    "zone names: permission denied for table zones",
    "zone-locked bookings: permission denied for table bookings",
)


def _members() -> tuple[QueueMember, ...]:
    return (
        QueueMember(20_301, "psql", "ExclusiveLock", True, None),
        QueueMember(20_274, "w03 1a2b3c4d", "ExclusiveLock", False, 2_100 * MS),
        QueueMember(20_275, "booking-api", "ExclusiveLock", False, 1_700 * MS),
    )


def _sample(*, plain: bool) -> Sample:
    looked = full().sample
    assert looked is not None
    hidden = "hidden"
    return replace(
        looked,
        ours=1,
        connections=9,
        states={hidden: 8} if plain else {"active": 3, "idle": 5, "idle in transaction": 1},
        backends=tuple(
            Backend(
                one.pid,
                one.who.split()[0],
                hidden if plain else "active" if not one.granted else "idle in transaction",
                "" if plain or one.granted else "Lock:advisory",
                None if plain else 2_200 * MS,
                None if plain else 4 * S,
                "" if plain else "SELECT assign_tables_atomic_v2($1, $2)",
                one.who,
            )
            for one in _members()
        ),
        queues=(
            LockQueue(
                "advisory 2550675992/29544480" if plain else "Terrace 19:00",
                not plain,
                _members(),
                "" if plain else "white-horse",
                "" if plain else "2026-03-04",
            ),
        ),
        blockings=(),
        lock_counts=(LockCount("advisory", "ExclusiveLock", 1, 2), LockCount("relation", "AccessShareLock", 14, 0)),
        waits=() if plain else looked.waits,
        statements=() if plain else looked.statements,
        stale_holds=() if plain else looked.stale_holds[:1],
        live_holds=0 if plain else 3,
        zone_locked=() if plain else looked.zone_locked[:2],
        missing=_PLAIN if plain else (),
    )


def _cells() -> tuple[WaitCell, ...]:
    return WaitCell("booking-api", "Lock:advisory", 38, 0.9), WaitCell("psql", "idle in transaction", 40, 0.9)


def watch(*, plain: bool = False) -> RunSnapshot:
    """A database somebody holds a zone in; to a plain login role only the queue shows."""
    role = "looker" if plain else "slotfill"
    lines = (
        EventLine(0, "server", None, "", "watching database booking as slotfill, PostgreSQL 18.1 at 10.0.0.7"),
        EventLine(300 * MS, "server", None, "", "PostgreSQL 18.1: 9 of 100 connections, 2 waiting for locks"),
        EventLine(
            12_400 * MS,
            "lock",
            Kind.CONTENTION,
            "",
            "2 wait for Terrace 19:00 of white-horse: held by psql (pid 20301, idle in transaction 4.0 s); "
            "first w03 1a2b3c4d (pid 20274) for 2.1 s",
        ),
    )
    waits = Waits(
        0, 44, 2.0, 22.0, 1.4,
        () if plain else _cells(),
        (Blocker("booking-api", "Terrace 19:00", "", "psql", 38),),
        missing=("waits of other roles' backends: needs pg_monitor",) if plain else (),
    )  # fmt: skip
    return RunSnapshot(
        schema=1,
        tick=1,
        run=face(
            name="", plan="watch", target="staging", database="booking", state=RunState.WATCHING, seed=0,
            elapsed_ns=14 * S, turns=0, turns_ended=0, attempts=0, most_attempts=0, filled=0, in_flight=0,
            concurrency=0, workers=0, effective_concurrency=0.0, idle_workers=0, rate_per_s=None, late_ns=0,
            consoles=1, settings={}, left_ns=None, flags={}, left_says="",
            watches=f"booking as {role}, PostgreSQL 18.1 at 10.0.0.7",
        ),
        workers=(), steps=(), outcomes=(), refusals=(), fills=(), slots=(),
        conflicts=ConflictsFace(0, (), (), (), ()),
        zone_locks=(), zone_lock_total=0, sample=_sample(plain=plain), sample_trouble="", events=lines, waits=waits,
    )  # fmt: skip
