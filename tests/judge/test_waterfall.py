"""The success waterfall: every booking is lost once, where it was lost, and no step has more than it can."""

import builtins
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.allocator.planner import Planner
from engine.allocator.strategies import OPTIMAL
from engine.allocator.window import service_window
from engine.judge.alone import alone
from engine.judge.demand import Demand, demands
from engine.judge.inventory import Terms, bounds, run_optimum
from engine.judge.seatings import HouseRules, Taken
from engine.judge.waterfall import Ground, Said, waterfall
from engine.model.event import AttemptEnded, Event, RunPlanned, StepTook
from engine.model.floor import Floor, Hours, Policy, Table, Window, Zone
from engine.model.ids import AttemptId, Ids, RunId, TurnId
from engine.model.ledger import Entry, Ledger, Story
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.step import Step
from engine.model.turn import Turn
from engine.model.waterfall import Loss, Waterfall
from engine.records.waterfall import waterfall_lines, waterfall_parts
from tests.judge.planted import judge, result

RUN = RunId("0a1b2c3d")
DAY = date(2026, 3, 4)
ZONE = Zone(UUID(int=100), "Main")
OPEN = Hours(DAY.isoweekday() % 7, time(12), time(23), is_closed=False)
POLICY = Policy(time(12), time(15), time(17), time(22), 5)


def house(*seats: int) -> Floor:
    tables = tuple(
        Table(UUID(int=place + 1), f"T{place:02d}", ZONE.id, count, 1, None, "dining", "indoor", movable=True)
        for place, count in enumerate(seats)
    )
    touching = tuple((one.id, other.id) for one, other in pairwise(tables))
    return Floor(UUID(int=1), "house", "House", "UTC", 15, (ZONE,), tables, touching, (OPEN,), POLICY)


def told(
    number: int, party: int, outcome: str, tables: Sequence[str] = (), *, commits: bool = False, floor: Floor
) -> AttemptEnded:
    window = service_window(floor, DAY, time(12), party)
    assert isinstance(window, Window)
    steps = ("quote", "hold", "confirm", "commit") if commits or tables else ("quote",)
    return AttemptEnded(
        number, Ids(RUN, 0, None, TurnId(number), AttemptId(number)), 0, 0, number, outcome,
        Certainty.OK if outcome in ("filled", "replay") else Certainty.FAIL, UUID(int=number), 1, 1,
        tuple(StepTook(Step(step), 1, 0, 1) for step in steps), tuple(tables), party=party,
        window=window if tables else None,
    )  # fmt: skip


def fall(
    floor: Floor, parties: Sequence[int], ends: Sequence[AttemptEnded], *, ledger: Ledger | None = None, **how: Any
) -> Waterfall:
    turns = tuple(
        Turn(TurnId(number), "house", DAY, time(12), party, booking_id=UUID(int=number))
        for number, party in enumerate(parties, start=1)
    )
    events: list[Event] = [RunPlanned(0, Ids(RUN), turns, len(turns), 4), *ends]
    ground = Ground(
        {"house": floor}, how.pop("taken", {}), HouseRules(adjacency=False), {}, how.pop("ladder", (OPTIMAL,)),
        waiting=True,
    )  # fmt: skip
    kept = ledger or Ledger(attempts=len(ends), balanced=True)
    gone = [one.booking_id for one in kept.stories]
    shares: Sequence[Demand] = demands(events, ground.floors, gone)
    return waterfall(ground, shares, Said(kept, how.pop("is_read", True), 4))


