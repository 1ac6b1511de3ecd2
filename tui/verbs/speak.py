"""How a command speaks: results on stdout, words for people on stderr, one sentence for what is wrong."""

import getpass
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.config import Settings, SettingsInvalid
from engine.exit_code import ExitCode
from engine.settings_sources import Sourced, load
from tui.cli import options_of


def say(text: str) -> None:
    """A line of a result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """A line for people."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def say_json(value: object) -> None:
    """The one JSON document of a command."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    sys.stdout.flush()


def wrong(text: str, code: ExitCode) -> int:
    """Say in one sentence what is wrong; the exit code to return."""
    tell(f"slotfill: {text}")
    return int(code)


def sourced(args: Namespace, before: Sequence[str] = ()) -> Sourced:
    """The settings of a command line, laid over those of `before`, each `key=value`. Raises SettingsInvalid."""
    return load(
        config=args.config,
        preset=getattr(args, "preset", None),
        options=[*before, *options_of(args)],
        cwd=Path.cwd(),
        environ=os.environ,
    )


def settings_of(args: Namespace) -> Settings:
    """The settings of a command line. Raises SettingsInvalid."""
    return sourced(args).settings


def has_screen() -> bool:
    """Whether a console can be shown: keys are read from stdin, and Textual paints on stderr. In CI nobody watches."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        return False
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def who() -> str:
    """Who sits here: login and terminal, or login and `script`."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = str(os.getuid())
    try:
        place = os.ttyname(sys.stdin.fileno()).removeprefix("/dev/")
    except (OSError, ValueError):
        place = "script"
    return f"{login}@{place}"


__all__ = [
    "SettingsInvalid",
    "Sourced",
    "has_screen",
    "say",
    "say_json",
    "settings_of",
    "sourced",
    "tell",
    "who",
    "wrong",
]
