"""How throughput grows with workers: the universal scalability law, fitted, with intervals over runs. Pure."""

import random
from collections.abc import Sequence
from math import sqrt

import msgspec

RESAMPLES = 1_000
FURTHEST = 1.5
"""Nothing is said beyond so many times the most workers that were tested."""


class Scaling(msgspec.Struct, frozen=True):
    """X(N) = rate N / (1 + contention (N - 1) + coherence N (N - 1)) (Gunther 1993)."""

    rate: float
    """Of one worker alone, per second."""
    contention: float
    """Sigma: the share of the work that only one can do at a time."""
    coherence: float
    """Kappa: what each pair of workers costs beside."""

    def at(self, workers: float) -> float:
        """Throughput at so many workers, per second."""
        return self.rate * workers / (1 + self.contention * (workers - 1) + self.coherence * workers * (workers - 1))

    @property
    def peak(self) -> float | None:
        """Workers at which throughput is highest; None where more never cost."""
        if self.coherence <= 0:
            return None
        return sqrt(max(0.0, 1 - self.contention) / self.coherence)


class Fitted(msgspec.Struct, frozen=True):
    """A fit and what runs drawn again make of it: 95 % intervals."""

    scaling: Scaling
    contention: tuple[float, float]
    coherence: tuple[float, float]
    residual: float
    """Root of the mean squared relative error."""
    levels: int
    runs: int

    @property
    def peak(self) -> float | None:
        """Workers at which throughput is highest, where that is within what was tested or not far beyond."""
        return self.scaling.peak


Point = tuple[int, float]
"""Workers, and throughput per second."""


def fit(points: Sequence[Point]) -> Scaling | None:
    """The law that fits with the least relative error; None for fewer than three levels or no throughput.

    N / X = a + b (N - 1) + c N (N - 1) is linear, with a = 1 / rate; weighed by (X / N) squared its squares are those
    of the relative error. b and c are at least 0: each set of them that is not is left out and the best one kept.
    """
    used = [(n, x) for n, x in points if n > 0 and x > 0]
    if len({n for n, _ in used}) < 3:
        return None
    rows = [((1.0 * x / n, (n - 1) * x / n, (n - 1) * x), 1.0) for n, x in used]
    best: tuple[float, tuple[float, float, float]] | None = None
    for kept in ((0, 1, 2), (0, 1), (0, 2), (0,)):
        found = _least_squares([tuple(row[k] for k in kept) for row, _ in rows], [y for _, y in rows])
        if found is None or found[0] <= 0 or any(value < 0 for value in found[1:]):
            continue
        full = [0.0, 0.0, 0.0]
        for place, value in zip(kept, found, strict=True):
            full[place] = value
        error = sum((y - sum(a * b for a, b in zip(row, full, strict=True))) ** 2 for row, y in rows)
        if best is None or error < best[0] - 1e-15:
            best = error, (full[0], full[1], full[2])
    if best is None:
        return None
    a, b, c = best[1]
    return Scaling(rate=1 / a, contention=b / a, coherence=c / a)


def fitted(runs: Sequence[Sequence[Point]], seed: int, resamples: int = RESAMPLES) -> Fitted | None:
    """The fit of all runs' points, with intervals from runs drawn again; each run is its points over the levels."""
    points = [point for run in runs for point in run]
    whole = fit(points)
    if whole is None:
        return None
    draws = random.Random(f"scaling/{seed}")  # noqa: S311 - no secret
    again = [fit([point for run in draws.choices(runs, k=len(runs)) for point in run]) for _ in range(resamples)]
    found = [one for one in again if one is not None]
    errors = [(x - whole.at(n)) / x for n, x in points if x > 0]
    return Fitted(
        scaling=whole,
        contention=_middle([one.contention for one in found]),
        coherence=_middle([one.coherence for one in found]),
        residual=sqrt(sum(error * error for error in errors) / len(errors)),
        levels=len({n for n, _ in points}),
        runs=len(runs),
    )


def little(throughput: float, response_s: float, workers: int) -> float:
    """Throughput times response time over workers: 1 where all the client's time is measured (Little 1961)."""
    return throughput * response_s / workers


def _middle(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    if not ordered:
        return 0.0, 0.0
    last = len(ordered) - 1
    return ordered[int(0.025 * last)], ordered[min(last, int(0.975 * last) + 1)]


def _least_squares(rows: Sequence[tuple[float, ...]], wanted: Sequence[float]) -> list[float] | None:
    """Ordinary least squares by the normal equations; None where they have no one answer. Three unknowns at most."""
    size = len(rows[0])
    matrix = [[sum(row[i] * row[j] for row in rows) for j in range(size)] for i in range(size)]
    right = [sum(row[i] * y for row, y in zip(rows, wanted, strict=True)) for i in range(size)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda one: abs(matrix[one][column]))
        if abs(matrix[pivot][column]) < 1e-12:
            return None
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        right[column], right[pivot] = right[pivot], right[column]
        for row in range(column + 1, size):
            factor = matrix[row][column] / matrix[column][column]
            right[row] -= factor * right[column]
            for place in range(column, size):
                matrix[row][place] -= factor * matrix[column][place]
    answer = [0.0] * size
    for row in reversed(range(size)):
        known = sum(matrix[row][place] * answer[place] for place in range(row + 1, size))
        answer[row] = (right[row] - known) / matrix[row][row]
    return answer
