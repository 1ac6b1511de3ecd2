"""The lines that are always below: the view with the console's last word, and the keys."""

from collections.abc import Iterable

from engine.model.snapshot import RunSnapshot
from tui.layout import TINY_HEIGHT, TINY_WIDTH
from tui.lines import Ink, Line, Part, Span, part, squeeze
from tui.status import Banner


def view_line(snapshot: RunSnapshot | None, banner: Banner, width: int) -> Line:
    """The line above the keys: how the view stands, and the console's last word."""
    over = snapshot is not None and snapshot.run.state.is_over
    there = "REPLAY" if banner.replay else "PAST" if banner.past else ""
    view = there or "FROZEN" if there or banner.frozen else "END" if over else "LOST" if banner.lost else "LIVE"
    result = ""
    if banner.lost and not (over or banner.ended) and not banner.message:
        result = banner.lost
    if over and not banner.message:
        what = (
            "the watch has ended; what was seen" if snapshot and snapshot.run.watches else "the run is over; its result"
        )
        result = "" if banner.past else f"{what} stays here until you leave with q"
    return squeeze(
        [
            part(1, ("view ", Ink.MUTED), (view, Ink.TEXT if view == "LIVE" else Ink.CONTENTION)),
            part(4, ("layout ", Ink.MUTED), banner.preset),
            part(2, ("filter ", Ink.MUTED), (banner.sieve, Ink.ACCENT)) if banner.sieve else part(9),
            part(3, (banner.link, Ink.CONTENTION)) if banner.link else part(9),
            part(0, (banner.message or result, banner.ink if banner.message else Ink.ACCENT))
            if banner.message or result
            else part(9),
        ],
        width,
    )


def key_line(keys: Iterable[tuple[int, str, str]], width: int) -> Line:
    """The keys, as (priority, key, what it does); those that do not fit go, the least needed first."""
    return squeeze(
        [Part(priority, (Span(shown, Ink.ACCENT), Span(f" {does}", Ink.MUTED))) for priority, shown, does in keys],
        width,
        "  ",
    )


def too_small(banner: Banner, width: int, height: int) -> Line:
    """In a terminal without room for panels: the console's last word, or why there are none."""
    if banner.message:
        return squeeze([part(0, (banner.message, banner.ink))], width)
    words = (f"panels need {TINY_WIDTH}x{TINY_HEIGHT}", f"this is {width}x{height}", "q leaves")
    return squeeze([part(place, (word, Ink.MUTED)) for place, word in enumerate(words)], width)
