"""`slotfill db … --target NAME`: a database of somebody else's making."""

import asyncio
import datetime as dt
import os
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from engine.config import Settings
from engine.contract import page
from engine.database import Connection, DatabaseFailed, DatabaseUnreachable
from engine.environment import read
from engine.exit_code import ExitCode
from engine.marking import Made, Unfit, initialise
from engine.platform.databases import seed
from engine.platform.seed import DATA, data_set
from engine.probe import probe
from engine.safety import (
    Clearance,
    GuardRefused,
    cleared,
    dsn_of,
    first_look,
    guard_restaurants,
    guard_target,
    is_marked,
    target_of,
)
from tui.verbs.agree import said_or_asked
from tui.verbs.speak import hand_over, say, say_json, wrong

PATIENCE_S = 60.0
"""Longest wait for any one answer: installing a schema takes longer than a step of a booking."""


def main(args: Namespace, settings: Settings) -> int:
    """Do one of init, seed, status, url, psql for a target with a database of its own. Raises GuardRefused."""
    name = settings.run.target
    dsn = dsn_of(name, target_of(settings, _variables()), _variables())
    try:
        match args.what:
            case "init":
                return asyncio.run(_init(args, settings, dsn))
            case "seed":
                return asyncio.run(_seed(args, settings, dsn))
            case "status":
                return asyncio.run(_status(args, settings, dsn))
            case "url":
                hand_over(dsn, as_json=args.json)
                return 0
            case "psql":
                asyncio.run(_may_write(args, settings, dsn))
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
    said = _first(args, settings)
    connection = await _open(dsn)
    try:
        database = str(await connection.value("platform/admin/database_name"))
        if said is None:
            word = database if settings.targets[name].kind == "postgres" else first_look(settings, _variables()).name
            said = said_or_asked(args, f"This lets slotfill write to {database} of target {name}.", word)
        clearance = await _cleared(connection, settings, said, marking=True)
        if said is None:
            return wrong(f"{database} was left as it is; --yes={clearance.name} answers for you", ExitCode.REFUSED)
        if clearance.budget is not None:
            await _guard_installing(connection, settings, data)
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


async def _guard_installing(connection: Connection, settings: Settings, data: str) -> None:
    """On a remote target the seed of an empty database is kept to the allow-list too. Raises GuardRefused."""
    contract = await probe(connection, seeded=False)
    if contract.tables == 0:
        name = settings.run.target
        guard_restaurants(name, settings.targets[name], data_set(data).restaurants)


async def _seed(args: Namespace, settings: Settings, dsn: str) -> int:
    name, data = settings.run.target, _data(settings)
    said = _first(args, settings)
    connection = await _open(dsn)
    try:
        await _cleared(connection, settings, args.yes if said is None else said)
        guard_restaurants(name, settings.targets[name], data_set(data).restaurants)
        today = settings.run.date or dt.datetime.now().astimezone().date()
        await seed(connection, data, today if data_set(data).moves else None)
    finally:
        await connection.close()
    if args.json:
        say_json({"data": data})
    else:
        say(f"the restaurants of {data} are there now")
    return 0


async def _may_write(args: Namespace, settings: Settings, dsn: str) -> None:
    """Whatever is typed into psql may write. Raises GuardRefused."""
    said = _first(args, settings)
    connection = await _open(dsn)
    try:
        await _cleared(connection, settings, args.yes if said is None else said)
    finally:
        await connection.close()


def _first(args: Namespace, settings: Settings) -> str | None:
    """What was said to a target that its address alone proves remote, before it is dialled; else None.

    Raises GuardRefused.
    """
    look = first_look(settings, _variables())
    if not look.reasons:
        return None
    what = f"Target {settings.run.target} is remote ({'; '.join(look.reasons)}), and this may write there."
    said = said_or_asked(args, what, look.name)
    guard_target(settings, _variables(), said=said)
    return said


async def _cleared(connection: Connection, settings: Settings, said: str | None, *, marking: bool = False) -> Clearance:
    """Whether it may be written to, by what its server says. Raises GuardRefused."""
    found = _variables()
    return await cleared(connection, settings, said=said, variables=found, marking=marking, environ=found)


def _variables() -> dict[str, str]:
    """The platform's environment as it is seen here."""
    return read(Path.cwd(), os.environ).values


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
    dsn, password = without_password(dsn)
    if password:
        os.environ["PGPASSWORD"] = password
    # psql alone would go there, whatever host the address names: the guards have looked at another server.
    os.environ.pop("PGHOSTADDR", None)
    extra = ["-X", "-A", "-t", "-c", args.command] if args.command else []
    sys.stdout.flush()
    os.execv(psql, [psql, dsn, *extra])  # noqa: S606 - the user's own psql, with arguments as a list


def without_password(dsn: str) -> tuple[str, str]:
    """The address without its password, and the password, wherever in it that stands; empty for none."""
    address = urlsplit(dsn)
    login, at, host = address.netloc.rpartition("@")
    user, _, password = login.partition(":")
    pairs = parse_qsl(address.query, keep_blank_values=True)
    # The query's outweighs the login's, as it does for psql.
    found = next((value for key, value in pairs if key == "password"), unquote(password))
    if not found:  # an address without one stays as it was typed
        return dsn, ""
    query = urlencode([(key, value) for key, value in pairs if key != "password"])
    return urlunsplit(address._replace(netloc=f"{user}{at}{host}", query=query)), found


async def _open(dsn: str) -> Connection:
    return await Connection.open(dsn, application_name="slotfill db", timeout_s=PATIENCE_S, pooled=True)


def _data(settings: Settings) -> str:
    return settings.run.data or DATA[0]
