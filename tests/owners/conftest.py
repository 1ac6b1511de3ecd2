"""The owners' database: built once a session, worker and variant, and a copy of it for each test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from engine.platform.cluster import Cluster
from engine.targets.postgres import PostgresTarget
from tests.owners.at_target import opened
from tests.owners.build import OwnersDatabase, build, clone, drop


@pytest.fixture(scope="session")
def owners_template(cluster: Cluster) -> Iterator[Callable[[str], str]]:
    """The name of a variant's template; built when it is asked for first."""
    built: dict[str, str] = {}

    def template(variant: str) -> str:
        if variant not in built:
            name = f"owners_{variant}_{uuid4().hex[:12]}"
            asyncio.run(build(cluster, name, variant=variant))
            built[variant] = name
        return built[variant]

    yield template
    for name in built.values():
        asyncio.run(drop(cluster, name))


@pytest.fixture
def variant() -> str:
    """Which of the owners' databases; a test that wants another one parametrises this."""
    return "plain"


@pytest.fixture
def owners_copied_from(owners_template: Callable[[str], str], variant: str) -> str:
    """The template of the test's variant. Not async: building it runs a loop of its own."""
    return owners_template(variant)


@pytest.fixture
async def owners(cluster: Cluster, variant: str, owners_copied_from: str) -> AsyncIterator[OwnersDatabase]:
    """A fresh copy of the owners' database."""
    name = f"owners_test_{uuid4().hex[:12]}"
    await clone(cluster, name, owners_copied_from)
    yield OwnersDatabase(cluster, name, variant)
    await drop(cluster, name)


@pytest.fixture
async def c(owners: OwnersDatabase) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection to it as a superuser, in UTC."""
    found = await owners.connect()
    yield found
    await found.close()


@pytest.fixture
def role() -> str | None:
    """As whom the target connects; None for a superuser."""
    return None


@pytest.fixture
async def target(owners: OwnersDatabase, role: str | None) -> PostgresTarget:
    """slotfill's target on it, probed and with its floors read."""
    return await opened(owners.dsn if role is None else owners.dsn_as(role))
