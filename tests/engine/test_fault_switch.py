"""A fault that is switched while the server goes away: what the tables are is read when it is back."""

import datetime as dt
from typing import cast

import pytest

from engine.database import Connection, DatabaseUnreachable
from engine.fault_switch import FaultSwitch, Where
from engine.model.fault import FAULTS, Fault
from engine.model.strategy import Rules
from engine.target import Target


class Away:
    """A target whose server is away when its tables are read for the first time."""

    def __init__(self) -> None:
        self.read = 0

    def adopt(self, *_: object) -> None:
        """Nothing follows what is on."""

    async def reload(self) -> None:
        self.read += 1
        if self.read == 1:
            raise DatabaseUnreachable("Postgres did not take a connection: it is being restarted")


class Switched(FaultSwitch):
    """A switch whose database does what is wanted."""

    async def _switch(self, off: list[Fault], on: list[Fault], parsed: dict[str, str]) -> None:
        self._there |= {fault.name: parsed[fault.name] for fault in on}


async def nowhere(name: str) -> Connection:
    raise DatabaseUnreachable(f"{name}: nobody connects here")


async def test_tables_that_a_fault_changed_are_read_by_the_next_try_though_the_fault_is_on_by_then() -> None:
    changes = next(fault.name for fault in FAULTS.values() if fault.reloads_floor)
    target = Away()
    switch = Switched(nowhere, cast("Target", target), Where(Rules(), 7, dt.date(2027, 3, 1)))
    with pytest.raises(DatabaseUnreachable):
        await switch.turn((changes,))
    await switch.turn((changes,))
    assert target.read == 2
    await switch.turn((changes,))
    assert target.read == 2, "nothing changed any more"
