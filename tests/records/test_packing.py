"""A minute of pictures in one stream: each comes out as it was shown, and none out of a damaged stream."""

import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.ids import SCHEMA_VERSION
from engine.model.snapshot import EventLine, RunSnapshot
from engine.model.waits import WaitCell, Waits
from engine.records.differences import Unclear
from engine.records.packing import CHANGE, HEADER, OPENING, PATCH, STEP, Packer, Unpacker
from engine.records.past import Past
from engine.records.recording import HEAD, RecordingHeader, read
from engine.redact import forget, know
from tests.metrics.stories import MS, RUN
from tests.records.older import frames
from tests.records.precise import as_shown
from tests.records.test_recording import record, seen, steady
from tests.tui import stills
from tests.tui.recorded import pictures, story

PICTURES = pictures(story(12), 12)


def packed(looks: list[RunSnapshot]) -> list[tuple[int, bytes]]:
    packer = Packer()
    first, *others = looks
    return [(OPENING, packer.opening(first)), *((STEP, packer.step(look)) for look in others)]


def unpacked(told: list[tuple[int, bytes]]) -> list[RunSnapshot]:
    unpacker, found = Unpacker(), []
    for kind, content in told:
        unpacker.take(kind, content)
        found.append(msgspec.msgpack.decode(unpacker.payload(), type=RunSnapshot))
    return found


def test_pictures_come_back_as_they_were_shown() -> None:
    assert unpacked(packed(PICTURES)) == [as_shown(look) for look in PICTURES]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_moved_is_shown_as_it_was(data: st.DataObject) -> None:
    moments = st.integers(0, 10**12)
    looks = []
    for look in PICTURES[:4]:
        elapsed_ns = data.draw(moments)
        workers = tuple(replace(one, since_ns=data.draw(st.integers(0, elapsed_ns))) for one in look.workers[:4])
        lines = tuple(
            EventLine(
                data.draw(moments), "slot", None, "w03", data.draw(st.sampled_from(["#7 19:15", "#8", "#7", ""])), at
            )
            for at in data.draw(st.lists(st.integers(0, 8), max_size=4))
        )
        samples = data.draw(st.integers(0, 50))
        share = data.draw(st.sampled_from([0.5, 3 / max(1, samples)]))
        waits = Waits(1, samples, 10.0, 1.0, 0.4, (WaitCell("hold", "Lock:tuple", 3, share),), ())
        run = replace(look.run, elapsed_ns=elapsed_ns)
        looks.append(replace(look, run=run, workers=workers, events=lines, waits=waits))
    found = unpacked(packed(looks))
    assert found == [as_shown(look) for look in looks]
    for one, look in zip(found, looks, strict=True):
        assert all(0 <= a.since_ns - b.since_ns < MS // 10 for a, b in zip(one.workers, look.workers, strict=True))


def test_damage_anywhere_in_the_stream_is_told() -> None:
    told = packed(PICTURES[:3])
    kind, content = told[1]
    for wrong in (content[:-1], content + b"x", content[:3], b"", bytes([*content[:9], content[9] ^ 1, *content[10:]])):
        with pytest.raises(zlib.error):
            unpacked([told[0], (kind, wrong)])
    with pytest.raises(zlib.error):
        unpacked([told[0], told[2]])


@pytest.mark.parametrize(
    "value",
    [[], [3], [3, 3], [{}, []], [{"run": {}}, [0]], [{"run": {"elapsed_ns": "x"}, "waits": None}, [0]], [[], [0]]],
)
def test_a_picture_that_is_none_is_told(value: Any) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    content = packer.compress(msgspec.msgpack.encode(value)) + packer.flush(zlib.Z_SYNC_FLUSH)[:-4]
    unpacker = Unpacker()

    def take() -> None:
        unpacker.take(OPENING, zlib.crc32(content).to_bytes(4, "big") + content)
        unpacker.payload()

    with pytest.raises(Unclear):
        take()


def test_a_step_masks_what_it_tells() -> None:
    look = stills.full()
    line = EventLine(1, "note", None, "ana", "call ana@example.com about hunter2secret", 0)
    worker = replace(look.workers[0], last_note="for bob@example.com")
    try:
        know(None, {"PGPASSWORD": "hunter2secret"})
        told = packed([look, replace(look, workers=(worker, *look.workers[1:]), events=(*look.events, line))])
    finally:
        forget()
    text = str(unpacked(told)[1])
    assert "call" in text
    for secret in ("ana@example.com", "bob@example.com", "hunter2secret"):
        assert secret not in text


@pytest.mark.parametrize("kind", [CHANGE, PATCH])
def test_recordings_of_older_versions_open(kind: int, tmp_path: Path) -> None:
    looks = seen(steady(5))
    header = msgspec.msgpack.encode(RecordingHeader(SCHEMA_VERSION, RUN, 1))
    path = tmp_path / "recording.000001.frames"
    path.write_bytes(HEAD.pack(len(header), HEADER) + header + frames(looks, kind))
    assert list(read(tmp_path)) == looks
    past = Past(tmp_path)
    assert past.read_on() == len(looks)
    assert past.at(looks[3].run.elapsed_ns) == looks[3]
    # A run that goes on with this version begins a segment of its own.
    record(tmp_path, looks[-2:])
    assert past.read_on() == 2


def test_a_quiet_picture_is_told_in_a_few_bytes() -> None:
    later = replace(PICTURES[3], tick=99)
    packer = Packer()
    packer.opening(PICTURES[3])
    packer.step(PICTURES[3])
    assert len(packer.step(later)) < 40
