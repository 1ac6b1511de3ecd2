"""Searching a journal for a few lines: by the block and before anything is decoded, as a run may have a million."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine.model.event import Event
from engine.records.journal import ENDING, NAME, JournalHeader
from engine.records.reading import LONGEST_LINE, UNREADABLE, opened
from engine.records.segments import segments
from engine.records.trouble import RecordsDamaged, one_line

BLOCK = 1 << 20
"""A block is searched in half a millisecond, so that whoever shares the interpreter is not held up."""
_DECODER: "msgspec.json.Decoder[JournalHeader | Event]" = msgspec.json.Decoder(JournalHeader | Event)


def blocks(folder: Path) -> Iterator[bytes]:
    """The journal's bytes in order, each block of whole lines; half a line at the very end is left out.

    Raises RecordsDamaged when there is none, or when it cannot be read.
    """
    paths = segments(folder, NAME, ENDING)
    if not paths:
        raise RecordsDamaged(f"{folder}: there is no journal in this folder")
    for _, path in paths:
        rest = b""
        try:
            with _opened(path) as file:
                while block := file.read(BLOCK):
                    whole, _, rest = (rest + block).rpartition(b"\n")
                    if len(rest) > LONGEST_LINE:
                        raise RecordsDamaged(f"{path}: a line has over {LONGEST_LINE // BLOCK} MB")
                    if whole:
                        yield whole + b"\n"
        except (OSError, EOFError, zlib.error) as error:
            raise RecordsDamaged(f"{path}: could not be read: {error}") from error


def events_with(block: bytes, needles: Iterable[bytes]) -> list[Event]:
    """Events of a block in whose lines any of these bytes stands, in their order. Raises RecordsDamaged."""
    found: dict[int, bytes] = {}
    for needle in needles:
        at = block.find(needle)
        while at >= 0:
            begin = block.rfind(b"\n", 0, at) + 1
            end = block.find(b"\n", at)
            end = len(block) if end < 0 else end
            found[begin] = block[begin:end]
            at = block.find(needle, end)
    events: list[Event] = []
    for begin in sorted(found):
        try:
            read = _DECODER.decode(found[begin])
        except UNREADABLE as error:
            raise RecordsDamaged(f"not a journal's line: {one_line(error)}") from error
        if not isinstance(read, JournalHeader):
            events.append(read)
    return events


def _opened(path: Path) -> "BinaryIO | gzip.GzipFile":
    if path.suffix != ".gz":
        try:
            return opened(path)
        except FileNotFoundError:  # it was compressed since the folder was listed
            path = path.with_name(f"{path.name}.gz")
    opened(path).close()  # raises for what is no file, which gzip would wait for
    return gzip.open(path, "rb")
