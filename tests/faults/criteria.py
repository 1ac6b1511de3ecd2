"""What every fault test demands, whatever was done to it: the ledger balances, and nothing of ours is left behind."""

import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from engine.model.ledger import Entry, Ledger

NONE_OF = ("lost", "torn", "altered", "duplicate", "phantom", "unverified")
"""Of a correct platform there is none of these, whatever happens to connections and servers."""


class Leftovers(NamedTuple):
    """What a run left in its database, once it was over."""

    sessions: tuple[str, ...]
    """Application names of its connections that are still there."""
    holds: tuple[UUID, ...]
    """Bookings that still have a hold; those of commits in doubt may, until it expires."""


def result_of(folder: Path) -> dict[str, Any]:
    """`result.json` of a run's folder."""
    found: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return found


def of_ledger(kept: Ledger) -> dict[str, Any]:
    """A ledger that a test kept itself, as a result has it."""
    return {"ledger": msgspec.to_builtins(kept)}


def broken(result: Mapping[str, Any], *, unresolved: int = 0, exit_code: int | None = None) -> list[str]:
    """Every common criterion that this result does not meet, a sentence each.

    Nothing that it says of itself is believed where it can be counted again.
    """
    kept = result["ledger"]
    found = []
    total = sum(kept[entry.value] for entry in Entry)
    if total != kept["attempts"] or not kept["balanced"]:
        counts = " + ".join(f"{kept[entry.value]} {entry.value}" for entry in Entry)
        found.append(f"the equation does not balance: {kept['attempts']} attempts, {counts}")
    found += [f"{kept[word]} {word}: {_stories(kept, word)}" for word in NONE_OF if kept[word]]
    if kept["unresolved"] > unresolved:
        found.append(f"{kept['unresolved']} unresolved of at most {unresolved}: {_stories(kept, 'unresolved')}")
    if kept["acknowledged"] != kept["persisted"]:
        found.append(f"{kept['acknowledged']} acknowledged and {kept['persisted']} persisted")
    if "outcomes" in result:
        found += _disagreements(result)
    if exit_code is not None and result["exit_code"] != exit_code:
        found.append(f"exit code {result['exit_code']}, not {exit_code}: {result['reason']}")
    return found


def criteria(result: Mapping[str, Any], *, unresolved: int = 0, exit_code: int | None = None) -> None:
    """Raise AssertionError with every common criterion that this result does not meet.

    `result` is result.json, or `of_ledger` of one kept in the test; `unresolved` so many may be; `exit_code` None for
    any.
    """
    found = broken(result, unresolved=unresolved, exit_code=exit_code)
    if found:
        raise AssertionError("; ".join(found))


async def leftovers(dsn: str, in_doubt: Collection[UUID] = (), within_s: float = 10.0) -> Leftovers:
    """What is left in that database, but for holds of bookings in doubt. Sessions are given so long to go."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=20)
    try:
        until = time.monotonic() + within_s
        while (sessions := await _sessions(connection)) and time.monotonic() < until:  # noqa: ASYNC110 - a real server
            await asyncio.sleep(0.03)
        held = await connection.fetch("SELECT booking_id FROM table_holds ORDER BY created_at")
    finally:
        await connection.close()
    return Leftovers(sessions, tuple(row[0] for row in held if row[0] not in set(in_doubt)))


async def nothing_left(dsn: str, in_doubt: Collection[UUID] = ()) -> None:
    """Raise AssertionError with what a run left in that database."""
    left = await leftovers(dsn, in_doubt)
    if left != ((), ()):
        raise AssertionError(
            f"left behind: sessions {left.sessions}, holds of bookings {[str(one) for one in left.holds]}"
        )


async def _sessions(connection: "asyncpg.Connection[Any]") -> tuple[str, ...]:
    rows = await connection.fetch(
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name LIKE 'slotfill%' AND pid <> pg_backend_pid() ORDER BY 1"
    )
    return tuple(row[0] for row in rows)


def _disagreements(result: Mapping[str, Any]) -> Sequence[str]:
    """Where the result's own figures and its ledger tell two stories."""
    kept = result["ledger"]
    found = []
    if sum(result["outcomes"].values()) != result["attempts"]:
        found.append(f"outcomes {result['outcomes']} are not {result['attempts']} attempts")
    if result["attempts"] > kept["attempts"]:
        found.append(f"{result['attempts']} attempts, and the ledger knows {kept['attempts']}")
    if result["persisted"] is None:
        found.append("what the database holds was not read")
    elif result["persisted"] < kept["persisted"] + kept["recovered"]:
        found.append(
            f"{result['persisted']} are there, and the ledger counts {kept['persisted']} + {kept['recovered']}"
        )
    if result["outcomes"].get("unknown"):
        found.append(f"{result['outcomes']['unknown']} attempts are unclassified")
    return found


def _stories(kept: Mapping[str, Any], word: str) -> str:
    told = [f"{one['booking_id']} {one['cause']}" for one in kept["stories"] if one["entry"] == word]
    return ", ".join(told[:3]) or "no story tells which"
