"""Any moment of a run: from its recording, whole, quickly, and as far as a dead engine left it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from engine.model.command import Command, Verb
from engine.model.event import Event
from engine.model.run_state import RunState
from engine.records.archive import entry_of
from engine.records.diary import Diary
from engine.records.last_moments import last_moments
from engine.records.past import Past
from engine.records.recording import HEAD, Recording, read
from engine.records.trouble import RecordsDamaged
from tests.clocks import StillClock
from tests.metrics.stories import RUN, stories
from tests.records.precise import as_shown
from tests.records.test_recording import record as record_looks
from tests.records.test_recording import seen, steady
from tests.tui.recorded import AGAIN, LENGTH_S, MARKED, RESIZED, TIMED_OUT, S, pictures, record, run_folder, story
from tui.past import REFUSED, ReplayDoor
from tui.verbs.replay import recorded


def past_of(folder: Path) -> Past:
    past = Past(folder)
    past.read_on()
    return past


@settings(max_examples=20, deadline=None)
@given(stories())
def test_every_moment_is_the_picture_that_was_taken_then(events: list[Event]) -> None:
    looks = seen(events)
    with TemporaryDirectory() as folder:
        record_looks(Path(folder), looks, segment_bytes=20_000)
        past = past_of(Path(folder))
        for look in [*looks, *reversed(looks)]:
            assert past.at(look.run.elapsed_ns) == as_shown(look)


def test_a_run_longer_than_its_series_is_whole_at_every_moment_and_wider_on_request(tmp_path: Path) -> None:
    looks = seen(steady(700))[::7]
    record_looks(tmp_path, looks)
    past = past_of(tmp_path)
    assert [past.at(look.run.elapsed_ns) for look in looks] == list(read(tmp_path)) == looks
    wide = past.history.widened(looks[-1])
    assert len(wide.fills) == looks[-1].run.elapsed_ns // S + 1 > 690
    assert wide.fills[-600:] == looks[-1].fills
    assert sum(wide.fills) == looks[-1].run.filled


def test_what_is_written_while_one_looks_is_read_on(tmp_path: Path) -> None:
    looks = seen(steady(80))
    recording = Recording(tmp_path, RUN, segment_bytes=9_000)
    past = Past(tmp_path)
    for count, look in enumerate(looks, start=1):
        recording.write(look)
        assert past.read_on() == 1
        assert past.ends_ns == look.run.elapsed_ns
        assert past.at(look.run.elapsed_ns) == look, count
    recording.close()
    assert past.at(looks[3].run.elapsed_ns) == looks[3]


def test_a_frame_that_is_half_there_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    looks = seen(steady(6))
    record_looks(tmp_path, looks)
    path = tmp_path / "recording.000001.frames"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    past = past_of(tmp_path)
    assert (past.at(10**12), past.trouble) == (looks[-2], "")
    assert past.torn_bytes
    path.write_bytes(whole)
    assert past.read_on() == 1
    assert past.at(10**12) == looks[-1]
    assert not past.torn_bytes


def test_damage_costs_a_minute_at_most_and_is_said(tmp_path: Path) -> None:
    looks = seen(steady(200))
    record_looks(tmp_path, looks)
    path = tmp_path / "recording.000001.frames"
    content = bytearray(path.read_bytes())
    place = 0
    for _ in range(70):
        place += HEAD.size + HEAD.unpack_from(content, place)[0]
    content[place + HEAD.size] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(RecordsDamaged):
        list(read(tmp_path))
    past = past_of(tmp_path)
    assert "recording.000001.frames at byte" in past.trouble
    moments = {past.at(look.run.elapsed_ns).tick for look in looks}
    assert len(looks) - 60 <= len(moments) < len(looks)
    assert past.at(10**12).run == looks[-1].run
    assert past.at(10**12).fills[-60:] == looks[-1].fills[-60:]


def test_no_recording_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordsDamaged, match="there is no recording in this folder"):
        Past(tmp_path).read_on()


def test_any_moment_of_ten_minutes_is_found_from_any_other(tmp_path: Path) -> None:
    looks = pictures(story(600), 600)
    record(tmp_path, looks, [])
    past = past_of(tmp_path)
    for place in range(0, 600, 7):
        # Far from the frame before: nothing that was unpacked is of use.
        look = looks[(place * 389) % 600]
        assert past.at(look.run.elapsed_ns) == look


def test_steps_go_from_picture_to_picture(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    past = past_of(folder)
    here = past.ends_ns
    assert here == LENGTH_S * S
    back = past.stepped(here, -S)
    assert here > back >= here - 2 * S
    assert past.stepped(back, S) == here
    assert past.stepped(here, S) == here
    assert past.stepped(past.begins_ns, -S) == past.begins_ns
    assert past.before(30 * S) <= 30 * S < past.after(30 * S + 3_000_000) <= 31 * S + 3_000_000
    assert past.at(-1) == past.at(past.begins_ns)


# -- the end of a run whose engine died


@pytest.mark.parametrize("cut", [1, 900])
def test_a_torn_end_loses_no_figure(tmp_path: Path, cut: int) -> None:
    folder = run_folder(tmp_path, state=None)
    path = folder / "recording.000001.frames"
    path.write_bytes(path.read_bytes()[:-cut])
    past = past_of(folder)
    seen_last = past.at(past.ends_ns)
    assert seen_last.run.elapsed_ns < (LENGTH_S - 1) * S + 10_000_000
    end = last_moments(folder, seen_last)
    whole = pictures(story(), LENGTH_S)[-1]
    assert end.run.state is RunState.CRASHED
    assert "the engine died" in end.run.reason
    assert (end.run.attempts, end.run.filled) == (whole.run.attempts, whole.run.filled)
    # The journal's last event is the end that can be known: nothing came after it.
    assert LENGTH_S * S - end.run.elapsed_ns <= 500_000_000
    assert end.events[-1] == whole.events[-1]
    past.close_with(end)
    assert past.at(10**12) == end
    assert past.at(past.stepped(past.ends_ns, -1)) == seen_last


def test_a_run_that_ended_is_not_said_to_have_died_where_its_last_pictures_are_lost(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    for path in folder.glob("recording.*"):
        path.unlink()
    looks = pictures(story(state=RunState.FINISHED), LENGTH_S)
    recording = Recording(folder, RUN, segment_bytes=1)
    for look in looks:
        recording.write(look)
    recording.close()
    whole = recorded(entry_of(folder))
    assert whole.trouble == ""
    (folder / "recording.000020.frames").unlink()
    past = recorded(entry_of(folder))
    assert "recording.000020.frames: this segment is missing; what was recorded from there on" in past.trouble
    end, said = past.at(past.ends_ns).run, whole.at(whole.ends_ns).run
    assert end.state is said.state is RunState.FINISHED
    assert "died" not in end.reason
    assert (end.attempts, end.filled) == (said.attempts, said.filled)


# -- the journal's places to go back to


def test_the_diary_keeps_acts_and_one_failure_of_a_kind_a_second(tmp_path: Path) -> None:
    diary = Diary(run_folder(tmp_path))
    diary.read_on()
    moments = [(line.at_ns, line.word) for line in diary.lines]
    assert moments == sorted(moments, key=lambda one: one[0])
    assert [at for at, word in moments if word == "timeout"] == [TIMED_OUT, TIMED_OUT + 2 * S, AGAIN]
    assert {RESIZED, MARKED} <= {at for at, word in moments if word in ("operator", "setting")}
    assert sum(word == "hold conflict" for _, word in moments) == 3
    assert not [word for _, word in moments if word == "filled"]
    assert diary.read_on() == 0


def test_the_diary_reads_on_and_leaves_half_a_line_for_later(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    path = next(folder.glob("journal.*"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:80]) + lines[80][:20])
    diary = Diary(folder)
    diary.read_on()
    path.write_bytes(b"".join(lines))
    diary.read_on()
    whole = Diary(folder)
    whole.read_on()
    assert diary.lines == whole.lines


# -- the door


async def test_a_replay_is_a_front_door_on_which_nothing_acts(tmp_path: Path) -> None:
    clock = StillClock()
    folder = run_folder(tmp_path)
    door = ReplayDoor(past_of(folder), clock, speed=2.0)
    looks = pictures(story(state=RunState.FINISHED), LENGTH_S)
    assert (await door.hello()).folder == str(folder)
    assert await door.snapshot() == looks[0]
    await clock.advance(10 * S)
    assert await door.snapshot() == looks[20]
    answer = await door.act(Command(Verb.PAUSE), "ana")
    assert (answer.done, answer.text) == (False, REFUSED)
    door.hold(True)
    await clock.advance(10 * S)
    assert await door.snapshot() == looks[20]
    door.seek(70 * S + 3_000_000)
    door.hold(False)
    assert await door.snapshot() == looks[70]
    await clock.advance(3600 * S)
    assert await door.snapshot() == looks[-1]


async def test_a_replay_tells_the_events_up_to_its_moment(tmp_path: Path) -> None:
    clock = StillClock()
    events = story(state=RunState.FINISHED)
    door = ReplayDoor(past_of(run_folder(tmp_path)), clock)
    door.hold(True)
    for second in (0, 30, 60, 10, 90):
        door.seek(second * S)
        upto = [event for event in events if event.at_ns <= max(second * S, door.past.begins_ns)]
        count, told = await door.events(0)
        assert count == len(upto)
        assert [type(one) for one in told] == [type(one) for one in upto]
    assert await door.events(count - 1) == (count, told[-1:])
