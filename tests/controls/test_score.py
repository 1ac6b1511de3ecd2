"""The score that `make test` prints says what was caught, and never more."""

import msgspec
import pytest

from tests.controls.score import PLANTED, figures, score

FILE = "tests/controls/test_controls.py"


class Said(msgspec.Struct):
    nodeid: str
    outcome: str = "passed"
    when: str | None = "call"
    user_properties: list[tuple[str, object]] = []


def all_caught() -> list[Said]:
    return [Said(f"{FILE}::test_{name.lower()}_is_caught") for name in PLANTED]


def test_what_was_caught_is_counted() -> None:
    assert score(all_caught()) == ["oracle mutation score: 12 of 12 planted were caught"]


@pytest.mark.parametrize(
    ("outcome", "when", "why"),
    [("failed", "call", "was missed"), ("failed", "setup", "was missed"), ("skipped", "setup", "was skipped")],
)
def test_a_control_that_failed_or_was_skipped_is_not_counted_and_named(outcome: str, when: str, why: str) -> None:
    reports = all_caught()
    reports[2] = Said(reports[2].nodeid, outcome, when)
    assert score(reports) == [f"oracle mutation score: 11 of 12 planted were caught (C3 {why})"]


def test_of_two_tests_of_one_control_both_must_pass() -> None:
    reports = [*all_caught(), Said(f"{FILE}::test_c10_and_its_other_half", "failed")]
    assert score(reports) == ["oracle mutation score: 11 of 12 planted were caught (C10 was missed)"]


def test_a_control_that_did_not_run_is_not_counted_and_named() -> None:
    reports = all_caught()
    del reports[0]
    # Its preparation passed, and then its worker went away.
    reports.append(Said(f"{FILE}::test_c1_is_caught", when="setup"))
    assert score(reports) == ["oracle mutation score: 11 of 12 planted were caught (C1 did not run)"]


def test_clean_runs_are_summed_with_their_alarms() -> None:
    clean = [
        Said("tests/controls/test_silence.py::test_a", user_properties=[("rehearsals", 1000), ("alarms", 0)]),
        Said("tests/controls/test_silence.py::test_b", user_properties=[("postgres_runs", 3), ("alarms", 2)]),
    ]
    assert score(clean) == ["negative controls: 1,000 rehearsals and 3 runs on Postgres: 2 alarms"]


def test_of_other_tests_nothing_is_said() -> None:
    others = [Said("tests/fill/test_crew.py::test_c1_is_no_control")]
    assert score(others) == []
    assert figures(others) == []


def test_the_figures_are_those_of_the_lines() -> None:
    reports = [*all_caught()[1:], Said(f"{FILE}::test_c1_is_caught", "failed")]
    reports.append(
        Said("tests/controls/test_silence.py::test_a", user_properties=[("rehearsals", 1000), ("alarms", 2)])
    )
    assert [one.line() for one in figures(reports)] == [
        "oracle_mutation_score 0.9167 caught/planted 12",
        "negative_controls_rehearsals 1000 n 1000",
        "negative_controls_postgres_runs 0 n 1000",
        "negative_controls_alarms 2 n 1000",
    ]
