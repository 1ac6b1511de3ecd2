"""Hand-built answers of an engine: a booking that was lost, a slot, a worker, the server; the same every time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from engine.model.detail import (
    AllocationNow,
    AssignedTable,
    AttemptTold,
    BookingNow,
    Comparison,
    ConnectionGroup,
    DatabaseSize,
    Detail,
    Holdings,
    HoldNow,
    LedgerKey,
    MissedTold,
    PreparedTransaction,
    RefusalTold,
    Rights,
    ServerSetting,
    ServerTold,
    StatementTold,
    StatusChange,
    TableSize,
    TryTold,
)
from engine.model.event import StepTook
from engine.model.ledger import Entry
from engine.model.step import Step
from tests.tui.fake_door import FakeDoor
from tests.tui.stills import DAY, MS, S

BOOKING = UUID("4f00d1ce-77aa-4c1e-8d52-0a1b2c3d4e5f")
SEEN = datetime(2026, 3, 4, 11, 5, 48, 200_000, tzinfo=UTC)
EVENING = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
UNTIL = EVENING + timedelta(minutes=105)


def _steps(began_ns: int) -> tuple[StepTook, ...]:
    told = [
        (Step.SUBMIT, 0, 0, 4, False),
        (Step.QUOTE, 1, 4, 21, False),
        (Step.HOLD, 1, 26, 12, True),
        (Step.HOLD, 2, 40, 14, False),
        (Step.CONFIRM, 2, 55, 310, False),
        (Step.COMMIT, 2, 366, 9, False),
    ]
    return tuple(StepTook(step, number, began_ns + at * MS, took * MS, no) for step, number, at, took, no in told)


def attempt(number: int = 301, **changes: object) -> AttemptTold:
    began = 146 * S
    told = AttemptTold(
        attempt=number,
        worker="w02",
        leg=0,
        turn=4,
        booking_id=BOOKING,
        key=f"sf-7f3a91c2-{number}",
        restaurant="white-horse",
        day=DAY,
        slot="19:00",
        party=4,
        began_ns=began,
        ended_ns=began + 375 * MS,
        outcome="filled",
        certainty="ok",
        acknowledged=True,
        status="confirmed",
        tables=("T05", "T06"),
        zone="Terrace",
        seats=6,
        starts=EVENING,
        ends=UNTIL,
        xid=7812,
        sent=Step.COMMIT,
        steps=_steps(began),
        tries=(
            TryTold(1, began + 26 * MS, ("T03",), "88ab12cd", "adjacent first"),
            TryTold(2, began + 40 * MS, ("T05", "T06"), "1d02beef", "adjacent first"),
        ),
        refusals=(
            RefusalTold(
                began + 38 * MS, 1, Step.HOLD, "hold_conflict",
                'conflicting key value violates exclusion constraint "thw_no_overlap"',
                "23P01", "thw_no_overlap", "Key (table_id, hold_window) conflicts with an existing key.",
                "w11 #298", tables=("T03",),
            ),
        ),
    )  # fmt: skip
    return replace(told, **changes)


def open_attempt() -> AttemptTold:
    """It waits for its zone and has no last word."""
    return attempt(
        409, ended_ns=None, outcome="", certainty="", acknowledged=False, tables=(), steps=(), refusals=(),
        sent=Step.CONFIRM, began_ns=219 * S, xid=None, tries=(TryTold(1, 219_100 * MS, ("T05",), "aa17beef", ""),),
        booking_id=UUID("b31c77aa-0000-4000-8000-000000000000"),
    )  # fmt: skip


def refused_attempt() -> AttemptTold:
    """Its zone lock was left by an earlier one."""
    began = 212 * S
    return attempt(
        408, began_ns=began, ended_ns=began + 95 * MS, outcome="zone_lock", certainty="fail", acknowledged=False,
        tables=(), xid=None, slot="19:15", tries=(TryTold(1, began + 30 * MS, ("T14",), "cc17beef", ""),),
        steps=(
            StepTook(Step.SUBMIT, 0, began, 5 * MS), StepTook(Step.QUOTE, 1, began + 5 * MS, 24 * MS),
            StepTook(Step.HOLD, 1, began + 30 * MS, 11 * MS), StepTook(Step.CONFIRM, 1, began + 42 * MS, 52 * MS, True),
        ),
        refusals=(
            RefusalTold(began + 94 * MS, 1, Step.CONFIRM, "zone_lock", "Booking is locked to zone Snug", "23514"),
        ),
        booking_id=UUID("b31c77aa-0000-4000-8000-000000000000"),
    )  # fmt: skip


def _row(status: str) -> BookingNow:
    return BookingNow(
        BOOKING, status, 4, "white-horse", "Terrace", EVENING, UNTIL, "sf-7f3a91c2-301", "created", "7f3a91c2",
        301, SEEN - timedelta(seconds=75), SEEN,
    )  # fmt: skip


def holdings() -> Holdings:
    return Holdings(
        booking=_row("pending"),
        tables=(),
        allocations=(AllocationNow("9c10aa17", "table T05", True, EVENING, UNTIL),),
        holds=(HoldNow("88ab12cd", "active", ["T03"], EVENING, UNTIL, -240 * S, 1, SEEN),),
        history=(
            StatusChange(SEEN - timedelta(seconds=74), "pending", "confirmed", "assigned"),
            StatusChange(SEEN, "confirmed", "pending", "undo after a timeout"),
        ),
        keys=(LedgerKey("sf-7f3a91c2-301", ["T05", "T06"], EVENING, UNTIL, "1d02beef", SEEN),),
    )  # fmt: skip


def lost_booking() -> Detail:
    return Detail(
        "booking", "4f00d1ce", 221 * S, 14 * MS,
        attempts=(attempt(),),
        missed=(MissedTold(149 * S, 2600 * MS, Entry.LOST, "pending", (), "a late undo: a reading had it whole"),),
        comparison=Comparison(301, Entry.LOST, "claimed T05+T06; it is there pending without tables"),
        holdings=holdings(),
    )  # fmt: skip


def sound_booking() -> Detail:
    """There as it was claimed."""
    held = replace(
        holdings(),
        booking=_row("confirmed"),
        tables=tuple(
            AssignedTable(number, "Terrace", EVENING, UNTIL, "sf-7f3a91c2-301", "9c10aa17", SEEN)
            for number in ("T05", "T06")
        ),
        allocations=tuple(
            AllocationNow("9c10aa17", f"table {number}", False, EVENING, UNTIL) for number in ("T05", "T06")
        ),
        holds=(),
        history=holdings().history[:1],
    )
    said = Comparison(301, Entry.PERSISTED, "claimed T05+T06, and it is there so")
    return replace(lost_booking(), holdings=held, comparison=said, missed=())


def replayed_booking() -> Detail:
    """Only the journal's half."""
    words = "a recording is shown: what its database holds now is not asked"
    return replace(lost_booking(), holdings=None, comparison=None, database_trouble=words)


