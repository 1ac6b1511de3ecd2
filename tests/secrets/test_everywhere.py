"""Sentinels are planted wherever secrets and people are; then everything is done that a user does, and searched."""

import asyncio
import contextlib
import os
import pty
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from engine.link import LinkDoor
from tests.scratch import FOLDER, ScratchDatabase
from tests.secrets import planting
from tests.secrets.sentinels import BEARER, BROKEN, EMAIL, PASSWORD, PHONES, PLAIN, SERVICE_KEY, in_folder, leaks
from tests.shell import PACED, Done, Shell, alive, wait_until
from tui.app import SlotfillApp
from tui.picture import picture

BUGS = Path(__file__).parent / "bugs"
LAYOUTS = ("1", "2", "3", "l", "escape", "h", "escape", "c", "escape", "z", "escape", "e", "escape", "v", "escape")
"""Keys that show every panel once."""


class Heard:
    """Everything that was said, with who said it, and what of it nobody should have."""

    def __init__(self) -> None:
        self.leaked: dict[str, set[str]] = {}
        self.searched = 0

    def take(self, where: str, *texts: str | bytes) -> None:
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode()
            self.searched += len(data)
            if found := leaks(data):
                self.leaked[where] = self.leaked.get(where, set()) | found

    def done(self, done: Done, where: str) -> Done:
        self.take(where, done.out, done.err)
        return done

    def folder(self, folder: Path, *but: Path) -> None:
        self.leaked |= in_folder(folder, *but)


@pytest.fixture
def planted(shell: Shell) -> Shell:
    """The shell, with a module in the way that puts a bug into a process when it is asked to."""
    shell.environ["PYTHONPATH"] = f"{BUGS}{os.pathsep}{shell.environ['PYTHONPATH']}"
    # Masking may be asked for nowhere but in the code under test.
    shell.environ.pop("SENTINEL_UNMASKED", None)
    return shell


async def begun(shell: Shell, database: ScratchDatabase, heard: Heard) -> None:
    planting.settle(shell, database.dsn)
    marked = await do(shell, heard, "db", "init", "--target", "theirs", f"--yes={database.name}")
    assert marked.code == 0, marked.err
    await planting.people(database)


async def do(shell: Shell, heard: Heard, *words: str) -> Done:
    done = await asyncio.to_thread(shell.do, *words)
    # What is typed may be wrong in itself; only how it is spoken of counts.
    return heard.done(done, " ".join(words)[:60])


async def watched(shell: Shell, heard: Heard, size: tuple[int, int]) -> None:
    """Every panel of the live run as a picture, and every byte that came over the socket for it."""
    door = await LinkDoor.open(shell.socket())
    try:
        app = SlotfillApp(door, who="ana@test", refresh_s=0.05, watch=True)
        async with app.run_test(size=size) as pilot:
            for key in LAYOUTS:
                await pilot.press(key)
                await pilot.pause(0.15)
                heard.take(f"picture after {key} at {size}", picture(app, "slotfill"))
        heard.take("socket: snapshot", msgspec.json.encode(await door.snapshot()))
        _, events = await door.events(0)
        assert any(type(event).__name__ == "Refused" for event in events), "nothing was refused: nothing was tried"
        heard.take("socket: events", msgspec.json.encode(events))
    finally:
        await door.close()


SIZES = ((160, 50), (80, 24))


