"""Series as rows of bars."""

from collections.abc import Sequence
from itertools import pairwise

from sparklines import sparklines

_ASCII = "_.:-=+*#"


def last_seconds(series: Sequence[int | None], width: int) -> list[int | None]:
    """The newest `width` seconds, a column each, the present at the right; None where the run is younger."""
    newest = list(series[-width:]) if width > 0 else []
    return [None] * (width - len(newest)) + newest


def bucketed(series: Sequence[int | None], width: int, before: int = 0) -> list[int | None]:
    """The whole series in `width` columns, each the greatest of its bucket, so that no peak is lost.

    `before`: so many seconds without a value lie before it; there may be years of them.
    """
    whole = before + len(series)
    if whole <= max(0, width) or width <= 0:
        return last_seconds(series, width)
    edges = [max(0, index * whole // width - before) for index in range(width + 1)]
    buckets = ([value for value in series[low:high] if value is not None] for low, high in pairwise(edges))
    return [max(bucket) if bucket else None for bucket in buckets]


def window(series: Sequence[int | None], width: int, seconds: int | None, *, whole: bool = False) -> list[int | None]:
    """As many columns of a series as there is room for, the newest at the right.

    The last `seconds`, all for 0; None: a column a second, or all where `whole` is given.
    """
    if seconds is None:
        return bucketed(series, width) if whole else last_seconds(series, width)
    shown = series[-seconds:] if seconds else series
    before = max(0, (seconds or 0) - len(shown))
    if 0 < before + len(shown) < width:
        # Fewer seconds than columns: each takes several.
        shown = [None] * before + list(shown)
        return [shown[column * len(shown) // width] for column in range(width)]
    return bucketed(shown, width, before)


def seconds_shown(length: int, width: int, seconds: int | None, *, whole: bool = False) -> str:
    """In words what `window` shows of a series of that length."""
    if seconds == 0 or (seconds is None and whole and length > width):
        return f"all {length} s"
    return f"last {seconds or min(width, max(length, 1))} s"


def spark(values: Sequence[int | None], maximum: int, *, ascii_only: bool = False, alphabet: str = "") -> str:
    """One row of bars on the scale 0..maximum; a blank where there is no value. As many cells as values.

    `alphabet`: the signs from the lowest to the highest, instead of bars.
    """
    if all(value is None for value in values):
        return " " * len(values)  # the package gives an empty string here
    top = max(1, maximum)
    signs = alphabet or (_ASCII if ascii_only else "")
    if signs:
        last = len(signs) - 1
        return "".join(" " if value is None else signs[min(last, max(0, value) * last // top)] for value in values)
    # Without `minimum` the package scales to the smallest value and draws a row of zeros at half height.
    return str(sparklines(values, minimum=0, maximum=top)[0])


def bar(share: float, width: int) -> str:
    """A bar of `#` for a share of 0..1; anything above nothing shows at least one."""
    if share <= 0 or width <= 0:
        return ""
    return "#" * max(1, min(width, round(share * width)))
