"""Service windows: the White Horse's policy, the gap, the ends, closed days and changing clocks."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.allocator.window import DEFAULT_POLICY, hours_on, service_window
from engine.model.floor import Hours, Window
from tests.allocator.floors import EVERY_DAY, MONDAY, SATURDAY, SUMMER_MONDAY, floor, table, white_horse

PUB = white_horse()
ANY_DAY = floor([table("A", 4)], hours=EVERY_DAY)


def _minutes(at: time, party: int) -> int:
    window = service_window(PUB, MONDAY, at, party)
    assert isinstance(window, Window), window
    return int((window.end - window.start).total_seconds() // 60) - PUB.policy.clean_buffer_minutes


@pytest.mark.parametrize(
    ("party", "minutes"), [(1, 60), (2, 60), (3, 75), (4, 75), (5, 85), (6, 85), (7, 85), (12, 85)]
)
def test_lunch_sits_by_its_turn_bands(party: int, minutes: int) -> None:
    assert _minutes(time(12), party) == minutes


@pytest.mark.parametrize(("party", "minutes"), [(2, 60), (4, 75), (6, 85), (7, 90), (12, 90)])
def test_dinner_sits_by_its_turn_bands(party: int, minutes: int) -> None:
    assert _minutes(time(17), party) == minutes


def test_a_start_between_the_services_falls_back_to_lunch() -> None:
    assert _minutes(time(16, 0), 8) == 85
    window = service_window(PUB, MONDAY, time(16, 59), 8)
    assert isinstance(window, Window)
    assert window.service == "lunch"


def test_lunch_may_overrun_its_end() -> None:
    assert _minutes(time(15, 15), 4) == 75


def test_a_dinner_past_the_end_is_shortened_and_refused_when_nothing_is_left() -> None:
    late = service_window(ANY_DAY, MONDAY, time(22, 15), 4)
    assert isinstance(late, Window)
    assert late.end == datetime(2026, 3, 2, 22, 40, tzinfo=UTC), "15 minutes of sitting and the buffer"
    refused = service_window(ANY_DAY, MONDAY, time(22, 30), 4)
    assert refused == "Reservation would overrun dinner service (end 22:30)."


def test_outside_both_services_there_is_lunch_by_default_and_no_window_where_it_fails_hard() -> None:
    for at in (time(11, 45), time(15, 30), time(16, 59), time(22, 45)):
        window = service_window(ANY_DAY, MONDAY, at, 8)
        assert isinstance(window, Window)
        assert (window.service, window.end - window.start) == ("lunch", timedelta(minutes=95))
        hard = service_window(ANY_DAY, MONDAY, at, 8, fails_hard=True)
        assert hard == f"No service window matches {at:%H:%M}"
    for at in (time(12), time(15, 29), time(17), time(22, 29)):
        assert isinstance(service_window(ANY_DAY, MONDAY, at, 8, fails_hard=True), Window)


def test_the_platforms_own_policy_ends_dinner_at_ten() -> None:
    house = floor([table("A", 4)], hours=EVERY_DAY, policy=DEFAULT_POLICY)
    late = service_window(house, MONDAY, time(21, 30), 8)
    assert isinstance(late, Window)
    assert late.end == datetime(2026, 3, 2, 22, 5, tzinfo=UTC)
    refused = service_window(house, MONDAY, time(22), 2)
    assert refused == "Reservation would overrun dinner service (end 22:00)."


def test_hours_of_a_date_stand_instead_of_its_weekdays() -> None:
    feast = Hours(1, time(18), time(23), is_closed=False, effective_date=MONDAY)
    rest = Hours(2, None, None, is_closed=True, effective_date=date(2026, 3, 3))
    house = floor([table("A", 4)], hours=(*EVERY_DAY, feast, rest))
    assert hours_on(house, MONDAY) == (time(18), time(23))
    assert hours_on(house, date(2026, 3, 3)) is None
    assert hours_on(house, date(2026, 3, 9)) == hours_on(house, date(2026, 3, 10)) == (time(0), time(23, 59))


def test_a_closed_day_and_a_closed_hour_say_so() -> None:
    assert service_window(PUB, SATURDAY, time(12), 2) == "Restaurant is closed on the selected date."
    assert service_window(PUB, date(2026, 3, 8), time(12), 2) == "Restaurant is closed on the selected date."
    for at in (time(11, 59), time(22, 0), time(23, 0)):
        assert service_window(PUB, MONDAY, at, 2) == "Selected time is outside operating hours."


def test_sunday_is_day_zero_and_a_day_without_hours_is_closed() -> None:
    sundays = floor([table("A", 2)], hours=(Hours(0, time(12), time(22), is_closed=False),))
    assert hours_on(sundays, date(2026, 3, 8)) == (time(12), time(22))
    assert hours_on(sundays, MONDAY) is None


def test_local_time_becomes_utc_in_winter_and_in_summer() -> None:
    winter = service_window(PUB, MONDAY, time(12), 2)
    summer = service_window(PUB, SUMMER_MONDAY, time(12), 2)
    assert isinstance(winter, Window)
    assert isinstance(summer, Window)
    assert winter.start == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert summer.start == datetime(2026, 7, 6, 11, tzinfo=UTC)


def test_a_sitting_keeps_its_length_when_the_clocks_change_in_it() -> None:
    """New York leaves out 02:00 to 03:00 on 8 March and repeats 01:00 to 02:00 on 1 November 2026."""
    policy = PUB.policy.__class__(time(0), time(4), time(17), time(22), 10)
    night = floor([table("A", 2)], hours=EVERY_DAY, policy=policy, timezone="America/New_York")
    spring = service_window(night, date(2026, 3, 8), time(1, 30), 2)
    left_out = service_window(night, date(2026, 3, 8), time(2, 30), 2)
    repeated = service_window(night, date(2026, 11, 1), time(1, 30), 2)
    for window, starts in (
        (spring, datetime(2026, 3, 8, 6, 30, tzinfo=UTC)),
        (left_out, datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),  # as Postgres reads it: carried over the gap
        (repeated, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),  # and the second of the two
    ):
        assert isinstance(window, Window)
        assert window.start == starts
        assert window.end - window.start == timedelta(minutes=70)


@given(
    on=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    party=st.integers(1, 20),
    timezone=st.sampled_from(["Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_a_window_is_a_reason_or_has_length_and_never_more_than_the_band_and_buffer(
    on: date, at: time, party: int, timezone: str
) -> None:
    window = service_window(floor([table("A", 4)], hours=EVERY_DAY, timezone=timezone), on, at, party)
    if isinstance(window, str):
        assert window
    else:
        assert timedelta(minutes=10) < window.end - window.start <= timedelta(minutes=100)
        assert window.start.tzinfo is UTC
