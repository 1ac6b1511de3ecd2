"""The server's moments by our clock: pure."""

from collections import deque

LOOKS = 100
"""Looks that are compared: ten seconds' worth. Two clocks drift apart by less than a round trip in that time."""


class ServerMoment:
    """Tells when, by our clock, a server saw something, from what each look proves.

    What a server does for a look it does after that was sent and before its answer came. So each look gives two bounds
    of the difference of the clocks, and many of them together leave little between: the shortest ways there and back.
    """

    def __init__(self) -> None:
        self._bounds: deque[tuple[int, int]] = deque(maxlen=LOOKS)

    def between(self, seen_ns: int, sent_ns: int, heard_ns: int) -> tuple[int, int]:
        """The moments by our clock between which the server's one lies."""
        self._bounds.append((seen_ns - heard_ns, seen_ns - sent_ns))
        low, high = max(low for low, _ in self._bounds), min(high for _, high in self._bounds)
        if low > high:
            # A clock was set, or slewed by more than the looks leave room for: what was known is not true any more.
            self._bounds.clear()
            return self.between(seen_ns, sent_ns, heard_ns)
        return seen_ns - high, seen_ns - low
