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

    def due_ns(self, due_ns: int, now_ns: int) -> int:
        """When an attempt that is due then may begin; its place is taken."""
        return max(due_ns, self._allowance.claim(now_ns))

    def give_back(self) -> None:
        """A place that was taken is not used."""
        self._allowance.give_back()

    def take(self, now_ns: int) -> str:
        """One booking more is about to be sent; empty when it may be, else why the run ends."""
        return self._spent.take(now_ns)

    def looked(self, sample: Sample, now_ns: int) -> str:
        """Follow what the server's others wait for; what changed, in words, empty when nothing did."""
        self._allowance.slow_to(self._backoff.look(sample, now_ns))
        return self._backoff.reason
