"""The process: how it begins, why it does not, and that it never outlives whoever asked it not to."""

import asyncio
import datetime as dt
import os
import signal
import socket
import sys
from typing import cast

import httpx
import msgspec
import pytest

from engine.api_ground import ReferenceApiGround
from engine.booking_api.launch import start
from engine.booking_api.spec import ApiSpec, ApiUnfit
from engine.config import Settings
from engine.database import DatabaseUnreachable
from engine.ground import EmbeddedGround
from engine.model.ids import RunId
from tests.booking_api.counter import flags, serving, told, until
from tests.scratch import ScratchDatabase
from tests.shell import alive

PARENT = """
import asyncio, sys
import msgspec
from engine.booking_api.launch import start
from engine.booking_api.spec import ApiSpec

async def main():
    process = await start(msgspec.json.decode(sys.stdin.buffer.readline(), type=ApiSpec))
    print(process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def gone(pid: int) -> None:
    async def ended() -> bool:
        return not alive(pid)

    await until(ended, f"process {pid} to end")


async def test_it_listens_on_loopback_only_and_ends_when_stopped(database: ScratchDatabase) -> None:
    process = await start(ApiSpec(dsn=database.dsn))
    assert process.base_url.startswith("http://127.0.0.1:")
    async with httpx.AsyncClient(trust_env=False) as client:
        found = (await client.get(f"{process.base_url}/api/health")).json()
    assert found["status"] == "ok"
    await process.stop()
    await process.stop()
    assert not process.is_running
    assert await process.wait() == 0
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{process.base_url}/api/health")
    await until_nobody_is_connected(database)


async def until_nobody_is_connected(database: ScratchDatabase) -> None:
    async def left() -> bool:
        rows = await told(
            database,
            "SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'slotfill%' AND pid <> pg_backend_pid()",
        )
        return not rows

    await until(left, "its connections to close")


async def test_kill_9_of_its_parent_ends_it(database: ScratchDatabase) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(msgspec.json.encode(ApiSpec(dsn=database.dsn)) + b"\n")
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    await parent.wait()
    await gone(pid)
    await until_nobody_is_connected(database)


async def test_without_a_lifeline_only_a_signal_ends_it(database: ScratchDatabase) -> None:
    process = await start(ApiSpec(dsn=database.dsn), lifeline=False)
    os.kill(process.pid, signal.SIGINT)
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{process.base_url}/api/health")).status_code == 200
    os.kill(process.pid, signal.SIGTERM)
    assert await process.wait() == 0


async def test_a_restarted_server_knows_the_bookings_of_the_one_before(database: ScratchDatabase) -> None:
    async with serving(database) as counter:
        first = (await counter.ask(1, key="k1")).json()
        await counter.rests()
    async with serving(database) as counter:
        again = await counter.ask(1, key="k1")
        assert (again.status_code, again.json()["booking"]["id"]) == (200, first["booking"]["id"])
        assert again.json()["booking"]["status"] == "confirmed"
        url = f"/api/bookings/{first['booking']['id']}"
        token = {"Authorization": f"Bearer {first['confirmationToken']}"}
        assert (await counter.client.get(url, headers=token)).json()["isFinal"] is True


async def test_a_stop_finishes_the_request_in_hand_and_ends_the_jobs_that_wait(database: ScratchDatabase) -> None:
    patient = flags(auto_assign_retry_delays_ms=(60_000,))
    async with serving(database, flags=patient, planner_delay_ms=400) as counter:
        await counter.ask(1, party=900)
        asking = asyncio.ensure_future(counter.ask(2))

        async def in_hand() -> bool:
            backlog = (await counter.health())["backlog"]
            return bool(backlog["inline"] == 1 and backlog["waiting"] == 1)

        await until(in_hand, "a request in hand and a job that waits")
        await counter.process.stop()
        answer = await asking
        assert answer.json()["booking"]["status"] == "confirmed"
    rows = await told(
        database, "SELECT party_size, auto_assign_last_result ->> 'reason' AS reason FROM bookings ORDER BY 1"
    )
    assert [row["party_size"] for row in rows] == [2, 900]
    assert rows[0]["reason"] is None
    assert rows[1]["reason"].startswith("exhausted: the server stopped")


class Gone:
    """A ground whose database does not come back for the next repeat."""

    dsn, data, day, database = "postgresql://nobody@127.0.0.1:1/none", "", dt.date(2027, 3, 1), "sf_gone"

    async def renew(self, repeat: int) -> bool:
        return True


async def test_an_api_that_does_not_stand_for_the_next_repeat_is_a_target_that_went_away_and_no_bug() -> None:
    ground = ReferenceApiGround(cast("EmbeddedGround", Gone()), RunId("test"), Settings())
    with pytest.raises(
        DatabaseUnreachable, match=r"the reference booking API does not stand: .*no database to work on"
    ):
        await ground.renew(2)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dsn": "postgresql://nobody@127.0.0.1:1/none"}, "no database to work on"),
        ({"default_restaurant": "nowhere"}, "there is no restaurant nowhere here"),
        ({"seats": 0}, "serve nobody"),
        ({"flags": flags(inline_auto_assign_timeout_ms=0)}, "give 1 or more"),
    ],
)
async def test_what_it_cannot_begin_with_is_one_sentence(
    changed: dict[str, object], said: str, database: ScratchDatabase
) -> None:
    with pytest.raises(ApiUnfit, match=said):
        await start(msgspec.structs.replace(ApiSpec(dsn=database.dsn), **changed))


async def test_a_port_that_is_taken_is_said(database: ScratchDatabase) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ApiUnfit, match=r"port \d+ of 127\.0\.0\.1 cannot be had"):
            await start(ApiSpec(dsn=database.dsn, port=taken.getsockname()[1]))


async def test_an_empty_database_is_told_to_be_none_of_the_platform(database: ScratchDatabase) -> None:
    with pytest.raises(ApiUnfit, match="does not speak the platform's contract"):
        await start(ApiSpec(dsn=database.cluster.admin_dsn))
