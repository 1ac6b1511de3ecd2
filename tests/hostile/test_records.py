"""A run's folder that anybody altered is read, or refused in one sentence; nothing hangs, nothing fills."""

import contextlib
import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from engine.metrics.tally import Tally
from engine.model.event import Event
from engine.records import journal, recording, samples, search
from engine.records.archive import RunEntry, entry_of, list_runs
from engine.records.cleaned import read_cleaned
from engine.records.diary import Diary
from engine.records.historic.folder import import_reports
from engine.records.past import Past
from engine.records.reading import LONGEST_LINE
from engine.records.removal import remove
from engine.records.result import read_result
from engine.records.trouble import RecordsDamaged, RecordsFailed, RunNotFound
from engine.records.waterfall import ground_of
from engine.verify.claims import Claims, JournalDamaged
from tests.clocks import StillClock
from tests.hostile.damage import DEEP, bent, damaged
from tests.metrics.stories import MS, RUN, ended, intended, planned
from tests.records.reports import put, run_2
from tests.tui import stills

DRAWS = 16 if not os.environ.get("SLOTFILL_SEARCH") else 2000
JOURNAL, FRAMES = "journal.000001.jsonl", "recording.000001.frames"


def a_run(folder: Path) -> Path:
    """A folder with everything in it that is read again."""
    made = import_reports(put(folder / "reports", run_2()), folder / "runs").folder
    (made / JOURNAL).unlink()
    book = journal.Journal(made, RUN, StillClock())
    events: list[Event] = [planned(), *(intended(1, 0, number) for number in range(1, 5))]
    for event in [*events, *(ended(number * MS, 0, number) for number in range(1, 5))]:
        book.write(event)
    book.close()
    pictures = recording.Recording(made, RUN)
    for _ in range(3):
        pictures.write(stills.full())
    pictures.close()
    (made / "cleaned.json").write_text("[]")
    return made


def looks(folder: Path) -> None:
    """Everything that reads a run's folder."""
    for read in (_journal, _recording, _past, _beside, _claims):
        with refused():
            read(folder)


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """Whatever is refused is refused in one line."""
    said = "refused"
    try:
        yield
    except (RecordsDamaged, RecordsFailed, RunNotFound, JournalDamaged) as error:
        said = str(error)
    assert said
    assert "\n" not in said
    assert len(said) < 1000, said


def _journal(folder: Path) -> None:
    tally = Tally()
    for event in journal.read(folder):
        tally.apply(event)


def _recording(folder: Path) -> None:
    for _ in recording.read(folder):
        pass


def _past(folder: Path) -> None:
    past = Past(folder)
    past.read_on()
    if not past.is_empty:
        past.at(0)
        past.at(past.ends_ns)


def _beside(folder: Path) -> None:
    Diary(folder).read_on()
    entry: RunEntry = entry_of(folder)
    assert entry.manifest or entry.trouble
    read_result(folder)
    ground_of(folder)
    samples.read_rounds(folder, samples.read(folder))
    read_cleaned(folder)
    for block in search.blocks(folder):
        search.events_with(block, (b"Planned",))


def _claims(folder: Path) -> None:
    Claims(folder)