def worker() -> Detail:
    older = [
        attempt(
            340 + 9 * place,
            began_ns=(160 + 6 * place) * S,
            ended_ns=(160 + 6 * place) * S + (380 + 90 * place) * MS,
            steps=_steps((160 + 6 * place) * S),
            slot=f"18:{15 * (place % 4):02d}",
        )
        for place in range(6)
    ]
    return Detail("worker", "w09", 221 * S, MS, attempts=(open_attempt(), refused_attempt(), *reversed(older)))


def turn() -> Detail:
    return replace(worker(), kind="turn", id="4", attempts=(refused_attempt(), attempt()), more_attempts=3)


def server() -> Detail:
    applications = [(f"slotfill 7f3a91c2 w{number:02d}", "active" if number % 3 else "idle in transaction")
                    for number in range(1, 16)]  # fmt: skip
    groups = [
        ConnectionGroup("slotfill_run_7f3a91c2", name, "slotfill", state, 1, True) for name, state in applications
    ]
    groups += [
        ConnectionGroup("slotfill_run_7f3a91c2", "slotfill 7f3a91c2 sampler", "slotfill", "idle", 1, True),
        ConnectionGroup("slotfill_run_7f3a91c2", "psql", "ana", "idle in transaction", 1, True),
        ConnectionGroup("bookings_live", "", "web", "idle", 12, False),
    ]
    settings = [
        ("max_connections", "100", "configuration file", "/data/postgresql.conf:65", False),
        ("superuser_reserved_connections", "3", "default", "", False),
        ("shared_buffers", "128MB", "configuration file", "/data/postgresql.conf:130", True),
        ("deadlock_timeout", "1s", "default", "", False),
        ("lock_timeout", "0", "default", "", False),
        ("statement_timeout", "8s", "user", "", False),
        ("default_transaction_isolation", "read committed", "default", "", False),
        ("synchronous_commit", "off", "database", "", False),
        ("fsync", "on", "default", "", False),
        ("log_lock_waits", "on", "command line", "", False),
    ]
    return Detail(
        "postgres", "", 221 * S, 22 * MS,
        server=ServerTold(
            rights=Rights("slotfill", True, True, True, False, True, "18.1", 93_784 * S, 100, 3, False),
            pool="none seen: a session is a backend",
            used=31,
            connections=tuple(groups),
            databases=(
                DatabaseSize("slotfill_run_7f3a91c2", 11_400_000, 18, 8123, 214, 0, 0, True),
                DatabaseSize("bookings_live", 4_812_000_000, 12, 1_204_000, 93, 2, 0, False),
                DatabaseSize("postgres", 7_600_000, 0, 40, 0, 0, 0, False),
            ),
            tables=(
                TableSize("bookings", 1_204_000, 610_000, 412, 88),
                TableSize("booking_table_assignments", 680_000, 512_000, 371, 40),
                TableSize("allocations", 410_000, 300_000, 742, 12),
            ),
            statements=(
                StatementTold("select confirm_hold_assignment_with_transition($1, $2)", 1204, 92 * MS, 110_768 * MS),
                StatementTold("insert into table_hold_members (hold_id, table_id) select $1", 1308, 3 * MS, 3924 * MS),
            ),
            settings=tuple(ServerSetting(*one) for one in settings),
            prepared=(PreparedTransaction("move-4711", "web", "bookings_live", 812 * S),),
            sizes_age_ns=12 * S,
            missing=("cancelling other roles' backends: needs pg_signal_backend",),
        ),
    )  # fmt: skip


def plain_server() -> Detail:
    """A login that may see little."""
    told = server().server
    assert told is not None
    assert told.rights is not None
    rights = replace(told.rights, is_monitor=False, reads_all_stats=False, has_statements=False)
    missing = (
        "states, waits and queries of other roles, sizes of databases it may not enter: needs pg_monitor",
        "top statements: needs the extension pg_stat_statements",
    )
    hidden = tuple(replace(one, state="hidden") for one in told.connections)
    databases = tuple(replace(one, size=one.size if one.is_here else None) for one in told.databases)
    return replace(
        server(),
        server=replace(told, rights=rights, missing=missing, connections=hidden, databases=databases, statements=()),
    )


def know(door: FakeDoor) -> FakeDoor:
    """Have the door answer with all of these."""
    door.details |= {
        ("booking", "4f00d1ce"): lost_booking(),
        ("booking", str(BOOKING)): lost_booking(),
        ("booking", "#408"): sound_booking(),
        ("worker", "w09"): worker(),
        ("turn", "0"): turn(),
        ("postgres", ""): server(),
    }
    return door
