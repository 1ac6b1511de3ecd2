"""The recording: a keyframe a second for the screens, so that a replay is the same screen reading a file.

Every series is trimmed to its last ten seconds and only new event lines are kept; the reader puts them together again.
A frame is told by the one before it (`packing.py`), as two looks a second apart say nearly the same; its moments are
as fine as screens show them (`precision.py`).
"""

import struct
import threading
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine.model.ids import SCHEMA_VERSION
from engine.model.snapshot import RunSnapshot
from engine.records.differences import Unclear
from engine.records.frames import join, second_of, trim
from engine.records.packing import HEADER, KINDS, OPENING, STEP, Packer, Unpacker
from engine.records.patches import MOST_BYTES
from engine.records.reading import UNREADABLE, opened
from engine.records.segments import segment_path, segments
from engine.records.trouble import RecordsDamaged, one_line
from engine.records.writer import FILE_MODE, failed

NAME, ENDING = "recording", "frames"
SEGMENT_BYTES = 8 * 1024 * 1024
WHOLE_EVERY = 40
"""Frames after which one stands alone again: damage costs a minute at most, and a moment is found soon."""

HEAD = struct.Struct(">IB")


class RecordingHeader(msgspec.Struct, frozen=True):
    """The first frame of every segment."""

    schema: int
    run: str
    segment: int


class Recording:
    """Writes snapshots, one a second is meant; the strings in them are masked."""

    def __init__(self, folder: Path, run: str, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Begin a new segment in the folder, after those there are. Raises RecordsFailed."""
        self._folder = folder
        self._run = run
        self._segment_bytes = segment_bytes
        self._number = len(segments(folder, NAME, ENDING))
        self._file: BinaryIO | None = None
        self._before: RunSnapshot | None = None
        self._packer = Packer()
        self._frames = 0
        self.bytes_written = 0
        self._one = threading.Lock()

    def write(self, snapshot: RunSnapshot) -> None:
        """Add one frame, from any thread. Raises RecordsFailed."""
        with self._one:
            self._write(snapshot)

    def _write(self, snapshot: RunSnapshot) -> None:
        if self._file is None or self._file.tell() >= self._segment_bytes:
            self._begin()
        trimmed = trim(snapshot, self._before)
        if self._frames % WHOLE_EVERY == 0:
            self._put(OPENING, self._packer.opening(trimmed))
        else:
            self._put(STEP, self._packer.step(trimmed))
        self._before = snapshot
        self._frames += 1

    def close(self) -> None:
        """Close the file. Raises RecordsFailed."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise failed("the recording could not be closed", self._path, error) from error

    def _begin(self) -> None:
        self.close()
        self._number += 1
        self._path = segment_path(self._folder, NAME, self._number, ENDING)
        try:
            self._path.touch(mode=FILE_MODE, exist_ok=False)
            self._file = self._path.open("ab")
        except OSError as error:
            raise failed("the recording could not be begun", self._path, error) from error
        self._frames = 0
        self._put(HEADER, msgspec.msgpack.encode(RecordingHeader(SCHEMA_VERSION, self._run, self._number)))

    def _put(self, kind: int, content: bytes) -> None:
        if self._file is None:
            raise AssertionError("`write` begins a segment first")
        try:
            self._file.write(HEAD.pack(len(content), kind) + content)
            self._file.flush()
        except OSError as error:
            raise failed("the recording could not be written", self._path, error) from error
        self.bytes_written += HEAD.size + len(content)


def read(folder: Path) -> Iterator[RunSnapshot]:
    """Every snapshot of a run's recording, whole again; a torn last frame is left out. Raises RecordsDamaged."""
    before: RunSnapshot | None = None
    paths = segments(folder, NAME, ENDING)
    if not paths:
        raise RecordsDamaged(f"{folder}: there is no recording in this folder")
    for number, path in paths:
        for snapshot in _segment(path, is_last=number == len(paths)):
            before = join(snapshot, before)
            yield before


def last(folder: Path) -> RunSnapshot | None:
    """The last snapshot; None when there is none yet."""
    found = deque(read(folder), maxlen=1)
    return found[0] if found else None


def at(folder: Path, second: int) -> RunSnapshot | None:
    """The last snapshot that is not after this second of the run; None when the recording begins later."""
    found: RunSnapshot | None = None
    for snapshot in read(folder):
        if second_of(snapshot) > second:
            break
        found = snapshot
    return found


def _segment(path: Path, *, is_last: bool) -> Iterator[RunSnapshot]:
    unpacker = Unpacker()
    place = 0
    try:
        with opened(path) as file:
            while head := file.read(HEAD.size):
                length, kind = HEAD.unpack(head) if len(head) == HEAD.size else (-1, -1)
                if length > MOST_BYTES:
                    raise RecordsDamaged(
                        f"{path} at byte {place}: not a recording's frame: it would have {length} bytes"
                    )
                content = file.read(length) if length >= 0 else b""
                if len(content) != length:
                    if is_last:
                        return
                    raise RecordsDamaged(f"{path} at byte {place}: a frame is cut short before the recording's end")
                if kind == HEADER:
                    _check(msgspec.msgpack.decode(content, type=RecordingHeader), path)
                elif kind in KINDS:
                    unpacker.take(kind, content)
                    yield _DECODER.decode(unpacker.payload())
                else:
                    raise RecordsDamaged(f"{path} at byte {place}: not a recording's frame")
                place = file.tell()
    except (OSError, zlib.error, Unclear, *UNREADABLE) as error:
        raise RecordsDamaged(f"{path} at byte {place}: not a recording's frame: {one_line(error)}") from error


def _check(header: RecordingHeader, path: Path) -> None:
    if header.schema > SCHEMA_VERSION:
        raise RecordsDamaged(
            f"{path}: schema {header.schema} is newer than this slotfill, which reads {SCHEMA_VERSION}"
        )


_DECODER: "msgspec.msgpack.Decoder[RunSnapshot]" = msgspec.msgpack.Decoder(RunSnapshot)
