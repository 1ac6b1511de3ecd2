"""Two looks, and a sentence for each thing that is other in the second."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from engine.model.sample import Backend, LockQueue, QueueMember, Sample, StaleHold, ZoneLocked
from engine.observe.changes import IDLE_NS, Change, Changes
from engine.observe.watched_waits import WatchedWaits

S = 1_000_000_000
QUEUED = (
    "lock: 1 waits for Terrace 19:00 of white-horse: held by psql (pid 7, idle in transaction 4.0 s); "
    "first app (pid 9) for 3.0 s"
)
EMPTY = Sample(
    at_ns=0,
    server_at=datetime(2027, 3, 1, 12, tzinfo=UTC),
    took_ns=2_000_000,
    server_version="18.1",
    max_connections=100,
    connections=20,
    ours=1,
    states={},
    waits=(),
    backends=(),
    lock_counts=(),
    queues=(),
    blockings=(),
    commits_per_s=None,
    rollbacks_per_s=None,
    inserts_per_s=None,
    updates_per_s=None,
    deadlocks=0,
    temp_bytes=0,
    statements=(),
    stale_holds=(),
    live_holds=0,
    zone_locked=(),
)


def sample(at_s: float, **changes: Any) -> Sample:
    return msgspec.structs.replace(EMPTY, at_ns=round(at_s * S), **changes)


def backend(pid: int, who: str, state: str = "active", wait: str = "", age_s: float = 1.0) -> Backend:
    return Backend(pid, who, state, wait, round(age_s * S), round(age_s * S), "select 1", who)


def queue(*members: tuple[int, str, float | None], name: str = "Terrace 19:00") -> LockQueue:
    """Members by pid, name and how long they have waited; None for a holder."""
    return LockQueue(
        name=name,
        is_zone=True,
        members=tuple(
            QueueMember(pid, who, "ExclusiveLock", waited_s is None, None if waited_s is None else round(waited_s * S))
            for pid, who, waited_s in members
        ),
        restaurant="white-horse",
    )


def begun(**changes: Any) -> Changes:
    made = Changes()
    made.take(sample(0, **changes))
    return made


def told(changes: list[Change]) -> list[str]:
    return [f"{one.word}: {one.text}" for one in changes]


def test_the_first_look_tells_how_it_stands_and_an_equal_one_tells_nothing() -> None:
    changes = Changes()

    assert told(changes.take(sample(0))) == ["server: PostgreSQL 18.1: 20 of 100 connections, 0 waiting for locks"]
    assert changes.take(sample(1)) == []


def test_a_queue_is_told_when_somebody_waits_when_twice_as_many_do_and_when_nobody_does() -> None:
    changes = begun()
    held = ((7, "psql", None), (9, "app", 3.0))
    idle = (backend(7, "psql", "idle in transaction", age_s=4.0),)

    assert told(changes.take(sample(5, queues=(queue(*held),), backends=idle))) == [QUEUED]
    assert changes.take(sample(6, queues=(queue(*held),), backends=idle)) == []
    assert told(changes.take(sample(7, queues=(queue(*held, (11, "app", 0.5)),), backends=idle))) == [
        "lock: 2 wait for Terrace 19:00 of white-horse now"
    ]
    assert told(changes.take(sample(8))) == [
        "lock: nobody waits for Terrace 19:00 of white-horse any more, after 6.0 s and 2 at most"
    ]


def test_a_lock_that_is_held_and_that_nobody_waits_for_is_no_news() -> None:
    assert begun().take(sample(1, queues=(queue((7, "psql", None)),))) == []


def test_a_transaction_that_stands_idle_is_told_once_and_when_it_goes_on() -> None:
    changes = begun()
    short = backend(7, "psql", "idle in transaction", age_s=IDLE_NS / S - 0.1)
    long = backend(7, "psql", "idle in transaction", age_s=IDLE_NS / S)

    assert changes.take(sample(1, backends=(short,))) == []
    assert told(changes.take(sample(2, backends=(long,)))) == [
        "lock: psql (pid 7) has been idle in a transaction for 5.0 s"
    ]
    assert changes.take(sample(3, backends=(long,))) == []
    assert told(changes.take(sample(4))) == ["lock: psql (pid 7) is idle in its transaction no more"]


def test_stale_holds_are_told_together_by_their_tables() -> None:
    changes = begun()
    holds = tuple(StaleHold(str(n), (f"T{n}",), n * S) for n in range(1, 6))

    assert told(changes.take(sample(1, stale_holds=holds))) == [
        "hold: 5 holds on T1, T2, T3 and 2 more past expiry, by 5.0 s at most, and still blocking"
    ]
    assert told(changes.take(sample(2, stale_holds=holds[1:]))) == [
        "hold: 1 hold on T1 past expiry and blocking no more"
    ]


def test_of_more_stale_holds_than_are_listed_those_that_came_or_went_are_counted() -> None:
    """The list has the oldest: new ones are not in it, and those that were swept make room for others."""
    listed = tuple(StaleHold(str(n), (f"T{n}",), n * S) for n in range(1, 5))
    changes = begun(stale_holds=listed, stale_total=9)

    assert changes.take(sample(1, stale_holds=listed, stale_total=9)) == []
    assert told(changes.take(sample(2, stale_holds=listed, stale_total=12))) == [
        "hold: 3 holds more past expiry and still blocking, 12 in all"
    ]
    rest = (*listed[2:], StaleHold("8", ("T8",), S), StaleHold("9", ("T9",), S))
    assert told(changes.take(sample(3, stale_holds=rest, stale_total=10))) == [
        "hold: 2 holds less past expiry and still blocking, 10 in all"
    ]
    assert told(changes.take(sample(4, stale_holds=rest[:1], stale_total=1))) == [
        "hold: 9 holds less past expiry and still blocking, 1 in all"
    ]
    assert told(changes.take(sample(5))) == ["hold: 1 hold on T3 past expiry and blocking no more"]


def test_bookings_locked_to_a_zone_are_told_when_their_number_changes() -> None:
    changes = begun()
    locked = tuple(ZoneLocked(str(n), "Terrace", S) for n in range(3))

    assert told(changes.take(sample(1, zone_locked=locked))) == [
        "zone: 3 bookings without tables locked to a zone (Terrace), before 0"
    ]
    assert changes.take(sample(2, zone_locked=locked)) == []
    assert told(changes.take(sample(3, zone_locked=locked[:1]))) == [
        "zone: 1 booking without tables locked to a zone (Terrace), before 3"
    ]


def test_connections_are_told_by_tenths_and_when_few_are_left() -> None:
    changes = begun()

    assert changes.take(sample(1, connections=21)) == []
    assert told(changes.take(sample(2, connections=22))) == ["connections: 22 of 100, before 20"]
    assert told(changes.take(sample(3, connections=93, reserved_connections=3))) == [
        "connections: 93 of 100, before 22",
        "connections: 4 left of 100",
    ]


def test_deadlocks_are_counted() -> None:
    changes = begun()

    assert told(changes.take(sample(1, deadlocks=2))) == ["deadlock: 2 deadlocks more, 2 so far"]
    assert told(changes.take(sample(2, deadlocks=3))) == ["deadlock: 1 deadlock more, 3 so far"]


def test_a_server_that_goes_away_is_told_once_and_its_coming_back_with_how_long_it_took() -> None:
    changes = begun()

    assert told(changes.fail(2 * S, "No answer within 0.4 s; next try in 0.5 s.")) == [
        "server: No answer within 0.4 s; next try in 0.5 s"
    ]
    assert changes.fail(3 * S, "No answer within 0.4 s; next try in 1 s.") == []
    assert told(changes.take(sample(9))) == ["server: it answers again, after 7.0 s"]


def test_what_cannot_be_seen_is_told_once_and_a_slow_look_when_it_is_no_chance() -> None:
    changes = begun()
    blind = "live holds: permission denied for table table_holds"

    assert told(changes.take(sample(1, missing=(blind,)))) == [f"server: cannot be seen: {blind}"]
    assert changes.take(sample(2, missing=(blind, "looks every 0.5 s: one took 141 ms"))) == []
    assert told(changes.take(sample(3, missing=(blind, "looks every 0.5 s: one took 152 ms")))) == [
        "server: looks every 0.5 s: one took 152 ms"
    ]


@pytest.mark.parametrize(
    ("title", "there"),
    [
        ("stale holds", {"stale_holds": (StaleHold("1", ("T1",), S),)}),
        ("zone-locked bookings", {"zone_locked": (ZoneLocked("1", "Terrace", S),)}),
        ("zone queues", {"queues": (queue((7, "psql", None), (9, "app", 1.0)),)}),
        ("lock waits", {"queues": (queue((7, "psql", None), (9, "app", 1.0), name="tuple bookings"),)}),
        ("backends", {"backends": (backend(7, "psql", "idle in transaction", age_s=9.0),)}),
        ("connections", {"connections": 30}),
        ("rates", {"deadlocks": 3}),
    ],
)
def test_what_a_look_could_not_see_is_not_said_to_be_gone(title: str, there: dict[str, Any]) -> None:
    """As while somebody alters a table: the looks at it rest for ten seconds, and nothing has become of its rows."""
    nothing = {"stale_holds": (), "zone_locked": (), "queues": (), "backends": (), "connections": 0, "deadlocks": 0}
    changes = begun(**there)
    unseen = f"{title}: canceling statement due to lock timeout; not asked again for 10 s"

    blind = changes.take(sample(1, missing=(unseen,), **{name: nothing[name] for name in there}))

    assert told(blind) == [f"server: cannot be seen: {unseen}"]
    assert changes.take(sample(2, **there)) == [], "it is as it was, so there is no news when it is seen again"


def test_what_backends_wait_for_is_folded_by_application_without_our_own_looks() -> None:
    waits = WatchedWaits()
    holder = backend(7, "psql", "idle in transaction")
    waiter = backend(9, "app", "active", "Lock:advisory")
    ours = backend(1, "slotfill sampler")
    for at_s in range(40):
        waits.take(sample(at_s / 2, backends=(holder, waiter, ours), queues=(queue((7, "psql", None), (9, "app", 1)),)))

    found = waits.told()

    assert (found.samples, found.hz, found.sessions) == (40, 2.0, 1.0)
    assert [(one.step, one.wait, one.samples) for one in found.cells] == [
        ("app", "Lock:advisory", 40),
        ("psql", "idle in transaction", 40),
    ]
    assert [(one.step, one.wait, one.by_who) for one in found.blockers] == [("app", "Terrace 19:00", "psql")]
    assert found.missing == ()


def test_of_backends_that_hide_their_waits_those_in_a_queue_are_seen_and_the_rest_is_said_to_be_missing() -> None:
    waits = WatchedWaits()
    hidden = (backend(9, "app", "hidden"), backend(11, "app", "hidden"))
    waits.take(sample(1, backends=hidden, queues=(queue((7, "psql", None), (9, "app", 1)),)))

    found = waits.told()

    assert [(one.step, one.wait, one.samples) for one in found.cells] == [("app", "Lock", 1)]
    assert found.missing == (
        "waits of other roles' backends: needs pg_monitor; those that wait for a lock are seen all the same",
    )
