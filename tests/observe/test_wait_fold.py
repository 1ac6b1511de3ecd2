"""Folding looks, and telling a server's moment: laws."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import RunningClock
from engine.config import Settings, SettingsInvalid
from engine.fill.board import WorkerRow
from engine.metrics.tally import MOST_LEGS_OF_WAITS, Tally
from engine.model.event import WaitsSampled
from engine.model.ids import Ids, RunId, WorkerId
from engine.model.run_state import WorkerState
from engine.model.step import Step
from engine.model.waits import CLIENT, CPU, FEWEST, IN_TRANSACTION, Blocker, CountedStatement, Counters, Waits
from engine.observe.rows import WaitRow
from engine.observe.server_log import said_of
from engine.observe.server_moment import ServerMoment
from engine.observe.wait_fold import MOST_BLOCKERS, MOST_CELLS, MOST_KEPT, Fold, Seated, in_the_way
from engine.records.journal import Journal, read
from engine.redact import mask_event
from engine.settings_check import check
from engine.settings_sources import with_value

RUN = RunId("ab12cd34")


def row(pid: int, state: str = "active", wait: str = "", *by: int, ours: bool = True) -> WaitRow:
    return WaitRow(pid, f"slotfill {RUN} w{pid:02}", state, wait, ours, list(by), 0, 1)


def folded(*looks: tuple[list[WaitRow], dict[int, Seated]]) -> Waits:
    fold = Fold(0)
    for rows, seats in looks:
        fold.take(rows, seats, seats, seats)
    return fold.told(1.0)


STATES = ("active", "idle", "idle in transaction", "idle in transaction (aborted)", "starting")


@given(
    st.lists(
        st.dictionaries(
            st.integers(1, 9),
            st.tuples(st.sampled_from(STATES), st.sampled_from(("", "Lock:tuple", "IO:WalSync")), st.integers(0, 9)),
        ),
        max_size=40,
    ),
    st.dictionaries(st.integers(1, 9), st.sampled_from(("", "hold", "confirm"))),
)
def test_cells_add_up_to_the_sessions_and_never_to_more_than_the_backends_there_were(
    looks: list[dict[int, tuple[str, str, int]]], steps: dict[int, str]
) -> None:
    seats = {pid: Seated(f"w{pid:02}", step) for pid, step in steps.items()}
    waits = folded(
        *(([row(pid, state, wait, *((by,) if by else ())) for pid, (state, wait, by) in look.items()], seats)
          for look in looks)
    )  # fmt: skip
    assert waits.samples == sum(bool(look) for look in looks)
    active = sum(state == "active" for look in looks for state, _, _ in look.values())
    assert waits.sessions * max(1, waits.samples) == pytest.approx(active)
    assert sum(cell.sessions for cell in waits.cells if cell.is_active) == pytest.approx(waits.sessions)
    assert sum(cell.samples for cell in waits.cells) <= sum(len(look) for look in looks)
    assert {cell.wait for cell in waits.cells} <= {CPU, CLIENT, IN_TRANSACTION, "Lock:tuple", "IO:WalSync"}
    assert all(cell.insufficient == (cell.samples < FEWEST) for cell in waits.cells)


@given(st.dictionaries(st.integers(1, 8), st.lists(st.integers(1, 12), min_size=1, max_size=4), min_size=1))
def test_whoever_is_in_the_way_waits_for_nobody_or_is_in_a_ring(edges: dict[int, list[int]]) -> None:
    rows = {pid: row(pid, "active", "Lock:tuple", *by) for pid, by in edges.items()}
    told = in_the_way(rows)
    assert told.keys() == edges.keys()
    for pid, by in edges.items():
        found = told[pid]
        assert found
        assert len(set(found)) == len(found)
        # Either all are ends of chains, or there is no end at all and it is those right ahead.
        assert all(one not in edges for one in found) or set(found) == set(by)


def test_two_that_wait_for_one_another_block_one_another() -> None:
    rows = [row(1, "active", "Lock:transactionid", 2), row(2, "active", "Lock:transactionid", 1)]
    waits = folded((rows, {1: Seated("w01", "hold"), 2: Seated("w02", "confirm")}))
    assert {(one.step, one.by_step, one.by_who) for one in waits.blockers} == {
        ("hold", "confirm", "w02"), ("confirm", "hold", "w01"),
    }  # fmt: skip


def test_a_prepared_transaction_in_the_way_is_named() -> None:
    waits = folded(([row(1, "active", "Lock:transactionid", 0)], {}))
    assert waits.blockers == (Blocker("", "Lock:transactionid", "", "prepared transaction", 1),)


def test_one_that_waits_for_its_client_in_the_middle_of_a_request_waits_for_us() -> None:
    waits = folded(([row(1, "active", "Client:ClientRead")], {1: Seated("w01", "quote")}))
    assert [(cell.step, cell.wait) for cell in waits.cells] == [("quote", CLIENT)]
    assert waits.sessions == 0.0


def test_a_look_with_one_hidden_state_counts_for_nothing() -> None:
    waits = folded(([row(1), row(2, "hidden")], {}), ([row(1), row(2, "idle")], {}))
    assert (waits.samples, waits.sessions) == (1, 1.0)


def test_memory_is_bounded_and_nothing_that_was_seen_is_dropped() -> None:
    fold = Fold(0)
    for number in range(3 * MOST_KEPT):
        seats = {1: Seated("w01", "hold"), 2: Seated(f"w{number}", "hold")}
        fold.take([row(1, "active", f"Extension:{number}", 2)], seats, seats, seats)
    assert len(fold._cells) <= MOST_KEPT + 1
    assert sum(fold._cells.values()) == sum(fold._blockers.values()) == 3 * MOST_KEPT
    told = fold.told(1.0)
    assert len(told.cells) <= MOST_CELLS
    assert len(told.blockers) <= MOST_BLOCKERS
    assert told.cells[0].wait == "other waits"


def test_a_worker_that_may_have_moved_on_meanwhile_is_counted() -> None:
    fold = Fold(0)
    hold, confirm = {1: Seated("w01", "hold")}, {1: Seated("w01", "confirm")}
    fold.take([row(1)], hold, hold, confirm)
    fold.take([row(1)], hold, hold, hold)
    assert fold.moved == 1


def test_a_worker_s_step_is_known_a_moment_later() -> None:
    seen = WorkerRow(RUN, WorkerId(1), 0)
    seen.moves(WorkerState.WORKING, 10)
    seen.steps(Step.HOLD, 20)
    seen.steps(Step.CONFIRM, 30)
    seen.moves(WorkerState.RESTING, 40)
    assert [seen.step_at(at_ns) for at_ns in (5, 10, 19, 20, 29, 30, 39, 40, 99)] == [
        None, None, None, Step.HOLD, Step.HOLD, Step.CONFIRM, Step.CONFIRM, None, None,
    ]  # fmt: skip


@given(
    st.integers(-(10**18), 10**18),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=150),
)
def test_the_server_s_moment_lies_where_it_is_said_to(offset: int, looks: list[tuple[int, int, int]]) -> None:
    moment, now, widest = ServerMoment(), 0, None
    for there, back, rest in looks:
        sent, true, heard = now, now + there, now + there + back
        early, late = moment.between(true + offset, sent, heard)
        assert sent <= early <= true <= late <= heard
        now = heard + rest
        widest = late - early
    assert widest is not None
    assert widest <= looks[-1][0] + looks[-1][1]


def test_a_clock_that_was_set_costs_one_look_its_sharpness() -> None:
    moment = ServerMoment()
    moment.between(1_000, 0, 100)
    assert moment.between(9_000_050, 1_000, 1_100) == (1_000, 1_100)


SAID = Waits(
    leg=0,
    samples=40,
    hz=10.0,
    seconds=4.0,
    sessions=1.5,
    blockers=(Blocker("confirm", "Lock:tuple", "commit", "w03", 12),),
    missing=("statements: permission denied for jane@example.com",),
    counters=Counters(commits=7, statements=(CountedStatement("SELECT 'jane@example.com'", 3, 1.5),)),
    server_log=("LOG:  process 1 still waiting, Key (email)=(jane@example.com)",),
)


def test_the_journal_holds_it_masked_and_a_replay_tells_the_last_of_each_leg(tmp_path: Path) -> None:
    journal = Journal(tmp_path, RUN, RunningClock(), fsync="batched")
    live = Tally()
    for number in range(4):
        waits = msgspec.structs.replace(SAID, leg=number // 2, samples=40 + number)
        event = mask_event(WaitsSampled(number, Ids(run=RUN, leg=waits.leg), waits))
        journal.write(event)
        live.apply(event)
    journal.close()
    replayed = Tally()
    for event in read(tmp_path):
        replayed.apply(event)
    assert replayed.waits() == live.waits()
    assert [(waits.leg, waits.samples) for waits in live.waits()] == [(0, 41), (1, 43)]
    assert "jane" not in json.dumps(msgspec.to_builtins(live.waits()))
    assert "jane" not in "".join(path.read_text() for path in tmp_path.glob("journal.*"))
    assert not live.events(), "it is no line for an operator"


def test_a_run_of_very_many_legs_keeps_the_last_ones() -> None:
    tally = Tally()
    for leg in range(MOST_LEGS_OF_WAITS + 5):
        tally.apply(WaitsSampled(leg, Ids(run=RUN, leg=leg), msgspec.structs.replace(SAID, leg=leg)))
    assert [waits.leg for waits in tally.waits()] == list(range(5, MOST_LEGS_OF_WAITS + 5))


def test_the_log_is_read_from_where_it_was_also_when_it_was_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    lines = [f"2026-11-21 10:38:39.774 UTC [{n}] sf_{n % 2} LOG:  process {n} still waiting\n" for n in range(50)]
    log.write_text("".join(lines))
    assert len(said_of("sf_1", log, 0, str)) == 20
    half = sum(map(len, lines[:40]))
    assert [line.split()[-3] for line in said_of("sf_1", log, half, str)] == ["41", "43", "45", "47", "49"]
    assert said_of("sf_1", log, 10**9, str) == said_of("sf_1", log, 0, str)
    assert said_of("sf_", log, 0, str) == said_of("sf_1", tmp_path / "none", 0, str) == said_of("sf_1", None, 0, str)
    assert said_of("", log, 0, str) == ()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("-1", " of looks a second; give 0"), ("21", " of looks a second; give 0"), ("nan", "; give one")],
)
def test_a_pace_that_is_none_is_refused_with_one_sentence(wrong: str, told: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"waits_hz = .* is no number{told}"):
        check(with_value(Settings(), "observe.waits_hz", wrong))
    check(with_value(Settings(), "observe.waits_hz", "0"))
