"""Where each panel goes. A panel that does not fit is left out whole; nothing is ever squeezed below what it needs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tui.panel import Want

NARROW, WIDE = 100, 180
TINY_WIDTH, TINY_HEIGHT = 60, 15
_BANDS = (
    "steps",
    "paths",
    "workers",
    "locks",
    "waits",
    "conflicts",
    "zone_locks",
    "outcomes",
    "connections",
    "slots",
    "passes",
    "ledger",
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
        "outcomes",
        "slots",
        "conflicts",
        "zone_locks",
    ),
    "contention": ("locks", "workers", "conflicts", "zone_locks", "slots", "events", "waits"),
    "server": ("connections", "locks", "steps", "workers", "events", "waits"),
    "api": ("paths", "steps", "workers", "outcomes", "slots", "events", "ledger", "connections"),
    "work": ("slots", "passes", "ledger", "workers", "outcomes", "steps", "conflicts", "events"),
}
"""Panels of a layout, the most needed first."""

_COLUMNS_OF = {
    2: (
        ("paths", "workers", "slots", "passes", "zone_locks"),
        ("locks", "waits", "outcomes", "connections", "conflicts", "ledger"),
    ),
    3: (
        ("workers", "slots", "passes", "ledger"),
        ("paths", "locks", "waits", "conflicts", "zone_locks"),
        ("outcomes", "connections"),
    ),
}
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
    top, bottom = _bands(height, ranked, wants)
    boxes: dict[str, Box] = {}
    if top:
        boxes["steps"] = Box(0, 0, width, top)
    groups = [[name for name in ranked if name in group] for group in _COLUMNS_OF[3 if width >= WIDE else 2]]
    shares = _SHARES[3 if width >= WIDE else 2]
    filled = [(group, share) for group, share in zip(groups, shares, strict=True) if group]
    if bottom:
        # What the columns cannot fill goes to the events, which can always show more.
        columns = max((sum(wants[name].most for name in group) for group, _ in filled), default=0)
        bottom = max(bottom, height - top - columns)
        boxes["events"] = Box(0, height - bottom, width, bottom)
    middle = height - top - bottom
    whole = sum(share for _, share in filled)
    x = 0
    for place, (group, share) in enumerate(filled):
        last = place == len(filled) - 1
        across = width - x if last else width * share // whole
        boxes |= _column(x, top, across - (0 if last else 1), middle, group, wants)
        x += across
    return boxes


def _bands(height: int, ranked: Sequence[str], wants: Mapping[str, Want]) -> tuple[int, int]:
    """Heights of the steps' band at the top and the events' band at the bottom, 0 for none."""
    between = [name for name in ranked if name not in ("steps", "events")]
    # The columns keep what their first panel needs before a band takes any.
    reserve = max((wants[name].least for name in between[:1]), default=0)
    top = bottom = 0
    for name in ranked:
        left = height - top - bottom - reserve
        if name == "steps" and left >= wants[name].least:
            top = min(wants[name].most, left)
        elif name == "events" and left >= wants[name].least:
            bottom = min(left, max(wants[name].least, height // 5))
    if not between:
        if top and bottom:
            bottom = height - top
        elif top:
            top = height
        elif bottom:
            bottom = height
    return top, bottom


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
