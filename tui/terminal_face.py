"""What a terminal can do, told by its environment, and how the console shows itself on it. No screen library."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.config import ConsoleSettings, SettingsInvalid
from tui.notes import NOTIFY
from tui.themes import AUTO, LOOKS, unknown_theme

TRUECOLOR = 1 << 24
_TRUECOLOR_WORDS = ("truecolor", "24bit")
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python itself puts into LC_CTYPE when the locale is C (PEP 538)."""
_RICH_NAMES = {TRUECOLOR: "truecolor", 256: "256", 16: "standard"}
"""How Rich names what a terminal shows."""
_MANY_COLOURS = ("alacritty", "foot", "xterm-kitty", "xterm-ghostty", "wezterm", "contour")
"""Terminals of 16 million colours that a server's terminfo often does not know; over SSH only TERM tells of them."""


class Abilities(msgspec.Struct, frozen=True):
    """What is known of a terminal."""

    colours: int
    """0, 16, 256 or 16 million."""
    utf8: bool
    light: bool = False
    """Its ground is light, as far as it says."""
    inside: str = ""
    """`tmux` or `screen` where what is sent goes through one; else empty."""
    tmux_here: bool = False
    """That tmux runs on this machine, so its own command can be asked."""
    browser: bool = False
    """It is a page of `slotfill serve-console`."""
    trouble: str = ""
    """Why no console can be shown on it."""


class Face(msgspec.Struct, frozen=True):
    """How the console shows itself on a terminal."""

    terminal: Abilities
    theme: str
    ascii: bool
    mouse: bool
    notify: str


def read_abilities(environ: Mapping[str, str], terminfo_colours: int | None = None) -> Abilities:
    """What an environment says of its terminal. `terminfo_colours`: of TERM's entry, None where there is none."""
    term = environ.get("TERM", "")
    if environ.get("TEXTUAL_DRIVER", "").startswith("textual.drivers.web_driver"):
        return Abilities(TRUECOLOR, utf8=True, browser=True)
    inside = ""
    if environ.get("TMUX") or term.startswith("tmux"):
        inside = "tmux"
    elif environ.get("STY") or term.startswith("screen"):
        inside = "screen"
    return Abilities(
        _colours(environ, term, terminfo_colours),
        utf8=_is_utf8(environ),
        light=environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15"),
        inside=inside,
        tmux_here=bool(environ.get("TMUX")),
        trouble=f"TERM={term or '(not set)'} cannot show the console" if term in ("", "dumb", "unknown") else "",
    )


def _colours(environ: Mapping[str, str], term: str, terminfo_colours: int | None) -> int:
    if environ.get("COLORTERM", "").strip().lower() in _TRUECOLOR_WORDS:
        return TRUECOLOR
    if term.startswith(_MANY_COLOURS) or term.endswith("-direct"):
        return TRUECOLOR
    if "256" in term:
        return 256
    if terminfo_colours is None:
        # Of an unknown terminal the sixteen that nearly all of them have are asked for.
        return 16
    # terminfo gives -1 where there are none, as of a vt100.
    if terminfo_colours >= 256:
        return TRUECOLOR if terminfo_colours > 256 else 256
    return 16 if terminfo_colours >= 8 else 0


def _is_utf8(environ: Mapping[str, str]) -> bool:
    """By the variable that counts, as C libraries read them; with none the locale is C, which has no UTF-8."""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C"
    return locale.partition("@")[0].lower().replace("-", "").endswith("utf8")


def as_given() -> dict[str, str]:
    """The environment as it was given: in a locale without UTF-8 Python writes a better LC_CTYPE over the user's."""
    environ = dict(os.environ)
    if sys.flags.utf8_mode and environ.get("PYTHONUTF8") != "1" and environ.get("LC_CTYPE") in _COERCED:
        del environ["LC_CTYPE"]
        try:
            given = Path("/proc/self/environ").read_bytes().split(b"\0")
        except OSError:
            return environ  # not Linux: what LC_CTYPE was cannot be known
        for one in given:
            if one.startswith(b"LC_CTYPE="):
                environ["LC_CTYPE"] = os.fsdecode(one.partition(b"=")[2])
    return environ


def this_terminal() -> Abilities:
    """The terminal that this process was started on."""
    environ = as_given()
    return read_abilities(environ, _terminfo_colours(environ.get("TERM") or "dumb"))


def _terminfo_colours(term: str) -> int | None:
    try:
        import curses  # noqa: PLC0415 - small builds of Python come without it
    except ImportError:
        return None
    try:
        # The file is only looked at, nothing is sent to it; a process can ask for one terminal in its life.
        curses.setupterm(term, 1)
    except curses.error:
        return None  # terminfo does not know it
    return curses.tigetnum("colors")


def check_console(settings: ConsoleSettings) -> None:
    """Whether the console's settings say something. Raises SettingsInvalid."""
    if trouble := unknown_theme(settings.theme):
        raise SettingsInvalid(f"console.theme = {settings.theme}: {trouble}")
    if settings.notify not in NOTIFY:
        raise SettingsInvalid(f"console.notify = {settings.notify}: give {', '.join(NOTIFY)}")


def best_theme(terminal: Abilities) -> str:
    """The theme for a terminal that nobody chose one for."""
    if terminal.colours >= TRUECOLOR:
        return "dark"
    if terminal.colours == 256:
        return "256"
    return "ansi-light" if terminal.light else "ansi"


def face_of(settings: ConsoleSettings, terminal: Abilities) -> Face:
    """How the console shows itself: by the settings, and where they leave it open by the terminal."""
    return Face(
        terminal,
        theme=best_theme(terminal) if settings.theme == AUTO else settings.theme,
        ascii=not terminal.utf8 if settings.ascii is None else settings.ascii,
        mouse=settings.mouse,
        notify=settings.notify,
    )


def rounding(theme: str, terminal: Abilities) -> str:
    """What becomes of a theme on a terminal that has fewer colours than it; empty when nothing does."""
    if theme not in LOOKS or LOOKS[theme].ansi or terminal.colours >= 256:
        return ""
    return f"this terminal shows {terminal.colours or 'no'} colours, so {theme} is drawn in the nearest ones"


def settle(settings: ConsoleSettings) -> Face:
    """The console's face on this terminal. To be called before the screen's library is loaded, which reads these once.

    Raises SettingsInvalid.
    """
    check_console(settings)
    terminal = this_terminal()
    if not terminal.colours:
        os.environ["NO_COLOR"] = "1"
    elif os.environ.get("NO_COLOR") == "":
        # Empty means not set (https://no-color.org), and Textual takes it for set.
        del os.environ["NO_COLOR"]
    # Its own guess knows fewer terminals than terminfo does; who has set it knows better than both.
    os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", _RICH_NAMES.get(terminal.colours, "standard"))
    return face_of(settings, terminal)
