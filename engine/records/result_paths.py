"""Ways to the end, planner, queue and seat waste, as `result.json` and `report.md` say them."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.metrics.humps import hump_words, humps_of
from engine.metrics.samples import latency_of
from engine.model.figures import SeatWaste, WasteOutlier
from engine.model.paths_face import PathFigures, PathsFace
from engine.model.report import Backlog, HumpFound, Planner, Result
from engine.records.samples import PLANNER
from engine.records.tables import markdown


def path_counts(paths: Iterable[PathFigures]) -> dict[str, int]:
    """Attempts by the path's word."""
    return {one.path.value: one.count for one in paths}


def planner_of(samples: Mapping[str, Sequence[int]]) -> Planner | None:
    """Exact, from the raw samples; None when there are none."""
    lengths = samples.get(PLANNER, ())
    if not lengths:
        return None
    humps = humps_of(lengths).found()
    took = latency_of(lengths)
    return Planner(
        **msgspec.structs.asdict(took),
        humps=[HumpFound(one.from_ns / 1e6, one.to_ns / 1e6, one.count, one.share) for one in humps],
        words=hump_words(humps, took.count),
    )


def backlog_of(face: PathsFace) -> Backlog | None:
    """The queue; None where bookings do not go through one."""
    return Backlog(face.backlog_peak, face.undecided) if face.paths else None


def seat_waste_of(face: PathsFace, mean: float | None, total: int) -> SeatWaste:
    """Seat waste with its distribution and with what stands out."""
    return SeatWaste(
        mean=mean,
        total=total,
        distribution={str(seats): count for seats, count in face.waste},
        fence=face.waste_fence,
        outlying=face.outlying,
        outliers=[
            WasteOutlier(one.booking, one.attempt, one.slot, one.party, one.seats, one.tables) for one in face.outliers
        ],
    )


def path_parts(result: Result) -> list[str]:
    """Parts of the report; none for what there is nothing to say of."""
    return [*_ways(result), *_planner(result), *_waste(result)]


def _ways(result: Result) -> list[str]:
    if not result.paths:
        return []
    parts = [
        "## Inline and background\n",
        markdown(("path", "attempts"), ((word.replace("_", " "), count) for word, count in result.paths.items())),
        f"{result.late} confirmed late: the platform had noted an inline timeout, and confirmed all the same.\n",
    ]
    if result.backlog is not None:
        parts.append(
            f"Bookings submitted and not yet decided: at most {result.backlog.peak}. Attempts that ended undecided: "
            f"{result.backlog.undecided}; such a booking may have been confirmed later.\n"
        )
    return parts


def _planner(result: Result) -> list[str]:
    planner = result.planner
    if planner is None:
        return []
    figures = (planner.count, planner.min, planner.p50, planner.p90, planner.p95, planner.p99, planner.max)
    return [
        "## Planner, in the request\n",
        f"Milliseconds, as the platform says them; neither submit nor waiting. {planner.words}.\n",
        markdown(("count", "min", "p50", "p90", "p95", "p99", "max"), (figures,)),
    ]


def _waste(result: Result) -> list[str]:
    waste = result.seat_waste
    if not waste.outliers or waste.fence is None:
        return []
    what = f"Bookings with over {waste.fence:g} seats (Q3 + 1.5 IQR) beyond the party, and three at least"
    named = ((one.booking, one.slot, one.party, one.seats, "+".join(one.tables)) for one in waste.outliers)
    return [
        "## Seat waste that stands out\n",
        f"{what}: {waste.outlying}. The last of them:\n",
        markdown(("booking", "slot", "party", "seats", "tables"), named),
    ]
