"""The files settings are read from: config.toml and .env, bounded, and each trouble with one in a sentence."""

import os
import tomllib
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from engine.bounds import shown
from engine.config import SettingsInvalid

ENV_FILES = (".env", ".env.development", ".env.local")
"""In the platform's order, weakest first; none overrides the shell."""
MOST_ENV_BYTES = 1024 * 1024
"""Of one of them."""
_MOST_BYTES = 256 * 1024
"""Of config.toml: more than twenty times the one that comes along."""
_MOST_DOTS = 64
"""In a line of it: what a key of n parts costs to read grows with n squared, and 100,000 parts took 40 GB."""


def config_file(wanted: str | None, cwd: Path, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the one asked for, `./config.toml`, or the one in $XDG_CONFIG_HOME; None for none.

    Raises SettingsInvalid when the one asked for is not there.
    """
    if wanted is not None:
        path = Path(wanted)
        if not is_file(path):
            there = "it is no plain file" if os.path.lexists(path) else "there is no such file"
            raise SettingsInvalid(f"--config {shown(wanted)}: {there}; give the path of a config.toml")
        return path
    # A name that is not absolute is to be ignored, says the XDG specification.
    given = environ.get("XDG_CONFIG_HOME", "")
    home = Path(given) if given.startswith("/") else Path(environ.get("HOME") or "/") / ".config"
    for path in (cwd / "config.toml", home / "slotfill" / "config.toml"):
        if is_file(path):
            return path
    return None


def is_file(path: Path) -> bool:
    """Whether it is one; what nobody may look at, or no system could hold, is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def shipped_config() -> Path:
    """The config.toml that comes along: every setting, documented, at its default, and the presets."""
    inside = Path(__file__).with_name("config.toml")
    return inside if inside.is_file() else Path(__file__).parent.parent / "config.toml"


def toml(path: Path) -> dict[str, Any]:
    """What a configuration file says. Raises SettingsInvalid."""
    name = shown(path.name)
    text = _read(path, _MOST_BYTES)
    for place, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > _MOST_DOTS and not line.lstrip().startswith("#"):
            raise SettingsInvalid(f"{name} line {place} has more than {_MOST_DOTS} dots; cut the line into several")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(f"{name} is not readable TOML: {shown(str(error))}; mend that line") from error
    except RecursionError as error:
        raise SettingsInvalid(f"{name} is nested too deep; no setting needs more than two tables") from error
    except ValueError as error:
        raise SettingsInvalid(f"{name} has a number that is too long to be read; give a shorter one") from error


def _read(path: Path, most: int) -> str:
    """A file's text, without the mark that some editors put before it. Raises SettingsInvalid."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise SettingsInvalid(f"{shown(path.name)} has over {most // 1024} KB; a file of settings has less")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SettingsInvalid(f"{shown(path.name)} could not be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid(
            f"{shown(path.name)} could not be read: it is no UTF-8 text at byte {error.start}; save it as UTF-8"
        ) from error


def presets_of(given: Any, origin: str) -> dict[str, dict[str, Any]]:
    """The presets of a file. Raises SettingsInvalid for what is no table of tables."""
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise SettingsInvalid(
            f"{shown(origin)}: presets is no table of settings; write [presets.NAME.run] and the like"
        )
    return given


def env_file(path: Path) -> dict[str, str]:
    """The variables of a .env file, taken as they stand. Raises SettingsInvalid."""
    try:
        text = StringIO(_read(path, MOST_ENV_BYTES))
        return {key: value for key, value in dotenv_values(stream=text, interpolate=False).items() if value is not None}
    except ValueError as error:
        # Its own word for an escape that names no character.
        raise SettingsInvalid(f"{path.name} could not be read: a value in it has an escape that is none") from error
