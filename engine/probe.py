"""Looking at a database before anything is written: does it speak the platform's contract, and how to adapt to it."""

import msgspec

from engine.contract import Adaptation, Contract
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.fitness import CREATE, FUNCTIONS, NEEDS, Found, judge
from engine.model.probe_rows import ConstraintRow, CreatesRow, DigestRow, FunctionRow, ServerRow, TableRow
from engine.model.rows import SlugRow

PREPARED = ("busy", "confirm", "hold", "pending", "release_holds", "release_members", "submit", "tables")
"""Statements of `queries/fill` that are read and planned by the server at last, so that nothing here is overlooked."""


async def probe(connection: Connection, *, seeded: bool = True) -> Contract:
    """Look at the database and say what it offers; nothing is written. Raises DatabaseFailed.

    `connection` must have been opened with `pooled=True`, as nobody knows yet whether a pooler stands between. With
    `seeded` a database without any restaurant is unfit.
    """
    try:
        found = await _look(connection)
        contract = judge(found, pooled=found.server.pid != connection.pid)
        if contract.unfit:
            return contract
        trouble = await _unprepared(connection)
        if not trouble and seeded:
            trouble = await _hidden(connection, found.server.role)
        if trouble:
            return msgspec.structs.replace(contract, unfit=trouble)
        return await _with_creating(connection, found, contract)
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"the database could not be looked at: {describe(error)}") from error


async def _look(connection: Connection) -> Found:
    names = list(NEEDS)
    await connection.begin_looking()
    try:
        server = await connection.row("probe/server", ServerRow)
        if server is None:
            raise AssertionError("the role one is connected as is in pg_roles")
        return Found(
            server,
            await connection.rows("probe/tables", TableRow, names),
            await connection.rows("probe/functions", FunctionRow, list(FUNCTIONS)),
            await connection.rows("probe/constraints", ConstraintRow, names),
            await connection.rows("probe/digests", DigestRow),
        )
    finally:
        await _leave(connection)


async def _unprepared(connection: Connection) -> tuple[str, ...]:
    """Statements of ours that the server does not take."""
    trouble = []
    for name in PREPARED:
        await connection.begin_looking()
        try:
            await connection.prepare(f"fill/{name}")
        except STEP_ERRORS as error:
            if not connection.is_open:
                raise
            trouble.append(f"the statement fill/{name} is not taken: {describe(error)}")
        finally:
            await _leave(connection)
    return tuple(trouble)


async def _hidden(connection: Connection, role: str) -> tuple[str, ...]:
    """Why no restaurant can be found by this role; empty when one can."""
    await connection.begin_looking()
    try:
        found = await connection.rows("fill/slugs", SlugRow)
    except STEP_ERRORS as error:
        if not connection.is_open:
            raise
        hidden = (
            f"row security hides the restaurants from {role} ({describe(error)}), and a restaurant must be found "
            "before its context can be set; add a policy FOR SELECT on restaurants and service_policy, or connect as "
            "the owner"
        )
        return (hidden,)
    finally:
        await _leave(connection)
    if found:
        return ()
    return (f"{role} sees no active restaurant; seed the database (slotfill db seed), or let row security show them",)


async def _with_creating(connection: Connection, found: Found, contract: Contract) -> Contract:
    """The contract with how bookings are made: the creating function is called once, in what is rolled back."""
    reason = None
    if not found.overloads(CREATE):
        reason = "there is no such function"
    elif not any(one.may_execute for one in found.overloads(CREATE)):
        reason = f"{found.server.role} may not execute it"
    else:
        await connection.begin()
        try:
            told = await connection.row("probe/creates", CreatesRow)
            if told is not None and (told.sqlstate or "").startswith("42"):
                reason = f"it answers {told.error} {told.sqlstate}: {told.message}"
        except STEP_ERRORS as error:
            if not connection.is_open:
                raise
            reason = describe(error)
        finally:
            await _leave(connection)
    if reason is None:
        return msgspec.structs.replace(contract, submits_by_function=True)
    plain = Adaptation("bookings are made by a plain pending insert", f"{CREATE} cannot work here: {reason}")
    return msgspec.structs.replace(contract, adaptations=(*contract.adaptations, plain))


async def _leave(connection: Connection) -> None:
    if connection.is_open:
        await connection.rollback()
