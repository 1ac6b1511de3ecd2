"""Everything that was said, searched for what nobody should have."""

import asyncio
import os
from pathlib import Path

from tests.scratch import FOLDER, ScratchDatabase
from tests.secrets import planting
from tests.secrets.sentinels import in_folder, leaks
from tests.shell import Done, Shell

AT_ONCE = 3
"""Commands that have nothing to do with one another run side by side."""


class Heard:
    """Everything that was said, with who said it, and what of it nobody should have."""

    def __init__(self) -> None:
        self.leaked: dict[str, set[str]] = {}
        self.searched = 0

    def take(self, where: str, *texts: str | bytes) -> None:
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode()
            self.searched += len(data)
            if found := leaks(data):
                self.leaked[where] = self.leaked.get(where, set()) | found

    def done(self, done: Done, where: str) -> Done:
        self.take(where, done.out, done.err)
        return done

    def folder(self, folder: Path, *but: Path) -> None:
        self.leaked |= in_folder(folder, *but)

    def all_of(self, shell: Shell) -> None:
        """Every file in the user's home but those the sentinels were planted in, and the platform's own."""
        self.folder(shell.home, *planting.folders(shell))
        self.folder(Path(f"{os.environ[FOLDER]}/pg.room"))


async def begun(shell: Shell, database: ScratchDatabase, heard: Heard) -> None:
    planting.settle(shell, database.dsn)
    marked = await do(shell, heard, "db", "init", "--target", "theirs", f"--yes={database.name}")
    assert marked.code == 0, marked.err
    await planting.people(database)


async def do(shell: Shell, heard: Heard, *words: str) -> Done:
    done = await asyncio.to_thread(shell.do, *words)
    # What is typed may be wrong in itself; only how it is spoken of counts.
    return heard.done(done, " ".join(words)[:60])


async def side_by_side(shell: Shell, heard: Heard, commands: list[tuple[str, ...]]) -> list[Done]:
    """What each of the commands said, in their order."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(words: tuple[str, ...]) -> Done:
        async with free:
            return await do(shell, heard, *words)

    return await asyncio.gather(*(one(words) for words in commands))
