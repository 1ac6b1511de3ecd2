"""The ground a run works on: a database of its own in the embedded cluster, or one that is somebody's."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from engine.cannot_begin import CannotBegin
from engine.config import Settings, TargetSettings
from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, describe
from engine.environment import read
from engine.exit_code import ExitCode
from engine.held import READING_S
from engine.model.ids import RunId
from engine.model.rows import Occupied
from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop, drop_all, ensure_template, names
from engine.platform.seed import DATA_SETS, SEEDED_DAY
from engine.records.archive import RunEntry, find, list_runs, runs_folder
from engine.records.trouble import RunNotFound
from engine.safety import Clearance, GuardRefused, cleared, dsn_of
from engine.spec import Spec
from engine.wanted import data_of


class Ground(Protocol):
    """Where a run works."""

    @property
    def dsn(self) -> str:
        """How to reach the database in hand."""
        ...

    @property
    def database(self) -> str:
        """Its name; that of the first repeat when there are several."""
        ...

    @property
    def data(self) -> str:
        """What it was seeded with; empty where that is not ours to know."""
        ...

    @property
    def day(self) -> date:
        """The day the run is for, or the first of several."""
        ...

    @property
    def base_url(self) -> str:
        """Where the booking API is reached; empty where the run works in the database itself."""
        ...

    @property
    def fallback(self) -> str:
        """The sentence that a local address is used instead; empty when it is not."""
        ...

    @property
    def clearance(self) -> Clearance:
        """What it may be used for."""
        ...

    @property
    def is_embedded(self) -> bool:
        """Whether it is ours to reset and to break."""
        ...

    async def renew(self, repeat: int) -> bool:
        """Bring it back to its first state for that repeat; False where that cannot be done: it goes on as it is."""
        ...


class EmbeddedGround:
    """A database of the run's own, cloned from a seeded template; or that of an earlier run."""

    is_embedded = True
    base_url = ""
    fallback = ""
    clearance = Clearance(local=True, name="")

    def __init__(self, cluster: Cluster, run_id: RunId, data: str, day: date, database: str) -> None:
        self.data = data
        self.day = day
        self.database = database
        self._cluster = cluster
        self._run_id = run_id
        self._fresh = database == own_database(run_id)
        self._present = database

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, cluster: Cluster, spec: Spec, run_id: RunId) -> AsyncIterator["EmbeddedGround"]:
        """The ground of a new run; a run that does not come to stand leaves no database. Raises CannotBegin."""
        settings = spec.settings
        if spec.fresh:
            data = data_of(spec.plan, settings)
            ground = cls(cluster, run_id, data, _day(settings, data), own_database(run_id))
            await _cloned(cluster, ground)
        else:
            entry = earlier(settings, spec.continues)
            database = _last_repeat(entry.manifest.database if entry.manifest else "", await names(cluster))
            if not database:
                raise CannotBegin(_gone(entry), ExitCode.USAGE)
            data = (entry.manifest.data if entry.manifest else "") or data_of(spec.plan, settings)
            stood = entry.manifest.day if entry.manifest else ""
            day = settings.run.date or (date.fromisoformat(stood) if stood else _day(settings, data))
            ground = cls(cluster, run_id, data, day, database)
        try:
            yield ground
        except CannotBegin:
            # Nothing was begun: nothing stays. Whatever else goes wrong happens in a run, whose database is evidence.
            if spec.fresh:
                await drop_all(cluster, ground.database)
            raise

    @property
    def dsn(self) -> str:
        """How to reach the database in hand."""
        return self._cluster.dsn(self._present)

    async def renew(self, repeat: int) -> bool:
        """A new clone for that repeat; False in an earlier run's database, which goes on as it is."""
        if not self._fresh:
            return False
        self._present = f"{own_database(self._run_id)}_r{repeat}"
        await ensure_template(self._cluster, self.data)
        # A try whose connection broke may have made it.
        await drop(self._cluster, self._present)
        await clone(self._cluster, self._present, self.data, self.day)
        return True


