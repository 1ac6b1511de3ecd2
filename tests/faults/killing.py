"""kill -9 of an engine at a moment drawn by a seed, going on with it, and everything that must hold afterwards."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from engine.model.event import Acted, AttemptEnded, Event, Intended
from engine.model.step import Step
from engine.platform.cluster import Cluster
from engine.records.journal import read
from tests.faults.criteria import criteria
from tests.shell import Shell, alive, wait_until

EVENING = (
    "run", "fill", "--seed", "7", "--start", "17:00", "--end", "18:30", "--min-party", "2", "--max-party", "7",
    "--stress-max", "6",
)  # fmt: skip
"""Forty-two bookings, in which somebody alone is refused nothing."""
Seated = tuple[str, int, str]


class Killed(NamedTuple):
    """A run whose engine was killed."""

    run_id: str
    database: str
    folder: Path
    at_bytes: int
    """How much of its journal was there when the signal was sent."""


class Kill(NamedTuple):
    """One kill, as a failure has to name it to be repeated."""

    seed: int
    concurrency: int
    after: float
    """At this part of an undisturbed run's journal."""

    @classmethod
    def drawn(cls, seed: int, concurrency: int) -> "Kill":
        """The same for the same seed."""
        return cls(seed, concurrency, random.Random(f"kill {seed} {concurrency}").uniform(0.02, 0.95))


def journal_bytes(folder: Path) -> int:
    """How much there is of its first segment; an evening needs no second one."""
    try:
        return (folder / "journal.000001.jsonl").stat().st_size
    except FileNotFoundError:
        return 0


def killed(shell: Shell, words: Sequence[str], at_bytes: int) -> Killed:
    """Begin a run and kill its engine when its journal has so many bytes; it may have gone on for some more."""
    before = len(shell.runs())
    process = shell.begin(*words, "--headless")
    wait_until(lambda: len(shell.runs()) > before, "the run's folder")
    folder = shell.runs()[-1]
    until = time.monotonic() + 60
    while journal_bytes(folder) < at_bytes:
        assert time.monotonic() < until, f"the journal never came to {at_bytes} bytes"
        time.sleep(0.0005)
    manifest = shell.manifest(folder)
    reached = journal_bytes(folder)
    os.kill(manifest["pid"], signal.SIGKILL)
    process.communicate(timeout=60)
    wait_until(lambda: not alive(manifest["pid"]), "the engine to be gone")
    assert not (folder / "result.json").exists(), "it was over before it could be killed"
    return Killed(manifest["run_id"], manifest["database"], folder, reached)


def rows(cluster: Cluster, database: str, query: str) -> list[tuple[Any, ...]]:
    """What a query gives."""

    async def asked() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(cluster.dsn(database), timeout=10, command_timeout=20)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(asked())


def seated(cluster: Cluster, database: str) -> Counter[Seated]:
    """Slot, party and tables of every confirmed booking."""
    found = rows(
        cluster, database,
        "SELECT b.booking_date || ' ' || b.start_time, b.party_size, "
        "coalesce((SELECT string_agg(t.table_number::text, '+' ORDER BY t.table_number) "
        "FROM booking_table_assignments a JOIN table_inventory t ON t.id = a.table_id WHERE a.booking_id = b.id), '') "
        "FROM bookings b WHERE b.status = 'confirmed' AND b.source = 'slotfill'",
    )  # fmt: skip
    return Counter((slot, int(party), tables) for slot, party, tables in found)


