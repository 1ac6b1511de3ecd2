"""Whatever is given as a report: a run that adds up, or one clear sentence and nothing left behind."""

import copy
import datetime as dt
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.ledger import Entry
from engine.records.historic.folder import Made, import_reports
from engine.records.historic.report import LARGEST_BYTES, ReportUnreadable
from engine.records.trouble import RecordsFailed
from tests.records.reports import metrics, numbers, put, report, run_2, told

END = dt.datetime(2025, 11, 5, 18, 0, tzinfo=dt.UTC)


def small() -> dict[str, Any]:
    ids = numbers("pub-2")[:3]
    return report("pub-2", [told(ids[0], tables=["T1"]), told(ids[1]), told(ids[2], reason="deadlock detected")], END)


def set_at(*path: str | int, to: Any) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return change


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a negative count": (set_at("failed", to=-1), "$.failed"),
    "a count that its list denies": (set_at("successful", to=3), "successful = 3, and its results come to 2"),
    "more processed than it lists": (set_at("pendingProcessed", to=4), "pendingProcessed = 4"),
    "more processed than there are": (set_at("totalBookings", to=2), "totalBookings = 2"),
    "a booking twice": (set_at("results", 1, "id", to=numbers("pub-2")[0]), "in its results twice"),
    "an id that is none": (set_at("results", 0, "id", to="../../etc"), "$.results[0].id"),
    "a party of none": (set_at("results", 0, "party", to=0), "$.results[0].party"),
    "a length below zero": (set_at("results", 0, "durationMs", to=-5), "$.results[0].durationMs"),
    "a length of a year": (set_at("results", 0, "durationMs", to=3e10), "$.results[0].durationMs"),
    "a text for a truth": (set_at("results", 0, "success", to="yes"), "$.results[0].success"),
    "tables that are numbers": (set_at("results", 0, "tablesAssigned", to=[1]), "$.results[0].tablesAssigned[0]"),
    "a day that is none": (set_at("date", to="2025-02-30"), "$.date"),
    "a moment without a zone": (set_at("executedAt", to="2025-11-05T18:00:00"), "$.executedAt"),
    "a moment long ago": (set_at("executedAt", to="0001-01-01T00:00:00Z"), "of the year 1"),
    "a restaurant that is a path": (set_at("config", "TARGET_RESTAURANT_SLUG", to="../pub"), "TARGET_RESTAURANT_SLUG"),
    "no restaurant": (lambda one: one["config"].pop("TARGET_RESTAURANT_SLUG"), "TARGET_RESTAURANT_SLUG"),
    "nobody at work": (set_at("config", "MAX_CONCURRENT_BOOKINGS", to=0), "MAX_CONCURRENT_BOOKINGS"),
    "another shape": (lambda one: one.pop("results"), "neither an ultra-fast report"),
    "no results": (set_at("results", to=None), "$.results"),
}


def refused(tmp_path: Path, *files: Path) -> str:
    with pytest.raises(ReportUnreadable) as caught:
        import_reports(files, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("wrong", WRONG)
def test_a_report_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, wrong: str) -> None:
    change, says = WRONG[wrong]
    document = small()
    assert import_reports(put(tmp_path / "sound", [document]), tmp_path / "sound-runs").result.attempts == 3
    change(document)
    good, bad = put(tmp_path, [run_2()[0], document])
    message = refused(tmp_path, good, bad)
    assert message.startswith(f"{bad}: ")
    assert says in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a report"),
        (b"\xff\xfe{}", "not a report"),
        (b'{"results": [], "restaurant": "\xff"}', "not a report"),
        pytest.param(b"[" * 200_000, "not a report", id="deep and no object"),
        pytest.param(b'{"results": [], "x":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deep", id="deep"),
        (b'{"metrics": [{"concurrency": 1, "count": NaN}], "generatedAt": "2025-11-15T10:44:32Z"}', "not a report"),
        (b'{"metrics": [{"concurrency": 1, "count": 1e999}], "generatedAt": "2025-11-15T10:44:32Z"}', "not a report"),
        (
            b'{"metrics": [{"concurrency": 1, "count": -1}], "generatedAt": "2025-11-15T10:44:32Z"}',
            "$.metrics[0].count",
        ),
        (b"{}", "neither"),
        (b"[]", "not a report"),
        (b"1", "not a report"),
        (b'{"results": "\\ud800"}', "not a report"),
    ],
)
def test_what_is_no_json_of_ours_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    assert says in refused(tmp_path, path)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    assert "not a file" in refused(tmp_path, pipe)
    assert "Is a directory" in refused(tmp_path, tmp_path)
    assert "not a file" in refused(tmp_path, Path("/dev/zero"))
    assert "No such file" in refused(tmp_path, tmp_path / "missing.json")
    assert "over 4 MB" in refused(tmp_path, large)


