"""Failures are classified from SQLSTATE, constraint, message, step and phase; what fits nothing keeps its raw text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.outcome import OUTCOMES, Certainty, Kind, Outcome, Phase, Refusal, certainty_of, classify
from engine.model.step import Step

CASES = [
    ("hold_conflict", {"sqlstate": "23P01", "constraint": "thw_no_overlap"}),
    ("hold_conflict", {"sqlstate": "23P01", "constraint": "table_hold_windows_no_overlap"}),
    ("hold_conflict", {"sqlstate": "22023", "message": 'unrecognized format() type specifier "h"'}),
    ("hold_conflict", {"sqlstate": "P0001", "message": "Hold conflict prevents assignment for booking 7"}),
    ("hold_conflict", {"message": "Hold conflicts prevented all candidates"}),
    ("zone_lock", {"sqlstate": "23514", "message": "Booking 7 locked to zone 3, cannot assign zone 4"}),
    ("zone_lock", {"sqlstate": "23514", "message": "Booking 7 already has assignments in a different zone"}),
    ("overlap", {"sqlstate": "23P01", "constraint": "no_overlapping_table_assignments"}),
    ("overlap", {"sqlstate": "23P01", "constraint": "bta_no_overlap"}),
    ("overlap", {"sqlstate": "23P01", "constraint": "allocations_no_overlap"}),
    ("overlap", {"sqlstate": "P0001", "message": "allocations_no_overlap"}),
    ("adjacency", {"sqlstate": "23514", "message": "Table T3 is not adjacent to the selected set"}),
    ("adjacency", {"sqlstate": "P0003", "message": "Adjacency snapshot changed for hold 5"}),
    ("not_movable", {"sqlstate": "23514", "message": "Merged assignments require movable tables (T3 is fixed)"}),
    ("capacity", {"phase": Phase.PLANNED, "message": "No tables available for requested window"}),
    ("capacity", {"phase": Phase.PLANNED, "message": "Insufficient filtered capacity"}),
    ("capacity", {"phase": Phase.PLANNED, "message": "Insufficient global capacity"}),
    ("capacity", {"phase": Phase.PLANNED, "message": "No suitable tables available"}),
    ("capacity", {"sqlstate": "P0001", "message": "capacity_exceeded_post_assignment"}),
    ("outside_hours", {"message": "No service window matches 03:00"}),
    ("outside_hours", {"message": "Reservation would overrun dinner service (end 22:30)."}),
    ("outside_hours", {"message": "Restaurant is closed on the selected date."}),
    ("serialization", {"sqlstate": "40001"}),
    ("deadlock", {"sqlstate": "40P01", "message": "deadlock detected"}),
    ("lock_timeout", {"sqlstate": "55P03"}),
    ("inline_timeout", {"message": "INLINE_TIMEOUT"}),
    ("timeout", {"sqlstate": "57014", "message": "canceling statement due to statement timeout"}),
    ("timeout", {"exception": "TimeoutError"}),
    ("pool_exhausted", {"sqlstate": "53300", "exception": "TooManyConnectionsError"}),
    ("connection", {"sqlstate": "08003"}),
    ("connection", {"sqlstate": "57P01"}),
    ("connection", {"exception": "InterfaceError", "message": "connection is closed"}),
    ("connection", {"exception": "ConnectionRefusedError"}),
    ("connection", {"exception": "InternalClientError", "message": "got result for unknown protocol state 0"}),
    ("idempotency_mismatch", {"sqlstate": "P0003", "message": "assign_tables_atomic_v2 idempotency mismatch for 7"}),
    ("idempotency_mismatch", {"sqlstate": "23505", "constraint": "booking_assignment_idempotency_booking_hash_key"}),
    ("replay", {"sqlstate": "P0003", "message": "assign_tables_atomic_v2 returned no assignments for booking 7"}),
    ("duplicate", {"sqlstate": "23505", "constraint": "bookings_reference_key"}),
    ("duplicate", {"sqlstate": "P0001", "message": "allocations assignment duplicate for table 3"}),
    ("persistence", {"sqlstate": "P0001", "message": "Cannot confirm booking 7: No table assignments exist."}),
    ("persistence", {"sqlstate": "53100", "message": "could not extend file: No space left on device"}),
    ("unknown", {"sqlstate": "XX000", "message": "cache lookup failed for relation 16604"}),
    ("unknown", {"message": "cancelled by the operator", "exception": "CancelledError"}),
]


def refusal(**proof: object) -> Refusal:
    given_: dict[str, object] = {"step": Step.CONFIRM, "phase": Phase.ANSWERED, "message": ""} | proof
    return Refusal(**given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(("word", "proof"), CASES, ids=[f"{word}-{number}" for number, (word, _) in enumerate(CASES)])
def test_each_proof_classifies_to_its_outcome(word: str, proof: dict[str, object]) -> None:
    assert classify(refusal(**proof)).word == word


def test_every_outcome_but_filled_and_unknown_has_a_case() -> None:
    assert {word for word, _ in CASES} == set(OUTCOMES) - {"filled"}


def test_words_are_unique_and_filled_is_the_only_one_of_its_kind() -> None:
    assert len(OUTCOMES) == len(list(Outcome))
    assert [outcome for outcome in Outcome if outcome.kind is Kind.FILLED] == [Outcome.FILLED]


@given(
    phase=st.sampled_from(Phase),
    message=st.text(max_size=60),
    sqlstate=st.none() | st.from_regex(r"[0-9A-Z]{5}", fullmatch=True),
    exception=st.none() | st.sampled_from(["TimeoutError", "InterfaceError", "OSError"]),
)
def test_certainty_follows_from_the_phase_alone(
    phase: Phase, message: str, sqlstate: str | None, exception: str | None
) -> None:
    told = refusal(phase=phase, message=message, sqlstate=sqlstate, exception=exception)
    assert certainty_of(told) is (Certainty.INFO if phase is Phase.IN_DOUBT else Certainty.FAIL)
    assert classify(told) is not Outcome.FILLED
