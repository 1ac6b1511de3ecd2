"""Where each panel goes. A panel that does not fit is left out whole; nothing is ever squeezed below what it needs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tui.panel import Want

NARROW, WIDE = 100, 180
TINY_WIDTH, TINY_HEIGHT = 60, 15
_BANDS = (
    "sweep",
    "steps",
    "paths",
    "workers",
    "locks",
    "waits",
    "ranking",
    "conflicts",
    "zone_locks",
    "outcomes",
    "connections",
    "slots",
    "passes",
    "ledger",
    "alerts",
    "map",
    "events",
)
"""From top to bottom, in one column."""

PRESETS: dict[str, tuple[str, ...]] = {
    "overview": (
        "workers",
        "steps",
        "locks",
        "events",
        "ledger",
        "connections",
        "map",
        "outcomes",
        "ranking",
        "slots",
        "conflicts",
        "zone_locks",
    ),
    "contention": ("ranking", "map", "locks", "conflicts", "zone_locks", "workers", "events", "waits"),
    "server": ("connections", "locks", "steps", "workers", "events", "waits"),
    "api": ("paths", "steps", "workers", "outcomes", "slots", "events", "ledger", "connections"),
    "sweep": ("sweep", "steps", "workers", "events", "outcomes", "connections", "ledger", "slots"),
    "watch": ("locks", "connections", "events", "conflicts", "zone_locks", "waits"),
    "work": ("slots", "passes", "ledger", "workers", "map", "outcomes", "steps", "conflicts", "alerts", "events"),
}
"""Panels of a layout, the most needed first."""

_COLUMNS_OF = {
    2: (
        ("paths", "workers", "slots", "sweep", "passes", "zone_locks"),
        ("locks", "waits", "ranking", "outcomes", "connections", "conflicts", "ledger", "alerts"),
    ),
    3: (
        ("workers", "slots", "sweep", "passes", "ledger"),
        ("paths", "locks", "waits", "conflicts", "zone_locks"),
        ("ranking", "outcomes", "connections", "alerts"),
    ),
}
_COLUMNS_WITHOUT_A_RUN = {
    2: (("locks", "waits"), ("connections", "conflicts", "zone_locks")),
    3: (("locks",), ("waits", "conflicts", "zone_locks"), ("connections",)),
}
"""Where nothing is shown that a run's workers do, the first column would stand empty."""
_WITHOUT_A_RUN = {"steps", "events", *(name for group in _COLUMNS_WITHOUT_A_RUN[2] for name in group)}
_ABOVE, _BELOW = ("sweep", "ranking", "steps"), ("map", "events")
_IF_FIRST = ("sweep", "ranking")
"""As wide as the screen, where panels stand side by side; these two only where they are the most needed of all."""
_COLUMNS_KEEP = 3, 7
"""Of all lines the part that the columns keep before the map takes any: 15 of 35, 23 of 55."""
_TALL = 28
"""From so many lines on the events leave some of theirs to the map."""
_SHARES = {2: (60, 40), 3: (42, 31, 27)}


class Box(NamedTuple):
    """A place on the screen, in cells."""

    x: int
    y: int
    width: int
    height: int


def is_tiny(width: int, height: int) -> bool:
    """Whether there is room for one line of numbers only."""
    return width < TINY_WIDTH or height < TINY_HEIGHT


def arrange(width: int, height: int, ranked: Sequence[str], wants: Mapping[str, Want]) -> dict[str, Box]:
    """A box for each panel there is room for; `ranked` names them, the most needed first."""
    ranked = [name for name in ranked if name in wants]
    if width < NARROW:
        return _column(0, 0, width, height, ranked, wants)
    wants = {name: want._replace(good=want.beside or want.good) for name, want in wants.items()}
    bands = _bands(height, ranked, wants)
    boxes: dict[str, Box] = {}
    columns_of = _COLUMNS_WITHOUT_A_RUN if set(ranked) <= _WITHOUT_A_RUN else _COLUMNS_OF
    groups = [
        [name for name in ranked if name in group and name not in bands]
        for group in columns_of[3 if width >= WIDE else 2]
    ]
    shares = _SHARES[3 if width >= WIDE else 2]
    filled = [(group, share) for group, share in zip(groups, shares, strict=True) if group]
    if "events" in bands:
        # What the columns cannot fill goes to the events, which can always show more.
        columns = max((sum(wants[name].most for name in group) for group, _ in filled), default=0)
        bands["events"] += max(0, height - sum(bands.values()) - columns)
    top = sum(bands.get(name, 0) for name in _ABOVE)
    middle = height - sum(bands.values())
    y = 0
    for name in (*_ABOVE, *_BELOW):
        if name in bands:
            boxes[name] = Box(0, y + (middle if name in _BELOW else 0), width, bands[name])
            y += bands[name]
    whole = sum(share for _, share in filled)
    x = 0
    for place, (group, share) in enumerate(filled):
        last = place == len(filled) - 1
        across = width - x if last else width * share // whole
        boxes |= _column(x, top, across - (0 if last else 1), middle, group, wants)
        x += across
    return boxes


def _bands(height: int, ranked: Sequence[str], wants: Mapping[str, Want]) -> dict[str, int]:
    """Heights of the bands across the screen; those that are left out are not in it."""
    across = tuple(name for name in (*_ABOVE, *_BELOW) if name not in _IF_FIRST or [name] == ranked[:1])
    between = [name for name in ranked if name not in across]
    # The columns keep what their first panel needs before a band takes any, and more than that before the map does.
    reserve = max((wants[name].least for name in between[:1]), default=0)
    columns = max(reserve, height * _COLUMNS_KEEP[0] // _COLUMNS_KEEP[1]) if between else 0
    share = height // (8 if "map" in ranked and height >= _TALL else 5)
    found: dict[str, int] = {}
    for name in ranked:
        if name not in across:
            continue
        want = wants[name]
        left = height - sum(found.values()) - (columns if name == "map" else reserve)
        if left < want.least:
            continue
        good = {"steps": want.most, "events": max(want.least, share)}
        found[name] = min(left, good.get(name, want.good))
    if found and not between:
        # Nothing stands between them: the lowest takes what is left.
        found[[name for name in across if name in found][-1]] += height - sum(found.values())
    return found


def _column(
    x: int, y: int, width: int, height: int, ranked: Sequence[str], wants: Mapping[str, Want]
) -> dict[str, Box]:
    """Panels below one another, in order of need: first what each is well read in, then what it would fill."""
    heights: dict[str, int] = {}
    left = height
    for name in ranked:
        want = wants[name]
        if want.least <= left:
            heights[name] = min(want.good, left)
            left -= heights[name]
    for name in ranked:
        if name in heights and left:
            more = min(left, max(0, wants[name].most - heights[name]))
            heights[name] += more
            left -= more
    order = [name for name in _BANDS if name in heights]
    if order and left:
        # Room that no one fills goes to the panel that can always show more: events, else the last.
        heights["events" if "events" in heights else order[-1]] += left
    boxes = {}
    for name in order:
        boxes[name] = Box(x, y, width, heights[name])
        y += heights[name]
    return boxes
