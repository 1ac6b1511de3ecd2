"""Queues and edges from rows: pure."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.observe.queues import advisory_queues, blockings
from engine.observe.rates import Counters
from engine.observe.rows import AdvisoryLock, DatabaseCounters, LockWait, StatementTotal, ZoneKey
from engine.observe.statements import Statements


def who(pid: int) -> str:
    return f"p{pid}"


def test_a_long_queue_has_one_edge_a_waiter_not_one_a_pair() -> None:
    # As pg_blocking_pids gives it: the holder, and everyone ahead.
    waits = [LockWait("k", "tuple table_inventory", 1, "ExclusiveLock", True, None, [])]
    waits += [
        LockWait("k", "tuple table_inventory", n, "ExclusiveLock", False, 100 - n, list(range(1, n)))
        for n in range(2, 50)
    ]

    edges = blockings(waits, who, lambda pid: "")

    assert len(edges) == 48
    assert {edge.blocked_by for edge in edges} == {1}


def test_a_waiter_that_no_holder_blocks_waits_for_the_one_right_ahead() -> None:
    waits = [
        LockWait("k", "relation zones", 1, "AccessShareLock", True, None, []),
        LockWait("k", "relation zones", 2, "AccessExclusiveLock", False, 20, [1]),
        LockWait("k", "relation zones", 3, "AccessShareLock", False, 10, [2]),
    ]

    edges = blockings(waits, who, lambda pid: "")

    assert [(edge.pid, edge.blocked_by) for edge in edges] == [(2, 1), (3, 2)]


def test_an_hour_is_shown_in_the_restaurants_own_time_and_in_utc_where_its_zone_is_unknown() -> None:
    locks = [AdvisoryLock(key, 29_544_480, 2, 1, True, "ExclusiveLock", None) for key in (1, 2)]
    zones = {1: ZoneKey(1, "Terrace", "a", "Asia/Kathmandu"), 2: ZoneKey(2, "Cellar", "b", "Mars/Olympus")}

    names = {(queue.name, queue.day) for queue in advisory_queues(locks, zones, who)}

    assert names == {("Terrace 05:45", "2026-03-05"), ("Cellar 00:00", "2026-03-05")}


def test_a_zones_key_whose_second_half_is_no_hour_is_shown_as_it_is() -> None:
    """Whoever locks by zone and something else, as by a hash of the day, has numbers no calendar reaches."""
    locks = [
        AdvisoryLock(1, objid, 2, pid, pid == 1, "ExclusiveLock", None)
        for objid in (4_223_371_680, 2**32 - 5)
        for pid in (1, 2)
    ]
    zones = {1: ZoneKey(1, "Terrace", "a", "Pacific/Kiritimati")}

    assert {queue.name for queue in advisory_queues(locks, zones, who)} == {
        "advisory 1/4223371680",
        "advisory 1/4294967291",
    }


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=40))
def test_every_backend_in_a_zones_locks_is_in_exactly_one_queue(rows: list[tuple[int, bool]]) -> None:
    locks = [
        AdvisoryLock(key, 60, 2, pid, granted, "ExclusiveLock", None)
        for pid, (key, granted) in enumerate(sorted(rows, key=lambda row: (row[0], not row[1])), start=1)
    ]
    zones = {key: ZoneKey(key, f"Z{key}", "r", "UTC") for key in range(1, 5)}

    queues = advisory_queues(locks, zones, who)

    assert sorted(member.pid for queue in queues for member in queue.members) == [lock.pid for lock in locks]
    assert [len(queue.members) for queue in queues] == sorted((len(q.members) for q in queues), reverse=True)
    for queue in queues:
        granted = [member.granted for member in queue.members]
        assert granted == sorted(granted, reverse=True)


def counters(second: float, commits: int, deadlocks: int = 0) -> DatabaseCounters:
    at = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(seconds=second)
    return DatabaseCounters(at, commits, 0, 0, 0, deadlocks, 0)


def test_a_rate_looks_back_two_seconds_as_backends_publish_once_a_second() -> None:
    past = Counters()
    # A steady 100 a second, published in jumps.
    rates = [past.add(counters(n / 2, 100 * (n // 2))).commits_per_s for n in range(12)]

    assert rates[0] is None
    assert all(80 <= (rate or 0) <= 120 for rate in rates[4::2])


def test_deadlocks_are_those_since_the_first_look_and_outlive_a_reset() -> None:
    past = Counters()
    seen = [past.add(counters(n, 0, deadlocks)).deadlocks for n, deadlocks in enumerate([7, 9, 0, 1])]

    assert seen == [0, 2, 2, 3]


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30))
def test_no_rate_is_ever_negative(values: list[int]) -> None:
    past = Counters()
    for second, value in enumerate(values):
        rate = past.add(counters(second, value)).commits_per_s
        assert rate is None or rate >= 0


def test_a_statement_whose_totals_were_reset_is_left_out_and_its_text_asked_for_once() -> None:
    statements = Statements([], str)
    statements.add([StatementTotal(1, 10, 1000), StatementTotal(2, 5, 500)])

    assert statements.add([StatementTotal(1, 12, 1500), StatementTotal(2, 1, 10)]) == [1]
    statements.learn([1], {1: "SELECT 1"})
    assert [(s.query, s.calls, s.mean_ns, s.total_ns) for s in statements.top()] == [("SELECT 1", 2, 250, 500)]
    assert statements.add([StatementTotal(1, 13, 1600), StatementTotal(2, 2, 20)]) == [2]
