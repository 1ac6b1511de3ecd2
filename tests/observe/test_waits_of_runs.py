"""What a run's backends wait for, as its user finds it: in the journal, in the result and in the picture."""

import json
from typing import Any

from engine.metrics.tally import Tally
from engine.records.journal import read
from engine.records.recording import read as pictures
from tests.shell import Shell

SLOW = (
    "run", "fill", "--headless", "--json", "--seed", "7", "--concurrency", "4", "--start", "17:00", "--end", "20:00",
    "--min-party", "2", "--max-party", "4", "--stress-max", "3", "--share-slots", "--fault", "slow-step=confirm:150",
    "--set", "observe.waits_hz=20", "--repeat", "2",
)  # fmt: skip


def test_the_sleep_of_a_slow_confirm_is_found_there_and_told_everywhere_alike(shell: Shell) -> None:
    done = shell.do(*SLOW)
    assert done.code == 0, done.err
    folder = shell.runs()[-1]
    waits: list[dict[str, Any]] = done.json()["waits"]

    assert [one["leg"] for one in waits] == [0, 1], "one for each repeat"
    for one in waits:
        worst = max(one["cells"], key=lambda cell: cell["sessions"])
        assert (worst["step"], worst["wait"]) in {("confirm", "Timeout:PgSleep"), ("confirm", "Lock:advisory")}
        slept = [cell for cell in one["cells"] if cell["wait"] == "Timeout:PgSleep"]
        assert slept[0]["step"] == "confirm"
        seen = sum(cell["samples"] for cell in slept)
        assert slept[0]["samples"] > 0.8 * seen, "the sleep is in the step that sleeps"
        assert one["samples"] > 5
        assert one["missing"] == []
        counters = one["counters"]
        confirms = [said for said in counters["statements"] if "confirm_hold_assignment_tx" in said["query"]]
        assert confirms[0]["mean_ms"] > 150
        assert counters["commits"] > 0
        assert counters["wal_bytes"] > 0

    replayed = Tally()
    for event in read(folder):
        replayed.apply(event)
    assert [one.leg for one in replayed.waits()] == [0, 1]
    assert [one.samples for one in replayed.waits()] == [one["samples"] for one in waits]
    assert json.loads((folder / "result.json").read_text())["evidence"]["waits"] == "journal.*.jsonl"
    last = [picture.waits for picture in pictures(folder)][-1]
    assert last is not None
    assert (last.leg, last.samples) == (1, waits[1]["samples"])


def test_a_run_that_is_told_to_look_at_none_says_nothing_of_waits(shell: Shell) -> None:
    done = shell.do(
        "run", "fill", "--headless", "--json", "--seed", "7", "--end", "12:15", "--stress-max", "2",
        "--set", "observe.waits_hz=0",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json()["waits"] == []
    assert "WaitsSampled" not in shell.do("events").out
