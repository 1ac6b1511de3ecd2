"""`slotfill db … --target`: a database of somebody else's making is marked, looked at, and written to only then."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.database import sql
from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop
from tests.owners.conftest import owners_copied_from, owners_template, variant
from tests.shell import Shell
from tui.verbs.db_target import without_password

__all__ = ["owners_copied_from", "owners_template", "variant"]

_numbers = itertools.count(1)


def ask(dsn: str, *statements: str) -> Any:
    """The first value of the last statement."""

    async def asked() -> Any:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(asked())


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    """The name of a database that is dropped when the test ends; the test makes it."""
    found = f"sf_theirs_{os.getpid()}_{next(_numbers)}"
    yield found
    asyncio.run(drop(cluster, found))


def write(shell: Shell, dsn: str) -> Path:
    """A config.toml with the target `theirs`, named by an environment variable."""
    path = Path(shell.home) / "theirs.toml"
    path.write_text('[targets.embedded]\n[targets.theirs]\nkind = "postgres"\ndsn_env = "THEIRS"\n')
    shell.environ["THEIRS"] = dsn
    return path


def create(cluster: Cluster, name: str) -> str:
    ask(cluster.admin_dsn, f"CREATE DATABASE {name} TEMPLATE template0", "SELECT 1")
    return cluster.dsn(name)


def everything(dsn: str) -> tuple[int, int, int]:
    """How many relations, rows in the platform's tables and functions there are, but for the marker's."""
    named = "relname NOT LIKE '%slotfill_marker%' AND relnamespace = 'public'::regnamespace"
    relations = ask(dsn, f"SELECT count(*) FROM pg_class WHERE {named}")
    functions = ask(dsn, "SELECT count(*) FROM pg_proc WHERE oid > 16384")
    rows = sum(ask(dsn, f"SELECT count(*) FROM {one}") for one in ("bookings", "customers", "restaurants", "zones"))
    return relations, rows, functions


def test_an_empty_database_is_installed_seeded_and_marked_and_then_it_is_fit(
    shell: Shell, cluster: Cluster, name: str
) -> None:
    dsn = create(cluster, name)
    config = ("--config", str(write(shell, dsn)), "--target", "theirs")
    unasked = shell.do("db", "init", *config)
    assert unasked.code == 4, "nobody said yes"
    assert ask(dsn, "SELECT to_regclass('bookings') IS NULL")
    wrong = shell.do("db", "init", *config, "--yes=production")
    assert wrong.code == 4, "another database was named"
    before = shell.do("db", "status", *config)
    assert before.code == 3
    assert "none of the platform's tables" in before.out
    assert shell.do("db", "init", *config, f"--yes={name}").code == 0
    status = shell.do("db", "status", *config, "--json")
    assert status.code == 0
    assert status.json()["marked"] is True
    assert status.json()["contract"]["unfit"] == []
    assert shell.do("db", "reset", *config, "--yes").code == 4
    assert shell.do("db", "url", *config).out.strip() == dsn
    assert shell.do("db", "seed", *config, "--set", "run.data=stress").code == 0
    assert ask(dsn, "SELECT count(*) FROM restaurants") == 6


def test_the_owner_of_an_empty_database_who_is_no_superuser_gets_the_platform_too(
    shell: Shell, cluster: Cluster, name: str
) -> None:
    owner = f"{name}_owner"
    ask(cluster.admin_dsn, f"CREATE ROLE {owner} LOGIN", f"CREATE DATABASE {name} OWNER {owner}", "SELECT 1")
    try:
        dsn = cluster.dsn(name).replace("://slotfill@", f"://{owner}@")
        done = shell.do("db", "init", "--config", str(write(shell, dsn)), "--target", "theirs", f"--yes={name}")
        assert done.code == 0, done.err
        assert ask(dsn, "SELECT current_user") == owner
        assert ask(dsn, "SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension") == [
            "btree_gist",
            "plpgsql",
        ]
        config = ("--config", str(write(shell, dsn)), "--target", "theirs")
        run = shell.do("run", "fill", *config, "--headless", "--json", "--end", "12:15", "--stress-max", "2")
        assert run.code == 0, run.err
        assert run.json()["persisted"] > 0
    finally:
        asyncio.run(drop(cluster, name))
        ask(cluster.admin_dsn, f"DROP ROLE {owner}", "SELECT 1")


def test_where_the_platform_stands_already_only_the_marker_is_put(shell: Shell, cluster: Cluster, name: str) -> None:
    asyncio.run(clone(cluster, name))
    dsn = cluster.dsn(name)
    ask(dsn, "DROP TABLE slotfill_marker", "SELECT 1")
    before = everything(dsn)
    config = ("--config", str(write(shell, dsn)), "--target", "theirs")
    assert shell.do("db", "seed", *config, "--set", "run.data=stress").code == 4, "no marker, no writing"
    assert everything(dsn) == before
    done = shell.do("db", "init", *config, f"--yes={name}", "--json")
    assert done.code == 0
    assert done.json()["made"] == "marked"
    assert everything(dsn) == before
    assert shell.do("db", "init", *config, f"--yes={name}").code == 0, "a second time changes nothing"
    assert ask(dsn, "SELECT count(*) FROM slotfill_marker") == 1


def test_half_a_platform_is_refused_with_what_is_missing(shell: Shell, cluster: Cluster, name: str) -> None:
    asyncio.run(clone(cluster, name))
    dsn = cluster.dsn(name)
    ask(dsn, "DROP TABLE slotfill_marker", "DROP TABLE table_holds CASCADE", "SELECT 1")
    before = everything(dsn)
    done = shell.do("db", "init", "--config", str(write(shell, dsn)), "--target", "theirs", f"--yes={name}")
    assert done.code == 3
    assert "the table table_holds is missing" in done.err
    assert everything(dsn) == before
    assert ask(dsn, "SELECT to_regclass('slotfill_marker') IS NULL")


def test_a_database_of_something_else_is_left_alone(shell: Shell, cluster: Cluster, name: str) -> None:
    dsn = create(cluster, name)
    ask(dsn, "CREATE TABLE ledger (id int)", "SELECT 1")
    done = shell.do("db", "init", "--config", str(write(shell, dsn)), "--target", "theirs", f"--yes={name}")
    assert done.code == 3
    assert "1 tables and none of the platform's" in done.err
    assert ask(dsn, "SELECT to_regclass('slotfill_marker') IS NULL")


@pytest.mark.parametrize("what", ["init", "seed", "status", "url", "psql", "reset"])
def test_nothing_off_this_machine_is_even_asked(shell: Shell, what: str) -> None:
    config = write(shell, "postgresql://me:secret@db.example.com/production")
    done = shell.do("db", what, "--config", str(config), "--target", "theirs", "--yes")
    assert done.code == 4
    assert "db.example.com" in done.err
    assert "secret" not in done.err + done.out


def test_a_server_that_is_not_there_is_one_sentence(shell: Shell) -> None:
    config = write(shell, "postgresql://me@127.0.0.1:1/none")
    done = shell.do("db", "status", "--config", str(config), "--target", "theirs")
    assert done.code == 3
    assert len(done.err.strip().splitlines()) == 1


def test_the_marker_s_table_can_be_made_twice() -> None:
    assert "IF NOT EXISTS" in sql("platform/900_slotfill_marker")


@pytest.mark.parametrize(
    ("dsn", "bare", "password"),
    [
        ("postgresql://me:a%40b@127.0.0.1:1/x", "postgresql://me@127.0.0.1:1/x", "a@b"),
        (
            "postgresql://me@localhost/x?password=pw&sslmode=disable",
            "postgresql://me@localhost/x?sslmode=disable",
            "pw",
        ),
        ("postgresql://me@localhost/x", "postgresql://me@localhost/x", ""),
        ("postgresql:///x?host=%2Ftmp", "postgresql:///x?host=%2Ftmp", ""),
    ],
)
def test_no_password_goes_where_other_users_of_the_machine_can_read_it(dsn: str, bare: str, password: str) -> None:
    assert without_password(dsn) == (bare, password)
