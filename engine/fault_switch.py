"""Switching known pathologies on and off while a run goes on."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import NamedTuple

from engine.database import Connection
from engine.fill.orders import Orders
from engine.model.fault import FAULTS, Fault, parse, rules_of, session_of, written
from engine.model.strategy import Rules
from engine.platform.faults import switch_off, switch_on
from engine.target import Target

FIXES_KEYS = "ledger-replay"
"""The fault under which each booking keeps one key for ever."""


class Where(NamedTuple):
    """What the faults of a run are drawn from, and where they are planted."""

    rules: Rules
    """The planner's rules without any fault."""
    seed: int
    on: date
    """The day rows are planted on."""


class FaultSwitch:
    """The faults of one embedded database, and what they change at target and orders."""

    def __init__(self, connect: Callable[[str], Awaitable[Connection]], target: Target, where: Where) -> None:
        self.orders: Orders | None = None
        self._connect = connect
        self._target = target
        self._where = where
        self._there: dict[str, str] = {}
        self._reads_anew = False
        """The tables are to be read again, as a switch changed them and the server went away before they were."""

    @property
    def there(self) -> tuple[str, ...]:
        """What is on, NAME or NAME=VALUE, in the order of the list of faults."""
        return tuple(written(fault, self._there[name]) for name, fault in FAULTS.items() if name in self._there)

    def forget(self) -> None:
        """The database was replaced by one without faults."""
        self._there = {}

    async def turn(self, wanted: tuple[str, ...]) -> None:
        """Let exactly these be on, NAME or NAME=VALUE. Raises ValueError, DatabaseFailed, DatabaseUnreachable."""
        parsed = {fault.name: value for fault, value in (parse(one) for one in wanted)}
        off = [FAULTS[name] for name in self._there if parsed.get(name) != self._there[name]]
        on = [FAULTS[name] for name in parsed if self._there.get(name) != parsed[name]]
        self._reads_anew = self._reads_anew or any(fault.reloads_floor for fault in (*off, *on))
        if off or on:
            await self._switch(off, on, parsed)
        if self._reads_anew:
            await self._target.reload()
            self._reads_anew = False

    async def _switch(self, off: list[Fault], on: list[Fault], parsed: dict[str, str]) -> None:
        connection = await self._connect("slotfill faults")
        try:
            for fault in off:
                await switch_off(connection, fault)
                del self._there[fault.name]
            for fault in on:
                await switch_on(connection, fault, parsed[fault.name], seed=self._where.seed, on=self._where.on)
                self._there[fault.name] = parsed[fault.name]
        finally:
            await connection.close()
            self.adopt()

    def adopt(self) -> None:
        """Let target and orders follow what is on."""
        faults = [FAULTS[name] for name in self._there]
        self._target.adopt(session_of(faults), rules_of(faults, self._where.rules))
        if self.orders is not None:
            self.orders.fixes_keys = FIXES_KEYS in self._there
