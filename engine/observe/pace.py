"""How often the server is looked at: as often as was asked for, until a look gets dear. Pure."""

_SECOND_NS = 1_000_000_000
SHARE = 10
"""Between the beginnings of two looks goes by at least so many times what the first cost: a tenth of the time."""
MOST_NS = 4 * _SECOND_NS
"""And no more than this: a picture that is older than five seconds is taken for a lost server."""


class Pace:
    """Lengthens the interval at once when a look is dear; each cheap one after it halves it, down to what was asked."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self._took_ns = 0
        """What the look took that made the interval longer."""
        self.pause_ns = interval_ns
        """From the last look's beginning to the next one's."""

    def take(self, took_ns: int, way_ns: int = 0) -> None:
        """A look took so long, of which that was the way to the server and back: it costs the server nothing.

        But half of the look counts in any case: how long the way is, is known from its opening only.
        """
        wanted_ns = min(max(took_ns // 2, took_ns - way_ns) * SHARE, max(MOST_NS, self._interval_ns))
        before_ns = self.pause_ns // 2
        if wanted_ns > before_ns:
            self._took_ns = took_ns
        self.pause_ns = max(self._interval_ns, wanted_ns, before_ns)

    def says(self) -> str:
        """That the next look comes later than was asked for, and why; empty while it does not."""
        if self.pause_ns <= self._interval_ns:
            return ""
        return (
            f"looks every {self._interval_ns / 1e9:g} s: one took {self._took_ns / 1e6:.0f} ms, "
            f"so the next begins after {self.pause_ns / 1e9:.1f} s"
        )
