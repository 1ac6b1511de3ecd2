"""A queue that may grow for as long as a run goes on: its two ends are in memory, and what is between them on disk."""

import errno
import os
import tempfile
import weakref
from collections import deque
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from engine.records.trouble import RecordsFailed
from engine.records.writer import failed

BLOCK = 1_000
"""So many things are written and read at once."""
KEPT = 8 * BLOCK
_ROOM = 4_096
"""Room for a block is a multiple of it, so that the room of one that was read serves the next."""

Thing = TypeVar("Thing")


class _Block(NamedTuple):
    place: int
    length: int
    things: int


class Spool(Generic[Thing]):
    """First in, first out. Its file has no name and goes with the process; without a folder all stays in memory."""

    def __init__(self, kind: type[Thing], folder: Path | None = None, kept: int = KEPT, block: int = BLOCK) -> None:
        """As long as there are no more than `kept` nothing is written; then `block` at once."""
        self._folder = folder
        self._kept = kept
        self._block = block
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[list[Thing]] = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]
        self._head: deque[Thing] = deque()
        self._blocks: deque[_Block] = deque()
        self._tail: list[Thing] = []
        self._on_disk = 0
        self._file: int | None = None
        self._closes: weakref.finalize[..., Spool[Thing]] | None = None
        self._end = 0
        self._free: list[_Block] = []

    def __len__(self) -> int:
        return len(self._head) + self._on_disk + len(self._tail)

    def append(self, one: Thing) -> None:
        """Put it at the end. Raises RecordsFailed when there is no room on disk."""
        if not self._blocks and not self._tail and (self._folder is None or len(self._head) < self._kept):
            self._head.append(one)
            return
        self._tail.append(one)
        if len(self._tail) >= self._block:
            self._write(self._tail)
            self._tail = []

    def popleft(self) -> Thing:
        """Take the first one. Raises IndexError when there is none, RecordsFailed."""
        self._bring(1)
        return self._head.popleft()

    def first(self, count: int) -> list[Thing]:
        """So many from the beginning, or all; they stay. Raises RecordsFailed."""
        self._bring(count)
        return list(islice(self._head, count))

    def all(self) -> list[Thing]:
        """Take everything out. Raises RecordsFailed."""
        self._bring(len(self))
        found = list(self._head)
        self.clear()
        return found

    def close(self) -> None:
        """Let go of the file, and of what is in it."""
        self.clear()
        if self._closes is not None:
            self._closes()
            self._file = self._closes = None

    def clear(self) -> None:
        """There is nothing in it any more."""
        self._head.clear()
        self._blocks.clear()
        self._tail = []
        self._on_disk = self._end = 0
        self._free = []

    def _bring(self, count: int) -> None:
        """Have so many at the beginning in memory, as far as there are."""
        while len(self._head) < count and self._blocks:
            self._head.extend(self._read(self._blocks.popleft()))
        if len(self._head) < count and self._tail:
            self._head.extend(self._tail)
            self._tail = []

    def _write(self, things: list[Thing]) -> None:
        content = self._encoder.encode(things)
        wanted = -(-len(content) // _ROOM) * _ROOM
        free = next((one for one in self._free if one.length >= wanted), None)
        place, room = (self._end, wanted) if free is None else (free.place, free.length)
        try:
            written = os.pwrite(self._opened(), content, place)
            if written != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301
        except OSError as error:
            raise failed("what waits to be read back could not be put aside", self._where, error) from error
        if free is None:
            self._end += room
        else:
            self._free.remove(free)
        self._blocks.append(_Block(place, len(content), len(things)))
        self._on_disk += len(things)

    def _read(self, block: _Block) -> list[Thing]:
        if self._file is None:
            raise AssertionError("a block is in the file it was written to")
        try:
            things = self._decoder.decode(os.pread(self._file, block.length, block.place))
        except OSError as error:
            raise failed("what was put aside could not be read back", self._where, error) from error
        except msgspec.DecodeError as error:
            raise RecordsFailed(f"{self._where}: what was put aside was changed on the disk: {error}") from error
        self._on_disk -= block.things
        self._free.append(_Block(block.place, -(-block.length // _ROOM) * _ROOM, 0))
        if not self._blocks:
            self._end, self._free = 0, []
        return things

    def _opened(self) -> int:
        if self._file is None:
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".waiting.")
            # Without a name it goes with whoever has it open, however that ends.
            Path(name).unlink()
            self._file = handle
            self._closes = weakref.finalize(self, os.close, handle)
        return self._file

    @property
    def _where(self) -> Path:
        return self._folder or Path()
