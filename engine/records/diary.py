"""What of a run's journal an operator may want to go back to: acts, alerts, errors; read as the journal grows."""

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine.metrics.event_lines import line_of
from engine.metrics.series import SECOND_NS
from engine.model.event import Event
from engine.model.snapshot import EventLine
from engine.records.journal import ENDING, NAME
from engine.records.reading import UNREADABLE, lines, opened
from engine.records.segments import segment_path
from engine.records.trouble import RecordsDamaged

# Most lines of a journal are these, and none is a place to go back to: they are not even decoded.
_PASSED_OVER = tuple(
    f'{{"type":"{name}"'.encode()
    for name in ("Intended", "Reconciled", "WaitsSampled", "WorkerMoved", "TurnEnded", "JournalHeader")
)
_FILLED = "filled"


class _Beginning(msgspec.Struct):
    """As much of an event as tells whether it is wanted."""

    type: str
    at_ns: int = 0
    outcome: str = ""


class Diary:
    """Lines in the order they happened. Of refusals and failures the first of each second and class is kept:
    pictures are a second apart, and a storm of one failure is one place to go to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lines: list[EventLine] = []
        self._number = 1
        self._place = 0
        """Bytes of the segment that were read, uncompressed."""
        self._second = -1
        self._kept: set[tuple[str, str]] = set()
        """Classes that this second has a line of."""

    def read_on(self) -> int:
        """Take in what was written since; how many lines came. Raises RecordsDamaged when there is no journal."""
        before = len(self.lines)
        try:
            while True:
                # Looked for before reading: then nothing more will be written to the older segment.
                goes_on = self._opened(self._number + 1) is not None
                if not self._read_segment() and self._number == 1 and not self._place:
                    raise RecordsDamaged(f"{self._folder}: there is no journal in this folder")
                if not goes_on:
                    return len(self.lines) - before
                self._number, self._place = self._number + 1, 0
        except (OSError, EOFError, zlib.error) as error:
            raise RecordsDamaged(f"{self._folder}: the journal could not be read: {error}") from error

    def _opened(self, number: int) -> BinaryIO | gzip.GzipFile | None:
        path = segment_path(self._folder, NAME, number, ENDING)
        for _ in range(2):  # it may be compressed between one look and the next
            try:
                return opened(path)
            except FileNotFoundError:
                packed = path.with_name(f"{path.name}.gz")
                if packed.exists():
                    opened(packed).close()  # raises for what is no file, which gzip would wait for
                    return gzip.open(packed, "rb")
        return None

    def _read_segment(self) -> bool:
        file = self._opened(self._number)
        if file is None:
            return False
        with file:
            file.seek(self._place)
            for line in lines(file):
                if not line.endswith(b"\n"):
                    break  # still being written, or torn: it is read again when it is whole
                self._place += len(line)
                if not line.startswith(_PASSED_OVER):
                    self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        try:
            beginning = _BEGINNINGS.decode(line)
            if beginning.outcome == _FILLED:
                return
            if beginning.at_ns // SECOND_NS != self._second:
                self._second = beginning.at_ns // SECOND_NS
                self._kept.clear()
            if beginning.outcome:
                key = beginning.type, beginning.outcome
                if key in self._kept:
                    return
                self._kept.add(key)
            made = line_of(_EVENTS.decode(line), lambda _: "")
        except UNREADABLE:
            return  # `slotfill events` says so; here it is a line less to go to
        if made is not None:
            self.lines.append(made)


_BEGINNINGS: "msgspec.json.Decoder[_Beginning]" = msgspec.json.Decoder(_Beginning)
_EVENTS: "msgspec.json.Decoder[Event]" = msgspec.json.Decoder(Event)
