"""Sentinels planted wherever a user's machine or a platform's database holds such things."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from tests.platform.house import booking
from tests.scratch import ScratchDatabase
from tests.secrets.sentinels import (
    BEARER,
    BROKEN,
    EMAIL,
    JWT,
    NAME,
    PASSWORD,
    PHONES,
    PLAIN,
    SERVICE_KEY,
    SHORT,
    TINY,
)
from tests.shell import Shell

PEOPLE = f"guest {EMAIL}, {', '.join(PHONES)}"
ADDRESS = f"postgresql://bob:{quote(PASSWORD, safe='')}@db.example:5432/x"
SECRETS = (
    f"Authorization: Bearer {BEARER}; jwt {JWT}; key {SERVICE_KEY}; plainly {PLAIN}; as it is {PASSWORD}; "
    f'password={SHORT}; {{"password": "{TINY}"}}; {ADDRESS}; https://u:{SHORT}@x/'
)
"""What a careless program says."""

_REFUSALS = f"""
CREATE FUNCTION sentinel_hold() RETURNS trigger LANGUAGE plpgsql AS $sentinel$
BEGIN
    IF random() < 0.3 THEN
        RAISE EXCEPTION USING
            MESSAGE = $m${SECRETS}; {PEOPLE}$m$,
            DETAIL = $d${{"customerName": "{NAME}", "customer_phone": {PHONES[4]}}}, guest_name = '{NAME}'; {PEOPLE}$d$,
            HINT = $h${SECRETS}$h$;
    END IF;
    RETURN NEW;
END
$sentinel$;
CREATE TRIGGER sentinel_hold BEFORE INSERT ON table_holds FOR EACH ROW EXECUTE FUNCTION sentinel_hold();
CREATE FUNCTION sentinel_booking() RETURNS trigger LANGUAGE plpgsql AS $sentinel$
BEGIN
    NEW.notes := $m${PEOPLE}$m$;
    NEW.customer_name := '{NAME}';
    IF TG_OP = 'UPDATE' AND random() < 0.3 THEN
        NEW.loyalty_points_awarded := 4711;
    END IF;
    RETURN NEW;
END
$sentinel$;
CREATE TRIGGER sentinel_booking BEFORE INSERT OR UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION sentinel_booking();
ALTER TABLE bookings ADD CONSTRAINT sentinel_points CHECK (loyalty_points_awarded <> 4711);
"""

_LITERALS = f"""
SELECT pg_sleep(120) /* for {NAME} */ -- and {PEOPLE}
 WHERE '{NAME}' <> E'{NAME}\\'s' AND $${PEOPLE}$$ <> '{SERVICE_KEY}' AND 'it''s {NAME}' IS NOT NULL
"""


def settle(shell: Shell, dsn: str) -> None:
    """config.toml, .env.local and the environment of a user; the target `theirs` is the database itself."""
    user, rest = dsn.split("@", 1)
    targets = {
        "theirs": f"{user}:{quote(PASSWORD, safe='')}@{rest}",
        "away": f"postgresql://bob:{quote(PASSWORD, safe='')}@127.0.0.1:1/x",
        "short": f"postgresql://bob:{quote(SHORT)}@127.0.0.1:1/x",
        "tiny": f"postgresql://bob:{quote(TINY)}@127.0.0.1:1/x",
        "empty": "postgresql://bob:@127.0.0.1:1/x",
        "broken": f"postgresql://bob:{BROKEN}@127.0.0.1:1/x",
        "worded": f"host=127.0.0.1 port=1 password='{PLAIN}' dbname=x",
        "queried": f"postgresql://bob@127.0.0.1:1/x?password={SHORT}&sslpassword={PLAIN}",
    }
    lines = ["[targets.embedded]", "[targets.api]", 'kind = "api"']
    for name, address in targets.items():
        lines += [f"[targets.{name}]", 'kind = "postgres"', f"dsn = '''{address}'''"]
    lines += ["[targets.named]", 'kind = "postgres"', 'dsn_env = "SENTINEL_ADDRESS"']
    lines += ["[targets.web]", 'kind = "api"', f'base_url = "http://bob:{SERVICE_KEY}@127.0.0.1:1/api?token={BEARER}"']
    (shell.home / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (shell.home / ".env.local").write_text(
        f"SUPABASE_SERVICE_ROLE_KEY={SERVICE_KEY}\nNEXT_PUBLIC_SUPABASE_ANON_KEY={JWT}\n"
        f"SUPABASE_DB_URL={ADDRESS}\nthis line is {PLAIN}\n",
        encoding="utf-8",
    )
    (shell.home / ".env").write_text(f"RESEND_API_KEY={PLAIN}\n", encoding="utf-8")
    shell.environ |= {"API_BEARER_TOKEN": BEARER, "SENTINEL_ADDRESS": targets["away"], "EMPTY_SECRET": "", "A_KEY": "1"}


async def people(database: ScratchDatabase) -> None:
    """Guests whose bookings the checks find fault with, and functions that tell all they know."""
    connection = await database.connect()
    try:
        for at in ("12:00", "13:00"):
            found = await booking(connection, party=3, at=at, until="14:30", status="confirmed")
            await connection.execute(
                "UPDATE bookings SET customer_name = $2, customer_email = $3, customer_phone = $4, notes = $5"
                " WHERE id = $1",
                *(found, NAME, EMAIL, PHONES[1], PEOPLE),
            )
        await connection.execute(_REFUSALS)
    finally:
        await connection.close()


@asynccontextmanager
async def strangers(database: ScratchDatabase) -> AsyncIterator[None]:
    """Others at work in the database, whose names and statements hold sentinels; they leave with the block."""
    sleeper = await asyncpg.connect(database.dsn, server_settings={"application_name": f"crm {EMAIL} {PHONES[3]}"})
    busy = await asyncpg.connect(database.dsn, server_settings={"application_name": f"token={BEARER} {PHONES[6]}"})
    sleeping = asyncio.create_task(sleeper.execute(_LITERALS))
    talking = asyncio.create_task(_talk(busy))
    try:
        yield
    finally:
        for connection, task in ((sleeper, sleeping), (busy, talking)):
            connection.terminate()
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncio.CancelledError):
                task.cancel()
                await task


async def _talk(connection: "asyncpg.Connection[Any]") -> None:
    """Statements that the server's statistics keep with their literals."""
    while True:
        await connection.execute(f"SET sentinel.contact = '{NAME}, {EMAIL}, {PHONES[0]}'")
        await connection.execute(f"DO $body$BEGIN PERFORM pg_sleep(0.02), '{NAME} {SERVICE_KEY}'; END$body$")
        await connection.execute("SELECT pg_sleep(0.02)")


def folders(shell: Shell) -> tuple[Path, ...]:
    """The files in which the sentinels are planted, and may be."""
    return tuple(shell.home / name for name in ("config.toml", ".env.local", ".env", "torn.toml"))
