"""`slotfill db … --target NAME`: a database of somebody else's making, on this machine."""

import asyncio
import datetime as dt
import os
import shutil
import sys
from argparse import Namespace
from typing import NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from engine.config import Settings
from engine.contract import page
from engine.database import Connection, DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.marking import Made, Unfit, initialise
from engine.platform.databases import seed
from engine.platform.seed import DATA, data_set
from engine.probe import probe
from engine.safety import GuardRefused, dsn_of, guard_database, guard_target, is_marked
from tui.verbs.speak import say, say_json, tell, wrong

PATIENCE_S = 60.0
"""Longest wait for any one answer: installing a schema takes longer than a step of a booking."""


def main(args: Namespace, settings: Settings) -> int:
    """Do one of init, seed, status, url, psql for a target of kind postgres. Raises GuardRefused."""
    name = settings.run.target
    dsn = dsn_of(name, guard_target(settings))
    try:
        match args.what:
            case "init":
                return asyncio.run(_init(args, settings, dsn))
            case "seed":
                return asyncio.run(_seed(args, settings, dsn))
            case "status":
                return asyncio.run(_status(args, settings, dsn))
            case "url":
                say(dsn)
                return 0
            case "psql":
                _psql(args, dsn)
            case _:
                raise GuardRefused(
                    f"db {args.what} is for the embedded Postgres only, and {name} is somebody else's: nothing was sent"
                )
    except Unfit as error:
        if args.json:
            say_json(error.contract)
        return wrong(str(error), ExitCode.UNREACHABLE)
    except (DatabaseFailed, DatabaseUnreachable) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)
    except ValueError as error:
        return wrong(str(error), ExitCode.USAGE)


async def _init(args: Namespace, settings: Settings, dsn: str) -> int:
    name, data = settings.run.target, _data(settings)
    connection = await _open(dsn)
    try:
        database = str(await connection.value("platform/admin/database_name"))
        if not _agreed(args, name, database):
            return wrong(f"{database} was left as it is; --yes or --yes={database} answers for you", ExitCode.REFUSED)
        made = await initialise(connection, data)
    finally:
        await connection.close()
    if args.json:
        say_json({"target": name, "database": database, "made": made, "data": data if made is Made.INSTALLED else None})
        return 0
    match made:
        case Made.MARKED:
            say(f"{database} carries slotfill's marker now; nothing else in it was touched")
        case Made.INSTALLED:
            say(f"{database} was empty: the reference platform is installed in it, seeded with {data}, and marked")
    return 0


async def _seed(args: Namespace, settings: Settings, dsn: str) -> int:
    data = _data(settings)
    connection = await _open(dsn)
    try:
        await guard_database(connection, settings.run.target)
        today = settings.run.date or dt.datetime.now().astimezone().date()
        await seed(connection, data, today if data_set(data).moves else None)
    finally:
        await connection.close()
    if args.json:
        say_json({"data": data})
    else:
        say(f"the restaurants of {data} are there now")
    return 0


async def _status(args: Namespace, settings: Settings, dsn: str) -> int:
    connection = await _open(dsn)
    try:
        contract = await probe(connection)
        marked = await is_marked(connection)
    finally:
        await connection.close()
    if args.json:
        say_json({"marked": marked, "contract": contract})
    else:
        say(page(contract))
        say("")
        cure = f"slotfill db init --target {settings.run.target} puts the marker there"
        say("slotfill may write to it" if marked else f"slotfill may not write to it yet: {cure}")
    return int(ExitCode.UNREACHABLE) if contract.unfit else 0


def _psql(args: Namespace, dsn: str) -> NoReturn:
    """Become psql on the target's database; a password goes by the environment, which other users cannot read."""
    psql = shutil.which("psql")
    if psql is None:
        raise DatabaseFailed("there is no psql on this machine's PATH; install PostgreSQL's client")
    address = urlsplit(dsn)
    login, at, host = address.netloc.partition("@")
    user, colon, password = login.partition(":") if at else ("", "", "")
    if colon:
        os.environ["PGPASSWORD"] = unquote(password)
        dsn = urlunsplit(address._replace(netloc=f"{user}@{host}"))
    extra = ["-X", "-A", "-t", "-c", args.command] if args.command else []
    sys.stdout.flush()
    os.execv(psql, [psql, dsn, *extra])  # noqa: S606 - the user's own psql, with arguments as a list


async def _open(dsn: str) -> Connection:
    return await Connection.open(dsn, application_name="slotfill db", timeout_s=PATIENCE_S, pooled=True)


def _data(settings: Settings) -> str:
    return settings.run.data or DATA[0]


def _agreed(args: Namespace, name: str, database: str) -> bool:
    """Whether the user said yes, to this database by name where it was named."""
    if args.yes is not None:
        return args.yes in ("", database)
    if not sys.stdin.isatty():
        return False
    tell(f"This lets slotfill write to {database} of target {name}. Type its name to go on:")
    return sys.stdin.readline().strip() == database