async def a_run(
    shell: Shell, database: ScratchDatabase, heard: Heard, sizes: tuple[tuple[int, int], ...] = SIZES
) -> None:
    """A paced run with strangers about, looked at in every way while it goes on, and stopped."""
    name = f"for {EMAIL} {PHONES[0]}"
    async with planting.strangers(database):
        process = await asyncio.to_thread(
            *(shell.begin_run, *PACED, "--rate", "12", "--stress-max", "60", "--target", "theirs"),
            *("--name", name, "--set", "observe.interval_s=0.1"),
        )
        seen = await asyncio.to_thread(shell.see)
        await asyncio.to_thread(wait_until, lambda: shell.see().run.attempts > 40, "attempts")
        await asyncio.to_thread(
            wait_until, lambda: (found := shell.see().sample) and found.statements and found.backends, "strangers"
        )
        # A house that is full ends its run: it waits for us from here on.
        await do(shell, heard, "pause")
        for size in sizes:
            await watched(shell, heard, size)
        assert seen.run.run_id
        await do(shell, heard, "snapshot")
        await do(shell, heard, "snapshot", "--json", "--out", str(shell.home / "elsewhere"))
        await do(shell, heard, "ls")
        await do(shell, heard, "ls", "--json")
        await do(shell, heard, "set", "concurrency=6", "rate=30")
        await do(shell, heard, "set", f"name={EMAIL} password={PASSWORD}")
        await do(shell, heard, "set", f"{PLAIN}={BEARER}")
        await do(shell, heard, "attach")
        await do(shell, heard, "stop")
        out, err = await asyncio.to_thread(process.communicate, timeout=60)
    heard.take("run fill", out, err)


async def an_api_run(shell: Shell, database: ScratchDatabase, heard: Heard) -> None:
    """A run through the booking API, whose own database says too much."""
    short = ("run", "fill", "--target", "api", "--headless", "--json", "--stress-max", "2", "--end", "13:00")
    soon = ("api.background_window_s=2", "api.inline_window_s=1", "flags.auto_assign_retry_delays_ms=50,50")
    assert (await do(shell, heard, *short)).code in (0, 5, 6)
    own = ScratchDatabase(database.cluster, shell.manifest()["database"])
    await planting.people(own)
    quick = [word for one in (*soon, "flags.debug_capacity_profiling=true") for word in ("--set", one)]
    done = await do(shell, heard, *short, "--no-reset", *quick)
    assert done.code in (0, 5, 6), done.err
    await do(shell, heard, "events")


async def bad_addresses(shell: Shell, heard: Heard) -> None:
    for target in ("away", "short", "tiny", "empty", "broken", "worded", "queried", "named", "web"):
        every = [("db", "status"), ("run", "fill", "--headless")]
        if target in ("away", "broken", "queried", "web"):
            every += [("check",), ("db", "init", "--yes"), ("db", "status", "--json")]
            await do(shell, heard, "env", "check", "--target", target)
        for words in every:
            done = await do(shell, heard, *words, "--target", target)
            assert done.code in (2, 3, 4), (words, target, done)
            # What is no secret's is still there to be read: an empty password turns no text into stars.
            assert target == "broken" or "***" not in done.err.replace(":***@", "").replace("'***'", ""), done.err
    await do(shell, heard, "env", "check", "--json", "--target", "theirs")


async def bad_words(shell: Shell, heard: Heard) -> None:
    """What argparse and the settings say of words they cannot use."""
    torn = shell.home / "torn.toml"
    torn.write_text(f'dsn = "{planting.ADDRESS}"\n[run]\nconcurrency = "{SERVICE_KEY}"\n', encoding="utf-8")
    for words in (
        (f"--nonsense={planting.ADDRESS}",),
        ("run", planting.ADDRESS),
        ("run", f"fill {EMAIL}"),
        ("run", "--set", f"run.concurrency={SERVICE_KEY}"),
        ("run", "--set", f"{PLAIN}"),
        ("run", "--set", f"password={PASSWORD}"),
        ("run", "--restaurant", EMAIL, "--headless"),
        ("run", "--config", str(torn)),
        ("config", "show", "--config", f"/nowhere/{PLAIN}"),
        ("config", f"password={PASSWORD}"),
        ("snapshot", PHONES[0]),
        ("config", "show"),
        ("config", "show", "--json"),
        ("config", "schema"),
        ("env", "check"),
        ("faults",),
    ):
        await do(shell, heard, *words)


async def after_it(shell: Shell, heard: Heard) -> None:
    for words in (
        ("events",),
        ("ls",),
        ("attach",),
        ("check", "--target", "theirs"),
        ("check", "--target", "theirs", "--json"),
        ("db", "status", "--target", "theirs"),
        ("continue", "--target", "theirs", "--headless"),
        ("run", "fill", "--target", "theirs", "--headless", "--json", "--stress-max", "2", "--share-slots"),
    ):
        await do(shell, heard, *words)


