"""The pace: a schedule that answers do not move."""

from hypothesis import given
from hypothesis import strategies as st

from engine.fill.pace import NS, Pace


@given(rate=st.floats(0.5, 5_000), together=st.integers(1, 40), count=st.integers(1, 200))
def test_as_many_fall_due_at_once_as_asked_and_the_mean_rate_stays(rate: float, together: int, count: int) -> None:
    pace = Pace(rate, together)
    pace.begin(0)
    due = [pace.claim(0)[0] for _ in range(count * together)]
    assert due == sorted(due)
    for group in range(count):
        assert len(set(due[group * together : (group + 1) * together])) == 1
        assert due[group * together] == round(group * together * NS / rate)


@given(st.lists(st.booleans(), max_size=60))
def test_a_claim_given_back_is_the_next_one_taken(kept: list[bool]) -> None:
    pace = Pace(10)
    pace.begin(0)
    used = []
    for keep in kept:
        due, claim = pace.claim(0)
        if keep:
            used.append(due)
        else:
            pace.give_back(claim)
    assert used == [place * NS // 10 for place in range(len(used))]


def test_a_closed_model_is_always_due_now() -> None:
    pace = Pace(None)
    pace.begin(0)
    assert [pace.claim(now)[0] for now in (0, 5, 17)] == [0, 5, 17]


def test_a_new_rate_begins_a_new_schedule_and_voids_old_claims() -> None:
    pace = Pace(1)
    pace.begin(0)
    _, old = pace.claim(0)
    pace.change(2, 7 * NS)
    pace.give_back(old)
    assert [pace.claim(7 * NS)[0] for _ in range(3)] == [7 * NS, 7 * NS + NS // 2, 8 * NS]


def test_a_pause_moves_the_schedule_by_its_length() -> None:
    pace = Pace(1)
    pace.begin(0)
    pace.claim(0)
    pace.pause(NS // 2)
    pace.pause(NS)
    pace.resume(10 * NS)
    assert pace.claim(10 * NS)[0] == NS + 10 * NS - NS // 2


def test_while_nobody_takes_what_is_due_the_lateness_grows() -> None:
    pace = Pace(10)
    pace.begin(0)
    pace.claim(0)
    assert pace.behind_ns(0) == 0
    assert pace.behind_ns(5 * NS) == 5 * NS - NS // 10
    pace.pause(6 * NS)
    assert pace.behind_ns(9 * NS) == 0
    assert Pace(None).behind_ns(NS) == 0


def test_a_rate_beyond_all_measure_makes_nothing_due_and_is_no_error() -> None:
    pace = Pace(5e-324)
    pace.begin(0)
    assert [pace.claim(0)[0] for _ in range(2)] == [0, 10**18]
