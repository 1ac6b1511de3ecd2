"""The rate limit: so many bookings a minute for each restaurant and address."""

import msgspec

WINDOW_S = 60.0
_MOST_WINDOWS = 10_000
"""Windows remembered before those that have ended are forgotten."""


class Allowance(msgspec.Struct, frozen=True):
    """What a request was told of the limit."""

    allowed: bool
    limit: int
    remaining: int
    resets_in_s: float


class RateLimit:
    """Counts in windows of one minute, each begun by its first request. Pure: the caller brings the time."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, restaurant: str, address: str, now_s: float) -> Allowance | None:
        """Count one request; None when there is no limit."""
        if self._limit <= 0:
            return None
        if len(self._windows) >= _MOST_WINDOWS:
            self._windows = {key: one for key, one in self._windows.items() if now_s < one[0] + WINDOW_S}
        began_s, count = self._windows.get((restaurant, address), (now_s, 0))
        if now_s >= began_s + WINDOW_S:
            began_s, count = now_s, 0
        allowed = count < self._limit
        count += allowed
        self._windows[restaurant, address] = (began_s, count)
        return Allowance(allowed, self._limit, self._limit - count, began_s + WINDOW_S - now_s)