def test_a_report_given_twice_is_no_second_pass(tmp_path: Path) -> None:
    document = run_2()[0]
    first, again = put(tmp_path, [document, document | {"avgProcessingMs": 1}])
    assert "are the same report" in refused(tmp_path, first, first)
    assert "are the same report" in refused(tmp_path, first, again)


def test_reports_of_other_months_are_other_runs(tmp_path: Path) -> None:
    later = copy.deepcopy(run_2()[1])
    later["executedAt"] = "2026-01-05T18:00:00Z"
    assert "60 days apart" in refused(tmp_path, *put(tmp_path, [run_2()[0], later]))


def test_lengths_that_do_not_fit_the_report_are_placed_all_the_same(tmp_path: Path) -> None:
    document = small()
    document["totalDurationSeconds"] = 0
    document["config"]["MAX_CONCURRENT_BOOKINGS"] = 1
    made = import_reports(put(tmp_path, [document]), tmp_path / "runs")
    assert sound(made)


def test_runs_that_cannot_be_written_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the runs should be")
    with pytest.raises(RecordsFailed, match="could not make the folder"):
        import_reports(put(tmp_path / "files", run_2()), tmp_path / "runs")


def sound(made: Made) -> bool:
    """What holds of every import: it adds up, and no claim is believed that nothing proves."""
    result, kept = made.result, made.result.ledger
    attempts = sum(one.attempts for one in result.passes) + sum(one.attempts for one in result.levels)
    assert kept.balanced
    assert sum(getattr(kept, entry.value) for entry in Entry) == kept.attempts == result.attempts == attempts
    assert sum(result.outcomes.values()) == result.attempts
    assert kept.acknowledged == result.acknowledged == sum(one.confirmed for one in result.passes)
    assert kept.persisted + kept.lost <= kept.acknowledged
    assert result.persisted is None
    for one in result.passes:
        assert one.persisted is None or one.persisted <= one.attempts
        assert sum(figures.attempts for figures in one.by_restaurant.values()) == one.attempts
    return True


_LEAVES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just([]) | st.just({})
)


@st.composite
def _bent(draw: st.DrawFn) -> dict[str, Any]:
    """A sound document with some values replaced by anything."""
    document: dict[str, Any] = draw(st.sampled_from([small(), metrics()]))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = document
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
            if not isinstance(place[key], dict | list) or not place[key] or draw(st.integers(0, 9)) == 0:
                place[key] = draw(_LEAVES)
                break
            place = place[key]
    return document


@settings(max_examples=60)
@given(_bent())
def test_a_bent_report_is_refused_or_adds_up(document: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bent.json"
        path.write_text(json.dumps(document))
        try:
            made = import_reports([path], Path(folder) / "runs")
        except ReportUnreadable:
            assert not (Path(folder) / "runs").exists()
        else:
            assert sound(made)


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bytes.json"
        path.write_bytes(content)
        with pytest.raises(ReportUnreadable):
            import_reports([path], Path(folder) / "runs")


_SLUGS = ("pub-1", "pub-2")


@st.composite
def _evening(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Passes over two restaurants in which anything may happen to a booking between them."""
    documents = []
    for number in range(draw(st.integers(1, 3))):
        for place, slug in enumerate(_SLUGS):
            rows = []
            for booking in draw(st.lists(st.sampled_from(numbers(slug)[:5]), unique=True)):
                how = draw(st.sampled_from(["tables", "none", "Hold conflicts prevented all candidates", "?"]))
                given_tables = ["T1"] if how == "tables" else []
                rows.append(
                    told(
                        booking,
                        tables=given_tables,
                        reason="" if how in ("tables", "none") else how,
                        took_ms=draw(st.integers(0, 90_000)),
                    )
                )
            at = END + dt.timedelta(minutes=draw(st.integers(4, 7)) * (2 * number + place))
            documents.append(report(slug, rows, at, concurrency=draw(st.integers(1, 4))))
    return documents


@settings(max_examples=30)
@given(_evening(), st.randoms(use_true_random=False))
def test_whatever_happens_between_passes_the_ledger_balances_in_any_order_of_files(
    documents: list[dict[str, Any]], order: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = put(Path(folder) / "files", documents)
        try:
            made = import_reports(files, Path(folder) / "runs")
        except ReportUnreadable as error:
            assert "same report" in str(error)  # noqa: PT017 - either is right, and each is looked at
            return
        assert sound(made)
        order.shuffle(files)
        again = import_reports(files, Path(folder) / "runs")
        assert (again.result.ledger, again.result.passes) == (made.result.ledger, made.result.passes)
