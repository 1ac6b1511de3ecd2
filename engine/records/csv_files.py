"""The result's tables as CSV: levels, steps, restaurants, passes. Pure; what is not known is an empty cell."""

from collections.abc import Mapping, Sequence

from engine.metrics.samples import interval
from engine.model.levels import Level
from engine.model.report import RestaurantFigures, Result
from engine.records.tables import Cell, csv_text

Lengths = Mapping[str, Sequence[int]]
"""Raw lengths by step, ns."""
_FIGURES = ("min", "p50", "p90", "p95", "p99", "max")
_LEVEL = (
    *("concurrency", "repeat", "round", "attempts", "filled", "persisted", "success_rate"),
    *("attempts_per_s", "fills_per_s", "persisted_per_s", "effective_concurrency", "cut"),
)
_RESTAURANT = ("attempts", "confirmed", "with_tables", "persisted", "success_rate")
_PASS = ("attempts", "confirmed", "with_tables", "persisted", "pending")


def csv_files(result: Result, samples: Lengths) -> dict[str, str]:
    """Each file by its name; all of them, if only with their heads."""
    return {
        "levels.csv": csv_text(
            (*_LEVEL, "success_low", "success_high", "p50_ms", "p95_ms", "p99_ms"), map(_level, result.levels)
        ),
        "steps.csv": csv_text(
            ("step", "count", *(f"{name}_ms" for name in _FIGURES), "p50_low", "p50_high", "p95_low", "p95_high"),
            (
                (step, took.count, *(getattr(took, name) for name in _FIGURES), *_ends(samples.get(step, ())))
                for step, took in result.latency_ms.items()
            ),
        ),
        "by_restaurant.csv": csv_text(
            ("restaurant", *_RESTAURANT), ((slug, *_share(one)) for slug, one in result.by_restaurant.items())
        ),
        "passes.csv": csv_text(
            ("repeat", "pass", "restaurant", *_PASS),
            (row for one in result.passes for row in _pass_rows(one.repeat, one.number, result, one.by_restaurant)),
        ),
    }


def _level(one: Level) -> tuple[Cell, ...]:
    total = one.latency_ms.get("total")
    low, high = one.success_interval or (None, None)
    figures: tuple[Cell, ...] = tuple(_cell(getattr(one, name)) for name in _LEVEL)
    return *figures, low, high, *((None,) * 3 if total is None else (total.p50, total.p95, total.p99))


def _cell(value: Cell | bool) -> Cell:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _share(one: RestaurantFigures) -> tuple[Cell, ...]:
    return tuple(getattr(one, name) for name in _RESTAURANT)


def _pass_rows(
    repeat: int, number: int, result: Result, restaurants: Mapping[str, RestaurantFigures]
) -> list[tuple[Cell, ...]]:
    """Restaurant by restaurant, and all of the pass."""
    rows: list[tuple[Cell, ...]] = [
        (repeat, number, slug, one.attempts, one.confirmed, one.with_tables, one.persisted, None)
        for slug, one in restaurants.items()
    ]
    whole = next(one for one in result.passes if (one.repeat, one.number) == (repeat, number))
    return [*rows, (repeat, number, "all", *(getattr(whole, name) for name in _PASS))]


def _ends(lengths: Sequence[int]) -> tuple[Cell, ...]:
    """Intervals of p50 and p95, ms."""
    ordered = sorted(lengths)
    found = [end for percent in (50, 95) for end in interval(ordered, percent)]
    return tuple(None if end is None else end / 1e6 for end in found)
