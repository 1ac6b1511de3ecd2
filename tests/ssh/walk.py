"""What an operator presses, and what must be seen then: every key and every command, once over."""

import re
from collections.abc import Callable
from typing import NamedTuple

from tests.ssh.pane import Pane
from tui.panels.registry import PANELS

RUN = (
    "run", "fill", "--concurrency", "32", "--share-slots", "--days", "150", "--rate", "12", "--together", "8",
    "--fault", "slow-step=confirm:400", "--fault", "silent-drop=0.01", "--name", "lunch",
)  # fmt: skip
"""Eight attempts fall due at once and meet at the same tables; one acknowledged booking in a hundred is lost."""
WORKERS = 32

TMUX_NAMES = {
    "space": "Space", "enter": "Enter", "escape": "Escape", "tab": "Tab", "shift+tab": "BTab", "up": "Up",
    "down": "Down", "pageup": "PPage", "pagedown": "NPage", "home": "Home", "end": "End", "ctrl+c": "C-c",
    "ctrl+l": "C-l",
}  # fmt: skip
Holds = Callable[[str, str], bool]
"""Whether the picture after the key is what it promises, given the one before."""


class Step(NamedTuple):
    """One thing done at the console."""

    command: str
    """Of the registry."""
    key: str = ""
    """By the registry's name; empty when it is typed after a colon."""
    typed: str = ""
    """What is typed then, with Enter."""
    seen: tuple[str, ...] = ()
    """Patterns that must all be found."""
    gone: tuple[str, ...] = ()
    """Patterns of which none may be."""
    holds: Holds | None = None
    back: tuple[str, ...] = ()
    """Keys that lead back to where the next step begins."""
    again: tuple[str, ...] = ()
    """Patterns that must be found once back."""
    screen: str = ""
    """The name under which the picture is kept in the documents."""
    first: tuple[str, ...] = ()
    """Keys pressed before, to get there."""
    at: str = ""
    """The title of the panel that must have the keys; `tab` is pressed until it has."""


def _row(picture: str) -> str:
    """The worker under the cursor."""
    found = re.search(r"^> +(w\d+)", picture, re.M)
    return found[1] if found else ""


def _other_row(before: str, after: str) -> bool:
    return bool(_row(after)) and _row(before) != _row(after)


def _on(worker: str) -> Holds:
    return lambda _, after: _row(after) == worker


def _turned(title: str) -> Holds:
    """A panel came or went."""
    head = re.compile(rf"[─>] {title}")
    return lambda before, after: bool(head.search(before)) is not bool(head.search(after))


def _other_place(before: str, after: str) -> bool:
    """The map says at its end which slot and table the cursor is on."""
    places = [re.findall(r"^> (\d\d:\d\d [A-Z]+-\d+)", picture, re.M) for picture in (before, after)]
    return bool(places[1]) and places[0] != places[1]


def _past(picture: str) -> str:
    found = re.search(r"PAST (\S+) of", picture)
    return found[1] if found else ""


def _other_panel(before: str, after: str) -> bool:
    # A picture that is half painted shows no panel with the keys, or two.
    return len(_focused(after)) == 1 and _focused(before) != _focused(after)


def _other_moment(before: str, after: str) -> bool:
    return bool(_past(after)) and _past(before) != _past(after)


def _full(command: str, key: str, title: str) -> Step:
    return Step(
        command,
        key,
        seen=(rf"run > {title}",),
        back=("escape",),
        again=(r"[─>] workers",),
        screen=title.replace(" ", "-"),
    )


def _typed(command: str, words: str, *seen: str, back: tuple[str, ...] = (), screen: str = "") -> Step:
    return Step(command, typed=f"{command} {words}".strip(), seen=seen, back=back, screen=screen)


