"""The rate limit counts in windows of a minute; time is brought along."""

from engine.booking_api.limiting import RateLimit


def test_no_limit_says_nothing() -> None:
    assert RateLimit(0).take("pub-1", "::1", 0) is None


def test_the_next_window_begins_a_minute_after_the_first_request() -> None:
    limit = RateLimit(2)
    told = [limit.take("pub-1", "a", at) for at in (10, 30, 69.9, 70, 71, 72)]
    assert [one.allowed for one in told if one] == [True, True, False, True, True, False]
    assert [one.remaining for one in told if one] == [1, 0, 0, 1, 0, 0]
    assert told[2] is not None
    assert round(told[2].resets_in_s, 1) == 0.1


def test_restaurants_and_addresses_have_windows_of_their_own() -> None:
    limit = RateLimit(1)
    for who in (("pub-1", "a"), ("pub-1", "b"), ("pub-2", "a")):
        told = limit.take(*who, now_s=0)
        assert told is not None
        assert told.allowed


def test_windows_that_have_ended_are_forgotten() -> None:
    limit = RateLimit(1)
    for number in range(10_000):
        limit.take("pub-1", str(number), 0)
    limit.take("pub-1", "late", 61)
    assert len(limit._windows) == 1
