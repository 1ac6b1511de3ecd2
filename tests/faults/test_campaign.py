"""What a campaign prints adds up, and names what it did not do."""

from tests.faults.campaign import SOMETIMES, TESTS, Noted, figures, sometimes, table


def noted(test: str, seed: int, *, lost: int = 0, hung: int = 0) -> Noted:
    return Noted(test, seed, faults=2, attempts=10, lost=lost, hung=hung)


def test_the_seeds_of_a_test_are_added_up_and_those_that_played_twice_counted_once() -> None:
    found = [noted("T2", 1), noted("T2", 1, hung=1), noted("T2", 2, lost=3), noted("T10", 1)]
    lines = table(found)
    assert [line.split() for line in lines[1:4]] == [
        ["T2", "2", "6", "30", "3", "0", "0", "1"],
        ["T10", "1", "2", "10", "0", "0", "0", "0"],
        ["all", "3", "8", "40", "3", "0", "0", "1"],
    ]


def test_a_test_that_did_not_run_and_one_with_too_few_seeds_are_named() -> None:
    found = [noted(test, seed) for test in TESTS[1:] for seed in range(1 if test == "T22" else 20)]
    assert table(found)[-2:] == ["did not run, or did not come to an end: T1", "fewer than 20 seeds: T22 1"]
    found += [noted("T1", seed) for seed in range(20)] + [noted("T22", seed) for seed in range(20)]
    assert len(table(found)) == 1 + len(TESTS) + 1


def test_what_no_seed_reached_is_said() -> None:
    found = [Noted("T7", 1, 1, 1, reached=SOMETIMES[1:])]
    assert sometimes(found)[0] == f"{SOMETIMES[0]}: NEVER REACHED"
    assert not any("NEVER" in line for line in sometimes(found)[1:])
    assert figures(found)[-1] == ("faults_sometimes_reached", len(SOMETIMES) - 1, "n", len(SOMETIMES))


def test_each_figure_names_its_test() -> None:
    found = {one.name: one for one in figures([noted("T7", 1, lost=1), noted("T7", 2), noted("T8", 1)])}
    assert found["faults_T7_lost"].line() == "faults_T7_lost 1 n 2"
    assert (found["faults_attempts"].value, found["faults_attempts"].n) == (30, 3)
