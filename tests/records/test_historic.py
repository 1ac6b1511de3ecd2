"""Old reports become a run: what they claim, what the next pass proves of it, and what nobody knows."""

import datetime as dt
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, LegEnded, RunMoved, RunPlanned
from engine.model.ledger import Entry
from engine.model.report import Result
from engine.records.archive import entry_of, read_manifest
from engine.records.historic.folder import Made, import_reports
from engine.records.journal import read
from engine.records.result import read_result
from tests.records.reports import RUN_2, RUN_2_MS, metrics, numbers, passes, put, report, run_2, run_3, told

END = dt.datetime(2025, 11, 5, 18, 0, tzinfo=dt.UTC)


def imported(tmp_path: Path, documents: list[dict[str, Any]]) -> Made:
    return import_reports(put(tmp_path / "files", documents), tmp_path / "runs")


def total(made: Made) -> Counter[str]:
    ledger = made.result.ledger
    return Counter({entry.value: getattr(ledger, entry.value) for entry in Entry if getattr(ledger, entry.value)})


def test_run_2_comes_to_67_claims_and_36_with_tables(tmp_path: Path) -> None:
    result = imported(tmp_path, run_2()).result
    assert (result.attempts, result.acknowledged, result.with_tables) == (105, 67, 36)
    assert result.outcomes == {
        "filled": 36,
        "hold_conflict": 17,
        "zone_lock": 14,
        "overlap": 3,
        "idempotency_mismatch": 4,
        "replay": 31,
    }
    assert result.success_rate == 36 / 105
    (only,) = result.passes
    for slug, seen in RUN_2.items():
        figures = only.by_restaurant[slug]
        assert (figures.attempts, figures.confirmed, figures.with_tables) == seen[:3]
        failures = {word: count for word, count in figures.outcomes.items() if word not in ("filled", "replay")}
        assert failures == seen.failures
        assert figures == result.by_restaurant[slug]
    took = only.processed_ms
    assert took is not None
    assert (took.count, took.p50, took.p95, took.max) == (105, *RUN_2_MS)
    assert result.latency_ms["total"].count == 36


def test_a_report_proves_no_persistence_and_the_result_says_so(tmp_path: Path) -> None:
    made = imported(tmp_path, run_2())
    result = made.result
    assert set(result.evidence.values()) == {"report"}
    assert (result.persisted, result.passes[0].persisted, result.passes[0].evidence) == (None, None, "")
    assert total(made) == {"void": 38, "unverified": 67}
    assert result.ledger.balanced
    assert result.exit_code == 6
    stories = result.ledger.stories
    assert len(stories) == 31
    assert {story.cause.partition(":")[0] for story in stories} == {"ledger replay likely"}
    assert not any(story.claimed for story in stories)


def test_a_second_pass_that_processed_91_of_105_leaves_14_of_58(tmp_path: Path) -> None:
    made = imported(tmp_path, run_3())
    first, second = made.result.passes
    assert (first.attempts, first.confirmed, first.persisted, first.pending) == (105, 58, 14, 91)
    assert first.evidence == "next pass's pending set"
    assert (second.attempts, second.confirmed, second.persisted, second.with_tables) == (91, 40, None, 5)
    assert made.sentences[0] == (
        "pass 1 logged 58 successes; pass 2 processed 91 of 105, so only 14 had persisted, whatever the log of pass 1 "
        "claimed"
    )
    assert made.result.reason.startswith(made.sentences[0])


def test_run_3_restaurant_by_restaurant(tmp_path: Path) -> None:
    """Pass 1 logged, what had persisted, pass 2 logged of attempted, final: as its own tables have it."""
    published = {
        "pub-1": (19, 6, 14, 17, 7),
        "pub-2": (10, 2, 7, 11, 4),
        "finedining-4": (11, 0, 9, 19, 2),
        "finedining-5": (13, 4, 7, 16, 4),
        "cafe-3": (5, 2, 3, 28, 2),
    }
    result = imported(tmp_path, run_3()).result
    first, second = (one.by_restaurant for one in result.passes)
    found = {
        slug: (
            first[slug].confirmed,
            first[slug].persisted,
            second[slug].confirmed,
            second[slug].attempts,
            figures.with_tables,
        )
        for slug, figures in result.by_restaurant.items()
    }
    assert found == published


