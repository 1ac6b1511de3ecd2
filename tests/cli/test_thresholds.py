"""Bounds on a run's figures: read before it starts, judged at its end on exact figures, told with their interval."""

import argparse
import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.config import SettingsInvalid
from engine.exit_code import ExitCode
from engine.metrics.samples import latency_of
from engine.model.ledger import Ledger
from engine.model.report import IntegrityCounts, Result
from engine.model.threshold import Held, Stood
from engine.settings_check import check as check_settings
from engine.settings_shown import flat
from engine.settings_sources import load
from engine.thresholds import ThresholdInvalid, figures, held, parsed, taken_in, told
from tests.judge.journals import result as bare
from tests.shell import Shell
from tui.run_options import THRESHOLDS, thresholds_of
from tui.verbs import config

MS = 1_000_000
LENGTHS = [at * MS for at in range(1, 101)]


def a_result(filled: int = 17, of: int = 20, **changes: object) -> Result:
    result = bare("one", Ledger(attempts=of, persisted=filled, void=of - filled), [], "finished")
    made = msgspec.structs.replace(
        result,
        attempts=of,
        outcomes={"filled": filled, "hold_conflict": of - filled},
        success_rate=filled / of,
        refusals={"hold": {"hold_conflict": 5}, "confirm": {"hold_conflict": 4, "overlap": 1}},
        latency_ms={"confirm": latency_of(LENGTHS)},
        integrity=IntegrityCounts({}, {"overlapping_assignments": 2}),
    )
    return msgspec.structs.replace(made, **changes)


def one(name: str, bound: str, result: Result | None = None) -> Held:
    (found,) = held({name: bound}, result or a_result(), {"confirm": LENGTHS})
    return found


@pytest.mark.parametrize(
    ("name", "bound", "stood", "shown"),
    [
        ("p95.confirm", "<=95ms", Stood.PASSED, "95.0 ms"),
        ("p95.confirm", "<95", Stood.FAILED, "95.0 ms"),
        ("p95.confirm", "<=0.0949s", Stood.FAILED, "95.0 ms"),
        ("max.confirm", ">100000us", Stood.FAILED, "100.0 ms"),
        ("success_rate", ">=85%", Stood.PASSED, "85.0 %"),
        ("success_rate", ">=0.85", Stood.PASSED, "85.0 %"),
        ("success_rate", ">0.85", Stood.FAILED, "85.0 %"),
        ("lost", "<=0", Stood.PASSED, "0"),
        ("refusals.hold_conflict", "<=8", Stood.FAILED, "9"),
        ("refusals.hold.hold_conflict", "==5", Stood.PASSED, "5"),
        ("refusals.deadlock", "<=0", Stood.PASSED, "0"),
        ("integrity.overlapping_assignments", "<=1", Stood.FAILED, "2"),
        ("effective_concurrency", ">=1", Stood.PASSED, "1"),
        ("p99.confirm", "<=1s", Stood.UNKNOWN, "-"),
        ("p50.hold", "<=1s", Stood.UNKNOWN, "-"),
        ("integrity.leaked_holds", "<=0", Stood.UNKNOWN, "-"),
        ("seat_waste.mean", "<=1.5", Stood.UNKNOWN, "-"),
    ],
)
def test_each_is_judged_on_the_exact_figure(name: str, bound: str, stood: Stood, shown: str) -> None:
    found = one(name, bound)
    assert (found.stood, found.shown) == (stood, shown), told(found)
    assert (stood is Stood.UNKNOWN) == bool(found.why)


@pytest.mark.parametrize(
    ("name", "bound", "stood"),
    [
        ("lost", "<=0", Stood.UNKNOWN),
        ("torn", "<1", Stood.UNKNOWN),
        ("duplicate", "==0", Stood.UNKNOWN),
        ("recovered", ">=1", Stood.UNKNOWN),
        ("void", ">=2", Stood.PASSED),
        ("void", "<=1", Stood.FAILED),
        ("void", "==1", Stood.FAILED),
        ("unverified", "<=0", Stood.FAILED),
        ("skipped", "<=0", Stood.PASSED),
    ],
)
def test_of_attempts_that_were_not_verified_nothing_is_found_to_be_fine(name: str, bound: str, stood: Stood) -> None:
    """The database could not be read for some: none lost is no finding, and two void are whatever the rest is."""
    result = a_result()
    kept = msgspec.structs.replace(result.ledger, attempts=20, persisted=0, void=2, unverified=18)
    found = one(name, bound, msgspec.structs.replace(result, ledger=kept))
    assert found.stood is stood, told(found)
    if stood is Stood.UNKNOWN:
        assert told(found).endswith("18 attempts are unverified: the database was not read for them")


@given(st.integers(1, 400), st.data())
def test_a_rate_has_wilsons_interval_and_is_sure_only_when_that_lies_on_one_side(of: int, data: st.DataObject) -> None:
    filled = data.draw(st.integers(0, of))
    bound = data.draw(st.integers(0, 100))
    found = one("success_rate", f">={bound}%", a_result(filled, of))
    theirs = stats.binomtest(filled, of).proportion_ci(method="wilson")
    assert found.interval == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert (found.stood is Stood.PASSED) == (filled / of >= bound / 100)
    # At the very edge a last digit decides; elsewhere the sides are plain.
    if min(abs(theirs.low - bound / 100), abs(theirs.high - bound / 100)) > 1e-9:
        assert found.is_sure == ((theirs.low >= bound / 100) == (theirs.high >= bound / 100))


