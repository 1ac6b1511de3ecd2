"""The acceptance run of a fill, as a user types it."""

import json
import signal
from collections import Counter
from typing import Any

from engine.metrics.tally import Tally
from engine.records.journal import read
from tests.shell import PACED, Done, Shell, wait_until

FILL = ("run", "fill", "--headless", "--json", "--seed", "7", "--start", "17:00", "--end", "20:00", "--stress-max", "6")
PERSISTED = """
SELECT count(*) FROM bookings b
 WHERE b.details -> 'slotfill' ->> 'run' = '{run}' AND b.status = 'confirmed'
   AND EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
"""


def events(shell: Shell, run: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shell.do("events", run).out.splitlines()]


def persisted(shell: Shell, run: str) -> int:
    return int(shell.do("db", "psql", run, "-c", PERSISTED.format(run=run)).out)


def story(shell: Shell, done: Done) -> list[tuple[Any, ...]]:
    """What was booked, in the order it was: nothing in it depends on the run's id."""
    said = events(shell, done.json()["run_id"])
    return [
        (one["ids"]["turn"], one["ordinal"], one["party"], one["outcome"], tuple(one.get("tables", ())))
        for one in said
        if one["type"] == "AttemptEnded"
    ]


def parties(shell: Shell, done: Done) -> dict[int, int]:
    planned = next(one for one in events(shell, done.json()["run_id"]) if one["type"] == "RunPlanned")
    return {turn["id"]: turn["party"] for turn in planned["turns"]}


def test_what_it_claims_is_what_psql_counts_and_the_hold_refusals_are_real(shell: Shell) -> None:
    done = shell.do(*FILL, "--concurrency", "8", "--share-slots")
    assert done.code == 0, done.err
    result = done.json()
    assert result["attempts"] == sum(result["outcomes"].values())
    assert result["outcomes"]["filled"] == result["persisted"] == persisted(shell, result["run_id"])
    assert result["refusals"]["hold"]["hold_conflict"] > 0
    said = events(shell, result["run_id"])
    proofs = Counter(
        (one["refusal"]["sqlstate"], one["refusal"]["constraint"])
        for one in said
        if one["type"] == "Refused" and one["refusal"]["step"] == "hold"
    )
    assert {code for code, _ in proofs} == {"23P01"}
    assert all(name in ("thw_no_overlap", "table_hold_windows_no_overlap") for _, name in proofs)


def test_one_seed_at_concurrency_one_gives_identical_bookings_parties_and_tables(shell: Shell) -> None:
    first, second = (shell.do(*FILL, "--concurrency", "1") for _ in range(2))
    assert first.json()["run_id"] != second.json()["run_id"]
    assert story(shell, first) == story(shell, second)
    other = shell.do(*FILL, "--concurrency", "8", "--share-slots", "--seed", "8")
    assert parties(shell, other) != parties(shell, first)
    many = shell.do(*FILL, "--concurrency", "8", "--share-slots")
    assert parties(shell, many) == parties(shell, first)


def test_every_write_has_its_intent_in_the_journal_before_its_outcome(shell: Shell) -> None:
    done = shell.do(*FILL, "--concurrency", "4")
    intended: dict[int, list[str]] = {}
    for one in events(shell, done.json()["run_id"]):
        attempt = one["ids"].get("attempt")
        if one["type"] == "Intended":
            intended.setdefault(attempt, []).append(one["ids"]["step"])
        if one["type"] == "AttemptEnded":
            assert intended[attempt][0] == "submit"
            assert intended[attempt].count("hold") == one["tries"]


def test_two_runs_at_once_do_not_disturb_one_another(shell: Shell) -> None:
    one, other = (shell.begin(*FILL, "--concurrency", "3") for _ in range(2))
    outs = [process.communicate(timeout=60)[0] for process in (one, other)]
    results = [json.loads(out) for out in outs]
    assert [one.returncode, other.returncode] == [0, 0]
    assert len({result["database"] for result in results}) == 2
    for result in results:
        assert result["outcomes"]["filled"] == persisted(shell, result["run_id"])
    alone = shell.do(*FILL, "--concurrency", "1").json()
    assert {result["slots"][0]["party"] for result in results} == {alone["slots"][0]["party"]}


def test_a_second_run_in_the_last_one_s_database_finds_it_full(shell: Shell) -> None:
    first = shell.do(*FILL, "--concurrency", "2").json()
    second = shell.do(*FILL, "--concurrency", "2", "--no-reset").json()
    assert second["database"] == first["database"]
    assert second["persisted"] < first["persisted"]


def test_progress_baseline_and_summary_are_lines_without_a_screen(shell: Shell) -> None:
    done = shell.do("run", "--headless", "--start", "17:00", "--end", "17:30", "--stress-max", "3")
    assert done.code == 0
    assert "plan fill: 3 slots, at most 9 attempts" in done.err
    assert "finished, exit 0" in done.out
    assert "in the database:" in done.out
    assert "\x1b" not in done.out + done.err


def test_workers_without_a_slot_are_told_of(shell: Shell) -> None:
    done = shell.do(
        "run", "--headless", "--start", "17:00", "--end", "18:00", "--stress-max", "2", "--concurrency", "8"
    )
    assert "--share-slots" in done.err


def test_ctrl_c_drains_and_the_run_ends_stopped(shell: Shell) -> None:
    process = shell.begin_run(*PACED, "--json")
    wait_until(lambda: shell.see().run.attempts > 3, "some attempts")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    result = json.loads(out)
    assert process.returncode == 130 == result["exit_code"]
    assert result["state"] == "stopped"
    assert result["outcomes"]["filled"] == persisted(shell, result["run_id"])


def test_replaying_the_journal_gives_the_figures_of_the_result(shell: Shell) -> None:
    result = shell.do(*FILL, "--concurrency", "8", "--share-slots").json()
    tally = Tally()
    for event in read(shell.runs()[-1]):
        tally.apply(event)
    counts = tally.counts(tally.at_ns)
    assert counts.attempts == result["attempts"]
    assert {figures.outcome: figures.count for figures in tally.outcomes(tally.at_ns)} == result["outcomes"]
    assert counts.certainties == result["certainties"]
    assert sum(figures.count for figures in tally.refusals()) == sum(
        count for words in result["refusals"].values() for count in words.values()
    )
    assert tally.unended() == ()


def test_nothing_a_run_leaves_holds_an_address_or_a_number_of_a_guest(shell: Shell) -> None:
    shell.do(*FILL, "--concurrency", "4", "--share-slots")
    for path in shell.runs()[-1].rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"example.invalid" not in content, path
            assert b"+447000" not in content, path
            assert not path.stat().st_mode & 0o077


def test_more_workers_than_the_server_has_connections_for_are_refused(shell: Shell) -> None:
    refused = shell.do("run", "--headless", "--concurrency", "200")
    assert refused.code == 2
    assert "connections" in refused.err
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().sample, "a look at the server")
    refused = shell.do("set", "concurrency=200")
    assert refused.code == 2
    assert "room for" in refused.err
    assert shell.see().run.concurrency == 4
    shell.do("stop")
    process.communicate(timeout=60)
