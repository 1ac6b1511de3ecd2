"""Ways to the end, late confirmations, queue and seat waste, folded from events."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.series import LONGEST, Levels
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event
from engine.model.outcome import Certainty, Outcome
from engine.model.path import Path
from engine.model.paths_face import PathsFace
from tests.metrics.stories import MS, booking, ended, intended, planned, stories, through_api

S = 1000 * MS


def face_of(events: list[Event], now_ns: int | None = None) -> PathsFace:
    tally = Tally()
    for event in events:
        tally.apply(event)
    return tally.paths(tally.at_ns if now_ns is None else now_ns)


def undecided(at_ns: int, worker: int, attempt: int) -> AttemptEnded:
    end = ended(at_ns, worker, attempt, outcome=Outcome.INLINE_TIMEOUT)
    end = msgspec.structs.replace(end, certainty=Certainty.INFO)
    return through_api(end, Path.FAILED_BACKGROUND_TIMEOUT, 12 * S)


def given_seats(at: int, waste: int) -> AttemptEnded:
    return msgspec.structs.replace(ended(at * S, 0, at), seats=4 + waste)


@settings(max_examples=40)
@given(stories())
def test_every_attempt_that_shows_a_path_is_counted_once(events: list[Event]) -> None:
    tally = Tally()
    for event in events:
        tally.apply(event)
    face = tally.paths(tally.at_ns)
    ends = [event for event in events if isinstance(event, AttemptEnded)]
    assert face.total == sum(event.path is not None for event in ends)
    assert face.late == sum(event.late for event in ends)
    assert sum(one.count for one in tally.paths_of("white-horse-pub-waterbeach")) == face.total
    assert face.planner.count == sum(event.planner_ns is not None for event in ends) == sum(face.planner.bars)
    assert sum(count for _, count in face.waste) == sum(bool(event.tables) for event in ends)
    assert face.undecided == sum(event.path is not None and event.certainty is Certainty.INFO for event in ends)
    assert face.undecided <= face.backlog <= face.backlog_peak
    assert max(face.backlog_series) <= face.backlog_peak
    assert face.backlog_series[-1] >= face.backlog
    assert all(one.waste >= 3 and one.waste > (face.waste_fence or 0) for one in face.outliers)


def test_a_booking_confirmed_after_a_noted_timeout_is_late_and_not_lost() -> None:
    late = through_api(ended(S, 0, 1), Path.CONFIRMED_BACKGROUND, 12 * S, late=True)
    face = face_of([planned(), intended(0, 0, 1), late])
    assert [(one.path, one.count, one.late) for one in face.paths] == [(Path.CONFIRMED_BACKGROUND, 1, 1)]
    assert (face.backlog, face.undecided) == (0, 0)


def test_the_backlog_is_what_was_submitted_and_not_decided_and_the_undecided_stay_in_it() -> None:
    face = face_of(
        [
            planned(),
            intended(0, 0, 1),
            intended(S, 1, 2),
            intended(2 * S, 1, 2),  # the same booking, sent again
            undecided(3 * S, 0, 1),
            intended(4 * S, 0, 3),
            through_api(ended(5 * S, 1, 2), Path.CONFIRMED_INLINE_API, 5 * S),
        ],
        7 * S,
    )
    assert face.backlog_series == (1, 2, 2, 2, 3, 3, 2, 2)
    assert face.in_flight_series == (1, 2, 2, 2, 2, 2, 1, 1)
    assert (face.backlog, face.backlog_peak, face.undecided) == (2, 3, 1)


def test_an_attempt_of_ours_in_doubt_waits_in_no_queue() -> None:
    end = msgspec.structs.replace(ended(S, 0, 1, outcome=Outcome.CONNECTION), certainty=Certainty.INFO)
    assert face_of([planned(), intended(0, 0, 1), end]).backlog == 0


def test_planner_times_are_counted_whatever_came_of_them_and_told_as_two_humps() -> None:
    events: list[Event] = [planned()]
    for number in range(1, 51):
        events.append(through_api(ended(number * S, 0, number), Path.CONFIRMED_INLINE_API, 5 * S + number * 20 * MS))
    for number in range(51, 81):
        events.append(undecided(number * S, 0, number))
    planner = face_of(events).planner
    assert (planner.count, planner.max_ns, planner.p99_ns) == (80, 12 * S, None)
    assert planner.words == "2 humps: 5.0-6.0 s (62 %), 12.0 s (38 %)"


def test_waste_stands_out_above_the_fence_and_three_seats_at_least() -> None:
    events: list[Event] = [planned(), *(given_seats(at, at % 2) for at in range(1, 41))]
    face = face_of([*events, given_seats(41, 2), given_seats(42, 9), given_seats(43, 3)])
    assert face.waste == ((0, 20), (1, 20), (2, 1), (3, 1), (9, 1))
    assert (face.waste_fence, face.outlying) == (2.5, 2)
    assert [(one.booking, one.waste, one.slot) for one in face.outliers] == [
        (str(booking(43))[:8], 3, "12:15"),
        (str(booking(42))[:8], 9, "12:00"),
    ]


def test_wide_waste_is_no_outlier_and_narrow_waste_below_three_is_none() -> None:
    wide = face_of([planned(), *(given_seats(at, at % 6) for at in range(1, 61))])
    assert (wide.outlying, wide.outliers) == (0, ())
    narrow = face_of([planned(), *(given_seats(at, 0) for at in range(1, 61)), given_seats(61, 2)])
    assert (narrow.waste_fence, narrow.outlying) == (0.0, 0)


def test_the_last_twenty_outliers_are_named_and_all_are_counted() -> None:
    events: list[Event] = [planned(), *(given_seats(at, 0) for at in range(1, 201))]
    face = face_of([*events, *(given_seats(at, 3 + at % 5) for at in range(201, 231))])
    assert (face.outlying, len(face.outliers)) == (30, 20)
    assert [one.attempt for one in face.outliers] == list(range(230, 210, -1))


@given(st.lists(st.tuples(st.integers(0, 40 * S), st.integers(0, 9)), max_size=40), st.integers(0, 900 * S))
def test_levels_are_the_greatest_of_each_second_and_quiet_seconds_keep_the_last(
    moved: list[tuple[int, int]], later_ns: int
) -> None:
    moved.sort(key=lambda one: one[0])
    levels = Levels()
    for at_ns, level in moved:
        levels.record(at_ns, level)
    now_ns = (moved[-1][0] if moved else 0) + later_ns
    wanted, level = [], 0
    for second in range(now_ns // S + 1):
        here = [value for at_ns, value in moved if at_ns // S == second]
        wanted.append(max([level, *here]))
        level = here[-1] if here else level
    assert levels.until(now_ns) == tuple(wanted[-LONGEST:])
    assert (levels.level, levels.peak) == (level, max([0, *(value for _, value in moved)]))
