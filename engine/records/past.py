"""A run's recording as it grows: any moment of it within milliseconds, whatever the run's length.

Frames are read once, in order, and of each only its place and its moment are kept, its new event lines, and its series
in the history. A moment is then one stretch of changes unpacked, a minute's at most, and one frame decoded.
"""

import struct
import threading
import zlib
from array import array
from bisect import bisect_left, bisect_right
from pathlib import Path

import msgspec

from engine.metrics.series import SECOND_NS
from engine.model.ids import SCHEMA_VERSION
from engine.model.snapshot import EventLine, RunSnapshot
from engine.records.differences import Unclear
from engine.records.frames import EVENTS, series_of
from engine.records.history import History
from engine.records.packing import HEADER, KINDS, OPENING, WHOLE, Unpacker
from engine.records.patches import MOST_BYTES
from engine.records.reading import UNREADABLE, opened
from engine.records.recording import ENDING, HEAD, NAME, RecordingHeader
from engine.records.segments import segment_path
from engine.records.trouble import RecordsDamaged, one_line

_ALONE = (WHOLE, OPENING)


class _Series(msgspec.Struct):
    series: tuple[int | None, ...] = ()


class _Step(msgspec.Struct):
    step: str
    series: tuple[int | None, ...] = ()


class _Outcome(msgspec.Struct):
    outcome: str
    series: tuple[int | None, ...] = ()


class _Paths(msgspec.Struct):
    planner: _Series = msgspec.field(default_factory=_Series)
    in_flight_series: tuple[int, ...] = ()
    waste_series: tuple[int | None, ...] = ()
    backlog_series: tuple[int, ...] = ()


class _Run(msgspec.Struct):
    elapsed_ns: int


class _Look(msgspec.Struct):
    """As much of a frame as the index needs: decoding all of it would take three times as long."""

    run: _Run
    steps: tuple[_Step, ...]
    outcomes: tuple[_Outcome, ...]
    fills: tuple[int, ...]
    conflicts: _Series
    events: tuple[EventLine, ...]
    paths: _Paths = msgspec.field(default_factory=_Paths)


