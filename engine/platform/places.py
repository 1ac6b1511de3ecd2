"""Where a cluster lives: its data, what surrounds them, its socket."""

import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

import msgspec

from engine.config import EmbeddedSettings
from engine.platform.binaries import PlatformUnfit, expanded
from engine.platform.owner import ROOT_HOME, Owner, make_root_home

_SOCKET_FILE = "/.s.PGSQL.5432"
_LONGEST_SOCKET = 103
"""Bytes; macOS has room for 104 with the ending zero, Linux for 108."""


class Places(msgspec.Struct, frozen=True):
    """Where a cluster lives."""

    data: str
    """The server's data folder."""
    socket: str
    """Folder of its socket."""

    @property
    def room(self) -> Path:
        """Beside the data: locks, notes of users, logs. Outside, as initdb wants an empty folder."""
        return Path(f"{self.data}.room")

    @property
    def users(self) -> Path:
        """Notes of who uses it."""
        return self.room / "users"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.room / "server.log"

    @property
    def exists(self) -> bool:
        """Whether the cluster was made."""
        return (Path(self.data) / "PG_VERSION").exists()

    def prepare(self, who: Owner) -> None:
        """Make the folders around the data. Raises PlatformUnfit when that is not possible."""
        try:
            if who.stand_in and Path(self.data).parent == ROOT_HOME:
                make_root_home()
            above = Path(self.data).parent
            made = [folder for folder in (above, *above.parents) if not folder.exists()]
            above.mkdir(parents=True, exist_ok=True)
            for folder in made if who.stand_in else ():
                # Said outright: the server's user must walk through them, and the umask of root is often 077.
                folder.chmod(0o711)
            self.room.mkdir(mode=0o700, exist_ok=True)
            self.users.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PlatformUnfit(
                f"the embedded cluster cannot be kept in {self.data}: {error.strerror}; "
                "set [embedded] data to a folder you own"
            ) from error

    def prepare_socket(self, who: Owner) -> None:
        """Make the socket's folder, and see that nobody else could have. Raises PlatformUnfit."""
        for folder in (Path(self.socket).parent, Path(self.socket)):
            try:
                folder.mkdir(mode=0o700)
                who.give(folder)
            except FileExistsError:
                pass
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != who.uid or found.st_mode & 0o077:
                raise PlatformUnfit(
                    f"{folder} is not a private folder of user {who.name}; remove it, "
                    "or set TMPDIR to a folder of yours"
                )


def places(settings: EmbeddedSettings, major: int, who: Owner) -> Places:
    """Where the cluster of these settings lives. Raises PlatformUnfit when the socket's path gets too long."""
    wanted = wanted_data(settings, major)
    data = wanted
    if not who.reaches(wanted):
        data = ROOT_HOME / sha256(str(wanted).encode()).hexdigest()[:8]
    return Places(data=str(data), socket=_socket(data, who))


def wanted_data(settings: EmbeddedSettings, major: int) -> Path:
    """The data folder that the settings name, absolute."""
    if settings.data:
        return expanded(settings.data).absolute()
    # A name that is not absolute is to be ignored, says the XDG specification.
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".local" / "share"
    return base / "slotfill" / f"pg{major}"


def _socket(data: Path, who: Owner) -> str:
    name = f"slotfill-{who.uid}/pg-{sha256(str(data).encode()).hexdigest()[:8]}"
    for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder in it is checked to be private
        folder = Path(base).absolute() / name
        if len(os.fsencode(f"{folder}{_SOCKET_FILE}")) <= _LONGEST_SOCKET and who.reaches(folder):
            return str(folder)
    raise PlatformUnfit(
        f"the socket's path would be too long in {tempfile.gettempdir()}; set TMPDIR to a shorter folder"
    )