@pytest.mark.parametrize("seed", range(4))
def test_a_folder_damaged_anywhere_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    folder, draws = a_run(tmp_path), Random(seed)
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.stat().st_size)
    for _ in range(DRAWS // 4):
        path = draws.choice(files)
        whole = path.read_bytes()
        is_json = path.suffix in (".json", ".jsonl")
        path.write_bytes((bent if is_json and draws.random() < 0.7 else damaged)(whole, draws))
        looks(folder)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "name", [JOURNAL, FRAMES, "run.json", "result.json", "samples.json", "cleaned.json", "inventory.json"]
)
def test_what_is_nested_without_end_is_damage(tmp_path: Path, name: str) -> None:
    folder = a_run(tmp_path)
    for deep in DEEP:
        content = deep
        if name == FRAMES:
            packed = zlib.compress(deep)
            content = recording.HEAD.pack(len(packed), 1) + packed
        (folder / name).write_bytes(content)
        looks(folder)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_loop(path: Path) -> None:
    path.symlink_to(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("made", [a_pipe, Path.mkdir, a_loop, a_device], ids=["pipe", "folder", "loop", "device"])
def test_what_is_no_file_is_damage_at_once(tmp_path: Path, made: Callable[[Path], None]) -> None:
    """A pipe would be waited for, and a device read, until somebody ends it."""
    folder = a_run(tmp_path)
    for path in [one for one in folder.iterdir() if one.is_file()]:
        path.unlink()
        made(path)
    (folder / f"{JOURNAL}.gz").symlink_to("/dev/zero")
    looks(folder)
    (entry,) = list_runs(folder.parent)
    assert entry.manifest is None
    assert entry.trouble


def test_a_line_without_an_end_is_not_taken_into_memory(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    with (folder / JOURNAL).open("ab") as file:
        file.truncate(file.tell() + LONGEST_LINE + 2)
    with pytest.raises(RecordsDamaged, match="a line has over 16 MB"):
        _journal(folder)
    with pytest.raises(RecordsDamaged, match="over 16 MB"):
        _beside(folder)
    (folder / JOURNAL).unlink()
    with gzip.open(folder / f"{JOURNAL}.gz", "wb", compresslevel=1) as packed:
        packed.write(b" " * (LONGEST_LINE + 2))
    with pytest.raises(RecordsDamaged, match="a line has over 16 MB"):
        _journal(folder)


@pytest.mark.campaign
def test_a_frame_that_unpacks_without_end_is_damage(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    packer = zlib.compressobj(1)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(70)), packer.flush()])
    (folder / FRAMES).write_bytes(recording.HEAD.pack(len(bomb), 1) + bomb)
    with pytest.raises(RecordsDamaged, match=r"over 64 MB|more than|cut short"):
        _recording(folder)
    (folder / FRAMES).write_bytes(recording.HEAD.pack(2**32 - 1, 1) + b"x")
    with pytest.raises(RecordsDamaged, match="4294967295 bytes"):
        _recording(folder)


def test_lines_put_together_from_several_journals_are_named(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    whole = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(whole + whole)
    with pytest.raises(RecordsDamaged, match="the header must be the first line"):
        _journal(folder)
    (folder / JOURNAL).write_bytes(whole + b'{"type":"Teleported","at_ns":1}\n')
    with pytest.raises(RecordsDamaged, match="line 11: not a journal's line"):
        _journal(folder)


@pytest.mark.campaign
def test_a_folder_of_a_thousand_levels_is_sized_and_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    here = Path.cwd()
    os.chdir(folder)
    try:
        for _ in range(1200):
            Path("d").mkdir()
            os.chdir("d")
        entry = entry_of(folder)
        assert entry.bytes > 0
        (gone,) = remove([entry])
        assert gone.trouble or not folder.exists()
    finally:
        # Nothing else could take it away again, not even pytest.
        for _ in range(1200):
            os.chdir("..")
            Path("d").rmdir()
        os.chdir(here)


def test_a_manifest_is_one_of_ours_or_no_run_at_all(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    whole = json.loads((folder / "run.json").read_text())
    for key, value in (("schema", 99), ("pid", "1"), ("run_id", None), ("settings", [])):
        (folder / "run.json").write_text(json.dumps(whole | {key: value}))
        (entry,) = list_runs(folder.parent)
        assert entry.manifest is None, key
    for pid in (-1, 0, 1, 2**63 - 1):
        (folder / "run.json").write_text(json.dumps(whole | {"pid": pid, "pid_started": "x"}))
        (entry,) = list_runs(folder.parent)
        assert not entry.is_live