def test_each_loss_is_counted_at_its_step_and_names_its_booking() -> None:
    floor = house(2, 2, 4)
    parties = (2, 2, 4, 2, 4)
    ends = [
        told(1, 2, "filled", ["T00"], floor=floor),
        told(2, 2, "hold_conflict", floor=floor),
        told(3, 4, "overlap", commits=True, floor=floor),
        told(4, 2, "capacity", floor=floor),
        told(5, 4, "capacity", floor=floor),
    ]
    story = Story(UUID(int=1), Entry.LOST, 1, ("T00",), "pending", (), "the rows were swallowed at COMMIT")
    found = fall(floor, parties, ends, ledger=Ledger(attempts=5, acknowledged=1, lost=1, stories=(story,)))
    steps = (found.demand, found.bound, found.alone, found.placed, found.acknowledged, found.persisted)
    assert steps == (5, 3, 3, 2, 1, 0)
    assert found.losses == {
        "inventory": 2, "allocator": 0, "contention": 1, "commit": 1, "after acknowledgement": 1,
    }  # fmt: skip
    lost = {one.booking: one for one in found.houses[0].lost}
    assert [one.loss for _, one in sorted(lost.items())] == [
        Loss.AFTER, Loss.CONTENTION, Loss.COMMIT, Loss.INVENTORY, Loss.INVENTORY,
    ]  # fmt: skip
    assert "swallowed at COMMIT" in lost[str(UUID(int=1))].why
    assert "one worker gives it T01" in lost[str(UUID(int=2))].why
    assert found.efficiency == 0.0
    assert [line.split()[0] for line in waterfall_lines(found)][:2] == ["asked", "could"]


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["filled", "capacity", "overlap", "deadlock"])), max_size=8),
)
def test_no_step_beats_the_bound_and_names_come_to_the_counts(seats: list[int], asked: list[tuple[int, str]]) -> None:
    floor = house(*seats)
    free = {table.number: table.capacity for table in floor.tables}
    ends = []
    for number, (party, word) in enumerate(asked, start=1):
        fits = min((name for name, count in free.items() if count >= party), default=None)
        given_to = (fits,) if word == "filled" and fits else ()
        for name in given_to:
            del free[name]
        outcome = word if word != "filled" or given_to else "capacity"
        ends.append(told(number, party, outcome, given_to, commits=word == "deadlock", floor=floor))
    found = fall(floor, [party for party, _ in asked], ends) if asked else None
    if found is None:
        return
    assert found.bound is not None
    assert found.alone is not None
    assert found.acknowledged <= found.placed <= found.demand
    assert found.acknowledged <= found.bound <= found.demand
    assert found.alone <= found.bound
    assert len(found.houses[0].lost) == found.demand - (found.persisted or 0)
    if min(found.losses.values()) >= 0 and found.placed <= found.bound:
        named = [one.loss.value for one in found.houses[0].lost]
        assert {name: named.count(name) for name in found.losses} == found.losses


def test_an_assignment_that_the_model_does_not_allow_withholds_the_bound_and_says_why() -> None:
    floor = house(2, 2)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), told(2, 2, "filled", ["T00"], floor=floor)]
    found = fall(floor, (2, 2), ends)
    assert found.bound is None
    assert found.efficiency is None
    assert "inventory" not in found.losses
    assert "withheld: 1 achieved assignments are not in the model" in found.missing[0]


def test_what_others_had_before_is_taken_for_the_bound_and_for_one_worker_alike() -> None:
    floor = house(2, 2)
    taken = (Taken("T01", datetime(2026, 3, 4, 11, tzinfo=UTC), datetime(2026, 3, 4, 20, tzinfo=UTC)),)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), told(2, 2, "capacity", floor=floor)]
    found = fall(floor, (2, 2), ends, taken={"house": taken})
    assert (found.bound, found.alone, found.persisted) == (1, 1, 1)
    assert found.efficiency == 1.0


def test_a_bound_that_was_proven_already_is_the_waterfalls_and_is_not_solved_in_less_time_again() -> None:
    floor = house(2)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), told(2, 2, "capacity", floor=floor)]
    turns = tuple(Turn(TurnId(n), "house", DAY, time(12), 2, booking_id=UUID(int=n)) for n in (1, 2))
    shares = demands([RunPlanned(0, Ids(RUN), turns, 2, 4), *ends], {"house": floor})
    rules = HouseRules(adjacency=False)
    ground = Ground({"house": floor}, {}, rules, {}, (OPTIMAL,), waiting=True, terms=Terms(limit_s=0.0))
    known = bounds({"house": floor}, shares, rules, {})
    whole = run_optimum("one", {"house": floor}, shares, rules, {}, known)
    found = waterfall(ground, shares, Said(Ledger(attempts=2, balanced=True), is_read=True, workers=4), known)
    assert (found.bound, whole.bound) == (1, 1)
    assert found.houses[0].optimum is known["house"].optimum


