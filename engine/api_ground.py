"""The ground of a run through a booking API: the reference API on a database of its own, or somebody's API."""

import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path

import msgspec

from engine.base_url import ApiUnreachable, resolve_base_url
from engine.booking_api.launch import ApiProcess, start
from engine.booking_api.spec import ApiSpec, ApiUnfit
from engine.cannot_begin import CannotBegin
from engine.config import Settings, TargetSettings
from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, describe
from engine.environment import read
from engine.exit_code import ExitCode
from engine.ground import EmbeddedGround
from engine.held import READING_S
from engine.model.fault import parse, rules_of, session_of
from engine.model.ids import RunId
from engine.platform.seed import SEEDED_DAY
from engine.safety import Clearance, GuardRefused, cleared, dsn_of
from engine.spec import Spec
from engine.wanted import rules, strategies
from engine.whereabouts import standing

API_SEATS = 16
"""Attempts that the reference API assigns at once at most; each holds a connection."""


class ReferenceApiGround:
    """A database of the run's own in the embedded cluster, with the reference API in front of it."""

    is_embedded = True
    clearance = Clearance(local=True, name="")
    fallback = ""

    def __init__(self, inner: EmbeddedGround, run_id: RunId, settings: Settings) -> None:
        self._inner = inner
        self._run_id = run_id
        self._settings = settings
        self._api: ApiProcess | None = None
        self.data = inner.data
        self.day = inner.day
        self.database = inner.database

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, inner: EmbeddedGround, run_id: RunId, settings: Settings
    ) -> AsyncIterator["ReferenceApiGround"]:
        """The API in front of that ground; left, it is ended. Raises CannotBegin."""
        ground = cls(inner, run_id, settings)
        await ground._start()
        try:
            yield ground
        finally:
            await ground._stop()

    @property
    def dsn(self) -> str:
        """How to reach the database in hand."""
        return self._inner.dsn

    @property
    def base_url(self) -> str:
        """Where the API is reached."""
        return self._api.base_url if self._api else ""

    async def renew(self, repeat: int) -> bool:
        """A new clone for that repeat, and the API in front of it. Raises DatabaseFailed, DatabaseUnreachable."""
        await self._stop()
        renewed = await self._inner.renew(repeat)
        try:
            await self._start()
        except CannotBegin as error:
            # The run has begun long ago: to it this is a target that went away.
            raise DatabaseUnreachable(str(error)) from error
        return renewed

    async def _start(self) -> None:
        settings = self._settings
        faults = [parse(one)[0] for one in settings.run.faults]
        seats = max(1, min(API_SEATS, settings.run.concurrency))
        spec = ApiSpec(
            dsn=self.dsn,
            flags=settings.flags,
            run=self._run_id,
            strategy=strategies("fill", settings)[0],
            # Faults of session and planner are the API's from its start; those in the database act at any time.
            rules=rules_of(faults, rules(settings)),
            session=session_of(faults),
            seats=seats,
            step_timeout_s=settings.run.step_timeout_s,
        )
        try:
            self._api = await start(spec)
        except ApiUnfit as error:
            raise CannotBegin(f"the reference booking API does not stand: {error}", ExitCode.UNREACHABLE) from error

    async def _stop(self) -> None:
        if self._api is not None:
            await self._api.stop()
            self._api = None


class ForeignApiGround:
    """Somebody's booking API, and its database where it is named."""

    is_embedded = False
    data = ""

    def __init__(self, base_url: str, dsn: str, day: date, clearance: Clearance) -> None:
        self.base_url = base_url
        self.dsn = dsn
        self.day = day
        self.clearance = clearance
        self.database = ""
        self.fallback = ""

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, spec: Spec, target: TargetSettings) -> AsyncIterator["ForeignApiGround"]:
        """The ground of a new run, once everything said that it may be loaded. Raises CannotBegin."""
        settings = spec.settings
        name = settings.run.target
        variables: Mapping[str, str] = read(Path.cwd(), os.environ).values
        connection: Connection | None = None
        said = spec.said
        try:
            dsn = dsn_of(name, target, variables) if target.dsn or target.dsn_env else ""
            if dsn:
                timeout_s = max(READING_S, settings.run.step_timeout_s)
                connection = await Connection.open(
                    dsn, application_name="slotfill run", timeout_s=timeout_s, pooled=True
                )
            base_url, note = await resolve_base_url(target, fallback=spec.fallback, variables=variables)
            if note:
                # What is written to is the local address, and it is that which has to be cleared.
                instead = msgspec.structs.replace(target, base_url=base_url, base_url_env="")
                settings = msgspec.structs.replace(settings, targets={**settings.targets, name: instead})
                if said and said == standing(name, target, variables).word:
                    # Who named the real place agreed with --fallback-local to this machine's, whatever that is called.
                    said = standing(name, instead, variables).word
            clearance = await cleared(connection, settings, said=said, variables=variables, environ=variables)
            ground = cls(base_url, dsn, settings.run.date or SEEDED_DAY, clearance)
            ground.fallback = note
            if connection is not None:
                ground.database = str(await connection.value("platform/admin/database_name"))
            yield ground
        except GuardRefused as error:
            raise CannotBegin(str(error), ExitCode.REFUSED) from error
        except ApiUnreachable as error:
            raise CannotBegin(str(error), ExitCode.UNREACHABLE) from error
        except STEP_ERRORS as error:
            raise CannotBegin(f"target {name} could not be opened: {describe(error)}", ExitCode.UNREACHABLE) from error
        finally:
            if connection is not None:
                await connection.close()

    async def renew(self, repeat: int) -> bool:
        """It is not ours to bring back to an earlier state."""
        return False
