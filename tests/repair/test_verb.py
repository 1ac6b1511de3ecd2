"""`slotfill repair` as a user meets it: the list, the question, what was done, and the exit code scripts go by."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from engine.link_door import LinkDoor
from engine.mending import NOTES
from engine.model.command import Command, Verb
from engine.platform.cluster import Cluster
from engine.records.archive import Manifest, new_folder, write_manifest
from engine.records.writer import append_json, write_json
from tests.platform import house
from tests.scratch import ScratchDatabase
from tests.shell import PACED, Done, Shell, wait_until
from tests.verify.planting import confirmed_alone, lone_shadow, plant, zone_lock
from tests.verify.repeated import repeated

WALL = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
Repair = Callable[..., Done]


@pytest.fixture
def folder(database: ScratchDatabase, tmp_path: Path) -> Path:
    """Of a run that has ended and worked in the test's database."""
    made = new_folder(tmp_path / "runs", "fill", "0a1b2c3d", WALL)
    manifest = Manifest("0a1b2c3d", "fill", "embedded", WALL.isoformat(), database=database.name)
    write_json(made / "result.json", {"state": "finished", "exit_code": 0})
    write_manifest(made, msgspec.structs.replace(manifest, pid_started="another start"))
    return made


@pytest.fixture
def repair(shell: Shell, folder: Path) -> Repair:
    return lambda *words, **more: shell.do("repair", *words, "--runs", str(folder.parent), **more)


def notes(folder: Path) -> list[dict[str, Any]]:
    path = folder / NOTES
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def ask(database: ScratchDatabase, query: str) -> Any:
    async def asked() -> Any:
        c = await database.connect()
        try:
            return await c.fetchval(query)
        finally:
            await c.close()

    return asyncio.run(asked())


ALONE = "SELECT count(*) FROM bookings WHERE status = 'confirmed'"


