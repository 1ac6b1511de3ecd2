"""`slotfill env check`: one page or one document, its exit codes, no secret in it, and nothing written by it."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.local_only import VARIABLE
from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop
from tests.shell import Shell

_numbers = itertools.count(1)

KEY = "Sentinel.key.*+?[(x)]{2}|^$\\d"
PASSWORD = "Sentinel.pass[^a-z]+(?=x)"
ENCODED = "Sentinel.pass%5B%5Ea-z%5D%2B%28%3F%3Dx%29"


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    found = f"sf_env_{os.getpid()}_{next(_numbers)}"
    asyncio.run(clone(cluster, found))
    yield found
    asyncio.run(drop(cluster, found))


@pytest.fixture
def here(shell: Shell) -> Shell:
    """A shell whose commands cannot leave the machine."""
    shell.environ[VARIABLE] = "1"
    return shell


def write(shell: Shell, text: str = 'kind = "postgres"\ndsn_env = "THEIRS"\n') -> tuple[str, ...]:
    Path(shell.home / "theirs.toml").write_text(f"[targets.embedded]\n[targets.theirs]\n{text}")
    return "--config", str(shell.home / "theirs.toml"), "--target", "theirs"


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")
    }


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    else:
        yield str(value)


def test_with_nothing_set_the_embedded_target_is_usable_and_the_page_has_its_sections(here: Shell) -> None:
    before = everything(here.home)
    done = here.do("env", "check")
    assert done.code == 0
    assert done.err == ""
    for section in ("FILES READ", "VARIABLES", "FLAGS", "API", "DATABASE", "VERDICT"):
        assert f"\n{section}" in done.out
    assert "FEATURE_INLINE_AUTO_ASSIGN_TIMEOUT_MS            missing    (12000)" in done.out
    assert everything(here.home) == before, "nothing is written"


def test_files_are_read_where_one_stands_and_the_shell_is_not_outweighed(here: Shell) -> None:
    (here.home / ".env").write_text("APP_ENV=staging\nFEATURE_ALLOCATOR_K_MAX=2\n")
    (here.home / ".env.local").write_text("FEATURE_ALLOCATOR_K_MAX=4\nNODE_ENV=development\n")
    here.environ["NODE_ENV"] = "test"
    done = here.do("env", "check", "--json")
    told = {one["name"]: one for one in done.json()["variables"]}
    assert done.code == 0
    assert (told["FEATURE_ALLOCATOR_K_MAX"]["shown"], told["FEATURE_ALLOCATOR_K_MAX"]["origin"]) == ("4", ".env.local")
    assert (told["NODE_ENV"]["shown"], told["NODE_ENV"]["origin"]) == ("test", "shell")
    assert told["NODE_ENV"]["hidden"] == [".env.local"]


def test_a_malformed_needed_variable_is_2_and_a_dangerous_one_4(here: Shell) -> None:
    (here.home / ".env.local").write_text("NEXT_PUBLIC_SUPABASE_URL=not-an-address\n")
    assert here.do("env", "check").code == 2
    ref = "abcdefghijklmnopqrst"
    (here.home / ".env.local").write_text(
        f"PRODUCTION_SUPABASE_URL=https://{ref}.supabase.co\n"
        f"SUPABASE_DB_URL=postgresql://postgres:x@db.{ref}.supabase.co:5432/postgres\n"
    )
    done = here.do("env", "check")
    assert done.code == 4
    assert "SUPABASE_DB_URL means the same place as PRODUCTION_SUPABASE_URL" in done.out


def test_a_database_that_is_away_is_3_and_one_that_is_there_is_described(
    here: Shell, cluster: Cluster, name: str
) -> None:
    config = write(here)
    (here.home / ".env.local").write_text(f"THEIRS={cluster.dsn(name)}\n")
    done = here.do("env", "check", *config)
    assert done.code == 0, done.out
    assert f"database {name}, as " in done.out
    assert "pool mode: no transaction pooler" in done.out
    here.environ["THEIRS"] = "postgresql://me@127.0.0.1:9/db"
    done = here.do("env", "check", *config, "--json")
    assert done.code == 3
    assert done.json()["database"]["trouble"]


def test_an_address_that_nobody_answers_is_3_with_what_would_help(here: Shell) -> None:
    here.environ["SUPPRESS_EMAILS"] = "true"
    config = write(here, 'kind = "api"\nbase_url = "http://127.0.0.1:9"\nfallback_base_url = "http://127.0.0.1:9"\n')
    done = here.do("env", "check", *config)
    assert done.code == 3
    assert "--fallback-local" in done.out
    done = here.do("env", "check", *config, "--fallback-local")
    assert done.code == 3
    assert "FALLBACK" in done.out


def test_a_remote_target_is_not_reached_where_nobody_may_leave(here: Shell) -> None:
    done = here.do("env", "check", *write(here, 'kind = "postgres"\ndsn = "postgresql://me@db.example.com/db"\n'))
    assert done.code == 3
    assert "is not this machine's loopback" in done.out
    done = here.do("env", "check", *write(here, 'kind = "api"\nbase_url = "https://example.com"\n'), "--json")
    assert done.code == 4, "it would send mail"
    assert "is not this machine's loopback" in done.json()["api"]["trouble"]


def test_an_address_that_cannot_be_read_is_2_and_is_not_quoted(here: Shell) -> None:
    here.environ["THEIRS"] = "postgresql://me:pa/ss@127.0.0.1/db"
    done = here.do("env", "check", *write(here))
    assert done.code == 2
    assert "percent-encode" in done.out
    assert "pa/ss" not in done.out + done.err
    done = here.do("env", "check", *write(here, 'kind = "postgres"\ndsn = "postgresql://me:pa/ss@127.0.0.1/db"\n'))
    assert done.code == 2
    assert "pa/ss" not in done.out + done.err
    done = here.do("env", "check", *write(here, 'kind = "embedded"\ndsn = "postgresql://me@127.0.0.1/db"\n'))
    assert done.code == 4, "it is half something else"
    assert here.do("env", "check", "--target", "nobody").code == 4


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_no_planted_secret_is_in_any_output(here: Shell, cluster: Cluster, name: str, more: tuple[str, ...]) -> None:
    config = write(here)
    dsn = cluster.dsn(name).replace("slotfill@", f"slotfill:{ENCODED}@")
    broken = f"postgresql://me:{PASSWORD}@127.0.0.1:9/db"
    (here.home / ".env").write_text(
        f"SUPABASE_SERVICE_ROLE_KEY='{KEY}'\nRESEND_API_KEY='{KEY}'\nNEXT_PUBLIC_X='{KEY}'\nAPP_ENV='{KEY}'\n"
        f"FEATURE_HOLDS_ENABLED='{KEY}'\nFEATURE_UNKNOWN='{KEY}'\nNEXT_PUBLIC_PLAUSIBLE_DOMAIN='{KEY}'\n"
        f"SUPABASE_DB_URL='{broken}'\nPRODUCTION_SUPABASE_SERVICE_ROLE_KEY='{KEY}'\n{KEY}\n"
        f"BASE_URL='https://me:{PASSWORD}@127.0.0.1:9/{KEY}'\n"
    )
    for theirs in (dsn, broken, f"postgresql://me:{ENCODED}@127.0.0.1:9/db", f"postgresql://me:7/{KEY}@h/db"):
        here.environ["THEIRS"] = theirs
        done = here.do("env", "check", *config, *more)
        assert done.code == 4, "the service key is in a public variable"
        told = [done.out, done.err, *(strings(done.json()) if more else ())]
        for secret in (KEY, PASSWORD, ENCODED, "Sentinel"):
            assert not any(secret in one for one in told)


def test_nothing_is_written_to_the_database_nor_beside_it(here: Shell, cluster: Cluster, name: str) -> None:
    config = write(here)
    dsn = here.environ["THEIRS"] = cluster.dsn(name)

    def contents() -> Any:
        async def asked() -> Any:
            connection = await asyncpg.connect(dsn, timeout=10)
            try:
                query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                names = sorted(one[0] for one in await connection.fetch(query))
                digest = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM"
                rows = {one: await connection.fetchval(f'{digest} "{one}" t') for one in names}
                return rows, await connection.fetchval("SELECT count(*) FROM pg_class")
            finally:
                await connection.close()

        return asyncio.run(asked())

    before, files = contents(), everything(here.home)
    assert here.do("env", "check", *config).code == 0
    assert contents() == before
    assert everything(here.home) == files


def test_the_embedded_cluster_is_described_where_it_runs(here: Shell, cluster: Cluster) -> None:
    done = here.do("env", "check")
    assert done.code == 0
    assert f"PostgreSQL {cluster.server_version}" in done.out
    assert "each run gets a database of its own in it" in done.out
    assert "free for us" in done.out