class ForeignGround:
    """Somebody's database that carries our marker: it stays as it is, and one run at a time works in it."""

    is_embedded = False
    data = ""
    base_url = ""
    fallback = ""

    def __init__(self, dsn: str, database: str, day: date, clearance: Clearance) -> None:
        self.dsn = dsn
        self.database = database
        self.day = day
        self.clearance = clearance

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, spec: Spec, target: TargetSettings) -> AsyncIterator["ForeignGround"]:
        """The ground of a new run, once the database said that it is ours to write to. Raises CannotBegin."""
        name = spec.settings.run.target
        variables = read(Path.cwd(), os.environ).values
        dsn = dsn_of(name, target, variables)
        try:
            connection = await Connection.open(
                dsn,
                application_name="slotfill run",
                timeout_s=max(READING_S, spec.settings.run.step_timeout_s),
                pooled=True,
            )
        except DatabaseUnreachable as error:
            raise CannotBegin(
                f"target {name}: {error}; slotfill env check --target {name} shows where that is",
                ExitCode.UNREACHABLE,
            ) from error
        try:
            clearance = await cleared(connection, spec.settings, said=spec.said, variables=variables, environ=variables)
            # Behind a transaction pooler no lock outlasts its statement: there the user sees to it that one run works.
            free = await connection.row("act/occupy", Occupied)
            if free is None or not free.free:
                raise CannotBegin(
                    f"another run works in the database of target {name}; wait for its end, or stop it",
                    ExitCode.REFUSED,
                )
            database = await connection.value("platform/admin/database_name")
            entry = earlier(spec.settings, spec.continues) if spec.continues else None
            if entry and entry.manifest and entry.manifest.database != database:
                # Another database knows nothing of its bookings: all that was in flight would count as void.
                raise CannotBegin(
                    f"run {entry.run_id} worked in {entry.manifest.database}, and target {name} is {database}: "
                    "nothing was changed; name the target it worked in",
                    ExitCode.REFUSED,
                )
            stood = entry.manifest.day if entry and entry.manifest else ""
            day = spec.settings.run.date or (date.fromisoformat(stood) if stood else SEEDED_DAY)
            yield cls(dsn, str(database), day, clearance)
        except GuardRefused as error:
            raise CannotBegin(str(error), ExitCode.REFUSED) from error
        except STEP_ERRORS as error:
            raise CannotBegin(f"target {name} could not be opened: {describe(error)}", ExitCode.UNREACHABLE) from error
        finally:
            await connection.close()

    async def renew(self, repeat: int) -> bool:
        """It is not ours to bring back to an earlier state."""
        return False


async def _cloned(cluster: Cluster, ground: EmbeddedGround) -> None:
    """Make the database of a run. Cancelled, it leaves none, also where the server was just making it."""
    making = asyncio.ensure_future(clone(cluster, ground.database, ground.data, ground.day))
    try:
        await asyncio.shield(making)
    except asyncio.CancelledError:
        # A server whose client has gone makes it all the same, and a moment later than we would look.
        await asyncio.wait([making])
        if making.exception() is None:
            await drop_all(cluster, ground.database)
        raise


def _gone(entry: RunEntry) -> str:
    """Why the embedded cluster has no database of that run."""
    manifest = entry.manifest
    if manifest is not None and manifest.database and not manifest.data:
        where = f"worked in {manifest.database} of target {manifest.target}, which is not the embedded Postgres"
        return f"run {entry.run_id} {where}: give --target {manifest.target}"
    return f"the database of run {entry.run_id} is gone; start a new run: slotfill run"


def _last_repeat(database: str, there: list[str]) -> str:
    """The database of the run's last repeat among those that are there; empty when there is none."""
    repeats = [name for name in there if name == database or name.startswith(f"{database}_r")]
    return max(repeats, key=lambda name: int(name.removeprefix(database).removeprefix("_r") or 1), default="")


def own_database(run_id: str) -> str:
    """The name of a run's own database; its repeats' begin with it."""
    return f"sf_{run_id}"


def earlier(settings: Settings, continues: str) -> RunEntry:
    """The run whose database is worked in: the one that is gone on with, or the last one. Raises CannotBegin."""
    word = f"continue {continues}" if continues else "--no-reset"
    root = runs_folder(settings.records.runs)
    try:
        entry = find(root, continues or "last")
    except RunNotFound as error:
        raise CannotBegin(f"{word} needs a run before this one: {error}", ExitCode.USAGE) from error
    database = entry.manifest.database if entry.manifest else ""
    for other in list_runs(root):
        one = other.manifest
        if (
            other.is_live
            and one
            and (one.database == database or (one.data and one.database.startswith(f"{database}_r")))
        ):
            # What goes on in a run with repeats does so in the database of its last one.
            why = f"run {other.run_id} still works in {one.database}; stop it first"
            raise CannotBegin(f"{word}: {why}", ExitCode.REFUSED)
    return entry


def _day(settings: Settings, data: str) -> date:
    found = DATA_SETS[data].day
    # Only a set that follows the calendar asks it.
    return settings.run.date or found or datetime.now(UTC).astimezone().date()
