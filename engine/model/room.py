"""What a server says about itself before a run begins: where it is, and how many connections it has to give."""

import msgspec


class Whereabouts(msgspec.Struct, frozen=True):
    """Where a server is, by its own word."""

    address: str
    """The address it was reached at, at its own end; empty for a Unix socket."""
    pid: int
    """Its process for this connection."""
    database: str


class Room(msgspec.Struct, frozen=True):
    """The connections of a server."""

    max_connections: int
    reserved: int
    """Of them, those that are kept for superusers and for the role `pg_use_reserved_connections`."""
    used: int
    """Those that others have now."""

    @property
    def free(self) -> int:
        """What is left for us."""
        return max(0, self.max_connections - self.reserved - self.used)