async def crashes(shell: Shell, heard: Heard) -> None:
    """An engine with a bug whose exception holds everything; and one that is aborted."""
    shell.environ["SENTINEL_BUG"] = f"{planting.SECRETS}\n{planting.PEOPLE} {BROKEN}"
    done = await do(shell, heard, "run", "fill", "--target", "theirs", "--headless")
    del shell.environ["SENTINEL_BUG"]
    assert done.code == 70, done
    log = (shell.runs()[-1] / "engine.log").read_text()
    assert "Traceback" in log
    assert "could not go on with" in log
    process = await asyncio.to_thread(shell.begin_run, *PACED, "--target", "theirs")
    engine = shell.manifest()["pid"]
    os.kill(engine, signal.SIGABRT)
    heard.take("run fill that is aborted", *await asyncio.to_thread(process.communicate, timeout=60))
    await asyncio.to_thread(wait_until, lambda: not alive(engine), "the engine to be gone")
    assert "Fatal Python error" in (shell.runs()[-1] / "engine.log").read_text()
    await do(shell, heard, "ls")
    await do(shell, heard, "attach")


async def test_no_secret_and_nobody_s_name_or_number_is_in_anything_that_is_said_or_written(
    planted: Shell, database: ScratchDatabase
) -> None:
    heard = Heard()
    await begun(planted, database, heard)
    await a_run(planted, database, heard)
    await after_it(planted, heard)
    await crashes(planted, heard)
    await an_api_run(planted, database, heard)
    await bad_addresses(planted, heard)
    await bad_words(planted, heard)
    heard.folder(planted.home, *planting.folders(planted))
    heard.folder(Path(f"{os.environ[FOLDER]}/pg.room"))
    assert heard.leaked == {}
    assert heard.searched > 500_000, "too little was said to prove anything"
    # It was there to be found: the refusals came, the checks named the guests' bookings, and all of it was masked.
    events = (await do(planted, heard, "events", planted.manifest(planted.runs()[0])["run_id"])).out
    assert "[e-mail]" in events
    assert "[phone]" in events
    assert "row contains (***)" in events
    checked = (await do(planted, heard, "check", "--target", "theirs", "--json")).json()
    assert checked["counts"]["confirmed_without_tables"] >= 2


async def test_with_masking_switched_off_the_same_search_finds_all_of_them(
    planted: Shell, database: ScratchDatabase
) -> None:
    planted.environ["SENTINEL_UNMASKED"] = "1"
    heard = Heard()
    await begun(planted, database, heard)
    await a_run(planted, database, heard, SIZES[:1])
    await crashes(planted, heard)
    with contextlib.suppress(AssertionError):
        await bad_addresses(planted, heard)
    heard.folder(planted.home, *planting.folders(planted))
    found = {what for whats in heard.leaked.values() for what in whats}
    assert found >= {"password", "service key", "jwt", "bearer", "plain secret", "e-mail", "phone", "name"}
    places = " ".join(heard.leaked)
    for place in (
        "journal",
        "recording",
        "engine.log",
        "result.json",
        "run.json",
        "snapshot.json",
        "socket",
        "picture",
    ):
        assert place in places, f"{place} held nothing to be masked: {places}"


async def test_db_url_hands_the_password_to_a_program_and_not_to_a_terminal(
    planted: Shell, database: ScratchDatabase
) -> None:
    planting.settle(planted, database.dsn)
    piped = await asyncio.to_thread(planted.do, "db", "url", "--target", "theirs")
    assert "password" in leaks(piped.out.encode())
    assert leaks(piped.err.encode()) == set()
    shown = await asyncio.to_thread(_on_a_terminal, planted, "db", "url", "--target", "theirs")
    assert b":***@" in shown
    assert leaks(shown) == set()


def _on_a_terminal(shell: Shell, *words: str) -> bytes:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(shell.command(*words), env=shell.environ, cwd=shell.home, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return said
