"""Every command of the console, defined once: key, command line, footer, help and palette are fed from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from textual.binding import Binding

from tui.panels.registry import PANELS

if TYPE_CHECKING:
    from tui.app import SlotfillApp

Does = Callable[["SlotfillApp", str], Awaitable[None] | None]


class ConsoleCommand(NamedTuple):
    """One command: its name on the command line, its keys, what it says of itself, and what it does."""

    name: str
    keys: tuple[str, ...]
    help: str
    does: Does
    group: str
    acts: bool = False
    """It changes the run or the server; a console that only watches does not have it."""
    takes: str = ""
    """What is written behind the name, as the help shows it."""
    footer: tuple[int, str] | None = None
    """Priority and word in the footer; the highest number goes first when there is no room."""


def _shown(key: str) -> str:
    return {"space": "SPC", "ctrl+c": "^C", "escape": "esc"}.get(key, key)


def keys_of(command: ConsoleCommand) -> str:
    """Its keys as a person reads them."""
    return " ".join(_shown(key) for key in command.keys)


_RUN, _VIEW, _PANELS, _ROW = "the run", "the view", "panels", "rows"
_TIME = "time"
_FULL = {"locks": "l", "conflicts": "h", "connections": "c", "zone_locks": "z", "outcomes": "e", "events": "v"}
_FULL_HELP = {
    "locks": "locks, queues and who blocks whom, full screen",
    "conflicts": "holds and their conflicts, full screen",
    "connections": "connections, backends, statements, full screen",
    "zone_locks": "zone locks, full screen",
    "outcomes": "outcomes, errors and refusals, full screen",
    "events": "events, full screen",
}


def _full(name: str) -> Does:
    return lambda app, _: app.main.show_alone(name)


def _toggle(name: str) -> Does:
    return lambda app, _: app.main.toggle(name)


COMMANDS: tuple[ConsoleCommand, ...] = (
    ConsoleCommand(
        "freeze",
        ("space",),
        "freeze or unfreeze the view; the run goes on",
        lambda app, _: app.freeze(),
        _VIEW,
        footer=(2, "freeze"),
    ),
    ConsoleCommand(
        "pause",
        ("P",),
        "pause or resume the run: no new attempt begins",
        lambda app, _: app.pause_or_resume(),
        _RUN,
        True,
        footer=(3, "pause run"),
    ),
    ConsoleCommand("resume", (), "resume the run", lambda app, _: app.resume(), _RUN, True),
    ConsoleCommand("more", ("+",), "one worker more", lambda app, _: app.resize(1), _RUN, True, footer=(4, "worker")),
    ConsoleCommand(
        "fewer",
        ("-",),
        "one worker less; it ends its attempt first",
        lambda app, _: app.resize(-1),
        _RUN,
        True,
        footer=(4, "worker"),
    ),
    ConsoleCommand("more5", (">",), "five workers more", lambda app, _: app.resize(5), _RUN, True),
    ConsoleCommand("fewer5", ("<",), "five workers less", lambda app, _: app.resize(-5), _RUN, True),
    ConsoleCommand(
        "workers", (), "that many workers", lambda app, words: app.set_value(f"concurrency={words}"), _RUN, True, "N"
    ),
    ConsoleCommand(
        "set", (), "another value from now on", lambda app, words: app.set_value(words), _RUN, True, "KEY=VALUE"
    ),
    ConsoleCommand(
        "reconfigure",
        ("r",),
        "settings; differences are shown before they apply",
        lambda app, _: app.reconfigure(),
        _RUN,
        True,
        footer=(8, "settings"),
    ),
    ConsoleCommand(
        "stop",
        ("X",),
        "stop: asks, then lets attempts end; the key twice cancels them",
        lambda app, _: app.stop(),
        _RUN,
        True,
        footer=(6, "stop"),
    ),
    ConsoleCommand("next-pass", ("N",), "go on to the next pass", lambda app, _: app.next_pass(), _RUN, True),
    ConsoleCommand(
        "mark", ("M",), "a named mark on the timeline", lambda app, words: app.mark(words), _RUN, True, "NAME"
    ),
    ConsoleCommand(
        "repair",
        (),
        "paused: put right what attempts left; shows it and asks",
        lambda app, words: app.repair(words),
        _RUN,
        True,
        "KIND",
    ),
    ConsoleCommand(
        "cancel",
        ("k",),
        "cancel the query of the backend under the cursor, or of PID; asks",
        lambda app, words: app.cancel_backend(words),
        _RUN,
        True,
        "PID",
    ),
    ConsoleCommand(
        "terminate",
        (),
        "end a backend's session; wants the word typed",
        lambda app, words: app.terminate_backend(words),
        _RUN,
        True,
        "PID",
    ),
    ConsoleCommand(
        "filter",
        ("/",),
        "filter workers: step:confirm age>1s !zone:main",
        lambda app, words: app.filter(words),
        _ROW,
        takes="TERMS",
        footer=(5, "filter"),
    ),
    ConsoleCommand(
        "sort", ("s",), "sort workers", lambda app, words: app.sort(words), _ROW, takes="KEY", footer=(9, "sort")
    ),
    ConsoleCommand("reverse", ("S",), "turn the order round", lambda app, _: app.main.reverse(), _ROW),
    ConsoleCommand(
        "detail",
        ("enter",),
        "all about the row under the cursor",
        lambda app, _: app.detail(),
        _ROW,
        footer=(10, "detail"),
    ),
    ConsoleCommand("copy", ("y",), "copy the row under the cursor", lambda app, _: app.copy_row(), _ROW),
    ConsoleCommand("up", ("up",), "row above", lambda app, _: app.main.move(-1), _ROW),
    ConsoleCommand("down", ("down",), "row below", lambda app, _: app.main.move(1), _ROW),
    ConsoleCommand("left", ("left",), "column to the left", lambda app, _: app.main.move_across(-1), _ROW),
    ConsoleCommand("right", ("right",), "column to the right", lambda app, _: app.main.move_across(1), _ROW),
    ConsoleCommand("page-up", ("pageup",), "a page up", lambda app, _: app.main.move_pages(-1), _ROW),
    ConsoleCommand("page-down", ("pagedown",), "a page down", lambda app, _: app.main.move_pages(1), _ROW),
    ConsoleCommand(
        "first", ("home",), "first row, whichever that is from now on", lambda app, _: app.main.move(-1_000_000), _ROW
    ),
    ConsoleCommand("last", (), "last row", lambda app, _: app.main.move(1_000_000), _ROW),
    ConsoleCommand(
        "time",
        ("t",),
        "the time bar: the run with its acts, alerts and marks",
        lambda app, _: app.time_bar(),
        _TIME,
        footer=(9, "time"),
    ),
    ConsoleCommand("earlier", ("[",), "a second back; held: faster", lambda app, _: app.step(-1), _TIME),
    ConsoleCommand("later", ("]",), "a second on; held: faster", lambda app, _: app.step(1), _TIME),
    ConsoleCommand("previous", ("{",), "to the event before, of the class of jump", lambda app, _: app.jump(-1), _TIME),
    ConsoleCommand("next", ("}",), "to the next event of that class", lambda app, _: app.jump(1), _TIME),
    ConsoleCommand(
        "jump",
        (),
        "what { and } go by: alert operator error mark, or an event's word; and words in its line",
        lambda app, words: app.choose_jump(words),
        _TIME,
        takes="CLASS WORDS",
    ),
    ConsoleCommand(
        "go",
        ("g",),
        "to a time: 01:23, -30s, 14:03:07 (UTC), start, end",
        lambda app, words: app.go(words),
        _TIME,
        takes="TIME",
    ),
    ConsoleCommand("live", ("end",), "back to the present; there: last row", lambda app, _: app.end_key(), _TIME),
    ConsoleCommand(
        "zoom",
        (),
        "what charts show: 10s, 1m, all; auto is a column a second",
        lambda app, words: app.zoom(words),
        _TIME,
        takes="STRETCH",
    ),
    ConsoleCommand(
        "behind",
        (),
        "lay another run behind this one in the steps; off",
        lambda app, words: app.lay_behind(words),
        _TIME,
        takes="RUN",
    ),
    ConsoleCommand(
        "speed", (), "how fast a replay goes on: 0.5, 10", lambda app, words: app.set_speed(words), _TIME, takes="X"
    ),
    ConsoleCommand(
        "next-alert", ("n",), "to the next alert that is not acknowledged", lambda app, _: app.next_alert(), _TIME
    ),
    ConsoleCommand(
        "previous-alert", ("o",), "to the alert before, acknowledged or not", lambda app, _: app.previous_alert(), _TIME
    ),
    ConsoleCommand("acknowledge", ("a",), "acknowledge alerts", lambda app, _: app.acknowledge(), _TIME),
    *(
        ConsoleCommand(
            name.replace("_", "-"),
            (key,),
            _FULL_HELP[name],
            _full(name),
            _PANELS,
            footer=(7, "locks") if name == "locks" else None,
        )
        for name, key in _FULL.items()
    ),
    *(
        ConsoleCommand(f"panel-{panel.KEY}", (panel.KEY,), f"show or hide {panel.TITLE}", _toggle(panel.NAME), _PANELS)
        for panel in PANELS
    ),
    ConsoleCommand(
        "booking",
        (),
        "a booking by its id or #ATTEMPT: attempts, and what the database holds of it",
        lambda app, words: app.booking(words),
        _PANELS,
        takes="ID",
    ),
    ConsoleCommand(
        "postgres", ("p",), "the server: settings, databases, sizes, rights", lambda app, _: app.postgres(), _PANELS
    ),
    ConsoleCommand("consoles", (), "who looks at this run, by number", lambda app, _: app.consoles(), _PANELS),
    ConsoleCommand("runs", ("R",), "all runs: open, compare, prune", lambda app, _: app.runs(), _PANELS),
    ConsoleCommand("next-panel", ("tab",), "next panel", lambda app, _: app.main.step_focus(1), _PANELS),
    ConsoleCommand("previous-panel", ("shift+tab",), "panel before", lambda app, _: app.main.step_focus(-1), _PANELS),
    ConsoleCommand(
        "maximise", ("m",), "the focused panel alone, and back", lambda app, _: app.main.maximise_focused(), _PANELS
    ),
    ConsoleCommand("layout", ("L",), "next layout", lambda app, words: app.layout_called(words), _VIEW, takes="NAME"),
    ConsoleCommand("back", ("escape",), "back; clear the filter", lambda app, _: app.main.back(), _VIEW),
    ConsoleCommand("redraw", ("ctrl+l",), "paint the screen anew", lambda app, _: app.redraw(), _VIEW),
    ConsoleCommand(
        "refresh", (), "seconds between pictures", lambda app, words: app.set_refresh(words), _VIEW, takes="SECONDS"
    ),
    ConsoleCommand(
        "theme",
        (),
        "colours, at once: auto, high-contrast, colour-blind and more",
        lambda app, words: app.choose_theme(words),
        _VIEW,
        takes="NAME",
    ),
    ConsoleCommand(
        "notify",
        (),
        "what a new alert sends to the terminal: off bell osc9 both",
        lambda app, words: app.choose_notify(words),
        _VIEW,
        takes="HOW",
    ),
    ConsoleCommand(
        "export",
        ("E",),
        "export a snapshot now; the path is shown",
        lambda app, _: app.export_now(),
        _VIEW,
        footer=(7, "export"),
    ),
    ConsoleCommand(
        "command",
        (":",),
        "command line; tab completes, up brings back",
        lambda app, _: app.main.ask(":", ""),
        _VIEW,
        footer=(8, "command"),
    ),
    ConsoleCommand("help", ("?",), "this help", lambda app, _: app.show_help(), _VIEW, footer=(1, "help")),
    ConsoleCommand(
        "quit",
        ("q", "ctrl+c"),
        "leave the console; the run goes on",
        lambda app, _: app.leave(),
        _VIEW,
        footer=(0, "leave"),
    ),
    ConsoleCommand("quit!", (), "stop the run, then leave", lambda app, _: app.stop_and_leave(), _RUN, True),
)
OPENS_PROMPT = ("command", "filter", "go", "mark")
"""Commands whose key opens the line to type on."""
BY_COMMAND: dict[str, ConsoleCommand] = {command.name: command for command in COMMANDS}


def bindings() -> list[Binding]:
    """A key binding for every command that has keys."""
    return [
        # ctrl+c before anything else: Textual's screens use it to copy, and it is the key by which people leave.
        # Keys that open the line to type on too: the key after them is typed, and no widget may take it for its own.
        Binding(
            key,
            f"command({command.name!r})",
            command.help,
            show=False,
            priority=key == "ctrl+c" or command.name in OPENS_PROMPT,
        )
        for command in COMMANDS
        for key in command.keys
    ]
