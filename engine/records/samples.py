"""Raw latencies: `samples.<step>.u64`, little-endian nanoseconds, and `samples.json` that says so.

Steps that succeeded and refused ones are kept apart, as a fast refusal flatters a merged median. `planner` is no step:
it is what the platform says its planner took in the request, whatever came of it.
"""

import os
import sys
from array import array
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.metrics.samples import timed
from engine.model.event import AttemptEnded
from engine.model.ids import SCHEMA_VERSION
from engine.model.step import Step
from engine.records.reading import content
from engine.records.trouble import RecordsDamaged
from engine.records.writer import FILE_MODE, failed, write_json

PLANNER = "planner"
_WIDTH = 8
_BUFFERED = 4096
_TOOK = {step: step.value for step in Step}
_REFUSED = {step: f"{step.value}.refused" for step in Step}
"""Names are made once: making them took as long as keeping the lengths."""


class SamplesHeader(msgspec.Struct, frozen=True):
    """`samples.json`."""

    schema: int
    unit: str
    count: dict[str, int]
    """Samples by step; `<step>.refused` for those that were refused; `planner`."""
    rounds: dict[str, dict[str, int]] = {}
    """Of a sweep: how many samples of each there were when a round, by its number, began."""


class Samples:
    """Collects lengths and appends them to their files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buffers: dict[str, array[int]] = {}
        self._written: dict[str, int] = {}
        self._rounds: dict[str, dict[str, int]] = {}

    def take(self, event: AttemptEnded) -> None:
        """Every step of an attempt, and its planner time. Raises RecordsFailed when a full buffer cannot be written."""
        for took in timed(event):
            self._put(_REFUSED[took.step] if took.refused else _TOOK[took.step], took.took_ns)
        if event.planner_ns is not None:
            self._put(PLANNER, event.planner_ns)

    def record(self, step: Step, took_ns: int, *, refused: bool = False) -> None:
        """One length. Raises RecordsFailed when a full buffer cannot be written."""
        self._put(_REFUSED[step] if refused else _TOOK[step], took_ns)

    def _put(self, name: str, took_ns: int) -> None:
        buffer = self._buffers.get(name)
        if buffer is None:
            buffer = self._buffers[name] = array("Q")
        buffer.append(took_ns if took_ns > 0 else 0)
        if len(buffer) >= _BUFFERED:
            self._append(name, buffer)

    def begin_round(self, number: int) -> None:
        """What is taken from now on is that round's."""
        names = {*self._buffers, *self._written}
        self._rounds[str(number)] = {
            name: self._written.get(name, 0) + len(self._buffers.get(name, ())) for name in sorted(names)
        }

    def flush(self, *, synced: bool = True) -> None:
        """Write what is buffered, and the header. Raises RecordsFailed.

        Not `synced` where attempts are at work: they would stand still until the disk has it.
        """
        for name, buffer in self._buffers.items():
            self._append(name, buffer)
        header = SamplesHeader(SCHEMA_VERSION, "ns", dict(self._written), dict(self._rounds))
        write_json(self._folder / "samples.json", header, synced=synced)

    def lengths(self) -> "dict[str, array[int]]":
        """All of them so far, written and read back. Raises RecordsFailed, RecordsDamaged."""
        self.flush()
        return read(self._folder)

    def _append(self, name: str, buffer: "array[int]") -> None:
        path = _path(self._folder, name)
        whole = self._written.get(name, 0) * _WIDTH
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            with os.fdopen(handle, "wb") as file:
                # At its place and not at the end: a write that was cut short before is written over.
                file.seek(whole)
                file.write(_little(buffer).tobytes())
        except OSError as error:
            raise failed("samples could not be written", path, error) from error
        self._written[name] = self._written.get(name, 0) + len(buffer)
        del buffer[:]


def read(folder: Path) -> "dict[str, array[int]]":
    """Every sample by step, `<step>.refused` for refused ones; a torn last one is left out. Raises RecordsDamaged."""
    samples: dict[str, array[int]] = {}
    for path in sorted(folder.glob("samples.*.u64")):
        values = array("Q")
        try:
            raw = content(path)
        except OSError as error:
            raise RecordsDamaged(f"{path}: could not be read: {error.strerror or error}") from error
        values.frombytes(raw[: len(raw) // _WIDTH * _WIDTH])
        samples[path.name.removeprefix("samples.").removesuffix(".u64")] = _little(values)
    return samples


def read_rounds(folder: Path, samples: "Mapping[str, array[int]]") -> "dict[int, dict[str, array[int]]]":
    """The samples of each round of a sweep, by its number; none of other runs. Raises RecordsDamaged."""
    path = folder / "samples.json"
    if not path.exists():
        return {}
    try:
        rounds = msgspec.json.decode(content(path), type=SamplesHeader).rounds
        numbers = sorted(map(int, rounds))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordsDamaged(f"{path}: could not be read: {error}") from error
    found: dict[int, dict[str, array[int]]] = {}
    for place, number in enumerate(numbers):
        after = numbers[place + 1] if place + 1 < len(numbers) else None
        begins, ends = rounds[str(number)], {} if after is None else rounds[str(after)]
        found[number] = {
            name: taken
            for name, values in samples.items()
            if (taken := values[begins.get(name, 0) : len(values) if after is None else ends.get(name, 0)])
        }
    return found


def _path(folder: Path, name: str) -> Path:
    return folder / f"samples.{name}.u64"


def _little(values: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values