class Past:
    """The pictures of one run. Reads may come from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History()
        self.trouble = ""
        """What of the recording could not be read; empty when all could."""
        self.torn_bytes = 0
        """Bytes at the end that are no whole frame: torn when the engine died, still being written while it lives."""
        self._events: list[EventLine] = []
        self._moments = array("q")
        self._segments = array("q")
        self._places = array("q")
        self._wholes = array("q")
        """For each frame, the one from which unpacking has to begin."""
        self._event_counts = array("q")
        self._number = 1
        self._place = 0
        self._newest: Unpacker | None = None
        """At the newest frame; None where that was damaged."""
        self._unpacked: tuple[int, Unpacker] = (-1, Unpacker())
        """The frame that was unpacked last: the next one is a step from it."""
        self._closing: RunSnapshot | None = None
        self._one = threading.Lock()

    @classmethod
    def of(cls, folder: Path, snapshot: RunSnapshot) -> "Past":
        """A past of one picture."""
        made = cls(folder)
        made.close_with(snapshot)
        return made

    # -- reading ---------------------------------------------------------------------------------------------

    def read_on(self) -> int:
        """Take in the frames that were written since; how many they were. Raises RecordsDamaged where there is none.

        A damaged frame costs the pictures up to the next whole one, a minute at most; `trouble` then says so.
        """
        path = segment_path(self.folder, NAME, self._number, ENDING)
        if self._number == 1 and not self._place and not path.is_file():
            raise RecordsDamaged(f"{self.folder}: there is no recording in this folder")
        before = len(self._moments)
        while True:
            # Looked for before reading: what the older segment lacks then will never come.
            following = segment_path(self.folder, NAME, self._number + 1, ENDING)
            goes_on = following.is_file()
            self._read_segment(path)
            if not goes_on:
                return len(self._moments) - before
            if self.torn_bytes:
                self._damaged(path, "a frame is cut short before the recording's end")
            self.torn_bytes = 0
            self._number, self._place, self._newest, path = self._number + 1, 0, None, following

    def _read_segment(self, path: Path) -> None:
        try:
            with opened(path) as file:
                file.seek(self._place)
                while head := file.read(HEAD.size):
                    length, kind = HEAD.unpack(head) if len(head) == HEAD.size else (0, -1)
                    if kind >= 0 and (length > MOST_BYTES or kind not in KINDS):
                        self._damaged(path, "not a recording's frame")
                        file.seek(0, 2)  # the lengths lead nowhere from here on
                        self._place = file.tell()
                        break
                    content = file.read(length)
                    if kind < 0 or len(content) != length:
                        self.torn_bytes = len(head) + len(content)
                        return
                    with self._one:
                        self._take(path, kind, content)
                        self._place = file.tell()
                self.torn_bytes = 0
        except OSError as error:
            raise RecordsDamaged(f"{path}: could not be read: {error.strerror or error}") from error

    def _take(self, path: Path, kind: int, content: bytes) -> None:
        try:
            if kind == HEADER:
                header = msgspec.msgpack.decode(content, type=RecordingHeader)
                if header.schema > SCHEMA_VERSION:
                    raise RecordsDamaged(
                        f"{path}: schema {header.schema} is newer than this slotfill, which reads {SCHEMA_VERSION}"
                    )
                return
            if kind in _ALONE:
                self._newest = Unpacker()
            if self._newest is None:
                return  # the frame it changes was damaged
            self._newest.take(kind, content)
            look = _LOOKS.decode(self._newest.payload())
        except (zlib.error, Unclear, *UNREADABLE) as error:
            self._newest = None
            self._damaged(path, f"not a recording's frame: {one_line(error)}")
            return
        frame = len(self._moments)
        self._events += look.events
        self._segments.append(self._number)
        self._places.append(self._place)
        self._wholes.append(frame if kind in _ALONE else self._wholes[-1])
        self._event_counts.append(len(self._events))
        self.history.take(look.run.elapsed_ns // SECOND_NS, series_of(look))
        # Last, as a moment that is there has all of this.
        self._moments.append(look.run.elapsed_ns)

    def _damaged(self, path: Path, what: str) -> None:
        self.trouble = self.trouble or f"{path.name} at byte {self._place}: {what}; pictures of up to a minute are lost"

    def close_with(self, end: RunSnapshot) -> None:
        """Put a last picture behind the frames: nothing is recorded any more."""
        with self._one:
            self.history.take(end.run.elapsed_ns // SECOND_NS, series_of(end))
            self._closing = end

    # -- moments ---------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether there is no picture yet."""
        return not self._moments and self._closing is None

    @property
    def begins_ns(self) -> int:
        """The first picture's moment."""
        return self._moments[0] if self._moments else self.ends_ns

    @property
    def ends_ns(self) -> int:
        """The last picture's moment."""
        if self._closing is not None:
            return self._closing.run.elapsed_ns
        return self._moments[-1] if self._moments else 0

    def before(self, at_ns: int) -> int:
        """The moment of the last picture that is not after this one; of the first where there is none."""
        if at_ns >= self.ends_ns:
            return self.ends_ns
        place = bisect_right(self._moments, at_ns) - 1
        return self._moments[place] if place >= 0 else self.begins_ns

    def after(self, at_ns: int) -> int:
        """The moment of the first picture that is not before this one; of the last where there is none."""
        place = bisect_left(self._moments, at_ns)
        return self._moments[place] if place < len(self._moments) else self.ends_ns

    def nearest(self, at_ns: int) -> int:
        """The moment of the picture nearest to this one."""
        low, high = self.before(at_ns), self.after(at_ns)
        return low if at_ns - low <= high - at_ns else high

    def stepped(self, at_ns: int, by_ns: int) -> int:
        """The moment of the picture nearest to so far on or back, but of another one where there is one.

        Pictures are a second and a little apart: a second back is the picture before, and never skips one.
        """
        here = self.before(at_ns)
        nearest = self.nearest(here + by_ns)
        if by_ns >= 0:
            return max(nearest, self.after(here + 1))
        place = bisect_left(self._moments, here) - 1
        return min(nearest, self._moments[place] if place >= 0 else self.begins_ns)

    def at(self, at_ns: int) -> RunSnapshot:
        """The last picture that is not after that moment, whole; the first where there is none.

        Raises RecordsDamaged when it cannot be read any more, or there is none at all.
        """
        with self._one:
            closing = self._closing
            if closing is not None and (at_ns >= closing.run.elapsed_ns or not self._moments):
                return closing
            if not self._moments:
                raise RecordsDamaged(f"{self.folder}: the recording has no picture yet")
            frame = max(0, bisect_right(self._moments, at_ns) - 1)
            payload = self._payload(frame)
            try:
                snapshot: RunSnapshot = _SNAPSHOTS.decode(payload)
            except UNREADABLE as error:
                raise RecordsDamaged(
                    f"{self.folder}: the recording's picture is none of ours: {one_line(error)}"
                ) from error
            count = self._event_counts[frame]
            snapshot = msgspec.structs.replace(snapshot, events=tuple(self._events[max(0, count - EVENTS) : count]))
            return self.history.joined(snapshot)

    def _payload(self, frame: int) -> bytes:
        begin, unpacker = self._wholes[frame], Unpacker()
        if begin <= self._unpacked[0] <= frame:
            begin, unpacker = self._unpacked[0] + 1, self._unpacked[1]
        # Not the unpacker's place any more, should it fail on its way.
        self._unpacked = -1, Unpacker()
        path = segment_path(self.folder, NAME, self._segments[frame], ENDING)
        try:
            with path.open("rb") as file:
                for each in range(begin, frame + 1):
                    file.seek(self._places[each])
                    length, kind = HEAD.unpack(file.read(HEAD.size))
                    unpacker.take(kind, file.read(length))
            payload = unpacker.payload()
        except (OSError, zlib.error, struct.error, Unclear, *UNREADABLE) as error:
            raise RecordsDamaged(f"{path}: a frame that was there cannot be read any more: {error}") from error
        self._unpacked = frame, unpacker
        return payload


_LOOKS: "msgspec.msgpack.Decoder[_Look]" = msgspec.msgpack.Decoder(_Look)
_SNAPSHOTS: "msgspec.msgpack.Decoder[RunSnapshot]" = msgspec.msgpack.Decoder(RunSnapshot)
