"""Runs held against each other: what is found, what is not said, and how often chance alone is taken for more."""

import random
from datetime import time

import msgspec
import pytest
from scipy import stats

from engine.caveats import loop_lag
from engine.exit_code import ExitCode
from engine.judge.compare import compare
from engine.judge.subject import Subject
from engine.model.client_floor import ClientFloor
from engine.model.comparison import Comparison, LatencyRow, Pair, RateRow, Reading, Word
from engine.model.ids import TurnId
from engine.model.ledger import Entry, Ledger
from engine.model.step import Step
from engine.redact import mask
from tests.judge.journals import DAY, HOUSES, Told, evening, facts, journal, ledger_of, run, turns
from tui.comparison import lines

FAST = 40
"""Resamples where intervals are not what is tested."""


def told(filled: int, *, of: int = 105, first: int = 0) -> list[Told]:
    """So many of them filled, from one on."""
    return [Told() if first <= n < first + filled else Told("zone_lock", Entry.VOID) for n in range(of)]


def only(found: Comparison) -> Pair:
    (pair,) = found.pairs
    return pair


def two(first: Subject, other: Subject) -> Pair:
    return only(compare([first, other], resamples=FAST))


def test_a_planted_difference_is_found_by_pairs_and_named_by_the_one_factor() -> None:
    first = run("one", [told(70)])
    other = run("two", [told(45, first=5)], about=facts("two", concurrency=8))
    found = compare([first, other], resamples=FAST)
    pair = only(found)
    assert (pair.word, found.exit_code) == (Word.WORSE, ExitCode.THRESHOLD)
    assert [(one.name, one.first, one.other) for one in pair.differences] == [("run.concurrency", "4", "8")]
    assert pair.says[0] == "worse: they differ in run.concurrency 4 to 8 alone"
    assert (pair.paired, pair.in_both, pair.reading) == (True, 105, Reading.PERSISTED)
    assert (pair.primary.gained, pair.primary.lost) == (0, 25)
    assert pair.primary.p == pytest.approx(float(stats.binomtest(0, 25).pvalue))
    (beside,) = pair.beside
    assert beside.p == pytest.approx(float(stats.fisher_exact([[70, 35], [45, 60]]).pvalue), rel=1e-6)
    assert "success rate 70 of 105 (66.7 %) to 45 of 105 (42.9 %), -23.8 points" in pair.regressions[0]


def test_the_same_difference_the_other_way_is_better_and_no_regression() -> None:
    found = compare([run("one", [told(45)]), run("two", [told(70)])], resamples=FAST)
    assert (only(found).word, found.exit_code) == (Word.BETTER, ExitCode.PASSED)
    assert only(found).regressions == ()
    assert only(found).says[0] == "better: nothing that is recorded differs"


def test_two_equal_runs_are_too_small_to_tell_apart_and_the_detectable_difference_is_said() -> None:
    found = compare([run("one", [told(63)]), run("two", [told(63)])], resamples=FAST)
    pair = only(found)
    assert (pair.word, found.exit_code) == (Word.EVEN, ExitCode.PASSED)
    assert pair.detectable == pytest.approx(0.19, abs=0.005)
    assert "this pair can detect a difference of 19 points or more (80 % power at 5 %)" in pair.says


def test_two_small_runs_are_too_small_to_tell_and_that_is_no_pass() -> None:
    few = turns({"cafe-3": 40})
    found = compare([run("one", [told(24, of=40)], few), run("two", [told(23, of=40)], few)], resamples=FAST)
    pair = only(found)
    assert (pair.word, found.exit_code) == (Word.EVEN, ExitCode.INCONCLUSIVE)
    assert pair.says[0].startswith("too small to tell: nothing that is recorded differs")
    assert "this pair can detect a difference of 30 points or more (80 % power at 5 %)" in pair.says


