"""The ledger of a fill: which turns there are, who takes them, how they end."""

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.model.ids import TurnId, WorkerId
from engine.model.turn import TurnEnd
from engine.plans.fill import FillPlan
from tests.allocator.floors import EVERY_DAY, MONDAY, SATURDAY, floor, table, white_horse

PUB = {"pub": white_horse()}
TWO = PUB | {"cafe": floor([table("A", 2)], hours=EVERY_DAY)}
ONE, OTHER, THIRD = WorkerId(1), WorkerId(2), WorkerId(3)


def _plan(**named: Any) -> FillPlan:
    standard: dict[str, Any] = {
        "seed": 1,
        "first": MONDAY,
        "days": 1,
        "start": time(12),
        "end": time(13),
        "interval_min": 15,
        "stress_max": 3,
        "min_party": 1,
        "max_party": 12,
        "share_slots": False,
    }
    return FillPlan.of(named.pop("floors", PUB), **standard | named)


def _sizes(plan: FillPlan) -> dict[tuple[str, date, time], int]:
    return {(turn.restaurant, turn.on, turn.at): turn.party for turn in plan.turns}


def _cap(plan: FillPlan, turn_id: TurnId) -> TurnEnd | None:
    end = None
    while plan.begin(turn_id) is not None:
        end = plan.ended(turn_id, True)
    return end


def test_every_slot_is_a_turn_and_the_end_counts_when_it_is_on_the_grid() -> None:
    assert [turn.label for turn in _plan().turns] == ["12:00", "12:15", "12:30", "12:45", "13:00"]
    assert [turn.label for turn in _plan(end=time(12, 50)).turns][-1] == "12:45"
    assert [turn.label for turn in _plan(start=time(23, 30), end=time(23, 59)).turns] == ["23:30", "23:45"]
    assert _plan().most_attempts == 15


def test_closed_days_make_no_turns_and_are_named() -> None:
    week = _plan(days=7)
    assert {turn.on.isoweekday() for turn in week.turns} == {1, 2, 3, 4, 5}
    assert week.closed_days == (("pub", SATURDAY), ("pub", date(2026, 3, 8)))
    weekend = _plan(first=SATURDAY, days=2)
    assert weekend.turns == ()
    assert weekend.is_done
    assert weekend.idle_reason == (
        "there is no slot to fill: closed are pub on Saturday 2026-03-07 and 1 more; choose another date"
    )


def test_restaurants_come_along_together() -> None:
    assert [(t.restaurant, t.label) for t in _plan(floors=TWO).turns[:3]] == [
        ("pub", "12:00"),
        ("cafe", "12:00"),
        ("pub", "12:15"),
    ]


@given(seed=st.integers(0, 99), days=st.integers(1, 5), until=st.integers(12, 21), interval=st.sampled_from([15, 30]))
@settings(max_examples=30)
def test_party_sizes_follow_from_seed_and_slot_and_from_no_other_setting(
    seed: int, days: int, until: int, interval: int
) -> None:
    small = _sizes(_plan(seed=seed, interval_min=30))
    grown = _sizes(
        _plan(
            seed=seed, floors=TWO, days=days, end=time(until + 1), interval_min=interval, stress_max=9, share_slots=True
        )
    )
    assert {slot: grown[slot] for slot in small} == small
    assert set(grown.values()) <= set(range(1, 13))


def test_equal_seeds_give_equal_turns_and_others_do_not() -> None:
    assert _plan(seed=7, end=time(22)).turns == _plan(seed=7, end=time(22)).turns
    assert _plan(seed=7, end=time(22)).turns != _plan(seed=8, end=time(22)).turns
    assert set(_sizes(_plan(days=5, end=time(22), max_party=3)).values()) == {1, 2, 3}


def test_the_first_attempt_not_filled_ends_the_turn() -> None:
    plan = _plan()
    turn = plan.take(ONE)
    assert turn is not None
    assert plan.begin(turn.id) == 1
    assert plan.ended(turn.id, True) is None
    assert plan.begin(turn.id) == 2
    assert plan.ended(turn.id, False) is TurnEnd.EXHAUSTED
    assert plan.begin(turn.id) is None
    plan.leave(ONE, turn.id)
    again = plan.take(ONE)
    assert again is not None
    assert again.label == "12:15"


def test_stress_max_filled_attempts_cap_the_turn() -> None:
    plan = _plan()
    turn = plan.take(ONE)
    assert turn is not None
    assert _cap(plan, turn.id) is TurnEnd.CAPPED
    assert plan.progress(turn.id).filled == 3


