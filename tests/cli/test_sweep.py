"""Repeats and sweeps as a user types them: every leg from the same state, and a ledger of its own."""

import json

from engine.schedule import schedule
from tests.cli.test_fill import events
from tests.shell import Shell


def test_each_repeat_of_an_assign_is_held_against_its_own_database(shell: Shell) -> None:
    """The same bookings come again in each repeat: what the first one's database held is not the second one's."""
    done = shell.do(
        "run", "assign", "--headless", "--json", "--repeat", "2", "--concurrency", "3", "--restaurant", "pub-2"
    )
    result = done.json()
    assert done.code == 0, done.err
    ledger = result["ledger"]
    assert ledger["attempts"] == result["attempts"] == 26
    assert ledger["persisted"] == ledger["acknowledged"] == result["outcomes"]["filled"] == result["persisted"]
    assert [one["persisted"] for one in result["passes"]] == [one["confirmed"] for one in result["passes"]]


def test_a_sweep_runs_its_levels_in_an_order_of_the_seed_from_one_state_each(shell: Shell) -> None:
    evening = ("--start", "18:00", "--end", "18:45", "--stress-max", "4")
    done = shell.do("sweep", "--headless", "--json", "--levels", "2,1", "--repeat", "2", "--seed", "5", *evening)
    result = done.json()
    assert done.code == 6, done.err
    assert "needs 6 levels x 3 repeats for an estimate; this has 2 x 2" in result["reason"]
    levels = result["levels"]
    assert [(one["concurrency"], one["repeat"]) for one in levels] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    order = [one.label for one in schedule((2, 1), 2, 5)]
    assert result["sweep"]["order"] == order
    assert order[0] == "warm-up, 2 workers"
    said = events(shell, result["run_id"])
    planned = [one for one in said if one["type"] == "RunPlanned"]
    assert [one["concurrency"] for one in planned] == [one.concurrency for one in schedule((2, 1), 2, 5)]
    assert len({json.dumps(one["round"]["state"]) for one in planned}) == 1
    assert not any(one["marks"] for one in levels)
    alone = [one for one in levels if one["concurrency"] == 1]
    assert alone[0]["outcomes"] == alone[1]["outcomes"], "the same plan from the same state, one worker"
    for one in levels:
        mine = [
            event for event in said if event["type"] == "AttemptEnded" and event["ids"].get("leg", 0) in one["legs"]
        ]
        assert sum(one["outcomes"].values()) == one["attempts"] == len(mine)
        assert one["persisted"] == one["ledger"]["persisted"] == one["filled"] == one["outcomes"]["filled"]
        filled = sorted(event["ended_ns"] - event["due_ns"] for event in mine if event["outcome"] == "filled")
        assert one["latency_ms"]["total"]["count"] == len(filled)
        assert one["latency_ms"]["total"]["max"] == filled[-1] / 1e6, "exact, of this round alone"
        assert one["latency_ms"]["total"]["p50"] == filled[-(-len(filled) // 2) - 1] / 1e6
        assert one["success_interval"][0] < one["success_rate"] <= one["success_interval"][1]
        assert one["floor_ms"] > 0
    assert result["attempts"] > sum(one["attempts"] for one in levels), "the warm-up is kept, and in no level"
    assert "this plan can detect >= " in done.err
    assert f"round 2 of 5, {order[1]}: " in done.err
    report = (shell.runs()[-1] / "report.md").read_text()
    assert "No estimate: needs 6 levels x 3 repeats" in report
    assert result["ledger"]["attempts"] == result["ledger"]["persisted"] + result["ledger"]["void"]


def test_the_experiment_slows_one_step_at_a_time_on_top_of_the_faults_there_are(shell: Shell) -> None:
    evening = ("--start", "18:00", "--end", "18:00", "--stress-max", "2", "--set", "sweep.delay_ms=400")
    done = shell.do(
        "sweep", "--headless", "--json", "--levels", "1", "--repeat", "1", "--experiment", *evening,
        "--fault", "slow-step=hold:20ms",
    )  # fmt: skip
    result = done.json()
    assert done.code == 6, done.err
    assert result["sweep"]["order"][0] == "warm-up, 1 worker"
    assert set(result["sweep"]["order"][1:]) == {"1 worker, repeat 1", "1 worker, hold +400 ms, repeat 1"}
    hold = result["experiment"]["hold"]
    assert hold["elasticity"] > 0.5, "with one worker every pass waits for the whole delay"
    assert len(result["levels"]) == 1


def test_a_sweep_of_one_database_marks_the_rounds_that_began_from_another_state(shell: Shell) -> None:
    evening = ("--start", "18:00", "--end", "18:15", "--stress-max", "3")
    shell.do("run", "fill", "--headless", "--json", *evening)
    done = shell.do("sweep", "--headless", "--json", "--levels", "1,2", "--repeat", "1", "--no-reset", *evening)
    result = done.json()
    assert done.code == 6, done.err
    marked = [one["marks"] for one in result["levels"]]
    assert all(marks and marks[0].startswith("fingerprints differ: ") for marks in marked)
    assert any("fingerprints differ" in why for why in result["sweep"]["refusals"])
    assert result["ledger"]["balanced"]
    assert result["ledger"]["phantom"] == 0


def test_what_a_sweep_cannot_do_is_refused_in_one_sentence(shell: Shell) -> None:
    asked = {
        ("--levels", "1,x"): "sweep.levels",
        ("--levels", "0,2"): "levels: 0 is no number of workers",
        ("--levels", "2,2"): "names one twice",
        ("--levels", "1,500"): "levels: 500",
        ("--rate", "5"): "rate = 5 fixes what a sweep measures",
    }
    for words, why in asked.items():
        done = shell.do("sweep", "--headless", *words)
        assert done.code == 2, done.err
        assert why in done.err
        assert done.err.count("\n") == 1
    assert shell.runs() == []


def test_a_round_that_takes_too_long_is_ended_between_attempts_and_says_so(shell: Shell) -> None:
    done = shell.do(
        "sweep", "--headless", "--json", "--levels", "2", "--repeat", "1", "--days", "5",
        "--set", "sweep.seconds=0.4", "--fault", "slow-step=hold:50ms",
    )  # fmt: skip
    result = done.json()
    assert done.code == 6, done.err
    (level,) = result["levels"]
    assert level["cut"]
    assert level["attempts"] >= 2
    assert result["ledger"]["attempts"] == result["attempts"], "nothing is cut short in the middle"
    assert result["ledger"]["persisted"] == result["outcomes"]["filled"]
    cuts = [one for one in events(shell, result["run_id"]) if one["type"] == "Acted" and one["command"] == "end round"]
    assert len(cuts) == 2
    assert (
        "ended by sweep.seconds before their plan was done: all of them" in (shell.runs()[-1] / "report.md").read_text()
    )