def test_a_percentile_has_the_interval_of_order_statistics() -> None:
    found = one("p50.confirm", "<=55ms")
    low, high = stats.binom.ppf([0.025, 0.975], 100, 0.5)
    assert found.interval is not None
    assert found.interval == pytest.approx((low, high + 1), abs=1.01)
    assert (found.count, found.is_sure) == (100, False)
    assert "might be either" in told(found)
    assert one("p50.confirm", "<=90ms").is_sure


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("confirm.p95", "p95.confirm"),
        ("p95.comfirm", "p95.confirm"),
        ("succes_rate", "success_rate"),
        ("p95_confirm", "p95.confirm"),
        ("refusals.hold_conflicts", "refusals.hold_conflict"),
        ("integrity.overlapping_assignment", "integrity.overlapping_assignments"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(
        ThresholdInvalid, match=re.escape(f"threshold {name}: there is no such figure; the nearest is {nearest};")
    ):
        parsed({name: "<=1"})


@pytest.mark.parametrize("bound", ["", "5", "=<5", "<=", "<=five", "<=5 5", "<=5%", "<=5furlongs", "<=1,"])
def test_what_is_no_bound_is_refused_in_one_sentence(bound: str) -> None:
    with pytest.raises(ThresholdInvalid, match=r"^threshold lost: "):
        parsed({"lost": bound})


def test_help_and_the_schema_of_the_settings_name_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert config.main(argparse.Namespace(what="schema", result=False)) == 0
    properties = json.loads(capsys.readouterr().out)["$defs"]["Settings"]["properties"]
    assert properties["thresholds"]["propertyNames"]["enum"] == list(figures())
    for name in figures():
        word = name.partition(".")[0]
        assert f"{word}" in THRESHOLDS, name


def test_several_bounds_of_one_figure_stand_together_and_options_win_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[thresholds]\np95.confirm = "<=9s"\n"lost" = "<=0"\nsuccess_rate = ">=1%"\n')
    asked = thresholds_of(["success_rate>=0.6", "success_rate<=0.9", "p50.hold < 5ms"])
    known = load(config=None, preset=None, options=asked, cwd=tmp_path, environ={}).settings
    assert known.thresholds == {
        "p95.confirm": "<=9s", "lost": "<=0", "success_rate": ">=0.6,<=0.9", "p50.hold": "< 5ms"
    }  # fmt: skip
    check_settings(known)
    assert flat(known)["thresholds.success_rate"] == ">=0.6,<=0.9"
    assert [found.text for found in held(known.thresholds, a_result(), {})][2:4] == [
        "success_rate >= 60 %", "success_rate <= 90 %"
    ]  # fmt: skip
    (tmp_path / "config.toml").write_text("[thresholds]\nlost = 0\n")
    with pytest.raises(SettingsInvalid, match="thresholds"):
        load(config=None, preset=None, options=(), cwd=tmp_path, environ={})


def test_a_worse_code_stays_and_a_failure_is_more_than_what_cannot_be_said() -> None:
    result = a_result()
    failed, unknown, kept = (one("lost", "<0", result), one("p99.confirm", "<1s", result), one("lost", "<=0", result))
    assert taken_in([kept], ExitCode.PASSED, "") == (ExitCode.PASSED, "")
    code, reason = taken_in([unknown, kept, failed], ExitCode.PASSED, "")
    assert (code, reason) == (ExitCode.THRESHOLD, "threshold lost < 0 failed: 0")
    code, reason = taken_in([unknown], ExitCode.PASSED, "")
    assert code is ExitCode.INCONCLUSIVE
    assert "500 are the least" in reason
    for worse in (ExitCode.LOST, ExitCode.INCONCLUSIVE, ExitCode.STOPPED):
        assert taken_in([failed], worse, "before") == (worse, "before")


RUN = ("run", "fill", "--headless", "--seed", "7", "--concurrency", "1", "--start", "17:00", "--end", "17:30")


def test_a_run_is_refused_before_it_starts_and_ends_with_1_when_a_bound_is_not_kept(shell: Shell) -> None:
    done = shell.do(*RUN, "--threshold", "confirm.p95<=200ms")
    assert (done.code, done.err.count("\n"), shell.runs()) == (2, 1, [])
    assert "the nearest is p95.confirm" in done.err
    done = shell.do(*RUN, "--threshold", "p50.hold<=60s", "--threshold", "lost<=0", "--threshold", "success_rate>1.01")
    assert done.code == 1, done.err
    assert "threshold lost <= 0 passed: 0" in done.out
    assert "threshold success_rate > 101 % failed" in done.out
    (folder,) = shell.runs()
    result = json.loads((folder / "result.json").read_text())
    assert [found["stood"] for found in result["thresholds"]] == ["passed", "passed", "failed"]
    assert (result["exit_code"], result["state"]) == (1, "finished")
    assert result["reason"].startswith("threshold success_rate > 101 % failed")
    assert "## Thresholds" in (folder / "report.md").read_text()


def test_lost_bookings_are_worse_than_a_bound_that_was_not_kept(shell: Shell) -> None:
    done = shell.do(*RUN, "--fault", "ledger-replay", "--threshold", "lost<=0", "--json")
    assert done.code == 5, done.err
    assert [found["stood"] for found in done.json()["thresholds"]] == ["failed"]
