"""The client's own floor: what a request costs when the server answers at once."""

import msgspec


class ClientFloor(msgspec.Struct, frozen=True):
    """Figures of a server that does nothing, asked by the run's own client before the run."""

    requests: int
    concurrency: int
    """So many at once, each as soon as the one before it had its answer."""
    p50_ns: int
    p99_ns: int
    cpu_ns: int
    """Processor time of this process for one request."""

    @property
    def sight_ns(self) -> int:
        """Twice the median: a step that is not longer is below what this client can see."""
        return 2 * self.p50_ns

    def sees(self, took_ns: int) -> bool:
        """Whether a length is long enough to be the server's and not the client's."""
        return took_ns > self.sight_ns
