"""A run that has ended, whose plan was repeated: each repeat in a database of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from engine.platform import databases
from engine.platform.cluster import Cluster
from engine.records.archive import Manifest, new_folder, write_manifest
from engine.records.writer import write_json
from tests.scratch import ScratchDatabase

WALL = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@contextmanager
def repeated(cluster: Cluster, root: Path, count: int = 2) -> Iterator[tuple[Path, list[ScratchDatabase]]]:
    """The run's folder, and its databases in their order."""
    run = uuid4().hex[:8]
    names = [f"sf_{run}", *(f"sf_{run}_r{number}" for number in range(2, count + 1))]
    folder = new_folder(root, "fill", run, WALL)
    manifest = Manifest(run, "fill", "embedded", WALL.isoformat(), database=names[0], data="white-horse")
    write_json(folder / "result.json", {"state": "finished", "exit_code": 0})
    write_manifest(folder, msgspec.structs.replace(manifest, pid_started="another start"))

    async def make() -> None:
        for name in names:
            await databases.clone(cluster, name, "white-horse")

    asyncio.run(make())
    try:
        yield folder, [ScratchDatabase(cluster, name) for name in names]
    finally:
        asyncio.run(databases.drop_all(cluster, names[0]))


def living(root: Path, database: str) -> str:
    """A run that goes on there, as far as its folder tells."""
    run = uuid4().hex[:8]
    folder = new_folder(root, "fill", run, WALL)
    write_manifest(folder, Manifest(run, "fill", "embedded", "2026-03-04T13", database=database, data="white-horse"))
    return run
