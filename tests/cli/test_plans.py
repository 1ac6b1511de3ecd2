"""assign, create and burst as a user types them; passes, repeats, and going on after a stop."""

import os
import signal
from collections import Counter
from typing import Any

import pytest

from tests.cli.test_fill import events
from tests.shell import Done, Shell, alive, wait_until

ASSIGN = ("run", "assign", "--headless", "--json")
BOOKED = """
SELECT b.id || ' ' || string_agg(t.table_number, '+' ORDER BY t.table_number)
  FROM bookings b
  JOIN booking_table_assignments a ON a.booking_id = b.id
  JOIN table_inventory t ON t.id = a.table_id
 WHERE b.status = 'confirmed'
 GROUP BY b.id ORDER BY b.id
"""


def attempts(shell: Shell, run: str) -> list[dict[str, Any]]:
    return [one for one in events(shell, run) if one["type"] == "AttemptEnded"]


def planned(shell: Shell, run: str) -> set[tuple[Any, ...]]:
    """What the first pass was to book."""
    first = next(one for one in events(shell, run) if one["type"] == "RunPlanned")
    return {(turn["booking_id"], turn["restaurant"], turn["at"], turn["party"]) for turn in first["turns"]}


def booked(shell: Shell, run: str) -> list[str]:
    return shell.do("db", "psql", run, "-c", BOOKED).out.split("\n")


def test_assign_gives_the_stress_set_its_tables_pass_after_pass_with_a_table_per_restaurant(shell: Shell) -> None:
    done = shell.do(*ASSIGN, "--concurrency", "15")
    assert done.code == 0, done.err
    result = done.json()
    assert result["passes"][0]["attempts"] == 105
    slugs = {"pub-1": 23, "pub-2": 13, "cafe-3": 30, "finedining-4": 19, "finedining-5": 20}
    assert {slug: one["attempts"] for slug, one in result["passes"][0]["by_restaurant"].items()} == slugs
    for earlier, later in zip(result["passes"], result["passes"][1:], strict=False):
        assert later["attempts"] == earlier["pending"]
    assert result["outcomes"]["filled"] == result["persisted"] == len(booked(shell, result["run_id"])) - 1
    assert result["persisted"] + result["passes"][-1]["pending"] == 105
    assert not any(result["integrity"]["before"].values())
    assert not any(result["integrity"]["after"].values())
    for slug in slugs:
        assert slug in done.err
    assert "pass 1: 105 attempts" in done.err


def test_the_same_seed_gives_the_same_bookings_whatever_the_concurrency(shell: Shell) -> None:
    once = (*ASSIGN, "--seed", "3", "--max-iterations", "1")
    one, other, five, fifteen = (
        shell.do(*once, "--concurrency", count).json()["run_id"] for count in ("1", "1", "5", "15")
    )
    assert planned(shell, one) == planned(shell, five) == planned(shell, fifteen)
    assert booked(shell, one) == booked(shell, other)


def test_a_second_assign_in_the_same_database_takes_only_what_is_pending(shell: Shell) -> None:
    first = shell.do(*ASSIGN, "--concurrency", "5", "--max-iterations", "1", "--fault", "stale-allocations=0.6")
    left = first.json()["passes"][-1]["pending"]
    assert left > 0
    second = shell.do(*ASSIGN, "--no-reset").json()
    assert second["passes"][0]["attempts"] == left
    assert second["database"] == first.json()["database"]


def test_an_assign_with_nothing_pending_is_told_so_in_one_sentence(shell: Shell) -> None:
    done = shell.do(*ASSIGN, "--data", "white-horse")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "no booking waits for tables on Monday 2027-03-01" in done.err


def test_with_ledger_replay_what_was_claimed_and_what_is_there_part(shell: Shell) -> None:
    done = shell.do(*ASSIGN, "--concurrency", "5", "--passes", "2", "--fault", "ledger-replay=0.6")
    assert done.code == 5, done.err
    result = done.json()
    first, second = result["passes"]
    assert first["confirmed"] > first["persisted"]
    assert second["attempts"] == 105 - first["persisted"], "a second pass sees what the first one really left"
    assert second["confirmed"] > second["persisted"]
    assert result["outcomes"]["replay"] > 0
    assert result["acknowledged"] == result["outcomes"]["replay"] + result["outcomes"]["filled"]
    assert result["integrity"]["after"]["ledger_without_tables"] > 0
    assert result["faults"] == ["ledger-replay=0.6"]


