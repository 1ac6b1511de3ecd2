"""The whole ledger once more: what a run claims against what is there, each state planted into a real run."""

import ast
import asyncio
import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import pytest

import engine.verify
from engine.database import Connection
from engine.model.verification import Verification
from engine.platform.cluster import Cluster
from engine.verify import reconcile
from engine.verify.claims import JournalDamaged
from engine.verify.found import Found, Wanted, look
from engine.verify.reconcile import RecordsUnfit, verify
from tests.scratch import ScratchDatabase
from tests.shell import Shell

FILL = ("run", "fill", "--headless", "--concurrency", "4", "--start", "18:00", "--end", "19:00")
CLEAN = {
    "assign": ("run", "assign", "--headless", "--concurrency", "4", "--passes", "2", "--restaurant", "pub-1"),
    "burst": ("run", "burst", "--headless", "--concurrency", "8", "--requests", "20", "--duplicates", "4"),
}
Line = dict[str, Any]


class Evening(NamedTuple):
    """A run that is over; its folder may be copied, its database is only looked at."""

    shell: Shell
    folder: Path
    dsn: str

    @property
    def ended(self) -> list[Line]:
        return [one for one in lines_of(self.folder) if one["type"] == "AttemptEnded"]

    @property
    def filled(self) -> list[Line]:
        return [one for one in self.ended if one["outcome"] == "filled"]


