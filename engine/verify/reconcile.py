"""A run's claims, held against what its database has: the whole ledger once more, trusting nothing of the engine."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec

from engine.database import Connection, DatabaseFailed
from engine.model.integrity import Integrity
from engine.model.ledger import Entry, Ledger
from engine.model.verification import Verification
from engine.verify.claims import Claim, Claims, unreadable
from engine.verify.found import Found, Wanted, look
from engine.verify.integrity import check, grew, restaurants_of
from engine.verify.judgement import Judge, Terms

MOST_SUSPECTS = 1000
_GONE = "the database of a later repeat is not there: it was dropped, or the run has only just begun it"
_TTL = timedelta(seconds=180)
"""Of a run that says nothing of it."""
Opens = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a database, and leaves it in the end: a plan may be repeated more often than a server takes connections."""
_NONE: Mapping[int, Opens] = MappingProxyType({})
_BAD = ("lost", "torn", "altered", "duplicate", "phantom")
_OPEN = frozenset({"unresolved", "unverified"})


class RecordsUnfit(Exception):
    """The run's folder lacks what verifying needs. The message is one sentence."""


class _Run(msgspec.Struct):
    """Of `run.json`, what is needed here."""

    run_id: str
    database: str = ""
    data: str = ""
    base_url: str = ""
    settings: dict[str, str] = {}


class _Cleaning(msgspec.Struct):
    """Of `cleaned.json`, whose database it was, and who removed the run's rows there."""

    at: datetime
    who: str
    database: str


class _Repair(msgspec.Struct):
    """Of a line of `repairs.jsonl`, who changed how many rows where."""

    at: datetime
    who: str
    command: str
    database: str
    done: list[msgspec.Raw]


class _Result(msgspec.Struct):
    """Of `result.json`, what can be counted again."""

    attempts: int
    acknowledged: int
    outcomes: dict[str, int]
    certainties: dict[str, int]
    ledger: Ledger


Kind = TypeVar("Kind", _Run, _Result, Integrity, tuple[_Cleaning, ...])


async def verify(
    folder: Path,
    connection: Connection | None,
    *,
    wait_s: float = 5.0,
    goes_on: bool = False,
    repeats: Mapping[int, Opens] = _NONE,
    gone: str = "the run has no database that can be read",
) -> Verification:
    """Reconcile a run, from its folder and its database alone. Writes nothing, neither here nor there.

    `wait_s` bounds how long transactions are waited for that nobody lives to end. `goes_on`: its engine lives, and what
    is in flight is no alarm. `repeats`: the databases of later repeats of the plan, where each has its own; they are
    opened one at a time. Without a connection nothing is verified, and `gone` says why. A connection that is in a
    transaction already is read in that one: what it cannot see stays unverified. Raises JournalDamaged, RecordsUnfit.
    """
    run = _read(folder / "run.json", _Run)
    if run is None:
        raise RecordsUnfit(f"{folder / 'run.json'} is missing, so what the run was is not known")
    claims = await asyncio.to_thread(Claims, folder)
    if claims.run not in ("", run.run_id):
        # Its keys and tags are another's: held against this run's rows, all of it would look lost.
        raise RecordsUnfit(f"{folder}: its journal is not that of run {run.run_id}; put that one back")
    opens: dict[int, Opens] = dict(repeats)
    if connection is not None:
        opens[1] = _already(connection)
    parts = _dealt(claims, run)
    longest, ttl = _seconds(run, "api.longest_request_s"), _seconds(run, "run.hold_ttl_s")
    gone_since = _read(folder / "cleaned.json", tuple[_Cleaning, ...]) or ()
    cleaned = {one.database: f"{one.who} at {one.at:%Y-%m-%d %H:%M:%S}" for one in gone_since}
    found: dict[int, Found] = {}
    integrity = _Grown(_read(folder / "integrity-before.json", Integrity), _slugs(run), ttl or _TTL)
    for number, part in parts.items():
        if number not in opens:
            found[number] = Found(trouble=gone if number == 1 else _GONE)
            continue
        wait = 0.0 if goes_on else wait_s
        wanted = Wanted(run.run_id, part.values(), _slugs(run), bool(run.data), wait, _told_at(claims, part), cleaned)
        async with opens[number]() as one:
            found[number] = await look(one, wanted)
            await integrity.take(one)
    # What a live run did until it was read it had intended before: read again, nothing of that is without an author.
    known = parts
    if goes_on:
        known = _dealt(await asyncio.to_thread(Claims, folder), run)
    terms = Terms(run.run_id, goes_on, claims.opened_at, longest)
    judges = [Judge(terms, part, found[number], known[number]) for number, part in parts.items()]
    ledger = _ledger(judges, claims.attempts.values())
    in_flight = sum(judge.in_flight for judge in judges)
    differences, resolved = ([], []) if goes_on else _against_result(folder, claims, ledger)
    broken = dict(integrity.broken)
    code = 0
    if any(getattr(ledger, word) for word in _BAD) or (broken and not goes_on):
        code = 5
    elif ledger.unresolved > in_flight or ledger.unverified or not ledger.balanced or differences or claims.problems:
        code = 6
    troubles = dict.fromkeys(one.trouble for one in found.values() if one.trouble)
    return Verification(
        run_id=run.run_id,
        databases=tuple(one.database for one in found.values() if one.database),
        at=max((one.at for one in found.values() if one.at), default=None),
        exit_code=code,
        equation=ledger.equation,
        ledger=ledger,
        suspects=tuple(suspect for judge in judges for suspect in judge.suspects)[:MOST_SUSPECTS],
        in_flight=in_flight,
        unanswered=sum(claim.certainty is None for claim in claims.attempts.values()),
        differences=tuple(differences),
        problems=tuple(claims.problems),
        notes=(*troubles, *([claims.torn] if claims.torn else []), *resolved, *_repairs(folder, found.values())),
        broken=broken,
        unchecked=integrity.unchecked,
    )


