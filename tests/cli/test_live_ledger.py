"""Losses are seen while a run goes on: in the snapshot a console draws, in the journal, and in the progress lines."""

import json
from typing import Any

import pytest

from engine.model.truth_face import TruthFace
from tests.shell import Shell, wait_until

LONG = (
    "run", "fill", "--rate", "30", "--days", "5", "--stress-max", "12", "--share-slots", "--concurrency", "4",
    "--seed", "7",
)  # fmt: skip


def told(shell: Shell, kind: str) -> list[dict[str, Any]]:
    """The journal's events of that kind."""
    lines = [json.loads(line) for line in shell.do("events").out.splitlines()]
    return [one for one in lines if one["type"] == kind]


@pytest.mark.parametrize(
    ("faults", "causes"),
    [
        (("ledger-replay", "silent-drop"), ("ledger replay", "swallowed at COMMIT")),
        (("late-undo=1500",), ("a late undo: a reading had it whole",)),
    ],
)
def test_what_is_lost_is_seen_while_the_run_goes_on_with_its_cause_and_between_which_moments(
    shell: Shell, faults: tuple[str, ...], causes: tuple[str, ...]
) -> None:
    process = shell.begin_run(*LONG, *(word for fault in faults for word in ("--fault", fault)))
    seen: list[TruthFace] = []

    def lost() -> bool:
        snapshot = shell.see()
        assert not snapshot.run.state.is_over
        seen.append(snapshot.truth)
        return all(any(cause in one.cause for one in snapshot.truth.missed) for cause in causes)

    wait_until(lost, "a booking to be missed for each cause")
    face = seen[-1]
    assert face.lost == face.bad > 0
    assert face.persisted + face.bad == face.checked <= face.acknowledged
    one = next(one for one in face.missed if causes[0] in one.cause)
    assert one.worker.startswith("w0")
    assert one.slot
    assert one.after_ns > 0
    assert shell.do("stop").code == 0
    _, err = process.communicate(timeout=40)
    assert process.returncode == 5
    lines = err.splitlines()
    assert sum(line.startswith("LOST: ") for line in lines) == 1
    assert any(" LOST " in line and "attempts" in line for line in lines), "the progress line counts them"
    missed = told(shell, "Missed")
    assert len({one["ids"]["attempt"] for one in missed}) == len(missed)
    for event in missed:
        assert event["entry"] == "lost"
        assert event["at_ns"] > event["acknowledged_ns"]
        assert event["cause"]
        assert ("seen_ns" in event) == ("late undo" in event["cause"])
        assert event["acknowledged_ns"] < event.get("seen_ns", event["at_ns"]) <= event["at_ns"]
    ledger = json.loads((shell.runs()[-1] / "result.json").read_text())["ledger"]
    assert ledger["lost"] >= len(missed) > 0
    late = [story for story in ledger["stories"] if story.get("seen_ns") is not None]
    assert bool(late) == ("late-undo" in faults[0])


def test_a_clean_run_has_nothing_missed_and_its_last_picture_says_that_all_was_checked(shell: Shell) -> None:
    evening = ("--start", "18:00", "--end", "20:00", "--stress-max", "6", "--share-slots")
    done = shell.do("run", "fill", "--headless", "--json", "--concurrency", "8", *evening, "--repeat", "2")
    assert done.code == 0, done.err
    assert "LOST" not in done.err
    assert not told(shell, "Missed")
    last = told(shell, "Reconciled")[-1]
    result = done.json()
    assert last["checked"] == last["acknowledged"] == last["persisted"] == result["ledger"]["acknowledged"]


def test_every_commit_is_an_event_with_booking_status_tables_and_transaction(shell: Shell) -> None:
    done = shell.do("run", "fill", "--headless", "--json", "--concurrency", "2", "--start", "18:00", "--end", "19:00")
    assert done.code == 0, done.err
    commits = [one for one in told(shell, "AttemptEnded") if one["certainty"] == "ok"]
    assert len(commits) == done.json()["ledger"]["acknowledged"] > 0
    for one in commits:
        assert one["booking_id"]
        assert one["status"] == "confirmed"
        assert one["tables"]
        assert one["xid"] > 0
