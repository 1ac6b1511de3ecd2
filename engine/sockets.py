"""Where engines listen: a private folder in the system's temp folder, and what killed engines left in it."""

import os
import socket
import stat
import tempfile
from pathlib import Path

SWEEP_AFTER_S = 60
PATH_LIMIT = 100
"""Bytes of a socket's path that every system takes."""


class SocketUnfit(Exception):
    """The folder for sockets is not plainly ours. The message is one sentence."""


def socket_path(run: str) -> Path:
    """A private path for a run's socket; makes its folder. Raises SocketUnfit."""
    folder = Path(tempfile.gettempdir()) / f"slotfill-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        # A file, or a link that leads nowhere, counts as there and is no folder.
        raise SocketUnfit(
            f"{folder} cannot be made a private folder ({error.strerror or error}): remove it, or set TMPDIR to another"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SocketUnfit(f"{folder} is not a private folder of yours: remove it, or set TMPDIR to one that is")
    path = folder / run[-8:]
    if len(os.fsencode(path)) > PATH_LIMIT:
        raise SocketUnfit(f"{path} is too long for a socket ({PATH_LIMIT} bytes): set TMPDIR to a shorter folder")
    return path


def sweep(own: Path) -> None:
    """Remove sockets beside ours that nobody listens on any more: a killed engine cannot take its own away.

    One that is not a minute older than ours stays: its engine may have bound it and not listen yet.
    """
    before = own.stat().st_mtime - SWEEP_AFTER_S
    for path in own.parent.iterdir():
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        # A folder refuses a connection as a dead socket does.
        if not stat.S_ISSOCK(found.st_mode) or found.st_mtime >= before:
            continue
        probe = socket.socket(socket.AF_UNIX)
        # An engine that stands still with a full queue before its socket must not be waited for.
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except OSError:
            continue  # no socket, or gone meanwhile: not ours to judge
        finally:
            probe.close()
