"""The stage of a test of the sampler."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.observe.planting import plant_floor, session
from tests.observe.stage import Stage
from tests.scratch import ScratchDatabase


@pytest.fixture
async def stage(database: ScratchDatabase) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(session(database.dsn, "planter"))
        stage = Stage(database.dsn, admin, await plant_floor(admin), stack)
        stack.push_async_callback(stage.leave)
        yield stage