def test_pairs_of_one_truth_raise_regressions_no_more_often_than_said() -> None:
    """80 pairs of single runs, and 20 of five repeats on a machine with moods: the nominal rate is 5 %."""
    draws = random.Random(11)
    small = turns({"cafe-3": 35, "pub-1": 25})
    words: list[Word] = []
    for _ in range(80):
        one, other = evening(draws, bookings=60), evening(draws, bookings=60)
        words.append(two(run("one", [one], small), run("two", [other], small)).word)
    assert words.count(Word.WORSE) <= stats.binom.ppf(0.99, 80, 0.025)
    assert words.count(Word.UNSURE) <= stats.binom.ppf(0.99, 80, 0.05)
    moody: list[Word] = []
    for _ in range(20):
        these, those = ([evening(draws, bookings=60, mood=0.4) for _ in range(5)] for _ in range(2))
        moody.append(two(run("one", these, small), run("two", those, small)).word)
    assert moody.count(Word.WORSE) <= stats.binom.ppf(0.99, 20, 0.05)


def test_a_machine_in_another_mood_is_no_regression_of_single_runs() -> None:
    draws = random.Random(12)
    slow = [one._replace(steps={step: 3 * ms for step, ms in one.steps.items()}) for one in evening(draws)]
    found = compare([run("one", [evening(draws)]), run("two", [slow])], resamples=FAST)
    pair = only(found)
    assert (pair.word, found.exit_code) == (Word.UNSURE, ExitCode.INCONCLUSIVE)
    assert pair.regressions == ()
    assert "give each --repeat 5" in pair.says[0]
    assert any(text.startswith("not the same in these two runs") and "hold" in text for text in pair.says)


def test_a_slower_step_is_found_over_repeats_with_its_step_and_by_how_much() -> None:
    draws = random.Random(13)
    one, other = ([evening(draws, mood=0.2, slower=slower) for _ in range(5)] for slower in (0.0, 20.0))
    found = compare([run("one", one), run("two", other)], resamples=200)
    pair = only(found)
    assert (pair.word, found.exit_code) == (Word.WORSE, ExitCode.THRESHOLD)
    steps = {text.split()[0] for text in pair.regressions}
    assert "hold" in steps
    assert "confirm" not in steps
    row = next(row for row in pair.latencies if row.step == "hold" and not row.restaurant)
    assert row.test == "Welch on repeats"
    assert row.shift is not None
    assert row.shift.low < 20 < row.shift.high + 1
    assert row.p50 is not None
    assert row.p50.low > 10


def test_lengths_of_pairs_are_those_of_bookings_that_succeeded_in_both() -> None:
    first, other = told(60), told(60, first=20)
    pair = two(run("one", [first]), run("two", [other]))
    rows = {(row.step, row.population, row.restaurant): row for row in pair.latencies}
    both = rows["hold", "that succeeded in both", ""]
    assert (both.first.count, both.other.count) == (40, 40)
    failed = rows["total", "that failed", ""]
    assert (failed.first.count, failed.p_holm, failed.word) == (45, None, Word.EVEN)


def test_the_tests_of_single_runs_are_scipys_on_those_very_lengths() -> None:
    draws = random.Random(14)
    first, other = evening(draws, 1.0), evening(draws, 1.0)
    pair = two(run("one", [first]), run("two", [other]))
    row = next(row for row in pair.latencies if row.step == "hold" and not row.restaurant)
    a, b = ([round(one.steps[Step.HOLD] * 1e6) / 1e6 for one in side] for side in (first, other))
    theirs = stats.wilcoxon([y - x for x, y in zip(a, b, strict=True)], correction=True, method="asymptotic")
    assert row.p == pytest.approx(float(theirs.pvalue), abs=1e-9)
    pair = two(run("one", [first]), run("two", [other], about=facts("two", seed=4)))
    row = next(row for row in pair.latencies if row.step == "hold" and not row.restaurant)
    assert (row.population, row.test) == ("that succeeded", "Mann-Whitney")
    assert row.p == pytest.approx(float(stats.mannwhitneyu(a, b, method="asymptotic").pvalue), abs=1e-9)


