"""What a run claims: its journal, read once more by code that shares nothing with the one that keeps it."""

import gzip
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from engine.model.ids import SCHEMA_VERSION
from engine.model.outcome import Certainty
from engine.model.step import Step

_SEGMENT = re.compile(r"journal\.(\d{6})\.jsonl(\.gz)?")
_WRITES = frozenset({Step.SUBMIT, Step.HOLD, Step.CONFIRM, Step.COMMIT})
"""Steps that change something, so that nothing of them may leave before its intent is written."""

_MOST_QUOTED = 300
_LONGEST_NAME = 40
"""Of a run, as its header has it; ours have eight characters."""
_WHERE = re.compile(r" - at `\$[^`]*`$")
"""How a reader's words end that say where in the line it was; a value that they quote ends in a quotation mark."""
_LONGEST_LINE = 16 * 1024 * 1024
"""The longest that runs write have some hundred kilobytes."""


class JournalDamaged(Exception):
    """The journal cannot be believed. The message names file and line."""


class _Ids(msgspec.Struct):
    leg: int = 0
    attempt: int | None = None
    attempt_try: int | None = None
    step: Step | None = None


class Span(msgspec.Struct):
    """For when tables are taken."""

    start: datetime
    end: datetime


class _Refusal(msgspec.Struct):
    step: Step


class _Header(msgspec.Struct, tag="JournalHeader"):
    schema: int
    run: str
    segment: int
    opened_at: datetime


class _Planned(msgspec.Struct, tag="RunPlanned"):
    ids: _Ids
    repeat: int = 1


class _Intended(msgspec.Struct, tag="Intended"):
    at_ns: int
    ids: _Ids
    key: str
    booking_id: UUID
    tables: tuple[str, ...] = ()
    xid: int | None = None


class _Ended(msgspec.Struct, tag="AttemptEnded"):
    ids: _Ids
    ended_ns: int
    outcome: str
    certainty: Certainty
    booking_id: UUID
    steps: list[tuple[Step, int, int, int, bool]]
    tables: tuple[str, ...] = ()
    party: int = 0
    xid: int | None = None
    refusal: _Refusal | None = None
    path: str | None = None
    window: Span | None = None


class _Missed(msgspec.Struct, tag="Missed"):
    at_ns: int
    ids: _Ids


class _Any(msgspec.Struct):
    type: str


_TYPES = (_Header, _Planned, _Intended, _Ended, _Missed)
_DECODERS = {str(one.__struct_config__.tag): msgspec.json.Decoder(one) for one in _TYPES}
_KIND = msgspec.json.Decoder(_Any)


class Claim(msgspec.Struct):
    """One attempt: its last word, or what it sent last where it has none."""

    attempt: int
    leg: int
    booking_id: UUID
    key: str = ""
    wanted: tuple[str, ...] = ()
    """Tables of its last intent."""
    step: Step | None = None
    """The step that decided; without a last word the one that was sent last."""
    xid: int | None = None
    certainty: Certainty | None = None
    """None: it has no last word."""
    outcome: str = ""
    tables: tuple[str, ...] = ()
    party: int = 0
    window: Span | None = None
    through_api: bool = False
    heard_ns: int = 0
    """When it ended; without a last word when it sent last."""
    missed_ns: int | None = None

    @property
    def acknowledged(self) -> bool:
        """The platform said success."""
        return self.certainty is Certainty.OK


