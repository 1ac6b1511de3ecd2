"""What a run may take from a remote server: never more than its budget, and less when others there have to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.budget import (
    CALM_NS,
    NS,
    OTHERS,
    RISES,
    SLOWEST,
    SPARE,
    STAYS_NS,
    Allowance,
    Backoff,
    Budget,
    Spent,
    share_of,
)
from engine.model.room import Room
from engine.model.sample import LockQueue, QueueMember, Sample, Waiting
from engine.observe import assemble as naming

MINUTE_NS = 60 * NS


def budget(**changed: float) -> Budget:
    given_here: dict[str, float] = {"connections": 22, "requests_per_s": 10.0, "bookings": 5, "minutes": 2.0, **changed}
    return Budget(**given_here)  # type: ignore[arg-type]


def sample(waiting: int, at_ns: int, *, wait: str = "Lock:transactionid", queues: tuple[LockQueue, ...] = ()) -> Sample:
    return Sample(
        at_ns=at_ns,
        server_at=datetime(2027, 3, 1, tzinfo=UTC),
        took_ns=1,
        server_version="18.0",
        max_connections=100,
        connections=10,
        ours=4,
        states={},
        waits=(Waiting("active", wait, 7, waiting), Waiting("idle", "Client:ClientRead", 3, 50)),
        backends=(),
        lock_counts=(),
        queues=queues,
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


class Looks:
    """Looks at a server, one a second."""

    def __init__(self) -> None:
        self.backoff = Backoff()
        self.now_ns = 0
        self.reasons: list[str] = []

    def at(self, *counts: int) -> float:
        """Another look for each count of others that wait; the factor after the last."""
        for count in counts:
            self.now_ns += NS
            self.backoff.look(sample(count, self.now_ns), self.now_ns)
            if self.backoff.reason:
                self.reasons.append(self.backoff.reason)
        return self.backoff.factor


# Connections


@given(st.integers(1, 500), st.integers(0, 20), st.integers(0, 600), st.floats(0.01, 1), st.integers(1, 256))
def test_a_run_never_has_more_than_its_share_of_what_is_free(
    most: int, reserved: int, used: int, share: float, wanted: int
) -> None:
    room = Room(most, reserved, used)
    workers = budget(connections=share_of(room.free, share)).workers(wanted)
    assert 0 <= workers <= wanted
    assert workers == 0 or workers + SPARE <= share * max(0, most - reserved - used)


def test_more_workers_than_the_share_allows_are_lowered_and_it_is_said() -> None:
    allowed = budget(connections=22)
    assert allowed.workers(32) == 22 - SPARE
    assert f"concurrency 32 is lowered to {22 - SPARE}" in allowed.lowered(32)
    assert allowed.lowered(22 - SPARE) == ""
    assert budget(connections=SPARE).workers(1) == 0
    unseen = Budget(None, 1.0, 1, 1.0)
    assert (unseen.workers(64), unseen.lowered(64)) == (64, "")


# Bookings and minutes


def test_the_last_booking_of_a_budget_is_made_and_none_after_it() -> None:
    spent = Spent(budget(bookings=3))
    assert [spent.take(0) for _ in range(3)] == ["", "", ""]
    assert "3 bookings" in spent.take(0)
    assert spent.bookings == 3


def test_a_run_ends_when_its_minutes_are_over_and_not_before() -> None:
    spent = Spent(budget(minutes=2.0), began_ns=NS)
    assert spent.over(2 * MINUTE_NS + NS - 1) == ""
    assert "2 minutes" in spent.over(2 * MINUTE_NS + NS)
    assert "2 minutes" in spent.take(2 * MINUTE_NS + NS)
    assert spent.bookings == 0


# Requests a second


@given(
    st.floats(0.1, 1000),
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, NS), st.integers(1, 4), st.booleans()), min_size=1, max_size=60),
)
def test_no_stretch_of_time_sees_more_requests_than_the_rate_and_one_burst(
    per_s: float, burst: int, steps: list[tuple[int, int, bool]]
) -> None:
    allowance = Allowance(per_s, burst)
    now_ns, sent = 0, []
    for wait_ns, requests, used in steps:
        now_ns += wait_ns
        goes_ns = allowance.claim(now_ns, requests)
        assert goes_ns >= now_ns
        if used:
            now_ns = goes_ns
            sent += [goes_ns] * requests
        else:
            allowance.give_back(requests)
    for first, begins_ns in enumerate(sent):
        for last in range(first, len(sent)):
            allowed = (sent[last] - begins_ns) / NS * per_s + max(burst, 4)
            assert last - first + 1 <= allowed + 1e-6


def test_requests_leave_evenly_and_at_half_the_pace_when_told() -> None:
    allowance = Allowance(10)
    assert [allowance.claim(0) for _ in range(3)] == [0, NS // 10, NS // 5]
    allowance.slow_to(0.5)
    assert allowance.per_s == pytest.approx(5)
    assert [allowance.claim(NS) for _ in range(3)] == [NS, NS + NS // 5, NS + 2 * NS // 5]


def test_a_claim_that_was_not_used_is_there_for_the_next() -> None:
    allowance = Allowance(10)
    allowance.claim(0)
    assert allowance.claim(0) == NS // 10
    allowance.give_back()
    assert allowance.claim(0) == NS // 10


@pytest.mark.parametrize(("per_s", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_an_allowance_that_lets_nothing_through_cannot_be_made(per_s: float, burst: int) -> None:
    with pytest.raises(ValueError, match="nothing through"):
        Allowance(per_s, burst)
    with pytest.raises(ValueError, match="no part"):
        Allowance(1).slow_to(0)


# Backing off


@given(st.lists(st.integers(0, 12), max_size=200))
def test_the_factor_is_always_more_than_nothing_and_at_most_the_whole(counts: list[int]) -> None:
    looks = Looks()
    for count in counts:
        assert SLOWEST <= looks.at(count) <= 1
    assert looks.backoff.factor == 1.0 or looks.reasons


def test_others_that_wait_more_look_after_look_halve_the_pace_and_the_line_says_why() -> None:
    looks = Looks()
    assert looks.at(2, 3, 4) == 1.0
    assert looks.at(6) == 0.5
    assert looks.reasons == ["backends of others that wait rose from 2 to 6: pace lowered to 50%"]


def test_equal_looks_between_rises_count_neither_way_and_a_fall_begins_anew() -> None:
    assert Looks().at(2, 3, 3, 4, 4, 5) == 0.5
    assert Looks().at(2, 3, 4, 3, 4, 5) == 1.0


def test_the_pace_comes_back_slowly_and_only_while_others_are_at_ease() -> None:
    looks = Looks()
    looks.at(*range(RISES + 1))
    assert looks.at(0) == 0.5
    calm = CALM_NS // NS
    assert looks.at(*[0] * calm) == 0.625
    assert looks.at(1) == 0.625
    assert looks.at(*[0] * (calm - 1)) == 0.625, "somebody waited meanwhile"
    assert looks.at(*[0] * (10 * calm)) == 1.0
    assert looks.reasons[-1].endswith("pace back to 100%")
    assert len(looks.reasons) < 8, "a line for each move, none for each look"


def test_others_that_go_on_waiting_slow_it_down_further_but_never_to_a_stand() -> None:
    looks = Looks()
    looks.at(0, 3, 6, 9)
    assert looks.at(*[9] * (STAYS_NS // NS)) == 0.25
    assert looks.at(*[9] * 10 * (STAYS_NS // NS)) == SLOWEST


def test_one_look_counts_once_and_our_own_waits_and_idle_clients_do_not_count() -> None:
    backoff = Backoff()
    for waiting in range(9):
        backoff.look(sample(waiting, 7), waiting)
    assert backoff.factor == 1.0
    for at_ns in range(1, 9):
        backoff.look(sample(at_ns, at_ns, wait="Client:ClientRead"), at_ns)
    assert backoff.factor == 1.0


def test_where_states_are_hidden_those_in_lock_queues_count() -> None:
    backoff = Backoff()
    for at_ns in range(RISES + 1):
        members = tuple(QueueMember(pid, "NOT OURS", "ExclusiveLock", False, 1) for pid in range(at_ns))
        ours = QueueMember(99, "w03 19:15", "ExclusiveLock", False, 1)
        queue = LockQueue("Terrace 19:00", True, (*members, ours))
        backoff.look(sample(0, at_ns, queues=(queue, queue)), at_ns)
    assert backoff.factor == 0.5
    assert f"0 to {RISES}" in backoff.reason


def test_others_are_named_as_the_sampler_names_them() -> None:
    assert {naming.NOT_OURS, naming.OTHER_RUN} == OTHERS
