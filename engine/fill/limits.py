"""What a crew may take from a server that is not ours: requests, bookings, minutes, and less when others wait."""

from engine.budget import Allowance, Backoff, Budget, Spent
from engine.model.sample import Sample


class Limits:
    """A budget as a crew lives by it."""

    def __init__(self, budget: Budget, began_ns: int) -> None:
        self.budget = budget
        self._allowance = Allowance(budget.requests_per_s)
        self._spent = Spent(budget, began_ns)
        self._backoff = Backoff()

    def claim(self, due_ns: int, now_ns: int) -> tuple[int, float]:
        """When an attempt that is due then may begin, and the place it takes, to give back when it is not used."""
        each_ns = self._allowance.each_ns
        return max(due_ns, self._allowance.claim(now_ns)), each_ns

    def give_back(self, place: float) -> None:
        """A place that was taken is not used."""
        # As much as was taken: with less, a crew that is woken often would push its own schedule away for ever.
        self._allowance.give_back(1, place)

    def take(self, now_ns: int) -> str:
        """One booking more is about to be sent; empty when it may be, else why the run ends."""
        return self._spent.take(now_ns)

    def looked(self, sample: Sample, now_ns: int) -> str:
        """Follow what the server's others wait for; what changed, in words, empty when nothing did."""
        self._allowance.slow_to(self._backoff.look(sample, now_ns))
        return self._backoff.reason