def test_taking_another_turn_gives_the_one_in_hand_back() -> None:
    plan = _plan()
    first = plan.take(ONE)
    assert plan.take(ONE) == first
    assert plan.take(OTHER) != first


def test_a_turn_given_back_is_taken_next() -> None:
    plan = _plan()
    first, second = plan.take(ONE), plan.take(OTHER)
    assert first is not None
    assert second is not None
    assert plan.begin(first.id) == 1
    plan.ended(first.id, True)
    plan.leave(ONE, first.id)
    assert plan.take(THIRD) == first
    assert plan.begin(first.id) == 2, "it goes on where it was left"


def test_without_sharing_a_worker_without_a_slot_is_told_why() -> None:
    plan = _plan(end=time(12))
    assert plan.idle_reason == ""
    turn = plan.take(ONE)
    assert turn is not None
    assert plan.take(OTHER) is None
    assert plan.idle_reason.startswith("each open slot has its worker (1 open)")
    _cap(plan, turn.id)
    assert plan.idle_reason == "every slot has ended"
    assert plan.is_done


def test_sharing_sends_a_worker_to_the_slot_with_the_fewest_that_can_still_begin() -> None:
    plan = _plan(end=time(12, 15), share_slots=True, stress_max=2)
    taken = [plan.take(WorkerId(worker)) for worker in range(5)]
    assert [turn.label if turn else None for turn in taken] == ["12:00", "12:15", "12:00", "12:15", "12:00"]
    first = plan.turns[0].id
    assert [plan.begin(first), plan.begin(first), plan.begin(first)] == [1, 2, None]
    late = plan.take(WorkerId(9))
    assert late is not None
    assert late.label == "12:15"


def test_in_a_shared_slot_the_first_failure_ends_it_for_all_and_is_told_once() -> None:
    plan = _plan(end=time(12), share_slots=True)
    plan.take(ONE)
    plan.take(OTHER)
    turn = plan.turns[0].id
    assert (plan.begin(turn), plan.begin(turn)) == (1, 2)
    assert plan.ended(turn, False) is TurnEnd.EXHAUSTED
    assert plan.ended(turn, True) is None, "in flight when it ended: counted, and no second end"
    progress = plan.progress(turn)
    assert (progress.ended, progress.filled, progress.workers, progress.end) == (2, 1, (), TurnEnd.EXHAUSTED)


def test_lower_stress_max_caps_turns_that_have_had_it() -> None:
    plan = _plan(end=time(12, 15))
    first, second = plan.take(ONE), plan.take(OTHER)
    assert first is not None
    assert second is not None
    plan.begin(first.id)
    plan.ended(first.id, True)
    plan.begin(second.id)
    assert plan.reconfigure(stress_max=1) == (first.id,)
    assert plan.progress(second.id).end is None, "its attempt is still in flight"
    assert plan.ended(second.id, True) is TurnEnd.CAPPED
    assert plan.is_done
    assert plan.most_attempts == 2


def test_higher_stress_max_lets_open_turns_go_on_and_capped_ones_rest() -> None:
    plan = _plan(end=time(12, 15), stress_max=1)
    first = plan.take(ONE)
    assert first is not None
    _cap(plan, first.id)
    second = plan.take(ONE)
    assert second is not None
    assert plan.begin(second.id) == 1
    assert plan.begin(second.id) is None
    assert plan.reconfigure(stress_max=2) == ()
    assert plan.begin(second.id) == 2
    assert plan.begin(first.id) is None
    assert plan.most_attempts == 3


