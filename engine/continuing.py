"""Going on with a run that stopped or crashed: what was in flight is settled by proof before anything else is done.

Nobody of the dead run works any more, and the server says what became of each transaction. Whoever goes on settles it
anew, for every run before him: the same proof gives the same answer, so one that was killed meanwhile leaves nothing
undone and nothing done twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from engine.clock import Clock
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.held import read_held
from engine.metrics.ledger import ledger
from engine.metrics.unfinished import Progress, Unfinished, progress, settled, unfinished
from engine.model.continued import Continued, Settled
from engine.model.event import Event
from engine.model.ids import RunId
from engine.model.ledger import Entry, Reading
from engine.records.archive import RunEntry, find
from engine.records.cleaned import read_cleaned
from engine.records.journal import ENDING, NAME, read
from engine.records.segments import segments
from engine.repair.left import GivenUp, StillWorking, give_up, quieten
from engine.verify.ledger import fates


class Undecided(Exception):
    """What became of something cannot be told, so nothing may be done after it. One sentence; nothing was changed."""


class Behind(NamedTuple):
    """What lies behind a run that goes on: every run before it, oldest first."""

    plan: str
    legs: tuple[Unfinished, ...]
    through_api: bool
    ended_at: datetime | None
    """Wall time, UTC, of the last thing that the last of them said; None when it said nothing."""

    @property
    def last(self) -> Unfinished:
        """The run that is gone on with."""
        return self.legs[-1]

    @property
    def runs(self) -> tuple[RunId, ...]:
        """All of them."""
        return tuple(leg.run for leg in self.legs)

    @property
    def has_in_flight(self) -> bool:
        """Whether anything of any of them was in flight."""
        return any(leg.in_flight for leg in self.legs)


class Place(NamedTuple):
    """Where it is settled."""

    connection: Connection
    clock: Clock
    contexts: Sequence[Mapping[str, str]] = ({},)
    """Session settings of each group of restaurants that row security shows together."""
    longest_s: float = 0.0
    """How long somebody else's API may work on a request whose answer nobody waits for; 0 where none is."""


def behind(root: Path, entry: RunEntry) -> Behind:
    """What the run, and those it went on with, had done. Raises RecordsDamaged, RunNotFound."""
    entries = _chain(root, entry)
    manifest = entry.manifest
    through_api = bool(manifest and manifest.base_url)
    legs = tuple(unfinished(RunId(one.run_id), _events(one.path), through_api=through_api) for one in entries)
    ended_at = None
    if manifest is not None and legs[-1].last_ns:
        ended_at = datetime.fromisoformat(manifest.started_at) + timedelta(microseconds=legs[-1].last_ns / 1000)
    return Behind(manifest.plan if manifest else "", legs, through_api, ended_at)


def _chain(root: Path, entry: RunEntry) -> list[RunEntry]:
    """The run and those it went on with, oldest first. Raises RunNotFound."""
    entries = [entry]
    while (manifest := entries[0].manifest) is not None and manifest.continues:
        entries.insert(0, find(root, manifest.continues))
    return entries


def removed_since(root: Path, entry: RunEntry) -> str:
    """That somebody took rows of it, or of a run it went on with, away on purpose; empty when nobody did.

    Raises RecordsDamaged, RunNotFound.
    """
    for one in _chain(root, entry):
        for done in read_cleaned(one.path):
            if done.removed or done.restored:
                when = f"{done.at:%Y-%m-%d %H:%M:%S}"
                return f"the rows of run {one.run_id} were removed from {done.database} by {done.who} at {when}"
    return ""


def _events(folder: Path) -> Callable[[], Iterable[Event]]:
    """The journal. An engine that was killed before it had one had sent nothing: what is sent is written down first."""
    return lambda: read(folder) if segments(folder, NAME, ENDING) else []


async def settle(found: Behind, place: Place) -> tuple[Progress, Continued]:
    """What is gone on from, once what was in flight is settled and what came to nothing is undone.

    Raises Undecided, and then nothing was changed; DatabaseFailed.
    """
    try:
        ended = await quieten(place.connection, found.runs, place.clock)
    except StillWorking as error:
        raise Undecided(f"run {found.last.run} cannot be gone on with yet: {error}; end it, and try again") from error
    undone = GivenUp((), 0)
    if found.through_api:
        await _outwait(found, place)
        # What is still pending is cancelled before it is looked at: the API's own background work could come between.
        undone = await give_up(
            place.connection, found.runs, [one for leg in found.legs for one in leg.in_flight], place.contexts
        )
    known = await fates(place.connection, _doubtful(found))
    readings = [await _reading(place, leg) for leg in found.legs]
    became = [
        settled(leg, reading, known, decided=leg is not found.last)
        for leg, reading in zip(found.legs, readings, strict=True)
    ]
    _refuse_undecided(found, became[-1])
    if not found.through_api:
        lost = [
            one
            for leg, attempts in zip(found.legs, became, strict=True)
            for one, end in zip(leg.in_flight, attempts, strict=True)
            if not end.took_effect
        ]
        undone = await give_up(place.connection, found.runs, lost, place.contexts)
    last_ns = found.last.last_ns
    continued = Continued(
        run=found.last.run,
        # Whatever was unheard is over by now, so this reading is after the longest time a server had for it.
        ledger=ledger(found.last.words, readings[-1], known, read_ns=last_ns + 1),
        in_flight=tuple(became[-1]),
        cancelled=undone.cancelled,
        released=undone.released,
        ended=ended,
    )
    return progress(zip(found.legs, became, strict=True), found.plan), continued


async def _outwait(found: Behind, place: Place) -> None:
    """Wait until no server can work any more on a request of the dead run."""
    if found.ended_at is None or not found.last.in_flight:
        return
    left_s = place.longest_s - (place.clock.wall() - found.ended_at).total_seconds()
    # A wall clock that was set back must not make it wait for longer than a server may work.
    wait_ns = round(min(left_s, place.longest_s) * 1e9)
    await place.clock.sleep_until(place.clock.now_ns() + max(0, wait_ns))


def _doubtful(found: Behind) -> set[int]:
    """Transactions whose end somebody has to tell."""
    unheard = {one.xid for leg in found.legs for one in leg.in_flight if one.xid is not None}
    return unheard | found.last.words.doubtful


async def _reading(place: Place, leg: Unfinished) -> Reading:
    """Everything the run made or was about, as it is now. Raises DatabaseFailed."""
    try:
        return await read_held(place.connection, leg.run, leg.words.bookings, leg.words.acknowledged, place.contexts)
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"what run {leg.run} left could not be read: {describe(error)}") from error


def _refuse_undecided(found: Behind, attempts: Sequence[Settled]) -> None:
    """Raises Undecided when something in flight may still come true, or may have and nobody can tell."""
    open_ = [one for one in attempts if one.entry is Entry.UNRESOLVED]
    if not open_:
        return
    named = ", ".join(f"#{one.attempt} of booking {one.booking_id}: {one.why}" for one in open_[:3])
    more = f", and {len(open_) - 3} more" if len(open_) > 3 else ""
    raise Undecided(
        f"run {found.last.run} cannot be gone on with: what became of {len(open_)} attempts in flight cannot be told "
        f"({named}{more}); nothing was changed: see to it, or start a new run"
    )
