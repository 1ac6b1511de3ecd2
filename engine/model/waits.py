"""What this run's backends were at while a leg went on: sampled many times a second, and joined to worker and step."""

import msgspec

CPU = "CPU or unaccounted"
"""Active with no wait event: it runs, or it waits in a place the server has no word for."""
IN_TRANSACTION = "idle in transaction"
"""The server waits for our next statement, with a transaction open and its locks held."""
CLIENT = "client"
"""The server waits for our next statement, while the worker is in a step."""
OTHER_WAITS = "other waits"
"""Where there are more kinds of cells than are kept apart."""
NO_STEP = ""
"""A backend that no worker was behind at that moment, or a worker between two attempts."""
FEWEST = 30
"""A cell seen less often than this says nothing."""


class WaitCell(msgspec.Struct, frozen=True):
    """How often one of our backends was seen in one step with one wait."""

    step: str
    """`confirm`; empty where no worker's step was known."""
    wait: str
    """`Lock:transactionid`, or one of this module's words."""
    samples: int
    """Sightings: a backend counts once in each look."""
    sessions: float
    """Backends in this cell at a time, on average."""

    @property
    def insufficient(self) -> bool:
        """Whether it was seen too seldom to be believed."""
        return self.samples < FEWEST

    @property
    def is_active(self) -> bool:
        """Whether the server was at work on it, or waited for something of its own; else it waited for us."""
        return self.wait not in (IN_TRANSACTION, CLIENT)


class Blocker(msgspec.Struct, frozen=True):
    """Who was in the way of a lock, at the end of the chain of those that wait for one another."""

    step: str
    """Of the one that waited."""
    wait: str
    by_step: str
    """Of the one in the way; empty where that was no worker in a step."""
    by_who: str
    """`w03`, `w03 left` for a backend that outlived its connection, `other run`, or `NOT OURS`."""
    samples: int


class CountedStatement(msgspec.Struct, frozen=True):
    """One of our statements, by the server's own count over the leg."""

    query: str
    """Without constants, masked, its first 200 characters."""
    calls: int
    mean_ms: float


class Counters(msgspec.Struct, frozen=True):
    """What the server's own counters rose by during a leg; None where one could not be read, or was reset.

    A backend tells the server of a transaction up to a second late, so the last second of a pass may be counted to the
    next one. WAL is of the whole server.
    """

    commits: int | None = None
    rollbacks: int | None = None
    deadlocks: int | None = None
    conflicts: int | None = None
    temp_files: int | None = None
    temp_bytes: int | None = None
    wal_records: int | None = None
    wal_full_pages: int | None = None
    wal_bytes: int | None = None
    statements: tuple[CountedStatement, ...] = ()
    """At most 20, most time first; the looks' own are left out."""


class Waits(msgspec.Struct, frozen=True):
    """The waits of one leg, so far or as a whole."""

    leg: int
    samples: int
    """Looks in which the states of our backends could be seen."""
    hz: float
    """Looks a second that were reached."""
    seconds: float
    sessions: float
    """Average active sessions: backends of ours that were not waiting for us."""
    cells: tuple[WaitCell, ...] = ()
    """Most seen first."""
    blockers: tuple[Blocker, ...] = ()
    """Most seen first."""
    moved: int = 0
    """Sightings whose worker changed its step within what is known of the moment: they bound the join's error."""
    share: float = 0.0
    """What looking took of a core of the server, and as much again of ours at most, while it went on."""
    missing: tuple[str, ...] = ()
    """What could not be seen and what it needs; where our backends' states are hidden there are no cells."""
    counters: Counters | None = None
    """None until the leg is over, and where none could be read."""
    server_log: tuple[str, ...] = ()
    """What the server's own log says of waits and deadlocks in our database, masked; embedded server only."""
