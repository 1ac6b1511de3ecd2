"""The journal: every intent before it is sent, every outcome, every operator's act, as JSON lines."""

import asyncio
import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from engine.clock import Clock
from engine.model.event import Event
from engine.model.ids import SCHEMA_VERSION
from engine.records.reading import UNREADABLE, lines, opened
from engine.records.segments import compress, segment_path, segments
from engine.records.trouble import RecordsDamaged, RecordsFailed, RecordsFull, one_line
from engine.records.writer import FILE_MODE, failed
from engine.redact import mask_event

NAME, ENDING = "journal", "jsonl"
SEGMENT_BYTES = 64 * 1024 * 1024
SYNC_EVERY_NS = 200_000_000


class Place(NamedTuple):
    """A place in a journal, before one of its lines or at its end: reading can begin there."""

    segment: int
    """Its number, from 1."""
    offset: int
    """Bytes of the segment before it, as they were written."""


class JournalHeader(msgspec.Struct, frozen=True, tag=True):
    """The first line of every segment."""

    schema: int
    run: str
    segment: int
    opened_at: str
    """Wall time, UTC, ISO 8601."""


class Journal:
    """Writes events. What `write` returned from survives the death of this process; power loss costs 200 ms at most."""

    def __init__(
        self, folder: Path, run: str, clock: Clock, *, fsync: str = "batched", segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        """Begin a new segment in the folder, after those there are. Raises RecordsFailed."""
        self._folder = folder
        self._run = run
        self._clock = clock
        self._each = fsync == "each"
        self._segment_bytes = segment_bytes
        self._encoder = msgspec.json.Encoder()
        self._line = bytearray()
        self._closed: list[tuple[int, Path]] = []
        """Segments that are full: to be synced, closed and compressed off the loop."""
        self._dirty = False
        self._syncing = asyncio.Lock()
        """Two callers would close one segment twice."""
        self.bytes_written = 0
        self.compress_trouble = ""
        """Why the last closed segment is not compressed; empty when it is."""
        self._file = -1
        self._path = folder
        self._size = 0
        self._torn = False
        """Half a line is at the end of the segment and could not be taken back yet."""
        earlier = segments(folder, NAME, ENDING)
        self._number = len(earlier)
        if earlier and not _mend(earlier[-1][1]):
            self._number -= 1
        self._begin()

    def write(self, event: Event) -> None:
        """Write one event, masked, in one call to the system before this returns.

        Raises RecordsFull or RecordsFailed; then the event is not in the journal, and nothing of it is.
        """
        if self._size >= self._segment_bytes:
            self._begin()
        self._put(mask_event(event))

    @property
    def place(self) -> Place:
        """The end of what was written so far."""
        return Place(self._number, self._size)

    async def keep_synced(self) -> None:
        """Until cancelled: sync every 200 ms what was written, and compress full segments, both in a thread.

        Raises RecordsFailed when the disk does not take it.
        """
        while True:
            await self._clock.sleep_until(self._clock.now_ns() + SYNC_EVERY_NS)
            await self.sync()

    async def sync(self) -> None:
        """Sync what was written and finish full segments, in a thread. Raises RecordsFailed."""
        async with self._syncing:
            await self._sync()

    async def _sync(self) -> None:
        while self._closed:
            # Taken off the list only afterwards, so that a cancel in between leaves it to `close`.
            handle, path = self._closed[0]
            finishing = asyncio.ensure_future(asyncio.to_thread(self._finish, handle, path))
            try:
                await asyncio.shield(finishing)
            except asyncio.CancelledError:
                await finishing
                raise
            finally:
                if finishing.done():
                    self._closed.pop(0)
        if self._dirty:
            self._dirty = False
            try:
                # Its own handle: the segment may be full and closed while the thread still syncs.
                handle = os.dup(self._file)
            except OSError:
                # There is none left. What was written the system has already; its sync waits for the next time.
                self._dirty = True
            else:
                await asyncio.to_thread(self._sync_and_close, handle, self._path)

    def close(self) -> None:
        """Sync and close everything; the last segment stays uncompressed. Raises RecordsFailed."""
        if self._file < 0:
            return
        waiting, self._closed = [*self._closed, (self._file, self._path)], []
        self._file = -1
        for handle, path in waiting:
            self._sync_and_close(handle, path)

    def _begin(self) -> None:
        """Go on in a new segment, or stay in the old one and raise."""
        number = self._number + 1
        path = segment_path(self._folder, NAME, number, ENDING)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            raise failed("the journal could not be begun", path, error) from error
        before = self._file, self._path, self._size, self._torn
        self._file, self._path, self._size, self._torn = file, path, 0, False
        try:
            self._put(JournalHeader(SCHEMA_VERSION, self._run, number, self._clock.wall().isoformat()))
        except RecordsFailed:
            self._file, self._path, self._size, self._torn = before
            os.close(file)
            path.unlink(missing_ok=True)
            raise
        self._number = number
        if before[0] >= 0:
            self._closed.append(before[:2])

    def _put(self, line: Event | JournalHeader) -> None:
        if self._torn:
            self._cut_back()
        buffer = self._line
        self._encoder.encode_into(line, buffer)
        buffer += b"\n"
        try:
            written = os.write(self._file, buffer)
            if self._each:
                os.fsync(self._file)
        except OSError as error:
            self._cut_back()
            raise failed("the journal could not be written", self._path, error) from error
        if written != len(buffer):
            self._cut_back()
            raise RecordsFull(
                f"{self._path}: the journal took {written} of {len(buffer)} bytes, so its disk is full; free some space"
            )
        self._size += written
        self.bytes_written += written
        self._dirty = True

    def _cut_back(self) -> None:
        """Take back what came of a line that was cut short, so that the next one begins a line."""
        self._torn = True
        try:
            os.ftruncate(self._file, self._size)
        except OSError as error:
            raise failed("half a line could not be taken back", self._path, error) from error
        self._torn = False

    def _finish(self, handle: int, path: Path) -> None:
        self._sync_and_close(handle, path)
        try:
            compress(path)
        except OSError as error:
            # Not worth ending a run: the segment is complete, it only takes more room.
            self.compress_trouble = f"{path} stays uncompressed: {error.strerror or error}"
        else:
            self.compress_trouble = ""

    @staticmethod
    def _sync_and_close(handle: int, path: Path) -> None:
        try:
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise failed("the journal could not be synced", path, error) from error


class Reading:
    """The events of a journal, read as they are asked for."""

    def __init__(self, folder: Path, since: Place | None = None) -> None:
        self._folder = folder
        self._since = since
        self.torn = False
        """Whether the last line of the last segment was cut short and left out; known once all was read."""
        self.headers: list[JournalHeader] = []
        """Of the segments read so far."""

    def __iter__(self) -> Iterator[Event]:
        paths = segments(self._folder, NAME, ENDING)
        if not paths:
            raise RecordsDamaged(f"{self._folder}: there is no journal in this folder")
        for number, path in paths:
            if self._since is None or number >= self._since.segment:
                yield from self._segment(number, path, is_last=number == len(paths))

    def _segment(self, number: int, path: Path, *, is_last: bool) -> Iterator[Event]:
        place = 0
        try:
            with _opened(path) as file:
                skipped = self._skip(number, file)
                for place, line in enumerate(lines(file), start=1 + skipped):
                    try:
                        read = _DECODER.decode(line)
                    except UNREADABLE as error:
                        if is_last and not line.endswith(b"\n"):
                            self.torn = True
                            return
                        raise RecordsDamaged(f"{path} line {place}: not a journal's line: {one_line(error)}") from error
                    if isinstance(read, JournalHeader) == (place != 1):
                        raise RecordsDamaged(f"{path} line {place}: the header must be the first line, and only that")
                    if isinstance(read, JournalHeader):
                        self._check(read, number, path)
                    else:
                        yield read
        except (OSError, EOFError, zlib.error) as error:
            raise RecordsDamaged(f"{path} after line {place}: could not be read: {error}") from error
        if place == 0 and not skipped:
            if not is_last:
                raise RecordsDamaged(f"{path} line 1: the segment is empty")
            self.torn = True

    def _skip(self, number: int, file: BinaryIO | gzip.GzipFile) -> int:
        """Go to the place where reading begins; lines that are behind it, the header at least: 0 when none is."""
        if self._since is None or number != self._since.segment or not self._since.offset:
            return 0
        return file.read(self._since.offset).count(b"\n")

    def _check(self, header: JournalHeader, number: int, path: Path) -> None:
        if header.schema > SCHEMA_VERSION:
            raise RecordsDamaged(
                f"{path} line 1: schema {header.schema} is newer than this slotfill, which reads {SCHEMA_VERSION}"
            )
        if header.segment != number:
            raise RecordsDamaged(f"{path} line 1: this is segment {header.segment}, renamed")
        self.headers.append(header)


def read(folder: Path, since: Place | None = None) -> Reading:
    """The journal in a run's folder, from a place on. Reading raises RecordsDamaged, naming file and line."""
    return Reading(folder, since)


_DECODER: "msgspec.json.Decoder[JournalHeader | Event]" = msgspec.json.Decoder(JournalHeader | Event)


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    if path.suffix == ".gz":
        return _unpacked(path)
    try:
        return opened(path)
    except FileNotFoundError:  # it was compressed since the folder was listed
        return _unpacked(path.with_name(f"{path.name}.gz"))


def _unpacked(path: Path) -> gzip.GzipFile:
    opened(path).close()  # raises for what is no file, which gzip would wait for
    return gzip.open(path, "rb")


def _mend(path: Path) -> bool:
    """Put right the end of a segment that a killed process left, as only a last segment may be torn.

    False when nothing was left of it and it is gone.
    """
    if path.suffix == ".gz":
        return True
    try:
        with path.open("r+b") as file:
            kept, line = 0, b""
            for line in lines(file):
                kept += len(line) if line.endswith(b"\n") else 0
            if line and not line.endswith(b"\n") and _is_whole(line):
                file.write(b"\n")
                return True
            file.truncate(kept)
        if kept == 0:
            path.unlink()
    except OSError as error:
        raise failed("the journal's end could not be mended", path, error) from error
    return kept > 0


def _is_whole(line: bytes) -> bool:
    try:
        _DECODER.decode(line)
    except UNREADABLE:
        return False
    return True
