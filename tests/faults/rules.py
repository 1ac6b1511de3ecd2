"""What a faulty network does, as values: to which message, how often, and how."""

import random
from enum import StrEnum

import msgspec

CONFIRMING = r"confirm_hold_assignment|assign_tables_atomic"
"""What a transaction ran before the COMMIT that books: other COMMITs only give holds back."""


class Act(StrEnum):
    """What happens to a connection at a message."""

    SWALLOW = "swallow"
    """The message is not forwarded, and the connection is cut at both ends."""
    LOSE = "lose"
    """The message is not forwarded, nor is any after it; the connection stays open."""
    CUT = "cut"
    """The message is forwarded and the client cut off at once: the server is still at it."""
    CUT_AT_ANSWER = "cut-at-answer"
    """The message is forwarded, and when the server begins to answer the client is cut off: it is done."""
    BLACK_HOLE = "black-hole"
    """The message is forwarded and no answer comes back ever after; the connection stays open."""
    HALF_CLOSE = "half-close"
    """The message is forwarded, the client is told that nothing more will come, and may still send."""
    DELAY = "delay"
    """The message is forwarded `delay_s` late."""
    STOP = "stop"
    """The server's process behind the connection is stopped (SIGSTOP), the message forwarded, and the process goes on
    `delay_s` later. For clusters of the tests alone."""


class Rule(msgspec.Struct, frozen=True):
    """When to do what."""

    act: Act
    begins: str = "COMMIT"
    """How the SQL begins that the message runs; ignoring case, comments in front left out."""
    after: str = ""
    """Pattern of what the same transaction must have run before; empty for any."""
    name: str = ""
    """How the application name ends, `w03`; empty for any."""
    nth: int = 0
    """Only the n-th such message of an application name, from 1, over all its connections; 0 for each."""
    share: float = 1.0
    """Of those, so many, drawn by the proxy's seed: equal seeds choose equal messages of an application name."""
    most: int | None = None
    """So many in all at most."""
    delay_s: float = 0.0
    reset: bool = False
    """Cut by a reset (RST) instead of an orderly end."""

    def chooses(self, seed: int, name: str, number: int) -> bool:
        """Whether the n-th message of an application name that fits is among those meant."""
        if self.nth:
            return number == self.nth
        # By name and number, not in the order messages came: workers run side by side, never twice in the same order.
        return self.share >= 1 or random.Random(f"{seed}/{self.act}/{name}/{number}").random() < self.share


class Weather(msgspec.Struct, frozen=True):
    """How bytes travel, both ways, whatever they say."""

    delay_s: float = 0.0
    """Each chunk is so much late."""
    jitter_s: float = 0.0
    """And up to so much later still, drawn by the proxy's seed."""
    slice_bytes: int = 0
    """Cut into pieces of so many bytes; 0 for whole."""
    bytes_per_s: float = 0.0
    """So many a second; 0 for as many as there are."""


FAIR = Weather()
"""Bytes travel as they come."""
