"""Repairs of a run's own database, asked for by its operator, and the note each repair leaves in the run's folder."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from engine.clock import Clock
from engine.config import Settings
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable, failure
from engine.model.command import Answer
from engine.model.repair import Found, Remedy, Repairable, Repaired, RepairNote, Scope
from engine.records.trouble import RecordsFailed
from engine.records.writer import append_json
from engine.repair.kinds import BY_NAME, Kind, put_right
from engine.target import Target

NOTES = "repairs.jsonl"
MOST_LINES = 200
"""Lines that an answer carries; more are counted."""
DOES = {
    Remedy.DELETE: "delete",
    Remedy.CLEAR: "clear",
    Remedy.RESTORE: "make real",
    Remedy.UNASSIGN: "take tables back",
    Remedy.REOPEN: "back to pending",
    Remedy.CONFIRM: "confirm",
    Remedy.NONE: "nothing",
}
"""What is to be done to a row, for people."""
DID = {
    Remedy.DELETE: "deleted",
    Remedy.CLEAR: "cleared",
    Remedy.RESTORE: "made real",
    Remedy.UNASSIGN: "tables taken back",
    Remedy.REOPEN: "back to pending",
    Remedy.CONFIRM: "confirmed",
    Remedy.NONE: "left alone",
}
"""What was done to it."""


class Bench(NamedTuple):
    """What mending needs of a run."""

    connect: Callable[[str], Awaitable[Connection]]
    target: Target
    clock: Clock
    folder: Path
    settings: Callable[[], Settings]


class Mending:
    """Lists and does the repairs of one run's restaurants. When that is safe is its caller's to know."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def do(self, arguments: Sequence[str], who: str) -> Answer:
        """`KIND list` says what would be done, `KIND` does it. Whatever fails is an answer."""
        kind = BY_NAME.get(arguments[0]) if arguments else None
        if kind is None or tuple(arguments[1:]) not in ((), ("list",)):
            return Answer(done=False, text=f"repair what? give {', '.join(BY_NAME)}")
        try:
            connection = await self._bench.connect("slotfill repair")
            try:
                if arguments[1:]:
                    return _listed(await kind.lists(connection, self._scope()))
                database = await _name(connection)
                return self._noted(kind, database, await put_right(connection, kind, self._scope()), who)
            finally:
                await connection.close()
        except (DatabaseUnreachable, DatabaseFailed) as error:
            return Answer(done=False, text=str(error))

    def _scope(self) -> Scope:
        floors = self._bench.target.floors.values()
        return Scope(
            tuple(floor.restaurant_id for floor in floors), timedelta(seconds=self._bench.settings().run.hold_ttl_s)
        )

    def _noted(self, kind: Kind, database: str, done: Repaired, who: str) -> Answer:
        bench = self._bench
        note = RepairNote(
            at=bench.clock.wall().isoformat(timespec="milliseconds"),
            who=who,
            command=f"repair {kind.name}",
            target=bench.target.name,
            database=database,
            restaurants=tuple(bench.target.floors),
            done=done.rows,
            left=done.left,
            back=tuple(row.id for row in done.back),
            trouble=done.trouble,
        )
        text = told(done)
        try:
            append_json(bench.folder / NOTES, note)
        except RecordsFailed as error:
            text = f"{text}; not in the run's folder: {error}"
        return Answer(done=True, text=text, lines=tuple(map(sentence, done.rows[:MOST_LINES])))


async def _name(connection: Connection) -> str:
    """Of the database in hand: each repeat of a plan has one of its own. Raises DatabaseFailed."""
    try:
        return str(await connection.value("platform/admin/database_name"))
    except STEP_ERRORS as error:
        raise failure("the database does not say its name, so nothing was changed", error) from error


def told(done: Repaired) -> str:
    """What a repair did, in one line."""
    undone = {row.id for row in done.back}
    held = [row for row in done.rows if row.id not in undone]
    how = Counter(DID[Remedy(row.remedy)] for row in held)
    parts = f" ({', '.join(f'{count} {word}' for word, count in how.items())})" if how else ""
    text = f"{len(held)} put right{parts}, {done.left} left"
    if undone:
        text += f"; {len(undone)} were wrong again at once: something in the database undoes it, as a fault does"
    if done.trouble:
        text += f"; nobody could look again: {done.trouble}"
    return text


def sentence(row: Repairable) -> str:
    """One row and what is done to it."""
    tables = f" [{', '.join(row.tables)}]" if row.tables else ""
    return f"{DOES[Remedy(row.remedy)]}: {row.subject}{tables}, {row.what}: {row.why}"


def _listed(found: Found) -> Answer:
    lines = [sentence(row) for row in found.rows[:MOST_LINES]]
    if found.total > len(lines):
        lines.append(f"and {found.total - len(lines)} more")
    curable = len(found.curable)
    return Answer(
        done=bool(curable),
        text=f"{found.total} found, something can be done about {curable}" if found.total else "nothing to repair",
        lines=tuple(lines),
    )