def _already(connection: Connection) -> Opens:
    return lambda: nullcontext(connection)


def _dealt(claims: Claims, run: _Run) -> dict[int, dict[int, Claim]]:
    """The claims by the repeat in whose database each is to be found: the first one's, where they share it."""
    parts: dict[int, dict[int, Claim]] = defaultdict(dict, {1: {}})
    for attempt, claim in claims.attempts.items():
        claim.through_api = claim.through_api or bool(run.base_url)
        parts[claims.repeats.get(claim.leg, 1) if _is_cloned(run) else 1][attempt] = claim
    return parts


def _told_at(claims: Claims, part: Mapping[int, Claim]) -> datetime | None:
    """When the first of these was told success, as the journal's clock has it."""
    heard = [claim.heard_ns for claim in part.values() if claim.acknowledged]
    if not heard or claims.opened_at is None:
        return None
    return claims.opened_at + timedelta(microseconds=min(heard) // 1000)


def _repairs(folder: Path, found: Iterable[Found]) -> Iterator[str]:
    """Whoever put bookings right in a database that was read: what differs there may be their doing."""
    read = {one.database for one in found}
    path = folder / "repairs.jsonl"
    if not path.exists():
        return
    try:
        if not path.is_file():
            raise RecordsUnfit(f"{path}: could not be read: it is not a file")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RecordsUnfit(f"{path}: could not be read: {error}") from error
    for line in lines:
        try:
            one = msgspec.json.decode(line, type=_Repair)
        except (ValueError, RecursionError):
            continue  # cut short, or nothing that slotfill wrote
        if one.done and one.database in read:
            who = f"{one.command} by {one.who} at {one.at:%Y-%m-%d %H:%M:%S}"
            yield f"{who} changed {len(one.done)} row{'s' * (len(one.done) != 1)}: what differs may be its doing"


def _ledger(judges: Sequence[Judge], claims: Iterable[Claim]) -> Ledger:
    """The counts. Each side of the equation is counted by itself."""
    entries = Counter(entry for judge in judges for entry in judge.entries.values())
    attempts = list(claims)
    counts = {
        **{entry.value: entries[entry] for entry in Entry},
        "attempts": len(attempts),
        "acknowledged": sum(claim.acknowledged for claim in attempts),
        "duplicate": sum(judge.duplicate for judge in judges),
        "phantom": sum(judge.phantom for judge in judges),
    }
    return msgspec.convert({**counts, "balanced": sum(entries.values()) == len(attempts)}, Ledger)


def _against_result(folder: Path, claims: Claims, ledger: Ledger) -> tuple[list[str], list[str]]:
    """In what the result says otherwise, and what it could not know yet when it was written."""
    said = _read(folder / "result.json", _Result)
    if said is None:
        return [], ["there is no result.json: the run did not come to its end"]
    pairs = [
        ("attempts", said.attempts, claims.outcomes.total()),
        ("acknowledged", said.acknowledged, ledger.acknowledged),
    ]
    for name, was, counted in (
        ("outcomes", said.outcomes, claims.outcomes),
        ("certainties", said.certainties, claims.certainties),
    ):
        pairs += [(f"{name}.{key}", was.get(key, 0), counted.get(key, 0)) for key in sorted({*was, *counted})]
    lines = [f"result.json has {name} = {was}, the journal {now}" for name, was, now in pairs if was != now]
    if ledger.unverified:
        return lines, [f"{ledger.unverified} attempts are unverified, so result.json's ledger was not compared"]
    words = ("attempts", "acknowledged", *(entry.value for entry in Entry), "duplicate", "phantom")
    moved = {word: (getattr(said.ledger, word), getattr(ledger, word)) for word in words}
    moved = {word: (was, now) for word, (was, now) in moved.items() if was != now}
    less = {word for word, (was, now) in moved.items() if now < was}
    if less and less <= _OPEN and not moved.keys() & {"attempts", "acknowledged"}:
        # Doubts that time has settled are no disagreement.
        return lines, [f"{word} was {was} when the run ended, and is {now}" for word, (was, now) in moved.items()]
    return [*lines, *(f"result.json has ledger.{word} = {was}, it is {now}" for word, (was, now) in moved.items())], []


class _Grown:
    """Checks that find more than before the run, summed over its databases, and those that could not run."""

    def __init__(self, before: Integrity | None, slugs: list[str], ttl: timedelta) -> None:
        self._before, self._slugs, self._ttl = before, slugs, ttl
        self.broken: Counter[str] = Counter()
        self.unchecked: dict[str, str] = {}

    async def take(self, connection: Connection) -> None:
        """Check one of them."""
        if connection.in_block or not connection.is_open:
            self.unchecked["all"] = "the connection was lost, or is in a transaction that the checks would end"
            return
        try:
            places = await restaurants_of(connection, self._slugs)
            now = await check(connection, [place.id for place in places], self._ttl)
        except DatabaseFailed as error:
            self.unchecked["all"] = str(error)
            return
        self.unchecked |= now.failed
        if self._before is None:
            self.unchecked["before the run"] = "there is no integrity-before.json, so what is new is not known"
        else:
            self.broken.update(grew(self._before, now))


def _is_cloned(run: _Run) -> bool:
    """Whether each repeat of its plan had a database of its own."""
    return bool(run.data) and run.database == f"sf_{run.run_id}"


def _slugs(run: _Run) -> list[str]:
    """The restaurants of the run; none for all."""
    said = [one.strip() for one in run.settings.get("run.restaurants", "all").split(",") if one.strip()]
    return [] if "all" in said else said


def _seconds(run: _Run, key: str) -> timedelta | None:
    """A setting of the run; None where it says nothing of it. Raises RecordsUnfit for what is no length of time."""
    said = run.settings.get(key)
    try:
        return None if said is None else timedelta(seconds=float(said))
    except (ValueError, OverflowError) as error:
        raise RecordsUnfit(f"run.json has {key} = {said}, which is no number of seconds; put it right there") from error


def _read(path: Path, kind: type[Kind]) -> Kind | None:
    try:
        if path.exists() and not path.is_file():
            raise RecordsUnfit(f"{path}: could not be read: it is not a file")
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RecordsUnfit(f"{path}: could not be read: {unreadable(error)}") from error
