"""One run as `compare` takes it: what it was asked for, what it is like, and whether it can be trusted. Pure."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum

import msgspec

from engine.judge.bookings import FAILED, Asked, Taken, taken
from engine.judge.fingerprints import IMPORT, Facts, traits
from engine.judge.latencies import Measured
from engine.judge.proportions import wilson
from engine.judge.rates import Had, Key
from engine.model.comparison import Ends, Reading, Share, Side
from engine.model.event import Event
from engine.model.ledger import Ledger
from engine.model.levels import Level
from engine.model.report import Pass, Result
from engine.model.run_state import RunState

LEAST = 20
"""Bookings below which not even a difference of 40 points can be told from chance."""
LATE = "the engine's own loop was late"
"""How the alert begins that says so (engine/ending.py)."""


class By(Enum):
    """How a booking is recognised in another run."""

    SLOT = "slot"
    """By what it asks for."""
    ID = "id"
    """By its row, which was there before both."""
    DIGITS = "digits"
    """By the first eight digits of that id: older reports have no more."""


class Subject(msgspec.Struct, frozen=True):
    """One run."""

    facts: Facts
    taken: Taken
    ledger: Ledger
    traits: Mapping[str, str]
    refusals: tuple[str, ...]
    alerts: tuple[str, ...]
    knows_persisted: bool
    fills_per_s: float | None = None
    fills: tuple[float, ...] = ()
    """The same of each run of an arm."""
    passes: tuple[Pass, ...] = ()
    tables: Mapping[str, int] = {}
    """How many each restaurant has; none where that is not recorded."""
    levels: tuple[Level, ...] = ()
    """Of a sweep."""

    @property
    def label(self) -> str:
        """What it is called in a sentence."""
        return f"{self.facts.run_id} ({self.facts.name})" if self.facts.name else self.facts.run_id

    @property
    def is_import(self) -> bool:
        """Made of reports."""
        return self.facts.plan == IMPORT

    @property
    def is_late(self) -> bool:
        """Its lengths are partly its own client's."""
        return any(one.startswith(LATE) for one in self.alerts)

    @property
    def repeats(self) -> int:
        """How often its plan was run."""
        return max((one.repeat for one in self.taken.asked), default=1)

    @property
    def bookings(self) -> int:
        """Different ones that it was asked for."""
        return len({one.slot for one in self.taken.asked})

    @property
    def restaurants(self) -> tuple[str, ...]:
        """Slugs, in the order of the plan."""
        return tuple(dict.fromkeys(one.slot.restaurant for one in self.taken.asked))

    @property
    def has_ids(self) -> bool:
        """Its bookings were there before it."""
        return all(one.booking_id is not None for one in self.taken.asked)

    def had(self, by: By, has: Callable[[Asked], bool], restaurant: str = "") -> dict[Key, Had]:
        """Each booking: in how many of its repeats it has what is asked."""
        found: dict[Key, Had] = {}
        for one in self.taken.asked:
            if restaurant in ("", one.slot.restaurant):
                key = key_of(one, by)
                before = found.get(key, Had(0, 0))
                found[key] = Had(before.count + has(one), before.of + 1)
        return found

    def measured(self, by: By, step: str, reading: Reading, restaurant: str = "") -> list[Measured]:
        """A step's lengths, of bookings that succeeded; of what only failures have, of those."""
        return [
            Measured(key_of(one, by), one.repeat, one.began_ns, one.took[step])
            for one in self.taken.asked
            if step in one.took
            and restaurant in ("", one.slot.restaurant)
            and (step == FAILED or succeeded(one, reading))
        ]

    def side(self, reading: Reading) -> Side:
        """It in a table."""
        share = _share(self, reading)
        return Side(
            run_id=self.facts.run_id,
            name=self.facts.name,
            plan=self.facts.plan,
            started_at=self.facts.started_at,
            concurrency=self.traits.get("run.concurrency", ""),
            repeats=self.repeats,
            bookings=self.bookings,
            success=share,
            interval=Ends(*wilson(share.count, share.of)),
            claimed=_share(self, Reading.CLAIMED),
            with_tables=_share(self, Reading.TABLES),
            persisted=_share(self, Reading.PERSISTED) if self.knows_persisted else None,
            fills_per_s=self.fills_per_s,
            refusals=self.refusals,
            alerts=self.alerts,
        )


def subject(facts: Facts, result: Result, events: Iterable[Event]) -> Subject:
    """A run from its manifest, its result and its journal."""
    found = taken(events, result.ledger)
    kept = result.ledger
    bad = kept.lost + kept.torn + kept.altered + kept.unresolved
    # An import's list has what nobody can tell as well, and what is proven first.
    is_named = bad <= len(kept.stories) or kept.lost < len(kept.stories)
    known = result.persisted is not None and not kept.unverified and is_named
    return Subject(
        facts=facts,
        taken=found,
        ledger=kept,
        traits=traits(facts, found.concurrencies, found.changed),
        refusals=tuple(_refusals(facts, result, found, is_named=is_named)),
        alerts=tuple(result.alerts),
        knows_persisted=known,
        fills_per_s=result.fills_per_s,
        fills=() if result.fills_per_s is None else (result.fills_per_s,),
        passes=tuple(result.passes),
        tables={slug: house.tables for slug, house in result.houses.items()},
        levels=tuple(result.levels) if result.sweep is not None else (),
    )


def succeeded(one: Asked, reading: Reading) -> bool:
    """Whether it did, by that reading."""
    match reading:
        case Reading.PERSISTED:
            return one.persisted
        case Reading.TABLES:
            return one.tables
        case Reading.CLAIMED:
            return one.claimed


def key_of(one: Asked, by: By) -> Key:
    """What a booking is recognised by."""
    match by:
        case By.SLOT:
            return tuple(one.slot)
        case By.ID:
            return one.slot.restaurant, one.booking_id
        case By.DIGITS:
            return one.slot.restaurant, str(one.booking_id)[:8]


def recognised(first: Subject, other: Subject) -> By:
    """How the bookings of one are found in the other."""
    if not (first.has_ids and other.has_ids):
        return By.SLOT
    return By.DIGITS if first.is_import or other.is_import else By.ID


def _refusals(facts: Facts, result: Result, found: Taken, *, is_named: bool) -> Iterable[str]:
    kept = result.ledger
    who = f"run {facts.run_id}"
    if result.state != RunState.FINISHED.value:
        yield f"{who} is {result.state}, so not all of its plan was run"
    if not kept.balanced:
        yield f"{who}: its ledger does not balance: {kept.equation}"
    if kept.unresolved:
        yield f"{who}: {kept.unresolved} attempts are unresolved: nobody knows whether they were booked"
    if kept.unverified:
        yield f"{who}: {kept.unverified} attempts are unverified: nothing proves that their bookings stayed"
    if result.persisted is None and facts.plan != IMPORT:
        yield f"{who}: what its database held at the end could not be read"
    if not is_named:
        yield f"{who}: its ledger names {len(kept.stories)} of the bookings that are not as claimed, and there are more"
    if found.unsure:
        yield f"{who}: {kept.recovered} attempts are recovered, and which of {found.unsure} is not recorded"
    bookings = len({one.slot for one in found.asked})
    if bookings < LEAST:
        yield f"{who} has {bookings} bookings: too little data; {LEAST} are the least"


def _share(of: Subject, reading: Reading) -> Share:
    return Share(sum(succeeded(one, reading) for one in of.taken.asked), len(of.taken.asked))
