"""The ranking: what is fought for most, whether it grows, and what would clear it."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics import ranking as rank
from engine.metrics.cures import cures, forecast
from engine.metrics.ranking import BUCKET_NS, BUCKETS, Ranking, Trend
from engine.metrics.tally import Tally
from engine.model.event import Refused
from engine.model.outcome import Outcome
from engine.model.ranking_face import Cure, Where
from engine.model.sample import Sample, StaleHold, ZoneLocked
from engine.model.snapshot import SlotFace
from engine.model.turn import TurnEnd
from tests.metrics.evening import SLUG, Told, floor, refused, story, turns

S = 1_000_000_000
TURNS = turns(3)


def told(outcome: Outcome, at_ns: int = 0, held_by: str | None = None, message: str = "no") -> Refused:
    return refused(at_ns, Told(1, TURNS[0], 1, ("T1",)), outcome, held_by, message)


def look(holds: tuple[StaleHold, ...] = (), locked: tuple[ZoneLocked, ...] = ()) -> Sample:
    return Sample(
        at_ns=0, server_at=datetime(2026, 3, 4, tzinfo=UTC), took_ns=0, server_version="18", max_connections=1,
        connections=0, ours=0, states={}, waits=(), backends=(), lock_counts=(), queues=(), blockings=(),
        commits_per_s=None, rollbacks_per_s=None, inserts_per_s=None, updates_per_s=None, deadlocks=0, temp_bytes=0,
        statements=(), stale_holds=holds, live_holds=0, zone_locked=locked,
    )  # fmt: skip


def slot(turn: int, at: str, booking: str = "", end: TurnEnd | None = None) -> SlotFace:
    return SlotFace(turn, "2026-03-04", at, 2, 0, 0, 1, (), end, 0, SLUG, booking)


HOLD = StaleHold("h", ("T1",), 1, restaurant=SLUG, day="2026-03-04", starts="12:15", ends="13:00")
LOCKED = ZoneLocked("0a0a0a0a", "Snug", 1)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 400 * S), max_size=40), st.integers(0, 400 * S))
def test_a_trend_has_what_fell_into_the_last_two_minutes(moments: list[int], later_ns: int) -> None:
    trend = Trend()
    for at_ns in sorted(moments):
        trend.record(at_ns)
    now_ns = max([0, *moments]) + later_ns
    first = now_ns // BUCKET_NS - BUCKETS + 1
    expected = [sum(at // BUCKET_NS == first + place for at in moments) for place in range(BUCKETS)]
    assert list(trend.until(now_ns)) == expected
    assert trend.count == len(moments)


def test_a_word_that_comes_late_goes_where_it_belongs_or_nowhere() -> None:
    trend = Trend()
    for at_ns in (130 * S, 125 * S, 5 * S):
        trend.record(at_ns)
    assert (trend.count, trend.until(130 * S)[-2:]) == (3, (1, 1))


def test_places_are_ranked_by_kind_most_first_and_add_up_to_the_totals() -> None:
    tally = Tally()
    tally.know({SLUG: floor()})
    for event in story():
        tally.apply(event)
    face = tally.ranking(221 * S, None, {}, ())
    assert set(face.totals) == set(rank.RANKED)
    for where in Where:
        found = [one for one in face.ranks if one.where is where]
        assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)
        assert len(found) <= rank.MOST
    zones = [one for one in face.ranks if one.where is Where.ZONE]
    assert sum(one.count for one in zones) <= sum(face.totals.values())
    assert {one.name for one in zones} <= {"Main Dining", "Bar Area", "Patio", "Private Room", "Outdoor Garden"}
    assert all(sum(one.trend) == one.last_minute + one.minute_before <= one.count for one in face.ranks)


def test_more_names_than_are_kept_are_in_the_totals_alone() -> None:
    ranking = Ranking()
    for number in range(rank.MOST_NAMES + 5):
        ranking.take(told(Outcome.HOLD_CONFLICT), [f"T{number}"], [], "")
    face = ranking.face(0)
    assert face.totals == {"hold_conflict": rank.MOST_NAMES + 5}
    assert len(face.ranks) == rank.MOST


def test_what_would_clear_contention_is_told_with_how_many_it_would_free() -> None:
    ranking = Ranking()
    for _ in range(3):
        ranking.take(told(Outcome.HOLD_CONFLICT, held_by="w02 #7"), ["T1"], [], "12:00")
    ranking.take(told(Outcome.OVERLAP, message="allocations_no_overlap"), ["T1"], [], "12:00")
    found = cures(ranking, look((HOLD, HOLD), (LOCKED,)), {"spread": "false"}, 0)
    assert [(cure.count, cure.command) for cure in found] == [
        (3, ":set spread=true"),
        (2, ":repair holds"),
        (1, ":repair zone-locks"),
        (1, ":repair allocations"),
    ]


def test_a_cure_names_what_there_is_to_set_and_nothing_that_is_set_already() -> None:
    ranking = Ranking()
    ranking.take(told(Outcome.HOLD_CONFLICT, held_by="w02 #7"), ["T1"], [], "12:00")
    assert cures(ranking, None, {}, 0) == (
        Cure(1, "conflicts by equal plans", "--set allocator.spread=true", "next run"),
    )
    assert [cure.command for cure in cures(ranking, None, {"spread": "true"}, 0)] == [":fewer"]
    assert cures(ranking, None, {}, 200 * S) == ()


def test_an_overlap_with_one_of_our_own_workers_is_no_stale_allocation() -> None:
    ranking = Ranking()
    ranking.take(told(Outcome.OVERLAP, held_by="w02 #7", message="allocations_no_overlap"), ["T1"], [], "12:00")
    assert [cure.what for cure in cures(ranking, None, {}, 0)] == ["conflicts by equal plans"]


def test_conflicts_with_strangers_are_told_without_a_cure_where_no_stale_hold_explains_them() -> None:
    ranking = Ranking()
    ranking.take(told(Outcome.HOLD_CONFLICT), ["T1"], [], "12:00")
    assert [(cure.count, cure.command) for cure in cures(ranking, look(), {}, 0)] == [(1, "")]
    assert [cure.command for cure in cures(ranking, look((HOLD,)), {}, 0)] == [":repair holds"]


def test_the_forecast_counts_of_the_next_turns_those_that_meet_what_was_left_behind() -> None:
    slots = [
        slot(1, "12:00", "0a0a0a0a"),
        slot(2, "12:30", "0b0b0b0b"),
        slot(3, "13:00", "0c0c0c0c"),
        slot(4, "12:15", "0a0a0a0a", TurnEnd.CAPPED),
    ]
    found = forecast(slots, look((HOLD,), (LOCKED,)))
    assert (found.turns, found.zone_lock, found.stale_hold) == (3, 1, 1)
    assert forecast(slots, None).turns == 0
    assert forecast([slot(n, "12:15") for n in range(90)], look((HOLD,))).turns == 40
