"""What a run may still take from a server that is not ours alone: connections, requests, bookings, minutes. Pure."""

from collections import deque

import msgspec

from engine.model.sample import Sample

NS = 1_000_000_000
SPARE = 5
"""Connections of a run besides its workers': two samplers', reconciler's, ground's, and the checks' between passes."""


class Budget(msgspec.Struct, frozen=True):
    """What one run on a remote target may take at most."""

    connections: int | None
    """Of the database, in all; None where the run sees no database."""
    requests_per_s: float
    """Attempts begun in a second; looks after a booking and what a 429 has sent again are not counted."""
    bookings: int
    """Counted when they are sent: one without an answer may be there."""
    minutes: float

    def workers(self, wanted: int) -> int:
        """So many of the wanted workers may each hold a connection; below 1 the run cannot begin."""
        return wanted if self.connections is None else max(0, min(wanted, self.connections - SPARE))

    def lowered(self, wanted: int) -> str:
        """Why there are fewer workers than wanted, as an alert says it; empty when there are not."""
        given = self.workers(wanted)
        if given == wanted:
            return ""
        return (
            f"concurrency {wanted} is lowered to {given}: the target's budget is {self.connections} connections, "
            f"{SPARE} of them for looks and checks"
        )


def share_of(free: int, share: float) -> int:
    """Connections that a share of the free ones amounts to; never more than that."""
    return int(free * share)


class Spent:
    """What of a budget is gone. Asked before each booking, so it is never overdrawn."""

    def __init__(self, budget: Budget, began_ns: int = 0) -> None:
        self.bookings = 0
        self._budget = budget
        self._ends_ns = began_ns + round(budget.minutes * 60 * NS)

    def over(self, now_ns: int) -> str:
        """Why the run ends now, in words; empty while it may go on."""
        if self.bookings >= self._budget.bookings:
            return f"the target's budget of {self._budget.bookings} bookings is spent; `bookings` of the target is it"
        if now_ns >= self._ends_ns:
            return f"the target's budget of {self._budget.minutes:g} minutes is over; `minutes` of the target is it"
        return ""

    def take(self, now_ns: int) -> str:
        """One booking more is about to be sent: counted, or refused with the reason why the run ends."""
        why = self.over(now_ns)
        if not why:
            self.bookings += 1
        return why


class Allowance:
    """A cap on requests a second: each claim says when it may go. A bucket of `burst`, refilled at the rate."""

    def __init__(self, per_s: float, burst: int = 1) -> None:
        if per_s <= 0 or burst < 1:
            raise ValueError(f"{per_s:g} requests a second with a burst of {burst} lets nothing through; give more")
        self.factor = 1.0
        """What backing off leaves of the rate."""
        self._full_ns = NS / per_s
        self._burst = burst
        self._next_ns = 0.0

    @property
    def per_s(self) -> float:
        """Requests a second now."""
        return NS / self.each_ns

    def claim(self, now_ns: int, requests: int = 1) -> int:
        """The moment so many requests together may be sent, now or later. The place is taken, used or not."""
        begins = max(self._next_ns, now_ns - (self._burst - 1) * self.each_ns)
        self._next_ns = begins + requests * self.each_ns
        # A nanosecond up: rounding must never let one go early.
        return max(now_ns, -int(-(begins + (requests - 1) * self.each_ns) // 1))

    def give_back(self, requests: int = 1, each_ns: float | None = None) -> None:
        """A claim was not used: those that follow move up, by what each of its places took when it was made.

        Where nobody knows that any more, by the full rate's time, which is never too much.
        """
        self._next_ns -= requests * (self._full_ns if each_ns is None else each_ns)

    def slow_to(self, factor: float) -> None:
        """From now on that part of the rate, in (0, 1]."""
        if not 0 < factor <= 1:
            raise ValueError(f"{factor:g} is no part of a rate; give more than 0 and at most 1")
        self.factor = factor

    @property
    def each_ns(self) -> float:
        """What one place takes now."""
        return self._full_ns / self.factor


RISES = 3
"""Looks in a row in which others wait more, with none in which they wait less, until the pace is halved."""
STAYS_NS = 20 * NS
"""Others still wait more than before, this long after: the pace is halved again."""
CALM_NS = 10 * NS
"""Others wait no more than before for this long: the pace recovers by a quarter of itself."""
SLOWEST = 1 / 16
RECOVERY = 1.25
OTHERS = frozenset({"NOT OURS", "other run"})
"""How the sampler names a backend that is none of this run."""
_TROUBLED = ("Lock:", "LWLock:", "IO:", "IPC:", "BufferPin:")
"""Waits for a server that has too much to do; a backend that waits for its own client does not count."""


class Backoff:
    """Slows down when others at the server wait more, and recovers slowly. Given one look after another."""

    def __init__(self) -> None:
        self.factor = 1.0
        self.reason = ""
        """Why the last look moved the factor, for an event's line; empty when it did not."""
        self._last: deque[int] = deque(maxlen=RISES + 1)
        self._before = 0
        """How many others waited when their waits began to rise."""
        self._moved_ns = 0
        self._uneasy_ns = 0
        """The last moment at which more of them waited than before."""
        self._seen_ns = -1

    def look(self, sample: Sample, now_ns: int) -> float:
        """What part of the pace is left after this look, in (0, 1]. A look seen before changes nothing."""
        self.reason = ""
        if sample.at_ns == self._seen_ns:
            return self.factor
        self._seen_ns = sample.at_ns
        waiting = others_waiting(sample)
        if self._last and waiting < self._last[-1]:
            self._last.clear()
        if not self._last or waiting > self._last[-1]:
            self._last.append(waiting)
        if len(self._last) > RISES:
            if self.factor == 1.0:
                self._before = self._last[0]
            self._halve(f"backends of others that wait rose from {self._last[0]} to {waiting}", now_ns)
            self._last.clear()
            self._last.append(waiting)
        elif self.factor < 1.0:
            self._recover(waiting, now_ns)
        return self.factor

    def _recover(self, waiting: int, now_ns: int) -> None:
        if waiting > self._before:
            self._uneasy_ns = now_ns
            if now_ns - self._moved_ns >= STAYS_NS:
                self._halve(f"{waiting} backends of others still wait, {self._before} did before", now_ns)
        elif now_ns - max(self._moved_ns, self._uneasy_ns) >= CALM_NS:
            self.factor = min(1.0, self.factor * RECOVERY)
            self._moved_ns = now_ns
            self.reason = f"{waiting} backends of others wait, no more than before: pace back to {self.factor:.0%}"

    def _halve(self, why: str, now_ns: int) -> None:
        self._moved_ns = self._uneasy_ns = now_ns
        if self.factor > SLOWEST:
            self.factor = max(SLOWEST, self.factor / 2)
            self.reason = f"{why}: pace lowered to {self.factor:.0%}"


def others_waiting(sample: Sample) -> int:
    """Backends of others that wait for the server.

    Where the role may not see others' states, only those in a lock's queue can be counted: `pg_locks` hides nobody.
    """
    seen = sum(one.others for one in sample.waits if one.wait.startswith(_TROUBLED))
    in_queues = {
        member.pid for queue in sample.queues for member in queue.members if not member.granted and member.who in OTHERS
    }
    return max(seen, len(in_queues))
