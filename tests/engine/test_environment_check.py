"""The check of an environment against real servers: an API, a database, a pooler; and what it means for a run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from engine.base_url import ApiUnreachable, resolve_base_url
from engine.config import Settings, TargetSettings
from engine.environment import Environment
from engine.environment_check import check
from engine.exit_code import ExitCode
from engine.model.environment import EnvironmentChecked
from tests.engine.test_environment import DEAD, REF, of
from tests.scratch import ScratchDatabase
from tests.targets.pooler import pooler


@asynccontextmanager
async def api(status: str = "404 Not Found", body: str = '{"error": "not found"}') -> AsyncIterator[str]:
    """A booking API that answers everything alike; its address."""

    writers = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                text = (
                    f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
                )
                writer.write(text.encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()


async def checked(environment: Environment, fallback: bool = False, **target: object) -> EnvironmentChecked:
    settings = Settings(run=msgspec.structs.replace(Settings().run, target="theirs"))
    made = TargetSettings(**target)  # type: ignore[arg-type]
    return await check(settings, made, environment, fallback=fallback)


async def test_an_api_is_alive_that_answers_json_below_500_and_no_other() -> None:
    quiet = of(SUPPRESS_EMAILS="true")
    async with api() as url:
        told = await checked(quiet, kind="api", base_url=url)
        assert told.exit_code == ExitCode.PASSED
        assert told.api.is_alive
        assert told.api.addresses == ("127.0.0.1",)
        assert told.api.round_trip_ns
        assert (await checked(of(), kind="api", base_url=url)).exit_code == ExitCode.REFUSED, "it would send mail"
    for status, body in (("502 Bad Gateway", "{}"), ("200 OK", "<html>"), ("308 Moved", "{}")):
        async with api(status, body) as url:
            told = await checked(quiet, kind="api", base_url=url)
            assert (told.exit_code, told.api.is_alive) == (ExitCode.UNREACHABLE, False), status
    told = await checked(quiet, kind="api", base_url=DEAD)
    assert told.exit_code == ExitCode.UNREACHABLE
    assert "--fallback-local" in told.verdict[0]


async def test_the_local_address_stands_in_only_when_told_and_it_is_said() -> None:
    async with api() as local:
        target = TargetSettings(kind="api", base_url=DEAD, fallback_base_url=local)
        with pytest.raises(ApiUnreachable, match="--fallback-local"):
            await resolve_base_url(target, fallback=False, variables={})
        url, note = await resolve_base_url(target, fallback=True, variables={})
        assert url == local
        assert "fallback: http://127.0.0.1:9" in note
        assert await resolve_base_url(TargetSettings(kind="api", base_url=local), fallback=True, variables={}) == (
            local,
            "",
        )
        named = TargetSettings(kind="api", base_url_env="THEIRS")
        assert await resolve_base_url(named, fallback=False, variables={"THEIRS": local}) == (local, "")
        told = await checked(
            of(SUPPRESS_EMAILS="true"), fallback=True, kind="api", base_url=DEAD, fallback_base_url=local
        )
        assert told.exit_code == ExitCode.PASSED
        assert "FALLBACK" in told.api.note
    away = TargetSettings(kind="api", base_url=DEAD, fallback_base_url="http://10.0.0.1")
    with pytest.raises(ApiUnreachable, match="no address of this machine"):
        await resolve_base_url(away, fallback=True, variables={})
    assert await resolve_base_url(TargetSettings(kind="api"), fallback=True, variables={}) == ("", "")


async def test_the_database_tells_what_it_is_and_nothing_in_it_changes(database: ScratchDatabase) -> None:
    c = await database.connect()
    counts = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), (SELECT count(*) FROM pg_class) FROM pg_stat_user_tables"
    rows = "SELECT (SELECT count(*) FROM bookings), (SELECT count(*) FROM customers), (SELECT count(*) FROM audit_logs)"
    try:
        before = await c.fetchrow(rows), (await c.fetchrow(counts))[1]
        told = await checked(of(THEIRS=database.dsn), kind="postgres", dsn_env="THEIRS")
        assert (await c.fetchrow(rows), (await c.fetchrow(counts))[1]) == before
        there = told.database
        assert told.exit_code == ExitCode.PASSED, told.verdict
        assert (there.database, there.is_fit, there.is_reached, there.is_pooled) == (database.name, True, True, False)
        assert "btree_gist" in {one.name for one in there.extensions}
        assert there.rights == ("superuser",)
        assert there.free is not None
        assert there.connections is not None
        assert 0 < there.free <= there.connections.max_connections - there.connections.reserved
        assert there.budget == int(there.free * 0.25)
        assert there.clock_offset_ns is not None
        assert there.clock_error_ns is not None
        assert abs(there.clock_offset_ns) <= there.clock_error_ns, "one machine has one clock"
        await c.execute("DROP TABLE table_holds CASCADE")
        told = await checked(of(THEIRS=database.dsn), kind="postgres", dsn_env="THEIRS")
        assert told.exit_code == ExitCode.UNREACHABLE
        assert any("table table_holds is missing" in one for one in told.verdict)
    finally:
        await c.close()


async def test_a_role_s_own_limit_is_what_is_free(database: ScratchDatabase) -> None:
    c = await database.connect()
    try:
        await c.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT 5")
        told = await checked(of(), kind="postgres", dsn=database.dsn)
        assert told.database.free == 4, "the test itself holds one of five"
    finally:
        await c.close()


async def test_a_missing_variable_of_the_target_and_half_an_environment_are_wrong() -> None:
    assert (await checked(of(), kind="postgres", dsn_env="THEIRS")).exit_code == ExitCode.USAGE
    half = of(NEXT_PUBLIC_SUPABASE_URL=f"https://{REF}.supabase.co", SUPPRESS_EMAILS="true")
    async with api() as url:
        assert (await checked(half, kind="api", base_url=url)).exit_code == ExitCode.USAGE
        assert (await checked(of(SUPPRESS_EMAILS="true"), kind="api", base_url=url)).exit_code == ExitCode.PASSED


async def test_production_is_refused_unless_the_target_allows_it(database: ScratchDatabase) -> None:
    marked = of(PRODUCTION_DATABASE_URL=database.dsn)
    told = await checked(marked, kind="postgres", dsn=database.dsn)
    assert told.exit_code == ExitCode.REFUSED
    told = await checked(marked, kind="postgres", dsn=database.dsn, allow_remote=True)
    assert told.exit_code == ExitCode.PASSED
    assert any("allow_remote" in one for one in told.verdict)


async def test_a_transaction_pooler_and_a_database_s_own_time_zone_are_seen(database: ScratchDatabase) -> None:
    c = await database.connect()
    await c.execute(f"ALTER DATABASE {database.name} SET timezone = 'America/New_York'")
    await c.close()
    async with pooler(database.dsn) as dsn:
        told = await checked(of(), kind="postgres", dsn=dsn)
    assert told.exit_code == ExitCode.PASSED, told.verdict
    assert told.database.is_pooled is True
    assert told.database.time_zone == "America/New_York"
    assert told.database.is_marked is False, "nobody marked the clone as this very database"
