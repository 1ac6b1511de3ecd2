"""A database as the owners' own migrations leave it, faults and all, built from what the fact sheet says of it."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from engine.platform.cluster import Cluster
from engine.platform.databases import scripts

VARIANTS = ("plain", "live", "extensions")
"""plain: made from migrations alone, pgcrypto in public. live: patched by hand as the hosted one was, zones have areas.
extensions: as plain, and pgcrypto lives in a schema that no function looks into."""

SCRIPTS = Path(__file__).parent / "sql"
_NAME = re.compile(r"owners_[a-z0-9_]{1,50}")
_BUILDING = 20251103
"""Advisory lock of one builder at a time: roles belong to the whole server."""


class OwnersDatabase(NamedTuple):
    """A database of the owners' making; dropped when the test ends."""

    cluster: Cluster
    name: str
    variant: str

    @property
    def dsn(self) -> str:
        """As a superuser, whom row security does not see."""
        return self.cluster.dsn(self.name)

    def dsn_as(self, role: str) -> str:
        """As `service_role`, who needs a restaurant context, or as `authenticated`, who sees nothing."""
        return re.sub(r"//[^@]*@", f"//{role}@", self.dsn)

    async def connect(self, *, role: str | None = None, **settings: str) -> "asyncpg.Connection[Any]":
        """A connection in UTC, unless `TimeZone` is among the settings."""
        return await asyncpg.connect(
            self.dsn if role is None else self.dsn_as(role),
            server_settings={"TimeZone": "UTC", **settings},
            timeout=10,
            command_timeout=20,
        )


async def build(cluster: Cluster, name: str, *, variant: str = "plain", data: str = "white-horse") -> None:
    """Make the database `name`: our schema, a data set, then everything in which theirs differs.

    The data come before the differences, as the seeds name what theirs calls otherwise. Raises asyncpg's errors.
    """
    admin = await asyncpg.connect(cluster.admin_dsn, timeout=10, command_timeout=60)
    try:
        await admin.execute("SELECT pg_advisory_lock($1)", _BUILDING)
        await admin.execute(f"CREATE DATABASE {_checked(name)} TEMPLATE template0")
        connection = await asyncpg.connect(cluster.dsn(name), timeout=10, command_timeout=60)
        try:
            for label, text in _scripts(variant, data):
                try:
                    await connection.execute(text)
                except asyncpg.PostgresError as error:
                    error.add_note(f"in {label}")
                    raise
        finally:
            await connection.close()
    finally:
        await admin.close()


async def clone(cluster: Cluster, name: str, template: str) -> None:
    """Copy a database that nobody is in."""
    await _admin(cluster, f"CREATE DATABASE {_checked(name)} TEMPLATE {_checked(template)}")


async def drop(cluster: Cluster, name: str) -> None:
    """End a database, whoever is in it."""
    await _admin(cluster, f"DROP DATABASE IF EXISTS {_checked(name)} WITH (FORCE)")


def _scripts(variant: str, data: str) -> list[tuple[str, str]]:
    if variant not in VARIANTS:
        raise ValueError(f"variant {variant!r} is none of {', '.join(VARIANTS)}")
    differences = sorted(path for path in SCRIPTS.glob("*.sql") if path.name[:3].isdigit())
    found = [*scripts(data), *((path.name, path.read_text(encoding="utf-8")) for path in differences)]
    for last in ("patched",) if variant == "live" else ("no_area",):
        found.append((last, (SCRIPTS / f"variant_{last}.sql").read_text(encoding="utf-8")))
    schema = "extensions" if variant == "extensions" else "public"
    pgcrypto = (SCRIPTS / "variant_pgcrypto.sql").read_text(encoding="utf-8")
    return [*found, ("pgcrypto", pgcrypto.replace("{schema}", schema)), ("settle", "ANALYZE")]


async def _admin(cluster: Cluster, statement: str) -> None:
    admin = await asyncpg.connect(cluster.admin_dsn, timeout=10, command_timeout=60)
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a database of the owners' making")
    return name
