"""How a command speaks: results on stdout, words for people on stderr, one sentence for what is wrong."""

import getpass
import os
import platform
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.config import Settings, SettingsInvalid
from engine.environment import read
from engine.exit_code import ExitCode
from engine.records.writer import masked
from engine.redact import know, mask
from engine.settings_sources import Sourced, load
from tui.run_options import options_of
from tui.terminal_face import check_console, this_terminal


def say(text: str) -> None:
    """A line of a result, masked."""
    sys.stdout.write(f"{mask(text)}\n")
    sys.stdout.flush()


def hand_over(address: str, *, as_json: bool) -> None:
    """An address with its password, for the program that it is piped to: a terminal gets it masked.

    This is the one way out for a secret: `psql "$(slotfill db url)"` must work, and no screen may show what it needs.
    """
    if not sys.stdout.isatty():
        sys.stdout.write((msgspec.json.encode({"url": address}).decode() if as_json else address) + "\n")
        sys.stdout.flush()
        return
    if as_json:
        say_json({"url": address})
    else:
        say(address)
    if mask(address) != address:
        tell('its password is not shown on a terminal; psql "$(slotfill db url …)" is given it')


def tell(text: str) -> None:
    """A line for people; stderr itself masks."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def say_json(value: object) -> None:
    """The one JSON document of a command, every string masked."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(masked(value)), indent=2).decode() + "\n")
    sys.stdout.flush()


def wrong(text: str, code: ExitCode) -> int:
    """Say in one sentence what is wrong; the exit code to return."""
    tell(f"slotfill: {text}")
    return int(code)


def sourced(args: Namespace, before: Sequence[str] = ()) -> Sourced:
    """The settings of a command line, laid over those of `before`, each `key=value`. Raises SettingsInvalid."""
    known = load(
        config=args.config,
        preset=getattr(args, "preset", None),
        options=[*before, *options_of(args)],
        cwd=Path.cwd(),
        environ=os.environ,
    )
    check_console(known.settings.console)
    know(known.settings, read(Path.cwd(), os.environ).values)
    return known


def settings_of(args: Namespace) -> Settings:
    """The settings of a command line. Raises SettingsInvalid."""
    return sourced(args).settings


def has_screen() -> bool:
    """Whether a console can be shown: keys are read from stdin, and Textual paints on stderr. In CI nobody watches."""
    terminal = this_terminal()
    if terminal.browser:
        return True
    if os.environ.get("CI", "").lower() in ("1", "true"):
        return False
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)) and not terminal.trouble


def terminal_trouble() -> str:
    """Why this terminal, if it is one, shows no console; empty where it does, or where none would be looked for."""
    return this_terminal().trouble if sys.stdin.isatty() and sys.stderr.isatty() else ""


def who() -> str:
    """Who sits here: `login@host`, and the terminal or `script`."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = str(os.getuid())
    try:
        place = os.ttyname(sys.stdin.fileno()).removeprefix("/dev/")
    except (OSError, ValueError):
        place = "browser" if this_terminal().browser else "script"
    # The host's short name: a full one would be masked as an e-mail address is.
    return f"{login}@{platform.node().partition('.')[0] or 'localhost'} {place}"


__all__ = [
    "SettingsInvalid",
    "Sourced",
    "hand_over",
    "has_screen",
    "say",
    "say_json",
    "settings_of",
    "sourced",
    "tell",
    "terminal_trouble",
    "who",
    "wrong",
]
