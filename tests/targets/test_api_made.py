"""What an API target remembers of what it made: every booking, and little of each."""

import sys
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from engine.api_seat import Made


@given(st.lists(st.tuples(st.uuids(), st.integers(1, 2**40)), max_size=20))
def test_what_was_made_is_given_back_in_its_order(made: list[tuple[UUID, int]]) -> None:
    kept = Made()
    for booking, attempt in made:
        kept.add(booking, attempt)
    assert list(kept) == made
    assert list(kept) == made, "a second time, too"


def test_a_hundred_thousand_bookings_are_three_megabytes() -> None:
    kept = Made()
    for number in range(100_000):
        kept.add(UUID(int=number << 70 | number), number)
    assert sys.getsizeof(kept._words) < 3_000_000