def test_other_party_sizes_are_for_turns_that_nobody_has_touched() -> None:
    plan = _plan(end=time(12, 45))
    kept, returned = plan.take(ONE), plan.take(OTHER)
    assert kept is not None
    assert returned is not None
    plan.leave(OTHER, returned.id)
    plan.reconfigure(min_party=20, max_party=20)
    assert [turn.party for turn in plan.turns] == [kept.party, 20, 20, 20]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"stress_max": 0}, "stress_max = 0 books nothing"),
        ({"min_party": 0}, "min_party = 0 seats nobody"),
        ({"max_party": 1, "min_party": 2}, "max_party = 1 is below min_party = 2"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_and_change_nothing(wrong: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _plan(**wrong)
    plan = _plan()
    before = plan.turns
    with pytest.raises(ValueError, match=says):
        plan.reconfigure(**wrong)
    assert (plan.turns, plan.most_attempts) == (before, 15)
    with pytest.raises(ValueError, match="never leaves the first slot"):
        _plan(interval_min=0)


def test_an_end_without_a_beginning_is_a_bug() -> None:
    plan = _plan()
    turn = plan.take(ONE)
    assert turn is not None
    with pytest.raises(ValueError, match="0 attempts ended already"):
        plan.ended(turn.id, True)


class Crew(RuleBasedStateMachine):
    """Workers that take, begin, end and leave in any order, and an operator who turns stress-max."""

    @initialize(share=st.booleans(), most=st.integers(1, 3), slots=st.integers(0, 3))
    def start(self, share: bool, most: int, slots: int) -> None:
        self.plan = _plan(end=time(12, 15 * slots), share_slots=share, stress_max=most)
        self.share = share
        self.highest = most
        self.sizes = _sizes(self.plan)
        self.at: dict[WorkerId, TurnId] = {}
        self.flying: list[TurnId] = []
        self.begun: dict[TurnId, int] = dict.fromkeys((turn.id for turn in self.plan.turns), 0)
        self.failed: set[TurnId] = set()
        self.ends: dict[TurnId, TurnEnd] = {}

    def _end(self, turn: TurnId, end: TurnEnd) -> None:
        assert turn not in self.ends, "a turn ends once"
        self.ends[turn] = end
        self.at = {worker: at for worker, at in self.at.items() if at != turn}

    @rule(worker=st.integers(1, 4).map(WorkerId))
    def take(self, worker: WorkerId) -> None:
        if worker in self.at:
            self.plan.leave(worker, self.at.pop(worker))
        reason = self.plan.idle_reason
        turn = self.plan.take(worker)
        assert (reason == "") == (turn is not None)
        if turn is None:
            return
        assert turn.id not in self.ends
        assert self.share or turn.id not in self.at.values(), "without sharing a slot has one worker"
        assert turn.party == self.sizes[turn.restaurant, turn.on, turn.at]
        self.at[worker] = turn.id

    @precondition(lambda self: self.at)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(sorted(self.at)))
        self.plan.leave(worker, self.at.pop(worker))

    @precondition(lambda self: self.at)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        turn = self.at[data.draw(st.sampled_from(sorted(self.at)))]
        ordinal = self.plan.begin(turn)
        if ordinal is not None:
            assert turn not in self.failed, "nothing begins after an end that was not filled"
            self.begun[turn] += 1
            assert ordinal == self.begun[turn] <= self.highest
            self.flying.append(turn)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), filled=st.booleans())
    def end(self, data: st.DataObject, filled: bool) -> None:
        turn = data.draw(st.sampled_from(self.flying))
        self.flying.remove(turn)
        end = self.plan.ended(turn, filled)
        if not filled and turn not in self.ends:
            assert end is TurnEnd.EXHAUSTED
        if not filled:
            self.failed.add(turn)
        if end is not None:
            assert end is (TurnEnd.CAPPED if filled else TurnEnd.EXHAUSTED)
            self._end(turn, end)

    @rule(most=st.integers(1, 4))
    def reconfigure(self, most: int) -> None:
        self.highest = max(self.highest, most)
        for turn in self.plan.reconfigure(stress_max=most):
            self._end(turn, TurnEnd.CAPPED)

    @invariant()
    def the_books_agree(self) -> None:
        for turn, begun in self.begun.items():
            progress = self.plan.progress(turn)
            assert progress.begun == begun <= progress.cap
            assert progress.ended == begun - self.flying.count(turn)
            assert progress.end is self.ends.get(turn)
            assert set(progress.workers) == {worker for worker, at in self.at.items() if at == turn}
        assert self.plan.is_done == (len(self.ends) == len(self.begun))

    def teardown(self) -> None:
        """However it was left, one worker can bring it to its end."""
        if not hasattr(self, "plan"):
            return
        for turn in self.flying:
            end = self.plan.ended(turn, True)
            if end is not None:
                self._end(turn, end)
        for worker, turn in list(self.at.items()):
            self.plan.leave(worker, turn)
        while (taken := self.plan.take(ONE)) is not None:
            while self.plan.begin(taken.id) is not None:
                end = self.plan.ended(taken.id, True)
                if end is not None:
                    self._end(taken.id, end)
        assert self.plan.is_done
        assert set(self.ends) == set(self.begun)


TestCrew = Crew.TestCase
TestCrew.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
