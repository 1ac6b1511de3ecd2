"""`result.json`: what a run came to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from engine.metrics.samples import latency_of
from engine.metrics.tally import Tally
from engine.model.alert import AlertFace
from engine.model.continued import Continued
from engine.model.event import AttemptEnded, Event, RunPlanned
from engine.model.figures import Latency
from engine.model.ids import SCHEMA_VERSION, TurnId
from engine.model.ledger import Ledger
from engine.model.levels import Level, Sweep
from engine.model.outcome import Outcome
from engine.model.report import Burst, IntegrityCounts, Pass, RestaurantFigures, Result, Retry, SlotEnd
from engine.model.run_state import RunState
from engine.model.snapshot import LegFace
from engine.model.step import Step
from engine.model.verdict import Experiment, House
from engine.records.archive import RESULT, Manifest
from engine.records.levels import RoundSamples
from engine.records.page import report_md
from engine.records.reading import content
from engine.records.result_paths import backlog_of, path_counts, planner_of, seat_waste_of
from engine.records.verdict import judged
from engine.records.writer import write_json, write_text

_FILLED = Outcome.FILLED.word
_STEPS = {step.value: number for number, step in enumerate(Step)}

EVIDENCE = {
    "attempts": "journal.*.jsonl",
    "outcomes": "journal.*.jsonl",
    "refusals": "journal.*.jsonl",
    "latency_ms": "samples.*.u64",
    "paths": "journal.*.jsonl",
    "planner": "samples.planner.u64",
    "settings": "run.json",
    "waits": "journal.*.jsonl",
}


class Persisted(msgspec.Struct, frozen=True):
    """This run's confirmed bookings that have tables, as the database held them at the end."""

    total: int
    shares: dict[tuple[int, str], int] = {}
    """By leg and restaurant, as far as the journal knows the booking."""


class Ending(msgspec.Struct, frozen=True):
    """How a run ended, as the engine knows it and events do not."""

    state: RunState
    reason: str
    ended_at: str
    """Wall time, UTC, ISO 8601."""
    ended_ns: int
    exit_code: int
    persisted: Persisted | None = None
    """None when the database could not be read."""
    alerts: tuple[str, ...] = ()
    raised: tuple[AlertFace, ...] = ()
    ledger: Ledger = Ledger()
    integrity: IntegrityCounts | None = None
    faults: tuple[str, ...] = ()
    burst: Burst | None = None
    continued: Continued | None = None
    levels: Sequence[Level] = ()
    sweep: Sweep | None = None
    experiment: Mapping[str, Experiment] = {}
    houses: dict[str, House] = {}


def persisted_of(bookings: Collection[UUID], events: Iterable[Event]) -> Persisted:
    """What `Target.persisted` read, shared out by the legs and restaurants that the journal's events name.

    A booking that several legs attempted belongs to the last one that was told it succeeded.
    """
    restaurants: dict[TurnId, str] = {}
    owners: dict[UUID, tuple[int, str]] = {}
    for event in events:
        if isinstance(event, RunPlanned):
            restaurants.update((turn.id, turn.restaurant) for turn in event.turns)
        elif (
            isinstance(event, AttemptEnded)
            and event.booking_id in bookings
            and (event.acknowledged or event.booking_id not in owners)
        ):
            turn = event.ids.turn
            owners[event.booking_id] = event.ids.leg, "" if turn is None else restaurants.get(turn, "")
    shares: dict[tuple[int, str], int] = {}
    for share in owners.values():
        shares[share] = shares.get(share, 0) + 1
    return Persisted(len(bookings), shares)


def build_result(manifest: Manifest, ending: Ending, tally: Tally, samples: Mapping[str, Sequence[int]]) -> Result:
    """The result; `samples` are the raw lengths by step, as `samples.read` gives them."""
    now_ns = ending.ended_ns
    counts = tally.counts(now_ns)
    shares = tally.shares()
    persisted = None if ending.persisted is None else ending.persisted.shares
    claims = tally.acknowledged()
    face = tally.paths(now_ns)
    return Result(
        schema=SCHEMA_VERSION,
        run_id=manifest.run_id,
        plan=manifest.plan,
        target=manifest.target,
        database=manifest.database,
        state=ending.state.value,
        reason=ending.reason,
        started_at=manifest.started_at,
        ended_at=ending.ended_at,
        exit_code=ending.exit_code,
        settings=dict(manifest.settings),
        fingerprint=dict(manifest.fingerprint),
        evidence=dict(EVIDENCE),
        attempts=counts.attempts,
        acknowledged=sum(claims.values()),
        outcomes={figures.outcome: figures.count for figures in tally.outcomes(now_ns)},
        certainties=counts.certainties,
        refusals=_refusals(tally),
        retries={word: Retry(tried, exhausted) for word, (tried, exhausted) in tally.retries().items()},
        success_rate=_rate(counts.filled, counts.attempts),
        by_restaurant=_by_restaurant(shares, claims, persisted, None, tally),
        passes=[_pass(face, shares, claims, persisted) for face in tally.all_legs()],
        latency_ms=_latencies(samples),
        fills_per_s=counts.fills_per_s,
        effective_concurrency=counts.effective_concurrency,
        seat_waste=seat_waste_of(face, _rate(counts.seat_waste, counts.filled), counts.seat_waste),
        tables_per_booking=_rate(counts.tables, counts.filled),
        slots=_slots(tally),
        persisted=None if ending.persisted is None else ending.persisted.total,
        ledger=ending.ledger,
        integrity=ending.integrity,
        faults=list(ending.faults),
        burst=ending.burst,
        continued=ending.continued,
        levels=list(ending.levels),
        sweep=ending.sweep,
        experiment=dict(ending.experiment),
        houses=ending.houses,
        waits=list(tally.waits()),
        alerts=list(ending.alerts),
        alerts_raised=list(ending.raised),
        paths=path_counts(face.paths),
        late=face.late,
        planner=planner_of(samples),
        backlog=backlog_of(face),
    )


