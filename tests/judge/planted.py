"""Figures of runs as they would be left by one pathology or another."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from engine.judge.evidence import MANIFEST, RESULT, Left
from engine.judge.facts import Facts
from engine.judge.verdict import verdict
from engine.model.client_floor import ClientFloor
from engine.model.event import AttemptEnded, Event, LegEnded, Refused, StepTook
from engine.model.figures import SeatWaste
from engine.model.ids import AttemptId, Ids, RunId, WorkerId
from engine.model.ledger import Entry, Ledger, Story
from engine.model.levels import Fit, Sweep
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.report import IntegrityCounts, Pass, Result
from engine.model.round import ClientLoad
from engine.model.step import Step
from engine.model.verdict import Claim, Experiment, Verdict
from engine.model.waits import Counters, WaitCell, Waits

RUN = RunId("0a1b2c3d")
MS = 1_000_000
STEPS = {"submit": 2, "quote": 1, "hold": 2, "confirm": 4, "commit": 1}
CHECKS = (
    "confirmed_without_tables", "tables_without_confirmation", "ledger_without_tables", "zone_locks_on_pending",
    "leaked_holds", "shadow_allocations", "stale_allocations", "finished_bookings_blocking",
)  # fmt: skip


def attempt(
    number: int, outcome: str = "filled", steps: Mapping[str, int] = STEPS, *, gap_ms: int = 0, rest_ms: int = 0
) -> AttemptEnded:
    """One worker's, one after the other; `gap_ms` between them, `rest_ms` of it in no step. Lengths in ms."""
    took = (sum(steps.values()) + rest_ms) * MS
    began = number * (took + gap_ms * MS)
    return AttemptEnded(
        at_ns=began + took,
        ids=Ids(RUN, 0, WorkerId(0), None, AttemptId(number)),
        due_ns=began,
        started_ns=began,
        ended_ns=began + took,
        outcome=outcome,
        certainty=Certainty.OK if outcome in ("filled", "replay") else Certainty.FAIL,
        booking_id=UUID(int=number),
        ordinal=number,
        tries=1,
        steps=tuple(StepTook(Step(step), 1, began, ms * MS) for step, ms in steps.items()),
        tables=("MD-01",) if outcome == "filled" else (),
    )


def refused(step: str, outcome: str, sqlstate: str | None = None, message: str = "no", count: int = 4) -> list[Refused]:
    refusal = Refusal(Step(step), Phase.ANSWERED, message, sqlstate)
    return [Refused(n, Ids(RUN, 0, WorkerId(0), None, AttemptId(n)), refusal, outcome) for n in range(count)]


def attempts(outcomes: Mapping[str, int], **how: Any) -> list[Event]:
    words = [word for word, count in outcomes.items() for _ in range(count)]
    return [attempt(number, word, **how) for number, word in enumerate(words)]


def waits(cells: Mapping[tuple[str, str], int], **more: Any) -> Waits:
    told = tuple(WaitCell(step, wait, count, count / 100) for (step, wait), count in cells.items())
    return Waits(leg=0, samples=100, hz=10, seconds=10.0, sessions=3.0, cells=told, **more)


def ledger(attempts: int, stories: Iterable[tuple[Entry, str]] = (), **counts: Any) -> Ledger:
    told = tuple(Story(UUID(int=1), entry, 1, ("MD-01",), "pending", (), cause) for entry, cause in stories)
    rest = attempts - sum(counts.values())
    return Ledger(attempts=attempts, acknowledged=attempts, persisted=rest, stories=told, **counts)


def sweep(sigma: float, *, levels: int = 8, repeats: int = 3, **more: Any) -> Sweep:
    fit = Fit("attempts", 100.0, sigma, (sigma - 0.05, sigma + 0.05), 0.0, (0.0, 0.0), 0.02, None, levels, repeats)
    return Sweep(order=[], rule="", basis="whole", detectable="", fits=[fit], **more)


def experiment(step: str, elasticity: float) -> dict[str, Experiment]:
    near = Experiment(step, 20.0, elasticity, elasticity - 0.1, elasticity + 0.1, 3)
    other = "submit" if step != "submit" else "commit"
    return {step: near, other: Experiment(other, 20.0, 0.05, 0.01, 0.09, 3)}


def result(outcomes: Mapping[str, int], integrity: Mapping[str, int] | None = None, **more: Any) -> Result:
    """A result; `integrity` what checks find afterwards, `before` what they found before."""
    total = sum(outcomes.values())
    before: Mapping[str, int] = more.pop("before", {})
    plain: dict[str, Any] = {
        "schema": 1, "run_id": RUN, "plan": "fill", "target": "embedded", "database": "sf", "state": "finished",
        "reason": "", "started_at": "", "ended_at": "", "exit_code": 0, "settings": {"run.hold_ttl_s": "180.0"},
        "fingerprint": {}, "evidence": {}, "attempts": total, "acknowledged": total, "outcomes": dict(outcomes),
        "certainties": {}, "refusals": {}, "retries": {}, "success_rate": None, "by_restaurant": {},
        "passes": [Pass(1, 1, total, total, total, {}, dict(outcomes))], "latency_ms": {}, "fills_per_s": None,
        "effective_concurrency": 1.0, "seat_waste": SeatWaste(None, 0), "tables_per_booking": None, "slots": [],
        "ledger": ledger(total), "persisted": total, "faults": [], "burst": None, "alerts": [],
        "integrity": IntegrityCounts(
            {name: before.get(name, 0) for name in CHECKS}, {name: (integrity or {}).get(name, 0) for name in CHECKS}
        ),
    }  # fmt: skip
    return Result(**(plain | more))


def judge(
    found: Result,
    events: Iterable[Event] = (),
    floor: ClientFloor | None = None,
    samples: Mapping[str, list[int]] | None = None,
    unlike: tuple[str, ...] = (),
) -> Verdict:
    told = [*attempts(found.outcomes)] if not events else list(events)
    documents = {
        RESULT: msgspec.to_builtins(found, str_keys=True),
        MANIFEST: {"client_floor": msgspec.to_builtins(floor)},
    }
    return verdict(found, Left(documents, Facts(told), samples or {}), floor, unlike)


def named(found: Verdict) -> dict[str, Claim]:
    return {claim.name or claim.resource: claim for claim in found.claims}


def measured(lag_ms: float = 1.0, tainted: int = 0, cpu: float = 0.2) -> LegEnded:
    return LegEnded(0, Ids(RUN), 0, 0, 0, None, load=ClientLoad(int(lag_ms * MS), tainted, cpu))


DEADLOCKS = Counters(deadlocks=9, rollbacks=9)