def nothing_unjournalled(cluster: Cluster, dead: Killed) -> list[Event]:
    """Whatever the database has of the run was intended; the journal, which may be torn at its end."""
    reading = read(dead.folder)
    events = list(reading)
    intents = [event for event in events if isinstance(event, Intended)]
    attempts = {event.ids.attempt for event in intents}
    assert {event.ids.attempt for event in events if isinstance(event, AttemptEnded)} <= attempts
    made = rows(
        cluster, dead.database,
        "SELECT idempotency_key, details -> 'slotfill' ->> 'attempt' FROM bookings "
        f"WHERE details -> 'slotfill' ->> 'run' = '{dead.run_id}' OR idempotency_key LIKE 'sf-{dead.run_id}-%'",
    )  # fmt: skip
    submits = {(event.key, str(event.ids.attempt)) for event in intents if event.ids.step is Step.SUBMIT}
    assert {(key, attempt) for key, attempt in made} <= submits, "a booking was made without an intent"
    held = rows(
        cluster, dead.database,
        f"SELECT id FROM table_holds WHERE metadata -> 'slotfill' ->> 'run' = '{dead.run_id}'",
    )  # fmt: skip
    assert {one for (one,) in held} <= {event.hold_id for event in intents}, "a hold was made without an intent"
    ledgered = rows(cluster, dead.database, "SELECT idempotency_key FROM booking_assignment_idempotency")
    confirms = {event.key for event in intents if event.ids.step is Step.COMMIT}
    mine = {key for (key,) in ledgered if key.startswith(f"sf-{dead.run_id}-")}
    assert mine <= confirms, "a COMMIT was sent without an intent"
    return events


def gone_on(shell: Shell, cluster: Cluster, dead: Killed, *, most: int) -> dict[str, Any]:
    """The result of the run that goes on with it: balanced, all resolved, nothing twice, and nothing left behind."""
    events = nothing_unjournalled(cluster, dead)
    done = shell.do("continue", dead.run_id, "--headless", "--json", timeout=120)
    assert done.code == 0, done.err
    result: dict[str, Any] = done.json()
    criteria(result, exit_code=0)
    behind = result["continued"]
    criteria({"ledger": behind["ledger"]})
    # Every attempt of the dead run is in one ledger, and every confirmed booking in exactly one of the two.
    attempts = {event.ids.attempt for event in events if isinstance(event, Intended)}
    assert behind["ledger"]["attempts"] == len(attempts)
    opened = attempts - {event.ids.attempt for event in events if isinstance(event, AttemptEnded)}
    assert {one["attempt"] for one in behind["in_flight"]} == opened
    assert {one["entry"] for one in behind["in_flight"]} <= {"recovered", "void"}
    there = seated(cluster, dead.database)
    of_dead = behind["ledger"]["persisted"] + behind["ledger"]["recovered"]
    assert there.total() == of_dead + result["ledger"]["persisted"]
    twice = "SELECT idempotency_key FROM bookings WHERE status = 'confirmed' GROUP BY 1 HAVING count(*) > 1"
    assert rows(cluster, dead.database, twice) == []
    slots = Counter(slot for slot, _, _ in there.elements())
    assert max(slots.values(), default=0) <= most, f"a slot was booked more than {most} times: {slots}"
    # Whoever was given up is cancelled; what is pending was refused by the platform.
    refused = result["attempts"] - result["outcomes"].get("filled", 0)
    refused += sum(isinstance(event, AttemptEnded) and event.outcome != "filled" for event in events)
    assert int(rows(cluster, dead.database, "SELECT count(*) FROM bookings WHERE status = 'pending'")[0][0]) <= refused
    assert rows(cluster, dead.database, "SELECT id FROM table_holds") == []
    said = [one for one in read(shell.runs()[-1]) if isinstance(one, Acted) and one.command.startswith("continue ")]
    assert len(said) == 1
    assert all(f"#{one['attempt']} " in said[0].answer for one in behind["in_flight"])
    return result


def told(kill: Kill, dead: Killed, result: dict[str, Any]) -> str:
    """One line of a campaign's log."""
    ends = Counter(one["entry"] for one in result["continued"]["in_flight"])
    return (
        f"seed {kill.seed}, concurrency {kill.concurrency}: killed at {kill.after:.0%} ({dead.at_bytes} bytes); "
        f"in flight {dict(ends)}; {result['continued']['ledger']['attempts']} + "
        f"{result['attempts']} attempts"
    )
