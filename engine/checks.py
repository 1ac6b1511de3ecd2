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
        self.grew: dict[str, int] = {}
        """Checks of broken promises that found more rows after than before, summed over all repeats."""

    async def before(self) -> None:
        """Check the database as it is before the first attempt, and before any fault is on. Raises RecordsFailed."""
        self._before = await self._checked("before")
        if self._first is None:
            self._first = self._before

    async def after(self) -> None:
        """Check it again now that the run, or a repeat of it, is over. Raises RecordsFailed."""
        self._last = await self._checked("after")
        if self._before is not None and self._last is not None:
            for name, more in grew(self._before, self._last).items():
                self.grew[name] = self.grew.get(name, 0) + more

    @property
    def counts(self) -> IntegrityCounts | None:
        """Offending rows by check, before and after; None when either could not be had."""
        if self._first is None or self._last is None:
            return None
        return IntegrityCounts(before=dict(self._first.counts), after=dict(self._last.counts))

    @property
    def alerts(self) -> tuple[str, ...]:
        """Checks that could not run: they have passed nothing."""
        found = list(self._trouble)
        for when, seen in (("before", self._first), ("after", self._last)):
            if seen is not None and seen.failed:
                names = ", ".join(f"{name} ({why})" for name, why in seen.failed.items())
                found.append(f"integrity checks that could not run {when} the run: {names}")
        return tuple(found)

    async def _checked(self, when: str) -> Integrity | None:
        ids = [floor.restaurant_id for floor in self._target.floors.values()]
        try:
            connection = await self._connect("slotfill integrity")
            try:
                found = await check(connection, ids, self._ttl)
            finally:
                await connection.close()
        except (DatabaseFailed, DatabaseUnreachable) as error:
            self._trouble.append(f"the integrity checks {when} the run could not be made: {error}")
            return None
        write_json(self._folder / f"integrity-{when}.json", found)
        return found