def test_without_a_solver_the_bound_is_missing_with_its_cure_unless_everybody_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    floor = house(2)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), told(2, 2, "capacity", floor=floor)]
    found = fall(floor, (2, 2), ends)
    assert (found.bound, found.alone, found.persisted) == (None, 1, 1)
    assert found.missing == ("the proven optimum needs scipy: pip install 'slotfill[analysis]'",)
    assert fall(floor, (2,), ends[:1]).bound == 1
    assert [one.loss for one in found.houses[0].lost] == [Loss.UNTOLD], "a full house is nobody's fault unless proven"
    assert found.losses["inventory or allocator"] == 1
    assert "  alone                1  -1 inventory or allocator" in list(waterfall_lines(found))
    verdict = judge(result({"filled": 1, "capacity": 1}, waterfall=found), ends)
    assert "1 to the inventory or the allocator" in re.sub(r" \[E\d+\]", "", " ".join(verdict.waterfall))
    page = " ".join(waterfall_parts(result({"filled": 1, "capacity": 1}, waterfall=found)))
    assert "exact" not in page, "there is no bound that could be"
    assert "There is no bound" in page


def test_where_neither_bound_nor_planner_is_known_a_booking_is_lost_before_commit_and_no_more_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.judge.waterfall.MOST_BOOKINGS", 1)
    floor = house(2)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), told(2, 2, "capacity", floor=floor)]
    found = fall(floor, (2, 2), ends, ladder=())
    assert (found.bound, found.alone) == (None, None)
    assert [one.loss for one in found.houses[0].lost] == [Loss.EARLY]


def test_a_booking_whose_commit_nobody_heard_and_that_is_there_is_not_lost() -> None:
    floor = house(2, 2)
    unheard = msgspec.structs.replace(told(2, 2, "connection", commits=True, floor=floor), certainty=Certainty.INFO)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), unheard]
    kept = Ledger(attempts=2, acknowledged=1, persisted=1, recovered=1, balanced=True)
    found = fall(floor, (2, 2), ends, ledger=kept)
    assert (found.placed, found.acknowledged, found.persisted) == (2, 1, 2)
    assert not found.houses[0].lost
    void = fall(floor, (2, 2), ends, ledger=Ledger(attempts=2, acknowledged=1, persisted=1, void=1, balanced=True))
    assert (void.persisted, [one.loss for one in void.houses[0].lost]) == (1, [Loss.COMMIT])


def test_of_a_commit_nobody_knows_of_nothing_is_said_to_be_lost() -> None:
    floor = house(2, 2)
    unheard = msgspec.structs.replace(told(2, 2, "connection", commits=True, floor=floor), certainty=Certainty.INFO)
    story = Story(UUID(int=2), Entry.UNRESOLVED, 2, (), "", (), "nobody knows")
    kept = Ledger(attempts=2, acknowledged=1, persisted=1, unresolved=1, balanced=True, stories=(story,))
    found = fall(floor, (2, 2), [told(1, 2, "filled", ["T00"], floor=floor), unheard], ledger=kept)
    assert found.persisted is None, "one more may be there"
    assert any("1 attempts whose COMMIT nobody heard" in one for one in found.missing)
    (one,) = found.houses[0].lost
    assert (one.loss, one.why) == (Loss.COMMIT, "nobody heard its COMMIT, and whether it is there is not known")


def test_who_was_told_success_is_not_among_the_refused_that_would_have_fitted() -> None:
    floor = house(2, 2, 2)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), told(2, 2, "capacity", floor=floor)]
    story = Story(UUID(int=1), Entry.LOST, 1, ("T00",), "pending", (), "the rows were swallowed at COMMIT")
    kept = Ledger(attempts=2, acknowledged=1, lost=1, balanced=True, stories=(story,))
    optimum = fall(floor, (2, 2), ends, ledger=kept).houses[0].optimum
    assert optimum is not None
    assert [one.booking for one in optimum.regrets] == [str(UUID(int=2))]


