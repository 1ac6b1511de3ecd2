"""The forms of a report: what the page says the others say, and nothing in them is taken for anything else."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.figures import Latency
from engine.model.ledger import Entry, Ledger, Story
from engine.model.levels import Fit, Level, Steady, Sweep
from engine.model.report import Burst, IntegrityCounts, Pass, RestaurantFigures, Result, Retry
from engine.model.threshold import Held, Stood
from engine.model.verdict import Claim, Sureness, Verdict
from engine.records import charts
from engine.records.csv_files import csv_files
from engine.records.html import html_page
from engine.records.junit import junit
from engine.records.over_time import OverTime
from engine.records.page import report_md
from engine.records.prom import prom
from engine.redact import mask
from tests.judge.journals import result as bare

MS = 1_000_000
HOSTILE = "<script>alert(\"&\")</script> | 'x' `<b>`"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Text(HTMLParser):
    """What a reader of the page sees, with the pictures apart."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.drawn: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        known = dict(attrs)
        self.ids += [value for value in (known.get("id"),) if value]
        self.links += [value for value in (known.get("href"), known.get("src")) if value]
        if tag in ("svg", "style", "nav", "figcaption", "title"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words.append(data)
        elif "svg" in self._inside:
            self.drawn.append(data)


def read(page: str) -> Text:
    text = Text()
    text.feed(page)
    return text


def a_sweep() -> tuple[Result, dict[int, dict[str, list[int]]]]:
    levels, samples = [], {}
    for number, (workers, repeat) in enumerate(((w, r) for w in (1, 2, 4, 8) for r in (1, 2, 3)), start=1):
        pace = 40.0 * workers / (1 + 0.1 * (workers - 1)) + repeat
        samples[number] = {"total": [(20 + at % 37 + workers) * MS for at in range(100)]}
        steady = Steady(2.0, 90, 80, pace, pace * 0.9, 1.0)
        levels.append(
            Level(
                workers, repeat, 100, {}, round=number, filled=90, persisted=90, fills_per_s=pace, attempts_per_s=pace,
                persisted_per_s=pace * 0.9, steady=steady, success_rate=0.9, success_interval=(0.8, 0.95),
                kind="counted",
            )
        )  # fmt: skip
    fits = [Fit(of, 41.0, 0.1, (0.05, 0.2), 0.0, (0.0, 0.01), 0.02, None, 4, 3) for of in ("attempts", "persisted")]
    sweep = Sweep(["1 x 1"], "a rule", "steady", "this plan can detect >= 19 points", fits)
    return msgspec.structs.replace(a_result(), levels=levels, sweep=sweep), samples


def a_result() -> Result:
    kept = Ledger(attempts=105, persisted=68, void=36, lost=1, balanced=True, acknowledged=69)
    took = Latency(69, 1.25, 4.5, 8.0, 9.75, None, 12.0)
    at = "/latency_ms/hold/"
    lies = (8.0, None), "8.0 ms to anything"
    held = Held("p95.hold", "p95.hold <= 5 ms", Stood.FAILED, 9.75, "9.8 ms", f"{at}p95", *lies, 69)
    few = "69 samples are too few"
    unknown = Held("p99.hold", "p99.hold < 5 ms", Stood.UNKNOWN, None, "-", f"{at}p99", why=few)
    houses = {"cafe-3": RestaurantFigures(60, 40, 39, 2 / 3), "=HYPERLINK(1)": RestaurantFigures(45, 29, 29, 0.6)}
    before = {"overlapping_assignments": 1, "leaked_holds": 0}
    after = {"overlapping_assignments": 3, "leaked_holds": 7}
    return msgspec.structs.replace(
        bare("one", kept, [HOSTILE], "finished"),
        attempts=105,
        acknowledged=69,
        outcomes={"filled": 69, "hold_conflict": 36},
        success_rate=69 / 105,
        latency_ms={"hold": took, "total": took},
        by_restaurant=houses,
        refusals={"hold": {"hold_conflict": 50}},
        integrity=IntegrityCounts(before, after),
        thresholds=[held, unknown],
    )  # fmt: skip


def test_the_numbers_of_the_html_are_those_of_the_markdown_in_their_order() -> None:
    result, rounds = a_sweep()
    page = report_md(result, {"hold": [5 * MS] * 69}, rounds)
    text = read(html_page(page, {"Outcomes": ["<figure><svg><text>99999</text></svg></figure>"]}))
    assert NUMBER.findall(" ".join(text.words)) == NUMBER.findall(page)
    assert len(NUMBER.findall(page)) > 120
    assert text.drawn == ["99999"]


def test_a_report_says_first_what_was_found_what_the_exit_code_means_and_which_checks_found_rows() -> None:
    claim = Claim("Bookings vanish: 3 [E1] are gone.", Sureness.SUPPORTED, "commit", "COMMIT", "silent-drop")
    found = Verdict("supported: silent-drop at commit", (claim,))
    page = report_md(msgspec.structs.replace(a_result(), exit_code=5, verdict=found, faults=["silent-drop=0.3"]))
    first = page.partition("## ")[0]
    assert "exit code 5 (data was lost or integrity broken)" in first
    assert "Verdict: supported: silent-drop at commit. Bookings vanish." in first
    assert "switched on at its end: silent-drop=0.3" in first
    checks = page.partition("## Integrity")[2].partition("## ")[0]
    assert "2 checks" in checks
    assert re.search(r"overlapping_assignments \| +1 \| +3", checks)
    unchecked = report_md(msgspec.structs.replace(a_result(), integrity=None))
    assert "No check was made" in unchecked
    clean = IntegrityCounts({"leaked_holds": 0}, {"leaked_holds": 0})
    assert "none found a row" in report_md(msgspec.structs.replace(a_result(), integrity=clean))


def test_a_report_tells_the_settings_of_its_plan_and_the_platforms_flags() -> None:
    settings = {"run.seed": "7", "run.rate": "", "fill.days": "2", "burst.requests": "50", "sweep.delay_ms": "20",
                "flags.debug_capacity_profiling": "true", "records.keep": "20"}  # fmt: skip
    told = report_md(msgspec.structs.replace(a_result(), plan="fill", settings=settings)).partition("## Settings")[2]
    assert re.search(r"\| run +\| seed=7 +\|", told)
    assert re.search(r"\| fill +\| days=2 +\|", told)
    assert re.search(r"\| flags +\| debug_capacity_profiling=true +\|", told)
    assert not any(word in told for word in ("requests", "delay_ms", "keep"))
    assert "## Settings" not in report_md(msgspec.structs.replace(a_result(), settings={}))


def test_a_report_tells_burst_repeats_and_retries() -> None:
    house = {"cafe-3": RestaurantFigures(60, 40, 39, 2 / 3), "pub-1": RestaurantFigures(40, 20, 20, 0.5)}
    passes = [Pass(1, repeat, 100, 60, 59, house, {"filled": 60}, pending=4, swept_holds=2) for repeat in (1, 2)]
    result = msgspec.structs.replace(
        a_result(), passes=passes, retries={"deadlock": Retry(9, 2)}, burst=Burst(50, 44, 25, 26, 6)
    )
    page = report_md(result)
    assert "26 filled, where one worker alone finds tables for 25" in page
    assert "6 were told that they repeat another one" in page
    assert re.search(r"\| +2 \| +1 \| all +\| +100 \| +60 \| +59 \| 60.0% +\| +4 \|", page)
    assert "After pass 1 of repeat 2: 2 holds swept." in page
    assert re.search(r"deadlock \| +9 \| +2", page)


def test_the_page_loads_nothing_and_what_a_run_says_is_no_markup() -> None:
    page = html_page(report_md(a_result()), {})
    text = read(page)
    assert not text.tags["script"] + text.tags["b"] + text.tags["img"] + text.tags["link"]
    assert "default-src 'none'" in page
    assert all(link.startswith("#") or link.endswith(".json") for link in text.links)
    assert HOSTILE.replace("`", "") in "".join(text.words)
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page
    assert "width=device-width" in page


def test_every_link_within_the_page_leads_somewhere() -> None:
    page = "# Run one\n\n## Verdict\n\nit took 5 ms [E1]\n\n## Evidence\n\n| id | file |\n| --- | --- |\n| E1 | result.json |\n"  # noqa: E501
    text = read(html_page(page, {}))
    assert {link for link in text.links if link.startswith("#")} == {"#E1", "#verdict", "#evidence"}
    assert {link[1:] for link in text.links if link.startswith("#")} <= set(text.ids)
    assert "result.json" in text.links
    assert "result.json" not in read(html_page(page, {}, beside=False)).links


def test_charts_say_their_unit_and_have_the_values_of_the_tables() -> None:
    result, rounds = a_sweep()
    page = report_md(result, {}, rounds)
    drawn = [
        charts.scaling(result), charts.level_latency(result.levels, rounds), charts.latency(result.latency_ms, "closed")
    ]  # fmt: skip
    for one in drawn:
        ET.fromstring(one)
        assert re.search(r"<title>[^<]*\((?:ms|1/s|attempts/s)\)</title>", one)
        assert mask(one) == one
    for value in re.findall(r'class="value small">([\d.]+)<', drawn[0] + drawn[1]):
        assert re.search(rf"\| +{re.escape(value)} ", page), value
    assert "p50 4.5" in drawn[2]
    assert drawn[0].count("<polyline") == 2, "a curve for attempts, one for what persisted"
    whiskers = re.findall(r'class="line first"', drawn[1])
    assert len(whiskers) >= 4


def test_what_cannot_be_drawn_is_left_out() -> None:
    assert charts.scaling(a_result()) == ""
    assert charts.level_latency([], {}) == ""
    assert charts.latency({"hold": Latency(0, None, None, None, None, None, None)}, "closed") == ""


def test_outcomes_over_time_add_up_and_differ_by_pattern_and_name() -> None:
    words = ("filled", "hold_conflict", "zone_lock", "overlap", "timeout", "deadlock", "capacity", "connection")
    seen = OverTime(0.5, tuple(Counter({word: 8 - at for at, word in enumerate(words)}) for _ in range(4)))
    one = charts.outcomes(seen)
    ET.fromstring(one)
    named = re.findall(r">([a-z][^<]*?) (\d+)</text>", one)
    assert sum(int(count) for _, count in named) == sum(part.total() for part in seen.stretches)
    assert [name for name, _ in named][-1] == "all others"
    assert len({*re.findall(r"url\(#(k\d)\)", one)}) == charts.SHOWN
    assert f"at most {36 / 0.5:.1f}/s" in charts.throughput(seen)


def test_junit_has_a_case_for_every_threshold_entry_and_check() -> None:
    top = ET.fromstring(junit(a_result(), {"overlapping_assignments"}))
    suites = {suite.get("name"): suite for suite in top}
    assert set(suites) == {"run", "thresholds", "ledger", "integrity"}
    bad = {
        (case.get("classname"), case.get("name")): kind
        for case in top.iter("testcase")
        for kind in ("failure", "error", "skipped")
        if case.find(kind) is not None
    }
    assert bad == {
        ("slotfill.thresholds", "p95.hold <= 5 ms"): "failure",
        ("slotfill.thresholds", "p99.hold < 5 ms"): "error",
        ("slotfill.ledger", "nothing is lost"): "failure",
        ("slotfill.integrity", "overlapping_assignments"): "failure",
    }
    assert (top.get("failures"), top.get("errors")) == ("3", "1")
    assert sum(int(suite.get("tests", 0)) for suite in top) == int(top.get("tests", 0))


def test_junit_of_a_run_that_proves_nothing_is_an_error_with_its_reason_and_names_every_kind_of_story() -> None:
    stories = [Story(UUID(int=n), Entry.LOST if n < 20 else Entry.TORN, n, (), "", (), "") for n in range(21)]
    kept = Ledger(attempts=105, acknowledged=69, persisted=48, lost=20, torn=1, void=36, stories=tuple(stories))
    found = msgspec.structs.replace(a_result(), exit_code=6, reason="the pace was lost", ledger=kept)
    cases = {case.get("name"): case for case in ET.fromstring(junit(found, ())).iter("testcase")}
    error = cases["a conclusion may be drawn from it"].find("error")
    assert error is not None
    assert error.get("message") == "exit code 6, inconclusive: the pace was lost"
    torn = cases["nothing is torn"].find("failure")
    assert torn is not None
    assert str(UUID(int=20)) in torn.get("message", "")


def test_junit_of_a_run_that_was_stopped_or_not_checked_is_not_all_green() -> None:
    result = msgspec.structs.replace(a_result(), state="stopped", integrity=None)
    top = ET.fromstring(junit(result, ()))
    assert top.find("testsuite[@name='run']/testcase/error") is not None
    assert top.find("testsuite[@name='integrity']/testcase/skipped") is not None


ROW = re.compile(
    r'slotfill_[a-z_]+\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\} -?[\d.e+-]+'
)


def test_the_prometheus_file_is_what_its_format_wants_and_says_the_figures() -> None:
    text = prom(a_sweep()[0])
    assert text.endswith("\n")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(ROW.fullmatch(row) for row in rows), [row for row in rows if not ROW.fullmatch(row)]
    assert 'slotfill_attempts{run="one",outcome="hold_conflict"} 36' in rows
    assert 'slotfill_step_seconds{run="one",step="hold",quantile="0.95"} 0.00975' in rows
    assert 'slotfill_threshold_passed{run="one",threshold="p95.hold <= 5 ms"} 0' in rows
    assert not any("p99" in row or 'quantile="0.99"' in row for row in rows), "what is not known has no row"
    names = [row.partition("{")[0] for row in rows]
    for name in dict.fromkeys(names):
        assert text.count(f"# TYPE {name} gauge\n") == text.count(f"# HELP {name} ") == 1
        assert names[names.index(name) : names.index(name) + names.count(name)] == [name] * names.count(name)
    assert len(rows) == len({row.rpartition(" ")[0] for row in rows}), "no row twice"


@given(st.text())
def test_any_text_is_a_label(said: str) -> None:
    result = msgspec.structs.replace(a_result(), by_restaurant={said: RestaurantFigures(1, 1, 1, 1.0)})
    rows = [line for line in prom(result).split("\n") if line.startswith("slotfill_restaurant_attempts")]
    assert len(rows) == 1
    assert ROW.fullmatch(rows[0])


def test_csv_has_all_four_tables_and_no_formula() -> None:
    result, _ = a_sweep()
    found = csv_files(result, {"hold": [at * MS for at in range(1, 101)]})
    assert set(found) == {"levels.csv", "steps.csv", "by_restaurant.csv", "passes.csv"}
    rows = {name: list(csv.DictReader(io.StringIO(text))) for name, text in found.items()}
    assert [(row["concurrency"], row["repeat"]) for row in rows["levels.csv"]][:4] == [
        ("1", "1"),
        ("1", "2"),
        ("1", "3"),
        ("2", "1"),
    ]
    hold = rows["steps.csv"][0]
    assert (hold["step"], hold["p95_ms"], hold["p99_ms"]) == ("hold", "9.75", "")
    assert float(hold["p50_low"]) < 50 < float(hold["p50_high"])
    assert [row["restaurant"] for row in rows["by_restaurant.csv"]] == ["cafe-3", "'=HYPERLINK(1)"]
    assert rows["passes.csv"] == []


@pytest.mark.parametrize("make", [lambda: prom(a_result()), lambda: junit(a_result(), ()), lambda: charts.PATTERNS])
def test_nothing_in_them_looks_like_a_phone_number_to_whoever_masks(make: object) -> None:
    text = make()  # type: ignore[operator]
    assert mask(text) == text


@pytest.mark.parametrize("rows", ["finished: a\n| b\n", "- a\n| b | c\n| d\n", "| a | b |\n| --- | --- |\n| x |\n"])
def test_what_only_begins_like_a_table_is_a_paragraph(rows: str) -> None:
    page = html_page(f"# Run x\n\n{rows}", {})
    assert "<table>" not in page
    assert "| " in page


def test_a_bound_that_is_given_twice_is_one_row_for_a_collector() -> None:
    twice = (Held("lost", "lost <= 0", Stood.PASSED, 0.0, "0", "/ledger/lost"),) * 2
    rows = [
        row for row in prom(msgspec.structs.replace(a_result(), thresholds=list(twice))).splitlines() if row[0] != "#"
    ]
    named = [row.rpartition(" ")[0] for row in rows]
    assert len(set(named)) == len(named)
