"""Kinds of waits: the events that belong to each, and what is waited for. Pure."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from engine.model.waits import CLIENT, IN_TRANSACTION


class Wait(NamedTuple):
    """A kind of wait: the events that belong to it and what is waited for."""

    name: str
    events: tuple[str, ...]
    resource: str
    says: str
    queues: bool
    """One at a time: then throughput does not grow with workers."""

    @property
    def tells(self) -> bool:
        """Whether the server itself says what for, however busy its machine or our client is."""
        return self.name in ("sleep", "advisory lock", "row lock", "other lock")


WAITS = (
    Wait("sleep", ("Timeout:PgSleep",), "a sleep in the statement", "slept in its statement", queues=False),
    Wait("advisory lock", ("Lock:advisory",), "an advisory lock", "queued for an advisory lock", queues=True),
    Wait(
        "row lock", ("Lock:transactionid", "Lock:tuple"), "rows that another transaction has locked",
        "waited for a row that another transaction had locked", queues=True,
    ),
    Wait("other lock", ("Lock:*",), "a lock of the server", "waited for a lock of the server", queues=True),
    Wait(
        "log", ("IO:Wal*", "IO:WAL*", "LWLock:WAL*"), "the write-ahead log", "waited for the write-ahead log",
        queues=True,
    ),
    Wait("latch", ("LWLock:*", "BufferPin:*"), "memory the server shares", "waited for shared memory", queues=True),
    Wait("disk", ("IO:*",), "the disk", "waited for the disk", queues=False),
    Wait("processor", ("CPU*",), "the processor, or what has no wait event", "ran, or waited unnamed", queues=False),
    Wait("client", (CLIENT, IN_TRANSACTION, "Client:*"), "our own client", "waited for our client", queues=False),
)  # fmt: skip
"""In this order: the first that fits."""
OURS, PROCESSOR, LOG, LOCK = "client", "processor", "log", "advisory lock"


def kind_of(event: str) -> Wait | None:
    """The kind that a wait belongs to."""
    return next((one for one in WAITS if any(fnmatchcase(event, pattern) for pattern in one.events)), None)