def test_run_3_comes_to_98_claimed_19_there_and_79_lost_or_unproven_by_ledger_replay(tmp_path: Path) -> None:
    made = imported(tmp_path, run_3())
    result = made.result
    assert (result.ledger.acknowledged, result.with_tables) == (98, 19)
    assert total(made) == {"persisted": 14, "lost": 44, "void": 98, "unverified": 40}
    assert result.ledger.attempts == 196
    assert result.ledger.balanced
    assert result.exit_code == 5
    stories = result.ledger.stories
    assert Counter(story.entry for story in stories) == {Entry.LOST: 44, Entry.UNVERIFIED: 35}
    assert len(stories) == 98 - 19
    assert all(story.cause.startswith("ledger replay") for story in stories)
    lost = stories[0]
    assert lost.status == "pending"
    assert lost.between.startswith("between commit and the first reading, ")
    assert lost.key == f"ultra-fast-{lost.booking_id}"
    (refusal,) = lost.refusals
    assert "names no tables" in refusal


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    documents = [*run_3(), metrics()]
    straight = imported(tmp_path / "a", documents)
    shuffled = documents[:]
    random.Random(7).shuffle(shuffled)
    mixed = imported(tmp_path / "b", shuffled)
    unlike = {"run_id", "settings", "fingerprint"}
    assert {key: getattr(straight.result, key) for key in Result.__struct_fields__ if key not in unlike} == {
        key: getattr(mixed.result, key) for key in Result.__struct_fields__ if key not in unlike
    }


def test_restaurants_that_are_taken_twice_in_a_row_make_two_passes_too(tmp_path: Path) -> None:
    """pub-1, pub-1, pub-2, pub-2: the second pass begins before the first has ended."""
    bookings = {slug: numbers(slug)[:3] for slug in ("pub-1", "pub-2")}
    documents = []
    for place, (slug, ids) in enumerate(bookings.items()):
        at = END + dt.timedelta(minutes=10 * place)
        rows = [
            told(ids[0], tables=["T1"]),
            told(ids[1]),
            told(ids[2], reason="Hold conflicts prevented all candidates"),
        ]
        documents.append(report(slug, rows, at))
        documents.append(report(slug, [told(ids[1]), told(ids[2])], at + dt.timedelta(minutes=5)))
    made = imported(tmp_path, documents)
    first, second = made.result.passes
    assert (first.attempts, first.persisted, second.attempts) == (6, 2, 4)
    assert {slug: figures.persisted for slug, figures in first.by_restaurant.items()} == {"pub-1": 1, "pub-2": 1}
    moments = [event.at_ns for event in read(made.folder)]
    assert moments == sorted(moments)


def test_a_second_pass_that_found_nothing_pending_proves_all_of_the_first(tmp_path: Path) -> None:
    ids = numbers("pub-2")
    first = report("pub-2", [told(number, tables=["T1"]) for number in ids], END)
    second = report("pub-2", [], END + dt.timedelta(minutes=5))
    made = imported(tmp_path, [first, second])
    assert made.result.passes[0].persisted == 13
    assert total(made) == {"persisted": 13}
    assert made.result.exit_code == 0
    assert made.sentences[0] == "pass 1 logged 13 successes; pass 2 processed 0 of 13, so 13 had persisted"


def test_a_reason_that_nobody_understands_is_in_doubt_until_the_next_pass(tmp_path: Path) -> None:
    ids = numbers("pub-2")[:3]
    failure = "Allocator v2 repository failure"
    first = report("pub-2", [told(number, reason=failure) for number in ids], END)
    alone = imported(tmp_path / "alone", [first])
    assert total(alone) == {"unresolved": 3}
    assert alone.result.exit_code == 6
    assert alone.result.outcomes == {"unknown": 3}
    (ended, *_) = [event for event in read(alone.folder) if isinstance(event, AttemptEnded)]
    assert ended.refusal is not None
    assert ended.refusal.message == failure
    second = report("pub-2", [told(ids[0], tables=["T1"]), told(ids[1])], END + dt.timedelta(minutes=5))
    both = imported(tmp_path / "both", [first, second])
    assert total(both) == {"void": 2, "recovered": 1, "unverified": 2}
    assert both.result.passes[0].persisted == 1