def test_sweeping_and_clearing_between_passes_lets_blocked_bookings_through(shell: Shell) -> None:
    done = shell.do(
        *ASSIGN, "--concurrency", "4", "--passes", "2", "--sweep-holds", "--clear-zone-locks", "--fault",
        "immortal-holds=0.8", "--fault", "sticky-zone-lock=0.5",
    )  # fmt: skip
    first, second = done.json()["passes"]
    assert first["swept_holds"] > 0
    assert first["cleared_zone_locks"] > 0
    assert second["confirmed"] > 0
    assert f"{first['swept_holds']} holds swept" in done.err


def test_create_climbs_the_ladder_and_every_try_is_logged_with_its_strategy_and_reason(shell: Shell) -> None:
    done = shell.do("run", "create", "--headless", "--json", "--count", "3", "--min-party", "12", "--max-party", "12")
    result = done.json()
    assert done.code == 0, done.err
    assert result["outcomes"] == {"filled": 3}
    said = events(shell, result["run_id"])
    refused = [one for one in said if one["type"] == "Refused"]
    assert Counter(one["strategy"] for one in refused)["adjacent-x1"] == 3
    assert all(one["refusal"]["message"] for one in refused)
    assert {one["strategy"] for one in said if one["type"] == "AttemptEnded"} == {"adjacent-x2"}


def test_create_clones_a_day_and_leaves_no_partial_allocation_behind(shell: Shell) -> None:
    done = shell.do(
        "run", "create", "--headless", "--json", "--data", "stress", "--clone-from", "2027-03-01", "--date",
        "2027-03-02", "--count", "20", "--max-tables", "2", "--fault", "stale-allocations=0.9",
    )  # fmt: skip
    result = done.json()
    assert result["attempts"] == 20
    assert result["outcomes"].get("filled", 0) < 20
    left = "SELECT count(*) FROM allocations WHERE shadow"
    assert shell.do("db", "psql", result["run_id"], "-c", left).out.strip() == "0"
    assert shell.do("db", "psql", result["run_id"], "-c", "SELECT count(*) FROM table_holds").out.strip() == "0"


def test_a_burst_fills_no_more_than_there_was_and_a_repeated_key_makes_one_booking(shell: Shell) -> None:
    done = shell.do(
        "run", "burst", "--headless", "--json", "--requests", "60", "--duplicates", "12", "--start", "19:00",
        "--min-party", "2", "--max-party", "2", "--set", "allocator.max_tables=1", "--repeat", "2",
    )  # fmt: skip
    assert done.code == 0, done.err
    result = done.json()
    burst = result["burst"]
    assert (burst["requests"], burst["distinct"]) == (120, 96), "of both repeats, as what was filled is"
    assert burst["requests"] == result["attempts"]
    assert burst["filled"] == result["persisted"] <= burst["capacity"] < 96
    assert burst["duplicates"] == 24
    assert f"burst: 120 requests at once, 96 of them distinct: {burst['filled']} filled" in done.err
    assert "2 repeats filled " in done.err
    twice = "SELECT count(*) FROM (SELECT FROM bookings GROUP BY idempotency_key HAVING count(*) > 1) t"
    assert shell.do("db", "psql", result["run_id"], "-c", twice).out.strip() == "0"


def test_repeats_begin_from_the_same_state_and_each_is_a_leg(shell: Shell) -> None:
    done = shell.do(
        "run", "fill", "--headless", "--json", "--repeat", "3", "--concurrency", "1", "--start", "18:00", "--end",
        "18:30", "--stress-max", "4",
    )  # fmt: skip
    assert done.code == 0, done.err
    result = done.json()
    assert [one["repeat"] for one in result["passes"]] == [1, 2, 3]
    by_leg: dict[int, list[Any]] = {}
    for one in attempts(shell, result["run_id"]):
        by_leg.setdefault(one["ids"].get("leg", 0), []).append((one["ordinal"], one["party"], one.get("tables")))
    assert by_leg[0] == by_leg[1] == by_leg[2]
    left = shell.do(
        "run", "fill", "--headless", "--json", "--repeat", "2", "--no-reset", "--start", "18:00", "--end", "18:00",
        "--stress-max", "2",
    )  # fmt: skip
    assert any("its repeats worked in the same database" in one for one in left.json()["alerts"])
    assert "repeats filled" not in left.err, "the second found what the first had left"
    pruned = shell.do("prune", "--keep", "0", "--yes")
    assert pruned.code == 0
    databases = shell.do("db", "psql", result["run_id"], "-c", "SELECT 1")
    assert databases.code == 2, "its databases are gone with it"


