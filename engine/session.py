"""One seat's connection: opened again when it was lost, and brought to the session settings an attempt is to have."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable

PATIENCE = 3
"""How often what is owed is tried before it is left to its expiry."""
RESTAURANT = "app.restaurant_id"
"""The setting that the platform's row security reads; `set_restaurant_context` sets it and nothing else."""


class Session:
    """A held connection and what of ours is set in it."""

    def __init__(self, connection: Connection, connect: Callable[[], Awaitable[Connection]]) -> None:
        self.connection = connection
        self._connect = connect
        self._wanted: Mapping[str, str] = {}
        self._set: dict[str, str] = {}
        self._owed: dict[UUID, Mapping[str, str]] = {}
        """Holds that could not be given back, for want of a connection or refused, as any statement may be; each with
        the settings it was taken under: row security shows it under no others."""
        self._refused = 0
        """How often in a row."""

    @classmethod
    def of(cls, connection: Connection) -> "Session":
        """A session of a connection that is not opened again."""

        async def lost() -> Connection:
            raise DatabaseUnreachable("the connection was lost")

        return cls(connection, lost)

    async def reopen(self) -> None:
        """Connect again when the connection was lost, and end what it left. Raises DatabaseUnreachable.

        A backend whose client went away while it waits for a lock goes on waiting, with all that it holds.
        """
        if self.connection.is_open:
            return
        left, self.connection = self.connection, await self._connect()
        self._wanted, self._set = {}, {}
        if not left.pooled:
            try:
                await self.connection.value("act/end_left_backend", left.pid)
            except STEP_ERRORS:
                # What comes next says so if the new connection is lost too; a role without the right goes on as before.
                return

    async def bring(self, settings: Mapping[str, str]) -> None:
        """Have exactly these settings from now on; what was set before and is no more goes back to what it was.

        Costs a round trip only when something changes. Raises what a statement raises.
        """
        if settings is self._wanted:
            return
        wanted = dict(settings)
        if self.connection.pooled:
            # Told to every transaction instead.
            self.connection.local = wanted
        elif wanted != self._set:
            changed = {name: value for name, value in wanted.items() if self._set.get(name) != value}
            back = dict.fromkeys(self._set.keys() - wanted.keys())
            told: dict[str, str | None] = {**back, **changed}
            await self.connection.execute("fill/set_session", list(told), list(told.values()), False)
        self._wanted, self._set = settings, wanted

    async def give_back(self, holds: list[UUID]) -> None:
        """Give holds back, their tables first, in one transaction. Raises what a statement raises."""
        await self.connection.begin()
        await self.connection.execute("fill/release_members", holds)
        await self.connection.execute("fill/release_holds", holds)
        await self.connection.commit()

    def owe(self, hold: UUID, settings: Mapping[str, str]) -> None:
        """That hold, taken under these settings, is to be given back later."""
        self._owed[hold] = settings

    async def pay(self) -> None:
        """Give back what is owed; what was refused three times is left to its expiry, as any hold is.

        What was set in the session may be something else after it. Raises what a statement raises when the connection
        is lost over it.
        """
        # One after the other, and none is forgotten before it is gone: whoever cancels this owes it still.
        for hold, settings in tuple(self._owed.items()):
            try:
                await self.bring(settings)
                await self.give_back([hold])
            except STEP_ERRORS:
                await self.roll_back()
                if not self.connection.is_open:
                    raise
                self._refused += 1
                if self._refused < PATIENCE:
                    return
            self._refused = 0
            del self._owed[hold]

    async def roll_back(self) -> None:
        """Leave no transaction open: a connection that cannot roll back is dropped, and the server does it."""
        if not self.connection.is_open or not self.connection.in_transaction:
            return
        try:
            await self.connection.rollback()
        except STEP_ERRORS:
            self.connection.terminate()

    async def close(self) -> None:
        """Close the connection, and leave neither a backend nor a hold that is owed, where that can be had."""
        with contextlib.suppress(DatabaseUnreachable, *STEP_ERRORS):
            await self.reopen()
            while self._owed:
                await self.pay()
        await self.connection.close()
