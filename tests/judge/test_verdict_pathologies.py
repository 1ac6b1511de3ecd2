"""Each pathology from the figures that it leaves, and not from those of its neighbours."""

from typing import Any

import pytest

from engine.judge.pathologies import PATHOLOGIES
from engine.model.event import Event
from engine.model.fault import FAULTS
from engine.model.ledger import Entry
from engine.model.report import Result
from engine.model.verdict import House, Sureness
from tests.judge.planted import DEADLOCKS, STEPS, attempts, judge, ledger, named, refused, result, waits

REPLAY = "ledger replay: the key had been used"
GONE = "it is pending and without tables: the rows were swallowed at COMMIT, or undone after it"
TWENTY = {"filled": 20, "capacity": 4}
HOUSE = House(40, 30, ("MD-10", "MD-11"))


def planted(outcomes: dict[str, int], *, told: list[Any] | None = None, **figures: Any) -> tuple[Result, list[Event]]:
    how = figures.pop("how", {})
    return result(outcomes, **figures), [*attempts(outcomes, **how), *(told or [])]


def cells(step: str, wait: str) -> list[Any]:
    return [waits({(step, wait): 90, ("commit", "CPU or unaccounted"): 20})]


SIGNATURES: dict[str, tuple[Result, list[Event]]] = {
    "restaurant-row-lock": planted(
        {"filled": 12, "deadlock": 8},
        told=refused("confirm", "deadlock", "40P01", count=8),
        waits=[waits({("confirm", "Lock:transactionid"): 150, ("submit", "IO:X"): 9}, counters=DEADLOCKS)],
    ),
    "ledger-replay": planted(
        {"filled": 20, "replay": 4}, integrity={"ledger_without_tables": 4},
        ledger=ledger(24, [(Entry.LOST, REPLAY)], lost=4),
    ),
    "sticky-zone-lock": planted(
        {"filled": 20, "zone_lock": 4}, told=refused("confirm", "zone_lock", "23514"),
        integrity={"zone_locks_on_pending": 4},
    ),
    "immortal-holds": planted(TWENTY, integrity={"leaked_holds": 32}),
    "shadow-allocations": planted({"filled": 20}, integrity={"shadow_allocations": 12}),
    "stale-allocations": planted(
        {"filled": 20}, told=refused("confirm", "overlap", "P0001"), integrity={"stale_allocations": 20}
    ),
    "confirmed-without-tables": planted(
        {"filled": 20}, integrity={"confirmed_without_tables": 5, "ledger_without_tables": 5},
        ledger=ledger(20, [(Entry.TORN, "confirmed and without all its tables")], torn=5),
    ),
    "tables-without-confirmation": planted(
        {"filled": 20}, integrity={"tables_without_confirmation": 5},
        ledger=ledger(20, [(Entry.TORN, "it has its tables and is pending")], torn=5),
    ),
    "finished-bookings-block": planted(TWENTY, integrity={"finished_bookings_blocking": 60}),
    "masked-hold-conflict": planted(
        TWENTY, told=refused("confirm", "hold_conflict", "22023", 'unrecognized format() type specifier "d"'),
        integrity={"leaked_holds": 20},
    ),
    "deferred-overlap": planted({"filled": 20, "overlap": 4}, told=refused("commit", "overlap", "23P01")),
    "empty-adjacency": planted(
        {"capacity": 20}, told=refused("quote", "capacity", None, "No tables available for requested window"),
        houses={"white-horse": House(40, 0)},
    ),
    "one-way-adjacency": planted(
        TWENTY, told=refused("quote", "capacity", None, "No tables available for requested window"),
        houses={"white-horse": HOUSE},
    ),
    "slow-step": planted({"filled": 40}, waits=cells("hold", "Timeout:PgSleep"), how={"steps": STEPS | {"hold": 30}}),
    "silent-drop": planted({"filled": 20}, ledger=ledger(20, [(Entry.LOST, GONE)], lost=6)),
    "late-undo": planted(
        {"filled": 20}, integrity={"ledger_without_tables": 6}, ledger=ledger(20, [(Entry.LOST, GONE)], lost=6)
    ),
    "session-time-zone": planted(
        {"persistence": 20}, told=refused("confirm", "persistence", "P0001", "Hold 17 expired at 2026-11-21 05:43-05")
    ),
    "slot-queue": planted(
        {"filled": 40}, waits=cells("confirm", "Lock:advisory"), how={"steps": STEPS | {"confirm": 30}}
    ),
    "day-queue": planted(
        {"filled": 40}, waits=cells("submit", "Lock:advisory"), how={"steps": STEPS | {"submit": 30}}
    ),
}  # fmt: skip
WEAK = {"shadow-allocations", "deferred-overlap"}
"""Of these there is one kind of sign."""


def test_every_pathology_that_can_be_switched_on_has_a_signature_and_a_case_here() -> None:
    assert set(PATHOLOGIES) == {*FAULTS, "slot-queue", "day-queue"} == set(SIGNATURES)


@pytest.mark.parametrize("name", SIGNATURES)
def test_it_is_named_from_its_signature_and_no_other_is(name: str) -> None:
    found = named(judge(*SIGNATURES[name]))
    assert list(found) == [name]
    claim = found[name]
    assert claim.grade is (Sureness.SUGGESTIVE if name in WEAK else Sureness.SUPPORTED)
    assert claim.evidence
    assert claim.would_refute
    assert claim.rivals
    assert claim.step or name in ("immortal-holds", "finished-bookings-block", "late-undo", "shadow-allocations")


def test_neighbours_that_share_a_sign_are_told_apart() -> None:
    busy = result({"filled": 20, "overlap": 3})
    assert not judge(busy, refused("confirm", "overlap", "P0001")).claims, (
        "two workers at one table leave nothing behind"
    )
    full = result(TWENTY, houses={"white-horse": House(40, 30, ("MD-01", "MD-11"))})
    told = refused("quote", "capacity", None, "No tables available for requested window")
    assert not judge(full, [*attempts(TWENTY), *told]).claims, "one of those tables was given to somebody"
    before = result({"filled": 20}, {"ledger_without_tables": 3}, before={"ledger_without_tables": 3})
    assert not judge(before).claims, "used keys that were there before are nobody's doing now"
    slow = result({"persistence": 20}, settings={"run.hold_ttl_s": "0.005"})
    expired = refused("confirm", "persistence", "P0001", "Hold 17 expired at 2026-11-21 05:43-05")
    assert not judge(slow, [*attempts({"persistence": 20}), *expired]).claims, "those holds really had expired"


def test_a_queue_behind_a_deadlock_is_the_deadlocks() -> None:
    found = result({"filled": 12, "deadlock": 8}, waits=cells("confirm", "Lock:advisory"))
    told = [*attempts({"filled": 12, "deadlock": 8}), *refused("confirm", "deadlock", "40P01")]
    assert set(named(judge(found, told))) == {"restaurant-row-lock", "an advisory lock"}


def test_what_was_switched_on_is_never_looked_at() -> None:
    assert not judge(result({"filled": 40}, faults=list(FAULTS))).claims