def test_it_lists_and_asks_nobody_and_does_nothing_until_somebody_says_yes(
    repair: Repair, database: ScratchDatabase, folder: Path
) -> None:
    (booking,) = plant(database, confirmed_alone)
    reference = ask(database, f"SELECT reference FROM bookings WHERE id = '{booking}'")
    dry = repair("torn", "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert reference in dry.out
    assert "back to pending" in dry.out
    assert "white-horse-pub-waterbeach" in dry.out
    unasked = repair("torn")
    assert unasked.code == 4
    assert "--yes" in unasked.err
    assert repair("torn", "--yes=another").code == 4
    assert ask(database, ALONE) == 1
    assert notes(folder) == []
    done = repair("torn", "--yes")
    assert (done.code, done.err) == (0, "")
    assert "1 put right (1 back to pending), 0 left" in done.out
    assert ask(database, ALONE) == 0
    (note,) = notes(folder)
    assert (note["command"], note["database"], note["left"]) == ("repair torn", database.name, 0)
    assert note["who"].endswith(" script")
    assert [row["id"] for row in note["done"]] == [str(booking)]
    again = repair("torn", "--yes")
    assert again.code == 0
    assert "nothing to repair" in again.out
    assert len(notes(folder)) == 1


def test_json_is_one_document_whatever_comes_of_it(repair: Repair, database: ScratchDatabase) -> None:
    plant(database, zone_lock, lone_shadow, house.booking)
    dry = repair("allocations", "--dry-run", "--json").json()
    assert (dry["dry_run"], dry["found"], dry["done"], dry["left"]) == (True, 1, [], 1)
    assert [row["what"] for row in dry["rows"]] == ["shadow without a hold"]
    done = repair("allocations", "--json", "--yes").json()
    assert (done["kind"], done["exit_code"], done["left"], done["back"]) == ("allocations", 0, 0, [])
    assert [row["id"] for row in done["rows"]] == [row["id"] for row in done["done"]]
    assert done["run"] == "0a1b2c3d"
    nothing = repair("holds", "--json").json()
    assert (nothing["found"], nothing["rows"], nothing["done"]) == (0, [], [])
    assert repair("zone-locks", "--json", "--yes").json()["left"] == 0
    refused = repair("allocations", "--json", "--target", "nowhere")
    assert (refused.code, refused.out) == (4, "")


def test_what_something_undoes_at_once_exits_5_and_says_so(repair: Repair, database: ScratchDatabase) -> None:
    async def undone(c: Any) -> UUID:
        await c.execute(
            "CREATE FUNCTION locked_again() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.assigned_zone_id := OLD.assigned_zone_id; RETURN NEW; END $$;"
            "CREATE TRIGGER locked_again BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION locked_again()"
        )
        return UUID(int=0)

    plant(database, zone_lock, undone)
    done = repair("zone-locks", "--yes")
    assert done.code == 5
    assert "wrong again" in done.out


def test_a_database_that_is_not_plainly_ours_is_refused_and_stays_as_it_is(
    repair: Repair, shell: Shell, database: ScratchDatabase, tmp_path: Path
) -> None:
    plant(database, confirmed_alone)
    config = tmp_path / "theirs.toml"
    config.write_text('[targets.embedded]\n[targets.theirs]\nkind = "postgres"\ndsn_env = "THEIRS"\n')
    shell.environ["THEIRS"] = database.dsn
    there = ("--config", str(config), "--target", "theirs")
    assert repair("torn", *there, "--dry-run").code == 0
    for yes in ((), ("--yes",), (f"--yes={database.name}",)):
        refused = repair("torn", *there, *yes)
        assert refused.code == 4, refused.err
    assert "db init --target theirs" in refused.err
    assert ask(database, ALONE) == 1
    assert shell.do("db", "init", *there, f"--yes={database.name}").code == 0
    assert repair("torn", *there, "--yes=another").code == 4
    listed = tmp_path / "listed.toml"
    listed.write_text(config.read_text() + 'restaurants = ["elsewhere"]\n')
    assert repair("torn", "--config", str(listed), "--target", "theirs", "--yes").code == 2
    assert ask(database, ALONE) == 1
    assert repair("torn", *there, "--yes").code == 0
    assert ask(database, ALONE) == 0


def test_an_embedded_database_whose_marker_is_gone_is_refused(repair: Repair, database: ScratchDatabase) -> None:
    async def unmarked(c: Any) -> UUID:
        await c.execute("DELETE FROM slotfill_marker")
        return UUID(int=0)

    plant(database, confirmed_alone, unmarked)
    refused = repair("torn", "--yes")
    assert refused.code == 4
    assert "nothing was written" in refused.err
    assert ask(database, ALONE) == 1


def test_every_repeats_own_database_is_put_right_and_noted(shell: Shell, cluster: Cluster, tmp_path: Path) -> None:
    with repeated(cluster, tmp_path / "runs", 3) as (folder, bases):
        words = ("repair", "torn", "--runs", str(folder.parent))
        plant(bases[1], confirmed_alone)
        plant(bases[2], confirmed_alone, confirmed_alone)
        dry = shell.do(*words, "--dry-run")
        assert f"{bases[0].name}: nothing to repair" in dry.out
        assert f"{bases[1].name}: 1 found" in dry.out
        refused = shell.do(*words, f"--yes={bases[2].name}")
        assert (refused.code, ask(bases[1], ALONE)) == (4, 1)
        done = shell.do(*words, f"--yes={bases[0].name}", "--json").json()
        names = [base.name for base in bases]
        assert (done["found"], done["left"], done["database"], done["databases"]) == (3, 0, names[0], names)
        assert [row["database"] for row in done["done"]] == [names[1], names[2], names[2]]
        assert [ask(base, ALONE) for base in bases] == [0, 0, 0]
        assert [(note["database"], len(note["done"])) for note in notes(folder)] == [(names[1], 1), (names[2], 2)]
        plant(bases[0], confirmed_alone)
        assert f"1 put right (1 back to pending), 0 left in {names[0]}" in shell.do(*words, "--yes").out


def test_a_note_is_one_masked_line_behind_the_others(tmp_path: Path) -> None:
    path = tmp_path / NOTES
    append_json(path, {"who": "guest@example.com", "n": 1})
    append_json(path, {"n": 2})
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert (first["n"], second) == (1, {"n": 2})
    assert "example.com" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.campaign
def test_a_run_that_works_is_not_disturbed_and_a_paused_one_is_repaired_from_both_sides(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.filled > 3, "some fills")
    broken = (
        "DELETE FROM booking_table_assignments WHERE booking_id ="
        " (SELECT b.id FROM bookings b JOIN booking_table_assignments a ON a.booking_id = b.id"
        " WHERE b.status = 'confirmed' ORDER BY b.id LIMIT 1)"
    )
    assert shell.do("db", "psql", "-c", broken).code == 0
    refused = shell.do("repair", "torn", "--yes")
    assert refused.code == 4
    assert "slotfill pause" in refused.err
    assert not act(shell, "torn")[0]
    assert shell.do("repair", "allocations", "--yes").code == 0, "what an attempt works on is skipped"
    assert shell.do("pause").code == 0
    wait_until(lambda: shell.see().run.state == "paused", "the pause")
    found, text, lines = act(shell, "torn", "list")
    assert (found, len(lines)) == (True, 1), text
    assert lines[0].startswith("back to pending: booking ")
    done, text, _ = act(shell, "torn")
    assert done
    assert text.startswith("1 put right (1 back to pending), 0 left")
    assert act(shell, "torn", "list")[1] == "nothing to repair"
    assert not act(shell, "everything")[0]
    assert shell.do("db", "psql", "-c", broken).code == 0
    assert shell.do("repair", "torn", "--yes").code == 0
    shell.do("stop")
    process.communicate(timeout=60)
    said = [json.loads(line) for line in shell.do("events").out.splitlines()]
    acts = [one["command"] for one in said if one["type"] == "Acted"]
    assert "repair torn list" in acts
    assert "repair torn" in acts
    assert any(one.startswith("note repair torn: 1 put right") for one in acts)
    assert all(one["who"] for one in said if one["type"] == "Acted")
    kept = notes(shell.runs()[-1])
    assert [(one["command"], len(one["done"])) for one in kept if one["command"] == "repair torn"] == [
        ("repair torn", 1), ("repair torn", 1)
    ]  # fmt: skip


def act(shell: Shell, *arguments: str) -> tuple[bool, str, tuple[str, ...]]:
    """Ask the live run, as a console does."""

    async def asked() -> tuple[bool, str, tuple[str, ...]]:
        door = await LinkDoor.open(shell.socket())
        try:
            answer = await door.act(Command(Verb.REPAIR, arguments), "ana@jump1")
        finally:
            await door.close()
        return answer.done, answer.text, answer.lines

    return asyncio.run(asked())
