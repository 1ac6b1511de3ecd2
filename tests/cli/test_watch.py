"""`slotfill watch`: sentences or the console, on a database without a run; it ends with its last console."""

import asyncio
import itertools
import os
import signal
from collections.abc import Iterator

import asyncpg
import pytest

from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop
from tests.shell import Shell, alive, wait_until

_numbers = itertools.count(1)


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    found = f"sf_watch_{os.getpid()}_{next(_numbers)}"
    asyncio.run(clone(cluster, found))
    yield found
    asyncio.run(drop(cluster, found))


def journal(shell: Shell) -> str:
    """What the last watch has told so far."""
    return (shell.runs()[-1] / "journal.000001.jsonl").read_text() if shell.runs() else ""


def test_headless_it_prints_a_sentence_a_change_and_ctrl_c_ends_it_with_0(
    shell: Shell, cluster: Cluster, name: str
) -> None:
    process = shell.begin("watch", "--database", name, "--headless")
    wait_until(lambda: "waiting for locks" in journal(shell), "the first look")

    async def contend() -> None:
        holder = await asyncpg.connect(cluster.dsn(name), server_settings={"application_name": "psql"})
        waiter = await asyncpg.connect(cluster.dsn(name), server_settings={"application_name": "app"})
        await holder.execute("SELECT pg_advisory_lock(7)")
        waiting = asyncio.ensure_future(waiter.execute("SELECT pg_advisory_lock(7)"))
        await asyncio.to_thread(wait_until, lambda: "waits for advisory 7: held by" in journal(shell), "the queue")
        await holder.execute("SELECT pg_advisory_unlock(7)")
        await waiting
        await asyncio.to_thread(wait_until, lambda: "nobody waits for advisory 7" in journal(shell), "its end")
        await holder.close()
        await waiter.close()

    asyncio.run(contend())
    engine = shell.manifest()["pid"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert "lock: 1 waits for advisory 7: held by psql (pid " in out
    assert "; first app (pid " in out
    assert "lock: nobody waits for advisory 7 any more" in out
    assert f"server: watching database {name} as slotfill, PostgreSQL 18." in out
    assert f"its recording: slotfill replay {shell.manifest()['run_id']}" in err
    wait_until(lambda: not alive(engine), "the engine to end")
    listed = shell.do("ls", "--json").json()
    assert [(one["plan"], one["state"], one["database"]) for one in listed] == [("watch", "finished", "")]
    refused = shell.do("report")
    assert (refused.code, refused.out) == (2, "")
    assert "is a watch and no run: report has nothing to go by; slotfill replay " in refused.err


def test_a_killed_console_was_the_last_one_and_leaves_no_engine(shell: Shell, name: str) -> None:
    painted = bytearray()
    process, terminal = shell.console("watch", "--database", name, painted=painted)
    try:
        wait_until(lambda: b"WATCHING" in painted, "the status line")
        wait_until(lambda: b"locks" in painted, "the panels")
        engine = shell.manifest()["pid"]
        process.kill()
        process.wait(10)
        wait_until(lambda: not alive(engine), "the engine to end with its console")
    finally:
        os.close(terminal)

    assert (shell.runs()[-1] / "result.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--dsn", "postgresql://a@127.0.0.1:1/b"), 3, "Postgres did not take a connection"),
        ((), 2, "there is no run yet"),
        (("--dsn", "postgresql://a@127.0.0.1:1/b", "--database", "x"), 2, "not both"),
        (("--target", "nowhere"), 4, "there is no target named nowhere"),
    ],
)
def test_what_cannot_be_watched_is_said_in_one_sentence(
    shell: Shell, words: tuple[str, ...], code: int, says: str
) -> None:
    done = shell.do("watch", "--headless", *words)

    assert done.code == code, done.err
    assert says in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert shell.runs() == []
