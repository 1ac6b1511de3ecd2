"""A live run that meets a stranger's lock: its picture says who waits for whom, by worker, slot, zone and hour."""

import asyncio

import asyncpg

from engine.model.snapshot import RunSnapshot
from tests.shell import PACED, Shell, wait_until

EVERY_ZONE_AND_HOUR = """
SELECT pg_advisory_xact_lock(hashtext(z.id::text), (extract(epoch FROM d + h * interval '1 hour') / 60)::int)
  FROM zones z, generate_series('2027-03-01'::timestamptz, '2027-03-12', '1 day') d, generate_series(9, 22) h
"""


def waiting(snapshot: RunSnapshot) -> list[tuple[str, str, str]]:
    """Each zone queue's name, its holder and its first waiter."""
    queues = snapshot.sample.queues if snapshot.sample else ()
    return [
        (queue.name, queue.members[0].who, waiters[0].who)
        for queue in queues
        if queue.is_zone and (waiters := [member for member in queue.members if not member.granted])
    ]


def test_a_stranger_that_holds_the_zone_locks_is_named_with_the_workers_that_wait(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.filled > 3, "some fills")
    dsn = shell.do("db", "url").out.strip()

    async def stand_in_the_way() -> list[tuple[str, str, str]]:
        stranger = await asyncpg.connect(dsn, server_settings={"application_name": "report"})
        try:
            async with stranger.transaction():
                await stranger.execute(EVERY_ZONE_AND_HOUR)
                # `see` runs a loop of its own, so it is asked in a thread.
                await asyncio.to_thread(wait_until, lambda: len(waiting(shell.see())) > 1, "workers that wait")
                found = await asyncio.to_thread(shell.see)
        finally:
            await stranger.close()
        return [*waiting(found), *[("", worker.waits_for, str(worker.step)) for worker in found.workers]]

    found = asyncio.run(stand_in_the_way())
    queues = [one for one in found if one[0]]
    assert queues
    for name, holder, waiter in queues:
        zone, _, hour = name.rpartition(" ")
        assert zone in ("Main Dining", "Bar Area", "Patio", "Private Room", "Outdoor Garden")
        assert hour.endswith(":00")
        assert holder == "NOT OURS"
        worker, _, slot = waiter.partition(" ")
        assert worker in ("w00", "w01", "w02", "w03")
        assert len(slot) == 5 or slot == "left"
    assert ("", "Lock:advisory", "confirm") in found
    wait_until(lambda: not waiting(shell.see()), "the way to be free")
    shell.do("stop")
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_worker_that_lost_its_connection_keeps_its_name_and_so_does_the_backend_it_left_waiting(shell: Shell) -> None:
    shell.environ["SLOTFILL_RUN_STEP_TIMEOUT_S"] = "1"
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.filled > 3, "some fills")
    dsn = shell.do("db", "url").out.strip()

    async def stand_in_the_way() -> set[str]:
        stranger = await asyncpg.connect(dsn, server_settings={"application_name": "report"})
        seen: set[str] = set()

        def timed_out_and_waiting_again() -> bool:
            snapshot = shell.see()
            queues = snapshot.sample.queues if snapshot.sample else ()
            waits = {member.who for queue in queues for member in queue.members if not member.granted}
            seen.update(waits)
            return snapshot.run.attempts - snapshot.run.filled > 10 and bool(waits)

        try:
            async with stranger.transaction():
                await stranger.execute(EVERY_ZONE_AND_HOUR)
                await asyncio.to_thread(
                    wait_until, timed_out_and_waiting_again, "workers that timed out and wait again"
                )
        finally:
            await stranger.close()
        return seen

    seen = asyncio.run(stand_in_the_way())
    assert seen
    assert {who.partition(" ")[0] for who in seen} <= {"w00", "w01", "w02", "w03"}
    shell.do("stop")
    process.communicate(timeout=60)
