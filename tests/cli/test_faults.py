"""Every known pathology, run with and without: where it says it shows, there it shows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.metrics.tally import Tally
from engine.model.fault import FAULTS, Fault, Where
from engine.platform.cluster import Cluster
from engine.records.journal import read
from engine.records.recording import read as read_recording
from engine.verify.integrity import CHECKS
from tests.shell import Done, Shell, wait_until

FILL = (
    "run", "fill", "--headless", "--json", "--seed", "7", "--concurrency", "1", "--start", "17:00", "--end", "18:30",
    "--min-party", "2", "--max-party", "7", "--stress-max", "4", "--set", "observe.interval_s=0.05",
)  # fmt: skip
"""An evening that a healthy platform fills: alone, a worker is refused nothing."""
HARD = {
    # Enough of the tables that the evening does not fit, and enough of the bookings that some are met for certain.
    "immortal-holds": "=0.8", "finished-bookings-block": "=0.8", "stale-allocations": "=0.5",
    "masked-hold-conflict": "=0.5", "late-undo": "=5", "slow-step": "=confirm:150", "sticky-zone-lock": "=1",
    "deferred-overlap": "=90",
}  # fmt: skip
OTHERWISE = {
    "restaurant-row-lock": ("--concurrency", "4", "--share-slots"),
    # Pairs read one way leave half of the tables out: with the whole evening they run short.
    "one-way-adjacency": ("--stress-max", "12"),
    # Tables are given a second time only in a long evening.
    "deferred-overlap": ("--end", "20:00", "--stress-max", "8"),
    # The zone is drawn by the booking's id: of a short evening's bookings all fit their zone now and then; of these
    # some ten do not.
    "sticky-zone-lock": ("--end", "20:00", "--stress-max", "8"),
}


@pytest.fixture(scope="module")
def healthy(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The result of the same runs without any fault, by their options."""
    shell = Shell(tmp_path_factory.mktemp("healthy"))
    yield {"": shell.do(*FILL).json(), **{name: shell.do(*FILL, *more).json() for name, more in OTHERWISE.items()}}
    shell.clean()


def shown(fault: Fault, done: Done, folder: Path) -> dict[str, int]:
    """How often the run showed each thing that the fault says it shows."""
    result = done.json()
    found = {}
    for one in fault.shows:
        match one.where:
            case Where.OUTCOME:
                count = result["outcomes"].get(one.what, 0)
            case Where.REFUSAL:
                count = sum(
                    refusal.count
                    for refusal in Tally_of(folder)
                    if (refusal.step, refusal.outcome) == (one.step, one.what)
                    and one.sqlstate in (None, "", refusal.sqlstate)
                )
            case Where.INTEGRITY:
                count = result["integrity"]["after"][one.what] - result["integrity"]["before"][one.what]
            case Where.LEDGER:
                count = result["ledger"][one.what]
            case Where.WAIT:
                count = sum(
                    backend.wait == one.what
                    for picture in read_recording(folder)
                    if picture.sample
                    for backend in picture.sample.backends
                )
        found[f"{one.where} {one.what}"] = count
    return found


def Tally_of(folder: Path) -> Any:  # noqa: N802 - reads as what it gives
    tally = Tally()
    for event in read(folder):
        tally.apply(event)
    return tally.refusals()


@pytest.mark.parametrize("name", FAULTS)
def test_it_shows_where_it_says_and_not_without_it(name: str, shell: Shell, healthy: dict[str, Any]) -> None:
    fault = FAULTS[name]
    assert fault.shows, "a fault says where it shows"
    before = healthy[name if name in OTHERWISE else ""]
    assert before["exit_code"] == 0
    assert set(before["outcomes"]) == {"filled"} or name in OTHERWISE
    assert not any(before["integrity"]["after"].values())
    for one in fault.shows:
        if one.where is Where.OUTCOME and name not in OTHERWISE:
            assert one.what not in before["outcomes"]
        if one.where is Where.REFUSAL:
            assert one.what not in before["refusals"].get(one.step or "", {}) or name in OTHERWISE
    done = shell.do(*FILL, *OTHERWISE.get(name, ()), "--fault", f"{name}{HARD.get(name, '')}")
    assert done.code in (0, 5), done.err
    found = shown(fault, done, shell.runs()[-1])
    assert all(found.values()), found
    if name == "one-way-adjacency":
        assert done.json()["outcomes"]["filled"] < before["outcomes"]["filled"]
    ledger = done.json()["ledger"]
    assert ledger["balanced"]
    assert all(story["cause"] for story in ledger["stories"])
    claims = any(one.where is Where.LEDGER for one in fault.shows)
    assert (done.code == 5) == claims or done.json()["integrity"]["after"] != before["integrity"]["after"]
    assert any(fault.name in one for one in done.json()["faults"])


