"""Workers on a fill in any order, while an operator turns stress-max: its laws."""

from datetime import time

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.model.ids import TurnId, WorkerId
from engine.model.turn import TurnEnd
from tests.plans.fills import ONE, done, fill_of, sizes


class Crew(RuleBasedStateMachine):
    """Workers that take, begin, end and leave in any order, and an operator who turns stress-max."""

    @initialize(share=st.booleans(), most=st.integers(1, 3), slots=st.integers(0, 3), had=st.integers(0, 2))
    def start(self, share: bool, most: int, slots: int, had: int) -> None:
        self.plan = fill_of(end=time(12, 15 * slots), share_slots=share, stress_max=most, done=done("12:00", had))
        self.share = share
        self.highest = most
        self.had = {turn.id: had for turn in self.plan.turns if turn.label == "12:00"}
        self.sizes = sizes(self.plan)
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
            assert ordinal == self.had.get(turn, 0) + self.begun[turn] <= self.highest
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
        for turn in self.plan.cap(stress_max=most):
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
