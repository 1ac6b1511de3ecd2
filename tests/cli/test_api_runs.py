"""Runs through the booking API, as a user types them: inline, late and background confirmations, and the fallback."""

import json
from pathlib import Path
from typing import Any

from tests.cli.test_fill import events, persisted
from tests.shell import Shell, wait_until

FILL = (
    "run",
    "fill",
    "--target",
    "api",
    "--headless",
    "--json",
    "--start",
    "17:00",
    "--end",
    "18:00",
    "--max-party",
    "6",
)
LATE = (
    "--set", "flags.inline_auto_assign_timeout_ms=50", "--set", "flags.auto_assign_retry_delays_ms=100,300",
    "--fault", "slow-step=confirm:120", "--set", "api.poll_interval_s=0.05",
)  # fmt: skip


def attempts(shell: Shell, run: str) -> list[dict[str, Any]]:
    return [one for one in events(shell, run) if one["type"] == "AttemptEnded"]


def steps(attempt: dict[str, Any]) -> set[str]:
    return {took[0] for took in attempt["steps"]}


def test_slots_are_filled_through_the_api_and_what_is_claimed_is_there(shell: Shell) -> None:
    done = shell.do(*FILL, "--concurrency", "4", "--stress-max", "3")
    assert done.code == 0, done.err
    result = done.json()
    assert result["outcomes"] == {"filled": 15}
    assert result["paths"]["confirmed_inline_api"] == 15
    assert result["persisted"] == 15 == persisted(shell, result["run_id"])
    assert {"submit", "total"} <= set(result["latency_ms"])
    assert result["planner"]["count"] == 15
    made = attempts(shell, result["run_id"])
    assert all(one["path"] == "confirmed_inline_api" and one["planner_ns"] > 0 for one in made)
    assert all(one["planner_ns"] < one["ended_ns"] - one["started_ns"] for one in made)
    manifest = shell.manifest()
    assert manifest["client_floor"]["p50_ns"] > 0
    assert manifest["base_url"].startswith("http://127.0.0.1:")
    assert manifest["settings"]["flags.inline_auto_assign_timeout_ms"] == "12000"
    assert "left open" not in (shell.runs()[-1] / "engine.log").read_text()


def test_with_a_short_inline_timeout_and_a_slow_confirm_bookings_are_late_and_none_is_lost(shell: Shell) -> None:
    done = shell.do(*FILL, *LATE, "--concurrency", "3", "--stress-max", "2")
    assert done.code == 0, done.err
    result = done.json()
    assert result["outcomes"] == {"filled": 10}
    assert result["late"] > 0
    assert result["persisted"] == 10
    late = [one for one in attempts(shell, result["run_id"]) if one.get("late")]
    assert late
    assert all("background_wait" in steps(one) for one in late)
    assert result["latency_ms"]["background_wait"]["count"] >= len(late)
    reasons = "SELECT count(*) FROM bookings WHERE status = 'confirmed'"
    assert shell.do("db", "psql", result["run_id"], "-c", reasons).out.strip() == "10"


def test_without_assignment_in_the_request_the_background_confirms(shell: Shell) -> None:
    done = shell.do(
        *FILL, "--set", "flags.auto_assign_on_booking=false", "--set", "api.background_window_s=4",
        "--set", "api.inline_window_s=1", "--stress-max", "1", "--concurrency", "5",
    )  # fmt: skip
    paths = done.json()["paths"]
    assert set(paths) <= {"confirmed_background", "confirmed_inline_poll", "failed_background_timeout"}, done.err
    made = attempts(shell, done.json()["run_id"])
    assert all("inline_wait" in steps(one) for one in made)


def test_a_repeated_key_makes_one_booking_through_the_api_too(shell: Shell) -> None:
    done = shell.do(
        "run", "burst", "--target", "api", "--headless", "--json", "--requests", "24", "--duplicates", "8",
        "--start", "19:00", "--min-party", "2", "--max-party", "4",
    )  # fmt: skip
    assert done.code == 0, done.err
    result = done.json()
    assert result["burst"]["duplicates"] == 8
    assert result["burst"]["filled"] == result["persisted"] <= result["burst"]["capacity"]


def test_repeats_have_an_api_each_and_none_is_left_running(shell: Shell) -> None:
    done = shell.do(*FILL, "--repeat", "2", "--stress-max", "1")
    assert done.code == 0, done.err
    assert [one["persisted"] for one in done.json()["passes"]] == [5, 5]


def test_assign_is_nothing_a_booking_api_can_be_asked_for(shell: Shell) -> None:
    done = shell.do("run", "assign", "--target", "api", "--headless")
    assert done.code == 2
    assert "give fill or burst" in done.err


def config(shell: Shell, **keys: object) -> tuple[str, ...]:
    path = Path(shell.home) / "far.toml"
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    path.write_text(
        f'[targets.embedded]\n[targets.far]\nkind = "api"\n{lines}restaurants = ["white-horse-pub-waterbeach"]\n'
    )
    return ("--config", str(path), "--target", "far")


def test_an_api_elsewhere_is_refused_before_anything_is_sent(shell: Shell) -> None:
    done = shell.do("run", "fill", "--headless", *config(shell, base_url="https://booking.example.com"), "--yes")
    assert done.code == 4
    assert "booking.example.com" in done.err
    assert not shell.runs()


def test_the_local_address_is_used_only_when_told_and_then_it_is_said_everywhere(shell: Shell) -> None:
    serve = shell.begin("serve", "--data", "white-horse", "--json")
    try:
        assert serve.stdout is not None
        served = ""
        while not served.rstrip().endswith("}"):
            served += serve.stdout.readline()
        url = json.loads(served)["base_url"]
        away = config(
            shell, base_url="http://localhost:9", fallback_base_url=url, meant_for=["localhost", "127.0.0.1"],
            allow_remote=True,
        )  # fmt: skip
        words = ("--restaurant", "white-horse-pub-waterbeach", "--start", "17:00", "--end", "17:15")
        # One name is asked for, that of the real place: the local one has another, and is this machine's.
        yes = ("--yes=localhost", "--set", "flags.suppress_emails=false")
        refused = shell.do("run", "fill", "--headless", *away, *words, *yes)
        assert refused.code == 3, refused.err
        assert not shell.runs()
        done = shell.do("run", "fill", "--headless", "--json", *away, *words, *yes, "--fallback-local")
        assert done.code in (0, 6), done.err
        assert url in shell.manifest()["fallback"]
        assert url in done.err
    finally:
        serve.terminate()
        serve.communicate(timeout=30)
    wait_until(lambda: serve.returncode is not None, "the API to end")
