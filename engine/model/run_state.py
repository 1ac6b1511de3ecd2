"""The states of a run and of a worker, the in-between ones too."""

from enum import StrEnum


class RunState(StrEnum):
    """What a run is doing."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    """No new attempt begins; those in flight go on."""
    PAUSED = "paused"
    DRAINING = "draining"
    """It was told to stop; attempts in flight end first."""
    CANCELLING = "cancelling"
    """It was told to stop twice: attempts in flight are cancelled."""
    WATCHING = "watching"
    """It is no run: a database is looked at, and nothing is done in it."""
    FINISHED = "finished"
    STOPPED = "stopped"
    CRASHED = "crashed"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen in it."""
        return self in (RunState.FINISHED, RunState.STOPPED, RunState.CRASHED)


class WorkerState(StrEnum):
    """What a worker is doing."""

    IDLE = "idle"
    """There is no turn for it."""
    DUE = "due"
    """It waits for its attempt to fall due."""
    WORKING = "working"
    RESTING = "resting"
    """The run is paused."""
    LEAVING = "leaving"
    """It was told to go and finishes its attempt."""
    GONE = "gone"