def test_holm_takes_in_every_test_of_every_pair() -> None:
    draws = random.Random(15)
    runs = [run(name, [evening(draws)]) for name in ("one", "two", "three")]
    found = compare(runs, resamples=FAST)
    rows: list[RateRow | LatencyRow] = []
    for pair in found.pairs:
        rows += [*pair.restaurants, *pair.outcomes]
        rows += [row for row in pair.latencies if row.p_holm is not None]
    assert len(rows) == found.tests
    smallest = min(rows, key=lambda row: row.p)
    assert smallest.p_holm == pytest.approx(min(1.0, smallest.p * found.tests))
    least = min((pair.primary for pair in found.pairs), key=lambda row: row.p)
    assert least.p_holm == pytest.approx(min(1.0, 2 * least.p))
    assert sum("a range of" in text for text in found.says) == 1
    assert "a range of" in found.says[0]
    assert "±" not in "".join(lines(found))


def test_runs_that_differ_in_two_things_are_not_comparable_and_both_are_named() -> None:
    found = compare(
        [run("one", [told(70)]), run("two", [told(40)], about=facts("two", concurrency=8, postgres="17.2"))],
        resamples=FAST,
    )
    pair = only(found)
    assert (pair.word, found.exit_code, pair.regressions) == (Word.REFUSED, ExitCode.INCONCLUSIVE, ())
    assert pair.refusals == (
        "they differ in 2 things at once: run.concurrency 4 to 8, version of the server 18.6 to 17.2",
    )
    assert pair.primary.p < 0.001, "the figures are there all the same"


@pytest.mark.parametrize(
    ("ledger", "why"),
    [
        ({"balanced": False}, "does not balance"),
        ({"unresolved": 2}, "2 attempts are unresolved"),
        ({"unverified": 105}, "105 attempts are unverified"),
        ({"lost": 240}, "names 0 of the bookings that are not as claimed"),
    ],
)
def test_a_ledger_that_cannot_be_trusted_refuses_the_comparison(ledger: dict[str, int], why: str) -> None:
    kept = msgspec.structs.replace(Ledger(attempts=105, persisted=105), **ledger)
    pair = two(run("one", [told(70)]), run("two", [told(40)], ledger=kept))
    assert pair.word is Word.REFUSED
    assert any(why in text for text in pair.refusals)


def test_a_run_that_was_stopped_or_is_too_small_refuses_too() -> None:
    pair = two(run("one", [told(70)]), run("two", [told(70)], state="stopped"))
    assert "run two is stopped, so not all of its plan was run" in pair.refusals
    few = turns({"cafe-3": 12})
    pair = two(run("one", [told(9, of=12)], few), run("two", [told(1, of=12)], few))
    assert "run one has 12 bookings: too little data; 20 are the least" in pair.refusals


def test_what_was_lost_is_no_success_whatever_was_claimed() -> None:
    lost = [Told(entry=Entry.LOST) if n < 30 else Told() for n in range(105)]
    found = compare([run("one", [told(105)]), run("two", [lost])], resamples=FAST)
    pair = only(found)
    assert (pair.word, found.exit_code) == (Word.WORSE, ExitCode.THRESHOLD)
    assert (pair.primary.other.count, pair.primary.lost) == (75, 30)
    assert any(
        text.startswith("the readings disagree: by what persisted they differ (105 of 105 and 75 of 105")
        and "by what was claimed they cannot be told apart" in text
        for text in pair.says
    )


def test_what_nobody_heard_of_and_was_there_counts() -> None:
    heard = [Told("connection", Entry.RECOVERED) if n < 4 else Told() for n in range(105)]
    one = run("two", [heard])
    assert two(run("one", [told(105)]), one).primary.other.count == 105
    assert one.refusals == ()


def test_runs_that_make_their_own_bookings_pair_by_slot_and_ordinal() -> None:
    own = turns(ids=False)
    late = [msgspec.structs.replace(one, at=time(20)) if one.id <= 5 else one for one in own]
    pair = two(run("one", [told(70)], own), run("two", [told(70)], own))
    assert (pair.paired, pair.in_both, pair.primary.lost) == (True, 105, 0)
    pair = two(run("one", [told(70)], own), run("two", [told(70)], late))
    assert (pair.in_both, pair.only_first, pair.only_other) == (100, 5, 5)
    assert "10 bookings were asked for in one of them only, and are in no pair" in pair.says


