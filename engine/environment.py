"""The platform's environment: the files it is read from, what in it is production's, and the API's address."""

import re
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

import msgspec
from dotenv.parser import parse_stream

from engine.model.environment import FileFound
from engine.same_place import Place, PlaceInvalid, claims, place, sameness
from engine.settings_files import ENV_FILES, MOST_ENV_BYTES

SHELL = "shell"
"""Where a variable of the process's own environment came from."""
STAGES = ("APP_ENV", "NODE_ENV", "DB_TARGET_ENV", "VERCEL_ENV")
"""Variables that say what stage this is."""
MARKER = "PRODUCTION_"
DATABASES = ("SUPABASE_DB_URL", "DATABASE_URL")
BASE_URLS = ("BOOKING_API_BASE_URL", "RESERVE_API_BASE_URL", "BASE_URL")
"""Where the platform's own scripts find its API, in the order they are asked here."""
PLACES = ("NEXT_PUBLIC_SUPABASE_URL", "SUPABASE_URL", *DATABASES, *BASE_URLS, "NEXT_PUBLIC_APP_URL")
"""Addresses in use."""
KEYS = {
    "PRODUCTION_SUPABASE_ANON_KEY": ("NEXT_PUBLIC_SUPABASE_ANON_KEY", "SUPABASE_ANON_KEY"),
    "PRODUCTION_SUPABASE_SERVICE_ROLE_KEY": ("SUPABASE_SERVICE_ROLE_KEY",),
}
"""Keys of production, and the ones in use that must be others."""
_PRODUCTION = ("production", "prod", "live")
_ADDRESSES = ("_URL", "_DSN", "_URI", "_HOST")
_SECRET = re.compile("KEY|SECRET|TOKEN|PASSWORD")


class Environment(msgspec.Struct, frozen=True):
    """Variables as the platform would see them here. Holds secrets: nothing of it is printed as it is."""

    values: dict[str, str]
    origins: dict[str, str]
    """Of each variable: `shell`, or the name of its file."""
    hidden: dict[str, tuple[str, ...]]
    """Files whose other value of a variable does not count, as a later source has one."""
    files: tuple[FileFound, ...] = ()


def read(cwd: Path, environ: Mapping[str, str]) -> Environment:
    """The process's environment, and beneath it the files of a folder, later ones winning. Exports nothing.

    A file that cannot be read is told as such, in its `trouble`.
    """
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    given: dict[str, dict[str, str]] = {}
    files = []
    for name in ENV_FILES:
        found, content = _file(cwd / name)
        files.append(found)
        for key, value in content.items():
            values[key], origins[key] = value, name
            given.setdefault(key, {})[name] = value
    for key, value in environ.items():
        values[key], origins[key] = value, SHELL
    hidden = {
        key: tuple(name for name, value in sources.items() if name != origins[key] and value != values[key])
        for key, sources in given.items()
    }
    return Environment(values, origins, {key: names for key, names in hidden.items() if names}, tuple(files))


def production_reasons(variables: Mapping[str, str], *, dsn: str = "", base_url: str = "") -> tuple[str, ...]:
    """Why this is production or must be taken for it; empty when nothing says so. Quotes no value.

    Addresses are compared by project, host, port and database name, whatever they look like. One that cannot be read
    cannot be told from production's, and counts as such.
    """
    return tuple(reason for _, reason in productions(variables, dsn=dsn, base_url=base_url))


def productions(
    variables: Mapping[str, str], *, dsn: str = "", base_url: str = ""
) -> Iterator[tuple[tuple[str, ...], str]]:
    """The same, each with the names of the variables it is about."""
    for name in STAGES:
        if variables.get(name, "").strip().lower() in _PRODUCTION:
            yield (name,), f"{name} says that this is production"
    used = [(name, variables[name]) for name in PLACES if variables.get(name, "").strip()]
    used += [(words, text) for words, text in (("the target's dsn", dsn), ("the target's base_url", base_url)) if text]
    for marker in sorted(variables):
        value = variables[marker].strip()
        if not marker.startswith(MARKER) or not value:
            continue
        for name in KEYS.get(marker, (marker.removeprefix(MARKER),) if _SECRET.search(marker) else ()):
            if _same_key(value, variables.get(name, "").strip()):
                yield (name, marker), f"{name} is a key of what {marker} is a key of"
        if marker.endswith(_ADDRESSES) or (marker not in KEYS and _place(value)):
            for name, text in used:
                said = _words(text, value, is_target=name not in variables)
                if said:
                    names = (name, marker) if name in variables else (marker,)
                    yield names, f"{name} {said[0]} {marker}{said[1]}"


def _words(text: str, marker: str, *, is_target: bool) -> tuple[str, str] | None:
    """In what an address in use is a marker's; None when it is another one."""
    if text.strip() == marker:
        return "is the same as", ""
    theirs, ours = _place(marker), _place(text)
    if theirs is not None and ours is not None:
        same = sameness(ours, theirs)
        return ("means the same place as", f": {same}") if same else None
    if theirs is None:
        return "cannot be compared with", ", which is no address"
    # A path alone, as RESERVE_API_BASE_URL may be, leads nowhere else; what a target is reached by must be known.
    return ("cannot be read, so it cannot be told from", "") if is_target else None


def _place(text: str) -> Place | None:
    try:
        return place(text)
    except PlaceInvalid:
        return None


def _same_key(one: str, other: str) -> bool:
    if not other:
        return False
    (project, _), (their_project, _) = claims(one), claims(other)
    return one == other or (bool(project) and project == their_project)


def _file(path: Path) -> tuple[FileFound, dict[str, str]]:
    """A file as dotenv reads it, without interpolation."""
    trouble: list[str] = []
    content: dict[str, str] = {}
    try:
        if not path.is_file():
            return FileFound(path.name, is_there=False), content
        with path.open("rb") as stream:
            given = stream.read(MOST_ENV_BYTES + 1)
        if len(given) > MOST_ENV_BYTES:
            why = f"it has over {MOST_ENV_BYTES // 1024} KB"
            return FileFound(path.name, is_there=True, trouble=(f"could not be read: {why}",)), content
        bindings = list(parse_stream(StringIO(given.decode("utf-8-sig"))))
    except UnicodeDecodeError:
        return FileFound(path.name, is_there=True, trouble=("could not be read: it is no UTF-8 text",)), content
    except OSError as error:
        why = error.strerror or str(error)
        return FileFound(path.name, is_there=True, trouble=(f"could not be read: {why}",)), content
    for binding in bindings:
        if binding.error:
            trouble.append(f"line {binding.original.line} cannot be read; close its quotes, and write NAME=value")
        elif binding.key is not None and binding.value is None:
            # Its name is not said: a line without = may be a secret that was pasted alone.
            trouble.append(f"line {binding.original.line} has no =; write NAME=value, or remove it")
        elif binding.key is not None and binding.value is not None:
            content[binding.key] = binding.value
    return FileFound(path.name, is_there=True, variables=len(content), trouble=tuple(trouble)), content
