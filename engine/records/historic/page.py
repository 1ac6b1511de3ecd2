"""What `report.md` says of an import alone. Pure."""

from engine.model.figures import Latency
from engine.model.outcome import OUTCOMES
from engine.model.report import Pass, RestaurantFigures, Result
from engine.records.tables import Cell, markdown

_HEAD = ("pass", "restaurant", "processed", "success", "with tables", "persisted", "not filled", "p50", "p95", "max")

_WHOSE = (
    "Success is what the reports claim, persisted what the next pass shows to be there. Milliseconds are of all that "
    "were processed, whatever came of them. A booking whose id ends in zeros is known by its first eight digits only.\n"
)


def import_parts(result: Result) -> list[str]:
    """Parts of the report; none of a run of our own."""
    parts = []
    if any(one.processed_ms is not None for one in result.passes):
        parts += [
            "## Passes\n",
            _WHOSE,
            markdown(_HEAD, (row for one in result.passes for row in pass_rows(one))),
        ]
    if result.levels and result.sweep is None:
        parts += [
            "## Levels\n",
            "Means and maxima are all that the metrics have.\n",
            markdown(LEVEL_HEAD, level_rows(result)),
        ]
    return parts


LEVEL_HEAD = ("concurrency", "label", "bookings", "submit", "waiting", "total", "longest", "seat waste", "tables")


def level_rows(result: Result) -> list[tuple[Cell, ...]]:
    """The levels of slot-fill metrics; milliseconds are means."""
    rows: list[tuple[Cell, ...]] = []
    for one in result.levels:
        means = one.averages
        longest = one.latency_ms.get("total")
        rows.append(
            (
                *(one.concurrency, one.label, one.attempts),
                *(means.get("submit_ms"), means.get("inline_wait_ms"), means.get("total_ms")),
                *(longest.max if longest else None, means.get("seat_waste"), means.get("tables_per_booking")),
            )
        )
    return rows


def pass_rows(one: Pass) -> list[tuple[Cell, ...]]:
    """A pass, restaurant by restaurant, and all of it."""
    rows = [(one.number, slug, *_figures(figures)) for slug, figures in one.by_restaurant.items()]
    whole = RestaurantFigures(
        attempts=one.attempts,
        confirmed=one.confirmed,
        persisted=one.persisted,
        success_rate=None,
        with_tables=one.with_tables,
        outcomes=one.outcomes,
        processed_ms=one.processed_ms,
    )
    return [*rows, (one.number, "all", *_figures(whole))] if len(rows) != 1 else [*rows]


def _figures(figures: RestaurantFigures) -> tuple[Cell, ...]:
    failures = ", ".join(
        f"{OUTCOMES[word].label if word in OUTCOMES else word} {count}"
        for word, count in sorted(figures.outcomes.items(), key=lambda item: -item[1])
        if word != "filled"
    )
    took: tuple[Cell, ...] = _took(figures.processed_ms)
    return figures.attempts, figures.confirmed, figures.with_tables, figures.persisted, failures, *took


def _took(took: Latency | None) -> tuple[Cell, ...]:
    return (None, None, None) if took is None else (took.p50, took.p95, took.max)