def write_result(
    folder: Path, result: Result, samples: Mapping[str, Sequence[int]], rounds: RoundSamples | None = None
) -> None:
    """Judge, and write `report.md` and `result.json`, the latter last: who finds it finds all. Raises RecordsFailed."""
    result = judged(folder, result, samples)
    write_text(folder / "report.md", report_md(result, samples, rounds))
    write_json(folder / RESULT, result)


def read_result(folder: Path) -> Result | None:
    """What a run came to; None while it goes on, when its engine died, and when the file cannot be read."""
    try:
        return msgspec.json.decode(content(folder / RESULT), type=Result)
    except (OSError, ValueError, RecursionError):
        return None


def _refusals(tally: Tally) -> dict[str, dict[str, int]]:
    steps: dict[str, dict[str, int]] = {}
    for figures in tally.refusals():
        words = steps.setdefault(figures.step.value, {})
        words[figures.outcome] = words.get(figures.outcome, 0) + figures.count
    return dict(sorted(steps.items(), key=lambda item: _STEPS[item[0]]))


def _by_restaurant(
    shares: Mapping[tuple[int, str], Mapping[str, int]],
    claims: Mapping[tuple[int, str], int],
    persisted: Mapping[tuple[int, str], int] | None,
    leg: int | None,
    tally: Tally | None = None,
) -> dict[str, RestaurantFigures]:
    """Every restaurant's share of a leg, or of the run where none is named; with its paths where a tally is given."""
    figures = {}
    for wanted in sorted({slug for there, slug in shares if leg in (None, there)}):
        mine = [words for (there, slug), words in shares.items() if slug == wanted and leg in (None, there)]
        attempts = sum(sum(words.values()) for words in mine)
        filled = sum(words.get(_FILLED, 0) for words in mine)
        confirmed = sum(n for (there, slug), n in claims.items() if slug == wanted and leg in (None, there))
        paths = tally.paths_of(wanted) if tally is not None else ()
        there_now, late = _persisted(persisted, leg, wanted), sum(path.late for path in paths)
        rate = _rate(filled, attempts)
        figures[wanted] = RestaurantFigures(attempts, confirmed, there_now, rate, path_counts(paths), late)
    return figures


def _persisted(shares: Mapping[tuple[int, str], int] | None, leg: int | None, slug: str | None) -> int | None:
    if shares is None:
        return None
    return sum(count for (there, where), count in shares.items() if leg in (None, there) and slug in (None, where))


def _pass(
    face: LegFace,
    shares: Mapping[tuple[int, str], Mapping[str, int]],
    claims: Mapping[tuple[int, str], int],
    persisted: Mapping[tuple[int, str], int] | None,
) -> Pass:
    leg = face.leg
    outcomes: dict[str, int] = {}
    for (there, _slug), words in shares.items():
        if there == leg:
            for word, count in words.items():
                outcomes[word] = outcomes.get(word, 0) + count
    return Pass(
        number=face.number,
        repeat=face.repeat,
        attempts=sum(outcomes.values()),
        confirmed=face.acknowledged,
        persisted=_persisted(persisted, leg, None),
        by_restaurant=_by_restaurant(shares, claims, persisted, leg),
        outcomes=outcomes,
        pending=face.pending,
        swept_holds=face.swept_holds,
        cleared_zone_locks=face.cleared_zone_locks,
    )


def _latencies(samples: Mapping[str, Sequence[int]]) -> dict[str, Latency]:
    known = sorted((name for name in samples if name in _STEPS), key=lambda name: _STEPS[name])
    return {name: latency_of(samples[name]) for name in known}


def _slots(tally: Tally) -> list[SlotEnd]:
    return [
        SlotEnd(
            face.day,
            face.slot,
            face.party,
            face.attempts,
            face.filled,
            face.end.value if face.end else None,
            face.restaurant,
        )
        for face in tally.slots()
    ]


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
