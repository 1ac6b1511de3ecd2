"""A database's fingerprint: of every table its rows' number and their checksum."""

import asyncio
from typing import Any

import asyncpg

VOLATILE = {"bookings": "updated_at", "table_inventory": "updated_at"}
"""What a put-back row cannot have as before: when it was changed last."""


async def fingerprint(dsn: str) -> dict[str, tuple[int, str]]:
    """Every table of the platform's schema: rows, and the md5 of all of them in their order as text."""
    c: asyncpg.Connection[Any] = await asyncpg.connect(dsn, server_settings={"TimeZone": "UTC"}, timeout=10)
    try:
        names = [row["relname"] for row in await c.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
        )]  # fmt: skip
        found = {}
        for name in names:
            row = await c.fetchrow(
                f"SELECT count(*) AS n, coalesce(md5(string_agg(x, E'\\n' ORDER BY x)), '') AS sum FROM "
                f"(SELECT (to_jsonb(r) - '{VOLATILE.get(name, '')}')::text AS x FROM {name} r) s"
            )
            assert row is not None
            found[name] = (row["n"], row["sum"])
        return found
    finally:
        await c.close()


def printed(dsn: str) -> dict[str, tuple[int, str]]:
    """The same for tests that run no loop."""
    return asyncio.run(fingerprint(dsn))


def differences(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> dict[str, str]:
    """Tables that are not as they were, with their numbers of rows."""
    return {
        name: f"{before.get(name, ('-',))[0]} -> {after.get(name, ('-',))[0]}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
