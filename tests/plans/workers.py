"""Workers that take, begin, end and leave a plan's turns in any order, and hold it to what every plan promises."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.model.ids import TurnId, WorkerId
from engine.model.turn import Turn, TurnEnd
from engine.plan import Plan


def _always(_turn: Turn) -> bool:
    return True


@dataclass
class Workers:
    """Four workers on turns of one attempt each. What they saw stays for the test to judge."""

    plan: Plan
    rng: random.Random
    fills: Callable[[Turn], bool] = _always
    at: dict[WorkerId, Turn] = field(default_factory=dict)
    flying: dict[WorkerId, Turn] = field(default_factory=dict)
    begun: Counter[TurnId] = field(default_factory=Counter)
    filled: Counter[TurnId] = field(default_factory=Counter)
    ends: dict[TurnId, TurnEnd] = field(default_factory=dict)
    order: list[Turn] = field(default_factory=list)
    """Turns in the order their attempts began."""

    def take(self, worker: WorkerId) -> None:
        why_not = self.plan.idle_reason
        turn = self.plan.take(worker)
        assert (turn is None) == bool(why_not)
        if turn is None:
            return
        assert turn.id not in self.ends
        assert turn.id not in {held.id for held in self.at.values()}, "no turn is given to two workers at once"
        self.at[worker] = turn

    def begin(self, worker: WorkerId) -> None:
        turn = self.at[worker]
        ordinal = self.plan.begin(turn.id)
        if turn.id in self.ends:
            assert ordinal is None, "nothing begins in a turn that has ended"
            self.at.pop(worker)
            return
        assert ordinal == 1
        self.begun[turn.id] += 1
        self.order.append(turn)
        self.flying[worker] = turn
        assert self.plan.begin(turn.id) is None, "a turn takes one attempt"

    def end(self, worker: WorkerId) -> None:
        turn = self.flying.pop(worker)
        filled = self.fills(turn)
        self.filled[turn.id] += filled
        assert turn.id not in self.ends, "a turn ends once"
        end = self.plan.ended(turn.id, filled)
        assert end is (TurnEnd.CAPPED if filled else TurnEnd.EXHAUSTED)
        self.ends[turn.id] = end
        self.leave(worker)

    def leave(self, worker: WorkerId) -> None:
        self.plan.leave(worker, self.at.pop(worker).id)

    def end_pass(self) -> tuple[TurnId, ...]:
        skipped = self.plan.end_pass()
        for turn in skipped:
            assert turn not in self.ends, "a turn ends once"
            assert not self.begun[turn], "what has begun is not skipped"
            self.ends[turn] = TurnEnd.SKIPPED
        return skipped

    def step(self) -> None:
        worker = WorkerId(self.rng.randrange(4))
        if worker in self.flying:
            self.end(worker)
        elif worker in self.at:
            (self.leave if self.rng.random() < 0.3 else self.begin)(worker)
        else:
            self.take(worker)
        self.agree()

    def play(self, *, most_steps: int = 400) -> None:
        """Until the pass in hand is over; from most_steps on nobody leaves a turn for nothing."""
        for _ in range(most_steps):
            if self.plan.is_done or self.plan.pass_is_over:
                break
            self.step()
        for worker in [*self.at]:
            if worker not in self.flying:
                self.leave(worker)
        for worker in [*self.flying]:
            self.end(worker)
        while not (self.plan.is_done or self.plan.pass_is_over):
            self.take(WorkerId(9))
            self.begin(WorkerId(9))
            self.end(WorkerId(9))
        self.agree()
        assert {turn.id for turn in self.plan.turns} <= set(self.ends), "every turn of the pass has ended"
        assert not self.flying

    def agree(self) -> None:
        """The plan's books and what the workers saw are the same."""
        for turn in self.plan.turns:
            progress = self.plan.progress(turn.id)
            in_flight = turn in self.flying.values()
            assert progress.begun == self.begun[turn.id] <= 1
            assert progress.ended == progress.begun - in_flight
            assert progress.filled == self.filled[turn.id]
            assert progress.end is self.ends.get(turn.id)
            if progress.end is None:
                assert set(progress.workers) == {worker for worker, held in self.at.items() if held == turn}
