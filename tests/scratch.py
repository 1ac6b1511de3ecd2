"""A database of a test's own, and the shortest way to its rows."""

from typing import Any, NamedTuple

import asyncpg

from engine.platform.cluster import Cluster

FOLDER = "SLOTFILL_TEST_CLUSTER"
"""Environment variable that tells xdist's workers where the session's cluster is."""


class ScratchDatabase(NamedTuple):
    """A fresh clone of the seeded template; dropped when the test ends."""

    cluster: Cluster
    name: str

    @property
    def dsn(self) -> str:
        return self.cluster.dsn(self.name)

    async def connect(self) -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(self.dsn, server_settings={"TimeZone": "UTC"}, timeout=10, command_timeout=20)
