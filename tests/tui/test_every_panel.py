"""Every panel has something true to show: before anything happened, while it loads, paused, without rights, alone."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from tests.tui import stills
from tui.age import look_age
from tui.foot import view_line
from tui.lines import Area, width_of
from tui.panel import Panel, paint, paint_waiting
from tui.panels.registry import PANELS
from tui.status import Banner, status_lines
from tui.view import View

S = 1_000_000_000
GONE = "no connection: the server is gone"
Size = tuple[int, int]


def without_a_look() -> RunSnapshot:
    """The run has begun, and the first look at the server has not ended."""
    return replace(stills.full(), sample=None, sample_trouble="")


def gone() -> RunSnapshot:
    """The server went nine seconds after it was last looked at."""
    still = stills.full()
    assert still.sample is not None
    sample = replace(still.sample, at_ns=still.run.elapsed_ns - 9 * S)
    return replace(still, sample=sample, sample_trouble=GONE)


def never_there() -> RunSnapshot:
    """The server has not answered once."""
    return replace(stills.empty(), sample_trouble=GONE)


STATES: dict[str, tuple[Callable[[], RunSnapshot], Banner, tuple[str, ...]]] = {
    "empty": (stills.empty, Banner(), ("STARTING",)),
    "loading": (without_a_look, Banner(), ("RUNNING", "not looked at yet")),
    "paused": (stills.paused, Banner(), ("PAUSED",)),
    "without rights": (stills.plain_role, Banner(), ("RUNNING",)),
    "server gone": (gone, Banner(), ("AS OF 03:32, 9 s AGO !",)),
    "server never there": (never_there, Banner(), (GONE,)),
    "engine lost": (stills.full, Banner(lost="nobody answers"), ("ENGINE LOST was RUNNING 03:41", "view LOST")),
    "frozen": (stills.full, Banner(frozen=True), ("VIEW FROZEN since 03:41",)),
    "over": (stills.finished, Banner(), ("FINISHED exit 0",)),
}
"""The picture, what the console itself says, and words that must be on the screen."""
SIZES = [(80, 24), (160, 50)]


def body_of(kind: type[Panel], snapshot: RunSnapshot, size: Size, *, full: bool = True) -> tuple[str, list[str]]:
    """Title and lines of a panel that has the screen."""
    title, *lines = (one.text for one in paint(kind, snapshot, Area(size[0], size[1] - 5), View(full=full)))
    assert all(width_of(text) == size[0] for text in (title, *lines))
    return title, [text.strip() for text in lines if text.strip()]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_no_panel_is_ever_blank_and_the_screen_says_the_state_in_words(state: str, size: Size) -> None:
    build, banner, words = STATES[state]
    snapshot = build()
    for kind in PANELS:
        for full in (True, False):
            assert body_of(kind, snapshot, size, full=full)[1], f"{kind.NAME}: a blank panel says nothing"
    around = "\n".join(
        [one.text for one in status_lines(snapshot, banner, size[0], 3)] + [view_line(snapshot, banner, size[0]).text]
    )
    for word in words:
        assert word in around


@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.NAME)
def test_a_panel_that_draws_a_look_says_how_old_it_is_when_it_is_not_of_now(kind: type[Panel]) -> None:
    now, before = stills.full(), replace(stills.full(), sample=None)
    drawn = [(size, full) for size in SIZES for full in (False, True)]
    looks = any(body_of(kind, now, size, full=full) != body_of(kind, before, size, full=full) for size, full in drawn)
    assert kind.FROM_LOOK or not looks, f"{kind.NAME} draws a look and does not say so by FROM_LOOK"
    for size in SIZES:
        title, _ = body_of(kind, gone(), size)
        assert ("AS OF 03:32, 9 s AGO !" in title) is kind.FROM_LOOK
        assert "AGO !" not in body_of(kind, now, size)[0]


@pytest.mark.parametrize("kind", [kind for kind in PANELS if kind.FROM_LOOK], ids=lambda kind: kind.NAME)
def test_an_age_is_said_even_where_a_title_has_no_room(kind: type[Panel]) -> None:
    assert "9 s AGO !" in body_of(kind, gone(), (60, 24))[0]


def test_a_look_that_is_merely_old_is_said_to_be() -> None:
    still = stills.full()
    late = replace(still, run=replace(still.run, elapsed_ns=still.run.elapsed_ns + 60 * S))
    assert "AGO !" in look_age(late)


@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.NAME)
def test_of_a_run_that_is_over_whatever_a_look_told_says_of_when_it_is(kind: type[Panel]) -> None:
    still = stills.full()
    over = replace(still, run=replace(still.run, state=RunState.FINISHED))
    assert ("LAST LOOK 03:40" in body_of(kind, over, (80, 24))[0]) is kind.FROM_LOOK
    assert "LAST LOOK 03:40" in "\n".join(one.text for one in status_lines(over, Banner(), 80, 3))
    long_ago = replace(over, run=replace(over.run, elapsed_ns=over.run.elapsed_ns + 60 * S))
    assert look_age(long_ago) == "LAST LOOK 03:40, 61 s BEFORE THE END"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.NAME)
def test_before_the_first_picture_every_panel_says_what_it_waits_for(kind: type[Panel], size: Size) -> None:
    text = "\n".join(one.text for one in paint_waiting(kind, Area(*size), View()))
    assert "waiting for the engine's first picture" in text
    assert "waiting for the engine" in status_lines(None, Banner(), size[0], 3)[0].text
    assert "no such socket" in status_lines(None, Banner(lost="no such socket"), size[0], 3)[0].text


@pytest.mark.parametrize("name", ["locks", "connections"])
def test_what_a_login_may_not_see_is_named_where_it_would_stand(name: str) -> None:
    kind = next(kind for kind in PANELS if name == kind.NAME)
    assert "needs pg_monitor" in "\n".join(body_of(kind, stills.plain_role(), (80, 24))[1])
