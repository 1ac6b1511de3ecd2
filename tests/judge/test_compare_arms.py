"""Arms of several runs, all runs side by side, how many workers, and whether that is fit for production."""

import random
import statistics

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.judge.arms import arm, by_setting
from engine.judge.compare import compare
from engine.judge.overview import spread
from engine.judge.production import fit_for_production
from engine.judge.recommend import Tried, recommended
from engine.judge.subject import Subject
from engine.model.comparison import Comparison, Reading, Share, Word
from engine.model.ledger import Entry
from engine.model.production import ProductionTargets
from engine.records.comparison_page import comparison_md
from engine.redact import mask
from tests.judge.journals import Told, evening, facts, run

FAST = 40


def told(filled: int, of: int = 105) -> list[Told]:
    return [Told() if n < filled else Told("zone_lock", Entry.VOID) for n in range(of)]


def runs(workers: int, filled: list[int]) -> list[Subject]:
    made = []
    for place, count in enumerate(filled):
        name = f"w{workers}n{place}"
        one = run(name, [told(count)], about=facts(name, concurrency=workers))
        made.append(msgspec.structs.replace(one, fills=(10.0 * workers + place,)))
    return made


def compared(*subjects: Subject) -> Comparison:
    return compare(subjects, resamples=FAST)


def test_an_arm_is_its_runs_as_repeats() -> None:
    one = arm(runs(4, [60, 70, 80]))
    assert (one.repeats, len(one.taken.asked), one.bookings) == (3, 315, 105)
    assert one.ledger.attempts == 315
    assert one.side(Reading.PERSISTED).success == Share(210, 315)
    assert one.refusals == ()
    assert one.fills == (40.0, 41.0, 42.0)
    began = [asked.began_ns for asked in one.taken.asked]
    assert began == sorted(began)


def test_arms_of_several_runs_tell_what_single_runs_cannot() -> None:
    draws = random.Random(21)
    slow, fast = ([run(f"{ms}{n}", [evening(draws, mood=0.2, slower=ms)]) for n in range(5)] for ms in (20.0, 0.0))
    (single,) = compared(fast[0], slow[0]).pairs
    assert single.word is Word.UNSURE
    (pair,) = compare([arm(fast), arm(slow)], resamples=200).pairs
    assert pair.word is Word.WORSE
    assert any(text.startswith("hold") for text in pair.regressions)


def test_runs_of_one_arm_that_differ_conclude_nothing() -> None:
    one = arm([*runs(4, [60]), *runs(8, [60])])
    (pair,) = compared(*runs(2, [60]), one).pairs
    assert pair.word is Word.REFUSED
    assert any("are of one arm and differ: run.concurrency 4 to 8" in text for text in pair.refusals)


def test_a_setting_makes_arms_in_the_order_of_the_runs() -> None:
    four, eight = runs(4, [60, 61]), runs(8, [50, 51])
    arms = by_setting([four[0], eight[0], four[1], eight[1]], "run.concurrency")
    assert [one.traits["run.concurrency"] for one in arms] == ["4", "8"]
    assert [one.facts.run_id for one in arms] == ["w4n0 w4n1", "w8n0 w8n1"]
    (pair,) = compared(*arms).pairs
    assert [(one.name, one.first, one.other) for one in pair.differences] == [("run.concurrency", "4", "8")]
    assert pair.refusals == ()
    assert len(by_setting(four, "run.concurrency")) == 1


