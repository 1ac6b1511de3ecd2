"""Series as rows of bars."""

from collections.abc import Sequence
from itertools import pairwise

from sparklines import sparklines

_ASCII = "_.:-=+*#"


def last_seconds(series: Sequence[int | None], width: int) -> list[int | None]:
    """The newest `width` seconds, a column each, the present at the right; None where the run is younger."""
    newest = list(series[-width:]) if width > 0 else []
    return [None] * (width - len(newest)) + newest


def bucketed(series: Sequence[int | None], width: int) -> list[int | None]:
    """The whole series in `width` columns, each the greatest of its bucket, so that no peak is lost."""
    if len(series) <= max(0, width) or width <= 0:
        return last_seconds(series, width)
    edges = [index * len(series) // width for index in range(width + 1)]
    buckets = ([value for value in series[low:high] if value is not None] for low, high in pairwise(edges))
    return [max(bucket) if bucket else None for bucket in buckets]


def spark(values: Sequence[int | None], maximum: int, *, ascii_only: bool = False) -> str:
    """One row of bars on the scale 0..maximum; a blank where there is no value. As many cells as values."""
    if all(value is None for value in values):
        return " " * len(values)  # the package gives an empty string here
    top = max(1, maximum)
    if ascii_only:
        last = len(_ASCII) - 1
        return "".join(" " if value is None else _ASCII[min(last, max(0, value) * last // top)] for value in values)
    # Without `minimum` the package scales to the smallest value and draws a row of zeros at half height.
    return str(sparklines(values, minimum=0, maximum=top)[0])


def bar(share: float, width: int) -> str:
    """A bar of `#` for a share of 0..1; anything above nothing shows at least one."""
    if share <= 0 or width <= 0:
        return ""
    return "#" * max(1, min(width, round(share * width)))
