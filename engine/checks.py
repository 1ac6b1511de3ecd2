"""The integrity checks before and after a run: run, kept in its folder, and compared."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from engine.database import Connection, DatabaseFailed, DatabaseUnreachable
from engine.model.integrity import Integrity
from engine.model.report import IntegrityCounts
from engine.records.writer import write_json
from engine.target import Target
from engine.verify.integrity import check, grew


class Checks:
    """What the checks said of the databases of one run."""

    def __init__(
        self, connect: Callable[[str], Awaitable[Connection]], target: Target, hold_ttl_s: float, folder: Path
    ) -> None:
        self._connect = connect
        self._target = target
        self._ttl = timedelta(seconds=hold_ttl_s)
        self._folder = folder
        self._before: Integrity | None = None
        self._first: Integrity | None = None
        self._last: Integrity | None = None
        self._trouble: list[str] = []
        self.repeat: Callable[[], int] = lambda: 0
        """The repeat in hand; 0 where the plan is run once."""
        self.databases = 0
        """So many the run has begun to work in."""
        self._here: dict[str, int] = {}
        """Of `grew` what the database in hand has."""
        self._left: dict[str, int] = {}
        """And what those have that repeats before this one worked in."""
        self._kept: list[str] = []
        """Files that name the rows of those."""

    async def before(self) -> None:
        """Check the database as it is before the first attempt, and before any fault is on. Raises RecordsFailed."""
        self._leave()
        self._before = await self._checked("before")
        if self._first is None:
            self._first = self._before

    async def after(self) -> None:
        """Check it again now that the run, or a repeat of it, is over. Raises RecordsFailed."""
        self._last = await self._checked("after")
        if self._before is not None and self._last is not None:
            # Held against its beginning, however many repeats it has had: none of its rows is counted twice.
            self._here = grew(self._before, self._last)

    def _leave(self) -> None:
        """Another database is begun: the rows that this one ends with stay named, and counted."""
        self.databases += 1
        if not self._here:
            return
        for name, more in self._here.items():
            self._left[name] = self._left.get(name, 0) + more
        self._here = {}
        kept = f"integrity-after-{self.databases - 1}.json"
        if self._last is not None:
            write_json(self._folder / kept, self._last)
            self._kept.append(kept)

    @property
    def grew(self) -> dict[str, int]:
        """Checks of broken promises that found more rows after than before, summed over all databases of the run."""
        return {
            name: self._left.get(name, 0) + self._here.get(name, 0)
            for name in dict.fromkeys((*self._left, *self._here))
        }

    @property
    def files(self) -> tuple[str, ...]:
        """The files that name the rows that `grew` counts."""
        return (*self._kept, *(["integrity-after.json"] if self._here else []))

    @property
    def counts(self) -> IntegrityCounts | None:
        """Offending rows by check, before and after, those of databases that were left too; None when not to be had."""
        if self._first is None or self._last is None:
            return None
        after = {name: count + self._left.get(name, 0) for name, count in self._last.counts.items()}
        return IntegrityCounts(before=dict(self._first.counts), after=after)

    @property
    def alerts(self) -> tuple[str, ...]:
        """Checks that could not run, whichever repeat they were to look at: they have passed nothing."""
        return tuple(dict.fromkeys(self._trouble))

    async def _checked(self, when: str) -> Integrity | None:
        ids = [floor.restaurant_id for floor in self._target.floors.values()]
        number = self.repeat()
        which = f"repeat {number} of the run" if number else "the run"
        try:
            connection = await self._connect("slotfill integrity")
            try:
                found = await check(connection, ids, self._ttl)
            finally:
                await connection.close()
        except (DatabaseFailed, DatabaseUnreachable) as error:
            self._trouble.append(f"the integrity checks {when} {which} could not be made: {error}")
            return None
        if found.failed:
            names = ", ".join(f"{name} ({why})" for name, why in found.failed.items())
            self._trouble.append(f"integrity checks that could not run {when} {which}: {names}")
        write_json(self._folder / f"integrity-{when}.json", found)
        return found
