"""`slotfill db status`: the databases of runs are counted, and those that no run here knows are named."""

import asyncio
import os

from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop
from tests.shell import Shell


def test_what_an_engine_left_that_was_killed_while_it_began_is_named_with_its_cure(
    shell: Shell, cluster: Cluster
) -> None:
    stray = f"sf_0000_{os.getpid()}"
    done = shell.do("run", "--headless", "--stress-max", "1", "--end", "12:00")
    assert done.code == 0, done.err
    own = shell.manifest()["database"]
    asyncio.run(clone(cluster, stray))
    try:
        found = shell.do("db", "status", "--json").json()
        assert found["databases"] >= 2
        assert found["bytes"] > 10_000_000, "a database of a run takes more than its folder"
        assert "their databases beside it (slotfill db status)" in shell.do("ls").out
        told = shell.do("db", "status")
    finally:
        asyncio.run(drop(cluster, stray))
    assert " of runs; slotfill prune drops those of old runs with them" in told.out
    assert stray in told.err
    assert own not in told.err
    assert "can be dropped in slotfill db psql" in told.err