@pytest.mark.campaign
def test_the_row_lock_on_the_restaurant_collapses_the_rate_more_than_tenfold(shell: Shell) -> None:
    eight = ("run", "fill", "--headless", "--json", "--concurrency", "8", "--start", "17:00", "--end", "20:00")
    well = shell.do(*eight, "--stress-max", "4").json()
    ill = shell.do(*eight, "--stress-max", "1", "--fault", "restaurant-row-lock", timeout=100).json()
    assert ill["refusals"]["confirm"]["deadlock"] > 0
    print(f"{well['fills_per_s']} fills/s without, {ill['fills_per_s']} with restaurant-row-lock")
    # Usually a hundred times and more; a busy machine brings only the healthy rate down.
    assert well["fills_per_s"] > 3 * (ill["fills_per_s"] or 0.0)
    pictures = [picture for picture in read_recording(shell.runs()[-1]) if picture.sample]
    trees = [blocking for picture in pictures for blocking in (picture.sample.blockings if picture.sample else ())]
    assert any("w0" in str(blocking) for blocking in trees), "the tree names the workers behind the backends"


def test_a_fault_is_switched_on_and_off_while_a_run_goes_on_and_the_journal_says_so(shell: Shell) -> None:
    process = shell.begin_run("run", "fill", "--rate", "20", "--days", "5", "--stress-max", "12", "--share-slots")
    on = shell.do("set", "fault.stale-allocations=0.9")
    assert on.code == 0, on.err
    assert "stale-allocations=0.9" in on.out
    wait_until(lambda: shell.see().run.settings["faults"] == "stale-allocations=0.9", "the picture to say so")
    off = shell.do("set", "fault.stale-allocations=off")
    assert off.code == 0, off.err
    wait_until(lambda: shell.see().run.settings["faults"] == "", "the picture to say so")
    wrong = shell.do("set", "fault.stale-alocations=on")
    assert wrong.code == 2
    assert "stale-allocations" in wrong.err, "the nearest known one is named"
    shell.do("stop")
    process.communicate(timeout=30)
    changes = [json.loads(line) for line in shell.do("events").out.splitlines() if '"SettingsChanged"' in line]
    assert [(one["old"], one["new"]) for one in changes] == [
        ("", "stale-allocations=0.9"), ("stale-allocations=0.9", ""),
    ]  # fmt: skip


def test_the_list_names_for_each_fault_where_it_shows_and_every_check_is_one_there_is(shell: Shell) -> None:
    listed = shell.do("faults", "--json").json()
    assert [one["name"] for one in listed] == list(FAULTS)
    checks = {one.name for one in CHECKS}
    for one in listed:
        assert one["shows"]
        assert all(where["what"] in checks for where in one["shows"] if where["where"] == "integrity")


def test_a_fault_that_is_none_is_refused_before_anything_is_started(shell: Shell) -> None:
    done = shell.do("run", "fill", "--headless", "--fault", "gremlins")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert not shell.runs()


@pytest.mark.parametrize(
    ("fault", "cause"), [("silent-drop", "swallowed at COMMIT, by the very"), ("late-undo", "a late undo")]
)
def test_however_short_the_run_each_lost_booking_is_named_with_its_one_cause(
    shell: Shell, fault: str, cause: str
) -> None:
    done = shell.do("run", "fill", "--concurrency", "4", "--fault", fault, "--headless", "--json")
    assert done.code == 5, done.err
    kept = done.json()["ledger"]
    assert kept["lost"]
    assert all(cause in story["cause"] for story in kept["stories"]), {story["cause"] for story in kept["stories"]}