@pytest.fixture(scope="module")
def over(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    shell = Shell(tmp_path_factory.mktemp("evening"))
    done = shell.do(*FILL)
    assert done.code == 0, done.err
    yield Evening(shell, shell.runs()[-1], cluster.dsn(shell.manifest()["database"]))
    shell.clean()


@pytest.fixture
def folder(over: Evening, tmp_path: Path) -> Path:
    """A copy of the run's folder."""
    return Path(shutil.copytree(over.folder, tmp_path / "copy"))


def lines_of(folder: Path) -> list[Line]:
    return [json.loads(line) for line in (folder / "journal.000001.jsonl").read_text().splitlines()]


def rewrite(folder: Path, change: Callable[[Line], Line | None]) -> None:
    """Change the journal line by line; None leaves a line out."""
    kept = [changed for line in lines_of(folder) if (changed := change(line)) is not None]
    (folder / "journal.000001.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in kept))


def is_end_of(line: Line, attempt: int) -> bool:
    return bool(line["type"] == "AttemptEnded" and line["ids"]["attempt"] == attempt)


def verified(folder: Path, dsn: str, **more: Any) -> Verification:
    async def once() -> Verification:
        connection = await Connection.open(dsn, application_name="slotfill verify", timeout_s=15)
        try:
            return await verify(folder, connection, **more)
        finally:
            await connection.close()

    return asyncio.run(once())


def in_doubt(xid: int | None) -> Line:
    """What an attempt says of itself when no answer came to its COMMIT."""
    refusal = {"step": "commit", "phase": "in_doubt", "message": "the connection was lost"}
    return {"outcome": "connection", "certainty": "info", "tables": [], "xid": xid, "refusal": refusal}


def words(found: Verification) -> dict[int | None, str]:
    return {one.attempt: one.word for one in found.suspects}


def test_a_clean_run_is_as_claimed_and_agrees_with_its_own_ledger(over: Evening) -> None:
    found = verified(over.folder, over.dsn)
    assert found.exit_code == 0
    assert found.ledger.persisted == found.ledger.acknowledged == len(over.filled) > 10
    assert not any((found.suspects, found.differences, found.problems, found.notes, found.broken, found.unchecked))


@pytest.mark.parametrize("plan", CLEAN)
def test_so_is_one_of_any_other_plan(plan: str, shell: Shell, cluster: Cluster) -> None:
    done = shell.do(*CLEAN[plan])
    assert done.code == 0, done.err
    found = verified(shell.runs()[-1], cluster.dsn(shell.manifest()["database"]))
    assert found.exit_code == 0, found
    assert found.ledger.persisted == found.ledger.acknowledged > 10
    assert not any((found.suspects, found.differences, found.problems, found.notes))


class Planted(NamedTuple):
    """What is done to a booking, and what it then is."""

    word: str
    cause: str
    statements: tuple[str, ...]


COPY = (
    "INSERT INTO bookings SELECT (jsonb_populate_record(b, jsonb_build_object('id', gen_random_uuid(), 'reference',"
    " gen_random_uuid(), 'client_request_id', gen_random_uuid(), {more}))).* FROM bookings b WHERE b.id = $1"
)
SEAT = (
    "INSERT INTO booking_table_assignments (booking_id, table_id, start_at, end_at) "
    "SELECT c.id, a.table_id, a.start_at + interval '2 days', a.end_at + interval '2 days' "
    "FROM bookings b JOIN booking_table_assignments a ON a.booking_id = b.id "
    "JOIN bookings c ON c.customer_id = b.customer_id AND c.id <> b.id WHERE b.id = $1"
)
UNSEAT = "DELETE FROM booking_table_assignments WHERE booking_id = $1"
LATER = "start_at = start_at + interval '3 days', end_at = end_at + interval '3 days'"
TAGGED = "'idempotency_key', NULL, 'details', jsonb_set(b.details, '{slotfill,attempt}', '9999')"
ONE_LESS = f"{UNSEAT} AND table_id = (SELECT table_id FROM booking_table_assignments WHERE booking_id = $1 LIMIT 1)"
PLANTS = {
    "deleted": Planted("lost", "the booking itself is gone", ("DELETE FROM bookings WHERE id = $1",)),
    "undone": Planted(
        "lost", "pending and without tables", (UNSEAT, "UPDATE bookings SET status = 'pending' WHERE id = $1")
    ),
    "unseated": Planted("torn", "has no tables", (UNSEAT,)),
    "unconfirmed": Planted("torn", "is pending", ("UPDATE bookings SET status = 'pending' WHERE id = $1",)),
    "moved in time": Planted(
        "altered",
        "its tables for another time",
        (f"UPDATE booking_table_assignments SET {LATER} WHERE booking_id = $1",),
    ),
    "a day late": Planted(
        "altered", "its guests at", ("UPDATE bookings SET booking_date = booking_date + 1 WHERE id = $1",)
    ),
    "more guests": Planted("altered", "a party of", ("UPDATE bookings SET party_size = party_size + 1 WHERE id = $1",)),
    "another's tables": Planted(
        "lost",
        "assigned by another run",
        ("UPDATE booking_table_assignments SET idempotency_key = 'sf-ffffffff-1' WHERE booking_id = $1",),
    ),
    "twice under one key": Planted("duplicate", "have the key", (COPY.format(more="'details', NULL"),)),
    "twice under two keys": Planted("duplicate", "made 2", (COPY.format(more="'idempotency_key', 'new'"),)),
    "never asked for": Planted(
        "phantom",
        "no attempt was about it",
        (COPY.format(more=TAGGED), SEAT),
    ),
}  # fmt: skip


def test_whatever_is_done_to_a_run_s_bookings_is_found_and_named(shell: Shell, cluster: Cluster) -> None:
    assert shell.do(*FILL).code == 0
    folder, run = shell.runs()[-1], shell.manifest()["run_id"]
    evening = Evening(shell, folder, cluster.dsn(shell.manifest()["database"]))
    hurt = dict(zip(PLANTS, (UUID(one["booking_id"]) for one in evening.filled), strict=False))
    joined = next(
        one for one in evening.filled if len(one["tables"]) > 1 and UUID(one["booking_id"]) not in hurt.values()
    )

    async def plant() -> None:
        connection = await asyncpg.connect(evening.dsn)
        for name, booking in hurt.items():
            for statement in PLANTS[name].statements:
                assert (await connection.execute(statement, booking)).split()[-1] != "0", name
        await connection.execute(ONE_LESS, UUID(joined["booking_id"]))
        await connection.close()

    asyncio.run(plant())
    done = shell.do("verify", "--json")
    assert done.code == 5, done.err
    found = json.loads(done.out)
    named = {one["booking_id"]: one for one in found["suspects"]}
    for name, booking in hurt.items():
        planted = PLANTS[name]
        if planted.word != "phantom":
            assert named[str(booking)]["word"] == planted.word, name
            assert planted.cause in named[str(booking)]["cause"], name
    assert named[joined["booking_id"]]["word"] == "torn"
    assert "confirmed without" in named[joined["booking_id"]]["cause"]
    counts = Counter(one.word for one in PLANTS.values()) + Counter(["torn"])
    assert {word: found["ledger"][word] for word in counts} == dict(counts)
    assert found["ledger"]["balanced"]
    assert any("ledger.lost = 0, it is 3" in one for one in found["differences"])
    assert found["broken"]["confirmed_without_tables"] >= 1
    # Nobody else is accused: the two copies of the duplicates beside their originals, and the phantom.
    assert len(named) == len(PLANTS) + 1 + 2
    told = shell.do("verify", run)
    assert told.code == 5
    assert "is not" not in told.out.splitlines()[0]
    assert f"{hurt['deleted']}" in told.out
    assert "not as claimed" in told.out
    # Reset, the database is another one: nothing that it lacks is lost.
    assert shell.do("db", "reset", "--yes").code == 0
    told = shell.do("verify")
    assert told.code == 6, told.out
    assert f"{len(evening.ended)} unverified" in told.out
    assert "was made anew since" in told.out
    # So it is for a run through an API, which knows of no transaction.
    rewrite(folder, lambda line: line | {"xid": None, "path": "inline"} if line["type"] == "AttemptEnded" else line)
    told = shell.do("verify")
    assert told.code == 6, told.out
    assert "was made anew since" in told.out
    # And gone altogether, nothing can be said.
    manifest = json.loads((folder / "run.json").read_text()) | {"database": "sf_00000000"}
    (folder / "run.json").write_text(json.dumps(manifest))
    told = shell.do("verify")
    assert told.code == 6
    assert "the database sf_00000000 is gone" in told.out


def test_an_attempt_nobody_heard_of_is_what_its_transaction_was(over: Evening, folder: Path) -> None:
    numbers = [one["ids"]["attempt"] for one in over.filled]
    committed, open_end, aborted, running, ancient, unsent = numbers[:6]

    async def transactions() -> tuple[int, int, Any]:
        connection = await asyncpg.connect(over.dsn)
        await connection.execute("BEGIN")
        rolled_back = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
        await connection.execute("ROLLBACK; BEGIN")
        return rolled_back, await connection.fetchval("SELECT pg_current_xact_id()::text::bigint"), connection

    async def all_of_it() -> tuple[Verification, Verification]:
        rolled_back, goes_on, other = await transactions()
        xids = {aborted: rolled_back, running: goes_on, ancient: None}

        def change(line: Line) -> Line | None:
            attempt = line["ids"].get("attempt") if "ids" in line else None
            if is_end_of(line, open_end):
                return None
            if line["type"] == "AttemptEnded" and attempt in (committed, *xids):
                gone = {"booking_id": str(uuid4())} if attempt == ancient else {}
                return line | in_doubt(xids.get(attempt, line["xid"])) | gone
            if line["type"] == "AttemptEnded" and attempt == unsent:
                return line | {"certainty": "skipped", "steps": [], "tables": []}
            if line["type"] == "Intended" and line["ids"]["step"] == "commit" and attempt in xids:
                return line | {"xid": xids[attempt]}
            return line

        rewrite(folder, change)
        (folder / "result.json").unlink()
        connection = await Connection.open(over.dsn, application_name="slotfill verify", timeout_s=15)
        try:
            first = await verify(folder, connection, wait_s=0.2)
            ended = asyncio.create_task(_rolled_back(other))
            second = await verify(folder, connection)
            await ended
        finally:
            await connection.close()
            await other.close()
        return first, second

    first, second = asyncio.run(all_of_it())
    claimed = len(over.filled) - 6
    assert (first.ledger.acknowledged, first.ledger.persisted) == (claimed, claimed)
    assert (first.ledger.recovered, first.ledger.unresolved, first.ledger.skipped) == (2, 2, 1)
    assert first.unanswered == 1
    assert {one.attempt for one in first.suspects if one.word == "unresolved"} == {running, ancient}
    # The rows of the aborted one, of the one that was never sent and of the one that knows no row are somebody else's.
    assert {one.attempt for one in first.suspects if one.word == "phantom"} == {aborted, unsent, ancient}
    assert "the run did not come to its end" in first.notes[0]
    # Waited for, the open one ends.
    assert {one.attempt for one in second.suspects if one.word == "unresolved"} == {ancient}
    assert second.ledger.void == first.ledger.void + 1


async def _rolled_back(connection: Any) -> None:
    await asyncio.sleep(0.2)
    await connection.execute("ROLLBACK")


def test_what_a_crash_made_the_server_forget_is_lost_and_what_it_never_began_is_void(
    over: Evening, folder: Path
) -> None:
    """The server gives such numbers again, and refuses to say anything of one that it has not given yet."""
    acknowledged, unheard, *_ = (one["ids"]["attempt"] for one in over.filled)
    never = over.filled[0]["xid"] + 1_000_000

    def change(line: Line) -> Line:
        attempt = line["ids"].get("attempt") if "ids" in line else None
        if attempt not in (acknowledged, unheard):
            return line
        if line["type"] == "AttemptEnded":
            told = {"xid": never} if attempt == acknowledged else in_doubt(never)
            return line | told | {"booking_id": str(UUID(int=attempt))}
        return line | {"xid": never} if line["type"] == "Intended" and line["ids"]["step"] == "commit" else line

    rewrite(folder, change)
    found = verified(folder, over.dsn, wait_s=0.1)
    told = {one.attempt: one.cause for one in found.suspects if one.word == "lost"}
    assert told == {
        acknowledged: f"the server knows no transaction {never}: a crash forgot it, or this is another server"
    }
    assert found.ledger.unresolved == 0
    assert found.ledger.void == len(over.ended) - len(over.filled) + 1


def test_a_booking_that_was_refused_and_is_there_is_a_phantom(over: Evening, folder: Path) -> None:
    attempt = over.filled[0]["ids"]["attempt"]
    told = {"certainty": "fail", "outcome": "overlap", "tables": []}
    rewrite(folder, lambda line: line | told if is_end_of(line, attempt) else line)
    found = verified(folder, over.dsn)
    assert found.exit_code == 5
    assert words(found) == {attempt: "phantom"}
    assert "told overlap" in found.suspects[0].cause


def test_a_replay_and_a_booking_that_a_later_attempt_was_given_are_lost(over: Evening, folder: Path) -> None:
    replayed, first, second = (one for one in over.filled[:3])

    def change(line: Line) -> Line:
        if is_end_of(line, replayed["ids"]["attempt"]):
            return line | {"outcome": "replay", "tables": []}
        if is_end_of(line, first["ids"]["attempt"]):
            return line | {"booking_id": second["booking_id"]}
        return line

    rewrite(folder, change)
    found = verified(folder, over.dsn)
    assert found.ledger.lost == 2
    assert found.ledger.phantom == 1
    lost = {one.attempt: one.cause for one in found.suspects if one.word == "lost"}
    assert "ledger replay" in lost[replayed["ids"]["attempt"]]
    assert "another attempt" in lost[first["ids"]["attempt"]]


def test_a_torn_last_record_is_tolerated_and_said(over: Evening, folder: Path) -> None:
    path = folder / "journal.000001.jsonl"
    path.write_bytes(path.read_bytes() + b'{"type":"Intended","at_ns":1')
    found = verified(folder, over.dsn)
    assert found.exit_code == 0
    place = len(lines_of(over.folder)) + 1
    assert found.notes == (f"journal.000001.jsonl line {place}: the last record was cut short after 28 bytes",)


def test_a_damaged_line_in_the_middle_is_an_error_with_file_and_line(over: Evening, folder: Path) -> None:
    path = folder / "journal.000001.jsonl"
    text = path.read_bytes().splitlines(keepends=True)
    text[6] = text[6][:20] + b"\n"
    path.write_bytes(b"".join(text))
    with pytest.raises(JournalDamaged, match=r"journal\.000001\.jsonl line 7: not a journal's line"):
        verified(folder, over.dsn)


def test_segments_are_read_in_order_packed_or_not_and_none_may_be_missing(over: Evening, folder: Path) -> None:
    path = folder / "journal.000001.jsonl"
    header, *rest = path.read_bytes().splitlines(keepends=True)
    second = json.dumps(json.loads(header) | {"segment": 2}).encode() + b"\n"
    middle = len(rest) // 2
    (folder / "journal.000002.jsonl").write_bytes(second + b"".join(rest[middle:]))
    (folder / "journal.000001.jsonl.gz").write_bytes(gzip.compress(header + b"".join(rest[:middle])))
    path.unlink()
    assert verified(folder, over.dsn).exit_code == 0
    (folder / "journal.000001.jsonl.gz").unlink()
    with pytest.raises(JournalDamaged, match="this segment is missing"):
        verified(folder, over.dsn)


@pytest.mark.parametrize("step", ["submit", "hold", "confirm", "commit"])
def test_a_write_without_an_intent_before_it_is_said(step: str, over: Evening, folder: Path) -> None:
    attempt = over.filled[0]["ids"]["attempt"]

    def is_its(line: Line) -> bool:
        return bool(line["type"] == "Intended" and (line["ids"]["attempt"], line["ids"]["step"]) == (attempt, step))

    rewrite(folder, lambda line: None if is_its(line) else line)
    found = verified(folder, over.dsn)
    assert found.exit_code == 6
    assert f"attempt {attempt} sent {step}, and no intent of that was written before" in found.problems


def test_an_intent_that_was_written_after_the_send_is_none(over: Evening, folder: Path) -> None:
    attempt = over.filled[0]["ids"]["attempt"]

    def change(line: Line) -> Line:
        late = line["type"] == "Intended" and (line["ids"]["attempt"], line["ids"]["step"]) == (attempt, "commit")
        return line | {"at_ns": line["at_ns"] + 10**9} if late else line

    rewrite(folder, change)
    assert len(verified(folder, over.dsn).problems) == 1


def test_a_result_that_counts_otherwise_is_named_number_by_number(over: Evening, folder: Path) -> None:
    result = json.loads((folder / "result.json").read_text())
    result["ledger"]["persisted"] -= 1
    result["ledger"]["lost"] += 1
    result["outcomes"]["filled"] += 1
    result["attempts"] += 1
    (folder / "result.json").write_text(json.dumps(result))
    found = verified(folder, over.dsn)
    assert found.exit_code == 6
    assert found.ledger.lost == 0
    named = {one.split(" = ")[0].removeprefix("result.json has ") for one in found.differences}
    assert named == {"attempts", "outcomes.filled", "ledger.persisted", "ledger.lost"}


def test_a_doubt_that_time_has_settled_is_no_disagreement(over: Evening, folder: Path) -> None:
    result = json.loads((folder / "result.json").read_text())
    result["ledger"]["persisted"] -= 1
    result["ledger"]["unverified"] += 1
    (folder / "result.json").write_text(json.dumps(result))
    found = verified(folder, over.dsn)
    assert found.exit_code == 0
    assert found.notes[0].startswith(f"persisted was {found.ledger.persisted - 1} when the run ended")


def test_rows_that_were_cleaned_away_are_not_lost(over: Evening, folder: Path) -> None:
    cleaned = {"at": "2027-03-01T12:00:00Z", "who": "op@tty1", "database": over.shell.manifest(over.folder)["database"]}
    (folder / "cleaned.json").write_text(json.dumps([cleaned]))
    found = verified(folder, over.dsn)
    assert (found.exit_code, found.ledger.unverified) == (6, len(over.ended))
    assert "were removed" in found.notes[0]
    assert not found.differences


def test_whoever_repaired_bookings_of_the_run_since_is_named(over: Evening, folder: Path) -> None:
    note = {
        "at": "2027-03-01T12:00:00.000+00:00", "who": "op@tty1", "command": "repair torn", "target": "embedded",
        "database": over.shell.manifest(over.folder)["database"], "restaurants": [], "left": 0,
    }  # fmt: skip
    nothing, elsewhere = note | {"done": []}, note | {"done": [{}], "database": "sf_00000000"}
    lines = [json.dumps(one) for one in (note | {"done": [{}, {}]}, nothing, elsewhere)]
    (folder / "repairs.jsonl").write_text("\n".join([*lines, '{"at":']))
    found = verified(folder, over.dsn)
    assert found.exit_code == 0
    assert found.notes == (
        "repair torn by op@tty1 at 2027-03-01 12:00:00 changed 2 rows: what differs may be its doing",
    )


@pytest.mark.parametrize(("key", "said"), [("run.hold_ttl_s", "soon"), ("api.longest_request_s", "1e400")])
def test_a_setting_that_somebody_altered_is_refused_in_a_sentence(
    over: Evening, folder: Path, key: str, said: str
) -> None:
    manifest = json.loads((folder / "run.json").read_text())
    manifest["settings"][key] = said
    (folder / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(RecordsUnfit, match=rf"run\.json has {key} = {said}"):
        verified(folder, over.dsn)


def test_the_journal_of_another_run_is_not_told_as_loss(over: Evening, folder: Path) -> None:
    rewrite(folder, lambda line: line | {"run": "00000000"} if line["type"] == "JournalHeader" else line)
    with pytest.raises(RecordsUnfit, match="its journal is not that of run"):
        verified(folder, over.dsn)


async def test_a_live_run_in_a_later_repeat_raises_no_alarm_over_what_it_did_meanwhile(
    over: Evening, folder: Path, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first repeat's database is another one; of the second its last booking is made while that is read."""
    rewrite(folder, lambda line: line | {"repeat": 2} if line["type"] == "RunPlanned" else line)
    path, last = folder / "journal.000001.jsonl", over.filled[-1]["ids"]["attempt"]
    whole = path.read_text()
    rewrite(folder, lambda line: None if line.get("ids", {}).get("attempt") == last else line)

    async def looks(connection: Connection, wanted: Wanted) -> Found:
        path.write_text(whole)
        return await look(connection, wanted)

    monkeypatch.setattr(reconcile, "look", looks)
    first = await Connection.open(database.dsn, application_name="slotfill verify", timeout_s=15)
    second = await Connection.open(over.dsn, application_name="slotfill verify", timeout_s=15)
    try:
        found = await verify(folder, first, goes_on=True, repeats={2: lambda: nullcontext(second)})
    finally:
        await first.close()
        await second.close()
    assert found.ledger.phantom == 0
    assert found.exit_code == 0, found
    assert found.ledger.persisted == len(over.filled) - 1


async def test_a_repeat_whose_database_is_gone_is_unverified_and_said_so(over: Evening, folder: Path) -> None:
    rewrite(folder, lambda line: line | {"repeat": 2} if line["type"] == "RunPlanned" else line)
    connection = await Connection.open(over.dsn, application_name="slotfill verify", timeout_s=15)
    try:
        found = await verify(folder, connection, gone="")
    finally:
        await connection.close()
    assert found.ledger.unverified == len(over.ended)
    assert "the database of a later repeat is not there" in found.notes[0]


def test_it_shares_no_code_with_what_it_checks() -> None:
    room = Path(engine.verify.__file__).parent
    known = {"database", "model", "verify"}
    for path in room.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            strange = {name for name in names if name.startswith(("engine", "tui")) and name.split(".")[1] not in known}
            assert not strange, path.name


def test_without_a_manifest_nothing_is_begun(over: Evening, folder: Path) -> None:
    (folder / "run.json").unlink()
    with pytest.raises(RecordsUnfit, match=r"run\.json is missing"):
        verified(folder, over.dsn)


def test_an_old_snapshot_proves_nothing(over: Evening) -> None:
    """Two runs in one database; the second one is not in the moment that the connection looks at."""

    async def looked_at_too_early() -> Verification:
        connection = await Connection.open(over.dsn, application_name="slotfill verify", timeout_s=15)
        try:
            await connection.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            await connection.value("platform/admin/database_name")
            done = await asyncio.to_thread(
                over.shell.do, *FILL[:-4], "--start", "12:00", "--end", "12:30", "--no-reset"
            )
            assert done.code == 0, done.err
            found = await verify(over.shell.runs()[-1], connection)
            assert connection.in_block, "the transaction is the caller's to end"
            return found
        finally:
            await connection.close()

    found = asyncio.run(looked_at_too_early())
    assert found.exit_code == 6
    assert found.ledger.lost == found.ledger.persisted == 0
    assert found.ledger.unverified == found.ledger.acknowledged > 5
    done = over.shell.do("verify", "--json")
    assert done.code == 0, done.out
    # The first run's claims stand; who was there since is said.
    told = over.shell.do("verify", over.shell.manifest(over.folder)["run_id"])
    assert told.code == 0, told.out
    assert "worked in" in told.out
    assert "everything as claimed" in told.out
