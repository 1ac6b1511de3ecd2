"""The next repeat of a run: database, faults and plan as at the beginning."""

import msgspec

from engine.at_target import AnyTarget
from engine.checks import Checks
from engine.ground import Ground
from engine.model.round import Round
from engine.patience import patiently
from engine.planning import Start, plan_of
from engine.run import Run
from engine.spec import Spec
from engine.sweeping import Sweeping, faults_of


class Renewal(msgspec.Struct, frozen=True):
    """What is brought back to its first state, and the crew that takes over the plan once more."""

    spec: Spec
    ground: Ground
    target: AnyTarget
    checks: Checks
    run: Run
    sweep: Sweeping | None
    """The rounds of a sweep; None for a run that is none."""

    async def begin(self) -> None:
        """Begin the next repeat, waiting for a server that is away for a moment as long as reading back would.

        Raises DatabaseFailed, DatabaseUnreachable, NothingToDo, RecordsFailed.
        """
        run, ground, target = self.run, self.ground, self.target
        passes = run.passes
        if ground.is_embedded and self.spec.fresh:
            await passes.settle(run.crew)
        passes.repeat += 1
        if await patiently(lambda: ground.renew(passes.repeat), run.clock, passes.patience_ns, passes.told):
            await target.close()
            target.move_to(ground.dsn, ground.base_url)
            run.reconciler.forget()
            await self.checks.before()
            await self._break_again()
        if self.sweep is not None:
            run.steering.resize(self._terms.concurrency)
        start = Start(first_turn=max((turn.id for turn in run.plan.turns), default=0) + 1)
        # By the settings of this moment: whatever was set meanwhile is this repeat's, too.
        plan = await patiently(
            lambda: plan_of(self.spec.plan, target, run.steering.settings, ground.day, start),
            run.clock,
            passes.patience_ns,
            passes.told,
        )
        run.crew.take_over(plan, run.crew.leg + 1, run.crew.concurrency)

    async def _break_again(self) -> None:
        """Switch on in the new database what was on in the last one, or what the round wants."""
        run = self.run
        faults = run.faults
        if faults is None:
            return
        wanted = faults.there
        if self.sweep is not None:
            wanted = faults_of(run.steering.settings.run.faults, self._terms)
        faults.forget()
        await patiently(lambda: faults.turn(wanted), run.clock, run.passes.patience_ns, run.passes.told)

    @property
    def _terms(self) -> Round:
        """The terms of the round that is about to begin."""
        if self.sweep is None:
            raise AssertionError("only a sweep has rounds")
        return self.sweep.rounds[self.run.passes.repeat - 1]