@given(st.dictionaries(st.text(min_size=1), st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1, max_size=9))
def test_spreads_are_numpys_each_under_its_name(rates: dict[str, tuple[int, int]]) -> None:
    shares = {name: Share(min(count, of), of) for name, (count, of) in rates.items()}
    found = spread("x", "runs", {**shares, "nothing": None, "empty": Share(0, 0)})
    assert found is not None
    values = np.array([share.count / share.of for share in shares.values()])
    assert (found.count, found.least, found.most) == (len(values), values.min(), values.max())
    assert found.range == pytest.approx(np.ptp(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.deviation_of_these == pytest.approx(values.std(ddof=0), abs=1e-12)
    if len(values) > 1:
        assert found.deviation == pytest.approx(values.std(ddof=1), abs=1e-12)
    else:
        assert found.deviation is None
    assert shares[found.best].rate == values.max()
    assert shares[found.worst].rate == values.min()


def test_what_was_called_a_standard_deviation_in_2025_is_the_one_of_these_and_variance_the_range() -> None:
    found = spread("all", "runs", {"1": Share(68, 105), "2": Share(36, 105), "3": Share(19, 105)})
    assert found is not None
    assert (f"{100 * found.mean:.1f}", f"{100 * found.deviation_of_these:.1f}") == ("39.0", "19.3")
    assert f"{100 * found.range:.1f}" == "46.7"


def test_the_fewest_workers_near_the_highest_throughput_are_recommended() -> None:
    even = Share(90, 100)
    tried = {
        workers: Tried((rate - 1, rate, rate + 1), even)
        for workers, rate in ((1, 40.0), (2, 75.0), (4, 118.0), (8, 121.0), (12, 122.0))
    }
    found = recommended(tried)
    assert (found.concurrency, found.grade) == (4, "supported")
    assert found.reason.startswith("4 workers: the fewest with at least 95 % of the highest throughput, 118.0 of 122.0")
    p = stats.ttest_ind(tried[2].rates, tried[4].rates, equal_var=False).pvalue
    assert f"Welch, p = {p:.2g}" in found.reason


def test_workers_who_succeed_less_often_or_whose_client_is_the_limit_are_left_out() -> None:
    good, bad = Share(270, 300), Share(180, 300)
    tried = {2: Tried((70.0, 71.0), good), 4: Tried((100.0, 101.0), good), 8: Tried((180.0, 182.0), bad)}
    found = recommended(tried)
    assert found.concurrency == 4
    assert "surely lower at 8, which are left out" in found.reason
    found = recommended({**tried, 12: Tried((500.0, 510.0), good, limited=True)})
    assert found.concurrency == 4
    assert "left out: 12, where the generator was the limit" in found.reason


def test_one_run_a_concurrency_suggests_and_one_concurrency_recommends_nothing() -> None:
    even = Share(90, 100)
    found = recommended({1: Tried((40.0,), even), 4: Tried((90.0,), even)})
    assert (found.concurrency, found.grade) == (4, "suggestive")
    assert "one run a concurrency does not tell 4 from 1" in found.reason
    found = recommended({1: Tried((90.0,), even), 4: Tried((91.0,), even)})
    assert (found.concurrency, found.grade) == (1, "suggestive"), "one run each does not tell how near they are"
    assert "no fewer were tried, and one run a concurrency does not tell how near it comes" in found.reason
    found = recommended({4: Tried((90.0, 91.0), even)})
    assert (found.concurrency, found.grade) == (None, "")
    found = recommended({1: Tried((40.0,), None), 4: Tried((90.0,), None)})
    assert "success rates do not compare" in found.reason


def test_arms_at_different_concurrency_recommend_one_and_runs_that_do_not_compare_none() -> None:
    arms = by_setting([*runs(4, [70, 71]), *runs(8, [69, 72])], "run.concurrency")
    found = compared(*arms)
    assert found.recommended is not None
    assert found.recommended.concurrency == 8
    assert any(text.startswith("recommended concurrency: 8 workers") for text in found.says)
    other = run("x", [told(60)], about=facts("x", concurrency=12, postgres="17.2"))
    found = compared(arms[0], other)
    assert found.recommended is not None
    assert found.recommended.concurrency is None
    assert compared(*runs(4, [60, 61])).recommended is None


def stands(one: Subject, name: str, **targets: float) -> bool | None:
    wanted = msgspec.structs.replace(ProductionTargets(), **targets)
    found = fit_for_production(one, wanted, Reading.PERSISTED)
    return next(each.met for each in found.requirements if each.name == name)


def test_a_rate_is_kept_or_broken_only_where_all_of_wilsons_interval_is() -> None:
    one = run("one", [told(95)])
    low, high = stats.binomtest(95, 105).proportion_ci(method="wilson")
    assert stands(one, "success rate", success_rate_min=low - 0.001) is True
    assert stands(one, "success rate", success_rate_min=0.9) is None
    assert stands(one, "success rate", success_rate_min=high + 0.001) is False


def test_what_blocks_production_is_named_and_what_nobody_measured_is_not_taken_for_kept() -> None:
    lost = [Told(entry=Entry.LOST) if n < 30 else Told() for n in range(105)]
    one = run("one", [lost])
    found = fit_for_production(one, ProductionTargets(), Reading.PERSISTED)
    assert found.fit is False
    assert [text.split()[0] for text in found.blockers] == ["success", "bookings", "lost"]
    assert "30 claimed without it" in found.blockers[0]
    unknown = {each.name: each.why for each in found.requirements if each.met is None}
    assert unknown == {
        "table utilisation": "how many tables there are is not recorded",
        "broken promises": "nobody ran the integrity checks",
    }
    assert found.says.startswith("run one is not fit for production: success rate 75 of 105")


def test_a_run_that_keeps_all_targets_is_fit() -> None:
    one = run("one", [told(105)], about=facts("one", violations=0))
    one = msgspec.structs.replace(one, tables={"cafe-3": 1, "pub-1": 1})
    easy = ProductionTargets(multi_table_min=0.0)
    found = fit_for_production(one, easy, Reading.PERSISTED)
    assert (found.fit, found.blockers) == (True, ())
    assert stands(one, "mean allocation", allocation_ms_max=8.9) is False
    assert stands(one, "mean allocation", allocation_ms_max=9.1) is True, "hold 5 ms and confirm 4 ms"
    assert stands(msgspec.structs.replace(one, tables={"cafe-3": 9, "pub-1": 1}), "table utilisation") is False
    broken = msgspec.structs.replace(one, facts=msgspec.structs.replace(one.facts, violations=1))
    assert stands(broken, "broken promises") is False


def test_a_run_that_proves_nothing_is_not_called_fit_whatever_its_figures() -> None:
    one = run("one", [told(105)], about=facts("one", violations=0))
    stopped = "run one is stopped, so not all of its plan was run"
    one = msgspec.structs.replace(one, tables={"cafe-3": 1, "pub-1": 1}, refusals=(stopped,))
    found = fit_for_production(one, ProductionTargets(multi_table_min=0.0), Reading.PERSISTED)
    assert (found.fit, found.blockers) == (None, ())
    assert found.says == f"run one: nothing blocks production, and it is not proven fit: {stopped}"


def test_a_mean_has_its_interval_by_runs_drawn_again() -> None:
    draws = random.Random(22)
    one = arm([run(f"n{n}", [evening(draws, 1.0, mood=0.3)]) for n in range(5)])
    found = fit_for_production(one, ProductionTargets(), Reading.PERSISTED)
    (row,) = [each for each in found.requirements if each.name == "mean allocation"]
    groups: dict[int, list[float]] = {}
    for asked in one.taken.asked:
        groups.setdefault(asked.repeat, []).append((asked.took["hold"] + asked.took["confirm"]) / 1e6)
    assert row.value == pytest.approx(statistics.fmean(v for group in groups.values() for v in group))
    theirs = stats.bootstrap(
        ([statistics.fmean(group) for group in groups.values()],), np.mean, n_resamples=2000, method="percentile", rng=3
    ).confidence_interval
    low, high = (float(word) for word in row.between.removesuffix(" ms").split(" to "))
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.15 * (theirs.high - theirs.low) + 0.06)


def test_nothing_on_the_page_looks_like_a_phone_number_to_whoever_masks() -> None:
    page = comparison_md(compared(*runs(4, [60]), *runs(8, [40])))
    assert mask(page) == page
    assert "## Fit for production" in page
    assert "with 95 % intervals" in page, "a page that is handed on says how it was got, as the terminal does"


def test_a_database_of_somebodys_that_was_put_back_compares_with_its_runs_before() -> None:
    def of(name: str, filled: int, held: str) -> Subject:
        about = facts(name, target="postgres", place="stage booking", database="booking", data=held, concurrency=4)
        return run(name, [told(filled)], about=about)

    (pair,) = compared(of("one", 70, "aa"), of("two", 40, "aa")).pairs
    assert (pair.word, pair.paired, pair.refusals) == (Word.WORSE, True, ())
    (pair,) = compared(of("one", 70, "aa"), of("two", 40, "bb")).pairs
    assert pair.word is Word.REFUSED
    assert "the second began with what the first had left" in pair.refusals[0]


def test_of_runs_that_succeed_alike_none_is_called_best_and_equal_names_get_their_ids() -> None:
    named = [
        run(name, [told(50)], about=msgspec.structs.replace(facts(name), name="noon")) for name in ("a1", "b2", "c3")
    ]
    found = compared(*named)
    assert any(text.startswith("all 3 runs succeeded as often, at 47.6%") for text in found.says)
    assert not any("worst" in text and "range" in text for text in found.says)
    head = next(text for text in comparison_md(found).splitlines() if text.startswith("| metric"))
    assert all(f"noon {name}" in head for name in ("a1", "b2", "c3"))
