"""Every booking of the reports as an attempt: when, by whom, how it ended, and what it came to. Pure."""

import datetime as dt
from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from engine.model.ids import AttemptId, TurnId, WorkerId
from engine.model.ledger import Entry
from engine.model.outcome import Certainty, Outcome, Refusal, certainty_of
from engine.records.historic.moments import began, moments, width
from engine.records.historic.passes import Reports, Sitting
from engine.records.historic.refusal import NO_TABLES, refusal_of
from engine.records.historic.report import Told

KEY = "ultra-fast-"
"""The script's idempotency key is this and the booking's id, the same in every pass."""


class Attempt(msgspec.Struct, frozen=True):
    """One booking in one report."""

    number: AttemptId
    turn: TurnId
    worker: WorkerId
    sitting: Sitting
    told: Told
    booking_id: UUID
    """With zeros behind the eight digits that older reports give."""
    started_ns: int
    ended_ns: int
    outcome: Outcome
    certainty: Certainty
    refusal: Refusal | None
    """None when it was filled."""
    entry: Entry

    @property
    def leg(self) -> int:
        """Of its pass, from 0."""
        return self.sitting.number - 1

    @property
    def key(self) -> str:
        """Its idempotency key."""
        return f"{KEY}{self.booking_id}"


def since(first: dt.datetime, moment: dt.datetime) -> int:
    """Nanoseconds of the run, exact."""
    return (moment - first) // dt.timedelta(microseconds=1) * 1000


def attempts_of(reports: Reports) -> list[Attempt]:
    """All of them, in the order they began."""
    whole = _whole_ids(reports.sittings)
    placed = sorted(_placed(reports), key=lambda one: one[0])
    return [
        _attempt(number, sitting, lane, told, started_ns, whole)
        for number, (started_ns, lane, sitting, told) in enumerate(placed, start=1)
    ]


def _placed(reports: Reports) -> Iterator[tuple[int, int, Sitting, Told]]:
    lanes = _lanes(reports.sittings)
    for sitting, lane in zip(reports.sittings, lanes, strict=True):
        ended_ns = since(reports.began, sitting.report.executed_at)
        for one in moments(sitting.report):
            yield max(0, ended_ns - one.before_ns), lane + one.lane, sitting, one.told


def _attempt(
    number: int, sitting: Sitting, lane: int, told: Told, started_ns: int, whole: dict[tuple[str, str], UUID]
) -> Attempt:
    outcome, certainty, refusal = _ended(told)
    return Attempt(
        number=AttemptId(number),
        turn=TurnId(number),
        worker=WorkerId(lane + 1),
        sitting=sitting,
        told=told,
        booking_id=whole.get((sitting.slug, told.number), UUID(f"{told.number}{'0' * 24}")),
        started_ns=started_ns,
        ended_ns=started_ns + told.took_ns,
        outcome=outcome,
        certainty=certainty,
        refusal=refusal,
        entry=sitting.entry(told, certainty),
    )


def _ended(told: Told) -> tuple[Outcome, Certainty, Refusal | None]:
    if told.success and told.tables:
        return Outcome.FILLED, Certainty.OK, None
    if told.success:
        outcome, refusal = refusal_of(NO_TABLES)
        return outcome, Certainty.OK, refusal
    outcome, refusal = refusal_of(told.words, told.error_code)
    return outcome, certainty_of(refusal), refusal


def _lanes(sittings: Sequence[Sitting]) -> Iterator[int]:
    """The first worker of each report: reports at the same time are of scripts beside one another."""
    busy: list[tuple[dt.datetime, int]] = []
    for one in sittings:
        begins = began(one.report)
        busy = [(until, lanes) for until, lanes in busy if until > begins]
        first = max((lanes for _, lanes in busy), default=0)
        busy.append((one.report.executed_at, first + width(one.report)))
        yield first


def _whole_ids(sittings: Sequence[Sitting]) -> dict[tuple[str, str], UUID]:
    """Whole ids by restaurant and number, as far as any report gives them, be it in a reason."""
    found: dict[tuple[str, str], UUID] = {}
    for sitting in sittings:
        for told in sitting.report.results:
            known = told.whole_id or told.named_id
            if known is not None:
                found.setdefault((sitting.slug, told.number), known)
    return found
