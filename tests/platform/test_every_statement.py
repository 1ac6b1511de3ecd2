"""Every statement is one Postgres takes, and gives what the Struct it names expects."""

import asyncio
import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import engine.model
from engine.database import sql
from engine.platform import databases
from engine.platform.cluster import Cluster
from tests.scratch import ScratchDatabase

QUERIES = Path(__file__).parents[2] / "queries"
ROOMS = ("act", "booking_api", "clean", "fill", "observe", "probe", "repair", "tell", "truth", "verify", "whole")
NAMES = sorted(
    str(path.relative_to(QUERIES).with_suffix("")) for room in ROOMS for path in (QUERIES / room).glob("*.sql")
)


def structs(*modules: str) -> dict[str, type[msgspec.Struct]]:
    """Every Struct of these modules."""
    return {
        name: value
        for module in modules
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }


MODELS = [f"engine.model.{found.name}" for found in pkgutil.iter_modules(engine.model.__path__)]
STRUCTS = structs(*MODELS, "engine.observe.rows")
"""What a statement may name."""
OWN = {"booking_api": {**STRUCTS, **structs("engine.booking_api.rows")}}
"""The same where a room has rows of its own."""


@pytest.fixture(scope="module")
def prepared_in(cluster: Cluster) -> Iterator[ScratchDatabase]:
    """One clone for all of them: a statement that is only prepared changes nothing."""
    found = ScratchDatabase(cluster, f"sf_test_{os.getpid()}_statements")
    asyncio.run(databases.clone(cluster, found.name, "white-horse"))
    yield found
    asyncio.run(databases.drop(cluster, found.name))


def header(name: str, word: str) -> str | None:
    found = re.search(rf"^-- {word}: (.*)$", sql(name), re.MULTILINE)
    return found.group(1) if found else None


@pytest.mark.parametrize("name", NAMES)
def test_its_header_says_what_it_is_for(name: str) -> None:
    first = sql(name).splitlines()[0]
    assert first.startswith("-- ")
    assert len(first) > 12
    assert not sql(name).rstrip().endswith(";")


@pytest.mark.parametrize("name", NAMES)
async def test_postgres_takes_it_and_its_columns_are_its_struct_s_fields(
    name: str, prepared_in: ScratchDatabase
) -> None:
    text = sql(name)
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    connection = await prepared_in.connect()
    try:
        if re.match(r"\s*(BEGIN|COMMIT|ROLLBACK)\b", body):
            await connection.execute("BEGIN" if not body.lstrip().startswith("BEGIN") else "SELECT 1")
            await connection.execute(text)
            return
        if name.endswith("statements") or "pg_stat_statements" in body:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        prepared = await connection.prepare(text)
        wanted = header(name, "params")
        numbers = {int(number) for number in re.findall(r"\$(\d+)", wanted or "")}
        assert len(prepared.get_parameters()) == len(numbers), wanted
        struct = header(name, "returns")
        columns = [attribute.name for attribute in prepared.get_attributes()]
        if struct is None:
            assert columns == [], "a statement that gives rows names their Struct"
            return
        found = OWN.get(name.split("/", maxsplit=1)[0], STRUCTS)[struct.split()[0]]
        fields = {field.encode_name: field for field in msgspec.structs.fields(found)}
        assert set(columns) <= set(fields), f"{struct} has no field for {set(columns) - set(fields)}"
        needed = {name for name, field in fields.items() if field.required}
        assert needed <= set(columns), f"nothing gives {needed - set(columns)} of {struct}"
    finally:
        await connection.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_statement(name: str) -> None:
    body = re.sub(r"--[^\n]*", "", sql(name))
    body = re.sub(r"'[^']*'", "''", body)
    assert ";" not in body
