"""What an act would touch, in words, for the question before it. Pure."""

from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from tui.format import counted, turns_word

ENDING = (RunState.DRAINING, RunState.CANCELLING)
CANCELS = "cancels what is in flight: holds are released, a COMMIT under way stays in doubt"
"""What a cancel does; how much is in flight is said above it, and changes while the question is open."""


def of_stop(snapshot: RunSnapshot | None) -> list[str]:
    """What stopping ends, and what it leaves undone."""
    if snapshot is None:
        return ["the engine has not said yet what is in flight"]
    run = snapshot.run
    holding = sum(bool(worker.tables) for worker in snapshot.workers)
    flying = f"{counted(run.in_flight, 'attempt')} in flight, {holding} of them at tables"
    said = [f"run {run.run_id} is {run.state.value.upper()} with {counted(run.workers, 'worker')}; {flying}"]
    left = run.turns - run.turns_ended
    if left > 0:
        said.append(f"{left} of {run.turns} {turns_word(snapshot)} have not ended; what is left of them is not begun")
    said.append("what is acknowledged stays; the ledger and the checks follow, then it exits with 130")
    return said


def is_ending(snapshot: RunSnapshot | None) -> bool:
    """Whether it was told to stop already."""
    return snapshot is not None and snapshot.run.state in ENDING
