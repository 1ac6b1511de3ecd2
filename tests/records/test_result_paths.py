"""Ways to the end, planner and seat waste in the result, the report and the samples."""

import json
from pathlib import Path as File

import msgspec

from engine.config import FlagSettings
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event
from engine.model.outcome import Certainty, Outcome
from engine.model.path import Path
from engine.model.report import Result
from engine.model.run_state import RunState
from engine.portrait import flags_of
from engine.records.archive import Manifest
from engine.records.export import summary
from engine.records.page import report_md
from engine.records.result import Ending, build_result, read_result, write_result
from engine.records.samples import Samples
from tests.metrics.stories import MS, RUN, ended, intended, planned, snapshot_of, through_api

S = 1000 * MS
MANIFEST = Manifest(RUN, "fill", "api", "2026-03-04T12:00:00+00:00")


def story() -> list[Event]:
    """Thirty in the answer, twenty late by the job, one left undecided, one far too large a table."""
    events: list[Event] = [planned()]
    for number in range(1, 52):
        events.append(intended(number * S, 0, number))
        end = ended(number * S + 9, 0, number)
        if number <= 30:
            end = through_api(end, Path.CONFIRMED_INLINE_API, 5 * S + number * 10 * MS)
        elif number <= 50:
            end = through_api(end, Path.CONFIRMED_BACKGROUND, 12 * S, late=True)
        else:
            refused = ended(number * S + 9, 0, number, outcome=Outcome.INLINE_TIMEOUT)
            refused = msgspec.structs.replace(refused, certainty=Certainty.INFO)
            end = through_api(refused, Path.FAILED_BACKGROUND_TIMEOUT, 12 * S)
        events.append(msgspec.structs.replace(end, seats=12) if number == 7 else end)
    return events


def result_of(folder: File, events: list[Event]) -> tuple[Result, dict[str, list[int]]]:
    tally, samples = Tally(), Samples(folder)
    for event in events:
        tally.apply(event)
        if isinstance(event, AttemptEnded):
            samples.take(event)
    lengths = {name: list(values) for name, values in samples.lengths().items()}
    return build_result(MANIFEST, Ending(RunState.FINISHED, "", "later", tally.at_ns, 0), tally, lengths), lengths


def test_a_result_tells_paths_late_confirmations_planner_and_backlog(tmp_path: File) -> None:
    result, lengths = result_of(tmp_path, story())
    assert result.paths == {"confirmed_inline_api": 30, "confirmed_background": 20, "failed_background_timeout": 1}
    assert sum(result.paths.values()) == result.attempts
    assert result.late == 20
    (restaurant,) = result.by_restaurant.values()
    assert (restaurant.paths, restaurant.late) == (result.paths, 20)
    planner = result.planner
    assert planner is not None
    assert (planner.count, planner.min, planner.max, planner.p99) == (51, 5010.0, 12_000.0, None)
    assert [(hump.from_ms, hump.to_ms, hump.count) for hump in planner.humps] == [
        (5010.0, 5300.0, 30),
        (12_000.0, 12_000.0, 21),
    ]
    assert planner.words == "2 humps: 5.0-5.3 s (59 %), 12.0 s (41 %)"
    assert result.backlog is not None
    assert (result.backlog.peak, result.backlog.undecided) == (1, 1)
    assert [(one.attempt, one.party, one.seats) for one in result.seat_waste.outliers] == [(7, 4, 12)]
    assert len(lengths["planner"]) == 51
    assert "planner" not in result.latency_ms
    write_result(tmp_path, result, lengths)
    assert read_result(tmp_path) == result
    assert json.loads((tmp_path / "samples.json").read_text())["count"]["planner"] == 51


def test_a_report_says_them_in_words(tmp_path: File) -> None:
    text = report_md(*result_of(tmp_path, story()))
    assert "| confirmed background      |       20 |" in text
    assert "20 confirmed late: the platform had noted an inline timeout" in text
    assert "2 humps: 5.0-5.3 s (59 %), 12.0 s (41 %)" in text
    assert "Attempts that ended undecided: 1;" in text
    assert "| T1+T2  |" in text


def test_a_run_of_our_own_steps_says_nothing_of_paths(tmp_path: File) -> None:
    result, lengths = result_of(tmp_path, [planned(), ended(S, 0, 1)])
    assert (result.paths, result.late, result.planner, result.backlog) == ({}, 0, None, None)
    assert "Inline" not in report_md(result, lengths)
    assert not (tmp_path / "samples.planner.u64").exists()


def test_a_summary_has_paths_flags_and_the_fallback() -> None:
    tally = Tally()
    for event in story():
        tally.apply(event)
    snapshot = snapshot_of(tally, tally.at_ns)
    run = msgspec.structs.replace(snapshot.run, flags=flags_of(FlagSettings()), fallback="127.0.0.1 is used")
    text = summary(msgspec.structs.replace(snapshot, run=run))
    assert "| confirmed background      |       20 |   20 |" in text
    assert "127.0.0.1 is used\n" in text
    assert "| auto_assign_on_booking          | on (platform: off) |" in text


def test_flags_that_differ_from_the_platform_come_first_and_name_its_value() -> None:
    flags = flags_of(FlagSettings(inline_auto_assign_timeout_ms=50))
    assert list(flags.items())[:4] == [
        ("auto_assign_on_booking", "on (platform: off)"),
        ("inline_auto_assign_timeout_ms", "50 (platform: 12000)"),
        ("rate_limit_per_minute", "0 (platform: 60)"),
        ("suppress_emails", "on (platform: off)"),
    ]
    assert flags["auto_assign_retry_delays_ms"] == "5000, 15000, 45000"
    assert list(flags) != list(FlagSettings.__struct_fields__)
    assert set(flags) == set(FlagSettings.__struct_fields__)
