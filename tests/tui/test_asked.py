"""Screens about one thing: what they ask, what they show, and what they say when there is nothing to show."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from engine.front import LinkLost
from engine.model.command import Hello
from engine.model.detail import Detail
from engine.model.sample import Blocking, LockQueue, QueueMember
from engine.model.snapshot import RunSnapshot
from engine.records.archive import Manifest, new_folder, write_manifest
from tests.tui import detail_stills, stills
from tests.tui.fake_door import FakeDoor
from tests.tui.test_console import console, over, text_of, type_in
from tests.tui.test_screens import written
from tui.app import SlotfillApp
from tui.beside import Said, said
from tui.booking_detail import booking_lines
from tui.lines import Area, Line, fill, width_of
from tui.lock_tree import tree
from tui.panel import paint
from tui.panels.locks import LocksPanel
from tui.screens.asked import AskedScreen
from tui.screens.detail import DetailScreen
from tui.screens.runs import RemoveScreen, RunsScreen, TextScreen
from tui.server_detail import server_lines
from tui.view import View
from tui.waterfall import strip, strips, waterfall

MS, S = stills.MS, stills.S
SIZES = [(80, 24), (160, 50)]
Compare = Callable[..., bool]


def app_of(snapshot: RunSnapshot | None = None, door: FakeDoor | None = None) -> SlotfillApp:
    known = detail_stills.know(door or FakeDoor(snapshot or stills.full()))
    return SlotfillApp(known, who="ana@jump1", refresh_s=3600.0)


def words(lines: list[Line]) -> str:
    return "\n".join(one.text.rstrip() for one in lines)


# -- pictures


@pytest.fixture(autouse=True)
def _coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["booking", "worker", "slot", "postgres", "locks"])
def test_screen_of_one_thing(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    keys = {
        "booking": [":", *"booking", "space", *"4f00d1ce", "enter"],
        "worker": ["/", *"w09", "enter", "down", "enter"],
        "slot": [],
        "postgres": ["p"],
        "locks": ["l", "down"],
    }[name]

    app = app_of(knotted())
    if name == "slot":

        async def open_slot(pilot: Pilot[str]) -> None:
            app.main.toggle("slots")
            if not app.main.panels["slots"].display:
                app.main.toggle("slots")
            app.main.panels["slots"].focus()
            await pilot.pause()
            await pilot.press("enter")
            await pilot.pause()

        assert snap_compare(app, run_before=open_slot, terminal_size=size)
        return
    assert snap_compare(app, press=keys, terminal_size=size)


def knotted() -> RunSnapshot:
    """A chain over two kinds of locks: a stranger's row, behind it a zone's queue; a backend that was left behind."""
    still = stills.full()
    sample = stills.sample()
    left = LockQueue(
        "Snug 13:00",
        True,
        (
            QueueMember(20311, "w10 left", "ExclusiveLock", True, None),
            QueueMember(20277, "w09 13:00", "ExclusiveLock", False, 640 * MS),
        ),
        "white-horse",
        stills.DAY,
    )
    edges = (
        Blocking(20273, "w05 19:00", 20301, "NOT OURS", "transactionid 7812", 2900 * MS, "update bookings set x = $1"),
        Blocking(20282, "w14 14:15", 0, "prepared transaction", "tuple bookings", 600 * MS, "update bookings"),
    )
    return replace(still, sample=replace(sample, queues=(sample.queues[0], sample.queues[1], left), blockings=edges))


# -- what is drawn


def behind_a_row() -> RunSnapshot:
    """One waits for a transaction, which is told as a queue and as an edge; who holds it holds a zone as well."""
    holder, waiter = (20273, "w05 19:00"), (20282, "w14 14:15")
    row = QueueMember(*holder, "ExclusiveLock", True, None), QueueMember(*waiter, "ShareLock", False, 600 * MS)
    queues = LockQueue("transactionid 7812", False, row), LockQueue("Snug 13:00", True, row[:1], "white-horse")
    edge = Blocking(*waiter, *holder, "transactionid 7812", 600 * MS, "update bookings")
    return replace(stills.full(), sample=replace(stills.sample(), queues=queues, blockings=(edge,)))


def test_who_waits_in_a_queue_and_behind_a_row_is_counted_once() -> None:
    assert LocksPanel.heading(behind_a_row(), Area(120, 20), View()) == "locks: 1 wait"


def test_a_backend_that_is_told_twice_has_the_cursor_once() -> None:
    still = behind_a_row()
    view = View(full=True, focused=True, cursor="pid:20273")
    lines = LocksPanel.draw(still, Area(160, 40), view)
    assert sum("> w05" in one.text or "> Snug" in one.text for one in lines) == 1
    assert sum(one.row == "pid:20273" for one in lines) == 1
    assert "Snug 13:00" in words(lines), "what it holds is told all the same"


def test_a_lost_booking_is_told_from_both_sides() -> None:
    text = words(booking_lines(detail_stills.lost_booking(), 120))
    assert "#301 filled T05+T06 Terrace at 02:26.3, transaction 7812" in text
    assert "LOST !: claimed T05+T06; it is there pending without tables" in text
    assert "missed       2.6 s after: lost, pending at 02:29.0; a late undo" in text
    assert "EXPIRED 4m00s ago, still blocks !" in text
    assert "confirmed to pending: undo after a timeout" in text
    assert "hold conflict  23P01  thw_no_overlap  T03  held by w11 #298" in text
    assert "shadow" in text


def test_a_replayed_booking_says_why_the_database_is_not_shown() -> None:
    text = words(booking_lines(detail_stills.replayed_booking(), 80))
    assert "a recording is shown: what its database holds now is not asked" in text
    assert "#301 filled" in text


def test_bars_stand_where_the_steps_were() -> None:
    lines = [one.text for one in waterfall(detail_stills.attempt(), 110)]
    confirm = next(one for one in lines if one.strip().startswith("confirm"))
    hold = [one for one in lines if one.strip().startswith("hold")]
    assert confirm.count("#") > 50
    assert "x" in hold[0].partition("ms")[2]
    assert "refused" in hold[0]
    assert confirm.index("#") > hold[1].index("#")
    assert next(one for one in lines if "try 2" in one).split()[2] == "T05+T06"


def test_every_step_has_a_cell_in_the_strip_and_a_refused_one_its_sign() -> None:
    told = strip(detail_stills.attempt(), 375 * MS, 60)
    assert [letter for letter in "sqhcm" if letter not in told] == []
    assert "!" in told
    assert len(told) == 60


def test_an_attempt_that_goes_on_reaches_to_now() -> None:
    (_, row) = strips([detail_stills.open_attempt()], 120, 221 * S, "")
    assert "2.0 s" in row.text
    assert "goes on: confirm" in row.text


def test_the_server_tells_settings_with_their_origin_sizes_and_rights() -> None:
    text = words(server_lines(detail_stills.server(), stills.sample(), 160))
    assert "15  slotfill 7f3a91c2 workers   active 10  idle-tx 5" in text
    assert "synchronous_commit                  off !" in text
    assert "4.8 GB" in text
    assert "cancelling other roles' backends: needs pg_signal_backend" in text
    assert "move-4711 of web in bookings_live" in text


def test_a_plain_login_is_told_each_missing_right_once_and_sees_the_rest() -> None:
    text = words(server_lines(detail_stills.plain_server(), stills.plain_role().sample, 160))
    assert text.count("pg_monitor") == 1
    assert "hidden 15" in text
    assert "bookings_live" in text


@pytest.mark.parametrize("width", [76, 116, 196])
def test_no_line_of_a_detail_is_lost_at_any_width(width: int) -> None:
    for detail in (detail_stills.lost_booking(), detail_stills.sound_booking(), detail_stills.replayed_booking()):
        lines = fill(booking_lines(detail, width), Area(width, 200))
        assert {width_of(one.text) for one in lines} == {width}
    for detail in (detail_stills.server(), detail_stills.plain_server(), Detail("postgres", "", 0)):
        fill(server_lines(detail, stills.sample(), width), Area(width, 200))


# -- the lock tree


def test_a_chain_over_rows_and_zones_is_one_tree() -> None:
    sample = knotted().sample
    assert sample is not None
    nodes = tree(sample)
    assert [(one.depth, one.pid) for one in nodes[:4]] == [(0, 20301), (1, 20273), (2, 20275), (2, 20271)]
    assert nodes[0].blocked == 5
    places = [one.waits.place for one in nodes if one.waits is not None and one.waits.lock == "Terrace 19:00"]
    assert places == [1, 2, 3, 4]


def test_the_full_lock_screen_names_strangers_the_left_behind_and_prepared_transactions() -> None:
    text = words(paint(LocksPanel, knotted(), Area(160, 50), View(full=True)))
    assert "run > locks" in text
    assert "NOT OURS  blocks 5" in text
    assert "`- w05 19:00  waits 2.9 s for transactionid 7812  blocks 4" in text
    assert "`- 1. w07 19:00  waits 2.1 s for Terrace 19:00  pid 20275  hold try 2 67 ms" in text
    assert "w10 LEFT BEHIND  holds Snug 13:00  blocks 1" in text
    assert "PREPARED TRANSACTION  blocks 1" in text
    assert "update bookings set notes" in text
    assert "Main Bar 12:15" in text


def test_a_ring_of_waits_is_drawn_once_and_ends() -> None:
    edges = (
        Blocking(1, "w01 12:00", 2, "w02 12:00", "tuple bookings", S, ""),
        Blocking(2, "w02 12:00", 1, "w01 12:00", "tuple bookings", S, ""),
    )
    sample = replace(stills.sample(), queues=(), blockings=edges)
    assert sorted(one.pid for one in tree(sample)) == [1, 2]


def test_two_zones_of_one_name_are_told_apart() -> None:
    member = QueueMember(1, "w01 12:00", "ExclusiveLock", True, None)
    queues = tuple(LockQueue("Main 12:00", True, (member,), house, stills.DAY) for house in ("pub-1", "pub-2"))
    still = replace(stills.full(), sample=replace(stills.sample(), queues=queues, blockings=()))
    assert len(set(LocksPanel.rows(still, View()))) == 2
    text = words(paint(LocksPanel, still, Area(120, 30), View(full=True)))
    assert "Main 12:00 of pub-1" in text
    assert "Main 12:00 of pub-2" in text


def test_a_plain_login_sees_the_tree_without_states() -> None:
    text = words(paint(LocksPanel, stills.plain_role(), Area(120, 30), View(full=True)))
    assert "needs pg_monitor" in text
    assert "waits 2.1 s for Terrace 19:00" in text


# -- keys


async def test_enter_opens_a_worker_then_a_booking_and_escape_leads_back_level_by_level() -> None:
    async with console() as (pilot, app, door):
        detail_stills.know(door)
        await pilot.press("slash", *"w09", "enter", "down", "enter")
        await pilot.pause()
        screen = over(app, AskedScreen)
        assert door.asked_about == [("worker", "w09")]
        assert "run > worker w09" in str(screen.sheet.border_title)
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert "run > worker w09 > booking" in str(over(app, AskedScreen).sheet.border_title)
        assert {kind for kind, _ in door.asked_about} == {"worker", "booking"}
        await pilot.press("escape")
        await pilot.pause()
        assert over(app, AskedScreen) is screen
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.screen_stack) == 2


async def test_a_booking_is_opened_by_id_from_the_command_line() -> None:
    async with console() as (pilot, app, door):
        detail_stills.know(door)
        await pilot.press("colon")
        await type_in(pilot, "booking 4f00d1ce")
        await pilot.press("enter")
        await pilot.pause()
        assert door.asked_about == [("booking", "4f00d1ce")]
        assert "LOST !" in text_of(app)


async def test_enter_on_an_event_opens_the_booking_of_its_attempt_and_without_one_its_text() -> None:
    still = stills.full()
    events = (*still.events[:-1], replace(still.events[-1], attempt=408))
    async with console(replace(still, events=events)) as (pilot, app, door):
        detail_stills.know(door)
        await pilot.press("v", "home", "enter")
        await pilot.pause()
        assert door.asked_about == [("booking", "#408")]
        assert "run > events > booking 4f00d1ce" in str(over(app, AskedScreen).sheet.border_title)
        await pilot.press("escape", "down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, DetailScreen)


async def test_enter_on_a_missed_booking_of_the_ledger_asks_about_it() -> None:
    async with console(stills.losing(), (160, 50)) as (pilot, app, door):
        app.main.panels["ledger"].focus()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert [kind for kind, _ in door.asked_about] == ["booking"]


async def test_the_cursor_goes_from_slot_to_slot_and_enter_opens_what_was_tried_in_one() -> None:
    async with console(size=(160, 50)) as (pilot, app, door):
        detail_stills.know(door)
        await app.obey("layout", "work")
        app.main.panels["slots"].focus()
        await pilot.press("down", "up")
        await pilot.pause()
        assert "> 2026-03-04 12:00 party 1" in app.main.panels["slots"].text
        await pilot.press("enter")
        await pilot.pause()
        assert door.asked_about == [("turn", "0")]
        assert "2 attempts, newest first" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert door.asked_about[-1][0] == "booking"


async def test_a_bookings_slot_opens_the_booking_itself() -> None:
    async with console(stills.assigning(), (160, 50)) as (pilot, app, door):
        await app.obey("layout", "work")
        app.main.panels["slots"].focus()
        await pilot.press("enter")
        await pilot.pause()
        assert set(door.asked_about) == {("booking", "3adbd467")}


# -- loading, frozen, lost


class Waiting(FakeDoor):
    """Answers about one thing only when told to."""

    def __init__(self, snapshot: RunSnapshot) -> None:
        super().__init__(snapshot)
        self.free = asyncio.Event()

    async def detail(self, kind: str, wanted: str) -> Detail:
        await self.free.wait()
        return await super().detail(kind, wanted)


async def test_while_the_engine_has_not_answered_the_screen_says_so_and_keys_work() -> None:
    door = Waiting(stills.full())
    app = app_of(door=door)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("p")
        await pilot.pause()
        assert "asking the engine" in text_of(app)
        door.free.set()
        await pilot.pause()
        assert "31/100" in text_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.main


async def test_when_the_engine_is_lost_the_last_answer_stays_with_its_moment() -> None:
    async with console() as (pilot, app, door):
        detail_stills.know(door)
        await pilot.press("p")
        await pilot.pause()
        door.lost = "the engine closed the link"
        await over(app, AskedScreen).ask()
        text = text_of(app)
        assert "NO ANSWER: the engine closed the link; this was so at 03:41.0" in text
        assert "max_connections" in text
        door.lost = ""
        await over(app, AskedScreen).ask()
        assert "NO ANSWER" not in text_of(app)


async def test_an_engine_that_never_answered_is_said_too() -> None:
    async with console() as (pilot, app, door):
        door.lost = "nobody answers"
        await pilot.press("p")
        await pilot.pause()
        assert "NO ANSWER: nobody answers" in text_of(app)


async def test_a_frozen_view_asks_once_and_says_so() -> None:
    async with console() as (pilot, app, door):
        detail_stills.know(door)
        await pilot.press("space", "p")
        await pilot.pause()
        assert "view FROZEN: not asked again" in text_of(app)
        assert door.asked_about == [("postgres", "")]


async def test_before_the_first_picture_the_server_can_be_asked_already() -> None:
    async with console(stills.empty()) as (pilot, app, door):
        detail_stills.know(door)
        await pilot.press("p")
        await pilot.pause()
        assert "the server has not been looked at yet" in text_of(app)


async def test_an_engine_that_has_gone_leaves_its_journal_to_be_asked(tmp_path: Path) -> None:
    class Gone(FakeDoor):
        async def detail(self, kind: str, wanted: str) -> Detail:
            raise LinkLost("the engine closed the link")

    app = app_of(door=Gone(stills.full()))
    async with app.run_test(size=(120, 40)) as pilot:
        await app.folder()
        told = await app.ask("booking", "4f00d1ce")
        assert "there is no journal in this folder" in told.journal_trouble
        assert "the engine does not answer" in told.database_trouble
        with pytest.raises(LinkLost):
            await app.ask("postgres", "")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        text = over(app, AskedScreen).sheet.text
        assert "from the run's journal, up to 03:41" in text
        assert "asked at" not in text, "nobody was asked"
        assert "run RUNNING" not in text, "nobody knows"


# -- runs


def _run(root: Path, number: int, result: str) -> Path:
    at = datetime(2026, 3, 4, 11, number, tzinfo=UTC)
    folder = new_folder(root, "fill", f"{number:08x}", at)
    write_manifest(
        folder,
        Manifest(
            f"{number:08x}", "fill", "embedded", at.isoformat(), f"evening {number}", pid=2**22 + 1, pid_started="x"
        ),
    )
    if result:
        (folder / "result.json").write_text(result)
    return folder


def _three(root: Path) -> None:
    _run(root, 1, '{"state": "finished", "exit_code": 0, "attempts": 100, "outcomes": {"filled": 90, "zone_lock": 10}}')
    _run(root, 2, '{"state": "stopped", "exit_code": 130, "attempts": 4, "outcomes": {"filled": 4}}')
    _run(root, 3, "")


class There(FakeDoor):
    """A run whose folder stands among others."""

    def __init__(self, root: Path) -> None:
        super().__init__(stills.full())
        self._root = root

    async def hello(self) -> Hello:
        return replace(await super().hello(), folder=str(self._root / "mine"))


async def _list(pilot: Pilot[str], app: SlotfillApp) -> RunsScreen:
    await pilot.press("R")
    for _ in range(200):
        screen = app.screen
        if isinstance(screen, RunsScreen) and screen.rows is not None:
            return screen
        await pilot.pause(0.01)
    raise AssertionError("the runs never came")


async def test_the_runs_are_listed_with_what_became_of_them(tmp_path: Path) -> None:
    _three(tmp_path)
    app = app_of(door=There(tmp_path))
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        screen = await _list(pilot, app)
        text = screen.sheet.text
        assert [line.split()[:3] for line in text.splitlines()[1:4]] == [
            [">", "00000003", "CRASHED"],
            ["00000002", "stopped", "130"],
            ["00000001", "finished", "0"],
        ]
        assert "90.0 %" in text
        assert "zone lock 10" in text
        assert "3 runs" in text


async def test_marked_runs_are_compared_by_slotfill_compare(tmp_path: Path) -> None:
    _three(tmp_path)
    app = app_of(door=There(tmp_path))
    asked: list[tuple[str, ...]] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = await _list(pilot, app)

        async def do(*given: str) -> Said:
            asked.append(given)
            return Said(0, "no regression found; ana@example.com was there")

        screen._do = do
        await pilot.press("down", "space", "space", "c")
        for _ in range(50):
            if isinstance(app.screen, TextScreen):
                break
            await pilot.pause(0.01)
        assert asked[-1] == ("compare", "00000001", "00000002")
        assert "no regression found" in text_of(app)
        assert "ana@example.com" not in text_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is screen


async def test_runs_go_only_after_the_word_was_typed(tmp_path: Path) -> None:
    _three(tmp_path)
    app = app_of(door=There(tmp_path))
    asked: list[tuple[str, ...]] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = await _list(pilot, app)

        async def do(*given: str) -> Said:
            asked.append(given)
            return Said(0, "removed 1 runs, 4.1 kB")

        screen._do = do
        await pilot.press("end", "d")
        await pilot.pause()
        over(app, RemoveScreen)
        await pilot.press(*"yes", "enter")
        await pilot.pause()
        assert asked == []
        assert "nothing was removed" in screen.sheet.text
        await pilot.press("d")
        await pilot.pause()
        await pilot.press(*"prune", "enter")
        for _ in range(50):
            if asked:
                break
            await pilot.pause(0.01)
        assert asked == [("prune", "--yes", "00000001")]


async def test_a_console_that_only_watches_removes_nothing(tmp_path: Path) -> None:
    _three(tmp_path)
    app = SlotfillApp(There(tmp_path), who="x", refresh_s=3600.0, watch=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = await _list(pilot, app)
        await pilot.press("d")
        await pilot.pause()
        assert app.screen is screen
        assert "only watches" in screen.sheet.text


async def test_without_a_terminal_to_lend_the_way_to_a_replay_is_said(tmp_path: Path) -> None:
    _three(tmp_path)
    app = app_of(door=There(tmp_path))
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.pause()
        screen = await _list(pilot, app)
        await pilot.press("enter")
        for _ in range(50):
            if screen.message:
                break
            await pilot.pause(0.01)
        assert "slotfill replay 00000003" in screen.sheet.text


async def test_an_empty_folder_and_an_engine_that_is_gone_are_said(tmp_path: Path) -> None:
    app = app_of(door=There(tmp_path / "none"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = await _list(pilot, app)
        assert "slotfill run starts one" in screen.sheet.text


async def test_runs_of_an_engine_that_never_said_its_folder_are_not_looked_for() -> None:
    class Mute(FakeDoor):
        async def hello(self) -> Hello:
            raise LinkLost("gone")

    app = app_of(door=Mute(stills.full()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("R")
        await pilot.pause()
        assert "its runs' folder is not" in over(app, RunsScreen).sheet.text


async def test_slotfill_is_run_aside_and_named_runs_are_pruned(tmp_path: Path) -> None:
    _three(tmp_path)
    listed = await said("ls", "--runs", str(tmp_path))
    assert listed.code == 0
    assert "00000002" in listed.text
    both = await said("prune", "--keep", "1", "--yes", "00000001", "--runs", str(tmp_path))
    assert both.code == 2
    assert "not both" in both.text
    unknown = await said("prune", "--yes", "feed", "--runs", str(tmp_path))
    assert unknown.code == 2
    unasked = await said("prune", "00000001", "--runs", str(tmp_path))
    assert unasked.code == 4
    assert len(list(tmp_path.iterdir())) == 3
    gone = await said("prune", "--yes", "00000001", "00000003", "--runs", str(tmp_path))
    assert gone.code == 0
    assert "removed 2 runs" in gone.text
    assert [path.name[-8:] for path in tmp_path.iterdir()] == ["00000002"]


@pytest.mark.parametrize(
    ("keys", "size"),
    [(["p"], (160, 50)), (["l"], (80, 24)), (["slash", *"w09", "enter", "down", "enter"], (80, 24))],
    ids=["postgres", "locks", "worker"],
)
async def test_ascii_holds_on_every_screen_of_one_thing(
    keys: list[str], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    door = detail_stills.know(FakeDoor(knotted()))
    app = SlotfillApp(door, who="x", refresh_s=3600.0, ascii=True)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        sent = written(app, monkeypatch)(pilot)
    assert {character for character in sent if not character.isascii()} == set()


async def test_hostile_texts_are_drawn_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    nasty = "\x1b[31mred\x1b[0m [bold]x[/bold] \u202e\u200b\n\t宴会場 \x9b2J"
    told = detail_stills.lost_booking()
    refusal = replace(told.attempts[0].refusals[0], message=nasty, detail=nasty, held_by=nasty)
    held = replace(detail_stills.holdings(), missing=(nasty,))
    door = FakeDoor(stills.hostile())
    door.details["booking", "4f00d1ce"] = replace(
        told, attempts=(replace(told.attempts[0], zone=nasty, refusals=(refusal,)),), holdings=held
    )
    app = SlotfillApp(door, who="x", refresh_s=3600.0)
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        app.booking("4f00d1ce")
        await pilot.pause()
        text = over(app, AskedScreen).sheet.text
        assert "[bold]x[/bold]" in text
        assert not [character for character in text if ord(character) < 32 and character != "\n"]
        assert "\u202e" not in text
