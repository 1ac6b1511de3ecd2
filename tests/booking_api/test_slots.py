"""One time is looked at as the list of all times has it."""

from datetime import date, time
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.booking_api.rows import HouseRow
from engine.booking_api.schedule import House, is_slot, slots
from engine.model.floor import Floor, Hours, Policy

MONDAY = date(2027, 3, 1)


def house(opens: time, closes: time, interval: int, buffer: int, minutes: int) -> House:
    hours = (Hours(1, opens, closes, is_closed=False, effective_date=None),)
    policy = Policy(time(12), time(15), time(17), time(22), 5)
    floor = Floor(UUID(int=1), "x", "x", "Europe/London", interval, (), (), (), hours, policy)
    return House(floor, HouseRow(UUID(int=1), "x", interval, 90, buffer), {"dinner": minutes})


@settings(max_examples=30)
@given(
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.integers(1, 240),
    st.integers(0, 200),
    st.integers(0, 200),
    st.sampled_from(["", "drinks", "lunch"]),
)
def test_a_time_is_a_slot_when_the_list_has_it(
    opens: time, closes: time, interval: int, buffer: int, minutes: int, wanted: str
) -> None:
    at_house = house(opens, closes, interval, buffer, minutes)
    listed = slots(at_house, MONDAY, wanted)
    every = [time(minute // 60, minute % 60) for minute in range(24 * 60)]
    assert tuple(at for at in every if is_slot(at_house, MONDAY, at, wanted)) == listed
    assert not is_slot(at_house, MONDAY, time(12, 0, 1), wanted)
    assert not is_slot(at_house, date(2027, 3, 2), time(12), wanted), "closed"
