"""A round of a sweep: the whole plan once, at one concurrency, from the first state of the database."""

from enum import StrEnum

import msgspec

from engine.model.client_floor import ClientFloor


class RoundKind(StrEnum):
    """What a round is for."""

    WARM_UP = "warm-up"
    """Brings code, caches and connections to their usual state. Kept, and in no figure of a level."""
    COUNTED = "counted"
    DELAYED = "delayed"
    """One step is slowed down, to see how much of that the throughput feels."""


class Round(msgspec.Struct, frozen=True, omit_defaults=True):
    """The terms of one round."""

    number: int
    """The how manyth of the run it is, from 1."""
    of: int
    """Rounds there are."""
    kind: RoundKind
    concurrency: int
    repeat: int = 1
    """The how manyth of its kind at this concurrency it is, from 1."""
    step: str = ""
    """The step that is slowed down; empty for none."""
    delay_ms: int = 0
    state: dict[str, int] = {}
    """Rows by kind, of the run's restaurants, before it began; none where the database could not be asked."""
    differs: str = ""
    """In what it began from another state than the first round did; empty when in nothing."""
    floor: ClientFloor | None = None
    """What this client costs by itself at this concurrency, measured before it began."""

    @property
    def label(self) -> str:
        """It in words: `8 workers, repeat 2`."""
        workers = f"{self.concurrency} {'workers' if self.concurrency != 1 else 'worker'}"
        if self.kind is RoundKind.WARM_UP:
            return f"warm-up, {workers}"
        delayed = f", {self.step} +{self.delay_ms} ms" if self.step else ""
        return f"{workers}{delayed}, repeat {self.repeat}"


class ClientLoad(msgspec.Struct, frozen=True):
    """How the client itself fared while a leg went on: what it measured is worth no more than this."""

    lag_p99_ns: int
    """How late its own loop was."""
    tainted: int
    """Attempts that a lateness fell into which is longer than 5 ms and a tenth of them."""
    cpu_share: float
    """Of one core, which is all that one loop can use."""