@pytest.mark.parametrize("how", [pytest.param("stopped", marks=pytest.mark.campaign), "killed"])
def test_continue_goes_on_from_the_next_slot_and_nothing_is_done_twice(shell: Shell, how: str) -> None:
    fill = ("run", "fill", "--concurrency", "4", "--start", "17:00", "--end", "20:00", "--stress-max", "8")
    # Slow enough that the stop comes long before the plan's end on any machine.
    process = shell.begin_run(*fill, "--rate", "15")
    wait_until(lambda: shell.see().run.filled > 10, "some fills")
    engine = shell.manifest()["pid"]
    if how == "killed":
        os.kill(engine, signal.SIGKILL)
    else:
        shell.do("stop")
    process.communicate(timeout=30)
    wait_until(lambda: not alive(engine), "the engine to end")
    first = shell.manifest()["run_id"]
    before = Counter(
        (one["ids"]["turn"], one["ordinal"]) for one in attempts(shell, first) if one["outcome"] == "filled"
    )
    done: Done = shell.do("continue", first, "--headless", "--json", "--rate", "1000")
    assert done.code == 0, done.err
    result = done.json()
    assert shell.manifest()["continues"] == first
    assert result["database"] == shell.manifest(shell.runs()[0])["database"]
    said = " ".join(one.get("answer", "") for one in events(shell, result["run_id"]) if one["type"] == "Acted")
    assert "were in flight" in said
    filled = "SELECT count(*), count(DISTINCT b.id) FROM bookings b WHERE status = 'confirmed'"
    total, _ = shell.do("db", "psql", result["run_id"], "-c", filled).out.strip().split("|")
    assert int(total) >= sum(before.values()) + result["outcomes"]["filled"]
    per_slot = """
        SELECT max(n) FROM (SELECT count(*) n FROM bookings WHERE status = 'confirmed' GROUP BY start_time) s
    """
    assert int(shell.do("db", "psql", result["run_id"], "-c", per_slot).out) <= 8
    check = shell.do("check", result["run_id"], "--json")
    assert check.code == 0, check.out
    left = "SELECT count(*) FROM bookings WHERE status = 'pending'"
    refused = [one for one in attempts(shell, first) + attempts(shell, result["run_id"]) if one["outcome"] != "filled"]
    assert int(shell.do("db", "psql", result["run_id"], "-c", left).out) <= len(refused)
    assert shell.do("clean", first, "--yes").code == 0
    nothing = shell.do("continue", first, "--headless")
    assert nothing.code == 2, "what was removed on purpose is not to be called lost"
    assert f"the rows of run {first} were removed from" in nothing.err
    assert shell.do("continue", result["run_id"], "--headless").code == 2, "it went on with that one"
    assert f"slotfill continue {first}" not in shell.do("ls").out


def test_a_finished_run_is_gone_on_with_only_where_it_is_given_more_to_do(shell: Shell) -> None:
    words = ("--end", "12:15", "--stress-max", "1", "--headless")
    assert shell.do("run", "fill", *words).code == 0
    first = shell.manifest()["run_id"]
    nothing = shell.do("continue", "--headless")
    assert nothing.code == 2, nothing.out
    assert f"run {first} has finished and nothing of its plan is left to do" in nothing.err
    assert [shell.manifest()["run_id"], len(shell.runs())] == [first, 1], "a run of nothing stands in its place"
    more = shell.do("continue", "--headless", "--json", "--end", "12:30")
    assert more.code == 0, more.err
    assert [one["slot"] for one in more.json()["slots"]] == ["12:30"]


def test_a_live_run_and_a_burst_cannot_be_gone_on_with(shell: Shell) -> None:
    process = shell.begin_run("run", "fill", "--rate", "5")
    live = shell.do("continue", "--headless")
    assert live.code == 4
    assert "goes on; slotfill attach" in live.err
    shell.do("stop")
    process.communicate(timeout=30)
    shell.do("run", "burst", "--headless", "--requests", "3")
    burst = shell.do("continue", "--headless")
    assert burst.code == 2
    assert "run it again" in burst.err


def test_next_pass_skips_what_nobody_has_taken(shell: Shell) -> None:
    process = shell.begin_run("run", "assign", "--passes", "2", "--rate", "20", "--concurrency", "2")
    wait_until(lambda: shell.see().run.filled > 3, "some bookings")
    answer = shell.do("next-pass")
    assert answer.code == 0
    assert "skipped" in answer.out
    wait_until(lambda: len(shell.see().legs) == 2, "the next pass")
    shell.do("stop")
    process.communicate(timeout=30)
    skipped = [one for one in events(shell, "last") if one["type"] == "TurnEnded" and one["end"] == "skipped"]
    assert skipped