def test_a_booking_that_failed_and_waits_no_more_is_named_and_proves_nothing(tmp_path: Path) -> None:
    ids = numbers("pub-2")[:2]
    reason = "Hold conflicts prevented all candidates"
    first = report("pub-2", [told(ids[0], reason=reason), told(ids[1], reason=reason)], END)
    second = report("pub-2", [told(ids[1], reason=reason)], END + dt.timedelta(minutes=5))
    made = imported(tmp_path, [first, second])
    assert total(made) == {"void": 2, "unverified": 1}
    (story,) = made.result.ledger.stories
    assert "no longer pending" in story.cause


def pair(**changes: Any) -> list[dict[str, Any]]:
    """Two passes: of three successes with tables one is pending again."""
    ids = numbers("pub-2")[:3]
    later = END + dt.timedelta(minutes=5)
    first = report("pub-2", [told(number, tables=["T1"]) for number in ids], END)
    second = report("pub-2", [told(ids[0])], later)
    second["config"] |= {key: value for key, value in changes.items() if key.isupper()}
    return [first, second | {key: value for key, value in changes.items() if not key.isupper()}]


def test_two_passes_that_are_sound_prove_the_loss(tmp_path: Path) -> None:
    made = imported(tmp_path, pair())
    assert total(made) == {"persisted": 2, "lost": 1, "unverified": 1}
    assert made.result.alerts == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"FORCE_REASSIGN_ALL": True}, "FORCE_REASSIGN_ALL"),
        ({"totalDurationSeconds": 400}, "began before that one was over"),
    ],
)
def test_a_next_pass_that_proves_nothing_makes_no_loss(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    made = imported(tmp_path, pair(**changes))
    assert total(made) == {"unverified": 4}
    assert made.result.passes[0].persisted is None
    (alert,) = made.result.alerts
    assert says in alert


def test_a_day_with_other_bookings_proves_losses_and_nothing_else(tmp_path: Path) -> None:
    made = imported(tmp_path, pair(totalBookings=12))
    assert total(made) == {"lost": 1, "unverified": 3}
    assert made.result.passes[0].persisted is None
    assert "13 bookings in pass 1 and 12 in pass 2" in made.result.alerts[0]


def test_a_reset_between_two_runs_is_no_loss(tmp_path: Path) -> None:
    """Two runs in one call: the second finds bookings pending that the first did not, in one restaurant of two."""
    documents = []
    for place, ids in enumerate((numbers("pub-2")[1:], numbers("pub-2"))):
        at = END + dt.timedelta(minutes=20 * place)
        documents.append(report("pub-2", [told(number, tables=["T1"]) for number in ids], at))
        whole = [told(number, tables=["T2"]) for number in numbers("pub-1")]
        documents.append(report("pub-1", whole, at + dt.timedelta(minutes=5)))
    made = imported(tmp_path, documents)
    assert made.result.ledger.lost == 0
    (alert,) = made.result.alerts
    assert "1 bookings of pub-2 that were not pending before" in alert
    unsigned = imported(tmp_path / "unsigned", documents[1::2])
    assert unsigned.result.ledger.lost == 23
    (alert,) = unsigned.result.alerts
    assert alert.startswith("all 23 bookings that pass 1 gave tables are pending again in pass 2: they count as lost;")


def test_the_journal_replays_to_the_figures_of_the_result(tmp_path: Path) -> None:
    made = imported(tmp_path, run_3())
    result, tally = made.result, Tally()
    events = list(read(made.folder))
    assert isinstance(events[0], RunPlanned)
    assert isinstance(events[-1], RunMoved)
    for event in events:
        tally.apply(event)
    assert tally.at_ns == events[-1].at_ns
    outcomes = {one.outcome: one.count for one in tally.outcomes(tally.at_ns)}
    assert outcomes == result.outcomes
    assert [(leg.attempts, leg.acknowledged, leg.persisted, leg.pending) for leg in tally.all_legs()] == [
        (one.attempts, one.confirmed, one.persisted, one.pending) for one in result.passes
    ]
    assert tally.unended() == ()
    assert tally.counts(tally.at_ns).effective_concurrency <= 5
    assert [event.persisted for event in events if isinstance(event, LegEnded)] == [14, None]
    # Never more at once than the script was told, and each worker at one booking at a time.
    lanes: dict[int | None, int] = {}
    for event in events:
        if isinstance(event, AttemptEnded):
            assert event.started_ns >= lanes.get(event.ids.worker, 0)
            lanes[event.ids.worker] = event.ended_ns
    assert set(lanes) == {1, 2, 3, 4, 5}


def test_ids_are_whole_where_any_report_names_them(tmp_path: Path) -> None:
    made = imported(tmp_path, run_3())
    ends = [event for event in read(made.folder) if isinstance(event, AttemptEnded)]
    whole = {event.booking_id for event in ends if not str(event.booking_id).endswith("-0000-000000000000")}
    assert len(whole) > 23
    # A booking is the same one in both passes.
    assert len({event.booking_id for event in ends}) == 105


def test_metrics_have_means_and_no_percentiles(tmp_path: Path) -> None:
    made = imported(tmp_path, [metrics()])
    result = made.result
    first, second = result.levels
    assert (first.concurrency, first.repeat, first.attempts, first.label) == (1, 1, 20, "concurrency-1")
    assert first.averages["submit_ms"] == 19876.1
    assert second.averages["inline_wait_ms"] == 989.4
    took = second.latency_ms["total"]
    assert (took.count, took.max, took.p50, took.p95) == (20, 31970, None, None)
    assert (result.attempts, result.outcomes, result.success_rate) == (40, {"unknown": 40}, None)
    assert total(made) == {"unverified": 40}
    assert (result.exit_code, result.passes, result.latency_ms, result.with_tables) == (6, [], {}, None)
    assert "19876.1" in (made.folder / "report.md").read_text()


def test_a_call_may_mix_reports_and_metrics(tmp_path: Path) -> None:
    made = imported(tmp_path, [metrics(), *run_2()])
    result = made.result
    assert (result.attempts, len(result.passes), len(result.levels)) == (145, 1, 2)
    assert sum(result.outcomes.values()) == 145
    assert result.success_rate == 36 / 105
    assert total(made) == {"void": 38, "unverified": 107}


def test_the_folder_is_a_runs_folder(tmp_path: Path) -> None:
    made = import_reports(put(tmp_path / "files", run_3()), tmp_path / "runs", "the third")
    entry = entry_of(made.folder)
    assert entry.state is not None
    assert (entry.state.value, entry.exit_code, entry.trouble) == ("finished", 5, "")
    manifest = read_manifest(made.folder)
    assert (manifest.plan, manifest.name, manifest.day) == ("import", "the third", "2025-11-05")
    assert manifest.started_at == "2025-11-05T18:21:00.500+00:00"
    assert manifest.settings["run.concurrency"] == "5"
    assert read_result(made.folder) == made.result
    page = (made.folder / "report.md").read_text()
    assert "so only 14 had persisted" in page
    assert "| finedining-4 |        19 |      11 |           0 |         0 |" in page
    assert json.loads((made.folder / "samples.json").read_text())["count"] == {"total": 19, "total.refused": 177}


def test_the_generator_takes_published_figures_only_when_they_agree() -> None:
    wrong = {slug: seen._replace(processed=seen.processed - 1) for slug, seen in RUN_2.items()}
    with pytest.raises(AssertionError, match="are pending, published are"):
        passes(wrong, concurrency=15, begin=END)


@pytest.mark.skipif("SLOTFILL_HISTORIC" not in os.environ, reason="SLOTFILL_HISTORIC names no folder of real reports")
def test_the_real_reports_of_run_2_come_to_the_same(tmp_path: Path) -> None:
    files = sorted(Path(os.environ["SLOTFILL_HISTORIC"]).glob("*T18-1[67]-*.json"))
    result = import_reports(files, tmp_path / "runs").result
    assert (result.attempts, result.acknowledged, result.with_tables) == (105, 67, 36)
    took = result.passes[0].processed_ms
    assert took is not None
    assert [took.p50, took.p95, took.max] == [*RUN_2_MS]
    for slug, seen in RUN_2.items():
        figures = result.by_restaurant[slug]
        assert (figures.attempts, figures.confirmed, figures.with_tables) == seen[:3]