_ESC = ("escape",)
_TITLES = {"locks": "(?:locks|queue)", "ranking": "contention"}
"""Of panels whose title line begins otherwise."""
STEPS: tuple[Step, ...] = (
    Step("freeze", "space", seen=(r"FROZEN",)),
    Step("freeze", "space", seen=(r"view LIVE",), gone=(r"FROZEN",)),
    Step("help", "?", seen=(r"help +esc back", r"one worker|key 2"), back=_ESC, screen="help"),
    # -- rows --
    Step("command", ":", "sort worker", seen=(r"sort: worker",)),
    _typed("sort", "worker", r"sort: worker"),
    Step("first", "home", holds=_on("w00")),
    Step("down", "down", holds=_on("w01")),
    Step("up", "up", holds=_on("w00")),
    Step("page-down", "pagedown", holds=_other_row),
    Step("page-up", "pageup", holds=_on("w00")),
    Step("live", "end", holds=_on("w31")),
    _typed("first", "", r"^> +w00"),
    _typed("last", "", r"^> +w31"),
    Step("reverse", "S", seen=(r"sort: worker reversed",), back=("S",), again=(r"sort: worker",)),
    Step("sort", "s", seen=(r"sort workers by",), back=_ESC, screen="sort"),
    _typed("sort", "age", r"sort: age"),
    Step("filter", "/", "step:confirm", seen=(r"filter step:confirm",), screen="filter"),
    Step("back", "escape", gone=(r"filter step:confirm",)),
    Step(
        "detail", "enter", seen=(r"run > worker w\d+", r"its last attempts", r"answered in"), back=_ESC, screen="worker"
    ),
    Step("copy", "y", seen=(r"clipboard|cop(?:y|ied)",)),
    # -- panels --
    _full("locks", "l", "locks"),
    _full("conflicts", "h", "hold conflicts"),
    _full("connections", "c", "connections"),
    _full("zone-locks", "z", "zone locks"),
    _full("outcomes", "e", "outcomes"),
    _full("events", "v", "events"),
    *(
        Step(f"panel-{one.KEY}", one.KEY, holds=_turned(_TITLES.get(one.NAME, re.escape(one.TITLE))), back=(one.KEY,))
        for one in PANELS
    ),
    Step(
        "layout",
        typed="layout contention",
        seen=(r"^[─>] contention",),
        gone=(r"[─>] steps",),
        screen="layout-contention",
    ),
    Step("right", "right", at=r"^> map", holds=_other_place),
    Step("left", "left", at=r"^> map", holds=_other_place),
    _typed("layout", "server", r"[─>] connections", screen="layout-server"),
    _typed("layout", "work", r"[─>] slots", screen="layout-work"),
    Step("layout", "L", seen=(r"[─>] steps", r"[─>] events")),
    Step("next-panel", "tab", holds=_other_panel),
    Step("previous-panel", "shift+tab", holds=_other_panel),
    Step("maximise", "m", seen=(r"run > \w+",), back=("m",), again=(r"[─>] steps",)),
    Step("postgres", "p", seen=(r"run > Postgres", r"server", r"answered in"), back=_ESC, screen="postgres"),
    Step("runs", "R", seen=(r"run > runs", r"running"), back=_ESC, screen="runs"),
    _typed("booking", "#1", r"run > booking", r"answered in", back=_ESC, screen="booking"),
    _typed("consoles", "", r"consoles on this run", back=_ESC, screen="consoles"),
    # -- the run --
    Step("pause", "P", seen=(r"PAUS(?:ING|ED)",)),
    Step("pause", "P", seen=(r"RUNNING",), gone=(r"PAUS(?:ING|ED) ",), first=()),
    Step("pause", "P", seen=(r"PAUSED \d",), screen="paused"),
    _typed("repair", "holds", r"repair|hold", back=_ESC),
    _typed("resume", "", r"RUNNING"),
    Step("more", "+", seen=(r"workers 33",)),
    Step("fewer", "-", seen=(r"workers 32",)),
    Step("more5", ">", seen=(r"workers 37",)),
    Step("fewer5", "<", seen=(r"workers 32",)),
    _typed("workers", "30", r"workers 30"),
    _typed("set", "concurrency=32", r"workers 32"),
    _typed("set", "stress_max=12", r"set: .*12"),
    Step("reconfigure", "r", seen=(r"[╭+].{0,4}settings", r"stress.max"), back=_ESC, screen="settings"),
    Step("mark", "M", "dinner", seen=(r"mark",)),
    Step("next-pass", "N", seen=(r"next pass: ",)),
    Step("export", "E", seen=(r"exported",)),
    # -- time --
    Step("time", "t", seen=(r"\[[=RAM|]+>?\] +\d",)),
    Step("earlier", "[", seen=(r"PAST \S+ of", r"view PAST"), screen="past"),
    Step("earlier", "[", holds=_other_moment),
    Step("earlier", "[", holds=_other_moment),
    Step("later", "]", holds=_other_moment),
    Step("go", "g", "00:03", seen=(r"PAST 00:0[1-5]",)),
    _typed("jump", "operator", r"PAST \S+ of"),
    Step("next", "}", seen=(r"PAST \S+ of", r" at \d\d:\d\d|no operator after")),
    Step("previous", "{", seen=(r"PAST \S+ of", r" at \d\d:\d\d|no operator before")),
    Step("live", "end", seen=(r"view LIVE",), gone=(r"PAST ",)),
    Step("next-alert", "n", seen=(r"alert 1 of",)),
    Step("previous-alert", "o", seen=(r"alert \d+ of|no alert before",)),
    Step("acknowledge", "a", seen=(r"acknowledged",), gone=(r"ALERTS",)),
    Step("live", "end", seen=(r"view LIVE",), gone=(r"PAST ",)),
    Step("time", "t", gone=(r"\[[=RAM|]+>?\] +\d",)),
    _typed("zoom", "1m", r"charts show the last 1m"),
    _typed("zoom", "auto", r"a column a second"),
    _typed("behind", "nosuch", r"behind: "),
    _typed("speed", "2", r"speed: this run is live"),
    _typed("refresh", "0.25", r"0\.25 s"),
    _typed("theme", "high-contrast", r"theme high-contrast"),
    _typed("notify", "bell", r"notify bell"),
    Step("redraw", "ctrl+l", seen=(r"RUNNING", r"view LIVE|theme|notify|refresh|picture")),
    # -- what is asked before it is done --
    Step("stop", "X", seen=(r"[╭+].{0,4}stop the run",), back=_ESC, again=(r"left alone",), screen="stop"),
    _typed("terminate", "1", r"nothing was sent|is not among"),
    Step("cancel", "k", seen=(r"cancel the query of pid \d+",), first=("c",), back=_ESC, screen="cancel"),
    Step("back", "escape", seen=(r"[─>] workers",), gone=(r"run > connections",)),
)
"""In this order, with a run that has gone on for some seconds."""
ENDS: tuple[Step, ...] = (
    Step("quit", "q", seen=(r"the run goes on; slotfill attach", r"LEFT 0")),
    Step("quit", "ctrl+c", seen=(r"the run goes on; slotfill attach", r"LEFT 0")),
    Step("quit!", typed="quit!", seen=(r"told to stop|stop", r"LEFT \d+")),
)
"""What ends a console or the run: each with a console of its own."""


