"""Pictures of a run for rules to judge: as much of each as a rule may look at."""

from functools import cache

from msgspec.structs import replace

from engine.alert_rules import DEFAULTS, rules_of
from engine.config import AlertSettings, Settings
from engine.model.alert import AlertRule
from engine.model.outcome import Kind
from engine.model.run_state import RunState
from engine.model.snapshot import OutcomeFigures, RunSnapshot, StepFigures
from engine.model.step import Step
from tests.tui import stills

S = 1_000_000_000
OFF = {name: AlertSettings(on=False) for name in DEFAULTS}
_WORDS = {Kind.FILLED: "filled", Kind.CONTENTION: "hold_conflict", Kind.CAPACITY: "capacity", Kind.FAULT: "timeout"}


@cache
def _still() -> RunSnapshot:
    return stills.full()


def rules(**given: AlertSettings) -> tuple[AlertRule, ...]:
    """These rules and no other; an underscore in a name stands for a hyphen."""
    return rules_of(Settings(alerts=OFF | {name.replace("_", "-"): one for name, one in given.items()}))


def rule(when: str, **changes: object) -> tuple[AlertRule, ...]:
    """One rule, resolved at once unless it says otherwise."""
    made = replace(AlertSettings(when=when, window_s=60.0, clear_s=0.0), **changes)
    return rules(it=made)


def picture(at_s: float, conflicts: int = 0, lost: int = 0, **kinds: int) -> RunSnapshot:
    """The run at that second: hold conflicts, lost bookings, and attempts by the kind they ended by."""
    still = _still()
    outcomes = tuple(OutcomeFigures(_WORDS[Kind(kind)], Kind(kind), count, ()) for kind, count in kinds.items())
    return replace(
        still,
        run=replace(still.run, elapsed_ns=round(at_s * S), state=RunState.RUNNING, lag_p99_ns=0),
        outcomes=outcomes,
        steps=(StepFigures(Step.CONFIRM, 90, 10, 7_000_000, 90_000_000, None, 120_000_000, (None, 80_000_000)),),
        conflicts=replace(still.conflicts, total=conflicts),
        zone_lock_total=0,
        sample=None,
        sample_trouble="",
        truth=replace(still.truth, lost=lost, torn=0, altered=0),
    )