class Claims:
    """Everything a journal says that a database can be held to."""

    def __init__(self, folder: Path) -> None:
        """Reads it whole. Raises JournalDamaged."""
        self.attempts: dict[int, Claim] = {}
        self.repeats: dict[int, int] = {}
        """Of each leg, which repeat of the plan it is part of."""
        self.outcomes: Counter[str] = Counter()
        self.certainties: Counter[str] = Counter()
        self.run = ""
        self.opened_at: datetime | None = None
        self.torn = ""
        """The record that was cut short at the very end, in words; empty when none was."""
        self.problems: list[str] = []
        """Where the journal breaks its law: each write is intended before it is sent, and an end is the last."""
        self._intents: dict[int, dict[tuple[Step, int], list[int]]] = defaultdict(lambda: defaultdict(list))
        self._commits: dict[int, set[int | None]] = defaultdict(set)
        for line in self._lines(folder):
            self._take(line)

    def _lines(self, folder: Path) -> Iterator[msgspec.Struct]:
        found = {
            int(m[1]): path for path in sorted(folder.iterdir(), reverse=True) if (m := _SEGMENT.fullmatch(path.name))
        }
        if not found:
            raise JournalDamaged(f"{folder}: there is no journal in this folder")
        for number in range(1, max(found) + 1):
            if number not in found:
                raise JournalDamaged(f"{folder / f'journal.{number:06d}.jsonl'}: this segment is missing")
            yield from self._segment(number, found[number], is_last=number == max(found))

    def _segment(self, number: int, path: Path, *, is_last: bool) -> Iterator[msgspec.Struct]:
        place = 0
        for place, line in enumerate(_raw(path), start=1):
            try:
                kind = _KIND.decode(line).type
                read = _DECODERS[kind].decode(line) if kind in _DECODERS else None
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                if is_last and not line.endswith(b"\n"):
                    self.torn = f"{path.name} line {place}: the last record was cut short after {len(line)} bytes"
                    return
                raise JournalDamaged(f"{path} line {place}: not a journal's line: {unreadable(error)}") from error
            if (kind == "JournalHeader") != (place == 1):
                raise JournalDamaged(f"{path} line {place}: the header must be the first line, and only that")
            if isinstance(read, _Header):
                if read.segment != number or read.schema > SCHEMA_VERSION or self.run not in ("", read.run):
                    run = read.run if len(read.run) <= _LONGEST_NAME and read.run.isprintable() else "?"
                    what = f"segment {read.segment} of run {run}, schema {read.schema}"
                    raise JournalDamaged(f"{path} line 1: this is {what}: it does not belong here")
                self.run, self.opened_at = read.run, self.opened_at or read.opened_at
            elif read is not None:
                yield read
        if place == 0:
            if not is_last:
                raise JournalDamaged(f"{path} line 1: the segment is empty")
            self.torn = f"{path.name}: the segment is empty"

    def _take(self, said: msgspec.Struct) -> None:
        match said:
            case _Planned():
                self.repeats[said.ids.leg] = said.repeat
            case _Intended(ids=_Ids(attempt=int(attempt))):
                self._intended(attempt, said)
            case _Ended(ids=_Ids(attempt=int(attempt))):
                self._ended(attempt, said)
            case _Missed(ids=_Ids(attempt=int(attempt))) if attempt in self.attempts:
                self.attempts[attempt].missed_ns = said.at_ns

    def _intended(self, attempt: int, said: _Intended) -> None:
        one = self.attempts.setdefault(attempt, Claim(attempt, said.ids.leg, said.booking_id))
        if one.certainty is not None:
            self.problems.append(f"attempt {attempt} sent {said.ids.step} after its last word")
            return
        one.booking_id, one.key, one.wanted, one.step = said.booking_id, said.key, said.tables, said.ids.step
        one.xid, one.heard_ns = said.xid, said.at_ns
        if said.ids.step is not None:
            self._intents[attempt][said.ids.step, said.ids.attempt_try or 0].append(said.at_ns)
        if said.ids.step is Step.COMMIT:
            self._commits[attempt].add(said.xid)

    def _ended(self, attempt: int, said: _Ended) -> None:
        one = self.attempts.setdefault(attempt, Claim(attempt, said.ids.leg, said.booking_id))
        if one.certainty is not None:
            self.problems.append(f"attempt {attempt} has two last words: {one.outcome}, then {said.outcome}")
            return
        intents, commits = self._intents.pop(attempt, {}), self._commits.pop(attempt, set())
        for step, number, started_ns, *_ in said.steps:
            if step in _WRITES:
                written = intents.get((step, number), [])
                if not written or written.pop(0) > started_ns:
                    self.problems.append(f"attempt {attempt} sent {step}, and no intent of that was written before")
        if said.xid is not None and said.xid not in commits:
            self.problems.append(f"attempt {attempt} ended with transaction {said.xid}, whose COMMIT it never intended")
        one.booking_id, one.xid, one.heard_ns = said.booking_id, said.xid, said.ended_ns
        one.certainty, one.outcome, one.tables = said.certainty, said.outcome, said.tables
        one.party, one.window, one.through_api = said.party, said.window, said.path is not None
        one.step = None if said.refusal is None else said.refusal.step
        self.outcomes[said.outcome] += 1
        self.certainties[said.certainty] += 1


def unreadable(error: Exception) -> str:
    """Why something could not be read, in one line.

    What it quotes of a file is whole or not there: half a password is not found by its value any more.
    """
    why = " ".join(str(error).split())
    if len(why) <= _MOST_QUOTED or isinstance(error, OSError):
        return why
    where = _WHERE.search(why)
    return f"a value of over {_MOST_QUOTED - 100} characters does not belong there{where[0] if where else ''}"


def _raw(path: Path) -> Iterator[bytes]:
    try:
        if path.suffix != ".gz" and not path.exists():  # it was compressed since the folder was listed
            path = path.with_name(f"{path.name}.gz")
        if not path.is_file():
            raise JournalDamaged(f"{path}: could not be read: it is not a file")
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE + 1):
                if len(line) > _LONGEST_LINE:
                    raise JournalDamaged(f"{path}: could not be read: a line has over {_LONGEST_LINE // 2**20} MB")
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise JournalDamaged(f"{path}: could not be read: {error}") from error