def test_bookings_alike_in_everything_are_told_apart_by_their_order() -> None:
    alike = [
        msgspec.structs.replace(one, at=time(19), party=4, id=TurnId(place))
        for place, one in enumerate(turns(ids=False), 1)
    ]
    pair = two(run("one", [told(70)], alike), run("two", [told(70)], alike))
    assert pair.in_both == sum(HOUSES.values())


def test_another_seed_is_a_factor_and_ends_pairing() -> None:
    pair = two(run("one", [told(70)]), run("two", [told(40)], about=facts("two", seed=4)))
    assert (pair.paired, pair.word) == (False, Word.WORSE)
    assert pair.primary.test == "Fisher, exact"
    assert [row.test for row in pair.beside] == ["McNemar, exact"], "the same rows were asked for, and it is said"


def test_settings_that_another_plan_reads_and_names_are_no_factors() -> None:
    other = facts("two", name="tuesday")
    other = msgspec.structs.replace(other, settings={**other.settings, "fill.days": "9", "console.ascii": "true"})
    assert two(run("one", [told(70)]), run("two", [told(70)], about=other)).differences == ()


def test_a_database_that_the_first_run_left_and_a_run_that_goes_on_are_not_the_same_begin() -> None:
    pair = two(run("one", [told(70)]), run("two", [told(40)], about=facts("two", database="sf_one")))
    assert pair.refusals == ("both worked in sf_one, and the second began with what the first had left",)
    pair = two(run("one", [told(70)]), run("two", [told(40)], about=facts("two", continues="zero", concurrency=8)))
    assert "goes on with none to zero" in pair.refusals[0]


def test_somebodys_database_of_which_nothing_is_recorded_refuses() -> None:
    def of(name: str) -> Subject:
        about = facts(name, target="postgres", place="stage booking", database="booking")
        bare = {key: value for key, value in about.fingerprint.items() if key not in ("schema", "data")}
        return run(name, [told(70)], about=msgspec.structs.replace(about, fingerprint=bare))

    pair = two(of("one"), of("two"))
    assert "not recorded of both: data set, schema" in pair.refusals


def test_a_client_that_costs_more_is_a_factor() -> None:
    slow, fast = (
        facts(name, client_floor=ClientFloor(100, 4, p50_ns, p50_ns * 2, p50_ns))
        for name, p50_ns in (("one", 900_000), ("two", 300_000))
    )
    pair = two(run("one", [told(70)], about=slow), run("two", [told(70)], about=fast))
    assert [(one.name, one.first) for one in pair.differences] == [("client floor", "0.90 ms")]


def test_a_late_engine_has_no_slower_steps() -> None:
    (late,) = loop_lag(80_000_000)
    draws = random.Random(16)
    one, other = ([evening(draws, slower=slower) for _ in range(5)] for slower in (0.0, 20.0))
    pair = two(run("one", one), run("two", other, alerts=[late]))
    assert (pair.word, pair.regressions) == (Word.UNSURE, ())
    assert "the client was the limit of one of them: no step is said to be slower" in pair.says


def test_nothing_it_says_looks_like_a_phone_number_to_whoever_masks() -> None:
    slow = [one._replace(steps={step: 1e6 * ms for step, ms in one.steps.items()}) for one in evening(random.Random(1))]
    fast = [one._replace(steps={step: 1e5 * ms for step, ms in one.steps.items()}) for one in evening(random.Random(2))]
    found = compare([run("one", [slow]), run("two", [fast]), run("three", [slow])], resamples=FAST)
    page = "\n".join(lines(found))
    assert mask(page) == page
    assert all(mask(text) == text for pair in found.pairs for text in pair.says)


def test_the_ledger_of_the_journals_here_adds_up() -> None:
    planned, heard = turns(), [told(70)]
    kept = ledger_of(journal("x", heard, planned), heard)
    assert kept.persisted + kept.void == kept.attempts == len(planned)
    assert planned[0].on == DAY