def test_a_list_of_refused_ones_that_is_cut_says_at_least() -> None:
    floor = house(*[2] * 30)
    ends = [told(number, 2, "capacity", floor=floor) for number in range(1, 26)]
    found = fall(floor, [2] * 25, ends)
    verdict = judge(result({"capacity": 25}, waterfall=found), ends)
    said = re.sub(r" \[E\d+\]", "", " ".join(verdict.waterfall))
    assert "at least 20 refused ones would have fitted" in said


def test_a_database_that_was_not_read_and_a_planner_that_is_not_ours_are_said() -> None:
    floor = house(2)
    found = fall(floor, (2,), [told(1, 2, "filled", ["T00"], floor=floor)], is_read=False, ladder=())
    assert (found.alone, found.persisted, found.efficiency) == (None, None, None)
    assert any("its planner is not ours" in one for one in found.missing)
    assert any("the database was not read" in one for one in found.missing)


def test_whom_the_check_of_covers_turned_away_is_lost_to_no_contention() -> None:
    floor = house(2, 2)
    refused = msgspec.structs.replace(
        told(2, 2, "capacity", floor=floor), refusal=Refusal(Step.SUBMIT, Phase.ANSWERED, "4 of 4 covers are taken")
    )
    found = fall(floor, (2, 2), [told(1, 2, "filled", ["T00"], floor=floor), refused])
    assert (found.bound, found.alone, found.placed) == (2, 1, 1)
    assert [one.loss for one in found.houses[0].lost] == [Loss.ALLOCATOR]
    assert "check of covers" in found.houses[0].lost[0].why
    assert "1 were turned away at the submit" in found.missing[0]


def test_one_worker_alone_gives_each_booking_the_best_candidate_of_what_is_left() -> None:
    floor = house(4, 2)
    ends = [told(number, 2, "capacity", floor=floor) for number in (1, 2, 3)]
    turns = tuple(Turn(TurnId(n), "house", DAY, time(12), 2, booking_id=UUID(int=n)) for n in (1, 2, 3))
    (share,) = demands([RunPlanned(0, Ids(RUN), turns, 3, 1), *ends], {"house": floor})
    found = alone(Planner(floor), (OPTIMAL,), share.arrivals, (), waiting=False)
    assert list(found.placed.values()) == [("T01",), ("T00",)]
    assert list(found.refused) == [str(UUID(int=3))]
    assert all(found.refused.values())


def test_the_verdict_tells_the_waterfall_and_every_number_has_its_evidence() -> None:
    floor = house(2, 2, 4)
    ends = [told(1, 2, "filled", ["T00"], floor=floor), told(2, 2, "hold_conflict", floor=floor)]
    found = fall(floor, (2, 2), ends)
    verdict = judge(result({"filled": 1, "hold_conflict": 1}, waterfall=found), ends)
    said = " ".join(verdict.waterfall)
    known: Mapping[str, str] = {one.id: one.shown for one in verdict.numbers}
    numbers = re.findall(r"(?<![\w\[])(\d+(?:\.\d+)?)(?: %)?(?: \[(E\d+)\])?", re.sub(r"`[^`]*`", "", said))
    assert len(numbers) > 8
    for number, name in numbers:
        assert name, f"{number} has no evidence"
        assert known[name].split()[0] == number
    assert "2 could be seated at most (proven)" in re.sub(r" \[E\d+\]", "", said)
    assert "50.0 % of what was possible" in re.sub(r" \[E\d+\]", "", said)
    assert "1 refused ones would have fitted" in re.sub(r" \[E\d+\]", "", said)


def test_the_ground_of_a_waterfall_survives_its_file() -> None:
    ground = Ground({"house": house(2)}, {}, HouseRules(), {}, (OPTIMAL,), waiting=False)
    assert msgspec.json.decode(msgspec.json.encode(ground), type=Ground) == ground