def _focused(picture: str) -> list[str]:
    """The panel that has the keys, by the sign before its title."""
    return re.findall(r"(?:^|\s)> ([a-z][a-z/ ]{3,12})", picture, re.M)


def take(pane: Pane, step: Step, within_s: float = 30.0) -> float:
    """Do it, and hold the pane to it. Returns how many seconds after the last key its promise was seen."""
    for key in step.first:
        pane.press(TMUX_NAMES.get(key, key))
        pane.settle()
    if step.at:
        # A layout that has just come hands the keys on once more, when the panel that had them is gone.
        pane.settle()
        pane.wait_until(lambda now: bool(_focused(now)), "a panel to have the keys")
    for _ in range(20 if step.at else 0):
        if re.search(step.at, pane.picture(), re.M):
            break
        focused = _focused(pane.picture())
        pane.press("Tab")
        pane.wait_until(lambda now, then=focused: _focused(now) != then, "another panel to have the keys")  # type: ignore[misc]
    if step.holds is not None:
        # What it is held against must be what the last key came to, whole.
        pane.settle()
    before = pane.picture()
    pane.press(TMUX_NAMES.get(step.key or ":", step.key or ":"))
    if step.typed:
        # As a person does: what was typed is read on its line before Enter is pressed.
        pane.type_in(step.typed)
        pane.wait_until(lambda now: _is_typed(now, step.typed), f"{step.typed} on the line to type on", within_s)
        pane.press("Enter")
    return pane.wait_until(
        lambda now: (
            not _is_typed(now, step.typed)
            and all(re.search(one, now, re.M) for one in step.seen)
            and not any(re.search(one, now, re.M) for one in step.gone)
            and (step.holds is None or step.holds(before, now))
        ),
        f"{step.command} ({step.key or ':' + step.typed}): {step.seen}, without {step.gone}",
        within_s,
    )


def _is_typed(picture: str, typed: str) -> bool:
    """Whether what was typed stands on its line: as long as it does, the next key would be typed, too."""
    last = [line.strip() for line in picture.splitlines()[-3:]]
    return bool(typed) and any(line == typed or (line.endswith(f" {typed}") and "  " not in line) for line in last)


def lead_back(pane: Pane, step: Step) -> None:
    """Go back to where the next step begins."""
    for key in step.back:
        pane.settle()
        pane.press(TMUX_NAMES.get(key, key))
    if step.back:
        pane.settle()
    if step.again:
        pane.wait_until(
            lambda now: all(re.search(one, now, re.M) for one in step.again), f"{step.command}: the way back"
        )
